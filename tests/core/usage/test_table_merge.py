"""Merging tables, against the same done row by row."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.usage.columns import unpack_texts
from lpgen.core.usage.table_merge import Reduction, TableShape, collapse_groups, merge_tables

_LARGE = 2**61

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("day", pa.date32()),
        pa.field("far", pa.int64(), nullable=False),
        pa.field("flag", pa.bool_(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("first", pa.int64()),
        pa.field("example", pa.string(), nullable=False),
        pa.field("last", pa.timestamp("ms", "UTC")),
        pa.field("last_day", pa.date32()),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
KEYS = ("name", "day", "far", "flag", "kind")
SHAPE = TableShape(
    SCHEMA, KEYS, ("first", "example"), (("last", Reduction.MAX), ("last_day", Reduction.MAX), ("count", Reduction.SUM))
)

_ROWS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["", "a", "ab", "b", "é", "\U0001f600"]),
        "day": st.none() | st.sampled_from([-3, 0, 19_000]),
        "far": st.sampled_from([-_LARGE, -1, 0, 1, _LARGE]),
        "flag": st.booleans(),
        "kind": st.sampled_from(["x", "y"]),
        "first": st.none() | st.integers(0, 3),
        "example": st.sampled_from(["p", "q", "r"]),
        "last": st.none() | st.integers(0, 3),
        "last_day": st.none() | st.integers(-3, 3),
        "count": st.integers(1, 5),
    }
)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    columns = []
    for field in SCHEMA:
        values = [row[field.name] for row in rows]
        if pa.types.is_date32(field.type):
            columns.append(pa.array(values, pa.int32()).cast(field.type))
        elif pa.types.is_timestamp(field.type):
            columns.append(pa.array(values, pa.int64()).cast(field.type))
        else:
            columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def nulls_first(value: Any) -> tuple[bool, Any]:
    return value is not None, value if value is not None else 0


def nulls_last(value: Any) -> tuple[bool, Any]:
    return value is None, value if value is not None else 0


def merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in KEYS), []).append(row)
    found = []
    for key in sorted(groups, key=lambda key: tuple(nulls_first(value) for value in key)):
        group = groups[key]
        example = min(group, key=lambda row: (nulls_last(row["first"]), row["example"]))
        last, last_day = (max((row[name] for row in group), key=nulls_first) for name in ("last", "last_day"))
        found.append({**example, "last": last, "last_day": last_day, "count": sum(row["count"] for row in group)})
    return found


@settings(deadline=None)
@given(st.lists(_ROWS, max_size=40), st.integers(0, 40))
def test_merge_tables_does_what_a_merge_row_by_row_does(rows: list[dict[str, Any]], cut: int) -> None:
    found = merge_tables([table(rows[:cut]), table(rows[cut:])], SHAPE)
    assert unpack_texts(found, SHAPE.schema).equals(table(merged(rows)))


@settings(deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=40), st.integers(0, 4))
def test_collapse_groups_collapses_exactly_the_crowded(rows: list[dict[str, Any]], limit: int) -> None:
    members: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        members.setdefault(row["name"], set()).add((row["kind"], row["example"]))
    crowded = {name for name, found in members.items() if len(found) > limit or ("y", "r") in found}
    expected = [{**row, "kind": "y", "example": "r"} if row["name"] in crowded else row for row in rows]
    found = collapse_groups(
        table(rows), group=("name",), members=("kind", "example"), collapsed=("y", "r"), limit=limit
    )
    assert found.equals(table(expected))
