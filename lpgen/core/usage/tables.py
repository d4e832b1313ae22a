"""The usage tables: the actions of principals, skipped records and why, the coverage of the logs, and evidence about
callers.

Every table is an aggregate that merges: `merge_usage` of any parts in any order gives the same tables, row for row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Final

import pyarrow as pa

from lpgen.core.model import SkipReason
from lpgen.core.usage.columns import empty_table, table_rows, unpack_texts
from lpgen.core.usage.overflow import OVERFLOW_LIMIT, collapse_overflow
from lpgen.core.usage.session_links import link_sessions
from lpgen.core.usage.table_merge import Reduction, TableShape, merge_tables

SCHEMA_VERSION: Final = 4
"""The version of all schemas. lpgen refuses data folders of other versions."""

_TEXT: Final = pa.string()
_COUNT: Final = pa.int64()
_DAY: Final = pa.date32()
_SPAN: Final = [pa.field(name, pa.timestamp("ms", "UTC")) for name in ("first_seen", "last_seen")]


def _fields(kind: pa.DataType, *names: str) -> list[pa.Field]:
    """Columns without nulls."""
    return [pa.field(name, kind, nullable=False) for name in names]


USAGE_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "principal", "principal_id", "account", "recipient_account", "region"),
        pa.field("day", _DAY),
        *_fields(_TEXT, "event_source", "event_name", "category", "action", "resource", "resource_kind", "outcome"),
        *_fields(_TEXT, "error_code", "denial_kind", "denied_by", "how", "invoked_by"),
        *_fields(pa.bool_(), "service_session"),
        *_fields(_TEXT, "vpc_endpoint", "context"),
        *_SPAN,
        *_fields(_COUNT, "records"),
        *_fields(_TEXT, "example_event_id", "example_resource"),
    ]
)
"""One row per key: the columns up to `context`; rows are sorted in this order.

A record has a row for each pair of action and folded resource that its call needs, whatever its outcome. Text is "" if
the record has no value. Times are UTC. `day`, `first_seen` and `last_seen` are null if the record has no time, and
nulls sort first.

- `principal`, `principal_id`, `account`: ARN, `AROA…` or `AIDA…` id, and account of the caller; `recipient_account`:
  the account whose trail holds the record; `region`: the record's Region.
- `category`: a `Category`; `outcome`: an `Outcome`; `denial_kind`: a `DenialKind`; `resource_kind`: a `ResourceKind`.
- `resource`: an ARN, a glob if the kind is `fold`, `*` for the other kinds.
- `error_code`: as the service spells it; `denied_by`: the ARN of the policy that the denial message names; `how`:
  `observed` or an inference rule's name.
- `invoked_by`: the service that called with the principal's session; `service_session`: an AWS service assumed the
  role; `vpc_endpoint`: its id.
- `context`: condition values as a canonical JSON object of sorted lists (see `lpgen.core.usage.contribution`), and
  further facts from records of KMS (`lpgen.core.cloudtrail.kms_context`).
- `records`: how many records, at least 1; in an overflow row a record counts once per resource.
- `example_event_id`, `example_resource`: from the first record by time (unknown last), event id and resource. The
  resource is not folded, so its `*` and `?` are literal.
"""

SKIPS_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "reason", "principal", "account", "region", "event_source", "event_name", "outcome", "detail"),
        *_SPAN,
        *_fields(_COUNT, "records"),
        *_fields(_TEXT, "example_event_id", "example_source", "example_position"),
    ]
)
"""One row per key: the columns up to `detail`; rows are sorted in this order.

`reason` is a `SkipReason`. `principal` is the caller, or the role that an AWS service assumed; `detail` then names the
service. `account` is the account whose trail holds the record. `detail` is further text of limited length.
`records` counts records. For `unreadable_file` and `not_cloudtrail` it counts files, or parts of files without records.
An aggregated event counts in a row without principal, and each caller that it names has another row with 0 records.
`example_source` is the SHA-256 of the file and `example_position` the place in it (`record 3`, `line 7`). The example
is the first by time (unknown last), event id, source and position. Times as in `USAGE_SCHEMA`.
"""

COVERAGE_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "account", "region"),
        pa.field("day", _DAY),
        *_fields(_TEXT, "category", "event_source"),
        *_fields(_COUNT, "records", "usage_records", "read_only", "writing"),
    ]
)
"""One row per key: the columns up to `event_source`; rows are sorted in this order.

