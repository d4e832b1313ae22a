"""Unbounded names in the requests of the most frequent calls: calls that differ only in one count alike.

A rule puts such a name at the end of an ARN, and folding cuts it off again. So the call is mapped with a mark in the
name's place, and the name is put back where an example needs it. The result is checked: a mark in any other place shows
that the name means more to the call, and then its records are mapped one by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from lpgen.core.cloudtrail.records import RecordResource
from lpgen.core.usage.contribution import RowKey
from lpgen.core.usage.fold import fold_key

MARK: Final = "\0"

OPEN_NAMES: Final = {"s3.amazonaws.com": "key", "logs.amazonaws.com": "logStreamName"}
"""The parameter that holds the name, by event source."""

# A name with one of these may be read as a pattern, or decoded, on its way into an ARN, or is escaped in JSON.
_find_special: Final = re.compile(f'[*?$%\ufffd{MARK}"\\\\]').search


OpenName = tuple[str, str]
"""A name in two parts: what folding keeps, and the end that it cuts off."""


def open_name(request: Mapping[str, object], parameter: str) -> OpenName | None:
    """The name that a request has in this parameter; None where there is none, or folding keeps all of it."""
    name = request.get(parameter)
    if type(name) is not str or _find_special(name):
        return None
    kept, folded = fold_key(name) if parameter == "key" else ("", "*")
    end = name[len(kept) :]
    return (kept, end) if folded and end else None


def mark_listed(resources: bytes, name: OpenName) -> bytes:
    """The JSON of a record's resources with the mark in place of the end of the name, wherever a text ends with it.

    Only a name after a `/` is sought; no member that anything reads has such a name.
    """
    kept, end = name
    return resources.replace(f'{kept}{end}"'.encode(), f'{kept}\\u0000"'.encode()) if kept else resources


def is_listed_at_end(resources: Collection[RecordResource]) -> bool:
    """Whether marks are nowhere but at the end of ARNs."""
    return not any(
        MARK in f"{one.accountId}{one.ARNPrefix}{one.type}" or MARK in (one.ARN or "")[:-1] for one in resources
    )


def is_open_at_end(rows: Iterable[tuple[RowKey, Sequence[str]]]) -> bool:
    """Whether marks are nowhere but at the end of resources that are their row's only one."""
    for key, resources in rows:
        marked = [text for text in resources if MARK in text]
        if any(MARK in str(part) for part in key):
            return False
        if marked and (len(resources) > 1 or marked[0].index(MARK) != len(marked[0]) - 1):
            return False
    return True
