"""The whole loop under enforced IAM: run, record, ingest, snapshot, generate, apply, run again, undo.

moto checks signatures and decides by the caller's policies once it is told to. It enforces actions: what it makes of
resources and conditions isn't what AWS does (most services hold a statement's resource against a literal `*`, and a
condition on anything but a trust policy refuses). So a twin of the role holds the applied policies with their actions
and effects alone, except that S3's resources stay, which moto does read. What the applied policies say of resources and
conditions is decided by lpgen's own evaluator.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import MappedAction, Resource, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.aws_servers import ACCESS_KEY, SECRET_KEY, Server, moto_server
from tests.support.forked_lpgen import run_forked
from tests.support.log_samples import log_bytes
from tests.support.rollout_worlds import ACCOUNT, World, allow, deny, document
from tests.support.workload import REGION, UNUSED, Recorder, run_workload

pytestmark = pytest.mark.slow


BUCKET = "trail-logs"
KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}"
NEAR = {"StringEquals": {"aws:RequestedRegion": REGION}}
WILDCARDS = document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, deny("iam:DeleteRole"), indent=3)
CONDITIONAL = document(allow("s3:*", Condition=NEAR), indent=1)
TRUST = document(
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
    {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Keys:
    """A user's access key."""

    id: str
    secret: str

    def session(self, token: str = "") -> boto3.Session:
        return boto3.Session(self.id, self.secret, token or None, region_name=REGION)


class Account:
    """An account with the role that is to be replaced, its twin, and users that run lpgen with what it asks for."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server, self.home = server, home
        self.world = World(server, home)
        self.iam = Keys(ACCESS_KEY, SECRET_KEY).session().client("iam", endpoint_url=server.url)
        for name in ("orders", "orders-twin", "orders-steps"):
            self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        self.iam.put_role_policy(RoleName="orders", PolicyName="most", PolicyDocument=WILDCARDS)
        policy = self.iam.create_policy(PolicyName="objects", PolicyDocument=CONDITIONAL)["Policy"]["Arn"]
        self.iam.attach_role_policy(RoleName="orders", PolicyArn=policy)
        self.arn = f"arn:aws:iam::{ACCOUNT}:role/orders"
        self.admin = self.make_user("admin", {"all": document(allow("*"))})
        self.secrets: set[str] = {self.admin.secret}

    def make_user(self, name: str, policies: Mapping[str, str]) -> Keys:
        self.iam.create_user(UserName=name)
        for policy, text in policies.items():
            self.iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=text)
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def user_of_lpgen(self, *duties: str) -> Keys:
        """A user with the permissions that `lpgen iam-policy` prints for these commands, as far as moto reads them."""
        name = f"lpgen-{duties[0]}"
        options = ("--bucket", BUCKET, "--caller", f"arn:aws:iam::{ACCOUNT}:user/{name}")
        printed = {duty: json.loads(self.lpgen(self.admin, "iam-policy", duty, *options)[0]) for duty in duties}
        keys = self.make_user(name, {duty: by_action(policy) for duty, policy in printed.items()})
        self.secrets.add(keys.secret)
        return keys

    def recorder(self, name: str) -> Recorder:
        """Somebody who has assumed a role, and whose calls are noted."""
        sts = Keys(ACCESS_KEY, SECRET_KEY).session().client("sts", endpoint_url=self.server.url)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        given = sts.assume_role(RoleArn=arn, RoleSessionName="run")["Credentials"]
        session = Keys(given["AccessKeyId"], given["SecretAccessKey"]).session(given["SessionToken"])
        role_id = self.iam.get_role(RoleName=name)["Role"]["RoleId"]
        return Recorder(session, self.server.url, arn, role_id)

    def enforce(self, *, on: bool) -> None:
        """Tells moto to ask IAM for leave from now on, or not."""
        url, free_calls = f"{self.server.url}/moto-api/reset-auth", b"0" if on else b"inf"
        urllib.request.urlopen(urllib.request.Request(url, free_calls, {"Content-Type": "text/plain"})).close()

    def lpgen(self, keys: Keys, *arguments: str, status: int = 0) -> tuple[str, str]:
        """What lpgen prints on stdout and stderr when a user runs it."""
        credentials = {"AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret, "AWS_MAX_ATTEMPTS": "2"}
        done = run_forked(*arguments, cwd=self.home, env={**self.server.environment, **credentials})
        with (self.home / "said.txt").open("a") as said:
            said.write(done.stdout + done.stderr)
        assert done.returncode == status, done.stderr + done.stdout
        return done.stdout, done.stderr


def by_action(policy: dict[str, Any]) -> str:
    """A policy as far as moto enforces it: on every resource and without conditions; S3's resources stay."""
    return json.dumps({**policy, "Statement": [_plain_statement(one) for one in policy["Statement"]]})


def _plain_statement(one: dict[str, Any]) -> dict[str, Any]:
    actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
    resource = one["Resource"] if all(action.startswith("s3:") for action in actions) else "*"
    return {"Effect": one["Effect"], "Action": actions, "Resource": resource}


def refused(recorder: Recorder, service: str, operation: str, parameters: dict[str, Any]) -> bool:
    """Whether IAM refuses a call; one that fails for another reason was allowed."""
    try:
        recorder.call(service, operation, **parameters)
    except ClientError as error:
        # moto refuses callers of JSON services in XML, which boto3 takes for the message.
        return "AccessDenied" in f"{error.response['Error']['Code']} {error.response['Error']['Message']}"
    return False


