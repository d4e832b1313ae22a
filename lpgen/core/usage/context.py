"""The condition values that a usage row keeps, as canonical JSON text of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from lpgen.core.cloudtrail.records import HIDDEN, Record

_TAG_KEYS: Final = "aws:TagKeys"
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys"""

_NO_CONTEXT: Final = "{}"

_MAX_VALUES: Final = 50  # the most tags that AWS allows on a resource
_MAX_VALUE_LENGTH: Final = 512

_TAG_PARAMETERS: Final = frozenset({"tags", "Tags", "tagList", "TagList", "tagSet", "tagSpecificationSet"})
_KEY_FIELDS: Final = ("key", "Key", "tagKey", "TagKey")
_LIST_FIELDS: Final = ("items", "tags", "Tags")

Context = tuple[tuple[str, str], ...]


def context_text(context: Context, tag_keys: tuple[str, ...]) -> str:
    """A JSON object from condition key to a sorted list of its values; `{}` without any.

    At most `_MAX_VALUES` values of a key are kept, the least ones, and none longer than `_MAX_VALUE_LENGTH`.
    """
    return _context_text(context, tag_keys) if context or tag_keys else _NO_CONTEXT


@lru_cache(maxsize=65536)
def _context_text(context: Context, tag_keys: tuple[str, ...]) -> str:
    values: dict[str, set[str]] = {}
    for key, value in (*context, *((_TAG_KEYS, tag) for tag in tag_keys)):
        if len(value) <= _MAX_VALUE_LENGTH:
            values.setdefault(key, set()).add(value)
    return msgspec.json.encode({key: sorted(values[key])[:_MAX_VALUES] for key in sorted(values)}).decode()


def tag_keys_from_record(record: Record) -> tuple[str, ...]:
    """The keys of the tags that a call sets, sorted; empty for calls that only read, and where AWS hides them."""
    request = record.requestParameters
    if record.readOnly or not isinstance(request, dict) or _TAG_PARAMETERS.isdisjoint(request):
        return ()
    keys = {key for name in _TAG_PARAMETERS & request.keys() for key in _tag_keys(request[name])}
    return () if HIDDEN in keys else tuple(sorted(keys))


def _tag_keys(tags: object) -> Iterator[str]:
    """The keys in any of AWS's shapes: a list of key and value, EC2's `items` and specifications, or a plain object."""
    if isinstance(tags, list):
        for tag in tags:
            yield from _tag_keys(tag)
    elif isinstance(tags, dict):
        lists = [tags[name] for name in _LIST_FIELDS if isinstance(tags.get(name), list)]
        keys = [tags[name] for name in _KEY_FIELDS if isinstance(tags.get(name), str)]
        if lists:
            yield from _tag_keys([item for found in lists for item in found])
        elif keys:
            yield keys[0]
        else:
            yield from (key for key, value in tags.items() if isinstance(value, str))
