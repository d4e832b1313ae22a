"""The hunt and the containment proof: planted leaks are found, honest replacements pass, doubt is called unproven."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.app.verify import HUNT
from lpgen.core.analysis.verification.containment import check_within_grants
from lpgen.core.analysis.verification.decided_requests import check_hunt
from lpgen.core.analysis.verification.documents import WrittenDocument, new_allows
from lpgen.core.choices import KeepUnobservable, ScopeChoice
from lpgen.core.evidence import Use
from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import Principal
from lpgen.core.replacements import Check, CheckStatus
from tests.core.analysis.test_replacement_laws import principals, replace_policies, uses
from tests.support.law_examples import examples
from tests.support.worlds import allow, catalog, deny, grants_of, policy, role

DATA = "arn:aws:s3:::data"
HOME = "arn:aws:s3:::home/${aws:username}/*"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
OLD_VERSION = "2008-10-17"


def equals(*values: str) -> dict[str, Any]:
    return {"StringEquals": {"aws:SourceVpc": list(values)}}


def all_but(*resources: str, action: str = "s3:GetObject", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "NotResource": list(resources), **more}


def written(*statements: dict[str, Any], version: str = "2012-10-17") -> list[WrittenDocument]:
    text = json.dumps({"Version": version, "Statement": list(statements)})
    return [WrittenDocument("policy-1.json", False, policy_from_json(text, place="policy-1.json"))]


def hunted(principal: Principal, documents: list[WrittenDocument], size: int = HUNT) -> Check:
    return check_hunt(documents, new_allows(documents, catalog()), grants_of(principal), catalog(), size=size)


def contained(principal: Principal, documents: list[WrittenDocument]) -> Check:
    return check_within_grants(new_allows(documents, catalog()), grants_of(principal))


def old(*statements: dict[str, Any], version: str = "2012-10-17") -> Principal:
    return role(policy(*statements, version=version))


GET = allow("s3:GetObject", f"{DATA}/*")
REFUSED = deny("s3:*", f"{DATA}/secret/*")
LEAKS: dict[str, tuple[Principal, list[WrittenDocument]]] = {
    "a widened resource": (old(GET), written(allow("s3:GetObject", f"{DATA}*/*"))),
    "a resource with one more segment open": (
        old(allow("s3:GetObject", f"{DATA}/in/*.csv")),
        written(allow("s3:GetObject", f"{DATA}/in/*")),
    ),
    "another resource beside": (old(GET), written(allow("s3:GetObject", [f"{DATA}/*", "arn:aws:s3:::logs/*"]))),
    "a dropped condition": (old(allow("s3:GetObject", f"{DATA}/*", Condition=MFA)), written(GET)),
    "one of two conditions dropped": (
        old(allow("s3:GetObject", f"{DATA}/*", Condition={**MFA, **VPC})),
        written(allow("s3:GetObject", f"{DATA}/*", Condition=MFA)),
    ),
    "one more value in a condition": (
        old(allow("s3:GetObject", f"{DATA}/*", Condition=equals("vpc-1"))),
        written(allow("s3:GetObject", f"{DATA}/*", Condition=equals("vpc-1", "vpc-2"))),
    ),
    "a condition made optional": (
        old(allow("s3:GetObject", f"{DATA}/*", Condition=VPC)),
        written(allow("s3:GetObject", f"{DATA}/*", Condition={"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}})),
    ),
    "a condition inverted": (
        old(allow("s3:GetObject", f"{DATA}/*", Condition=VPC)),
        written(allow("s3:GetObject", f"{DATA}/*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})),
    ),
    "an added action": (old(GET), written(allow(["s3:GetObject", "s3:PutObject"], f"{DATA}/*"))),
    "an action of another statement's resource": (
        old(GET, allow("s3:PutObject", f"{DATA}/in/*")),
        written(allow(["s3:GetObject", "s3:PutObject"], f"{DATA}/*")),
    ),
    "a newer language version": (
        old(allow("s3:GetObject", HOME), version=OLD_VERSION),
        written(allow("s3:GetObject", HOME)),
    ),
    "an older language version": (
        old(allow("s3:GetObject", HOME)),
        written(allow("s3:GetObject", HOME), version=OLD_VERSION),
    ),
    "NotResource lost an entry": (
        old(all_but(f"{DATA}/secret/*", "arn:aws:s3:::logs/*")),
        written(all_but(f"{DATA}/secret/*")),
    ),
    "an entry of NotResource narrowed": (old(all_but(f"{DATA}/*")), written(all_but(f"{DATA}/secret/*"))),
    "NotResource became everything": (old(all_but(f"{DATA}/secret/*")), written(allow("s3:GetObject", "*"))),
    "NotResource became its opposite": (
        old(all_but(f"{DATA}/secret/*")),
        written(allow("s3:GetObject", f"{DATA}/secret/*")),
    ),
    "a wider variable pattern": (
        old(allow("s3:GetObject", HOME)),
        written(allow("s3:GetObject", "arn:aws:s3:::home/*")),
    ),
    "a variable with a default": (
        old(allow("s3:GetObject", HOME)),
        written(allow("s3:GetObject", "arn:aws:s3:::home/${aws:username, 'x'}/*")),
    ),
    "another variable": (
        old(allow("s3:GetObject", HOME)),
        written(allow("s3:GetObject", "arn:aws:s3:::home/${aws:PrincipalTag/team}/*")),
    ),
    "a variable in the Region, whose value may hold colons": (
        old(allow("sns:Publish", "arn:aws:sns:us-*-1:123456789012:*")),
        written(allow("sns:Publish", "arn:aws:sns:us-${aws:PrincipalTag/r}-1:123456789012:*")),
    ),
    "a variable in the account": (
        old(allow("sns:Publish", "arn:aws:sns:us-east-1:1*2:topic")),
        written(allow("sns:Publish", "arn:aws:sns:us-east-1:1${aws:PrincipalTag/a}2:topic")),
    ),
    "a variable before a wildcard of another field": (
        old(allow("sns:Publish", "arn:aws:sns:*:12*4:topic")),
        written(allow("sns:Publish", "arn:aws:sns:${aws:PrincipalTag/r}:12*4:topic")),
    ),
    "a variable with a default that holds colons": (
        old(allow("sns:Publish", "arn:aws:sns:us-east-1:1*2:topic")),
        written(allow("sns:Publish", "arn:aws:sns:us-east-1:1${aws:PrincipalTag/a, '1:x'}2:topic")),
    ),
    "a variable outside of NotResource": (
        old(all_but("arn:aws:sns:us-?*:b-1:c:topic", action="sns:Publish")),
        written(allow("sns:Publish", "arn:aws:sns:us-${aws:PrincipalTag/r}-1:c:topic")),
    ),
    "a forgotten deny": (old(GET, REFUSED), written(GET)),
    "a deny with a condition more": (old(GET, REFUSED), written(GET, deny("s3:*", f"{DATA}/secret/*", Condition=MFA))),
    "a deny of fewer actions": (
        old(allow("s3:*", f"{DATA}/*"), deny(["s3:GetObject", "s3:PutObject"], f"{DATA}/secret/*")),
        written(allow(["s3:GetObject", "s3:PutObject"], f"{DATA}/*"), deny("s3:PutObject", f"{DATA}/secret/*")),
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_hunt_finds_planted_leaks(leak: str) -> None:
    principal, documents = LEAKS[leak]
    check = hunted(principal, documents)
    assert check.status is CheckStatus.FAILED
    assert "would be allowed (context: " in check.findings[0]


@pytest.mark.parametrize("leak", [name for name in LEAKS if "deny" not in name])
def test_the_proof_refuses_planted_leaks_too(leak: str) -> None:
    assert contained(*LEAKS[leak]).status is not CheckStatus.PASSED


def test_the_hunt_is_the_same_every_time_and_as_long_as_told() -> None:
    principal, documents = LEAKS["a widened resource"]
    assert hunted(principal, documents, 64) == hunted(principal, documents, 64)
    assert hunted(principal, documents, 64).examined == 64
    assert hunted(old(GET), written(GET), 10).examined == 10


def test_the_hunt_names_action_resource_and_context_of_its_find() -> None:
    narrow = allow("s3:GetObject", f"{DATA}/a.csv", Condition=VPC)
    check = hunted(old(narrow), written(allow("s3:GetObject", f"{DATA}/a.csv")))
    shown = " ".join(check.findings)
    assert f"s3:GetObject on {DATA}/a.csv was ImplicitlyDenied, and would be allowed (context: " in shown
    assert "aws:SourceVpc=other" in shown
    assert "(context: none)" in shown


def test_the_hunt_looks_past_the_boundary() -> None:
    """A leak that a boundary hides today is one tomorrow."""
    bounded = role(policy(GET), boundary=policy(allow("sqs:*"), name="limit"))
    assert hunted(bounded, written(allow("s3:GetObject", "*"))).status is CheckStatus.FAILED


def test_the_hunt_over_nothing_finds_nothing() -> None:
    assert hunted(old(GET), written(deny("s3:*"))).findings == ()
    assert hunted(old(GET), written()).examined == 0


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    principals,
    st.lists(uses(), min_size=1, max_size=6),
    st.sampled_from(KeepUnobservable),
    st.sampled_from(ScopeChoice),
)
def test_the_hunt_finds_nothing_in_honest_replacements(
    principal: Principal, found: list[Use], keep: KeepUnobservable, scope: ScopeChoice
) -> None:
    made, _ = replace_policies(principal, found, keep, scope)
    documents = [WrittenDocument(f"policy-{at}.json", False, policy) for at, policy in enumerate(made, start=1)]
    check = hunted(principal, documents, 400)
    assert check.findings == ()
    assert contained(principal, documents).findings == ()


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(principals)
def test_the_hunt_finds_nothing_in_the_old_policies_themselves(principal: Principal) -> None:
    documents = [
        WrittenDocument(policy.name, False, policy_from_json(policy_to_json(policy.document), place=policy.name))
        for policy in principal.policies
        if policy.document is not None
    ]
    assert hunted(principal, documents, 200).findings == ()


# ---------------------------------------------------------------- within

OTHER_CONDITIONS = "has a condition that the new statement lacks"
UNPROVEN: dict[str, dict[str, Any]] = {
    "another key": VPC,
    "a stricter operator that structure doesn't show": {"StringEquals": {"aws:MultiFactorAuthPresent": "true"}},
    "optional": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    "another value": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
}


@pytest.mark.parametrize("name", UNPROVEN)
def test_conditions_that_differ_are_unproven(name: str) -> None:
    bound = old(allow("s3:GetObject", f"{DATA}/*", Condition=MFA))
    check = contained(bound, written(allow("s3:GetObject", f"{DATA}/a", Condition=UNPROVEN[name])))
    assert (check.status, len(check.findings)) == (CheckStatus.UNPROVEN, 1)
    assert (
        f"policy-1.json, statement 1 isn't within any old statement (own, statement 1: {OTHER_CONDITIONS})"
        in (check.findings[0])
    )


@pytest.mark.parametrize(
    ("bound", "now"),
    [
        (MFA, MFA),
        (MFA, {**MFA, **VPC}),
        (equals("vpc-1", "vpc-2"), equals("vpc-2")),
        ({"stringequals": {"AWS:sourcevpc": "vpc-1"}}, VPC),
        ({"StringNotEquals": {"aws:SourceVpc": "a"}}, {"StringNotEquals": {"aws:SourceVpc": ["a", "b"]}}),
    ],
)
def test_conditions_that_are_the_same_or_stricter_are_proven(bound: dict[str, Any], now: dict[str, Any]) -> None:
    principal = old(allow("s3:*", f"{DATA}/*", Condition=bound))
    assert contained(principal, written(allow("s3:GetObject", f"{DATA}/a", Condition=now))).findings == ()


@pytest.mark.parametrize(
    ("principal", "now", "why"),
    [
        (old(GET), allow("s3:PutObject", f"{DATA}/*"), "does not grant s3:PutObject"),
        (old(GET), allow("s3:GetObject", "arn:aws:s3:::logs/*"), "does not grant s3:GetObject on arn:aws:s3:::logs/*"),
        (old(GET), all_but(f"{DATA}/secret/*"), "is narrower than NotResource"),
        (
            old(allow("s3:GetObject", HOME), version=OLD_VERSION),
            allow("s3:GetObject", HOME),
            "a different policy version",
        ),
        (old(allow("s3:GetObject", f"{DATA}/*", Condition=MFA)), allow("s3:GetObject", "*", Condition=MFA), "on *"),
        (old(all_but(f"{DATA}/*")), allow("s3:GetObject", f"{DATA}/a"), f"on {DATA}/a"),
    ],
)
def test_what_is_plainly_outside_has_failed(principal: Principal, now: dict[str, Any], why: str) -> None:
    check = contained(principal, written(now))
    assert (check.status, len(check.findings)) == (CheckStatus.FAILED, 1)
    assert why in check.findings[0]


def test_one_old_statement_must_contain_the_whole_of_a_new_one() -> None:
    halves = old(allow("s3:GetObject", f"{DATA}/*"), allow("s3:PutObject", "arn:aws:s3:::logs/*"))
    both = allow(["s3:GetObject", "s3:PutObject"], [f"{DATA}/*"])
    assert contained(halves, written(both)).status is CheckStatus.FAILED
    assert contained(halves, written(GET, allow("s3:PutObject", "arn:aws:s3:::logs/x"))).status is CheckStatus.PASSED


def test_a_failure_outweighs_what_is_unproven_and_both_are_named() -> None:
    principal = old(allow("s3:GetObject", f"{DATA}/*", Condition=MFA))
    check = contained(principal, written(GET, allow("sqs:SendMessage")))
    assert (check.status, len(check.findings)) == (CheckStatus.FAILED, 2)
