"""Who can write a tag, and the SCP that stops them."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy, Principal, Resource, ResourceKind
from lpgen.core.tags.model import TagProposal
from lpgen.core.tags.writers import TagWriter
from tests.core.graph.cases import document, managed, principal, service, trust
from tests.core.tags.worlds import APP, LISTED, TABLES, USED, call, kinds, proposal, use, world
from tests.support.worlds import ACCOUNT, allow, deny

TAG = "dynamodb:TagResource"
EVERYTHING = document(allow("*"))


def role(name: str, *statements: dict[str, Any], trusts: Policy | None = None) -> Principal:
    return principal(f"role/{name}", *statements, trusts=trusts or service("ec2"))


def found(*others: Principal, scps: tuple[Policy, ...] = (), **choices: Any) -> TagProposal:
    return proposal(world(use(), principals=(APP, *others), scps=scps, **choices))


def request_of(writer: TagWriter) -> Request:
    """The request of a writer, with a complete context."""
    asked = writer.request
    resource = Resource(ResourceKind.ARN, asked.resource)
    return Request(writer.principal, asked.action, resource, asked.context, AbsentKeys.MISSING, ACCOUNT)


def is_denied(guard: dict[str, Any] | None, request: Request) -> bool:
    assert guard is not None
    scps = ((EVERYTHING, policy_from_json(guard, place="the guard")),)
    return decide(request, PolicySet((EVERYTHING,), scps=scps)).result is Result.EXPLICITLY_DENIED


@pytest.mark.parametrize(
    "statement",
    [
        allow(TAG, f"{TABLES}*"),
        allow("dynamodb:Tag*"),
        allow(TAG, f"{TABLES}pay-1"),
        allow(TAG, f"{TABLES}orders-*"),  # a new table of such a name
        allow(TAG, Condition={"StringEquals": {"aws:RequestTag/team": ["orders", "x"]}}),
        allow(TAG, Condition={"StringEquals": {"aws:RequestTag/cost": "1"}}),  # it sets two tags
        allow(TAG, Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": "cost"}}),
        allow(TAG, Condition={"StringEquals": {"aws:ResourceTag/team": "pay"}}),
        allow(TAG, Condition={"Null": {"aws:ResourceTag/team": "true"}}),
        allow(TAG, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        allow(TAG, Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        allow(TAG, Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["TEAM"]}}),  # keys heed no case
    ],
)
def test_each_writer_has_a_request_that_its_policies_allow_and_the_guard_denies(statement: dict[str, Any]) -> None:
    tagger = role("tagger", statement)
    one = found(tagger)
    assert kinds(one) == ["tag-writers"]
    (writer,) = one.writers
    assert (writer.principal, writer.action, writer.manager) == (tagger.arn, TAG, False)
    assert decide(request_of(writer), PolicySet((document(statement),))).result is Result.ALLOWED
    assert is_denied(one.guard, request_of(writer))
    other = Request(tagger.arn, TAG, request_of(writer).resource, {"aws:TagKeys": ("cost",)}, AbsentKeys.MISSING)
    assert not is_denied(one.guard, other)


@pytest.mark.parametrize(
    "statement",
    [
        allow("dynamodb:UntagResource"),
        allow("dynamodb:CreateTable"),
        allow("sqs:TagQueue"),
        allow(TAG, f"{TABLES.replace(ACCOUNT, '999999999999')}*"),
        allow(TAG, "arn:aws:dynamodb:eu-west-1:*:table/*"),
        allow(TAG, Condition={"StringEquals": {"aws:RequestTag/team": "pay"}}),
        allow(TAG, Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}),
        allow(TAG, Condition={"StringEquals": {"aws:ResourceTag/team": "orders"}}),  # which gives access already
        allow(TAG, Condition={"StringEquals": {"aws:PrincipalTag/admin": "true"}}),
    ],
)
def test_principals_that_cannot_give_access_are_no_writers(statement: dict[str, Any]) -> None:
    if "eu-west-1" in statement["Resource"]:
        one = principal("role/app", allow("dynamodb:GetItem", f"{TABLES}*"), trusts=service("ec2"))
        assert proposal(world(use(one), principals=(one, role("tagger", statement))), one).writers == ()
    assert found(role("tagger", statement)).writers == ()


def test_a_tag_that_must_be_absent_can_be_removed_first() -> None:
    absent = {"Null": {"aws:ResourceTag/team": "true"}}
    statement = allow(TAG, f"{TABLES}pay-1", Condition=absent)
    assert found(role("tagger", statement)).writers == ()
    (writer,) = found(role("tagger", statement, allow("dynamodb:UntagResource", f"{TABLES}pay-1"))).writers
    assert writer.resource == f"{TABLES}pay-1"
    assert "aws:ResourceTag/team" not in writer.request.context


def test_boundaries_scps_and_denies_stop_writers_and_service_linked_roles_are_none() -> None:
    tagger = role("tagger", allow(TAG))
    stopping = document(allow("*"), deny(TAG))
    assert found(tagger, scps=(stopping,)).writers == ()
    assert found(role("tagger", allow("*"), deny("dynamodb:Tag*"))).writers == ()
    linked = principal("role/aws-service-role/x.amazonaws.com/x", allow("*"), trusts=service("x"))
    assert found(linked).writers == ()


def test_named_and_seen_writers_are_managers_but_never_who_has_the_statement() -> None:
    tagger, seen = role("tagger", allow(TAG)), role("seen", allow(TAG))
    own = role("own", allow("dynamodb:GetItem", f"{TABLES}*"), allow(TAG))
    tagged = [call(one, TAG, f"{TABLES}pay-1", days=[5], tags={"team": "pay"}) for one in (seen, own)]
    one = proposal(world([*use(own), *tagged], principals=(own, tagger, seen), managers=(tagger.arn,)), own)
    assert {writer.principal: writer.manager for writer in one.writers} == {
        own.arn: False,
        tagger.arn: True,
        seen.arn: True,
    }
    (reason,) = [reason for reason in one.reasons if reason.kind == "tag-writers"]
    assert reason.names == (own.arn,)
    by = {writer.principal: request_of(writer) for writer in one.writers}
    denied = {
        who: is_denied(one.guard, Request(who, TAG, asked.resource, {**asked.context, "aws:PrincipalArn": (who,)}))
        for who, asked in by.items()
    }
    assert denied == {own.arn: True, tagger.arn: False, seen.arn: False}


def test_principal_tags_can_be_written_on_principals_and_sessions() -> None:
    saml, oidc = (f"arn:aws:iam::{ACCOUNT}:{name}" for name in ("saml-provider/corp", "oidc-provider/idp.example.com"))
    people = {"Federated": saml}
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession"]
    tokens = trust(
        {"Federated": oidc},
        action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        condition={"StringEquals": {"idp.example.com:aud": "lpgen"}},
    )
    held = managed("tables", document(allow("dynamodb:GetItem", f"{TABLES}*")))
    holders = [
        principal(f"role/{team}", policies=(held,), trusts=trusts, tags=(("team", team),))
        for team, trusts in (("orders", trust(people, action=actions)), ("pay", tokens))
    ]
    admin = role("admin", allow("iam:TagRole"))
    listed = {**LISTED, f"{TABLES}x-1": {"team": "x"}}
    calls = [*use(holders[0]), *use(holders[1], ("pay-1", "pay-2"))]
    one = proposal(world(calls, principals=(*holders, admin), listed=listed), holders[0])
    assert one.principal_tag
    assert {(writer.principal, writer.action) for writer in one.writers} == {
        (admin.arn, "iam:TagRole"),
        (saml, "sts:TagSession"),
        (oidc, "sts:TagSession"),
    }
    (by_token,) = [writer for writer in one.writers if writer.principal == oidc]
    assert by_token.request.context["idp.example.com:aud"] == ("lpgen",)
    assert is_denied(one.guard, next(request_of(writer) for writer in one.writers if writer.principal == admin.arn))
    assert USED
