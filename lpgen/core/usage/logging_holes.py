"""Holes that the logs themselves reveal: days that may lack records, after a recorded stop or change of a trail, or
while records are of an unknown event version.

A hole needs a record as its proof. In doubt, days count as a hole. After a stop, an account counts as recorded again
from the start of the same trail, or from the next record that can't come from the stopped trail. A change in the events
that a trail records hides nothing by itself, but any days without records after it count as a hole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

import pyarrow as pa

from lpgen.core.evidence import CoverageSource, Hole
from lpgen.core.model import SkipReason
from lpgen.core.trails import Trail, TrailChange
from lpgen.core.usage.columns import column_values, flag_column, table_rows
from lpgen.core.usage.trail_changes import AFTERGLOW, RESETS, STARTS, STOPS, AccountTimes

_QUIET: Final = timedelta(days=1)
"""A record within this time after a change shows that recording continued."""

_Starts = Mapping[str | None, Sequence[TrailChange]]
"""The starts of each trail, sorted. "" has the starts whose record names no trail, None has all starts."""


def holes_of_account(
    account: str, changes: Sequence[TrailChange], times: AccountTimes | None, *, first: date, last: date
) -> tuple[tuple[Hole, ...], tuple[TrailChange, ...]]:
    """The days that changes remove from an account's coverage, and the changes that remove none."""
    starts = _starts_by_trail(changes)
    holes: list[Hole] = []
    others: list[TrailChange] = []
    for change in changes:
        if times is None or change.event in STARTS or not first <= change.when.date() <= last:
            continue
        hole = _hole(account, change, starts, times=times, last=last)
        if hole is None:
            others.append(change)
        else:
            holes.append(hole)
    return tuple(holes), tuple(others)


_UNTIL_START: Final = "{change}; no record until {start}"
_NO_LATER: Final = "{change}; no later record"
_UNTIL_RECORD: Final = "{change}; the next record is of {day}"
_BEGAN: Final = "the current settings began with {change}"


def _hole(account: str, change: TrailChange, starts: _Starts, *, times: AccountTimes, last: date) -> Hole | None:
    day = change.when.date()
    latest = datetime.max.replace(tzinfo=change.when.tzinfo)  # a damaged record may have the last possible day
    following = times.next_record(account, change.when + min(AFTERGLOW, latest - change.when))
    start = _next_start(change, starts) if change.event in STOPS else None
    if start is not None and (following is None or start.when <= following):
        return Hole(day, start.when.date(), _UNTIL_START.format(change=change, start=start), change)
    if following is None:
        return Hole(day, last, _NO_LATER.format(change=change), change) if change.event in STOPS else None
    if following - change.when <= _QUIET:
        return None
    return Hole(day, following.date(), _UNTIL_RECORD.format(change=change, day=following.date()), change)


def _starts_by_trail(changes: Iterable[TrailChange]) -> _Starts:
    found: dict[str | None, list[TrailChange]] = defaultdict(list)
    for change in sorted(changes):
        if change.event in STARTS:
            found[change.trail].append(change)
            found[None].append(change)
    return found


def _next_start(stop: TrailChange, starts: _Starts) -> TrailChange | None:
    """The first start after a stop that may be of its trail. If the record of the stop names no trail, any may be."""
    found = (
        some[at]
        for trail in ((stop.trail, "") if stop.trail else (None,))
        if (at := bisect_right(some := starts.get(trail, ()), stop.when, key=attrgetter("when"))) < len(some)
    )
    return min(found, default=None)


def settings_hole(
    changes: Sequence[TrailChange], trails: Sequence[Trail], *, first: date, last: date
) -> Iterator[Hole]:
    """The days before the trails that record management events got their current settings.

    The settings of a trail without changes in the window hold for the whole window.
    """
    since = [
        settings_since(trail, changes)
        for trail in trails
        if any(selector.category == "Management" for selector in trail.selectors)
    ]
    changed = [change for change in since if change is not None]
    if not since or len(changed) < len(since):
        return
    earliest = min(changed)
    if first <= earliest.when.date():
        why = _BEGAN.format(change=earliest)
        yield Hole(first, min(earliest.when.date(), last), why, known_from=CoverageSource.TRAILS)


def settings_since(trail: Trail, changes: Iterable[TrailChange]) -> TrailChange | None:
    """The last recorded change, after which a trail has its current settings; None without a recorded change.

    A start without a recorded stop before it counts, because the trail may not have recorded before. The time between a
    stop and a start is a separate hole.
    """
    since: TrailChange | None = None
    stopped = False
    for change in sorted(changes):
        if not change.concerns(trail.arn):
            continue
        stopped = stopped or change.event in STOPS
        if change.event in RESETS or change.event == "CreateTrail" or (change.event == "StartLogging" and not stopped):
            since = change
    return since


def first_day_after(change: TrailChange) -> date:
    """The first whole day with the settings of a change."""
    day = change.when.date()
    return day + timedelta(days=min(1, (date.max - day).days))


# ---------------------------------------------------------------- unknown versions

_UNKNOWN_VERSION: Final = "{are} of a version that this version of lpgen doesn't know: {detail} (example {example})"
_COLUMNS: Final = ("account", "detail", "example_event_id", "records", "first_seen", "last_seen")


def version_holes(skips: pa.Table) -> Mapping[str, Hole]:
    """The days from the first to the last record of an unknown version, by account; all days if the time of such a
    record can't be read."""
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    is_unknown = [reason == SkipReason.UNKNOWN_VERSION for reason in column_values(skips.column("reason"))]
    for account, *row in table_rows(skips.filter(flag_column(is_unknown)), _COLUMNS):
        found[account].append(tuple(row))
    return {account: _hole_of_version(rows) for account, rows in found.items()}


def _hole_of_version(rows: list[tuple[Any, ...]]) -> Hole:
    detail, event_id, *_ = rows[0]
    count = sum(row[2] for row in rows)
    firsts = [date.min if row[3] is None else row[3].date() for row in rows]
    lasts = [date.max if row[4] is None else row[4].date() for row in rows]
    what = "1 record is" if count == 1 else f"{count:,} records are"
    why = _UNKNOWN_VERSION.format(are=what, detail=detail, example=event_id)
    return Hole(min(firsts), max(lasts), why, records=count)
