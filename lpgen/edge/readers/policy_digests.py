"""The digests of the files that the policies were read from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from lpgen.core.digests import PolicyFile
from lpgen.edge.readers.iam_pages import find_files
from lpgen.errors import SnapshotError


def digest_policy_files(paths: Sequence[Path]) -> tuple[PolicyFile, ...]:
    """Every file that `read_snapshot` looks at, by its name as given, with the SHA-256 of its bytes.

    Raises:
        SnapshotError: a file is missing or can't be read.
    """
    return tuple(PolicyFile(str(file), _digest(file)) for file, _named in find_files(paths))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SnapshotError(f"can't read `{path}`: {error.strerror or error}") from error
