"""Units, access reports and lists of resources as people and snapshots give them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.guardrails.organization import ExistingResource, Unit
from lpgen.edge.readers.organization_files import read_access_reports, read_existing_resources, read_organization
from lpgen.errors import InvocationError, SnapshotError

A, B, MANAGEMENT = "111111111111", "222222222222", "999999999999"


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_named_units_are_read_as_they_are(tmp_path: Path) -> None:
    unit = {"id": "ou-1", "name": "apps", "accounts": [A]}
    named = write(tmp_path / "u.json", {"organization": "o-1", "management_account": MANAGEMENT, "units": [unit]})
    assert read_organization(named, None).units == (Unit("ou-1", (A,), "apps"),)


def test_units_of_a_snapshot_have_all_accounts_below_them(tmp_path: Path) -> None:
    nodes = [
        {"id": "r-1", "name": "Root", "path": ["r-1"], "is_account": False},
        {"id": MANAGEMENT, "name": "m", "path": ["r-1", MANAGEMENT], "is_account": True},
        {"id": "ou-1", "name": "apps", "path": ["r-1", "ou-1"], "is_account": False},
        {"id": A, "name": "a", "path": ["r-1", "ou-1", A], "is_account": True},
    ]
    taken = write(tmp_path / "t.json", {"id": "o-1", "management_account": MANAGEMENT, "nodes": nodes})
    found = read_organization(None, taken)
    below = {unit.id: unit.accounts for unit in found.units}
    assert below == {"r-1": (A, MANAGEMENT), MANAGEMENT: (MANAGEMENT,), "ou-1": (A,), A: (A,)}
    assert found.members(found.units[0]) == (A,)


def test_without_units_the_command_says_what_to_give() -> None:
    with pytest.raises(InvocationError, match="units are missing"):
        read_organization(None, None)


def test_only_complete_reports_count(tmp_path: Path) -> None:
    row = {"ServiceName": "S3", "ServiceNamespace": "s3", "LastAuthenticatedTime": "2026-02-01T00:00:00+00:00"}
    write(tmp_path / "ou-1.json", {"JobStatus": "COMPLETED", "AccessDetails": [row], "IsTruncated": False})
    write(tmp_path / "ou-2.json", {"JobStatus": "FAILED"})
    write(tmp_path / "ou-3.json", {"JobStatus": "COMPLETED", "AccessDetails": [row], "IsTruncated": True})
    found = read_access_reports(tmp_path)
    assert found.keys() == {"ou-1"}
    assert (found["ou-1"][0].service, found["ou-1"][0].last) == ("s3", datetime(2026, 2, 1, tzinfo=UTC))
    assert read_access_reports(None) == {}


def test_resources_are_arns_or_objects(tmp_path: Path) -> None:
    found = read_existing_resources(write(tmp_path / "i.json", ["arn:a", {"arn": "arn:b", "regions": ["eu-west-1"]}]))
    assert found == (ExistingResource("arn:a"), ExistingResource("arn:b", ("eu-west-1",)))


@pytest.mark.parametrize("text", ["{", "[1]", '[{"regions": []}]', '{"arn": "x"}'])
def test_anything_else_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError):
        read_existing_resources(write(tmp_path / "i.json", text))
