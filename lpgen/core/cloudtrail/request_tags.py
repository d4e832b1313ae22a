"""The tags that a call sets, in any of AWS's shapes: a list of key and value, EC2's `items` and specifications, or a
plain object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lpgen.core.cloudtrail.records import HIDDEN, RawRecord, Record

_MAX_TEXT_LENGTH: Final = 256
_TAG_PARAMETERS: Final = frozenset({"tags", "Tags", "tagList", "TagList", "tagSet", "tagSpecificationSet"})
_FIELDS: Final = (("key", "value"), ("Key", "Value"), ("tagKey", "tagValue"), ("TagKey", "TagValue"))
_LIST_FIELDS: Final = ("items", "tags", "Tags")

_Tag = tuple[str, Mapping[str, object], str]
"""A key, and the object and its field that hold the value. The value isn't read yet, because most calls need only the
keys."""


def tag_keys_from_record(record: Record) -> tuple[str, ...]:
    """The keys of the tags that a call sets, sorted; empty for read-only calls, and if AWS hides the keys."""
    keys = {key for key, _, _ in _tags_of_request(record)}
    return () if HIDDEN in keys else tuple(sorted(keys))


def tags_from_record(record: RawRecord) -> list[tuple[str, str]]:
    """The keys and values of the tags that a call sets. Long ones are cut, and a value that isn't text is ""."""
    found = []
    for key, holder, field in _tags_of_request(record):
        value = holder.get(field)
        found.append((key[:_MAX_TEXT_LENGTH], value[:_MAX_TEXT_LENGTH] if isinstance(value, str) else ""))
    return found


def _tags_of_request(record: Record | RawRecord) -> list[_Tag]:
    request = record.requestParameters
    found: list[_Tag] = []
    if not record.readOnly and isinstance(request, dict):
        for name in request:
            if name in _TAG_PARAMETERS:
                _collect(request[name], found)
    return found


def _collect(tags: object, found: list[_Tag]) -> None:
    """Add the tags of a value in a request."""
    if isinstance(tags, list):
        for tag in tags:
            _collect(tag, found)
    elif isinstance(tags, dict):
        for key_field, value_field in _FIELDS:
            key = tags.get(key_field)
            if isinstance(key, str):
                found.append((key, tags, value_field))
                return
        lists = [tags[name] for name in _LIST_FIELDS if isinstance(tags.get(name), list)]
        if lists:
            _collect(lists, found)
        else:
            found += [(name, tags, name) for name, value in tags.items() if isinstance(value, str)]