def test_workload_passes_with_its_replacement_and_nothing_else_does(server: Server, tmp_path: Path) -> None:
    account = Account(server, tmp_path)
    before = account.world.read(account.arn)
    reader = account.user_of_lpgen("snapshot", "ingest-s3")
    writer = account.user_of_lpgen("rollout-apply")
    app, twin = account.recorder("orders"), account.recorder("orders-twin")

    run_workload(app)
    assert len(set(app.made)) >= 25
    s3 = Keys(ACCESS_KEY, SECRET_KEY).session().client("s3", endpoint_url=server.url)
    s3.create_bucket(Bucket=BUCKET)
    day = app.records[0]["eventTime"][:10]
    stem = f"{ACCOUNT}_CloudTrail_{REGION}_{day.replace('-', '')}T2355Z_Vhm1sWfYyDgHb0Cq.json.gz"
    s3.put_object(Bucket=BUCKET, Key=f"{KEY}/{day.replace('-', '/')}/{stem}", Body=log_bytes(app.records))

    account.enforce(on=True)
    try:
        assert refused(twin, "sqs", "ListQueues", {})
        replace_by_lpgen(account, reader, writer)
        applied = applied_documents(account, before)
        put_on_twin(account, applied)
        run_workload(twin)
        assert twin.made == app.made
        for call in UNUSED:
            assert refused(twin, *call), call
        account.lpgen(writer, "rollout", "undo", "plan.json", "--yes", "--settle", "0")
    finally:
        account.enforce(on=False)
    assert account.world.read(account.arn) == before
    assert not account.world.made_policies()

    check_resources_and_conditions(app.records, [policy_of(text) for text in applied])
    check_no_secret(account)


def replace_by_lpgen(account: Account, reader: Keys, writer: Keys) -> None:
    """What the page on one's own account says, by users that may do what lpgen asks for and nothing else."""
    _, said = account.lpgen(reader, "ingest", f"s3://{BUCKET}", "--data", "data", "--strict")
    assert "1 new object with " in said
    account.lpgen(reader, "snapshot", "--data", "data", "--no-last-accessed", "--no-schedules", "--no-compute")
    # A workload of minutes has no earlier days to backtest, so nothing that it shows is called safe.
    chosen = ("--principal", "orders", "--min-days", "0", "--scope", "exact")
    account.lpgen(reader, "generate", "--data", "data", "--output", "out", *chosen)
    account.lpgen(reader, "verify", "out", "--data", "data")
    account.lpgen(reader, "rollout", "plan", "out", "--data", "data", *chosen, "--unsafe", "-o", "plan.json")
    account.lpgen(reader, "rollout", "apply", "plan.json", "--all", "--yes", "--settle", "0", status=3)
    account.lpgen(writer, "rollout", "apply", "plan.json", "--all", "--yes", "--settle", "0")


def applied_documents(account: Account, before: Any) -> list[str]:
    """The documents that the role has now, which are those that were generated."""
    account.enforce(on=False)
    live = account.world.read(account.arn)
    account.enforce(on=True)
    texts = [text for _, text in (*live.documents, *live.holding.inline)]
    folder = account.home / "out" / f"{ACCOUNT}-role-orders"
    assert sorted(texts) == sorted(path.read_text(encoding="utf-8") for path in folder.glob("policy-*.json"))
    assert (live.holding.trust, live.boundary) == (before.holding.trust, before.boundary)
    return texts


def put_on_twin(account: Account, texts: list[str]) -> None:
    iam = account.admin.session().client("iam", endpoint_url=account.server.url)
    for number, text in enumerate(texts):
        iam.put_role_policy(
            RoleName="orders-twin", PolicyName=f"p{number}", PolicyDocument=by_action(json.loads(text))
        )  # fmt: skip


# ---------------------------------------------------------------- what moto doesn't enforce


def policy_of(text: str) -> Any:
    return policy_from_json(text, place="applied")


def check_resources_and_conditions(records: list[dict[str, Any]], policies: list[Any]) -> None:
    """Every call of the workload is allowed where it was made, and no other resource of the same kind is."""
    event_map = EventMap(bundled_catalog())
    elsewhere = 0
    for record in records:
        for action in event_map.map_record(msgspec.convert(record, Record)).actions:
            for resource in action.resources:
                assert decided(policies, action, resource) is Result.ALLOWED, (action, resource)
                if resource.kind is ResourceKind.ARN and action.action != "iam:PassRole":
                    other = Resource(ResourceKind.ARN, resource.text.replace("orders", "salaries"))
                    if other != resource:
                        elsewhere += 1
                        assert decided(policies, action, other) is not Result.ALLOWED, (action, other)
                if action.action.startswith("s3:"):
                    assert decided(policies, action, resource, region="eu-west-3") is not Result.ALLOWED
    assert elsewhere >= 25


def decided(policies: list[Any], action: MappedAction, resource: Resource, *, region: str = REGION) -> Result:
    context = {"aws:RequestedRegion": (region,), **{key: (value,) for key, value in action.context}}
    request = Request(f"arn:aws:iam::{ACCOUNT}:role/orders", action.action, resource, context)
    return decide(request, PolicySet(identity=tuple(policies))).result


# ---------------------------------------------------------------- secrets


def check_no_secret(account: Account) -> None:
    """No file that lpgen wrote and nothing that it said holds a secret of those who ran it."""
    assert (account.home / "plan.json.journal").exists()
    for path in account.home.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not [secret for secret in account.secrets if secret.encode() in held], path
