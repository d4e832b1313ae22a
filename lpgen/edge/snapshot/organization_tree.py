"""Reads from the tree of an organization that a snapshot holds where its accounts are."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lpgen.edge.readers.snapshot_lists import read_snapshot_file


class _Node(msgspec.Struct):
    id: str
    path: list[str]
    is_account: bool


class _Tree(msgspec.Struct):
    id: str
    nodes: list[_Node]


def read_organization_paths(file: Path | None) -> dict[str, str]:
    """By account the path of the unit that it is in, such as `o-1/r-1/ou-1/`; nothing without a file.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path

    Raises:
        SnapshotError: the file can't be read.
    """
    if file is None:
        return {}
    tree = read_snapshot_file(file, _Tree)
    return {one.id: "/".join((tree.id, *one.path[:-1], "")) for one in tree.nodes if one.is_account}
