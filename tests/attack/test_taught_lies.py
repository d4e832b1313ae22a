"""A thief's calls teach lpgen nothing: from CloudTrail records to reviews, with and without them.

Each lie is told in accounts of its own. All are ingested twice, once without what the thief did.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

import pytest

from lpgen.core.globs.match import glob_match
from lpgen.edge.catalog.files import bundled_catalog
from tests.attack.fuzz.world import run_lpgen

LAST = date(2026, 9, 30)
DAYS: Final = 60
DAILY = range(0, DAYS, 2)
WEEKLY = range(3, DAYS, 7)
VISIT: Final = 20
"""The thief comes so many days before the logs end."""

APPS, BUILDS = "apps", "builds"
"""What may assume roles: similar principals are of the same kind, which is that of an account's lie only."""

SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


@dataclass(frozen=True)
class Call:
    """A call as CloudTrail records it, on some days before the end of the logs."""

    service: str
    event: str
    request: Mapping[str, Any] = field(default_factory=dict)
    days: Iterable[int] = DAILY
    error: str = ""
    message: str = ""
    response: Mapping[str, Any] | None = None
    region: str = "us-east-1"


@dataclass(frozen=True)
class Role:
    """A role, its honest calls, and what a thief does with its credentials."""

    name: str
    account: str
    calls: Sequence[Call]
    stolen: Sequence[Call] = ()
    trusts: str = APPS
    path: str = "/"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"

    @property
    def role_id(self) -> str:
        """Its unique id."""
        return "AROA" + f"{self.account}{self.name}".upper().replace("-", "").replace("_", "")[-30:]

    def records(self, *, lied: bool) -> Iterator[dict[str, Any]]:
        """Its records, with or without those of the thief."""
        for number, call in enumerate([*self.calls, *(self.stolen if lied else ())]):
            for day in call.days:
                yield self._record(call, day, f"{self.account}-{self.name}-{number}-{day}")

    def _record(self, call: Call, day: int, event_id: str) -> dict[str, Any]:
        issuer = {"type": "Role", "principalId": self.role_id, "arn": self.arn, "accountId": self.account}
        return {
            "eventVersion": "1.09",
            "eventTime": f"{LAST - timedelta(day)}T10:00:00Z",
            "eventSource": f"{call.service}.amazonaws.com",
            "eventName": call.event,
            "awsRegion": call.region,
            "eventID": event_id,
            "eventType": "AwsApiCall",
            "eventCategory": "Management",
            "managementEvent": True,
            "readOnly": call.event.startswith(("Get", "List", "Describe")),
            "recipientAccountId": self.account,
            "requestParameters": dict(call.request),
            "responseElements": call.response and dict(call.response),
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"{self.role_id}:session",
                "accountId": self.account,
                "arn": f"arn:aws:sts::{self.account}:assumed-role/{self.name}/session",
                "sessionContext": {"sessionIssuer": issuer},
            },
            **({"errorCode": call.error, "errorMessage": call.message or "it failed"} if call.error else {}),
        }

    def details(self, services: Iterable[str]) -> dict[str, Any]:
        """Its entry in the authorization details: a policy for all of some services, which it doesn't name."""
        others = [
            f"{prefix}:*" for prefix in bundled_catalog().source.service_prefixes() if prefix not in set(services)
        ]
        provider = f"arn:aws:iam::{self.account}:oidc-provider/{self.trusts}.{self.account}.example"
        trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
        statement = {"Effect": "Allow", "NotAction": others, "Resource": "*"}
        return {
            "Path": self.path,
            "RoleName": self.name,
            "RoleId": self.role_id,
            "Arn": self.arn,
            "CreateDate": "2020-01-01T00:00:00+00:00",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "InstanceProfileList": [],
            "RolePolicyList": [
                {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
            ],
            "AttachedManagedPolicies": [],
        }


# ---------------------------------------------------------------- calls


def reads_secret(account: str, name: str, **more: Any) -> Call:
    arn = f"arn:aws:secretsmanager:us-east-1:{account}:secret:{name}-AbCdEf"
    return Call("secretsmanager", "GetSecretValue", {"secretId": arn}, **more)


def calls_function(event: str, name: str, **more: Any) -> Call:
    return Call("lambda", f"{event}20150331v2", {"functionName": name}, **more)


def calls_queue(event: str, account: str, name: str, **more: Any) -> Call:
    url = f"https://sqs.us-east-1.amazonaws.com/{account}/{name}"
    answer = {"queueUrl": url} if event == "CreateQueue" else None
    request = {"queueName": name} if event == "CreateQueue" else {"queueUrl": url}
    return Call("sqs", event, request, response=answer, **more)


def calls_bucket(event: str, name: str, **more: Any) -> Call:
    return Call("s3", event, {"bucketName": name}, **more)


def calls_iam(event: str, **more: Any) -> Call:
    return Call("iam", event, {"userName": "backup"}, **more)


ONCE: Final[Mapping[str, Any]] = {"days": (VISIT,)}
PULSE = Call("monitoring", "PutMetricAlarm", {"alarmName": "pulse"}, days=range(DAYS))


# ---------------------------------------------------------------- the lies


@dataclass(frozen=True)
class Lie:
    """Some roles, of which thieves use one or more.

    `found` are kinds of reasons why the replacements of these aren't safe. `barred` are globs of actions that the lie
    adds to no replacement, not even a victim's. An `open` lie is use that nothing tells from work: it may
    widen what does no harm.
    """

    name: str
    roles: Sequence[Role]
    found: frozenset[str] = frozenset()
    barred: Sequence[str] = ()
    open: bool = False
    is_set: bool = False

    @property
    def innocent(self) -> Sequence[Role]:
        """The roles whose credentials nobody stole."""
        return [role for role in self.roles if not role.stolen]

    @property
    def victims(self) -> Sequence[Role]:
        """The roles whose credentials somebody stole."""
        return [role for role in self.roles if role.stolen]

    @property
    def services(self) -> frozenset[str]:
        """The services that any of its roles calls, by the prefixes of their actions."""
        called = {call.service for role in self.roles for call in (*role.calls, *role.stolen)}
        return frozenset("cloudwatch" if one == "monitoring" else one for one in called)


UNUSUAL, ATTEMPT = frozenset({"unusual_use"}), frozenset({"dangerous_attempt"})


def app(account: str, name: str, stolen: Sequence[Call] = (), calls: Sequence[Call] = (), **more: Any) -> Role:
    """A role that looks at its stream every other day, and a pulse."""
    daily = Call("kinesis", "DescribeStreamSummary", {"streamName": f"{name}-clicks"})
    return Role(name, account, [daily, PULSE, *calls], stolen, **more)


def apps(account: str, victims: Sequence[Call], calls: Sequence[Call] = (), **more: Any) -> list[Role]:
    """A victim and two roles that work like it."""
    return [
        app(account, "victim", victims, calls, **more),
        app(account, "second", (), calls, **more),
        app(account, "third", (), calls, **more),
    ]


def lies() -> Iterator[Lie]:
    """All lies, each in other accounts."""
    numbers = iter(range(1, 100))

    def account() -> str:
        return f"{111100000000 + next(numbers):012}"

    one = account()
    own = reads_secret(one, "app/db")
    yield Lie(
        "three stolen secrets",
        apps(one, [reads_secret(one, f"pay/{name}", **ONCE) for name in ("card", "bank", "tax")], [own]),
        frozenset(),
    )
    one = account()
    yield Lie(
        "three stolen secrets of a role that reads none",
        apps(one, [reads_secret(one, f"pay/{name}", **ONCE) for name in ("card", "bank", "tax")]),
        UNUSUAL,
    )
    one = account()
    yield Lie(
        "functions listed at a theft",
        apps(one, [Call("lambda", "ListFunctions20150331", **ONCE), reads_secret(one, "pay/card", **ONCE)]),
        UNUSUAL,
        ["lambda:Invoke*"],
    )
    yield from _sets(account(), account())
    one = account()
    throttled = [
        calls_iam("CreateAccessKey", error="ThrottlingException", message="Rate exceeded", **ONCE),
        Call("kms", "ScheduleKeyDeletion", {"keyId": "x"}, error="ValidationException", **ONCE),
        Call("s3", "PutBucketPolicy", {"bucketName": "ledger"}, error="MalformedPolicy", **ONCE),
    ]
    recorded = Call("kms", "ListAliases")
    yield Lie("harm that was throttled or malformed", apps(one, throttled, [recorded]), ATTEMPT)
    one = account()
    deploys = [calls_function("UpdateFunctionCode", f"payroll-{name}") for name in ("api", "batch", "mail")]
    missing = {"error": "ResourceNotFoundException", "message": "Function not found"}
    made_up = [calls_function("UpdateFunctionCode", name, **missing, **ONCE) for name in ("admin", "zzz", "root")]
    names = ("api", "batch", "mail", "page", "site")
    others = [calls_function("UpdateFunctionCode", f"shop-{name}", days=WEEKLY) for name in names]
    yield Lie(
        "made-up functions of a deployer",
        [
            app(one, "deployer", made_up, deploys, trusts=BUILDS),
            app(one, "shop-deployer", (), others, trusts=BUILDS),
            app(one, "third", (), others, trusts=BUILDS),
        ],
    )
    one = account()
    yield Lie(
        "functions of others, once each, by a deployer",
        [
            app(
                one,
                "deployer",
                [calls_function("UpdateFunctionCode", name, **ONCE) for name in ("shop-api", "admin", "root")],
                deploys,
                trusts=BUILDS,
            ),
            app(one, "shop-deployer", (), others, trusts=BUILDS),
        ],
    )
    one = account()
    yield Lie(
        "a made-up name",
        apps(
            one,
            [
                calls_function("AddPermission", "made-up", **missing, **ONCE),
                calls_bucket("PutBucketPolicy", "made-up", error="NoSuchBucket", **ONCE),
            ],
        ),
        ATTEMPT,
    )
    yield from _creations(account)
    yield from _mimics(account())
    one = account()
    yield Lie("seventy kinds of harm on a day", [_worker(one, "worker", _burst(one)), _worker(one, "other")], UNUSUAL)
    one = account()
    roles = [
        Call("sts", "AssumeRole", {"roleArn": f"arn:aws:iam::{number:012}:role/audit", "roleSessionName": "x"}, **ONCE)
        for number in (999900000001, 999900000002, 999900000003)
    ]
    yield Lie("a role of three unknown accounts", apps(one, roles))
    one = account()
    stranger = [
        Call("dynamodb", "UpdateTimeToLive", {"tableName": "t"}, error="ThrottlingException", **ONCE),
        calls_queue("PurgeQueue", one, "made-up", error="AWS.SimpleQueueService.NonExistentQueue", **ONCE),
    ]
    yield Lie("a stranger's calls that were throttled or found nothing", apps(one, stranger), open=True)


def _sets(first: str, second: str) -> Iterator[Lie]:
    """A permission set in two accounts; in the first the thief makes a user and reads a secret."""
    stolen = [calls_iam("CreateUser", **ONCE), reads_secret(first, "pay/card", **ONCE)]
    names = {first: "AWSReservedSSO_Developer_0123456789abcdef", second: "AWSReservedSSO_Developer_fedcba9876543210"}
    roles = [app(one, name, stolen if one == first else (), path=SSO) for one, name in names.items()]
    yield Lie("a theft in one account of a permission set", roles, UNUSUAL, is_set=True)


def _creations(account: Any) -> Iterator[Lie]:
    """The thief creates, or tries to create, what others have, and then shares it."""
    one = account()
    opened = calls_bucket("PutBucketPolicy", "ledger", days=(VISIT,))
    yield Lie(
        "a bucket that was there, created without success and opened",
        [
            app(one, "victim", [calls_bucket("CreateBucket", "ledger", error="BucketAlreadyExists", **ONCE), opened]),
            app(one, "owner", (), [calls_bucket("PutBucketTagging", "ledger")]),
        ],
        UNUSUAL,
    )
    one = account()
    yield Lie(
        "a bucket that was there, created again and opened",
        [
            app(one, "victim", [calls_bucket("CreateBucket", "ledger", **ONCE), opened]),
            app(one, "owner", (), [calls_bucket("PutBucketTagging", "ledger")]),
        ],
        UNUSUAL,
    )
    one = account()
    yield Lie(
        "a queue that was there, created again and opened",
        [
            app(
                one, "victim", [calls_queue(event, one, "ledger", **ONCE) for event in ("CreateQueue", "AddPermission")]
            ),
            app(one, "owner", (), [calls_queue("SetQueueAttributes", one, "ledger")]),
        ],
        UNUSUAL,
    )
    one = account()
    yield Lie(
        "a queue that nobody named, created again and opened",
        [
            app(
                one, "victim", [calls_queue(event, one, "ledger", **ONCE) for event in ("CreateQueue", "AddPermission")]
            ),
            app(one, "other", (), [calls_queue("SetQueueAttributes", one, "mail")]),
        ],
        UNUSUAL,
    )
    one = account()
    at_home = [calls_queue("GetQueueAttributes", one, f"{name}-jobs") for name in ("mail", "web")]
    yield Lie(
        "a queue that was there, created again and opened by a role at home with queues",
        [
            app(
                one,
                "victim",
                [calls_queue(event, one, "ledger", **ONCE) for event in ("CreateQueue", "AddPermission")],
                at_home,
            ),
            app(one, "owner", (), [calls_queue("TagQueue", one, "ledger"), *at_home]),
        ],
        open=True,
    )
    one = account()
    topic = f"arn:aws:sns:us-east-1:{one}:ledger"
    shared = [
        Call("sns", "CreateTopic", {"name": "ledger"}, response={"topicArn": topic}, **ONCE),
        Call("sns", "AddPermission", {"topicArn": topic, "label": "x"}, **ONCE),
    ]
    subscribed = Call("sns", "GetTopicAttributes", {"topicArn": topic})
    yield Lie(
        "a topic that was there, created again and opened",
        [app(one, "victim", shared), app(one, "owner", (), [subscribed])],
        UNUSUAL,
    )


def _mimics(account: str) -> Iterator[Lie]:
    """The thief reads what deployers read, to be taken for one of them."""
    reads = [
        Call("ecs", "DescribeServices", {"cluster": "shop", "services": ["api"]}),
        Call("ecs", "DescribeTaskDefinition", {"taskDefinition": "api:7"}),
        Call("ecr", "DescribeImages", {"repositoryName": "api"}),
        Call("elasticloadbalancing", "DescribeTargetHealth", {"targetGroupArn": "x"}),
    ]
    writes = [
        Call("ecs", "UpdateService", {"cluster": "shop", "service": "api"}, days=WEEKLY),
        Call("ecs", "RegisterTaskDefinition", {"family": "api"}, days=WEEKLY),
    ]
    copied = [Call(read.service, read.event, read.request, range(10, 40)) for read in reads]
    yield Lie(
        "the reads of deployers",
        [
            Role(
                "reader", account, [calls_queue("GetQueueAttributes", account, "jobs"), *reads[:1]], copied[1:], BUILDS
            ),
            Role("deployer", account, [*reads, *writes, PULSE], (), BUILDS),
            Role("second-deployer", account, [*reads, *writes], (), BUILDS),
        ],
        barred=["ecs:UpdateService", "ecs:RegisterTaskDefinition"],
        open=True,
    )


def _worker(account: str, name: str, stolen: Sequence[Call] = ()) -> Role:
    stream = {"streamName": f"{name}-clicks"}
    calls = [Call("kinesis", event, stream) for event in ("DescribeStreamSummary", "AddTagsToStream")]
    return Role(name, account, [*calls, PULSE], stolen)


def _burst(account: str) -> list[Call]:
    """Seventy harmful calls on one day."""
    user = [
        calls_iam(event, **ONCE)
        for event in (
            "CreateUser", "CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile", "AttachUserPolicy",
            "PutUserPolicy", "DeleteUserPolicy", "DetachUserPolicy", "DeactivateMFADevice", "UpdateAccessKey",
        )
    ]  # fmt: skip
    buckets = [
        calls_bucket(event, name, **ONCE)
        for name in ("ledger", "backup", "logs", "web", "data")
        for event in ("PutBucketPolicy", "DeleteBucketPolicy", "PutBucketReplication", "PutBucketLogging")
    ]
    secrets = [reads_secret(account, f"team-{number}/key", **ONCE) for number in range(10)]
    functions = [
        calls_function(event, f"fn-{number}", **ONCE)
        for number in range(10)
        for event in ("UpdateFunctionCode", "AddPermission")
    ]
    snapshots = [
        Call("ec2", "ModifySnapshotAttribute", {"snapshotId": f"snap-0000000000000000{number}"}, **ONCE)
        for number in range(5)
    ]
    trails = [
        Call("cloudtrail", event, {"name": "main"}, **ONCE) for event in ("StopLogging", "DeleteTrail", "UpdateTrail")
    ]
    roles = [Call("iam", "UpdateAssumeRolePolicy", {"roleName": "admin", "policyDocument": "{}"}, **ONCE)]
    return [*user, *buckets, *secrets, *functions, *snapshots, *trails, *roles]


LIES: Final = {ly.name: ly for ly in lies()}


# ---------------------------------------------------------------- what lpgen makes of them


@dataclass(frozen=True)
class Reviews:
    """The reviews of all roles, by ARN, with and without the lies."""

    honest: Mapping[str, Any]
    lied: Mapping[str, Any]

    @cached_property
    def lines(self) -> tuple[Mapping[str, set[tuple[str, str]]], Mapping[str, set[tuple[str, str]]]]:
        """The pairs of action and resource in each replacement, without and with the lies."""
        found = [{arn: pairs_of(one) for arn, one in side.items()} for side in (self.honest, self.lied)]
        return found[0], found[1]


def pairs_of(review: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The pairs of action and resource in a replacement."""
    lines = (review["replacement"] or {"lines": []})["lines"]
    return {(line["action"], where) for line in lines for where in line["resources"] or line["not_resources"]}


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Reviews:
    """All lies in one organization."""
    home = tmp_path_factory.mktemp("lies")
    roles = [role for lie in LIES.values() for role in lie.roles]
    (home / "policies").mkdir()
    for lie in LIES.values():
        for account in {role.account for role in lie.roles}:
            page = {"RoleDetailList": [role.details(lie.services) for role in lie.roles if role.account == account]}
            empty: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "Policies": []}
            (home / "policies" / f"{account}.json").write_text(json.dumps(page | empty), encoding="utf-8")
    found = []
    for lied in (False, True):
        logs, data = home / f"logs-{lied}.json", home / f"data-{lied}"
        records = [record for role in roles for record in role.records(lied=lied)]
        logs.write_text(json.dumps({"Records": records}), encoding="utf-8")
        run_lpgen("ingest", logs, "--data", data, "--workers", "1")
        shown = home / f"review-{lied}.json"
        run_lpgen("review", "--data", data, "--policies", home / "policies", "--format", "json", "-o", shown)
        review = json.loads(shown.read_text(encoding="utf-8"))
        found.append({one["principal"]: one for one in review["principals"]})
    return Reviews(*found)


def cases(*broken: str) -> pytest.MarkDecorator:
    """All lies, of which some are still believed."""
    xfail = pytest.mark.xfail(strict=True, reason="lpgen believes this lie")
    assert LIES.keys() >= set(broken)
    params = (pytest.param(lie, id=name, marks=xfail if name in broken else ()) for name, lie in LIES.items())
    return pytest.mark.parametrize("lie", params)


@cases()
def test_records_of_the_lie_are_understood(reviews: Reviews, lie: Lie) -> None:
    for role in lie.roles:
        assert reviews.lied[role.arn]["unmapped"] == []
        assert reviews.lied[role.arn]["class"] in ("active", "sso")


@cases()
def test_the_lie_teaches_nobody_else(reviews: Reviews, lie: Lie) -> None:
    for role in lie.innocent:
        honest, lied = reviews.honest[role.arn], reviews.lied[role.arn]
        assert reviews.lines[1][role.arn] == reviews.lines[0][role.arn]
        assert lied["verdicts"] == honest["verdicts"]
        if not lie.is_set:  # the roles of a set say of each other that they aren't safe
            assert without_reach(lied) == without_reach(honest)


@cases()
def test_a_victim_gets_at_most_what_the_thief_did(reviews: Reviews, lie: Lie) -> None:
    for role in lie.victims:
        before, after = (side[role.arn] for side in reviews.lines)
        verdicts = reviews.lied[role.arn]["verdicts"]
        done = {verdict["action"] for verdict in verdicts if verdict["verdict"] in ("used", "attempted")}
        assert lie.open or {action for action, _ in after - before} <= done
        wider = {pair for pair in after - before if not is_exact(pair[1]) and not covers(before, pair)}
        harmful = {verdict["action"] for verdict in verdicts if verdict["danger"]}
        assert {pair for pair in wider if not lie.open or pair[0] in harmful} == set()
        assert {pair for pair in before - after if not covers(after, pair)} == set()
        assert not any(glob_match(barred, action) for barred in lie.barred for action, _ in after - before)


@cases()
def test_the_replacement_of_a_victim_is_not_safe(reviews: Reviews, lie: Lie) -> None:
    for role in lie.victims:
        assert lie.found <= {why["kind"] for why in reviews.lied[role.arn]["not_safe_because"]}


def covers(pairs: Iterable[tuple[str, str]], pair: tuple[str, str]) -> bool:
    """Whether one of the pairs allows all that a pair allows."""
    return any(action == pair[0] and glob_match(pattern, pair[1]) for action, pattern in pairs)


def without_reach(review: Mapping[str, Any]) -> dict[str, Any]:
    """A review without the numbers of resources that the logs name, which is a fact of all principals."""
    counts = {name: count for name, count in review["counts"].items() if not name.startswith("reach_")}
    return {**review, "counts": counts}


def is_exact(pattern: str) -> bool:
    """Whether it is one resource, or what an action has that takes none."""
    return "*" not in pattern or pattern == "*"
