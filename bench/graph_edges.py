"""How long all edges of an organization take: `python -m bench.graph_edges`, or `--roles 200`.

Makes roles with 50 statements each, in teams: some may pass or assume the roles of a team, and use the services that
roles trust. Prints the time and memory of finding all edges, next to the time of reading the same policies.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any, Final

from lpgen.core.graph.edges import Edges
from lpgen.core.graph.paths import Network
from lpgen.core.graph.world import World
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.readers.iam_snapshot import read_snapshot

ACCOUNT: Final = "111122223333"
STATEMENTS: Final = 50
TEAMS: Final = 100
_CALLS: Final = (
    *("s3:GetObject", "s3:PutObject", "dynamodb:GetItem", "sqs:SendMessage", "kms:Decrypt", "sns:Publish"),
    *("logs:PutLogEvents", "lambda:InvokeFunction", "ecs:RunTask", "ecs:RegisterTaskDefinition", "glue:StartJobRun"),
    *("codebuild:StartBuild", "ssm:GetParameter", "states:StartExecution", "lambda:CreateFunction", "ec2:RunInstances"),
)
_SERVICES: Final = ("lambda", "ecs-tasks", "ec2", "codebuild", "glue", "states")


def main() -> int:
    """Measures, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.graph_edges", description=__doc__.partition("\n")[0])
    parser.add_argument("--roles", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policies.json"
        path.write_text(json.dumps(organization(asked.roles)), encoding="utf-8")
        began = process_time()
        read = read_snapshot([path])
    reading = process_time() - began
    began, counts = process_time(), 0

    def counted() -> Any:
        nonlocal counts
        for edge in Edges(World(read.principals, read.groups, bundled_catalog())).all():
            counts += 1
            yield edge

    network = Network(counted())
    took = process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{asked.roles:,} roles with {STATEMENTS} statements: {counts:,} edges between {len(network.hops):,} pairs")
    print(f"all edges {took:.1f} s of CPU time, {took / reading:.1f} times the reading of the policies, {peak} MB")
    return 0


def organization(roles: int) -> dict[str, Any]:
    """The authorization details of an account with this many roles."""
    rng = random.Random(7)
    return {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [_role(number, rng) for number in range(roles)],
        "Policies": [],
        "IsTruncated": False,
    }


def _role(number: int, rng: random.Random) -> dict[str, Any]:
    path = f"/team{number % TEAMS}/"
    by_service = {"Service": f"{rng.choice(_SERVICES)}.amazonaws.com"}
    trusted = by_service if rng.random() < 0.7 else {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    statements = [_statement(rng) for _ in range(STATEMENTS)]
    return {
        "Path": path,
        "RoleName": f"role{number}",
        "RoleId": f"AROA{number:016}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role{path}role{number}",
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        "AttachedManagedPolicies": [],
        "Tags": [],
    }


def _statement(rng: random.Random) -> dict[str, Any]:
    team = f"arn:aws:iam::{ACCOUNT}:role/team{rng.randrange(TEAMS)}/*"
    kind = rng.random()
    if kind < 0.01:
        return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": team}
    if kind < 0.03:
        return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": team}
    call = rng.choice(_CALLS)
    service = call.partition(":")[0]
    found: dict[str, Any] = {"Effect": "Deny" if kind > 0.98 else "Allow", "Action": call}
    anywhere = rng.random() < 0.2
    found["Resource"] = "*" if anywhere else f"arn:aws:{service}:eu-west-1:{ACCOUNT}:x/{rng.randrange(900)}*"
    if rng.random() < 0.05:
        found["Condition"] = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    return found


if __name__ == "__main__":
    sys.exit(main())
