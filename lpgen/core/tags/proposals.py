"""Proposes a condition on a tag for each Allow with a wildcard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from lpgen.core.model import Effect
from lpgen.core.tags.conditions import TagCondition
from lpgen.core.tags.holdings import Holding, TypedUse, holdings
from lpgen.core.tags.model import PrincipalTags, TagProposal, TagReport, TagWorld
from lpgen.core.tags.reasons import TagReasonKind, tag_reason
from lpgen.core.tags.rewrite import TypedAllow


def tags_report(world: TagWorld, wanted: Iterable[str], problems: Sequence[str] = ()) -> TagReport:
    """The proposals for the principals with these ARNs."""
    arns, found = set(wanted), defaultdict[str, list[TagProposal]](list)
    for holding in holdings(world.world.principals):
        if not arns.isdisjoint(holder.arn for holder in holding.holders):
            for holder, proposal in _of_policy(holding, world):
                found[holder].append(proposal)
    kept = (PrincipalTags(arn, tuple(found[arn])) for arn in sorted(arns & found.keys()))
    return TagReport(tuple(kept), tuple(problems))


def with_errors(proposal: TagProposal, errors: Sequence[str]) -> TagProposal:
    """The proposal, refused if Access Analyzer reported errors."""
    found = (*proposal.reasons, tag_reason(TagReasonKind.INVALID, detail="; ".join(errors)))
    return replace(proposal, reasons=found, document=None, guard=None) if errors else proposal


def _of_policy(holding: Holding, world: TagWorld) -> Iterator[tuple[str, TagProposal]]:
    partition = holding.holders[0].arn.split(":")[1]
    for statement in holding.document.statements:
        if statement.effect is Effect.ALLOW and not statement.not_resource:
            for type_ in sorted(world.use.listed):
                allow = TypedAllow(statement, type_, world.types, partition)
                if allow.has_wildcard and allow.heeding:
                    use = TypedUse(holding, allow, world)
                    if key := use.best_key():
                        condition = TagCondition(use, key, use.values(key))
                        some = holding.holders if condition.rewritten[0] else ()
                        yield from ((holder.arn, condition.proposal(holder)) for holder in some)
