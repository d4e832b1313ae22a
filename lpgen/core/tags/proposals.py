"""Proposes a condition on a tag for each Allow with a wildcard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lpgen.core.model import Effect
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.conditions import TagCondition
from lpgen.core.tags.holdings import Holding, TypedUse, holdings
from lpgen.core.tags.model import PrincipalTags, TagProposal, TagReasonKind, TagReport, TagWorld, tag_reason
from lpgen.core.tags.rewrite import TypedAllow


def tags_report(world: TagWorld, wanted: Iterable[str], problems: Sequence[str] = ()) -> TagReport:
    """The proposals for the principals with these ARNs."""
    arns, found = set(wanted), defaultdict[str, list[TagProposal]](list)
    for holding in holdings(world.world.principals):
        if not arns.isdisjoint(holder.arn for holder in holding.holders):
            for holder, proposal in _of_policy(holding, world):
                found[holder].append(proposal)
    kept = (PrincipalTags(principal=arn, proposals=tuple(found[arn])) for arn in sorted(arns & found.keys()))
    return TagReport(principals=tuple(kept), problems=tuple(problems))


def with_errors(proposal: TagProposal, errors: Sequence[str]) -> TagProposal:
    """The proposal, refused if Access Analyzer reported errors."""
    if not errors:
        return proposal
    found = (*proposal.reasons, tag_reason(TagReasonKind.INVALID, detail="; ".join(errors)))
    return replace(proposal, state=ProposalState.REFUSED, reasons=found, added=(), document=None, guard=None)


def _of_policy(holding: Holding, world: TagWorld) -> Iterator[tuple[str, TagProposal]]:
    """The proposals for the statements of a policy, once for each principal that has it."""
    partition = holding.holders[0].arn.split(":")[1]
    allows = (
        TypedAllow(statement, type_, world.types, partition)
        for statement in holding.document.statements
        for type_ in sorted(world.use.listed)
        if statement.effect is Effect.ALLOW and not statement.not_resource
    )
    for use in (TypedUse(holding, allow, world) for allow in allows if allow.has_wildcard and allow.heeding):
        key = use.best_key()
        condition = TagCondition(use, key, use.values(key)) if key else None
        if condition and condition.rewritten[0]:
            yield from ((holder.arn, condition.proposal(holder)) for holder in holding.holders)
