"""Reads folders of JSON files that are each about one ARN, which an `index.json` may give by file name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from lpgen.edge.logs.json_documents import plain_text
from lpgen.edge.readers.unique_keys import refuse_duplicate_keys
from lpgen.errors import LpgenError, quote_input, quote_reason

INDEX: Final = "index.json"


def find_indexed_files(folder: Path, error: type[LpgenError], *, hint: str) -> list[tuple[Path, str]]:
    """The JSON files of a folder, sorted, each with the ARN that the index gives it, or "".

    Raises:
        LpgenError: the folder or its index can't be read, or the folder holds no file or lacks one of the index, in
            the kind of error given.
    """
    if not folder.is_dir():
        raise error(f"there is no folder `{folder}`", hint=hint)
    index = _read_index(folder / INDEX, error)
    files = sorted(path for path in folder.glob("*.json") if path.name != INDEX)
    if not files:
        raise error(f"the folder `{folder}` holds no `.json` file", hint=hint)
    missing = sorted(index.keys() - {path.name for path in files})
    if missing:
        raise error(f"`{folder / INDEX}` lists {quote_input(missing[0])}, which is not there", hint=hint)
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