`account` is the account whose trail holds the records. `day` is UTC, null (sorted first) if the record has no time.
`category` is a `Category`, or "" for anything else. `event_source` is set only for data events. `records` counts every
record read, `usage_records` the records that became usage, and `read_only` and `writing` the records with `readOnly`
true or false, which trails may select by. Records outside the window, and bad records without any readable field, show
nothing about any day, so they count in rows without day and category.
"""

ACTIVITY_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "account"),
        *_fields(_DAY, "day"),
        *_fields(_TEXT, "caller", "event_source"),
        *_fields(_COUNT, "records"),
    ]
)
"""The calls of each caller by service and day. One row per key: the columns up to `event_source`, which sort the rows.

It counts every record that counts for a day in the coverage, usage or not. `account` is the account whose trail holds
the record, and `day` is UTC. `caller` is the ARN of the role or user, the service principal (such as
`config.amazonaws.com`) if an AWS service called, or otherwise the caller's `CallerKind`.
"""

SIGNS_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "principal", "action", "resource", "kind", "detail"),
        *_SPAN,
        *_fields(_COUNT, "records"),
    ]
)
"""How users call: with which keys, from where, with which programs, and when they sign in. And which sessions of a
role use what. One row per key: the columns up to `detail`, which sort the rows.

`principal` is the user's ARN, `action` is "", and `kind` a `SignKind`. For calls, `resource` is the id of the access
key, or "" for temporary credentials and the console. `detail` is a UTC day, a network as in `NETWORKS_SCHEMA`, a
program as in `lpgen.core.cloudtrail.origin.program_of_agent`, or whether a sign-in used MFA. Times as in
`USAGE_SCHEMA`.

For sessions, `principal` (the role), `action` and `resource` are as in `USAGE_SCHEMA`, or both "" for all calls. Denied
calls don't count. `detail` is what `lpgen.core.usage.evidence_tally.session_group` returns, with a subject in place of
the key if `lpgen.core.usage.session_links` knows it. `*` marks an overflow, so a resource or a name that is only `*` is
"".
"""

ASSUMPTIONS_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "role", "role_id", "account"),
        *_fields(_DAY, "day"),
        *_fields(_TEXT, "method", "caller_kind", "principal", "principal_id", "caller_account", "service"),
        *_fields(_TEXT, "provider", "subject", "audience", "external_id", "source_account", "source_arn"),
        *_fields(_TEXT, "session_name", "session_tags", "source_identity", "mfa", "outcome", "error_code"),
        *_SPAN,
        *_fields(_COUNT, "records"),
        *_fields(_TEXT, "example_event_id"),
    ]
)
"""Requests for sessions of roles, failed ones too. One row per key: the columns up to `error_code`, which sort the
rows. Text is "" if the record doesn't say, and has at most 256 characters, ARNs and tags 2,048.

- `role`: the ARN of the role, as the request has it; if a denied record has no request, the ARN in the error message;
  otherwise as `lpgen.core.cloudtrail.assumption` says. `role_id`: the `AROA...` id in the answer. `account`: the
  account whose trail holds the record.
- `method`: an `AssumptionMethod`; `outcome`: an `Outcome`; `error_code`: as the service spells it.
- `caller_kind`: a `CallerKind`, or `overflow` (`lpgen.core.usage.overflow`). `principal`, `principal_id`,
  `caller_account`: the caller as in `USAGE_SCHEMA`. `service`: the service principal that asked.
- `provider`: the ARN or host of the identity provider; `subject`, `audience`: what it says about the caller.
- `external_id`, `session_name` (digits and hexadecimal numbers become `*`) and `session_tags` (a canonical JSON object
  from key to value) are from the request. `source_identity` is `yes` if the session has one.
- `source_account`, `source_arn`: the resource for which a service asked. Older records, and the tables in Athena that
  AWS documents, don't say it.
- `mfa`: whether the caller used MFA, for its own session or for this request: `true` or `false`.
- The example is the first record by time, then event id.
"""

NETWORKS_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "principal"),
        *_fields(_DAY, "day"),
        *_fields(_TEXT, "network", "network_kind", "vpc_endpoint", "agent"),
        *_fields(_COUNT, "records"),
    ]
)
"""The networks and programs that a caller called from. One row per key: the columns up to `agent`, which sort the rows.

