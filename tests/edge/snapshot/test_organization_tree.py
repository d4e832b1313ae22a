"""Where the accounts of an organization are, as read from the tree of a snapshot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpgen.edge.readers.snapshot_files import read_organization_paths
from lpgen.errors import SnapshotError


def node(name: str, *path: str, is_account: bool = False) -> dict[str, object]:
    return {"id": name, "name": "n", "path": [*path, name], "is_account": is_account, "state": "ACTIVE"}


def test_paths_lead_to_the_unit_of_each_account(tmp_path: Path) -> None:
    account = {"is_account": True}
    nodes = [
        node("r-1"),
        node("111122223333", "r-1", **account),
        node("ou-1", "r-1"),
        node("ou-2", "r-1", "ou-1"),
        node("444455556666", "r-1", "ou-1", "ou-2", **account),
    ]
    file = tmp_path / "organization.json"
    file.write_text(json.dumps({"id": "o-1", "nodes": nodes, "policies": []}), encoding="utf-8")
    assert read_organization_paths(file) == {"111122223333": "o-1/r-1/", "444455556666": "o-1/r-1/ou-1/ou-2/"}


def test_without_a_file_no_path_is_known() -> None:
    assert read_organization_paths(None) == {}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"id": 1, "nodes": []}', b"\xff"])
def test_a_file_that_is_no_tree_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "organization.json"
    file.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"organization\.json"):
        read_organization_paths(file)
