"""The counts of a tally as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from lpgen.core.cloudtrail.caller import name_in_skips
from lpgen.core.model import CallerKind, Category, SkipReason
from lpgen.core.usage.columns import empty_table, flag_column, integer_column, is_text, text_column, time_column
from lpgen.core.usage.contribution import MAX_TEXT_LENGTH, Contribution, RowKey
from lpgen.core.usage.event_time import NO_TIME
from lpgen.core.usage.evidence_tally import EvidenceRows, EvidenceTally, add_evidence
from lpgen.core.usage.mapping_cache import KnownCaller
from lpgen.core.usage.tables import (
    ACTIVITY_SCHEMA,
    ASSUMPTIONS_SCHEMA,
    COVERAGE_SCHEMA,
    NETWORKS_SCHEMA,
    RESOURCE_CALLERS_SCHEMA,
    SIGNS_SCHEMA,
    SKIPS_SCHEMA,
    TAGS_SCHEMA,
    USAGE_SCHEMA,
    Usage,
)
from lpgen.core.usage.unbounded_names import MARK

LATE: Final = "~"
"""Sorts after every time. It is the first-seen time if no record has a time."""

_DATA: Final = Category.DATA.value
_ACCESS_LOG: Final = Category.ACCESS_LOG.value

_CountKey = tuple[Contribution, KnownCaller, str]
"""A record's contribution, caller and day. The records of one key either all have a time or none has."""

_SkipKey = tuple[str, str, str, str, str, str, str, str]
_CoverageKey = tuple[str, str, str, str, str]
_ActivityKey = tuple[str, str, str, str]

# Lists of mixed types are the fastest to update: `[records, last, first, example, origins]`, where an example has the
# event id and the end of a name, with source and position between them for a skip; `[first, last, records, event id,
# source, position]`; `[records, usage records, read-only, writing]`; and `[records]`.
ContributionCounts = dict[_CountKey, list[Any]]
SkipRows = dict[_SkipKey, list[Any]]
CoverageRows = dict[_CoverageKey, list[int]]
ActivityRows = dict[_ActivityKey, list[int]]


def usage_from_counts(
    counts: ContributionCounts,
    skips: SkipRows,
    coverage: CoverageRows,
    activity: ActivityRows,
    evidence: EvidenceTally,
) -> Usage:
    """The tables, neither sorted nor merged, from counts by contribution and from rows that are counted already."""
    all_skips = {key: [*row] for key, row in skips.items()}
    all_coverage = {key: [*row] for key, row in coverage.items()}
    all_activity = {key: [*row] for key, row in activity.items()}
    for (found, known, day), (records, last, first, example, _) in counts.items():
        place, call = (found.account, found.region), (found.event_source, found.event_name)
        covered_day = day_of_coverage(day, found.category)
        covered = coverage_key(*place, covered_day, found.category, found.event_source)
        add_coverage(all_coverage, covered, records, is_usage=found.skip is None, read_only=found.read_only)
        add_activity(all_activity, (found.account, covered_day, known.name, found.event_source), records)
        if found.skip is not None:
            who = known.caller.principal_id if found.hides_use else found.assumed or name_in_skips(known.caller)
            key = skip_key(found.skip, who, place, call, found.outcome, found.detail)
            add_skip(all_skips, key, records, (first, *example[:3]), last)
    return Usage(
        _usage_table(counts),
        _table(all_skips, SKIPS_SCHEMA),
        _table(all_coverage, COVERAGE_SCHEMA),
        _table(all_activity, ACTIVITY_SCHEMA),
        signs=_table(evidence.signs(), SIGNS_SCHEMA),
        assumptions=_table(evidence.assumptions, ASSUMPTIONS_SCHEMA),
        networks=_table(evidence.networks(), NETWORKS_SCHEMA),
        resource_callers=_table(_resource_callers(counts), RESOURCE_CALLERS_SCHEMA),
        tags=_table({key: row[:3] for key, row in evidence.tags.items()}, TAGS_SCHEMA),
    )


def _resource_callers(counts: ContributionCounts) -> EvidenceRows:
    """The use of resources by AWS services, other accounts and anonymous callers."""
    rows: EvidenceRows = {}
    for (found, known, day), (records, last, first, example, _) in counts.items():
        if not found.is_foreign:
            continue
        kind = known.caller.kind
        caller = known.caller.account or known.name
        if kind is CallerKind.SERVICE:
            caller = known.name if known.name != kind else ""
        for action, resource, resource_kind in {(key[3], key[4], key[5]) for key, _ in found.rows}:
            whole = (found.account, action, resource, resource_kind, kind._value_, caller, day, found.outcome)
            add_evidence(rows, whole, records, (first, example[0]), last)
    return rows


