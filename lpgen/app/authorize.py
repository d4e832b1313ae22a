"""From requests to decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.request_line import decide_line
from lpgen.errors import DataError


def authorize(path: Path, catalog: Catalog) -> Iterator[dict[str, object]]:
    """The decision on each line of a file of requests (`-` for standard input), in input order. Blank lines are
    skipped.

    `lpgen.core.iam.request_line` describes the lines and the answers.

    Raises:
        DataError: the file can't be opened.
    """
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as lines:
            for line in lines:
                if line.strip():
                    yield decide_line(line, catalog)
    except OSError as error:
        raise DataError(f"`{path}` can't be opened: {(error.strerror or str(error)).lower()}") from error
