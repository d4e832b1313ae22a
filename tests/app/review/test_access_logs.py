"""What S3 server access logs add to a review: uses. They never make an action look unused."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.access_logs import BUCKET, NAME, line, log
from tests.support.forked_lpgen import run_forked
from tests.support.log_samples import ACCOUNT, ROLE, log_bytes, record_json

DAYS = [date(2024, 3, 1) + timedelta(day) for day in range(120)]
ALLOWED = ("s3:GetObject", "s3:PutObject", "ec2:DescribeInstances", "ec2:CreateTags")


def trail(*, data_events: bool) -> bytes:
    """Four months of management events of the role and, if asked for, its reads of one bucket."""
    records: list[dict[str, Any]] = []
    for day in DAYS:
        management = {"eventCategory": "Management", "managementEvent": True, "eventTime": f"{day}T10:00:00Z"}
        ec2: dict[str, Any] = {"eventSource": "ec2.amazonaws.com", **management}
        tags: dict[str, Any] = {
            "resourcesSet": {"items": [{"resourceId": "i-0123456789abcdef0"}]},
            "tagSet": {"items": [{"key": "a"}]},
        }
        calls: tuple[tuple[str, bool, dict[str, Any]], ...] = (
            ("DescribeInstances", True, {}),
            ("CreateTags", False, tags),
        )
        for name, reads, request in calls:
            more = {"eventName": name, "readOnly": reads, "requestParameters": request, "eventID": f"{name}-{day}"}
            records.append(record_json(0, **ec2, **more))
        if data_events:
            request = {"bucketName": BUCKET, "key": f"in/{day}.csv"}
            records.append(record_json(0, eventTime=f"{day}T09:00:00Z", eventID=str(day), requestParameters=request))
    return log_bytes(records)


def access_log(session: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/run-1", **changes: str) -> bytes:
    lines = (
        line(
            time=f"{day:%d/%b/%Y}:09:00:00 +0000", request=f"R{day}", key=f"in/{day}.csv", requester=session, **changes
        )
        for day in DAYS
    )
    return log(*lines)


class World:
    """A folder with logs and the policies of one role."""

    def __init__(self, folder: Path, resources: object = "*") -> None:
        self.folder = folder
        statement = {"Effect": "Allow", "Action": list(ALLOWED), "Resource": resources}
        trusting = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = {
            "Path": "/app/",
            "RoleName": "worker",
            "RoleId": "AROAEXAMPLE",
            "Arn": ROLE,
            "CreateDate": "2023-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusting]},
            "InstanceProfileList": [],
            "RolePolicyList": [
                {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
            ],
            "AttachedManagedPolicies": [],
            "Tags": [],
        }
        (folder / "details.json").write_text(json.dumps({"RoleDetailList": [role], "UserDetailList": []}), "utf-8")

    def ingest(self, name: str, **files: bytes) -> Path:
        room = self.folder / name
        room.mkdir()
        names = {"trail": "trail.json.gz", "access": NAME}
        for key, data in files.items():
            (room / names[key]).write_bytes(data)
        run_forked("ingest", room, "--data", self.folder / f"{name}-data").check_returncode()
        return self.folder / f"{name}-data"

    def run(self, command: str, data: Path, *more: object) -> str:
        done = run_forked(command, "--data", data, "--policies", self.folder / "details.json", *more)
        done.check_returncode()
        return str(done.stdout)

    def verdicts(self, data: Path) -> dict[str, dict[str, str]]:
        found = csv.DictReader(io.StringIO(self.run("review", data, "--format", "csv")))
        return {row["action"]: row for row in found}

    def policy(self, data: Path) -> dict[str, list[str]]:
        """The resources of each action in the replacement."""
        out = self.folder / f"{data.name}-out"
        self.run("generate", data, "-o", out)
        (file,) = out.glob("*/policy-1.json")
        found: dict[str, list[str]] = {}
        for statement in json.loads(file.read_text("utf-8"))["Statement"]:
            actions, resources = statement["Action"], statement["Resource"]
            for action in [actions] if isinstance(actions, str) else actions:
                found.setdefault(action, []).extend([resources] if isinstance(resources, str) else resources)
        return found


def test_use_counts_and_other_buckets_stay_open(tmp_path: Path) -> None:
    world = World(tmp_path)
    data = world.ingest("both", trail=trail(data_events=False), access=access_log())
    found = world.verdicts(data)
    assert (found["s3:GetObject"]["verdict"], found["s3:GetObject"]["records"]) == ("used", "120")
    assert found["s3:GetObject"]["example_resource"] == f"arn:aws:s3:::{BUCKET}/in/2024-03-01.csv"
    assert found["s3:PutObject"]["verdict"] == "unobservable"
    policy = world.policy(data)
    assert (policy["s3:GetObject"], policy["s3:PutObject"]) == (["*"], ["*"])


def test_named_buckets_without_logs_stay(tmp_path: Path) -> None:
    named = [f"arn:aws:s3:::{BUCKET}/*", "arn:aws:s3:::other-bucket/*", f"arn:aws:ec2:*:{ACCOUNT}:*"]
    world = World(tmp_path, named)
    data = world.ingest("both", trail=trail(data_events=False), access=access_log())
    assert set(world.policy(data)["s3:GetObject"]) >= {"arn:aws:s3:::other-bucket/*"}


@pytest.mark.parametrize("has_data_events", [False, True])
def test_nothing_that_was_kept_or_unsafe_changes_by_silence(has_data_events: bool, tmp_path: Path) -> None:
    """Access logs of some other principal: no verdict of the role changes."""
    world = World(tmp_path)
    of_trail = trail(data_events=has_data_events)
    without = world.ingest("without", trail=of_trail)
    other = access_log(f"arn:aws:sts::{ACCOUNT}:assumed-role/other/run")
    silent = world.ingest("silent", trail=of_trail, access=other)
    assert world.verdicts(silent) == world.verdicts(without)
    assert world.policy(silent) == world.policy(without)


def test_call_in_both_logs_allows_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    of_trail = trail(data_events=True)
    once = world.ingest("once", trail=of_trail)
    twice = world.ingest("twice", trail=of_trail, access=access_log())
    assert world.policy(twice) == world.policy(once)
    counted = [world.verdicts(data)["s3:GetObject"]["records"] for data in (once, twice)]
    assert counted == ["120", "240"]


def test_folder_with_only_access_logs_shows_nothing_unused(tmp_path: Path) -> None:
    world = World(tmp_path)
    data = world.ingest("only", access=access_log())
    done = run_forked("review", "--data", data, "--policies", tmp_path / "details.json")
    assert done.returncode
    assert "everything would look unused" in done.stderr


def test_operation_that_lpgen_doesnt_know_keeps_a_replacement_from_being_safe(tmp_path: Path) -> None:
    world = World(tmp_path)
    data = world.ingest("both", trail=trail(data_events=False), access=access_log(operation="REST.NEW.THING"))
    (found,) = json.loads(world.run("review", data, "--format", "json"))["principals"]
    assert "REST.NEW.THING" in json.dumps(found)
    assert "unmapped" in json.dumps(found)