def add_skip(rows: SkipRows, key: _SkipKey, records: int, example: tuple[str, str, str, str], last: str) -> None:
    """Count records in a row of skips. `example` has the time, event id, source and position of the first record."""
    first = (example[0] or LATE, *example[1:])
    row = rows.get(key)
    if row is None:
        row = rows[key] = [first[0], NO_TIME, 0, *first[1:]]
    elif first < (row[0], row[3], row[4], row[5]):
        row[0], row[3], row[4], row[5] = first
    row[1] = max(row[1], example[0], last)
    row[2] += records


def add_coverage(
    rows: CoverageRows, key: _CoverageKey, records: int, *, is_usage: bool, read_only: bool | None
) -> None:
    """Count records in a row of coverage. `read_only` is their `readOnly`."""
    row = rows.setdefault(key, [0, 0, 0, 0])
    row[0] += records
    if is_usage:
        row[1] += records
    if read_only is not None:
        row[2 if read_only else 3] += records


def add_activity(rows: ActivityRows, key: _ActivityKey, records: int) -> None:
    """Count records of a caller, unless the key has no day."""
    if key[1] != NO_TIME:
        rows.setdefault(key, [0])[0] += records


def day_of_coverage(day: str, category: str) -> str:
    """The day that a record covers. Access logs cover none, because a day without a line shows nothing."""
    return NO_TIME if category == _ACCESS_LOG else day


def coverage_key(account: str, region: str, day: str, category: str, event_source: str) -> _CoverageKey:
    """The key of a coverage row. It has an event source only for data events."""
    return account, region, day, category, event_source if category == _DATA else ""


def skip_key(
    reason: SkipReason, principal: str, place: tuple[str, str], call: tuple[str, str], outcome: str, detail: str
) -> _SkipKey:
    """The key of a row of skips; `place` is account and Region, `call` source and name. Long texts are cut."""
    source, name = call
    return (
        reason.value,
        principal,
        *place,
        source[:MAX_TEXT_LENGTH],
        name[:MAX_TEXT_LENGTH],
        outcome,
        detail[:MAX_TEXT_LENGTH],
    )


def _usage_table(counts: ContributionCounts) -> pa.Table:
    places: dict[tuple[KnownCaller, str, str], int] = {}
    days: dict[str, int] = {}
    positions: dict[int, int] = {}  # by identity, because hashing so much text is slow
    parts: list[RowKey] = []
    rows: list[tuple[Any, ...]] = []
    for (contribution, known, day), (records, last, first, example, _) in counts.items():
        if not (contribution.rows and contribution.gives_usage):
            continue
        place = places.setdefault((known, contribution.account, contribution.region), len(places))
        on = days.setdefault(day, len(days))
        for row_key, resources in contribution.rows:
            at = positions.get(id(row_key))
            if at is None:
                at = positions[id(row_key)] = len(parts)
                parts.append(row_key)
            event_id, end = example[0], example[-1]
            resource = resources[0]
            if end and resource.endswith(MARK):
                resource = resource[:-1] + end
            rows.append((place, on, at, first, last, records, event_id, resource))
    if not rows:
        return empty_table(USAGE_SCHEMA)
    at_place, at_day, at_key, *values = zip(*rows, strict=True)
    callers = [(caller.caller, account, region) for caller, account, region in places]
    before = [
        (caller.principal or caller.principal_id, caller.principal_id, caller.account, account, region)
        for caller, account, region in callers
    ]
    kinds = [field.type for field in USAGE_SCHEMA]
    arrays = [
        *_spread(before, at_place, kinds[:5]),
        *_spread([(day,) for day in days], at_day, kinds[5:6]),
        *_spread(parts, at_key, kinds[6:21]),
        *(_column(column, kind) for column, kind in zip(values, kinds[21:], strict=True)),
    ]
    fields = [field.with_type(array.type) for field, array in zip(USAGE_SCHEMA, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _spread(parts: Sequence[tuple[Any, ...]], at: Sequence[int], kinds: Sequence[pa.DataType]) -> Iterator[pa.Array]:
    """The columns of parts of keys, with texts as dictionaries. `at` has the number of the part for each row."""
    places = integer_column(at)
    for values, kind in zip(zip(*parts, strict=True), kinds, strict=True):
        column = _column(values, kind)
        yield (column.dictionary_encode() if is_text(kind) else column).take(places)


def _table(rows: Mapping[Any, Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """The table whose columns are the parts of the key, then the items of the list."""
    if not rows:
        return empty_table(schema)
    columns = [*zip(*rows.keys(), strict=True), *zip(*rows.values(), strict=True)]
    arrays = [_column(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return text_column(values)
    if pa.types.is_boolean(kind):
        return flag_column(values)
    if pa.types.is_int64(kind):
        return integer_column(values)
    return time_column([NO_TIME if value == LATE else value for value in values], kind)
