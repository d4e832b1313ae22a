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
from enum import StrEnum
from math import isqrt
from typing import Final, NamedTuple

import pyarrow as pa

from lpgen.core.usage.columns import integer_column, table_rows, text_column
from lpgen.core.usage.overflow import ANY, FEW, OVERFLOW_LIMIT, collapse_overflow, divide_rows
from lpgen.core.usage.table_merge import TableShape, merge_tables


class SignKind(StrEnum):
    """What a row of the table of signs says about a user's calls with a key or its sign-ins, or about the sessions of a
    role."""

    DAY = "key-day"
    NETWORK = "key-network"
    PROGRAM = "key-program"
    SIGN_IN = "sign-in"  # on a day
    MFA = "sign-in-mfa"  # yes or no
    NAME = "session-name"
    SOURCE_IDENTITY = "session-source-identity"
    RESOURCE = "session-resource"
    SUBJECT = "session-subject"  # a name and a subject
    KEY = "session-key"  # a key and a name: no request for it is known yet
    ISSUED = "session-issued"  # a request: the subject is the resource, and the key the detail
    UNKNOWN = "session-unknown"  # the record has nothing of these


_LINKS: Final = frozenset({SignKind.SUBJECT.value, SignKind.KEY.value, SignKind.ISSUED.value})
_PART: Final = re.compile("[^:/]*[:/]")
_CUT: Final = (":*", "/*")
_MOST_ROWS: Final = 200_000
"""The most rows of a role whose requests aren't in the logs: its keys times its uses."""


class _Row(NamedTuple):
    """A row's number, and its key as in the table of signs."""

    number: int
    principal: str
    action: str
    resource: str
    kind: str
    detail: str


def split_detail(detail: str) -> tuple[str, str]:
    """Both parts of a detail: a key and a name, or a name and a subject. The first has no space."""
    first, _, second = detail.partition(" ")
    return first, second


def link_sessions(signs: pa.Table, shape: TableShape, *, limit: int) -> pa.Table:
    """The table of signs with a subject for each call whose request is in the table too, and with overflow rows.

    Too many subjects of a role, or two of one key, are cut to the parts that leave few enough, such as
    `repo:o/app:ref:refs/heads/*`. A role with too many keys, uses or names, or whose subjects have no equal part,
    has session names instead, and a mark. `limit` lowers all limits.
    """
    others, links = divide_rows(signs, "kind", _LINKS)
    by_role: dict[str, list[_Row]] = defaultdict(list)
    for number, (role, *key) in enumerate(table_rows(links, shape.keys)):
        by_role[role].append(_Row(number, role, *key))
    linked = [row for rows in by_role.values() for row in _linked(rows, limit)]
    if not linked:
        return collapse_overflow("signs", signs, shape, limit=limit)
    # Times and counts stay in Arrow, because Python objects for them cost the most.
    numbers, *keys = zip(*linked, strict=True)
    rest = links.take(integer_column(numbers)).columns[len(keys) :]
    table = pa.Table.from_arrays([*map(text_column, keys), *rest], schema=shape.schema)
    named, links = divide_rows(table, "kind", _LINKS)
    others = collapse_overflow("signs", merge_tables([others, named], shape), shape, limit=limit)
    return merge_tables([others, links], shape)


def _linked(rows: Sequence[_Row], limit: int) -> Iterable[_Row]:
    """The rows of a role with subjects, or with names if there is too much of anything."""
    issued: dict[str, set[str]] = defaultdict(set)
    uses, names, keys = set[tuple[str, str]](), set[str](), set[str]()
    for row in rows:
        if row.kind == SignKind.ISSUED:
            issued[row.detail].add(row.resource)
            continue
        first, second = split_detail(row.detail)
        uses.add((row.action, row.resource))
        if row.kind == SignKind.KEY:
            keys.add(first)
        names.add(second if row.kind == SignKind.KEY else first)
    keys |= issued.keys()
    most_keys, most_uses = min(limit, OVERFLOW_LIMIT), min(limit, FEW)
    most_names = isqrt(most_uses)  # as each name may have each subject
    is_crowded = len(keys) > most_keys or len(uses) > most_uses or len(names) > most_names
    if ANY in issued or is_crowded or len(keys) * len(uses) > _MOST_ROWS:
        return _by_name(rows)
    parts = _parts_to_keep(issued, most_names)
    return (_with_subject(row, issued, parts) for row in rows) if parts else _by_name(rows)


def _parts_to_keep(issued: Mapping[str, Collection[str]], most: int) -> int:
    """The most parts of each subject to keep: at most `most` subjects may remain, and only one for each key.

    Merged tables may have subjects that are cut already.
    """
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
    first, second = split_detail(row.detail)
    if row.kind == SignKind.ISSUED:
        return row._replace(resource=_cut(row.resource, parts))
    if row.kind == SignKind.SUBJECT:
        return row._replace(detail=f"{first} {_cut(second, parts)}")
    if first not in issued:
        return row
    subject = _cut(next(iter(issued[first])), parts)
    return row._replace(kind=SignKind.SUBJECT.value, detail=f"{second} {subject}")


def _by_name(rows: Iterable[_Row]) -> Iterator[_Row]:
    """The rows with names in place of keys and subjects, and the mark, which keeps later rows from being linked."""
    for row in rows:
        if row.kind != SignKind.ISSUED:
            name = split_detail(row.detail)[row.kind == SignKind.KEY]
            yield row._replace(kind=SignKind.NAME.value, detail=name)
        yield row._replace(action="", resource=ANY, kind=SignKind.ISSUED.value, detail=ANY)
