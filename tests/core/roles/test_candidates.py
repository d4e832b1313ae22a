"""Which principals are compared: environments, kinds of trust, and scopes with a principal's own name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Action
from lpgen.core.roles.candidates import environment_of, trust_of
from lpgen.core.roles.merges import shared_name
from lpgen.core.roles.names import Names
from lpgen.core.roles.needs import Pair, covers, templates_of
from tests.support.worlds import ACCOUNT, role

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
GET = Action("s3:GetObject")


@pytest.mark.parametrize(
    ("name", "path", "tags", "account", "environment"),
    [
        ("orders-prod", "/", (), "", {"production"}),
        ("orders", "/staging/", (), "", {"staging"}),
        ("orders", "/", (("Environment", "dev"),), "", {"development"}),
        ("orders", "/", (("acme:env", "blue"),), "", {"blue"}),
        ("orders", "/", (), "shop-prod", {"production"}),
        ("orders-test", "/", (), "shop-prod", {"test"}),
        ("OrdersProdWriter", "/", (), "", {"production"}),
        ("OrdersDevWriter", "/", (), "", {"development"}),
        ("ordersUatLoader", "/", (), "", {"acceptance"}),
        ("orders_stg_writer", "/", (), "", {"staging"}),
        ("ordersPRODWriter", "/", (), "", {"production"}),
        ("Orders.Prod2", "/", (), "", {"production"}),
        ("orders2dev", "/", (), "", {"development"}),
        ("orders-pre-prod", "/", (), "", {"staging"}),
        ("OrdersNonProd", "/", (), "", {"non-production"}),
        ("orders", "/team/QaTools/", (), "", {"test"}),
        ("orders", "/", (("deploymentStage", "Prod-EU"),), "", {"production"}),
        ("orders-1", "/", (("environment", "production-2"),), "", {"production", "2"}),
        ("product-api", "/", (), "", set()),
        ("DeviceProductLatest", "/", (), "", set()),
    ],
)
def test_environment_is_what_tags_path_and_name_say_or_else_the_account(
    name: str, path: str, tags: tuple[tuple[str, str], ...], account: str, environment: set[str]
) -> None:
    found = replace(role(name=name, path=path), tags=tags)
    assert environment_of(found, {ACCOUNT: account}) == environment


TRUSTED = [
    {"Service": "lambda.amazonaws.com"},
    {"Service": "ec2.amazonaws.com"},
    {"AWS": ROOT},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"},
    {"AWS": "999999999999"},
    {"AWS": "arn:aws:iam::999999999999:role/app"},
    {"AWS": "888888888888"},
    {"AWS": "*"},
    {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"},
    {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"},
    {"Federated": "accounts.google.com"},
]


def kinds_of(trusted: dict[str, str]) -> frozenset[object]:
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    trust = policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="trust")
    return trust_of(replace(role(), trust=trust))


def test_kinds_of_trust_differ() -> None:
    assert len({kinds_of(trusted) for trusted in TRUSTED}) == len(TRUSTED)


def test_another_name_of_the_same_kind_is_alike() -> None:
    assert kinds_of({"AWS": ACCOUNT}) == kinds_of({"AWS": ROOT})
    for kind, name in (("AWS", "role/app"), ("Federated", "saml-provider/corp")):
        arn = f"arn:aws:iam::{ACCOUNT}:{name}"
        assert kinds_of({kind: arn}) == kinds_of({kind: f"{arn}-2"})


def template(name: str, resource: str) -> str:
    (pair,) = templates_of(frozenset({Pair(GET, resource)}), role(name=name))
    return pair.resource


@pytest.mark.parametrize(
    ("one", "two", "are_alike"),
    [
        (("orders-1", "arn:aws:s3:::data-orders-1/*"), ("orders-2", "arn:aws:s3:::data-orders-2/*"), True),
        (("orders-1", "arn:aws:s3:::shard-1/*"), ("orders-2", "arn:aws:s3:::shard-2/*"), True),
        (("worker1", "arn:aws:s3:::worker1-data/*"), ("worker2", "arn:aws:s3:::worker2-data/*"), True),
        (("OrdersEmea", "arn:aws:s3:::OrdersEmea/*"), ("OrdersApac", "arn:aws:s3:::OrdersApac/*"), True),
        (("orders-api", "arn:aws:s3:::orders-api/*"), ("billing-api", "arn:aws:s3:::billing-api/*"), False),
        (("app", "arn:aws:s3:::apples/*"), ("app", "arn:aws:s3:::app/*"), False),
        (("orders-1", "arn:aws:sqs:us-east-1:1:q"), ("orders-2", "arn:aws:sqs:us-east-2:1:q"), False),
    ],
)
def test_own_names_are_alike_only_for_names_with_the_same_first_part(
    one: tuple[str, str], two: tuple[str, str], are_alike: bool
) -> None:
    assert (template(*one) == template(*two)) is are_alike


def test_a_variable_covers_only_itself() -> None:
    own = Pair(GET, "arn:aws:s3:::home/${aws:username}/*")
    assert covers(own, own)
    assert not covers(own, Pair(GET, "arn:aws:s3:::home/alice/*"))
    assert covers(Pair(GET, "*"), own)


def test_a_shared_name_is_what_names_have_in_common_and_new() -> None:
    members = [role(name="orders-1"), role(name="orders-2")]
    names = Names([role(name="ORDERS-shared")])
    found = [shared_name(members, names, is_set=False) for _ in range(3)]
    assert found == ["orders", "orders-shared-2", "orders-shared-3"]
    for some, shared in (
        (("a", "b"), "shared-role"),
        (("worker1", "worker2"), "worker"),
        (("OrdersEmea", "OrdersApac"), "Orders"),
    ):
        assert shared_name([role(name=name) for name in some], Names(()), is_set=False) == shared
