"""The usage tables: what principals were seen to do, what was skipped and why, and what the logs covered.

All three are aggregates that merge: `merge_usage` of any parts in any order gives the same tables, row for row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from lpgen.core.model import ResourceKind
from lpgen.core.usage.columns import empty_table
from lpgen.core.usage.table_merge import Reduction, TableShape, collapse_groups, merge_tables

SCHEMA_VERSION: Final = 2
"""The version of the three schemas; a data folder of another version is refused."""

OVERFLOW_LIMIT: Final = 10_000
"""How many distinct resources of one principal, action and outcome are kept apart."""

_MOMENT: Final = pa.timestamp("ms", "UTC")

USAGE_SCHEMA: Final = pa.schema(
    [
        pa.field("principal", pa.string(), nullable=False),
        pa.field("principal_id", pa.string(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("recipient_account", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("day", pa.date32()),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("event_name", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("resource", pa.string(), nullable=False),
        pa.field("resource_kind", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("error_code", pa.string(), nullable=False),
        pa.field("denial_kind", pa.string(), nullable=False),
        pa.field("how", pa.string(), nullable=False),
        pa.field("invoked_by", pa.string(), nullable=False),
        pa.field("service_session", pa.bool_(), nullable=False),
        pa.field("vpc_endpoint", pa.string(), nullable=False),
        pa.field("context", pa.string(), nullable=False),
        pa.field("first_seen", _MOMENT),
        pa.field("last_seen", _MOMENT),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("example_event_id", pa.string(), nullable=False),
        pa.field("example_resource", pa.string(), nullable=False),
    ]
)
"""One row per key: the columns up to `context`, in which order the rows are sorted.

A record gives a row for each pair of action and folded resource that its call needs, whatever its outcome. Text is ""
where the record says nothing. Times are UTC; `day`, `first_seen` and `last_seen` are null where the record has no
time, and nulls sort first.

- `principal`, `principal_id`, `account`: ARN, `AROA…` or `AIDA…` id, and account of the caller; `recipient_account`:
  the account whose trail holds the record; `region`: the record's.
- `category`: a `Category`; `outcome`: an `Outcome`; `denial_kind`: a `DenialKind`; `resource_kind`: a `ResourceKind`.
- `resource`: an ARN, a glob where the kind is `fold`, `*` for the other kinds.
- `error_code`: as the service spells it; `how`: `observed` or an inference rule's name.
- `invoked_by`: the service that called with the principal's session; `service_session`: an AWS service assumed the
  role; `vpc_endpoint`: its id.
- `context`: condition values as a canonical JSON object of sorted lists (see `lpgen.core.usage.context`), and
  what KMS grants say (`lpgen.core.events.key_grants`).
- `records`: how many records, at least 1; in an overflow row a record counts once per resource.
- `example_event_id`, `example_resource`: of the record that is least by time (unknown last), event id and resource;
  the resource is not folded, so its `*` and `?` are literal.
"""

SKIPS_SCHEMA: Final = pa.schema(
    [
        pa.field("reason", pa.string(), nullable=False),
        pa.field("principal", pa.string(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("event_name", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("first_seen", _MOMENT),
        pa.field("last_seen", _MOMENT),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("example_event_id", pa.string(), nullable=False),
        pa.field("example_source", pa.string(), nullable=False),
        pa.field("example_position", pa.string(), nullable=False),
    ]
)
"""One row per key: the columns up to `detail`, in which order the rows are sorted.

`reason` is a `SkipReason`. `account` is the account whose trail holds the record. `detail` says more in bounded text.
`records` counts records, but for `unreadable_file` and `not_cloudtrail` files, or parts of files that hold no record;
an aggregated event counts in a row without principal, and each caller that it names has a row with 0 beside it.
`example_source` is the SHA-256 of the file and `example_position` the place in it (`record 3`, `line 7`); the example
is the least by time (unknown last), event id, source and position. Times as in `USAGE_SCHEMA`.
"""

COVERAGE_SCHEMA: Final = pa.schema(
    [
        pa.field("account", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("day", pa.date32()),
        pa.field("category", pa.string(), nullable=False),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("usage_records", pa.int64(), nullable=False),
        pa.field("read_only", pa.int64(), nullable=False),
        pa.field("writing", pa.int64(), nullable=False),
    ]
)
"""One row per key: the columns up to `event_source`, in which order the rows are sorted.

