"""Reads the scenarios of judges, and finds the mistakes that all kinds of scenarios can have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bench.perimeter.evaluator import as_list

Json = dict[str, Any]
Found = TypeVar("Found")


def read_scenarios(
    half: str, folder: Path, make: Callable[[str, str, Json], Found], mistakes_of: Callable[[Found], Iterator[str]]
) -> list[Found]:
    """The scenarios of a folder, by name. `make` takes the name, the half and the content of a file.

    Raises:
        ValueError: Files have mistakes; the message has a line per mistake, which names its file and place.
    """
    scenarios, mistakes = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            scenario = make(path.stem, half, json.loads(path.read_text(), object_pairs_hook=_once))
            scenarios.append(scenario)
            mistakes += [f"{path.name}: {mistake}" for mistake in mistakes_of(scenario)]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            mistakes.append(f"{path.name}: unreadable: {error!r}")
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return scenarios


def _once(pairs: list[tuple[str, Any]]) -> Json:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError(f"a key occurs twice among {', '.join(key for key, _ in pairs)}")
    return found


def unknown_keys(known: Mapping[str, frozenset[str]], kind: str, place: str, found: Json) -> Iterator[str]:
    """The mistake that a part of a kind has keys which the format doesn't know."""
    if unknown := sorted(set(found) - known[kind]):
        yield f"{place}: unknown keys {', '.join(unknown)}"


def document_mistakes(known: Mapping[str, frozenset[str]], parts: Json) -> Iterator[str]:
    """The mistakes of all policy documents in some parts of a scenario."""
    for place, document in documents_below("", parts):
        yield from unknown_keys(known, "document", place, document)
        for index, statement in enumerate(as_list(document["Statement"])):
            yield from unknown_keys(known, "statement", f"{place}.Statement[{index}]", statement)
            if statement.get("Effect") not in ("Allow", "Deny"):
                yield f"{place}.Statement[{index}]: neither Allow nor Deny"


def documents_below(place: str, found: Any) -> Iterator[tuple[str, Json]]:
    """The policy documents below a place."""
    if isinstance(found, dict) and "Statement" in found:
        yield place, found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from documents_below(f"{place}.{key}".lstrip("."), value)
    elif isinstance(found, list):
        for index, value in enumerate(found):
            yield from documents_below(f"{place}[{index}]", value)
