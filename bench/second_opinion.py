"""Whether an independent simulator decides as lpgen does: `python -m bench.second_opinion --requests 60000`.

Random requests meet random policies: of the identity, boundaries, SCPs, resources, keys, roles and sessions, with
wildcards, `NotAction`, `NotResource`, `NotPrincipal`, variables and all condition operators but `BinaryEquals`. Each is
decided by lpgen's decision core and by @cloud-copilot/iam-simulate, which shares nothing with it, and what differs is
printed. It needs Node.js and

    npm install --prefix build/simulator @cloud-copilot/iam-simulate@0.1.173

Left out is what that version decides against AWS's documentation, or what the documentation doesn't say: variables in
documents before 2012-10-17 and `${*}`, which it takes for variables; a variable without a value next to a negation;
`0.0.0.0/0`, and comparing addresses of IPv4 and IPv6; a set operator with `IfExists` on a missing key; values of
another type than the operator's; `NotPrincipal` with accounts; and a resource policy for all principals, or for a
session, together with a session policy.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from bench.ingest import ROOT
from lpgen.core.iam.request_line import decide_line
from lpgen.edge.catalog.files import bundled_catalog

PACKAGES: Final = ROOT / "build" / "simulator" / "node_modules"
INSTALL: Final = "npm install --prefix build/simulator @cloud-copilot/iam-simulate@0.1.173"

Json = dict[str, Any]
Item = TypeVar("Item")

HOME: Final = "111122223333"
OTHER: Final = "444455556666"
ROLE: Final = f"arn:aws:iam::{HOME}:role/app"
SESSION: Final = f"arn:aws:sts::{HOME}:assumed-role/app/session-1"
USER: Final = f"arn:aws:iam::{HOME}:user/ann"
PRINCIPALS: Final = (ROLE, f"arn:aws:iam::{HOME}:role/team/app", USER, SESSION, f"arn:aws:iam::{OTHER}:role/app")
ASSUME: Final = "sts:AssumeRole"
CALLS: Final = (
    ("s3:GetObject", "arn:aws:s3:::logs/2026/a.txt"),
    ("s3:GetObject", "arn:aws:s3:::data/team/a"),
    ("s3:ListBucket", "arn:aws:s3:::logs"),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{HOME}:q1"),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{HOME}:jobs"),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{HOME}:table/orders"),
    ("sns:Publish", f"arn:aws:sns:eu-west-1:{HOME}:topic"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{HOME}:secret:db-AbCdEf"),
    ("kms:Decrypt", f"arn:aws:kms:us-east-1:{HOME}:key/0b5c1c5e-1111-2222-3333-444455556666"),
    (ASSUME, f"arn:aws:iam::{HOME}:role/target"),
)
ACTIONS: Final = (
    *("*", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobject", "s3:List?ucket", "s3:?et*", "sqs:Send*", "sqs:*"),
    *("dynamodb:*Item", "dynamodb:GetItem", "sns:Publish", "secretsmanager:*", "kms:*", "kms:De*", ASSUME),
)
RESOURCES: Final = (
    *("*", "arn:aws:s3:::logs/*", "arn:aws:s3:::logs", "arn:aws:s3:::*", "arn:aws:s3:::logs/2026/?.txt"),
    *("arn:aws:s3:*:*:logs/*", "arn:aws:*:*:*:*", "arn:*:sns:*:*:topic", "arn:aws:dynamodb:*:*:table/*"),
    *(f"arn:aws:sqs:*:{HOME}:*", f"arn:aws:sqs:us-east-1:{HOME}:q?", f"arn:aws:sqs:us-east-1:{HOME}:jobs"),
    *("arn:aws:secretsmanager:*:*:secret:db-??????", "arn:aws:kms:*:*:key/*", "arn:aws:iam::*:role/t*"),
)
WITH_VARIABLES: Final = (
    "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::data/${aws:username}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/none, 'team'}/*",
)
_ROLES_AND_USERS: Final = (ROLE, USER, f"arn:aws:iam::{OTHER}:role/app")
_NAMED: Final = (
    *({"AWS": one} for one in (HOME, f"arn:aws:iam::{HOME}:root", OTHER, *_ROLES_AND_USERS)),
    *({"AWS": [ROLE, one]} for one in (OTHER, USER)),
    {"Service": "s3.amazonaws.com"},
)
_OPEN: Final = (*_NAMED, "*", {"AWS": "*"}, {"AWS": SESSION}, {"AWS": [SESSION, OTHER]})
"""The principals of resource policies; the last ones not together with session policies, see above."""
ALWAYS: Final = ("aws:username", "aws:PrincipalTag/team")
"""The keys of variables, which every request has."""

_TEXT: Final = tuple(f"String{one}" for one in ("Equals", "Like", "EqualsIgnoreCase"))
_ORDER: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS: Final = {
    "text": (*_TEXT, *(one.replace("String", "StringNot") for one in _TEXT)),
    "flag": ("Bool",),
    "address": ("IpAddress", "NotIpAddress"),
    "time": tuple(f"Date{one}" for one in _ORDER),
    "number": tuple(f"Numeric{one}" for one in _ORDER),
    "arn": ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
}
# By context key: the type, the values that requests have, and those that only policies have.
KEYS: Final[dict[str, tuple[str, Sequence[str], Sequence[str]]]] = {
    "aws:PrincipalTag/team": ("text", ("team", "Team", "data"), ("te*m", "t?am", "${aws:username}", "*")),
    "aws:username": ("text", ("ann", "Ann", "bob"), ("${aws:PrincipalTag/team}", "a*")),
    "aws:SourceVpc": ("text", ("vpc-1", "vpc-2"), ("vpc-*", "${aws:username}")),
    "aws:RequestTag/env": ("text", ("prod", "Prod", "dev"), ("*", "p???")),
    "aws:PrincipalOrgID": ("text", ("o-1", "o-2"), ("o-?",)),
    "aws:TagKeys": ("text", ("env", "team", "Env", "cost"), ("t*", "*")),
    "aws:SecureTransport": ("flag", ("true", "false"), ()),
    "aws:MultiFactorAuthPresent": ("flag", ("true", "false"), ()),
    "aws:SourceIp": ("address", ("10.0.0.1", "10.1.2.3", "192.168.0.1"), ("10.0.0.0/8", "10.1.0.0/16")),
    "aws:CurrentTime": ("time", ("2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2025-12-31T23:59:59Z"), ()),
    "s3:max-keys": ("number", ("1", "10", "10.0", "9", "-1"), ()),
    "aws:SourceArn": (
        "arn",
        (f"arn:aws:sns:us-east-1:{HOME}:topic", "arn:aws:s3:::logs", ROLE),
        (f"arn:aws:sns:*:{HOME}:topic", "arn:aws:s3:::*", "arn:aws:iam::*:role/*"),
    ),
}
SEVERAL: Final = "aws:TagKeys"
"""The key that may have several values."""


class Draws:
    """Random policies and requests, the same for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def request(self) -> Json:
        """A line as `lpgen authorize` takes it."""
        action, resource = self._random.choice(CALLS)
        principal = self._random.choice(PRINCIPALS)
        line: Json = {
            "principal": principal,
            "action": action,
            "resource": resource,
            "resourceAccount": HOME if ":aws:s3:" not in resource or self._likely(0.85) else OTHER,
            "context": self._context(),
            "identityPolicies": [self._policy() for _ in range(self._random.randint(0, 2))],
        }
        if self._likely(0.25):
            line["permissionBoundaryPolicies"] = [self._policy()]
        if self._likely(0.25):
            line["scps"] = [[self._policy()] for _ in range(self._random.randint(1, 2))]
        has_session_policy = principal != USER and self._likely(0.15)
        if has_session_policy:
            line["sessionPolicy"] = self._policy()
        # Each key and role has a policy, that of a role without resources: it is about the role itself.
        if self._likely(1 if action.startswith(("kms:", "sts:")) else 0.35):
            line["resourcePolicy"] = self._policy(_NAMED if has_session_policy else _OPEN)
        if action == ASSUME:
            for statement in line["resourcePolicy"]["Statement"]:
                statement.pop("Resource", None)
                statement.pop("NotResource", None)
        return line

    def _likely(self, chance: float) -> bool:
        return self._random.random() < chance

    def _some(self, items: Sequence[Item]) -> Item | list[Item]:
        """One of the items, or a list of some: both are good policy grammar."""
        return self._random.choice(items) if self._likely(0.5) else self._random.choices(items, k=2)

    def _policy(self, principals: Sequence[Any] = ()) -> Json:
        """A policy; of a resource where principals are given."""
        version = "2012-10-17" if self._likely(0.9) else "2008-10-17"
        statements = [self._statement(version, principals) for _ in range(self._random.randint(1, 3))]
        return {"Version": version, "Statement": statements}

    def _statement(self, version: str, principals: Sequence[Any]) -> Json:
        current = version == "2012-10-17"
        found: Json = {"Effect": "Allow" if self._likely(0.75) else "Deny"}
        if principals and found["Effect"] == "Deny" and self._likely(0.15):
            found["NotPrincipal"] = {"AWS": self._some(_ROLES_AND_USERS)}
        elif principals:
            found["Principal"] = self._random.choice(principals)
        found |= {"Action": self._some(ACTIONS)} if self._likely(0.85) else {"NotAction": self._some(ACTIONS[1:])}
        named = (*RESOURCES, *WITH_VARIABLES) if current else RESOURCES
        found |= {"Resource": self._some(named)} if self._likely(0.85) else {"NotResource": self._some(named[1:])}
        if self._likely(0.45):
            found["Condition"] = dict(self._condition(current) for _ in range(self._random.randint(1, 2)))
        return found

    def _condition(self, current: bool) -> tuple[str, Json]:
        key = self._random.choice(list(KEYS))
        kind, seen, written = KEYS[key]
        spelled = key.lower() if self._likely(0.1) else key
        if self._likely(0.12):
            return "Null", {spelled: self._random.choice(["true", "false"])}
        operator = self._random.choice(OPERATORS[kind])
        if self._likely(0.8 if key == SEVERAL else 0.1):
            operator = self._random.choice(["ForAllValues:", "ForAnyValue:"]) + operator
        elif self._likely(0.25):
            operator += "IfExists"
        values = [one for one in (*seen, *written) if current or "${" not in one]
        return operator, {spelled: self._some(values)}

    def _context(self) -> Json:
        found: Json = {}
        for key, (_, seen, _) in KEYS.items():
            if key in ALWAYS or self._likely(0.55):
                spelled = key.upper() if self._likely(0.1) else key
                several = key == SEVERAL
                found[spelled] = self._random.choices(seen, k=2) if several else self._random.choice(seen)
        return found


def main() -> int:
    """Compares the decisions, prints how many agree and what differs, and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked: Any = parser.parse_args()
    if not PACKAGES.is_dir():
        print(f"the simulator isn't there: {INSTALL}", file=sys.stderr)
        return 2
    draws, catalog = Draws(asked.seed), bundled_catalog()
    lines = [json.dumps(draws.request()) for _ in range(asked.requests)]
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests.jsonl"
        requests.write_text("\n".join(lines), encoding="utf-8")
        command = ["node", str(ROOT / "bench" / "second_opinion.mjs"), str(PACKAGES), str(requests)]
        theirs = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    ours = [str(decide_line(line, catalog)["result"]) for line in lines]
    differing = [found for found in zip(ours, theirs, lines, strict=True) if found[0] != found[1]]
    print(f"{len(lines):,} requests, {dict(Counter(ours))}: {len(differing):,} decided differently")
    for own, other, line in differing[:10]:
        print(f"lpgen {own}, iam-simulate {other}: {line}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
