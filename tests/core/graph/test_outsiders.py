"""Outsiders: who is let in by trust policies and isn't in the snapshot, and what they can gain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.graph.answers import ADMIN, GraphReport, Question, answer_question
from lpgen.core.graph.edges import Edge, Edges
from lpgen.core.graph.outsiders import EVERYONE, is_outsider_named
from lpgen.core.graph.requests import UsedStatement
from lpgen.core.graph.use import UseOfEdges
from lpgen.core.graph.world import World
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.decision import Layer
from lpgen.core.model import Policy
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import (
    ACCOUNT_TRUST,
    EVERYTHING,
    OTHER,
    Json,
    arn_of,
    document,
    principal,
    rcps,
    service,
    trust,
    world,
)
from tests.support.worlds import ACCOUNT, allow

GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/corporate"
COGNITO = "cognito-identity.amazonaws.com"
MAIN = "repo:acme/app:ref:refs/heads/main"
WEB = "sts:AssumeRoleWithWebIdentity"
AUDIENCE = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
SUBJECT = "token.actions.githubusercontent.com:sub"


def outside_edges(trusts: Policy, **facts: Any) -> dict[str, Edge]:
    """The edges from outsiders to a role with this trust policy, by outsider."""
    found = world(principal("role/deploy", trusts=trusts), principal("user/ana"), **facts)
    return {edge.source: edge for edge in Edges(found).all() if edge.source in found.outsiders}


def outsiders(trusts: Policy, **facts: Any) -> dict[str, tuple[str, ...]]:
    """The condition keys on which the edge from each outsider depends."""
    return {source: edge.depends_on for source, edge in outside_edges(trusts, **facts).items()}


def github(condition: Json) -> Policy:
    return trust({"Federated": GITHUB}, action=WEB, condition=condition)


# ---------------------------------------------------------------- accounts and their principals


@pytest.mark.parametrize("named", [OTHER, f"arn:aws:iam::{OTHER}:root"])
def test_account_that_is_not_in_the_snapshot_is_one_node(named: str) -> None:
    edges = outside_edges(trust({"AWS": named}))
    assert set(edges) == {OTHER}
    assert (edges[OTHER].rule, edges[OTHER].depends_on) == ("sts-assume-role", ())
    assert edges[OTHER].statements == (UsedStatement(Layer.RESOURCE, arn_of("role/deploy"), "1"),)


def test_principal_of_another_account_is_a_node_of_its_own() -> None:
    named = arn_of("role/partner", OTHER)
    assert outsiders(trust({"AWS": named})) == {named: ()}


def test_account_of_the_snapshot_is_no_outsider() -> None:
    assert outsiders(ACCOUNT_TRUST) == {}


def test_principal_that_the_snapshot_of_its_account_lacks_is_an_outsider() -> None:
    trusts = trust({"AWS": [arn_of("user/gone"), arn_of("user/ana")]})
    assert outsiders(trusts) == {arn_of("user/gone"): ()}


def test_deleted_principal_is_no_outsider() -> None:
    assert outsiders(trust({"AWS": "AROAEXAMPLEEXAMPLE123"})) == {}


def test_outsider_knows_the_external_id() -> None:
    condition = {"StringEquals": {"sts:ExternalId": "8f2c"}}
    assert outsiders(trust({"AWS": OTHER}, condition=condition)) == {OTHER: ()}


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ("aws:MultiFactorAuthPresent",)),
        ({"StringEquals": {"aws:PrincipalTag/team": "ops"}}, ("aws:PrincipalTag/team",)),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, ("aws:PrincipalOrgID",)),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/ci-*"}}, ()),
        ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, ()),
        ({"StringEquals": {"aws:PrincipalAccount": OTHER}}, ()),
    ],
)
def test_conditions_on_an_account_decide(condition: Json, keys: tuple[str, ...]) -> None:
    assert outsiders(trust({"AWS": OTHER}, condition=condition)) == {OTHER: keys}


def test_condition_on_the_account_of_the_snapshot_keeps_everyone_out() -> None:
    assert outsiders(trust({"AWS": "*"}, condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})) == {}


def test_tag_of_a_user_outside_is_unknown() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
    named = arn_of("user/bob", OTHER)
    assert outsiders(trust({"AWS": named}, condition=condition)) == {named: ("aws:PrincipalTag/team",)}


def test_everyone_is_one_node() -> None:
    assert outsiders(trust({"AWS": "*"}))[EVERYONE] == ()


def test_account_in_a_condition_on_everyone_is_an_outsider() -> None:
    condition = {"StringEquals": {"aws:PrincipalAccount": OTHER}}
    assert outsiders(trust({"AWS": "*"}, condition=condition)) == {OTHER: ()}


def test_deny_of_the_trust_policy_keeps_an_outsider_out() -> None:
    denied = {"Effect": "Deny", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}
    assert outsiders(document(allowed, denied)) == {}


def test_scps_of_the_snapshot_do_not_limit_outsiders() -> None:
    nothing = Guards(scps=(AccountLevels("", ((document(allow("s3:*")),),)),))
    assert outsiders(trust({"AWS": OTHER}), guards=nothing) == {OTHER: ()}


@pytest.mark.parametrize(
    ("trusts", "action"),
    [(trust({"AWS": OTHER}), "sts:AssumeRole"), (trust({"Federated": SAML}, action="sts:AssumeRoleWithSAML"), "sts:*")],
)
def test_rcps_limit_outsiders(trusts: Policy, action: str) -> None:
    denied = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
    (edge,) = outside_edges(trusts).values()
    assert edge.rcp_unknown
    assert outsiders(trusts, guards=rcps(denied)) == {}
    assert list(outsiders(trusts, guards=rcps()).values()) == [()]


# ---------------------------------------------------------------- identity providers


def test_subject_that_the_trust_policy_fixes_is_in_the_node() -> None:
    (edge,) = outside_edges(github({"StringEquals": {**AUDIENCE, SUBJECT: MAIN}})).values()
    assert (edge.source, edge.rule, edge.depends_on) == (f"{GITHUB} {MAIN}", "sts-assume-role-with-web-identity", ())
    assert edge.statements == (UsedStatement(Layer.RESOURCE, arn_of("role/deploy"), "1"),)


def test_each_subject_is_a_node() -> None:
    found = outsiders(github({"StringEquals": AUDIENCE, "StringLike": {SUBJECT: [MAIN, "repo:acme/lib:*"]}}))
    assert found == {f"{GITHUB} {MAIN}": (), f"{GITHUB} repo:acme/lib:*": ()}


def test_provider_without_a_subject_is_the_node() -> None:
    assert outsiders(github({"StringEquals": AUDIENCE})) == {GITHUB: ()}
    assert outsiders(trust({"Federated": GITHUB}, action=WEB)) == {GITHUB: ()}


def test_other_claims_decide() -> None:
    key = "token.actions.githubusercontent.com:environment"
    assert outsiders(github({"StringEquals": {**AUDIENCE, key: "production"}})) == {GITHUB: (key,)}


def test_provider_whose_customer_is_the_audience_has_it_in_the_node() -> None:
    pool = "eu-west-1:6f0e"
    condition = {
        "StringEquals": {f"{COGNITO}:aud": pool},
        "ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"},
    }
    found = outsiders(trust({"Federated": COGNITO}, action=WEB, condition=condition))
    assert found == {f"{COGNITO} {pool}": (f"{COGNITO}:amr",)}


def test_people_of_a_saml_provider_are_outsiders() -> None:
    condition = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    (edge,) = outside_edges(trust({"Federated": SAML}, action="sts:AssumeRoleWithSAML", condition=condition)).values()
    assert (edge.source, edge.rule, edge.depends_on) == (SAML, "sts-assume-role-with-saml", ())


def test_provider_that_may_only_tag_sessions_is_no_outsider() -> None:
    assert outsiders(trust({"Federated": GITHUB}, action="sts:TagSession")) == {}


# ---------------------------------------------------------------- services


def test_service_is_a_node_only_if_the_question_names_it() -> None:
    trusts = service("lambda", "ec2")
    assert outsiders(trusts) == {}
    asked = replace(world(principal("role/deploy", trusts=trusts)), services=("lambda.amazonaws.com",))
    (edge,) = (edge for edge in Edges(asked).all() if edge.rule != "administrator")
    assert (edge.source, edge.target, edge.rule) == (
        "lambda.amazonaws.com",
        arn_of("role/deploy"),
        "sts-assume-role-service",
    )


# ---------------------------------------------------------------- questions

TRUSTING = world(
    principal("role/entry", allow("sts:AssumeRole"), trusts=trust({"AWS": OTHER})),
    principal("role/ops", EVERYTHING, trusts=ACCOUNT_TRUST),
)


def answer(question: Question, asked: World = TRUSTING) -> GraphReport:
    return answer_question(asked, question, UseOfEdges(asked.ways, bundled_catalog()))


def test_without_sources_outsiders_count() -> None:
    report = answer(Question(None, (ADMIN,)))
    (path,) = (path for path in report.found.open if path[0].edge.source == OTHER)
    assert [hop.edge.target for hop in path] == [arn_of("role/entry"), arn_of("role/ops")]
    assert report.outsiders == {OTHER}


def test_narrowed_subject_is_a_node_of_its_own_after_the_replacements() -> None:
    wide, narrow = (
        world(principal("role/deploy", EVERYTHING, trusts=github({"StringLike": {SUBJECT: subject}})))
        for subject in ("repo:acme/*", MAIN)
    )
    question = Question(None, (ADMIN,))
    report = answer_question(wide, question, UseOfEdges(wide.ways, bundled_catalog()), after=narrow)
    assert report.found_after is not None
    (today,), (then,) = (
        [path for path in found.open if path[0].edge.source.startswith(GITHUB)]
        for found in (report.found, report.found_after)
    )
    assert (today[0].edge.source, report.is_cut(today[0].edge)) == (f"{GITHUB} repo:acme/*", True)
    assert then[0].edge.source == f"{GITHUB} {MAIN}"
    assert report.outsiders == {today[0].edge.source, then[0].edge.source}


def test_session_of_a_role_outside_is_a_node() -> None:
    session = f"arn:aws:sts::{OTHER}:assumed-role/partner/nightly"
    assert outsiders(trust({"AWS": session})) == {session: ()}


def test_nobody_gains_an_outsider() -> None:
    found = answer(Question()).found
    assert OTHER not in {hop.edge.target for path in (*found.open, *found.possible) for hop in path}


@pytest.mark.parametrize(
    ("node", "name", "is_named"),
    [
        (OTHER, OTHER, True),
        (OTHER, "outside", True),
        (OTHER, f"account {OTHER}", True),
        (OTHER, "everyone", False),
        (EVERYONE, "everyone", True),
        (EVERYONE, "*", True),
        (arn_of("role/partner", OTHER), OTHER, True),
        (arn_of("role/partner", OTHER), "role/partner", True),
        (arn_of("role/partner", OTHER), "role/other", False),
        (f"{GITHUB} {MAIN}", "token.actions.githubusercontent.com", True),
        (f"{GITHUB} {MAIN}", GITHUB, True),
        (f"{GITHUB} {MAIN}", f"{GITHUB} {MAIN}", True),
        (f"{GITHUB} {MAIN}", "*repo:acme/app:*", True),
        (f"{GITHUB} {MAIN}", ACCOUNT, False),
        (SAML, "saml-provider/corporate", True),
        (SAML, "corporate", True),
        (f"{COGNITO} eu-west-1:6f0e", COGNITO, True),
    ],
)
def test_questions_name_outsiders(node: str, name: str, is_named: bool) -> None:
    assert is_outsider_named(node, name) == is_named
