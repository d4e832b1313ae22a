"""The outcome of a plan: which of the kept actions that its trails were to decide are decided by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.model import Action
from lpgen.core.replacements import LineKind


class OutcomeStatus(StrEnum):
    """The outcome of a kept action."""

    USED = "used"
    REMOVED = "removed"  # granted, and use would have shown
    OPEN = "open"  # the logs still can't show its use
    GONE = "gone"  # no longer granted, or the principal isn't there any more


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """A kept action of a principal that a plan was to decide."""

    principal: str
    action: Action


@dataclass(frozen=True, slots=True)
class ObserveOutcome:
    """The outcome of one promise; `why` says why it is open, else it is ""."""

    promise: Promise
    status: OutcomeStatus
    why: str = ""


def outcomes_of_plan(promises: Iterable[Promise], diffs: Mapping[str, PrincipalDiff]) -> tuple[ObserveOutcome, ...]:
    """The outcomes of the promises of a plan, by the reviews of today, sorted."""
    return tuple(_outcome(one, diffs.get(one.principal)) for one in sorted(set(promises)))


def _outcome(promise: Promise, diff: PrincipalDiff | None) -> ObserveOutcome:
    verdict = next((one for one in diff.verdicts if one.action == promise.action), None) if diff else None
    if diff is None or verdict is None or verdict.verdict is Verdict.UNGRANTED:
        return ObserveOutcome(promise, OutcomeStatus.GONE)
    kept = [line for line in diff.lines if line.action == promise.action and line.kind is LineKind.KEPT]
    if verdict.verdict is Verdict.UNOBSERVABLE:
        return ObserveOutcome(promise, OutcomeStatus.OPEN, verdict.reason)
    if kept:
        return ObserveOutcome(promise, OutcomeStatus.OPEN, kept[0].why)
    return ObserveOutcome(promise, OutcomeStatus.REMOVED if verdict.verdict is Verdict.UNUSED else OutcomeStatus.USED)
