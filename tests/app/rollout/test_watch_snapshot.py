"""What a rollout's watch takes from a snapshot: the policies of principals of which it has every document."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lpgen.app.rollout import policies_since
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter
from tests.support.worlds import ACCOUNT

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def entry(name: str, *attached: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2020-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": DOCUMENT}],
        "AttachedManagedPolicies": [{"PolicyName": arn, "PolicyArn": arn_of(arn)} for arn in attached],
    }


def arn_of(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/{name}"


def test_watch_takes_no_policies_of_a_principal_of_which_the_snapshot_lacks_a_document(tmp_path: Path) -> None:
    details: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "Policies": []}
    with SnapshotWriter(tmp_path, NOW) as writer:
        roles = [entry("app"), entry("web", "guard")]
        writer.write_json(f"policies/{ACCOUNT}.json", {**details, "RoleDetailList": roles})
        writer.finish((), (), about={})
    found = policies_since(tmp_path, "")
    assert found is not None
    assert found.taken == NOW
    assert {arn for arn, _ in found.documents} == {f"arn:aws:iam::{ACCOUNT}:role/app"}
    assert policies_since(tmp_path, "none") is None
