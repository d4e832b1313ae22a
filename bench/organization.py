"""A seeded organization for benchmarks: its authorization details and its logs, each principal with 50 statements.

What is in it follows what is known of real ones: most statements name actions and exact ARNs or names with a `*`, many
grant a whole service, some everything; principals share AWS's managed policies; some statements deny, turn on
conditions, list what they leave out, or hold policy variables. Most principals use a third of what they may, some
nothing at all.
Nothing depends on the clock.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from bench.habits import HABITS, SHARED, SHARES, WEIGHTS, Habit, Json

STATEMENTS: Final = 50
"""How many statements each principal has, those of the policies that it shares with others among them."""

FIRST_DAY: Final = date(2026, 3, 1)
DAYS: Final = 120
REGIONS: Final = ("eu-west-1", "us-east-1")
PRINCIPALS_PER_ACCOUNT: Final = 250


@dataclass(slots=True)
class _Principal:
    """A principal in the making."""

    name: str
    account: str
    unique: str
    user: bool
    shared: list[str]
    habits: list[tuple[Habit, str]]  # with the number that replaces `#`
    region: str
    bounded: bool
    calls: list[tuple[Habit, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:{'user' if self.user else 'role/app'}/{self.name}"

    def fill(self, value: Any, number: str, resource: int = 0) -> Any:
        """A value of a habit with this principal's names put in."""
        if isinstance(value, str):
            for mark, text in (("@", self.account), ("%", self.region), ("~", self.name), ("#", number)):
                value = value.replace(mark, text)
            return value.replace("&&", f"{resource:02}").replace("&", str(resource))
        if isinstance(value, list):
            return [self.fill(one, number, resource) for one in value]
        if isinstance(value, dict):
            return {key: self.fill(one, number, resource) for key, one in value.items()}
        return value


def write_organization(folder: Path, *, principals: int, seed: int) -> int:
    """Writes `details/` and `logs/` below the folder for so many principals; returns the number of records."""
    made = list(_make_principals(principals, random.Random(seed)))
    by_account: dict[str, list[_Principal]] = defaultdict(list)
    for one in made:
        by_account[one.account].append(one)
    (folder / "details").mkdir(parents=True)
    written = 0
    for account, members in by_account.items():
        (folder / "details" / f"{account}.json").write_text(json.dumps(_details(account, members)))
        written += _write_logs(folder / "logs", account, members, random.Random(f"{seed} {account}"))
    return written


