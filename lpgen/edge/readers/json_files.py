"""Reads JSON files: folders with a file for each ARN, and texts in which no key occurs twice.

If a key occurs twice in one object, decoders silently keep the last value. Then the policy differs from the one that a
person reads first. IAM refuses such policies.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.edge.logs.json_documents import plain_text
from lpgen.errors import LpgenError, quote_input, quote_reason

INDEX: Final = "index.json"


def find_indexed_files(folder: Path, error: type[LpgenError], *, hint: str) -> list[tuple[Path, str]]:
    """The JSON files of a folder, sorted, each with the ARN that the index gives it, or "".

    Raises:
        LpgenError: the folder or its index can't be read, or the folder holds no file or lacks one of the index. The
            error has the given kind.
    """
    if not folder.is_dir():
        raise error(f"there is no folder `{folder}`", hint=hint)
    index = _read_index(folder / INDEX, error)
    files = sorted(path for path in folder.glob("*.json") if path.name != INDEX)
    if not files:
        raise error(f"the folder `{folder}` holds no `.json` file", hint=hint)
    missing = sorted(index.keys() - {path.name for path in files})
    if missing:
        raise error(f"`{folder / INDEX}` lists {quote_input(missing[0])}, which doesn't exist", hint=hint)
    return [(path, index.get(path.name, "")) for path in files]


def _read_index(path: Path, error: type[LpgenError]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        text = plain_text(path.read_bytes())
        refuse_duplicate_keys(text)
        return msgspec.json.decode(text, type=dict[str, str])
    except (OSError, ValueError, RecursionError) as why:
        hint = 'it maps file names to ARNs: {"file.json": "arn"}'
        raise error(f"can't read `{path}`: {quote_reason(why)}", hint=hint) from why


class DuplicateKeyError(ValueError):
    """A key occurs twice. The text names it and the place of its object."""


def refuse_duplicate_keys(text: bytes | str) -> None:
    """Refuses a text with a key that occurs twice in one object.

    Raises:
        DuplicateKeyError: there is such a key.
        ValueError: the text isn't JSON.
    """
    try:
        json.loads(text, object_pairs_hook=_check, parse_int=str, parse_float=str)
    except _FoundError:
        whole = json.loads(text, object_pairs_hook=_Object, parse_int=str, parse_float=str)
        raise DuplicateKeyError(next(_duplicates(whole, ""))) from None


def decode_json(text: bytes, place: str, kind: type[LpgenError], *, hint: str) -> Any:
    """The value of a JSON text.

    Raises:
        LpgenError: it isn't JSON, or a key occurs twice in one object. The error has the given kind.
    """
    try:
        decoded = msgspec.json.decode(text)
        refuse_duplicate_keys(text)
        return decoded
    except DuplicateKeyError as error:
        raise kind(f"{place}: {error}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise kind(f"{place} is not valid JSON: {quote_reason(error)}", hint=hint) from error


class _FoundError(Exception):
    """Some object has a key twice. A second reading finds it."""


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
