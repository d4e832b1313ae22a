"""Coverage: which use the logs could have shown, per account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from lpgen.core.arns import container_of
from lpgen.core.evidence import AccountCoverage, CoverageSource, Hole, LogCoverage, LogGap, SeenEvents, days_between
from lpgen.core.model import Category, ResourceKind, SkipReason
from lpgen.core.trails import Trail, TrailChange, TrailSource, describe_trail, trails_of_accounts
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.logging_holes import holes_of_account, settings_hole, version_holes
from lpgen.core.usage.row_slices import TableSlices
from lpgen.core.usage.tables import ACTIVITY_SCHEMA, COVERAGE_SCHEMA, Usage
from lpgen.core.usage.thin_days import LONGEST_QUIET_DAYS, counted_days, lacks_files, thin_days
from lpgen.core.usage.trail_changes import RESETS, AccountTimes, trail_changes_from_usage

_RARELY: Final = 2
"""Events count as silent once their pause is longer than this many times their longest earlier pause."""

_EXCLUDABLE: Final = frozenset({"kms.amazonaws.com"})
"""Event sources whose management events a trail may leave out, although they are so common that a log usually has some.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html"""


@dataclass(slots=True)
class _SeenNames:
    """The names in an account's records: event sources, containers of data events, sources of aggregated events."""

    sources: set[str] = field(default_factory=set)
    data_resources: set[tuple[str, str]] = field(default_factory=set)
    summed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _AccountRecords:
    """One account's part of the tables. `seen` has the days of its events by Region, source and side. The side is None
    if the tables don't have it."""

    named: _SeenNames
    days: set[date] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    records: int = 0
    seen: dict[tuple[str, str, bool | None], set[date]] = field(default_factory=lambda: defaultdict(set))
    activity: dict[date, dict[tuple[str, str], int]] = field(default_factory=lambda: defaultdict(dict))


def coverage_from_usage(
    usage: Usage,
    trails: Sequence[Trail] = (),
    source: TrailSource = TrailSource.NAMED,
) -> LogCoverage:
    """The coverage of a usage, by the account whose trail recorded the records.

    `trails` are the current settings of the trails that recorded them; `source` is where the settings come from.
    """
    known_from = CoverageSource.TRAILS if source is TrailSource.NAMED else CoverageSource.BOTH
    accounts = {row for row, day in table_rows(usage.coverage, ("account", "day")) if row and day is not None}
    of_account = _Accounts(usage, accounts)
    changes = trail_changes_from_usage(usage)
    times = AccountTimes(usage) if changes else None
    unread = version_holes(usage.skips)
    serving = trails_of_accounts(trails, accounts)
    return LogCoverage(
        tuple(
            _account_coverage(
                name,
                of_account[name],
                serving.get(name),
                changes=changes,
                times=times,
                unread=unread.get(name),
                known_from=known_from if name in serving else CoverageSource.LOG,
            )
            for name in sorted(accounts)
        )
    )


class _Accounts:
    """Each account's part of the tables, collected on request, because a large organization has millions of pairs of
    caller and service."""

    def __init__(self, usage: Usage, accounts: Collection[str]) -> None:
        self._coverage = TableSlices(usage.coverage, "account", COVERAGE_SCHEMA)
        self._activity = TableSlices(usage.activity, "account", ACTIVITY_SCHEMA)
        self._named = {account: _SeenNames() for account in accounts}
        for account, source in distinct_rows(usage.table, ("recipient_account", "event_source")):
            if account in accounts:
                self._named[account].sources.add(source)
        for account, source, reason in distinct_rows(usage.skips, ("account", "event_source", "reason")):
            if account in accounts:
                self._named[account].sources.add(source)
                if reason == SkipReason.AGGREGATED:
                    self._named[account].summed.add(source)
        for account, source, container in _containers_of_data_events(usage):
            if account in accounts:
                self._named[account].data_resources.add((source, container))

    def __getitem__(self, name: str) -> _AccountRecords:
        records = _AccountRecords(self._named[name])
        for region, day, category, source, count, read_only, writing in table_rows(
            self._coverage.rows_of([name]), _COLUMNS
        ):
            if day is None:
                continue
            records.days.add(day)
            records.regions.add(region)
            records.records += count
            if category in (Category.MANAGEMENT, Category.DATA):
                place = (region, source) if category == Category.DATA else ("", "")
                for side in _stated_sides(read_only, writing) or (None,):
                    records.seen[(*place, side)].add(day)
        for day, caller, source, count in table_rows(self._activity.rows_of([name]), _ACTIVITY):
            records.activity[day][caller, source] = count
        return records


def _containers_of_data_events(usage: Usage) -> Iterable[tuple[str, str, str]]:
    """The containers of the resources in data events, each with the account whose log holds the event and the event
    source."""
    names = ("category", "resource_kind", "recipient_account", "event_source", "resource")
    for category, kind, account, source, resource in table_rows(usage.table, names):
        if category == Category.DATA and kind in (ResourceKind.ARN, ResourceKind.FOLD):
            yield account, source, container_of(resource)


_ACTIVITY: Final = ("day", "caller", "event_source", "records")
_COLUMNS: Final = ("region", "day", "category", "event_source", "records", "read_only", "writing")


