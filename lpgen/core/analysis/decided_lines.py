"""People's decisions about lines: which are kept, which are dropped, and the decisions that do nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.analysis.decisions import drops_line, drops_row
from lpgen.core.analysis.grants.scope import narrow_scope
from lpgen.core.analysis.synthesis.covering import drop_redundant_lines, lines_for_grants, merge_lines
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.findings import DroppedLine
from lpgen.core.globs.match import fold_case, glob_matcher, has_wildcard
from lpgen.core.model import Action, Principal, Resource, ResourceKind, SkipReason
from lpgen.core.principal_names import closest_names, is_named
from lpgen.core.replacements import Decision, DecisionKind, Line, LineKind

_CAVEAT_WORDS: Final = frozenset(SkipReason).union(*(kind.item_words for kind in CAVEAT_KINDS))
"""The words that items of caveats begin with; those of unmapped events begin with the reason why their records were
skipped."""

_DECIDED_BY: Final = "decided by {owner}: {reason}"
_IDLE_BREAK_GLASS: Final = "break-glass {name} does nothing: {why}"
_IDLE_DECISION: Final = "the decision to {kind} {what} ({owner}: {reason}) does nothing: {why}"
_HINT: Final = "{idle}; did you mean `{closest}`?"

# Why a decision does nothing.
_NOT_ACCEPTABLE: Final = "nothing that can be accepted is called {}"
_NO_ACTION: Final = "AWS has no action {}"
_NO_PRINCIPAL: Final = "no role or user of the policies is {}"
_NOT_GRANTED: Final = "{} is not granted it"
_GRANTED_TO_NOBODY: Final = "nobody is granted it"


def decided_lines(grants: PrincipalGrants, decisions: Iterable[Decision], catalog: Catalog) -> Iterable[Line]:
    """The lines that decisions keep, within the principal's grants."""
    keeps = [
        decision
        for decision in decisions
        if decision.kind is DecisionKind.KEEP and _speaks_of(decision, grants.principal)
    ]
    granted = grants.granted() if keeps else frozenset[Action]()
    for decision in keeps:
        why = _DECIDED_BY.format(owner=decision.owner, reason=decision.reason)
        for action in _meant(decision, granted, catalog):
            if not decision.resource:
                yield from lines_for_grants(grants.allows, action, kind=LineKind.DECIDED, why=why, catalog=catalog)
                continue
            kind = ResourceKind.FOLD if has_wildcard(decision.resource) else ResourceKind.ARN
            for grant in grants.allows:
                scope = narrow_scope(grant, action, Resource(kind, decision.resource), catalog=catalog)
                if scope is not None:
                    yield Line(action, scope, grant.ref, LineKind.DECIDED, why, "", None)


def decide_lines(
    wanted: Iterable[Line], grants: PrincipalGrants, decisions: Sequence[Decision], *, past: Iterable[Line]
) -> tuple[tuple[Line, ...], tuple[DroppedLine, ...]]:
    """The lines of a replacement, and those that decisions drop.

    `wanted` are all that there is a reason for, `past` are those of uses that decisions drop by their day.
    """
    staying: list[Line] = []
    dropped: list[DroppedLine] = []
    for line in merge_lines(wanted, grants.allows):
        decision = drops_line(decisions, principal=grants.principal.arn, line=line)
        if decision is None:
            staying.append(line)
        else:
            dropped.append(DroppedLine(line, decision))
    lines = drop_redundant_lines(staying, grants.allows)
    return lines, (*dropped, *_dropped_past(grants.principal.arn, past, lines, decisions))


def _dropped_past(
    principal: str, past: Iterable[Line], kept: Iterable[Line], decisions: Sequence[Decision]
) -> Iterable[DroppedLine]:
    still = {(line.action, line.scope) for line in kept}
    for line in past:
        if (line.action, line.scope) in still or line.evidence is None:
            continue
        seen = line.evidence
        decision = drops_row(
            decisions, principal=principal, action=line.action, resource=seen.example_resource, day=seen.first_seen[:10]
        )
        if decision is not None:
            yield DroppedLine(line, decision)


