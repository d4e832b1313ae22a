"""Holes that records of an unknown event version leave: what they show of use can't be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

import pyarrow as pa

from lpgen.core.evidence import Hole
from lpgen.core.model import SkipReason
from lpgen.core.usage.columns import column_values, flag_column

_COLUMNS: Final = ("account", "detail", "example_event_id", "records", "first_seen", "last_seen")
_Row = tuple[str, str, int, datetime | None, datetime | None]


def version_holes(skips: pa.Table) -> Mapping[str, Hole]:
    """By account, the days from the first such record in its log to the last; all days where the time of one can't be
    read."""
    found: dict[str, list[_Row]] = defaultdict(list)
    is_one = [reason == SkipReason.UNKNOWN_VERSION for reason in column_values(skips.column("reason"))]
    if not any(is_one):
        return {}
    rows = skips.filter(flag_column(is_one))
    for account, *row in zip(*(column_values(rows.column(name)) for name in _COLUMNS), strict=True):
        detail, event_id, records, first, last = row
        found[account].append((detail, event_id, records, first, last))
    return {account: _hole(rows) for account, rows in found.items()}


def _hole(rows: list[_Row]) -> Hole:
    detail, event_id, *_ = rows[0]
    count = sum(row[2] for row in rows)
    firsts = [date.min if row[3] is None else row[3].date() for row in rows]
    lasts = [date.max if row[4] is None else row[4].date() for row in rows]
    what = "1 record is" if count == 1 else f"{count:,} records are"
    why = f"{what} of a version that this lpgen doesn't know: {detail} (example {event_id})"
    return Hole(min(firsts), max(lasts), why, records=count)