`account` is the account whose trail holds the records; `day` is UTC, null (sorted first) where the record has no time.
`category` is a `Category`, or "" for what is none. `event_source` is set for data events alone.
`records` counts every record read; `usage_records` those that became usage; `read_only` and `writing` those that say
`readOnly` true or false, which trails may select by. Records outside the window, and bad ones
of which nothing could be read, say nothing of any day: they count in rows without day and category.
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """The three tables, sorted by key, with the texts of their keys as dictionaries where there are rows.

    INVARIANT: records read = records that became usage + records skipped.
    """

    table: pa.Table
    skips: pa.Table
    coverage: pa.Table


EMPTY_USAGE: Final = Usage(empty_table(USAGE_SCHEMA), empty_table(SKIPS_SCHEMA), empty_table(COVERAGE_SCHEMA))

USAGE_SHAPE: Final = TableShape(
    USAGE_SCHEMA,
    keys=tuple(USAGE_SCHEMA.names[:20]),
    example=("first_seen", "example_event_id", "example_resource"),
    reductions=(("last_seen", Reduction.MAX), ("records", Reduction.SUM)),
)

SKIPS_SHAPE: Final = TableShape(
    SKIPS_SCHEMA,
    keys=tuple(SKIPS_SCHEMA.names[:8]),
    example=("first_seen", "example_event_id", "example_source", "example_position"),
    reductions=(("last_seen", Reduction.MAX), ("records", Reduction.SUM)),
)

COVERAGE_SHAPE: Final = TableShape(
    COVERAGE_SCHEMA,
    keys=tuple(COVERAGE_SCHEMA.names[:5]),
    example=(),
    reductions=tuple((name, Reduction.SUM) for name in COVERAGE_SCHEMA.names[5:]),
)


def merge_usage(parts: Iterable[Usage], *, limit: int = OVERFLOW_LIMIT) -> Usage:
    """One usage from many: associative, commutative, with `EMPTY_USAGE` as identity.

    Above `limit` distinct resources of one principal, action and outcome, all rows of the three become overflow rows;
    a part that holds such a row makes them so too. Outcomes are counted apart so that refused calls, which anyone can
    make, never blur what was allowed.
    """
    found = tuple(parts)
    table = merge_tables([part.table for part in found], USAGE_SHAPE)
    return Usage(
        _with_overflow(table, limit),
        merge_tables([part.skips for part in found], SKIPS_SHAPE),
        merge_tables([part.coverage for part in found], COVERAGE_SHAPE),
    )


def _with_overflow(table: pa.Table, limit: int) -> pa.Table:
    """The table with the rows of crowded groups collapsed."""
    if table.num_rows == 0:
        return table
    collapsed = collapse_groups(
        table,
        group=("principal", "action", "outcome"),
        members=("resource_kind", "resource"),
        collapsed=(ResourceKind.OVERFLOW.value, "*"),
        limit=limit,
    )
    return table if collapsed is table else merge_tables([collapsed], USAGE_SHAPE)


class UsageSum:
    """A running merge of many parts, whose memory follows the merged tables and not the number of parts."""

    def __init__(self) -> None:
        self._parts: list[Usage] = []
        self._merged_rows = 0
        self._pending_rows = 0

    def add(self, part: Usage) -> None:
        """Adds a part; merges whenever as many rows are waiting as are merged, so that each is merged a few times."""
        self._parts.append(part)
        self._pending_rows += part.table.num_rows + part.skips.num_rows + part.coverage.num_rows
        if self._pending_rows > max(self._merged_rows, _MIN_PENDING_ROWS):
            self.total()

    def total(self) -> Usage:
        """All parts merged."""
        merged = merge_usage(self._parts)
        self._parts = [merged]
        self._merged_rows = merged.table.num_rows + merged.skips.num_rows + merged.coverage.num_rows
        self._pending_rows = 0
        return merged


_MIN_PENDING_ROWS: Final = 50_000


def count_used_records(usage: Usage) -> int:
    """How many of the records read became usage, of any outcome."""
    return _total(usage.coverage, "usage_records")


def count_records(usage: Usage) -> int:
    """How many records were read."""
    return _total(usage.coverage, "records")


def _total(table: pa.Table, name: str) -> int:
    return sum(table.column(name).to_pylist())
