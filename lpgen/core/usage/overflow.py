"""Limits of the tables: the rows of a group with too many distinct values become overflow rows.

Each table may have two limits, an outer and an inner one, whose group is the outer group and its members. A value of
the outer member can only have an overflow of the inner members if the group of all overflown values has one too.
Therefore it doesn't matter in which order parts are merged. Outcomes are counted separately, because anyone can make
denied calls, and they must not hide allowed ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from lpgen.core.model import Outcome, ResourceKind
from lpgen.core.usage.columns import column_values, flag_column
from lpgen.core.usage.table_merge import TableShape, collapse_groups, merge_tables

OVERFLOW_LIMIT: Final = 10_000
"""The most distinct resources to keep for one principal, action, outcome and error code."""

FEW: Final = 1_000
"""The most distinct values of anything that callers choose. A large team with one role stays below it."""

ANY: Final = "*"
"""The value of an overflow row in the columns that it doesn't distinguish, if it has one there."""

NETWORK_LIMIT: Final = 32
"""The most networks to keep for one principal, day, kind, VPC endpoint and family of programs."""

_OVERFLOW: Final = "overflow"


@dataclass(frozen=True, slots=True)
class _Limit:
    """The most distinct members of a `group`. `collapsed` has the members, and their values in overflow rows.
    `allows_all` exempts allowed calls, because nobody can make up a role that AWS lets them assume."""

    group: tuple[str, ...]
    collapsed: Mapping[str, str]
    limit: int = FEW
    allows_all: bool = False


_REQUEST: Final = dict.fromkeys(
    (
        *("role_id", "principal", "principal_id", "caller_account", "service", "provider", "subject", "audience"),
        *("external_id", "source_account", "source_arn", "session_name", "session_tags", "source_identity", "mfa"),
        "error_code",
    ),
    "",
)
_USE: Final = ("account", "action", "outcome", "caller_kind")
_CALL: Final = ("principal", "account", "event_source", "event_name")
_SIGN: Final = ("principal", "action", "kind")
_ALLOWED: Final = frozenset({Outcome.ALLOWED.value})
_RESOURCE: Final = {"resource_kind": ResourceKind.OVERFLOW.value, "resource": ANY}

_LIMITS: Final[Mapping[str, tuple[_Limit, ...]]] = {
    "usage": (_Limit(("principal", "action", "outcome", "error_code"), _RESOURCE, OVERFLOW_LIMIT),),
    "assumptions": (
        _Limit(("account", "method", "outcome"), {"role": ANY}, allows_all=True),
        _Limit(("account", "method", "outcome", "role"), {"caller_kind": _OVERFLOW, **_REQUEST}),
    ),
    "networks": (
        _Limit(("principal", "day", "network_kind", "vpc_endpoint", "agent"), {"network": ANY}, NETWORK_LIMIT),
    ),
    "resource_callers": (_Limit(_USE, {"caller": ANY}), _Limit((*_USE, "caller"), _RESOURCE)),
    "signs": (_Limit(_SIGN, {"resource": ANY}), _Limit((*_SIGN, "resource"), {"detail": ANY})),
    "tags": (_Limit(_CALL, {"tag_key": ANY}), _Limit((*_CALL, "tag_key"), {"tag_value": ANY})),
}


def collapse_overflow(name: str, table: pa.Table, shape: TableShape, *, limit: int) -> pa.Table:
    """The table of this name with overflow rows for all groups above a limit. `limit` lowers all limits."""
    for each in _LIMITS.get(name, ()):
        most = min(limit, each.limit)
        if not _may_overflow(table, each, most):
            continue
        parts = divide_rows(table, "outcome", _ALLOWED) if each.allows_all else (table,)
        if parts[0].num_rows == 0:
            continue
        collapsed = collapse_groups(
            parts[0],
            group=each.group,
            members=tuple(each.collapsed),
            collapsed=tuple(each.collapsed.values()),
            limit=most,
        )
        if collapsed is not parts[0]:
            table = merge_tables([collapsed, *parts[1:]], shape)
    return table


def _may_overflow(table: pa.Table, each: _Limit, limit: int) -> bool:
    """Whether a group may be too large or hold an overflow row. Small tables need no closer look."""
    if table.num_rows == 0 or table.num_rows > limit:
        return bool(table.num_rows)
    name, value = next(iter(each.collapsed.items()))
    return any(value in chunk.dictionary.to_pylist() for chunk in table.column(name).chunks)


def divide_rows(table: pa.Table, column: str, values: frozenset[str]) -> tuple[pa.Table, pa.Table]:
    """The rows without any of these values in a column, and those with one."""
    has_one = [value in values for value in column_values(table.column(column))]
    return table.filter(flag_column([not flag for flag in has_one])), table.filter(flag_column(has_one))
