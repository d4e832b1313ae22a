"""Names without bound in the requests of the most frequent calls, so that calls which differ in one alone count alike.

A rule puts such a name at the end of an ARN, and folding cuts it off again. So the call is mapped with a mark in the
name's place, and the name is put back where an example needs it. What comes out is checked: a mark in any other place
shows that the name means more to the call, and then its records are mapped one by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from lpgen.core.events.records import Record
from lpgen.core.usage.contribution import Behind
from lpgen.core.usage.fold import fold_key

MARK: Final = "\0"

OPEN_NAMES: Final = {"s3.amazonaws.com": "key", "logs.amazonaws.com": "logStreamName"}
"""The parameter that holds the name, by event source."""

# A name with one of these may be read as a pattern, or decoded, on its way into an ARN.
_SPECIAL: Final = re.compile(f"[*?$%\ufffd{MARK}]")


class OpenRecord(NamedTuple):
    """A record with a mark in place of the end of its name, and that end."""

    record: Record
    end: str


def mark_open_name(record: Record, parameter: str) -> OpenRecord | None:
    """The record with the mark, as a copy; None where it has no such name, or folding keeps all of it."""
    request = record.requestParameters
    name = request.get(parameter) if isinstance(request, dict) else None
    if not isinstance(name, str) or not isinstance(request, dict) or _SPECIAL.search(name):
        return None
    kept, folded = fold_key(name) if parameter == "key" else ("", "*")
    end = name[len(kept) :]
    if not folded or not end:
        return None
    resources = record.resources
    if resources:
        resources = [
            replace(one, ARN=f"{one.ARN[: -len(end)]}{MARK}") if one.ARN and one.ARN.endswith(name) else one
            for one in resources
        ]
    marked = replace(record, requestParameters={**request, parameter: kept + MARK}, resources=resources)
    return OpenRecord(marked, end)


def is_open_at_end(rows: Mapping[Behind, Collection[str]]) -> bool:
    """Whether marks are nowhere but at the end of resources that are their row's only one."""
    for key, resources in rows.items():
        marked = [text for text in resources if MARK in text]
        if any(MARK in str(part) for part in key):
            return False
        if marked and (len(resources) > 1 or marked[0].index(MARK) != len(marked[0]) - 1):
            return False
    return True