@dataclass(frozen=True, slots=True)
class IdleDecision:
    """A decision that does nothing, as a sentence, and the name that is closest to the one it gives, or ""."""

    text: str
    closest: str


def idle_decisions(
    decisions: Iterable[Decision],
    principals: Sequence[Principal],
    grants: Sequence[PrincipalGrants],
    catalog: Catalog,
    *,
    drift_words: frozenset[str],
) -> Iterable[IdleDecision]:
    """The decisions that match no principal, action or item, and each keep that keeps nothing; `grants` are those of
    the principals, in the same order, and `drift_words` the words that items of drift findings begin with.

    Otherwise a misspelled keep would silently fail to keep its action. A drop may be about use that no policy grants,
    an accept about a caveat that is gone or a drift finding on a deleted principal, so these may do nothing.
    """
    for decision in decisions:
        why, closest = _why_idle(decision, principals, grants, catalog, drift_words=drift_words)
        if why:
            idle = _idle_text(decision, why)
            yield IdleDecision(_HINT.format(idle=idle, closest=closest) if closest else idle, closest)


def _idle_text(decision: Decision, why: str) -> str:
    """Which decision does nothing, and why."""
    if decision.kind is DecisionKind.BREAK_GLASS:
        return _IDLE_BREAK_GLASS.format(name=decision.principal, why=why)
    what = " on ".join(filter(None, (decision.action or decision.item, decision.resource)))
    owner, reason = decision.owner, decision.reason
    return _IDLE_DECISION.format(kind=decision.kind, what=what, owner=owner, reason=reason, why=why)


def _why_idle(
    decision: Decision,
    principals: Sequence[Principal],
    grants: Sequence[PrincipalGrants],
    catalog: Catalog,
    *,
    drift_words: frozenset[str],
) -> tuple[str, str]:
    """Why a decision does nothing, or "", and the name that is closest to the one it gives, or ""."""
    action = decision.action
    if decision.kind is DecisionKind.ACCEPT:
        word = decision.item.partition(" ")[0]
        matches = glob_matcher(re.sub(r"\*.*", "*", word))
        if not any(map(matches, _CAVEAT_WORDS | drift_words)):
            return _NOT_ACCEPTABLE.format(word), _closest(word, _CAVEAT_WORDS | drift_words)
        if any(map(matches, drift_words)):
            return "", ""
    elif action and not _meant(decision, catalog.actions(), catalog):
        service = catalog.service_actions(action.partition(":")[0])
        return _NO_ACTION.format(action), _closest(action, service or catalog.actions())
    if decision.kind is DecisionKind.BREAK_GLASS and has_wildcard(decision.principal):
        return "", ""  # people give the same ones for every account
    meant = [at for at, principal in enumerate(principals) if _speaks_of(decision, principal)]
    if not meant:
        close = closest_names(decision.principal, (principal.arn for principal in principals))
        return _NO_PRINCIPAL.format(decision.principal), (*close, "")[0]
    if decision.kind is DecisionKind.KEEP and not any(_keeps(decision, grants[at], catalog) for at in meant):
        return _NOT_GRANTED.format(decision.principal) if decision.principal else _GRANTED_TO_NOBODY, ""
    return "", ""


def _closest(text: str, names: Iterable[str]) -> str:
    return (*get_close_matches(text, sorted(names), n=1), "")[0]


def _speaks_of(decision: Decision, principal: Principal) -> bool:
    return is_named(principal.arn, decision.principal)


def _meant(decision: Decision, granted: Collection[Action], catalog: Catalog) -> Sequence[Action]:
    """The granted actions that a decision speaks of, sorted."""
    if not has_wildcard(decision.action):
        action = catalog.canonical(decision.action)
        return [action] if action is not None and action in granted else []
    matches = glob_matcher(fold_case(decision.action))
    return sorted(action for action in granted if matches(fold_case(action)))


def _keeps(decision: Decision, grants: PrincipalGrants, catalog: Catalog) -> bool:
    return any(True for _ in decided_lines(grants, (decision,), catalog))
