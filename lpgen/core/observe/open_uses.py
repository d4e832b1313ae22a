"""Kept actions whose use no record shows: those that data events would decide, and how many others there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.trail_coverage import Events
from lpgen.core.arns import split_arn
from lpgen.core.findings import PrincipalDiff
from lpgen.core.model import Action, Visibility
from lpgen.core.replacements import Line, LineKind


@dataclass(frozen=True, slots=True, order=True)
class OpenUse:
    """A kept action of a principal whose use no record shows, on the resources that its lines name.

    `events` are the data events that its use would leave.
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
    """The actions that a review keeps without seen use.

    `undecided` counts the kept actions that data events don't decide by how CloudTrail shows them. `recorded` counts
    the records of data events by account and `resources.type`.
    """

    decidable: tuple[OpenUse, ...]
    undecided: Counter[Visibility] = field(default_factory=Counter)
    recorded: Counter[tuple[str, str]] = field(default_factory=Counter)


def open_uses_of_principal(diff: PrincipalDiff, observability: Observability) -> OpenUses:
    """The actions that the review of one principal keeps without seen use."""
    kept: dict[Action, list[Line]] = {}
    found = OpenUses(())
    for line in diff.draft.lines:
        if line.kind is LineKind.KEPT:
            kept.setdefault(line.action, []).append(line)
        elif line.kind is LineKind.OBSERVED and line.evidence and (kind := observability.data_event_type(line.action)):
            found.recorded[diff.principal.account, kind] += line.evidence.records
    decidable: list[OpenUse] = []
    for action, lines in sorted(kept.items()):
        if observability.data_event_type(action):
            events = observability.data_events(action, _patterns(lines))
            decidable.append(OpenUse(diff.principal.arn, action, events))
        else:
            found.undecided[observability.visibility(action)] += 1
    return OpenUses(tuple(decidable), found.undecided, found.recorded)


def merge_open_uses(parts: Iterable[OpenUses]) -> OpenUses:
    """The parts as one, in order of principal and action."""
    listed = list(parts)
    return OpenUses(
        tuple(sorted(one for part in listed for one in part.decidable)),
        sum((part.undecided for part in listed), Counter()),
        sum((part.recorded for part in listed), Counter()),
    )


def _patterns(lines: Iterable[Line]) -> tuple[str, ...]:
    """The resource patterns of some lines, sorted; `*` where one says all but some."""
    found: set[str] = set()
    for line in lines:
        found |= {"*"} if line.scope.not_resource else set(line.scope.resources)
    return tuple(sorted(found))
