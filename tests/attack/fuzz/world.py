"""A small organization on disk, made by lpgen's own commands once per process: what the readers read, unharmed."""

from __future__ import annotations

import atexit
import io
import json
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from lpgen.cli.main import main

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
DAYS = 40


@cache
def scratch() -> Path:
    """A folder of this process, which goes with it."""
    memory = Path("/dev/shm")  # where there is such a disk in memory, inputs are written there: it is ten times as fast
    folder = Path(tempfile.mkdtemp(prefix="lpgen-attack-", dir=memory if os.access(memory, os.W_OK) else None))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a fork of it
        shutil.rmtree(folder, ignore_errors=True)


def record(number: int, event: str, source: str, /, **request: Any) -> dict[str, Any]:
    """A record of the role, one a day from 2026-08-01 on; `number` makes its id its own."""
    day = number % DAYS
    return {
        "eventVersion": "1.09",
        "eventSource": source,
        "eventName": event,
        "eventTime": f"2026-{8 + day // 28:02}-{day % 28 + 1:02}T10:00:00Z",
        "eventID": f"00000000-0000-0000-0000-{number:012}",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "managementEvent": True,
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "requestParameters": request,
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAAPP:session",
            "accountId": ACCOUNT,
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAAPP", "arn": ROLE, "accountId": ACCOUNT}
            },
        },
    }


def records() -> list[dict[str, Any]]:
    """Calls of three services, one of them denied, over `DAYS` days."""
    found = [record(n, "GetBucketTagging", "s3.amazonaws.com", bucketName="data") for n in range(DAYS)]
    found += [record(n, "DescribeInstances", "ec2.amazonaws.com") for n in range(DAYS, DAYS + 20)]
    denied = record(80, "CreateQueue", "sqs.amazonaws.com", queueName="jobs")
    message = f"User: {ROLE} is not authorized to perform: sqs:CreateQueue because no identity-based policy allows it"
    return [*found, {**denied, "errorCode": "AccessDenied", "errorMessage": message}]


def details() -> dict[str, Any]:
    """Authorization details of a role with a managed policy, a boundary and a user in a group."""
    statement = {"Effect": "Allow", "Action": ["s3:*", "ec2:Describe*", "sqs:CreateQueue"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    managed = f"arn:aws:iam::{ACCOUNT}:policy/limit"
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": "app",
                "RoleId": "AROAAPP",
                "Arn": ROLE,
                "CreateDate": "2020-01-01T00:00:00Z",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document}],
                "AttachedManagedPolicies": [{"PolicyName": "limit", "PolicyArn": managed}],
                "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": managed},
                "RoleLastUsed": {"LastUsedDate": "2026-09-09T10:00:00Z", "Region": "us-east-1"},
                "InstanceProfileList": [],
                "Tags": [{"Key": "team", "Value": "a"}],
            }
        ],
        "UserDetailList": [
            {"Path": "/", "UserName": "ann", "UserId": "AIDAANN", "Arn": USER, "GroupList": ["staff"],
             "CreateDate": "2020-01-01T00:00:00Z", "UserPolicyList": [], "AttachedManagedPolicies": []}
        ],
        "GroupDetailList": [
            {"Path": "/", "GroupName": "staff", "GroupId": "AGPASTAFF", "Arn": f"arn:aws:iam::{ACCOUNT}:group/staff",
             "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": document}], "AttachedManagedPolicies": []}
        ],
        "Policies": [
            {"PolicyName": "limit", "PolicyId": "ANPALIMIT", "Arn": managed, "Path": "/", "DefaultVersionId": "v1",
             "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document,
                                    "CreateDate": "2020-01-01T00:00:00Z"}]}
        ],
    }  # fmt: skip


def run_lpgen(*arguments: object, status: int | None = 0) -> str:
    """Runs a command in this process and returns what it printed; with a `status` of None it may fail as it should."""
    said = io.StringIO()
    with patch.object(sys, "argv", ["lpgen", *map(str, arguments)]), redirect_stdout(said), redirect_stderr(said):
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
    assert status in (None, code), (arguments, said.getvalue())
    return said.getvalue()


@cache
def world() -> Path:
    """Logs, policies, a data folder with a baseline, an output folder and a rollout plan, below one folder."""
    home = scratch() / "world"
    home.mkdir()
    logs, policies, data = home / "logs.json", home / "policies.json", home / "data"
    logs.write_text(json.dumps({"Records": records()}), encoding="utf-8")
    policies.write_text(json.dumps(details()), encoding="utf-8")
    ground = ("--data", data, "--policies", policies)
    run_lpgen("ingest", logs, "--data", data, "--workers", "1")
    run_lpgen("baseline", "save", "first", *ground)
    run_lpgen("generate", *ground, "-o", home / "out")
    run_lpgen("rollout", "plan", home / "out", *ground[2:], "--unsafe", "--trust-output", "-o", home / "plan.json")
    return home