`principal` is the `caller` of `ACTIVITY_SCHEMA`, and `day` is UTC. `network` is an IPv4 network of 24 bits, an IPv6
network of 48 bits, the name of an AWS service that called, `*` for too many networks, or "". `network_kind` is a
`NetworkKind`, `vpc_endpoint` the endpoint's id, and `agent` an `AgentFamily`.
"""

_POPULATION_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "type", "account", "region", "resource"),
        *_fields(_DAY, "first_day", "last_day"),
    ]
)
"""Which resources exist. One row per key: the columns up to `resource`, which sort the rows.

`first_day` and `last_day` are the UTC days on which a record shows the resource. Nothing fills it yet.
"""

RESOURCE_CALLERS_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "account", "action", "resource", "resource_kind", "caller_kind", "caller"),
        *_fields(_DAY, "day"),
        *_fields(_TEXT, "outcome"),
        *_SPAN,
        *_fields(_COUNT, "records"),
        *_fields(_TEXT, "example_event_id"),
    ]
)
"""Use of resources by AWS services, other accounts and anonymous callers. One row per key: the columns up to `outcome`,
which sort the rows.

`account` is the account whose trail holds the record, and `day` is UTC. `action`, `resource`, `resource_kind`,
`outcome`, `records` and the example are as in `USAGE_SCHEMA`. `caller` is the service principal, the account id,
`anonymous`, or "" if the record doesn't say.
"""

TAGS_SCHEMA: Final = pa.schema(
    [
        *_fields(_TEXT, "principal", "account", "event_source", "event_name", "tag_key", "tag_value"),
        *_SPAN,
        *_fields(_COUNT, "records"),
    ]
)
"""The tags that allowed calls set. One row per key: the columns up to `tag_value`, which sort the rows.

