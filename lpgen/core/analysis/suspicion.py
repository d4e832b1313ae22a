"""Suspicion: the use of a principal that may be an intruder's with stolen credentials.

lpgen decides it once, from the principal's own records, before it learns anything else from them. The principal's
replacement keeps suspected use, but isn't safe until a person decides. lpgen uses it for nothing else: not for scopes,
signs of other use, peers or backtests.

A harmful action is expected where the principal regularly manages how things are set up, in the same service or its
family, and on resources that it made. Elsewhere it is suspected unless it is regular; the worst kinds must be on many
of the principal's active days. Other use that began then or just before, and isn't regular, is suspected with it. Harm
right after denials, and several kinds of harm that are new on one day, are suspected everywhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.analysis.scopes.named_resources import lenient_calls, made_resources, makers_from_usage
from lpgen.core.analysis.scopes.prefixes import is_whole_type
from lpgen.core.arns import account_in_arn
from lpgen.core.catalog.danger import OF_APPLICATIONS, Dangers, Habit, SuspectWhen, is_regular
from lpgen.core.cloudtrail.visibility import visibility_from_catalog
from lpgen.core.evidence import PrincipalUsage, Suspected, Use
from lpgen.core.globs.match import glob_match
from lpgen.core.model import READ_LEVELS, Action, Outcome, ResourceKind, Visibility
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.principal_usage import RowTest, principal_usages_from_usage
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage

_MONTH: Final = timedelta(28)
_FEWEST_DAYS: Final = 5
_TENTH: Final = 10
"""A principal manages a service if it has looked at it for four weeks or more, on five days and a tenth of its active
days. An intruder looks around for days before doing harm."""
_LATE: Final = 10
"""The last tenth of the days of an account's logs counts as late."""
_BURST: Final = 3
"""This many kinds of harm, or one more harmful actions, that are new on one day are suspicious."""
_NEW_NAMES: Final = 3
"""A principal that does harm to new resources on more days than this is expected to continue."""
_SETTLED: Final = timedelta(14)
"""Use that begins this long after the principal's first day isn't the start of its work."""
_DENIED: Final = 2
"""This many actions that are first denied within `_BEFORE` days show an intruder who tests the credentials."""
_BEFORE: Final = 2
_SELDOM: Final = 12
"""The most active days of a principal that is rarely active."""
_MOST_DAYS: Final = 5
"""Use on more than one in this many of a principal's active days is its work."""
_LOOKS_AFTER: Final = (
    *("Add", "Associate", "Attach", "Authorize", "BatchGet", "Change", "Delete", "Deregister", "Describe", "Detach"),
    *(
        "Disable",
        "Disassociate",
        "Enable",
        "Get",
        "List",
        "Modify",
        "Publish",
        "Put",
        "Remove",
        "Replace",
        "Revoke",
        "Set",
    ),
    *("Tag", "Untag", "Update"),
)
"""The verbs of operations that show or change how something is set up, if their events are management events. Others,
such as `Decrypt`, are an application's work. A principal that makes new resources manages only these."""

_AROUND: Final = 15
"""Use that began on the day of suspected harm, or up to two weeks before, may have been reconnaissance."""

_BATCH: Final = 100
_NAMED: Final = (ResourceKind.ARN, ResourceKind.FOLD)

Pair = tuple[Action, str]
"""An action, and the text of a resource in the usage table."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The suspected uses of each principal, and the resources that principals with dangerous use certainly made."""

    pairs: Mapping[str, Mapping[Pair, Suspected]] = field(default_factory=dict)
    made: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def covers(self, principal: str, action: str, resource: str) -> bool:
        """Whether a row of the usage table is suspected use."""
        pairs = self.pairs.get(principal)
        return pairs is not None and (Action(action), resource) in pairs

    def marked(self, usage: PrincipalUsage) -> PrincipalUsage:
        """The usage of a principal in which suspected use and resources that it made are marked."""
        pairs, made = self.pairs.get(usage.principal, {}), self.made.get(usage.principal, frozenset())
        if not pairs and not made:
            return usage
        uses = (
            replace(
                use,
                suspected=pairs.get((use.action, use.resource.text), Suspected.NO),
                is_made=use.resource.text in made,
            )
            for use in usage.uses
        )
        return replace(usage, uses=tuple(uses))


NO_SUSPICION: Final = Suspicion()


