"""Policies in the form in which reviews keep them: outlines of all principals, and the details in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lpgen.core.model import Principal, SnapshotProblem
from lpgen.edge.readers.detail_shelf import SealedDetails
from lpgen.edge.readers.iam_snapshot import SnapshotStore, open_snapshot


@dataclass(frozen=True, slots=True)
class OutlinedPolicies:
    """The principals of some files without their policies, sorted by ARN, all problems of these files, the files that
    hold policies, and the details of roles, users, groups and managed policies."""

    outlines: tuple[Principal, ...]
    problems: tuple[SnapshotProblem, ...]
    sources: tuple[str, ...]
    details: tuple[SealedDetails, ...]

    def store(self) -> SnapshotStore:
        """The store that reads each principal from its details."""
        found = SnapshotStore()
        for shelf, sealed in zip(found.shelves(), self.details, strict=True):
            shelf.sealed = sealed
        return found


def outline_policies(paths: Sequence[Path]) -> OutlinedPolicies:
    """The policies of one or more accounts, from the files and folders; none without any.

    Raises:
        SnapshotError: as for `read_snapshot`.
        OSError: the temporary folder is full; `TMPDIR` names another.
    """
    store = open_snapshot(paths) if paths else SnapshotStore()
    outlines = store.outlines()
    return OutlinedPolicies(outlines, store.problems, store.sources, tuple(one.sealed for one in store.shelves()))