`principal` is the `caller` of `ACTIVITY_SCHEMA`, and `account` the account whose trail holds the record.
"""


def _shape(schema: pa.Schema, *, keys: int, example: tuple[str, ...] = ()) -> TableShape:
    """A shape whose first columns are the key. Of the columns that are neither key nor example, counts are summed, and
    times become the latest time."""
    rest = [field for field in list(schema)[keys:] if field.name not in example]
    reductions = [(field.name, Reduction.SUM if pa.types.is_int64(field.type) else Reduction.MAX) for field in rest]
    return TableShape(schema, tuple(schema.names[:keys]), example, tuple(reductions))


USAGE_SHAPE: Final = _shape(USAGE_SCHEMA, keys=21, example=("first_seen", "example_event_id", "example_resource"))
SKIPS_SHAPE: Final = _shape(
    SKIPS_SCHEMA, keys=8, example=("first_seen", "example_event_id", "example_source", "example_position")
)

TABLES: Final[Mapping[str, TableShape]] = {
    "usage": USAGE_SHAPE,
    "skips": SKIPS_SHAPE,
    "coverage": _shape(COVERAGE_SCHEMA, keys=5),
    "activity": _shape(ACTIVITY_SCHEMA, keys=4),
    "signs": _shape(SIGNS_SCHEMA, keys=5, example=("first_seen",)),
    "assumptions": _shape(ASSUMPTIONS_SCHEMA, keys=22, example=("first_seen", "example_event_id")),
    "networks": _shape(NETWORKS_SCHEMA, keys=6),
    "population": _shape(_POPULATION_SCHEMA, keys=4, example=("first_day",)),
    "resource_callers": _shape(RESOURCE_CALLERS_SCHEMA, keys=8, example=("first_seen", "example_event_id")),
    "tags": _shape(TAGS_SCHEMA, keys=6, example=("first_seen",)),
}
"""The name and shape of each table, in the order of the fields of `Usage`."""


@dataclass(frozen=True, slots=True)
class Usage:
    """All tables, sorted by key. In tables with rows, the texts of the keys are dictionaries.

    INVARIANT: records read = records that became usage + records skipped.
    """

    table: pa.Table
    skips: pa.Table
    coverage: pa.Table
    activity: pa.Table = field(default_factory=partial(empty_table, ACTIVITY_SCHEMA))
    signs: pa.Table = field(default_factory=partial(empty_table, SIGNS_SCHEMA))
    assumptions: pa.Table = field(default_factory=partial(empty_table, ASSUMPTIONS_SCHEMA))
    networks: pa.Table = field(default_factory=partial(empty_table, NETWORKS_SCHEMA))
    population: pa.Table = field(default_factory=partial(empty_table, _POPULATION_SCHEMA))
    resource_callers: pa.Table = field(default_factory=partial(empty_table, RESOURCE_CALLERS_SCHEMA))
    tags: pa.Table = field(default_factory=partial(empty_table, TAGS_SCHEMA))

    def tables(self) -> dict[str, pa.Table]:
        """Each table by its name in `TABLES`."""
        return {name: getattr(self, field.name) for name, field in zip(TABLES, fields(self), strict=True)}

    @property
    def num_rows(self) -> int:
        """The number of rows of all tables."""
        return sum(table.num_rows for table in self.tables().values())


EMPTY_USAGE: Final = Usage(*(empty_table(shape.schema) for shape in TABLES.values()))


def merge_usage(parts: Iterable[Usage], *, limit: int = OVERFLOW_LIMIT) -> Usage:
    """One usage from many: associative, commutative, with `EMPTY_USAGE` as identity.

    Groups with too many distinct values become overflow rows (`lpgen.core.usage.overflow`): for example all rows of one
    principal, action and outcome if it has more than `limit` resources. They also do if a part holds such a row.
    """
    found = [part.tables() for part in parts]
    merged = {name: merge_tables([tables[name] for tables in found], shape) for name, shape in TABLES.items()}
    signs = link_sessions(merged.pop("signs"), TABLES["signs"], limit=limit)
    limited = {name: collapse_overflow(name, table, TABLES[name], limit=limit) for name, table in merged.items()}
    return Usage(limited.pop("usage"), signs=signs, **limited)


class UsageSum:
    """A running merge of many parts, whose memory depends on the merged tables, not on the number of parts."""

    def __init__(self) -> None:
        self._parts: list[Usage] = []
        self._merged_rows = 0
        self._pending_rows = 0

    def add(self, part: Usage) -> None:
        """Add a part. Parts are merged once more rows are pending than merged, so each row is merged a few times."""
        self._parts.append(part)
        self._pending_rows += part.num_rows
        if self._pending_rows > max(self._merged_rows, _MIN_PENDING_ROWS):
            self.total()

    def total(self) -> Usage:
        """All parts merged."""
        merged = merge_usage(self._parts)
        self._parts = [merged]
        self._merged_rows = merged.num_rows
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


_WITHOUT_RECORD: Final = frozenset({SkipReason.UNREADABLE_FILE, SkipReason.NOT_CLOUDTRAIL})


def is_record_reason(reason: SkipReason) -> bool:
    """Whether skips with this reason are records. The others are files, or parts of files without records."""
    return reason not in _WITHOUT_RECORD


# ---------------------------------------------------------------- laws


_UNEVEN: Final = "{read:,} records were read, but {used:,} became usage and {skipped:,} were skipped"
_HAS_NULLS: Final = "the column `{column}` has nulls"
_NEGATIVE: Final = "a count is negative"
_UNORDERED: Final = "its rows aren't in the order of their keys, or a key occurs twice"


def find_broken_laws(usage: Usage) -> Iterator[tuple[str, str]]:
    """The name of each table that breaks a law, and how it breaks it."""
    for name, table in usage.tables().items():
        yield from ((name, wrong) for wrong in _find_broken_form(table, TABLES[name]))
    read, used, skipped = count_records(usage), count_used_records(usage), _count_skipped_records(usage)
    if read != used + skipped:
        yield "coverage", _UNEVEN.format(read=read, used=used, skipped=skipped)


def _count_skipped_records(usage: Usage) -> int:
    """How many records were skipped, without files and parts of files that hold no record."""
    rows = table_rows(usage.skips, ("reason", "records"))
    return sum(count for reason, count in rows if is_record_reason(reason))


def _find_broken_form(table: pa.Table, shape: TableShape) -> Iterator[str]:
    for column in shape.schema:
        if not column.nullable and table.column(column.name).null_count:
            yield _HAS_NULLS.format(column=column.name)
            return
    counts = [name for name in shape.schema.names if pa.types.is_int64(shape.schema.field(name).type)]
    if any(value < 0 for name in counts for value in table.column(name).to_pylist()):
        yield _NEGATIVE
    if table.num_rows and not unpack_texts(merge_tables([table], shape), shape.schema).equals(
        unpack_texts(table, shape.schema)
    ):
        yield _UNORDERED
