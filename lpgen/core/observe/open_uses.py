"""Kept actions without recorded use: the actions that data events would decide, and their outcomes since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.trail_coverage import FEDERATES, Events, session_arns
from lpgen.core.arns import split_arn
from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.model import Action, Visibility
from lpgen.core.replacements import Line, LineKind


@dataclass(frozen=True, slots=True, order=True)
class OpenUse:
    """A kept action of a principal without recorded use, on the resources in its lines.

    `events` are the data events that record its use by this principal.
    """

    principal: str
    action: Action
    events: Events

    @property
    def account(self) -> str:
        """The account of the principal."""
        return split_arn(self.principal).account


@dataclass(frozen=True, slots=True)
class OpenUses:
    """The actions that a review keeps without recorded use.

    `undecided` counts the kept actions that data events don't decide, by their visibility in CloudTrail. `recorded`
    counts the records of data events by account and `resources.type`, and `users` the principals that left them.
    """

    decidable: tuple[OpenUse, ...]
    undecided: Counter[Visibility] = field(default_factory=Counter)
    recorded: Counter[tuple[str, str]] = field(default_factory=Counter)
    users: Counter[tuple[str, str]] = field(default_factory=Counter)


def open_uses_of_principal(diff: PrincipalDiff, observability: Observability) -> OpenUses:
    """The actions that the review of one principal keeps without recorded use."""
    kept: dict[Action, list[Line]] = {}
    found = OpenUses(())
    for line in diff.draft.lines:
        if line.kind is LineKind.KEPT:
            kept.setdefault(line.action, []).append(line)
        elif line.kind is LineKind.OBSERVED and line.evidence and (kind := observability.data_event_type(line.action)):
            found.recorded[diff.principal.account, kind] += line.evidence.records
    found.users.update(found.recorded.keys())
    federates = any(action == FEDERATES for action, _ in diff.assessment.verdicts.judged())
    callers = session_arns(diff.principal.arn, federates=federates)
    decidable: list[OpenUse] = []
    for action, lines in sorted(kept.items()):
        if observability.data_event_type(action):
            events = observability.data_events(action, _patterns(lines), callers)
            decidable.append(OpenUse(diff.principal.arn, action, events))
        else:
            found.undecided[observability.visibility(action)] += 1
    return replace(found, decidable=tuple(decidable))


def merge_open_uses(parts: Iterable[OpenUses]) -> OpenUses:
    """All parts together, sorted by principal and action."""
    listed = list(parts)
    return OpenUses(
        tuple(sorted(use for part in listed for use in part.decidable)),
        sum((part.undecided for part in listed), Counter()),
        sum((part.recorded for part in listed), Counter()),
        sum((part.users for part in listed), Counter()),
    )


def _patterns(lines: Iterable[Line]) -> tuple[str, ...]:
    """The resource patterns of some lines, sorted, with `*` for a line with `NotResource`."""
    found: set[str] = set()
    for line in lines:
        found |= {"*"} if line.scope.not_resource else set(line.scope.resources)
    return tuple(sorted(found))


# ---------------------------------------------------------------- outcomes


class OutcomeStatus(StrEnum):
    """The outcome of a kept action."""

    USED = "used"
    REMOVED = "removed"  # granted, and use would have shown
    OPEN = "open"  # the logs still can't show its use
    GONE = "gone"  # no longer granted, or the principal no longer exists


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """A kept action of a principal that a plan promised to decide."""

    principal: str
    action: Action


@dataclass(frozen=True, slots=True)
class ObserveOutcome:
    """The outcome of one promise. `why` has the reason if it is open, otherwise ""."""

    promise: Promise
    status: OutcomeStatus
    why: str = ""


def outcomes_of_plan(promises: Iterable[Promise], diffs: Mapping[str, PrincipalDiff]) -> tuple[ObserveOutcome, ...]:
    """The outcomes of the promises of a plan, sorted, from current reviews."""
    return tuple(_outcome(promise, diffs.get(promise.principal)) for promise in sorted(set(promises)))


def _outcome(promise: Promise, diff: PrincipalDiff | None) -> ObserveOutcome:
    verdicts = diff.assessment.verdicts if diff else ()
    verdict = next((verdict for verdict in verdicts if verdict.action == promise.action), None)
    if diff is None or verdict is None or verdict.verdict is Verdict.UNGRANTED:
        return ObserveOutcome(promise, OutcomeStatus.GONE)
    kept = [line for line in diff.draft.lines if line.action == promise.action and line.kind is LineKind.KEPT]
    if verdict.verdict is Verdict.UNOBSERVABLE:
        return ObserveOutcome(promise, OutcomeStatus.OPEN, verdict.reason)
    if kept:
        return ObserveOutcome(promise, OutcomeStatus.OPEN, kept[0].why)
    return ObserveOutcome(promise, OutcomeStatus.REMOVED if verdict.verdict is Verdict.UNUSED else OutcomeStatus.USED)
