"""The decisions that do nothing, such as a misspelled keep, each with why and the closest name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.analysis.decisions import actions_meant
from lpgen.core.analysis.synthesis.lines import decided_lines
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.globs.match import glob_matcher, has_wildcard
from lpgen.core.model import Principal, SkipReason
from lpgen.core.principal_names import closest_names, is_named
from lpgen.core.replacements import Decision, DecisionKind

_CAVEAT_WORDS: Final = frozenset(SkipReason).union(*(kind.item_words for kind in CAVEAT_KINDS))
"""The first words of caveats' items. Items of unmapped events begin with the reason why their records were skipped."""

_IDLE: Final = "the decision to {kind} {what} ({owner}: {reason}) does nothing: {why}"
_CLOSEST: Final = "{idle}; did you mean `{closest}`?"
_NO_ITEM: Final = "no item that can be accepted begins with {word}"
_NO_ACTION: Final = "AWS has no action {action}"
_NO_PRINCIPAL: Final = "the policies have no role or user {principal}"
_NOT_HELD: Final = "{principal} doesn't have it"
_NOBODY_HOLDS: Final = "no principal has it"


@dataclass(frozen=True, slots=True)
class _IdleDecision:
    """A decision that does nothing, as a sentence, and the closest name to the one in it, or ""."""

    text: str
    closest: str


def idle_decisions(
    decisions: Iterable[Decision],
    principals: Sequence[Principal],
    grants: Sequence[PrincipalGrants],
    catalog: Catalog,
    *,
    drift_words: frozenset[str],
) -> Iterable[_IdleDecision]:
    """The decisions that match no principal, action or item, and each keep that keeps nothing.

    `grants` are the grants of the principals, in the same order. `drift_words` are the first words of drift findings'
    items.

    Otherwise a misspelled keep would silently fail. A drop may be about use that no policy grants. An accept may be
    about a resolved caveat, or a drift finding on a deleted principal. So these may do nothing.
    """
    for decision in decisions:
        why, closest = _why_idle(decision, principals, grants, catalog, drift_words=drift_words)
        if why:
            idle = _idle_text(decision, why)
            yield _IdleDecision(_CLOSEST.format(idle=idle, closest=closest) if closest else idle, closest)


def _idle_text(decision: Decision, why: str) -> str:
    """The decision that does nothing, and why, as a sentence."""
    if decision.kind is DecisionKind.BREAK_GLASS:
        return f"break-glass {decision.principal} does nothing: {why}"
    what = " on ".join(filter(None, (decision.action or decision.item, decision.resource)))
    return _IDLE.format(kind=decision.kind, what=what, owner=decision.owner, reason=decision.reason, why=why)


def _why_idle(
    decision: Decision,
    principals: Sequence[Principal],
    grants: Sequence[PrincipalGrants],
    catalog: Catalog,
    *,
    drift_words: frozenset[str],
) -> tuple[str, str]:
    """Why a decision does nothing, or "", and the closest name to the one in it, or ""."""
    action = decision.action
    if decision.kind is DecisionKind.ACCEPT:
        word = decision.item.partition(" ")[0]
        matches = glob_matcher(re.sub(r"\*.*", "*", word))
        if not any(map(matches, _CAVEAT_WORDS | drift_words)):
            return _NO_ITEM.format(word=word), _closest(word, _CAVEAT_WORDS | drift_words)
        if any(map(matches, drift_words)):
            return "", ""
    elif action and not actions_meant(decision, catalog.actions(), catalog):
        service = catalog.service_actions(action.partition(":")[0])
        return _NO_ACTION.format(action=action), _closest(action, service or catalog.actions())
    if decision.kind is DecisionKind.BREAK_GLASS and has_wildcard(decision.principal):
        return "", ""  # people give the same ones for every account
    meant = [at for at, principal in enumerate(principals) if is_named(principal.arn, decision.principal)]
    if not meant:
        close = closest_names(decision.principal, (principal.arn for principal in principals))
        return _NO_PRINCIPAL.format(principal=decision.principal), (*close, "")[0]
    if decision.kind is DecisionKind.KEEP and not any(_keeps(decision, grants[at], catalog) for at in meant):
        return (_NOT_HELD if decision.principal else _NOBODY_HOLDS).format(principal=decision.principal), ""
    return "", ""


def _closest(text: str, names: Iterable[str]) -> str:
    return (*get_close_matches(text, sorted(names), n=1), "")[0]


def _keeps(decision: Decision, grants: PrincipalGrants, catalog: Catalog) -> bool:
    return any(True for _ in decided_lines(grants, (decision,), catalog))
