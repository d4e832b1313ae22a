"""Rare but legal input that could make a proposal refuse a caller or admit a stranger, or make a finding wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lpgen.core.choices import Severity
from lpgen.core.model import AssumptionMethod, CallerKind
from lpgen.core.trust.evidence import by_role, pinned_ids
from lpgen.core.trust.findings import TrustFinding, TrustFindingKind
from lpgen.core.trust.narrow import PRINCIPAL_ARN
from lpgen.core.trust.proof import disprove
from lpgen.core.usage.assumptions import OVERFLOW, Assumption
from tests.core.trust.cases import (
    ACCOUNT,
    FIRST,
    READS,
    ROLE,
    allow,
    assumption,
    call_by,
    evidence_of,
    github,
    role_with,
    sign_in,
)
from tests.core.trust.test_narrow import BUILD, MAIN, OTHER, SUB, narrowed, refusals, subjects, trust_of

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
EVERY_NINTH_DAY = range(0, 90, 9)


def found(kind: TrustFindingKind, *statements: dict[str, Any], **facts: Any) -> list[TrustFinding]:
    """The findings of this kind."""
    findings = trust_of(role_with(*statements), evidence_of(**facts)).findings
    return [finding for finding in findings if finding.kind is kind]


# ---------------------------------------------------------------- findings


@pytest.mark.parametrize("principal", [OTHER, f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OTHER}:role/scan"])
def test_account_without_an_external_id_is_a_grave_finding(principal: str) -> None:
    (finding,) = found(TrustFindingKind.OTHER_ACCOUNT, allow({"AWS": principal}))
    assert finding.severity is Severity.HIGH
    asked = {"StringEquals": {"sts:ExternalId": "id-1"}}
    (finding,) = found(TrustFindingKind.OTHER_ACCOUNT, allow({"AWS": principal}, asked))
    assert finding.severity is Severity.LOW


def test_user_is_not_missing_from_a_snapshot_of_only_roles() -> None:
    trusting = allow({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"})
    facts = {"complete": frozenset({ACCOUNT}), "principals": [role_with(trusting)]}
    assert not found(TrustFindingKind.MISSING_PRINCIPAL, trusting, **facts)
    gone = allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/gone"})
    assert found(TrustFindingKind.MISSING_PRINCIPAL, gone, **facts)


def test_name_of_a_role_in_any_account_bounds_nobody() -> None:
    asked = {"ArnLike": {PRINCIPAL_ARN: "arn:aws:iam::*:role/deploy-*"}}
    assert found(TrustFindingKind.ANYONE, allow({"AWS": "*"}, asked))
    asked = {"ArnLike": {PRINCIPAL_ARN: f"arn:aws:iam::{OTHER}:role/deploy-*"}}
    assert not found(TrustFindingKind.ANYONE, allow({"AWS": "*"}, asked))


@pytest.mark.parametrize(
    ("host", "claims", "kinds"),
    [
        ("cognito-identity.amazonaws.com", {"aud": "eu-west-1:pool"}, set()),
        ("cognito-identity.amazonaws.com", {"amr": "authenticated"}, {"any-identity", "missing-audience"}),
        ("graph.facebook.com", {"app_id": "7", "id": "12345"}, set()),
        ("graph.facebook.com", {"app_id": "7"}, {"any-identity"}),
        ("accounts.google.com", {"oaud": "app", "sub": "12345"}, set()),
        ("accounts.google.com", {"sub": "12345"}, {"missing-audience"}),
    ],
)
def test_outsiders_of_providers_without_an_arn(host: str, claims: dict[str, str], kinds: set[str]) -> None:
    asked = {"StringEquals": {f"{host}:{claim}": value for claim, value in claims.items()}}
    statement = allow({"Federated": host}, asked, "sts:AssumeRoleWithWebIdentity")
    findings = trust_of(role_with(statement), evidence_of()).findings
    assert {finding.kind.value for finding in findings} - {"unused"} == kinds


# ---------------------------------------------------------------- logs


def test_logs_without_read_only_events_show_no_use_and_no_lack_of_it() -> None:
    role = role_with(allow({"AWS": [BUILD, OTHER]}))
    uses = [call_by(day, BUILD) for day in EVERY_NINTH_DAY]
    report = trust_of(role, evidence_of(*uses, seen=[replace(READS, read_only=False)]))
    assert [refusal.kind.value for refusal in report.refusals] == ["no-logs"]
    assert report.never_seen == ()
    assert TrustFindingKind.UNUSED not in {finding.kind for finding in report.findings}


def test_days_without_read_only_events_do_not_count() -> None:
    role = role_with(allow({"AWS": [BUILD, OTHER]}))
    uses = [call_by(day, BUILD) for day in EVERY_NINTH_DAY]
    assert refusals(role, *uses, seen=[replace(READS, since=FIRST + timedelta(50))]) == ["few-days"]
    assert refusals(role, *uses, seen=[replace(READS, until=FIRST + timedelta(50))]) == ["few-days"]
    assert narrowed(role, *uses, seen=[replace(READS, until=FIRST + timedelta(80))])


def test_ids_come_from_policies_that_name_them() -> None:
    one = role_with(github("repo:acme@1/shop@9:*"))
    other = role_with(github("repo:acme@2/shop@9:ref:refs/heads/main"))
    assert pinned_ids([one], {}) == {"acme/shop": ("1", "9")}
    assert pinned_ids([one, other], {}) == {}
    assert pinned_ids([one, other], {"acme/shop": ("1", "9")}) == {"acme/shop": ("1", "9")}
    assert pinned_ids([role_with(github("repo:acme@*/shop@*:*", "repo:*"))], {}) == {}


# ---------------------------------------------------------------- callers

SWITCHED = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin"


def switch_by(day: int, session: str) -> Assumption:
    """A recorded switch in the console, which shows a role's session."""
    return call_by(day, session, method=AssumptionMethod.SWITCH_ROLE)


