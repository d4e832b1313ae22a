"""YAML 1.1 from plain data, for CloudFormation.

lpgen writes only mappings, lists, texts, numbers and booleans, so this is smaller than a dependency.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html and
https://yaml.org/spec/1.1/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@+=,*?()'`-]|:(?=[^ ])| (?=[^ ]))*")
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""Texts that mean a boolean or null if they aren't quoted, in lower or upper case."""

_BEYOND_ASCII: Final = re.compile(r"[^\x20-\x7e]")
_STEP: Final = "  "


REPLACED: Final = re.compile(r"\{\{resolve:|\"(?:Ref|Fn::[^\"]*)\": ")
"""What CloudFormation would replace in JSON.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""


def yaml_text(value: Mapping[str, object]) -> str:
    """The mapping as a YAML document in block style, ASCII only, with a line break at the end."""
    return "".join(f"{line}\n" for line in _lines_of_mapping(value))


def _lines_of_mapping(value: Mapping[str, object]) -> Iterator[str]:
    for key, member in value.items():
        inner = list(_lines(member))
        if isinstance(member, Mapping | list) and member:
            yield f"{_scalar(key)}:"
            yield from (f"{_STEP}{line}" for line in inner)
        else:
            yield f"{_scalar(key)}: {inner[0]}"


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield from _lines_of_mapping(value)
    elif isinstance(value, list) and value:
        for item in value:
            first, *others = _lines(item)
            yield f"- {first}"
            yield from (f"{_STEP}{line}" for line in others)
    else:
        yield _scalar(value)


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _BEYOND_ASCII.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(value, ensure_ascii=False))
