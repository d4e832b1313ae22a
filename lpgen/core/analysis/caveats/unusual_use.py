"""Dangerous use that doesn't look like the principal's work: it may be that of somebody who stole its credentials.

An intruder is there for days, not for months. So dangerous use of a kind, such as making credentials, is unusual where
the principal shows that kind on a day or two, within one week, from the last days of the logs on, or right after it was
denied several things. The replacement keeps such use, and isn't safe until somebody decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from itertools import groupby
from operator import attrgetter
from typing import Final

from lpgen.core.analysis.caveats.decisions import applies_to_action
from lpgen.core.analysis.observability.missed_uses import MissedUseFinder
from lpgen.core.analysis.scopes.creations import is_creation_of
from lpgen.core.analysis.verdicts.danger import Counts, Dangers, Habit, is_regular
from lpgen.core.evidence import AccountCoverage, PrincipalUsage, Use
from lpgen.core.findings import DangerousUse
from lpgen.core.iam.match import glob_match
from lpgen.core.model import Action, Outcome
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Decision, DecisionKind, Line
from lpgen.core.usage.principal_usage import merge_evidence

_LATE: Final = 10
"""The last tenth of an account's covered days is late."""
_BURST: Final = 2
"""So many different actions that were never denied before and are on one day are a burst."""
_MOST_DAYS: Final = 5
"""Use on at least one in this many of a principal's days at work isn't use on few of its days."""


def dangerous_uses(usage: PrincipalUsage, dangers: Dangers) -> tuple[DangerousUse, ...]:
    """The dangerous actions that a principal used, sorted."""
    found: dict[Action, DangerousUse] = {}
    for use in usage.uses:
        if use.outcome is Outcome.ALLOWED and dangers.is_dangerous(use.action):
            known = found.get(use.action)
            on = tuple(sorted({*use.on, *known.on})) if known else use.on
            evidence = merge_evidence(use.evidence, known.evidence) if known else use.evidence
            found[use.action] = DangerousUse(use.action, dangers.harm(use.action), on, evidence)
    return tuple(found[action] for action in sorted(found))


def unusual_use_caveats(
    usage: PrincipalUsage,
    lines: Iterable[Line],
    finder: MissedUseFinder,
    coverage: AccountCoverage | None,
    decisions: Sequence[Decision],
    held: Collection[Action] = (),
) -> Iterable[Caveat]:
    """A caveat for each action of the lines that was used dangerously and unusually, until a decision names the use.

    The same holds for each action `held` by a policy left attached.

    Only a decision to keep or drop the action counts: a pattern that accepts other caveats must not accept an
    intruder's use.
    """
    dangers = finder.dangers
    allowed = [one for one in usage.uses if one.outcome is Outcome.ALLOWED and one.on]
    by_habit: dict[Habit, list[Use]] = defaultdict(list)
    for use in allowed:
        if habit := dangers.habit(use.action):
            by_habit[habit].append(use)
    if not by_habit:
        return
    late, bursts = _late_day(coverage), _bursts(usage)
    kept: dict[Action, list[Line]] = defaultdict(list)
    for line in lines:
        kept[line.action].append(line)
    habits = finder.peers.habits(usage.principal, frozenset(one.action for one in allowed))
    made = frozenset(one.resource.text for one in allowed if is_creation_of(one))
    for habit, uses in sorted(by_habit.items()):
        counts = dangers.kinds[habit[0]].counts
        spared = made if counts is Counts.NOT_MADE else ()
        is_odd = habit not in habits and _is_odd(
            [one for one in uses if one.resource.text not in spared], counts, usage.days, late
        )
        found = [
            one
            for one in uses
            if (is_odd and one.resource.text not in spared) or _burst_before(one, bursts)
            if _is_open(one, kept[one.action], usage.principal, decisions, is_held=one.action in held)
        ]
        for action, of_action in groupby(sorted(found, key=attrgetter("action")), key=attrgetter("action")):
            yield _caveat(action, dangers.harm(action), list(of_action), late, bursts)


def _is_odd(uses: Iterable[Use], counts: Counts, active_days: int, late: date) -> bool:
    """Whether the uses of a habit are odd by their days."""
    days = {day for one in uses for day in one.on}
    if not days or counts is Counts.AFTER_DENIALS:
        return False
    if counts is Counts.FEW_OF_ITS_DAYS and len(days) * _MOST_DAYS > active_days:
        return False
    return not is_regular(days) or min(days) >= late


def _late_day(coverage: AccountCoverage | None) -> date:
    """The first day of the last tenth of the covered days."""
    days = sorted(coverage.days) if coverage else []
    return days[-max(len(days) // _LATE, 1)] if days else date.max


def _bursts(usage: PrincipalUsage) -> Mapping[int, int]:
    """The days, as ordinals, on which the principal was denied several actions for the first time, and how many."""
    first: dict[Action, int] = {}
    for use in usage.uses:
        if use.outcome is Outcome.DENIED and use.on:
            day = use.on[0].toordinal()
            first[use.action] = min(day, first.get(use.action, day))
    return {day: count for day, count in Counter(first.values()).items() if count >= _BURST}


def _burst_before(use: Use, bursts: Mapping[int, int]) -> int:
    """How many actions were denied on the first day of an irregular use, or on the day before."""
    day = use.on[0].toordinal()
    return 0 if is_regular(use.on) else max(bursts.get(day, 0), bursts.get(day - 1, 0))


def _is_open(use: Use, kept: Iterable[Line], principal: str, decisions: Iterable[Decision], *, is_held: bool) -> bool:
    """Whether the replacement, or a policy left attached, allows the use and no decision names it."""
    resource = use.resource.text
    named = {
        one.kind
        for one in decisions
        if (one.kind is DecisionKind.KEEP or one.drops_for_good)
        and applies_to_action(one, principal, use.action)
        and glob_match(one.resource or "*", resource)
    }
    if DecisionKind.KEEP in named:
        return False
    if DecisionKind.DROP in named:  # of a resource; lines on others may remain
        return any(glob_match(pattern, resource) for line in kept for pattern in line.scope.resources)
    return is_held or any(True for _ in kept)


def _caveat(action: Action, harm: str, uses: Sequence[Use], late: date, bursts: Mapping[int, int]) -> Caveat:
    evidence = reduce(merge_evidence, (one.evidence for one in uses))
    days = {day for one in uses for day in one.on}
    return Caveat.of(
        CaveatKind.UNUSUAL_USE,
        action=action,
        harm=harm,
        resource=evidence.example_resource,
        first=min(days),
        last=max(days),
        days=len(days),
        records=evidence.records,
        example=evidence.example_event_id,
        late=min(days) >= late,
        denied=max(_burst_before(one, bursts) for one in uses),
    )