def test_switch_of_an_unknown_role_limits_nothing() -> None:
    switches = [switch_by(day, SWITCHED) for day in EVERY_NINTH_DAY]
    assert trust_of(role_with(allow(ROOT)), evidence_of(*switches)).proposal is None


def test_switch_counts_for_the_role_with_its_path() -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/team/admin"
    principal = replace(role_with(), arn=admin, path="/team/", name="admin", trust=None)
    switches = by_role([switch_by(day, SWITCHED) for day in EVERY_NINTH_DAY], [principal])[ROLE]
    policy = narrowed(role_with(allow(ROOT)), *switches)
    assert policy["Statement"][0]["Condition"] == {"ArnEquals": {"aws:PrincipalArn": admin}}
    assert not refusals(role_with(allow({"AWS": admin})), *switches)


def test_switch_without_a_path_keeps_the_role_of_its_name() -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/team/admin"
    policy = narrowed(role_with(allow({"AWS": [admin, OTHER]})), *(switch_by(day, SWITCHED) for day in EVERY_NINTH_DAY))
    assert policy["Statement"] == [allow({"AWS": admin})]


def test_caller_without_an_id_lends_its_name_to_nobody() -> None:
    service = assumption(1, service="lambda.amazonaws.com", caller_kind=CallerKind.SERVICE.value)
    assert {seen.principal for seen in by_role([switch_by(2, SWITCHED), service], [])[ROLE]} == {"", SWITCHED}


@pytest.mark.parametrize(
    ("operator", "value", "wanted"),
    [
        ("StringLike", f"arn:aws:iam::{ACCOUNT}:role/ci/*", {"StringEquals": {PRINCIPAL_ARN: BUILD}}),
        ("StringEquals", [BUILD, BUILD + "-2"], {"StringEquals": {PRINCIPAL_ARN: BUILD}}),
        ("ForAnyValue:StringLike", "*", {"StringEquals": {PRINCIPAL_ARN: BUILD}}),
        ("ArnLikeIfExists", f"arn:aws:iam::{ACCOUNT}:role/ci/*", {"ArnEquals": {PRINCIPAL_ARN: BUILD}}),
    ],
)
def test_callers_are_limited_by_an_operator_of_the_same_kind(operator: str, value: Any, wanted: Any) -> None:
    role = role_with(allow(ROOT, {operator: {PRINCIPAL_ARN: value}}))
    policy = narrowed(role, *(call_by(day, BUILD) for day in EVERY_NINTH_DAY))
    assert policy["Statement"][0]["Condition"] == wanted


def test_condition_that_ignores_case_stays() -> None:
    role = role_with(allow(ROOT, {"StringEqualsIgnoreCase": {PRINCIPAL_ARN: [BUILD, BUILD + "-2"]}}))
    found = trust_of(role, evidence_of(*(call_by(day, BUILD) for day in EVERY_NINTH_DAY)))
    assert (found.proposal, found.refusals) == (None, ())
    role = role_with(github(MAIN.upper(), MAIN, "repo:acme/other:*", operator="StringEqualsIgnoreCase"))
    found = trust_of(role, evidence_of(*(sign_in(day, MAIN) for day in EVERY_NINTH_DAY)))
    assert (found.proposal, found.refusals) == (None, ())


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike", "StringEquals"])
def test_exact_role_of_a_permission_set_is_not_widened_to_its_pattern(operator: str) -> None:
    head = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_"
    admin, reader = f"{head}Admin_0123456789abcdef", f"{head}Read_0123456789abcdef"
    role = role_with(allow(ROOT, {operator: {PRINCIPAL_ARN: [admin, reader]}}))
    policy = narrowed(role, *(call_by(day, admin) for day in EVERY_NINTH_DAY))
    ((_, limits),) = policy["Statement"][0]["Condition"].items()
    assert limits == {PRINCIPAL_ARN: admin}


