"""Reads lists of resources that run with a role, from a snapshot or as people give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.compute import Compute, Inventory, compute_from_json, listed_types, unread_accounts
from lpgen.core.snapshots import SnapshotStamp
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import plain_text
from lpgen.errors import SnapshotError, quote_reason

_HINT: Final = 'give a JSON list of resources: [{"arn": "arn:…", "role": "arn:aws:iam::…:role/…"}]'


def read_compute(files: Iterable[Path]) -> tuple[Compute, ...]:
    """The resources in all files, in their order.

    Raises:
        SnapshotError: a file can't be read, or holds something else. The error names the file and the place in it.
    """
    return tuple(compute for file in files for compute in _read_file(file))


def read_inventory(
    named: Path | None, taken: Sequence[Path], snapshot: SnapshotStamp | None, catalog: Catalog
) -> Inventory | None:
    """The inventory in a named file, which counts as complete, or in the files of a snapshot; None without any.

    Raises:
        SnapshotError: a file can't be read, or holds something else.
    """
    if named is not None:
        return Inventory(read_compute((named,)))
    gaps = unread_accounts(snapshot.gaps if snapshot else ())
    return Inventory(read_compute(taken), catalog.facts(listed_types), gaps) if taken else None


def _read_file(file: Path) -> tuple[Compute, ...]:
    text = plain_text(read_file(file, SnapshotError, hint=_HINT))
    try:
        return compute_from_json(text)
    except (ValueError, RecursionError) as error:
        why = f"`{file}` is not a list of resources with their roles: {quote_reason(error)}"
        raise SnapshotError(why, hint=_HINT) from error