def _account_coverage(
    account: str,
    seen: _AccountRecords,
    trails: tuple[Trail, ...] | None,
    *,
    changes: Sequence[TrailChange],
    times: AccountTimes | None,
    unread: Hole | None,
    known_from: CoverageSource,
) -> AccountCoverage:
    first, last = min(seen.days), max(seen.days)
    gaps = tuple(_gaps(sorted(seen.days)))
    owners = {account, *(trail.account for trail in trails or ())}
    own = [change for change in changes if change.account in owners and _concerns(change, account, trails)]
    holes, notes = holes_of_account(account, own, times, first=first, last=last)
    if trails is not None:
        holes = (*settings_hole(own, trails, first=first, last=last), *holes)
    if unread is not None:
        since = first if unread.first == date.min else unread.first
        holes = (*holes, replace(unread, first=since, last=last if unread.last == date.max else unread.last))
    thin = tuple(_thin_holes(seen, gaps))
    reset = max((change.when.date() for change in own if change.event in RESETS), default=None)
    return AccountCoverage(
        account,
        first,
        last,
        _covered_days(first, last, [*gaps, *holes, *thin]),
        gaps,
        tuple(sorted(seen.regions - {""})),
        seen.records,
        frozenset(_seen_events(seen, first, last, reset=reset)),
        holes=holes,
        known_from=known_from,
        trails=tuple(describe_trail(trail) for trail in trails or ()),
        unseen=_EXCLUDABLE - seen.named.sources,
        data_resources=frozenset(seen.named.data_resources),
        summed=frozenset(seen.named.summed - {source for _, source, _ in seen.seen}),
        changes=notes,
        thin=thin,
        lacks_files=lacks_files(seen.activity),
    )


def _thin_holes(seen: _AccountRecords, gaps: Iterable[LogGap]) -> Iterable[Hole]:
    """The days that don't count because they show too little, with silent days around them that aren't a gap."""
    thin = thin_days(seen.activity)
    if not thin:
        return
    counted = counted_days(seen.days, thin)
    silent = {day for gap in gaps for day in days_between(gap.first, gap.last)}
    lost = sorted(set(days_between(min(seen.days), max(seen.days))) - counted - silent)
    for first, last in _runs(lost):
        yield Hole(first, last, _too_little(sum(first <= day <= last for day in thin)))


_TOO_LITTLE: Final = "{days} far fewer callers and services than the account's other days, as if forged or incomplete"


def _too_little(days: int) -> str:
    return _TOO_LITTLE.format(days="1 day shows" if days == 1 else f"{days} days show")


def _runs(days: Sequence[date]) -> Iterable[tuple[date, date]]:
    """The first and the last day of each run of consecutive days."""
    start = 0
    for at in range(1, len(days) + 1):
        if at == len(days) or days[at].toordinal() - days[at - 1].toordinal() > 1:
            yield days[start], days[at - 1]
            start = at


def _seen_events(account: _AccountRecords, first: date, last: date, *, reset: date | None) -> Iterable[SeenEvents]:
    """The events that the log holds, without events that it has lacked since a trail's selectors were `reset`.

    Events on the day of the reset may be from before it, so they count only if the log ends with that day. If no record
    states whether it is read-only, as in tables without that column, the events count for both sides. Data events are
    too rare for their silence to mean anything.
    """
    holds_from = first if reset is None else reset + timedelta(days=1) if reset < last else reset
    telling = {(region, source) for region, source, side in account.seen if side is not None}
    for (region, source, side), days in account.seen.items():
        if max(days) < holds_from or (side is None and (region, source) in telling):
            continue
        start = min(days)
        since = start if (start - first).days > LONGEST_QUIET_DAYS else None
        for read_only in (True, False) if side is None else (side,):
            yield SeenEvents(region, source, read_only, since, None if source else _fell_silent(sorted(days), last))


def _fell_silent(days: list[date], last: date) -> date | None:
    """The last of these days if the pause after it is more than twice as long as each earlier pause."""
    longest = max(((after - before).days - 1 for before, after in pairwise(days)), default=0)
    is_silent = (last - days[-1]).days > max(LONGEST_QUIET_DAYS, _RARELY * longest)
    return days[-1] if is_silent else None


def _concerns(change: TrailChange, account: str, trails: tuple[Trail, ...] | None) -> bool:
    """Whether a change is of a trail that records the account: one of the account's own, or one in the settings."""
    if trails is None or change.account == account:
        return change.account == account
    return any(change.concerns(trail.arn) for trail in trails)


def _covered_days(first: date, last: date, missing: Iterable[LogGap | Hole]) -> int:
    gone: set[date] = set()
    for span in missing:
        gone.update(days_between(max(span.first, first), min(span.last, last)))
    return (last - first).days + 1 - len(gone)


def _gaps(days: list[date]) -> Iterable[LogGap]:
    for before, after in pairwise(days):
        if (after - before).days - 1 > LONGEST_QUIET_DAYS:
            yield LogGap(before + timedelta(days=1), after - timedelta(days=1))


def _stated_sides(read_only: int, writing: int) -> tuple[bool, ...]:
    """The `readOnly` values that the records of a coverage row state; empty if none states it."""
    return tuple(side for side, count in ((True, read_only), (False, writing)) if count)