@pytest.mark.parametrize("path", ["/*/", "/?/", "/${aws:username}/", "/${$}/"])
def test_caller_whose_path_would_become_a_pattern_limits_nothing(path: str) -> None:
    uses = [call_by(day, f"arn:aws:iam::{OTHER}:role{path}scan") for day in EVERY_NINTH_DAY]
    found = trust_of(role_with(allow({"AWS": OTHER})), evidence_of(*uses))
    assert (found.proposal, found.refusals) == (None, ())


def test_everyone_is_not_limited_to_roles_if_a_service_came_that_way() -> None:
    service = [assumption(day, service="lambda.amazonaws.com", caller_kind="service") for day in EVERY_NINTH_DAY]
    both = [*service, *(call_by(day, BUILD) for day in EVERY_NINTH_DAY)]
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    role = role_with(allow("*"), allow({"Service": "lambda.amazonaws.com"}, mfa))
    assert trust_of(role, evidence_of(*both)).proposal is None


def test_account_whose_callers_still_grow_is_not_limited() -> None:
    uses = [call_by(day, f"{BUILD}-{day}") for day in EVERY_NINTH_DAY]
    found = trust_of(role_with(allow(ROOT)), evidence_of(*uses))
    assert (found.proposal, found.refusals) == (None, ())


def test_external_ids_that_differ_limit_nothing() -> None:
    stranger = {"caller_kind": CallerKind.CROSS_ACCOUNT_ID.value, "caller_account": OTHER}
    uses = [assumption(day, external_id=f"id-{day % 2}", **stranger) for day in EVERY_NINTH_DAY]
    found = trust_of(role_with(allow({"AWS": OTHER})), evidence_of(*uses))
    assert (found.proposal, found.refusals) == (None, ())


def test_provider_that_nobody_came_from_goes() -> None:
    other = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.example.com"}
    role = role_with(github(MAIN), allow(other, action="sts:AssumeRoleWithWebIdentity"))
    policy = narrowed(role, *(sign_in(day, MAIN) for day in EVERY_NINTH_DAY))
    assert policy["Statement"] == [github(MAIN)]


# ---------------------------------------------------------------- what IAM would refuse


def test_deny_of_a_deleted_principal_is_refused() -> None:
    deny = {"Effect": "Deny", "Principal": {"AWS": "AROAEXAMPLEGONE00001"}, "Action": "sts:AssumeRole"}
    role = role_with(allow({"AWS": [BUILD, OTHER]}), deny)
    assert refusals(role, *(call_by(day, BUILD) for day in EVERY_NINTH_DAY)) == ["deleted-caller"]


def test_sid_of_a_divided_statement_takes_no_name_of_another() -> None:
    unused = {**allow({"AWS": [BUILD, f"arn:aws:iam::{ACCOUNT}:root"]}), "Sid": "A"}
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Sid": "A2", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:*", "Condition": condition}
    policy = narrowed(role_with(unused, deny), *(call_by(day, BUILD) for day in EVERY_NINTH_DAY))
    assert [statement["Sid"] for statement in policy["Statement"]] == ["A", "A3", "A2"]


def test_condition_on_the_session_name_is_what_iam_demands_for_sentinel() -> None:
    host = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d"
    trusted = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}
    asked = {"StringEquals": {f"{host}:aud": "api", "sts:RoleSessionName": "MicrosoftSentinel_1"}}
    uses = [sign_in(day, "0a1b2c3d", provider=trusted["Federated"]) for day in EVERY_NINTH_DAY]
    policy = narrowed(role_with(allow(trusted, asked, "sts:AssumeRoleWithWebIdentity")), *uses)
    assert policy["Statement"][0]["Condition"]["StringEquals"] == {**asked["StringEquals"], f"{host}:sub": "0a1b2c3d"}


def test_principal_of_a_kind_that_assumes_no_roles_is_no_caller() -> None:
    odd = allow({"AWS": [BUILD, OTHER], "CanonicalUser": "79a59df900b949e55d96a1e698fbaced"})
    policy = narrowed(role_with(odd), *(call_by(day, BUILD) for day in EVERY_NINTH_DAY))
    assert policy["Statement"] == [allow({"AWS": BUILD})]


# ---------------------------------------------------------------- too many callers


def test_nobody_counts_as_unused_if_the_callers_were_too_many_to_list() -> None:
    full = [assumption(day, caller_kind=OVERFLOW) for day in EVERY_NINTH_DAY]
    found = trust_of(role_with(allow({"AWS": [BUILD, OTHER]}), github(MAIN)), evidence_of(*full))
    assert found.never_seen == ()
    assert TrustFindingKind.UNUSED not in {finding.kind for finding in found.findings}