def suspicion_from_usage(
    usage: Usage, slices: RowSlices, row_counts: RowTest, dangers: Dangers, decisions: Sequence[Decision]
) -> Suspicion:
    """The suspicion of all principals by the counted rows. Use that a decision keeps isn't suspected."""
    rows = distinct_rows(usage.table, ("principal", "action"))
    harmful = sorted({principal for principal, action in rows if dangers.habit(Action(action))})
    late, makers, creates = _late_days(usage), makers_from_usage(usage), lenient_calls(dangers.catalog.source).creates
    kept = [decision for decision in decisions if decision.kind is DecisionKind.KEEP]
    found: dict[str, Mapping[Pair, Suspected]] = {}
    made_by: dict[str, frozenset[str]] = {}
    for start in range(0, len(harmful), _BATCH):
        batch = harmful[start : start + _BATCH]
        for arn, used in principal_usages_from_usage(slices.rows_of(batch), row_counts=row_counts).items():
            if made := made_resources(used, makers, creates):
                made_by[arn] = made
            if pairs := suspected_pairs(used, dangers, late.get(account_in_arn(arn), date.max), made, kept):
                found[arn] = pairs
    return Suspicion(found, made_by)


def _late_days(usage: Usage) -> Mapping[str, date]:
    """The first late day of each account's logs."""
    spans: dict[str, tuple[date, date]] = {}
    for account, day in distinct_rows(usage.table, ("recipient_account", "day")):
        if day is not None:
            first, last = spans.get(account, (day, day))
            spans[account] = min(first, day), max(last, day)
    return {account: last - max((last - first) / _LATE, timedelta()) for account, (first, last) in spans.items()}


def suspected_pairs(
    usage: PrincipalUsage, dangers: Dangers, late: date, made: Collection[str] = (), kept: Collection[Decision] = ()
) -> Mapping[Pair, Suspected]:
    """The suspected uses of one principal.

    `late` is the first late day, and `made` are the resources that it made. Use that the decisions in `kept` are about
    isn't suspected.
    """

    def is_kept(pair: Pair) -> bool:
        return any(
            applies_to_action(decision, usage.principal, pair[0]) and glob_match(decision.resource or "*", pair[1])
            for decision in kept
        )

    harm = _Harm(usage, dangers, made)
    found = {pair: why for pair in harm.habits if (why := harm.why(pair, late)) and not is_kept(pair)}
    on = frozenset().union(*(harm.days[pair] for pair in found))
    around = {day.toordinal() - before for day in on for before in range(_AROUND)}
    for use in usage.uses if on else ():
        pair, days = (use.action, use.resource.text), use.on
        is_company = bool(days) and ((days[0].toordinal() in around and not is_regular(days)) or on.issuperset(days))
        if is_company and use.outcome is not Outcome.DENIED and not is_kept(pair):
            found.setdefault(pair, Suspected.COMPANY)
    return found


def _looked_after(uses: Iterable[Use], dangers: Dangers, active_days: int) -> frozenset[str]:
    """The families of services in which these uses regularly show or change, without harm, how things are set up.

    The uses must be on everything or on several resources, because an application may look up its own.
    """
    table = visibility_from_catalog(dangers.catalog)
    days: dict[str, set[date]] = defaultdict(set)
    seen: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        service, _, name = use.action.partition(":")
        is_managing = name.startswith(_LOOKS_AFTER) and not dangers.habit(use.action)
        if service in OF_APPLICATIONS and dangers.catalog.detail(use.action).level not in READ_LEVELS:
            continue
        if is_managing and table.visibility(use.action).visibility is Visibility.MANAGEMENT:
            family, text = dangers.family(service), use.resource.text
            days[family].update(use.on)
            is_one = use.resource.kind in _NAMED and not is_whole_type(text, use.action, dangers.catalog)
            seen[family].update([text] if is_one else [text, ""])
    return frozenset(
        family
        for family, on in days.items()
        if len(on) >= max(_FEWEST_DAYS, active_days / _TENTH) and max(on) - min(on) >= _MONTH and len(seen[family]) > 1
    )


