"""The IAM in memory answers as moto does: the same calls give the same errors and the same policies."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.model import PrincipalKind
from lpgen.edge.rollout.iam_writer import IamWriter
from tests.support.aws_servers import Server
from tests.support.iam_stand_in import ACCOUNT, IamAccount, open_stand_in
from tests.support.law_examples import examples
from tests.support.rollout_roles import own_server
from tests.support.rollout_worlds import NARROWED, TRUST, World, allow, document

OLD = document(allow("s3:GetObject"))
NEW = document(allow("s3:ListBucket"))
LPGEN = f"arn:aws:iam::{ACCOUNT}:policy/lpgen/new"

CALLS: dict[str, dict[str, str]] = {
    "attach_role_policy": {"RoleName": "{role}", "PolicyArn": LPGEN},
    "detach_role_policy": {"RoleName": "{role}", "PolicyArn": LPGEN},
    "put_role_policy": {"RoleName": "{role}", "PolicyName": "own", "PolicyDocument": NEW},
    "delete_role_policy": {"RoleName": "{role}", "PolicyName": "own"},
    "update_assume_role_policy": {"RoleName": "{role}", "PolicyDocument": NARROWED},
    "create_policy": {"Path": "/lpgen/", "PolicyName": "new", "PolicyDocument": NEW, "Description": "a lock"},
    "delete_policy": {"PolicyArn": LPGEN},
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(CALLS)), st.sampled_from(["app", "nobody"])), max_size=12)


server = pytest.fixture(scope="module")(own_server)


@pytest.fixture(scope="module")
def world(server: Server, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(server, tmp_path_factory.mktemp("moto"))


def answer_of(client: Any, operation: str, role: str) -> str:
    """The error code of a call, or ""."""
    given_ = {name: value.replace("{role}", role) for name, value in CALLS[operation].items()}
    try:
        getattr(client, operation)(**given_)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_stand_in_answers_as_moto_does(world: World, steps: list[tuple[str, str]]) -> None:
    account = IamAccount(trust=TRUST)
    account.make_role("app", {"own": OLD}, {})
    session = open_stand_in(account, lambda _, perform: perform())
    world.make_role("app", inline={"own": OLD})
    try:
        for operation, role in steps:
            if operation == "delete_policy" and LPGEN in account.attached["app"]:
                # moto deletes an attached policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
                assert answer_of(session.client("iam"), operation, role) == "DeleteConflict"
                continue
            assert answer_of(session.client("iam"), operation, role) == answer_of(world.client, operation, role)
            readers = (IamWriter(session), world.writer)
            first, second = (reader.read_principal(PrincipalKind.ROLE, "app") for reader in readers)
            assert (first.holding, first.documents) == (second.holding, second.documents)
            assert len({reader.read_policy(LPGEN) for reader in readers}) == 1
            assert len({reader.read_lock(LPGEN) for reader in readers}) == 1
            assert len({reader.read_users_of_policy(LPGEN) for reader in readers if reader.read_policy(LPGEN)}) < 2
    finally:
        for operation in ("detach_role_policy", "delete_policy", "delete_role_policy"):
            answer_of(world.client, operation, "app")
        world.client.delete_role(RoleName="app")
