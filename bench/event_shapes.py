"""Shapes of CloudTrail records, from the documented cases of the event map, with slots for what differs between calls.

A slot is a private use character of Unicode. It represents the account, the Region, or a name: a text that the case
expects in a resource, or the value of a parameter for a name or an id. A name that occurs several times in a record has
one slot, so the parts of a filled record agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

CASES: Final = Path(__file__).resolve().parent.parent / "tests" / "cases" / "event_map"

Json = dict[str, Any]

ACCOUNT: Final = "\ue000"
REGION: Final = "\ue001"
FRESH: Final = "\ue002"
"""A text that never comes again, such as a token."""
_FIRST_NAME: Final = 0xE010

PARTS: Final = ("requestParameters", "responseElements", "resources", "additionalEventData")
"""The members of a record that a shape decides, in CloudTrail's order except the ids between them."""

_CALL: Final = "AwsApiCall"
_READS: Final = re.compile("Describe|List|Get|Batch(?:Get|Describe)|Head|Query|Scan|Search|Lookup|Select|Decrypt")
_FRESH_KEY: Final = re.compile("token|requestid|sessionname|nonce", re.IGNORECASE)
_NAME_KEY: Final = re.compile("(name|id|arn|identifier|prefix)s?$", re.IGNORECASE)
_NO_NAME_KEY: Final = re.compile("type$|^(?:accountId|attributeName|optionName|settingId)$", re.IGNORECASE)
_OF_AWS: Final = re.compile(r"AWS|aws|alias/aws|\$|default|.*::aws:|.*:root$")
_PLAIN: Final = re.compile(r"[\w.@=+-]{3,}")
_ID_END: Final = re.compile(r"(?=[a-z]*\d)[0-9a-z]{8,}$|^[0-9a-f]{4}$")
_SECRET_END: Final = re.compile("-[0-9A-Za-z]{6}$")
_NUMBER_END: Final = re.compile(r"-\d+$")


class Shape(NamedTuple):
    """An event with slots. `parts` are JSON texts of `PARTS`, "" for an absent one; `names` are those of the case."""

    source: str
    name: str
    category: str
    is_read: bool
    parts: tuple[str, ...]
    names: tuple[str, ...]


def read_shapes() -> list[Shape]:
    """The shapes of all cases in which a caller's own API call is recorded, without repetitions."""
    cases = [case for path in sorted(CASES.glob("*.json")) for case in json.loads(path.read_text("utf-8"))]
    records = [case["record"] for case in cases]
    data = {(one["eventSource"], one["eventName"]) for one in records if one.get("eventCategory") == "Data"}
    found = (_shape_from_case(case, data) for case in cases if case["record"].get("eventType", _CALL) == _CALL)
    return list(dict.fromkeys(found))


def fill(text: str, shape: Shape, number: int, account: str, region: str, fresh: str) -> str:
    """A text of the shape with its slots filled: the names of this number, in this place."""
    text = text.replace(ACCOUNT, account).replace(REGION, region).replace(FRESH, fresh)
    for slot, name in enumerate(shape.names, _FIRST_NAME):
        text = text.replace(chr(slot), vary_name(name, number))
    return text


def vary_name(name: str, number: int) -> str:
    """The name of this number: of the same kind as the name, which itself is number 0."""
    if not number:
        return name
    if _ID_END.search(name):
        return f"{name[:-5]}{number:05x}"
    if _NUMBER_END.search(name):
        return f"{name}{number}"
    if _SECRET_END.search(name):
        return f"{name[:-7]}-{number}{name[-7:]}"
    stem, dot, end = name.rpartition(".")
    return f"{stem}-{number}.{end}" if dot else f"{name}{number}" if name.isupper() else f"{name}-{number}"


def _shape_from_case(case: Json, data: set[tuple[str, str]]) -> Shape:
    record = case["record"]
    expected = {name for row in case["expected"] for text in row.get("resources", ()) for name in (text, *_split(text))}
    names = {name: chr(_FIRST_NAME + number) for number, name in enumerate(_names(record, expected))}
    place = {record["recipientAccountId"]: ACCOUNT, record["awsRegion"]: REGION}
    parts = tuple(_part_text(record.get(part), names, place) for part in PARTS)
    source, name = record["eventSource"], record["eventName"]
    category = "Data" if (source, name) in data else "Management"
    is_read = record.get("readOnly", bool(_READS.match(name)))
    return Shape(source, name, category, is_read, parts, tuple(names))


def _names(record: Json, expected: set[str]) -> list[str]:
    """The names in a record's request and resources, each once."""
    found: dict[str, None] = {}
    for key, text in [*_texts(record.get("requestParameters")), *_texts(record.get("resources"))]:
        is_named = text in expected or bool(_NAME_KEY.search(key))
        name = _split(text)[-1]
        is_free = not (_NO_NAME_KEY.search(key) or _OF_AWS.match(text) or name.isdigit())
        if is_named and is_free and _PLAIN.fullmatch(name):
            found[name] = None
    return [name for name in found if name != record["awsRegion"]]


def _split(text: str) -> list[str]:
    return re.split("[/:]", text)


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a JSON value, with the key that it or its list is under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value


def _part_text(value: Any, names: dict[str, str], place: dict[str, str]) -> str:
    """A part as JSON with slots; "" where the record has none."""

    def slotted(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: slotted(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [slotted(item, key) for item in value]
        if not isinstance(value, str):
            return value
        text = "".join(names.get(one, one) for one in re.split("([/:])", value))
        if text == value and _FRESH_KEY.search(key):
            return FRESH
        for known, slot in place.items():
            text = text.replace(known, slot)
        return text

    return "" if value is None else json.dumps(slotted(value, ""), separators=(",", ":"), ensure_ascii=False)