class _Harm:
    """The harm that one principal did, with the evidence for and against suspicion."""

    def __init__(self, usage: PrincipalUsage, dangers: Dangers, made: Collection[str]) -> None:
        done = [use for use in usage.uses if use.is_done and use.on]
        self.days: dict[Pair, set[date]] = defaultdict(set)
        self.habits: dict[Pair, Habit] = {}
        for use in done:
            pair = (use.action, use.resource.text)
            self.days[pair].update(use.on)
            if habit := dangers.habit(use.action):
                self.habits[pair] = habit
        self._dangers, self._made, self._itself, self._active_days = dangers, made, usage.principal, usage.days
        if self.habits:
            self._by_habit: dict[Habit, list[Pair]] = defaultdict(list)
            for pair, habit in self.habits.items():
                self._by_habit[habit].append(pair)
            self._started = min(min(on) for on in self.days.values())
            self._ended = max(max(on) for on in self.days.values())
            self._growing = frozenset(filter(self._takes_up_names, self._by_habit))
            self._home = _looked_after(done, dangers, usage.days)
            self._tried = _days_after_denials(usage.uses)
            self._bursts = self._days_of_bursts()

    def why(self, pair: Pair, late: date) -> Suspected:
        """Why harm is suspected, or NO."""
        habit, days = self.habits[pair], self.days[pair]
        kind = self._dangers.kinds[habit[0]]
        if (kind.spares_made and pair[1] in self._made) or (kind.spares_itself and pair[1] == self._itself):
            return Suspected.NO
        is_ordinary = kind.counts is SuspectWhen.AFTER_DENIALS
        is_home = is_ordinary or self._dangers.family(habit[1]) in self._home
        is_worst = kind.counts is SuspectWhen.ALWAYS
        if is_regular(days) and (is_home or not is_worst or self._is_work(days)):
            return Suspected.LATE if min(days) >= late and not is_home else Suspected.NO
        if not self._tried.isdisjoint(day.toordinal() for day in days):
            return Suspected.AFTER_DENIALS
        if not is_ordinary and not self._bursts.isdisjoint(days):
            return Suspected.BURST
        is_usual = is_home or habit in self._growing or self._is_each_time(habit)
        return Suspected.NO if is_usual else Suspected.FEW_DAYS

    def _is_work(self, days: Collection[date]) -> bool:
        """Whether use on these days is a large part of the principal's use, and continues."""
        is_ongoing = self._ended - max(days) <= max(days) - min(days)
        return is_ongoing and len(days) * _MOST_DAYS > self._active_days

    def _is_each_time(self, habit: Habit) -> bool:
        """Whether a principal that is rarely active has done a kind of harm from the start on half of its days."""
        days = frozenset().union(*(self.days[pair] for pair in self._by_habit[habit]))
        is_from_start = min(days) - self._started < _SETTLED
        return self._active_days <= _SELDOM and is_from_start and len(days) * 2 >= self._active_days

    def _takes_up_names(self, habit: Habit) -> bool:
        """Whether the principal keeps doing a kind of harm to new resources; the worst kinds must be its work."""
        on = [self.days[pair] for pair in self._by_habit[habit]]
        first = {min(days) for days in on if min(days) - self._started >= _SETTLED}
        if len(first) <= _NEW_NAMES or not is_regular(first) or len(first) * _TENTH < self._active_days:
            return False
        is_worst = self._dangers.kinds[habit[0]].counts is SuspectWhen.ALWAYS
        return not is_worst or self._is_work(frozenset().union(*on))

    def _days_of_bursts(self) -> frozenset[date]:
        """The days, after the start of its work, on which several kinds of harm or harmful actions were new."""
        first: dict[str, date] = {}
        for pair, (kind, _) in self.habits.items():
            if self._dangers.kinds[kind].counts is not SuspectWhen.AFTER_DENIALS:
                for what in (kind, pair[0]):
                    first[what] = min(min(self.days[pair]), first.get(what, date.max))
        days = [(day, ":" in what) for what, day in first.items() if day - self._started >= _SETTLED]
        return frozenset(day for (day, is_action), count in Counter(days).items() if count >= _BURST + is_action)


def _days_after_denials(uses: Iterable[Use]) -> frozenset[int]:
    """The days, as ordinals, on and right after which several actions were denied for the first time."""
    first: dict[Action, int] = {}
    for use in uses:
        if use.outcome is Outcome.DENIED and use.on:
            day = use.on[0].toordinal()
            first[use.action] = min(day, first.get(use.action, day))
    denied = Counter(first.values())
    found: set[int] = set()
    for day in denied:
        if sum(denied[earlier] for earlier in range(day - _BEFORE, day + 1)) >= _DENIED:
            found.update(range(day, day + _BEFORE + 1))
    return frozenset(found)
