"""Refuses JSON in which a key occurs twice in one object.

Decoders keep the last of them without a word, and with it another policy than the one that a person reads above it.
IAM refuses such policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lpgen.errors import quote_input


class DuplicateKeyError(ValueError):
    """A key occurs twice; the text names it and the place of its object."""


def refuse_duplicate_keys(text: bytes | str) -> None:
    """Ends on a key that occurs twice in one object.

    Raises:
        DuplicateKeyError: there is one.
        ValueError: the text is no JSON.
    """
    try:
        json.loads(text, object_pairs_hook=_check, parse_int=str, parse_float=str)
    except _FoundError:
        whole = json.loads(text, object_pairs_hook=_Object, parse_int=str, parse_float=str)
        raise DuplicateKeyError(next(_duplicates(whole, ""))) from None


class _FoundError(Exception):
    """Some object has a key twice; a second reading finds which."""


class _Object(list[tuple[str, Any]]):
    """The pairs of a JSON object."""


def _check(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _FoundError


def _duplicates(value: object, place: str) -> Iterator[str]:
    if isinstance(value, _Object):
        known: set[str] = set()
        for name, inner in value:
            if name in known:
                yield f"the element {quote_input(name)} occurs twice{f' in {quote_input(place)}' if place else ''}"
            known.add(name)
            yield from _duplicates(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _duplicates(inner, f"{place}[{number}]")
