"""Records that a later ingest may count: records outside the windows, and records later than the log itself.

Their rows in the skips name the file, so these counts can be taken back when the file is read again. INVARIANT: all
other records of a file are counted once, by the first ingest that reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Final

import pyarrow as pa

from lpgen.core.model import SkipReason
from lpgen.core.usage.columns import flag_column, integer_column, table_rows
from lpgen.core.usage.event_time import NO_TIME, LatestTime, TimeWindow, moment_after
from lpgen.core.usage.tables import COVERAGE_SCHEMA, Usage

LEFT_OUT: Final = (SkipReason.OUT_OF_WINDOW, SkipReason.FUTURE)

Windows = tuple[TimeWindow, ...]
"""Spans of time, sorted, without overlaps."""


def counted_window(window: TimeWindow, latest: LatestTime) -> TimeWindow:
    """The part of a window whose records count in a file with this latest time."""
    if latest.moment == NO_TIME:
        return window
    end = moment_after(latest.moment)
    return TimeWindow(window.since, min(window.until, end) if window.until else end)


def unite_windows(windows: Collection[TimeWindow]) -> Windows:
    """The smallest number of windows that cover the same times."""
    united: list[TimeWindow] = []
    for window in sorted(windows, key=lambda window: window.since):
        last = united[-1] if united else None
        if last is None or (last.until and last.until < window.since):
            united.append(window)
        else:
            until = max(last.until, window.until) if last.until and window.until else NO_TIME
            united[-1] = TimeWindow(last.since, until)
    return tuple(united)


def hold_moment(windows: Windows, moment: str) -> bool:
    """Whether one of the windows holds a time."""
    return any(window.holds(moment) for window in windows)


def cover_window(windows: Windows, wanted: TimeWindow) -> bool:
    """Whether one of the windows covers another one."""
    return any(window.covers(wanted) for window in windows)


def detail_of_left_out(reason: SkipReason, why: str, source: str) -> str:
    """The detail of the skip of a left-out record: why, and the SHA-256 of its file."""
    return " ".join(part for part in (why, source) if part) if reason in LEFT_OUT else why


def take_back(usage: Usage, files: Collection[str]) -> Usage:
    """The usage without the counts of left-out records of files, given by their SHA-256."""
    kept: list[bool] = []
    lost: Counter[tuple[str, str]] = Counter()
    for reason, detail, *place, count in table_rows(usage.skips, ("reason", "detail", "account", "region", "records")):
        kept.append(reason not in LEFT_OUT or detail[-_DIGEST_LENGTH:] not in files)
        if not kept[-1]:
            lost[tuple(place)] += count
    if all(kept):
        return usage
    return replace(usage, skips=usage.skips.filter(flag_column(kept)), coverage=_without(usage.coverage, lost))


_DIGEST_LENGTH: Final = 64


def _without(coverage: pa.Table, lost: Counter[tuple[str, str]]) -> pa.Table:
    """The coverage with fewer records in its rows without a day, and without rows that become empty."""
    rows = table_rows(coverage, ("account", "region", "day", "category", "event_source", "records"))
    counts = [
        count - (lost[account, region] if day is None and not category and not source else 0)
        for account, region, day, category, source, count in rows
    ]
    at = COVERAGE_SCHEMA.get_field_index("records")
    changed = coverage.set_column(at, COVERAGE_SCHEMA.field(at), integer_column(counts))
    return changed.filter(flag_column([count > 0 for count in counts]))
