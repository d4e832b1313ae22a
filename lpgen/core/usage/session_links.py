"""Links calls to the subjects of web identities, by the id of the session's key.

Only the request for a session names the subject, such as a service account. The session's calls have its key, and a
name that the program chose, which often is only a time. The request and the calls may be in different files, so tables
keep keys until both are merged. The limits count only what stays the same when a call is linked, so it doesn't matter
in which order parts are merged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import isqrt
from typing import Any, Final

import pyarrow as pa

from lpgen.core.usage.columns import column_values, flag_column, table_rows
from lpgen.core.usage.overflow import ANY, FEW, OVERFLOW_LIMIT
from lpgen.core.usage.sign_kinds import LINK_KINDS, SignKind
from lpgen.core.usage.table_merge import TableShape, merge_tables

_Row = tuple[Any, ...]
_PART: Final = re.compile("[^:/]*[:/]")
_CUT: Final = (":*", "/*")
_MOST_ROWS: Final = 200_000
"""The most keys times uses of one role. Calls without a request would have so many rows."""


def link_detail(first: str, second: str) -> str:
    """The detail of a row: a key and a name, or a name and a subject. The first has no space."""
    return f"{first} {second}"


def split_detail(detail: str) -> tuple[str, str]:
    """Both parts of a detail."""
    first, _, second = detail.partition(" ")
    return first, second


def link_sessions(signs: pa.Table, shape: TableShape, *, limit: int) -> pa.Table:
    """The table of signs with a subject for each call whose request is in the table too.

    Too many subjects of a role, or two of one key, are cut to the parts that leave few enough, such as
    `repo:o/app:ref:refs/heads/*`. A role with too many keys, uses or names, or whose subjects have no equal part,
    has session names instead, and a mark. `limit` lowers all limits.
    """
    is_link = [kind in LINK_KINDS for kind in column_values(signs.column("kind"))]
    if not any(is_link):
        return signs
    by_role: dict[str, list[_Row]] = defaultdict(list)
    for row in table_rows(signs.filter(flag_column(is_link)), shape.schema.names):
        by_role[row[0]].append(row)
    linked = [row for role, rows in by_role.items() for row in _linked(role, rows, limit)]
    columns = zip(*linked, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, shape.schema, strict=True)]
    others = signs.filter(flag_column([not flag for flag in is_link]))
    return merge_tables([others, pa.Table.from_arrays(arrays, schema=shape.schema)], shape)


def _linked(role: str, rows: Sequence[_Row], limit: int) -> Iterable[_Row]:
    """The rows of a role with subjects, or with names if there is too much of anything."""
    issued: dict[str, set[str]] = defaultdict(set)
    uses, names, keys = set[tuple[str, str]](), set[str](), set[str]()
    for _, action, resource, kind, detail, *_ in rows:
        if kind == SignKind.ISSUED:
            issued[detail].add(resource)
            continue
        first, second = split_detail(detail)
        uses.add((action, resource))
        names.add(second if kind == SignKind.KEY else first)
        keys.update([first] if kind == SignKind.KEY else [])
    most_keys, most_uses = min(limit, OVERFLOW_LIMIT), min(limit, FEW)
    most_names = isqrt(most_uses)  # as each name may have each subject
    all_keys = len(keys | issued.keys())
    is_crowded = all_keys > most_keys or len(uses) > most_uses or len(names) > most_names
    is_crowded |= all_keys * len(uses) > _MOST_ROWS
    parts = 0 if is_crowded or ANY in issued else _parts_to_keep(issued, most_names)
    return (_with_subject(row, issued, parts) for row in rows) if parts else _by_name(role, rows)


def _parts_to_keep(issued: Mapping[str, Collection[str]], most: int) -> int:
    """How many parts of subjects leave at most so many, and one for each key. Some may be cut already."""
    found = set().union(*issued.values())
    whole = max(map(_parts, found), default=0) + 1
    parts = min((_parts(subject) for subject in found if subject.endswith(_CUT)), default=whole)
    while parts and (
        len({_cut(subject, parts) for subject in found}) > most
        or any(len({_cut(subject, parts) for subject in of_key}) > 1 for of_key in issued.values())
    ):
        parts -= 1
    return parts


def _parts(subject: str) -> int:
    return len(_PART.findall(subject))


def _cut(subject: str, parts: int) -> str:
    """The first parts of a subject and `*`; all of it if it has no more."""
    found = _PART.findall(subject)
    return "".join(found[:parts]) + ANY if len(found) >= parts else subject


def _with_subject(row: _Row, issued: Mapping[str, Collection[str]], parts: int) -> _Row:
    role, action, resource, kind, detail, *rest = row
    first, second = split_detail(detail)
    if kind == SignKind.ISSUED:
        return (role, action, _cut(resource, parts), kind, detail, *rest)
    if kind == SignKind.SUBJECT:
        return (role, action, resource, kind, link_detail(first, _cut(second, parts)), *rest)
    if first not in issued:
        return row
    subject = _cut(next(iter(issued[first])), parts)
    return (role, action, resource, SignKind.SUBJECT.value, link_detail(second, subject), *rest)


def _by_name(role: str, rows: Iterable[_Row]) -> Iterator[_Row]:
    """The rows with names in place of keys and subjects, and the mark, which keeps later rows from being linked."""
    for row in rows:
        _, action, resource, kind, detail, *rest = row
        if kind != SignKind.ISSUED:
            name = split_detail(detail)[kind == SignKind.KEY]
            yield (role, action, resource, SignKind.NAME.value, name, *rest)
        yield (role, "", ANY, SignKind.ISSUED.value, ANY, *rest)
