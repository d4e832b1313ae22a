"""Reads GitHub's ids of repositories and owners."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lpgen.core.trust.github_ids import github_ids_from_json
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import plain_text
from lpgen.errors import InvocationError


def read_github_ids(file: Path | None) -> Mapping[str, tuple[str, str]]:
    """The ids of owner and repository by `OWNER/REPOSITORY`. Empty without a file.

    Raises:
        InvocationError: the file can't be read, or `github_ids_from_json` refuses its text.
    """
    if file is None:
        return {}
    return github_ids_from_json(plain_text(read_file(file, InvocationError)).decode(errors="replace"), str(file))