# ---------------------------------------------------------------- text that a record doesn't show in full


def test_external_id_that_may_be_cut_limits_nothing() -> None:
    stranger = {"caller_kind": CallerKind.CROSS_ACCOUNT_ID.value, "caller_account": OTHER}
    uses = [assumption(day, external_id="x" * 256, **stranger) for day in EVERY_NINTH_DAY]
    assert trust_of(role_with(allow({"AWS": OTHER})), evidence_of(*uses)).proposal is None
    asked = allow({"AWS": OTHER}, {"StringEquals": {"sts:ExternalId": "x" * 300}})
    assert not trust_of(role_with(asked), evidence_of(*uses)).refusals


def test_subject_that_may_be_cut_is_refused() -> None:
    cut = "repo:acme/shop:environment:".ljust(256, "x")
    assert refusals(role_with(github("repo:acme/*")), *(sign_in(day, cut) for day in EVERY_NINTH_DAY)) == ["no-subject"]


# ---------------------------------------------------------------- subjects


def test_tag_is_never_named_exactly_because_the_next_release_has_another() -> None:
    tags = [sign_in(day, f"repo:acme/shop:ref:refs/tags/v{day}") for day in (5, 30)]
    policy = narrowed(role_with(github("repo:acme/*")), *tags)
    assert subjects(policy) == ("StringLike", "repo:acme/shop:ref:refs/tags/*")


def test_step_of_bitbucket_is_never_named_exactly() -> None:
    host = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    trusted = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}
    asked, provider = {"StringEquals": {f"{host}:aud": "acme"}}, {"provider": trusted["Federated"]}
    repository, environment = "{12345678-1234-1234-1234-123456789abc}", "{22345678-1234-1234-1234-123456789abc}"
    uses = [
        sign_in(day, f"{repository}:{environment}:{{{day}2345678-1234-1234-1234-123456789abc}}", **provider)
        for day in (3, 5)
    ]
    policy = narrowed(role_with(allow(trusted, asked, "sts:AssumeRoleWithWebIdentity")), *uses)
    assert policy["Statement"][0]["Condition"]["StringLike"] == {f"{host}:sub": f"{repository}:{environment}:*"}


@pytest.mark.parametrize("branch", ["${aws:username}", "a${$}b", f"${{{SUB}}}"])
def test_subject_that_would_become_a_variable_limits_nothing(branch: str) -> None:
    subject = f"repo:acme/shop:ref:refs/heads/{branch}"
    found = trust_of(role_with(github("repo:acme/*")), evidence_of(*(sign_in(day, subject) for day in EVERY_NINTH_DAY)))
    assert (found.proposal, found.refusals) == (None, ())


def test_provider_without_a_key_for_the_subject_is_not_limited() -> None:
    facebook = allow({"Federated": "graph.facebook.com"}, action="sts:AssumeRoleWithWebIdentity")
    uses = [sign_in(day, "12345", provider="graph.facebook.com") for day in EVERY_NINTH_DAY]
    assert trust_of(role_with(facebook), evidence_of(*uses)).proposal is None


# ---------------------------------------------------------------- the proof


def reason_against(old: list[dict[str, Any]], new: list[dict[str, Any]], *uses: Assumption) -> str:
    """Why the proof refuses a new trust policy."""
    before, after = role_with(*old), role_with(*new)
    assert before.trust is not None
    assert after.trust is not None
    return disprove(before.trust, after.trust, before, uses, added={})


def test_proof_refuses_to_lose_the_action_for_session_tags() -> None:
    both = ["sts:AssumeRole", "sts:TagSession"]
    tagged = call_by(3, BUILD, session_tags='{"team":"shop"}')
    assert "event-3" in reason_against([allow(ROOT, action=both)], [allow(ROOT)], tagged)
    assert not reason_against([allow(ROOT, action=both)], [allow(ROOT)], call_by(3, BUILD))
    divided = [allow(ROOT), allow(ROOT, action="sts:TagSession")]
    assert not reason_against([allow(ROOT, action=both)], divided, tagged)


def test_proof_refuses_a_new_value_of_a_key_that_no_record_shows() -> None:
    old = allow(ROOT, {"StringLike": {"aws:PrincipalTag/team": "*"}})
    new = allow(ROOT, {"StringLike": {"aws:PrincipalTag/team": ["shop"]}})
    assert "event-3" in reason_against([old], [new], call_by(3, BUILD))
    limited = allow(ROOT, {"StringLike": {"aws:PrincipalTag/team": "*"}, "ArnEquals": {PRINCIPAL_ARN: BUILD}})
    assert not reason_against([old], [limited], call_by(3, BUILD))