def _make_principals(count: int, draws: random.Random) -> Iterator[_Principal]:
    accounts = [f"{111_100_000_000 + 1_010_101 * at}" for at in range(max(2, count // PRINCIPALS_PER_ACCOUNT))]
    for at in range(count):
        user = draws.random() < 0.1
        shared = [arn for arn, share in zip(SHARED, SHARES, strict=True) if draws.random() < share]
        room = STATEMENTS - sum(len(SHARED[arn]) for arn in shared)
        habits = [(habit, str(number)) for number, habit in enumerate(draws.choices(HABITS, WEIGHTS, k=room))]
        name = f"{draws.choice(_TEAMS)}-{draws.choice(_DUTIES)}-{at}"
        unique = f"{'AIDA' if user else 'AROA'}{at:016}"
        region, bounded = draws.choice(REGIONS), draws.random() < 0.05
        one = _Principal(name, accounts[at % len(accounts)], unique, user, shared, habits, region, bounded)
        if draws.random() < 0.85:
            able = [(habit, number) for habit, number in habits if habit.calls]
            one.calls = draws.sample(able, k=len(able) // 3)
        yield one


_TEAMS: Final = ("billing", "checkout", "search", "media", "fraud", "data", "growth", "support", "mobile", "core")
_DUTIES: Final = ("api", "worker", "etl", "deploy", "cron", "ingest", "web", "batch", "stream", "admin")


# ---------------------------------------------------------------- authorization details


def _details(account: str, members: list[_Principal]) -> Json:
    policies = [_managed(arn, [_shared_statement(*one) for one in SHARED[arn]]) for arn in SHARED]
    policies.append(_managed(_boundary(account), _BOUNDARY))
    roles: list[Json] = []
    users: list[Json] = []
    for one in members:
        statements = [_statement(one, habit, number) for habit, number in one.habits]
        third = len(statements) // 3
        own = {
            f"arn:aws:iam::{account}:policy/{one.name}-{part}": statements[part * third :][:third] for part in (0, 1)
        }
        policies += [_managed(arn, found) for arn, found in own.items()]
        (users if one.user else roles).append(_entity(one, [*one.shared, *own], statements[2 * third :]))
    return {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies}


def _entity(one: _Principal, attached: list[str], inline: list[Json]) -> Json:
    kind = "User" if one.user else "Role"
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    entity: Json = {
        "Path": "/" if one.user else "/app/",
        f"{kind}Name": one.name,
        f"{kind}Id": one.unique,
        "Arn": one.arn,
        "CreateDate": "2024-02-11T09:14:27+00:00",
        "AttachedManagedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in attached],
        f"{kind}PolicyList": [{"PolicyName": "own", "PolicyDocument": _document(inline)}],
        "Tags": [],
    }
    if one.bounded:
        boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": _boundary(one.account)}
        entity["PermissionsBoundary"] = boundary
    if one.user:
        return entity | {"GroupList": []}
    return entity | {"AssumeRolePolicyDocument": _document([trust]), "InstanceProfileList": [], "RoleLastUsed": {}}


_BOUNDARY: Final[list[Json]] = [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": ["iam:Create*", "iam:Put*", "organizations:*"], "Resource": "*"},
]


def _boundary(account: str) -> str:
    return f"arn:aws:iam::{account}:policy/boundary"


def _managed(arn: str, statements: list[Json]) -> Json:
    name = arn.rpartition("/")[2]
    version = {
        "Document": _document(statements),
        "VersionId": "v1",
        "IsDefaultVersion": True,
        "CreateDate": "2024-02-11T09:14:27+00:00",
    }
    return {
        "PolicyName": name,
        "PolicyId": f"ANPA{name}",
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "IsAttachable": True,
        "CreateDate": "2024-02-11T09:14:27+00:00",
        "UpdateDate": "2024-02-11T09:14:27+00:00",
        "PolicyVersionList": [version],
    }


def _document(statements: list[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": statements}


def _shared_statement(element: str, actions: str, resources: str) -> Json:
    return {"Effect": "Allow", element: actions.split(), "Resource": resources}


def _statement(one: _Principal, habit: Habit, number: str) -> Json:
    statement = {
        "Sid": f"S{number}",
        "Effect": habit.effect,
        "NotAction" if habit.negated == "NotAction" else "Action": habit.actions.split(),
        "NotResource" if habit.negated == "NotResource" else "Resource": one.fill(habit.resources, number).split(),
    }
    return statement | ({"Condition": one.fill(habit.condition, number)} if habit.condition else {})


# ---------------------------------------------------------------- logs


def _write_logs(folder: Path, account: str, members: list[_Principal], draws: random.Random) -> int:
    """Writes one file a day, each day with at least one record; returns the number of records."""
    by_day: dict[int, list[Json]] = {
        at: [_record(members[0], "sts", "GetCallerIdentity", {}, draws)] for at in range(DAYS)
    }
    for one in members:
        for habit, number in one.calls:
            for source, name, parameters, reads in habit.calls:
                for _ in range(draws.randint(1, 8)):
                    filled = one.fill(parameters, number, draws.randint(1, 8))
                    records = by_day[draws.randrange(DAYS)]
                    records.append(_record(one, source, name, filled, draws, reads=reads))
    for at, records in by_day.items():
        day = FIRST_DAY + timedelta(days=at)
        for second, record in enumerate(records):
            record["eventTime"] = f"{day}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        stamp = f"{day:%Y%m%d}T2355Z_{at:016}"
        path = folder / f"AWSLogs/{account}/CloudTrail/us-east-1/{day:%Y/%m/%d}"
        path.mkdir(parents=True)
        body = json.dumps({"Records": records}, separators=(",", ":")).encode()
        (path / f"{account}_CloudTrail_us-east-1_{stamp}.json.gz").write_bytes(gzip.compress(body, 1, mtime=0))
    return sum(map(len, by_day.values()))


def _record(
    one: _Principal, source: str, name: str, parameters: Json, draws: random.Random, *, reads: bool = True
) -> Json:
    data = name.endswith("!")
    record = {
        "eventVersion": "1.09",
        "userIdentity": _identity(one, draws),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name.removesuffix("!"),
        "awsRegion": one.region,
        "sourceIPAddress": "10.0.0.1",
        "userAgent": "aws-sdk-go/1.44.122",
        "requestParameters": parameters or None,
        "responseElements": None,
        "eventID": f"{draws.getrandbits(128):032x}",
        "readOnly": reads,
        "eventType": "AwsApiCall",
        "managementEvent": not data,
        "recipientAccountId": one.account,
        "eventCategory": "Data" if data else "Management",
    }
    if draws.random() < 0.06:
        code = draws.choice(("AccessDenied", "AccessDenied", "ThrottlingException", "ResourceNotFoundException"))
        record |= {"errorCode": code, "errorMessage": "the call failed"}
    return record


def _identity(one: _Principal, draws: random.Random) -> Json:
    if one.user:
        kind = {"type": "IAMUser", "principalId": one.unique, "arn": one.arn, "userName": one.name}
        return kind | {"accountId": one.account, "accessKeyId": f"AKIA{draws.randrange(10**16):016}"}
    session = f"session-{draws.randrange(5)}"
    return {
        "type": "AssumedRole",
        "principalId": f"{one.unique}:{session}",
        "arn": f"arn:aws:sts::{one.account}:assumed-role/{one.name}/{session}",
        "accountId": one.account,
        "accessKeyId": f"ASIA{draws.randrange(10**16):016}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": one.unique,
                "arn": one.arn,
                "accountId": one.account,
                "userName": one.name,
            },
            "attributes": {"creationDate": "2026-03-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }
