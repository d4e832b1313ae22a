"""What a narrowed trust policy allows: every recorded assumption, and nothing that the old one doesn't allow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.guards import NO_GUARDS
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.model import CallerKind, Principal, Resource, ResourceKind
from lpgen.core.trust.callers import Callers
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.roles import RoleTrust, trust_of_role
from lpgen.core.usage.assumptions import Assumption
from tests.core.trust.cases import (
    ACCOUNT,
    FIRST,
    GITHUB,
    PROVIDER,
    ROLE,
    allow,
    assumption,
    call_by,
    evidence_of,
    github,
    role_with,
    sign_in,
)

SUB = f"{GITHUB}:sub"
MAIN = "repo:acme/shop:ref:refs/heads/main"


def trust_of(role: Principal, evidence: TrustEvidence) -> RoleTrust:
    return trust_of_role(
        role, evidence, callers=Callers(evidence.principals.values(), NO_GUARDS), vendor_of=lambda _: ""
    )


def narrowed(role: Principal, *uses: Assumption, **facts: Any) -> dict[str, Any]:
    """The narrowed trust policy as plain JSON."""
    found = trust_of(role, evidence_of(*uses, **facts))
    assert found.proposal is not None, [refusal.message for refusal in found.refusals]
    policy: dict[str, Any] = json.loads(policy_to_json(found.proposal.policy))
    return policy


def subjects(policy: dict[str, Any]) -> Any:
    """The condition on the subject in the first statement."""
    conditions = policy["Statement"][0]["Condition"]
    return next((operator, keys[SUB]) for operator, keys in conditions.items() if SUB in keys)


def refusals(role: Principal, *uses: Assumption, **facts: Any) -> list[str]:
    found = trust_of(role, evidence_of(*uses, **facts))
    assert found.proposal is None
    return [refusal.kind.value for refusal in found.refusals]


# ---------------------------------------------------------------- subjects


def test_one_branch_is_named_exactly() -> None:
    policy = narrowed(role_with(github("repo:acme/shop:*")), *(sign_in(day, MAIN) for day in range(0, 90, 5)))
    assert subjects(policy) == ("StringEquals", MAIN)
    assert policy["Statement"][0]["Condition"]["StringEquals"][f"{GITHUB}:aud"] == "sts.amazonaws.com"


def test_growing_branches_become_a_pattern_of_their_kind() -> None:
    uses = [sign_in(day, f"repo:acme/shop:ref:refs/heads/feature-{day}") for day in range(0, 90, 5)]
    assert subjects(narrowed(role_with(github("repo:acme/*")), *uses)) == (
        "StringLike",
        "repo:acme/shop:ref:refs/heads/*",
    )


@pytest.mark.parametrize(
    ("subject", "limited"),
    [
        ("repo:acme/shop:ref:refs/heads/main:run_id:{}", "repo:acme/shop:ref:refs/heads/main:*"),
        ("repo:acme/shop:run_id:{}:ref:refs/heads/main", "repo:acme/shop:*"),
        ("repo:acme@1/shop@2:job_workflow_sha:{}", "repo:acme@1/shop@2:*"),
        ("repository_id:7:check_run_id:{}", "repository_id:7:*"),
        ("run_id:{}:repository_id:7", None),
        ("repo:acme/shop:environment:run_id", "repo:acme/shop:environment:run_id"),
    ],
)
def test_changing_value_seen_only_early_is_never_named(subject: str, limited: str | None) -> None:
    uses = [sign_in(day, subject.format(day)) for day in (3, 9)]
    found = trust_of(role_with(github("re*", "run_id:*")), evidence_of(*uses)).proposal
    if limited is None:
        assert found is None or "run_id:3" not in policy_to_json(found.policy)
    else:
        assert found is not None
        assert subjects(json.loads(policy_to_json(found.policy)))[1] == limited


def test_settled_environment_stays_exact_beside_growing_branches() -> None:
    uses = [sign_in(day, f"repo:acme/shop:ref:refs/heads/feature-{day}") for day in range(0, 90, 5)]
    deploys = [sign_in(day, "repo:acme/shop:environment:production") for day in range(1, 90, 9)]
    assert subjects(narrowed(role_with(github("repo:acme/*")), *uses, *deploys)) == (
        "StringLike",
        ["repo:acme/shop:environment:production", "repo:acme/shop:ref:refs/heads/*"],
    )


def test_growing_repositories_keep_the_old_condition() -> None:
    uses = [sign_in(day, f"repo:acme/service-{day}:ref:refs/heads/main") for day in range(0, 90, 5)]
    assert trust_of(role_with(github("repo:acme/*")), evidence_of(*uses)).proposal is None


def test_pattern_never_exceeds_the_old_one() -> None:
    uses = [sign_in(day, f"repo:acme/shop:ref:refs/heads/release-{day}") for day in range(0, 90, 5)]
    old = ["repo:acme/shop:ref:refs/heads/release-*", "repo:acme/shop:environment:production"]
    assert subjects(narrowed(role_with(github(*old)), *uses)) == ("StringLike", old[0])


def test_subjects_that_were_never_seen_are_dropped_and_named() -> None:
    role = role_with(github(MAIN, "repo:acme/old:ref:refs/heads/main", operator="ForAnyValue:StringEquals"))
    found = trust_of(role, evidence_of(*(sign_in(day, MAIN) for day in range(0, 90, 5))))
    assert found.never_seen == ("repo:acme/old:ref:refs/heads/main",)
    assert found.proposal is not None
    assert "repo:acme/old" not in policy_to_json(found.proposal.policy)


def test_claim_that_no_record_shows_is_copied() -> None:
    workflow = "acme/workflows/.github/workflows/deploy.yml@refs/heads/main"
    policy = narrowed(
        role_with(github("repo:acme/*", job_workflow_ref=workflow)), *(sign_in(day, MAIN) for day in range(0, 90, 5))
    )
    assert policy["Statement"][0]["Condition"]["StringEquals"][f"{GITHUB}:job_workflow_ref"] == workflow


def test_record_without_subject_is_refused() -> None:
    assert refusals(role_with(github("repo:acme/*")), sign_in(3, MAIN), sign_in(4, "")) == ["no-subject"]


def test_failed_sign_in_of_a_stranger_is_no_need() -> None:
    denied = sign_in(5, "repo:evil/shop:ref:refs/heads/main", error_code="AccessDenied")
    uses = [sign_in(day, MAIN) for day in range(0, 90, 5)]
    assert subjects(narrowed(role_with(github("repo:*")), *uses, denied)) == ("StringEquals", MAIN)


def test_subject_with_ids_is_added_to_the_allowed_one() -> None:
    uses = [sign_in(day, MAIN) for day in range(0, 90, 5)]
    policy = narrowed(role_with(github("repo:acme/*")), *uses, ids={"acme/shop": ("1", "2")})
    assert subjects(policy) == ("StringEquals", [MAIN, "repo:acme@1/shop@2:ref:refs/heads/main"])


def test_subject_without_ids_is_never_added_to_one_with_ids() -> None:
    with_ids = "repo:acme@1/shop@2:ref:refs/heads/main"
    uses = [sign_in(day, with_ids) for day in range(0, 90, 5)]
    assert subjects(narrowed(role_with(github("repo:acme@1/*")), *uses)) == ("StringEquals", with_ids)


def test_ids_of_a_failed_sign_in_are_not_added() -> None:
    uses = [sign_in(day, MAIN) for day in range(0, 90, 5)]
    taken = sign_in(80, "repo:acme@666/shop@667:ref:refs/heads/main", error_code="AccessDenied")
    assert "666" not in json.dumps(narrowed(role_with(github("repo:acme/*")), *uses, taken))


# ---------------------------------------------------------------- accounts and services

BUILD = f"arn:aws:iam::{ACCOUNT}:role/ci/build"
OTHER = "999988887777"


def test_account_stays_the_principal_and_its_callers_become_a_condition() -> None:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    policy = narrowed(role_with(allow(root)), *(call_by(day, BUILD) for day in range(0, 90, 9)))
    assert policy["Statement"] == [{**allow(root), "Condition": {"ArnEquals": {"aws:PrincipalArn": BUILD}}}]


def test_permission_set_is_matched_by_name_and_a_suffix_of_sixteen() -> None:
    head = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com"
    person = f"{head}/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"
    policy = narrowed(role_with(allow({"AWS": ACCOUNT})), *(call_by(day, person) for day in range(0, 90, 9)))
    assert policy["Statement"][0]["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": f"{head}/*AWSReservedSSO_Admin_{'?' * 16}"}
    }


def test_foreign_caller_is_limited_by_its_external_id() -> None:
    root = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    stranger = {"caller_kind": CallerKind.CROSS_ACCOUNT_ID.value, "caller_account": OTHER, "principal_id": "AROAOTHER"}
    uses = [assumption(day, external_id="id-1", **stranger) for day in range(0, 90, 9)]
    policy = narrowed(role_with(allow(root)), *uses)
    assert policy["Statement"] == [{**allow(root), "Condition": {"StringEquals": {"sts:ExternalId": "id-1"}}}]


def test_differing_external_ids_limit_nothing() -> None:
    stranger = {"caller_kind": CallerKind.CROSS_ACCOUNT_ID.value, "caller_account": OTHER}
    uses = [assumption(day, external_id=f"id-{day % 2}", **stranger) for day in range(0, 90, 9)]
    assert trust_of(role_with(allow({"AWS": OTHER})), evidence_of(*uses)).proposal is None


def test_unused_principal_is_dropped_and_the_used_one_copied() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/old"
    policy = narrowed(role_with(allow({"AWS": [BUILD, other]})), *(call_by(day, BUILD) for day in range(0, 90, 9)))
    assert policy["Statement"] == [allow({"AWS": BUILD})]


@pytest.mark.parametrize(("services", "stays"), [((), True), ((("111122223333", "lambda.amazonaws.com"),), False)])
def test_unused_service_goes_only_if_the_log_shows_it_elsewhere(services: tuple[Any, ...], *, stays: bool) -> None:
    role = role_with(allow({"AWS": BUILD}), allow({"Service": "lambda.amazonaws.com"}))
    found = trust_of(role, evidence_of(*(call_by(day, BUILD) for day in range(0, 90, 9)), services=frozenset(services)))
    assert (found.proposal is None) == stays
    assert found.never_seen == ("lambda.amazonaws.com",)


def test_statement_that_only_tags_sessions_stays() -> None:
    tagging = allow({"AWS": BUILD}, action="sts:TagSession")
    role = role_with(allow({"AWS": [BUILD, OTHER]}), tagging)
    policy = narrowed(role, *(call_by(day, BUILD) for day in range(0, 90, 9)))
    assert policy["Statement"] == [allow({"AWS": BUILD}), tagging]


def test_deny_stays_as_written() -> None:
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = narrowed(
        role_with(allow({"AWS": [BUILD, OTHER]}), deny), *(call_by(day, BUILD) for day in range(0, 90, 9))
    )
    assert policy["Statement"][1] == deny


# ---------------------------------------------------------------- pods

PODS = allow({"Service": "pods.eks.amazonaws.com"}, action=["sts:AssumeRole", "sts:TagSession"])
CLUSTER = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod"


def pod(account: str, *, namespace: str = "shop", cluster: str = CLUSTER) -> dict[str, str]:
    """The session tags of a pod with this service account, and those that differ for each pod."""
    name = {"eks-cluster-arn": cluster, "eks-cluster-name": cluster.rpartition("/")[2], "kubernetes-pod-name": "*"}
    return {**name, "kubernetes-namespace": namespace, "kubernetes-service-account": account}


def by_pod(day: int, tags: dict[str, str]) -> Assumption:
    caller = {"caller_kind": CallerKind.SERVICE.value, "service": "pods.eks.amazonaws.com"}
    return assumption(day, **caller, session_tags=json.dumps(tags) if tags else "")


def test_pods_are_limited_to_the_tags_of_records_and_associations() -> None:
    role, uses = role_with(PODS), [by_pod(day, pod("orders")) for day in range(0, 90, 9)]
    policy = narrowed(role, *uses, pods={role.arn: (pod("orders"), pod("yearly", namespace="reports"))})
    (statement,) = policy["Statement"]
    assert statement["Action"] == PODS["Action"]
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": CLUSTER,
            "aws:RequestTag/kubernetes-namespace": ["reports", "shop"],
            "aws:RequestTag/kubernetes-service-account": ["orders", "yearly"],
        }
    }


def test_condition_on_a_tag_of_a_pod_stays_and_the_others_are_added() -> None:
    role = role_with({**PODS, "Condition": {"StringLike": {"aws:RequestTag/kubernetes-namespace": "s*"}}})
    (statement,) = narrowed(role, by_pod(0, pod("orders")), pods={role.arn: (pod("orders"),)})["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": CLUSTER,
            "aws:RequestTag/kubernetes-service-account": "orders",
        },
        "StringLike": {"aws:RequestTag/kubernetes-namespace": "s*"},
    }
    assert refusals(role, by_pod(0, pod("orders", namespace="other"))) == ["unexplained"]


@pytest.mark.parametrize(
    ("associations", "late"),
    [
        ((), pod("orders")),
        ((pod("orders"), {}), pod("orders")),
        ((pod("orders"),), {}),
        ((pod("orders"),), {"kubernetes-namespace": "shop"}),
        ((pod("orders"),), pod("new")),
        ((pod("orders"),), pod("orders", cluster=f"{CLUSTER}-2")),
        ((pod("orders"), pod("${aws:username}")), pod("orders")),
    ],
    ids=["none known", "no tags", "record without", "record of some", "growing", "unread cluster", "variable"],
)
def test_pods_are_not_limited_if_one_might_be_refused(
    associations: tuple[dict[str, str], ...], late: dict[str, str]
) -> None:
    uses = [by_pod(0, pod("orders")), by_pod(80, late)]
    found = trust_of(role_with(PODS), evidence_of(*uses, pods={role_with(PODS).arn: associations}))
    assert (found.proposal, found.refusals) == (None, ())


# ---------------------------------------------------------------- refusals


def test_refusals() -> None:
    used = [call_by(day, BUILD) for day in range(0, 90, 9)]
    trusting = allow({"AWS": [BUILD, OTHER]})
    assert refusals(role_with(trusting), *used, days=40) == ["few-days"]
    assert refusals(role_with(trusting)) == ["never-assumed"]
    assert refusals(role_with(trusting, path="/aws-service-role/x.amazonaws.com/"), *used) == ["protected"]
    negative = {"Effect": "Allow", "Principal": {"AWS": BUILD}, "NotAction": "s3:*"}
    assert refusals(role_with(negative), *used) == ["negative"]


def test_policy_is_limited_by_the_quota_of_its_own_account() -> None:
    """A list that exceeds the quota climbs to patterns."""
    names = {f"repo:acme/{'x' * 60}{number}:environment:{'y' * 40}" for number in range(20)}
    role, uses = role_with(github("repo:acme/*")), [sign_in(day, name) for day in range(0, 90, 9) for name in names]
    assert subjects(narrowed(role, *uses, quotas={ACCOUNT: 4_096})) == ("StringEquals", sorted(names))
    for quotas in ({}, {"999999999999": 4_096}):
        assert subjects(narrowed(role, *uses, quotas=quotas))[0] == "StringLike"


def test_assumption_that_the_policy_does_not_allow_is_refused() -> None:
    role = role_with(allow({"AWS": [OTHER, BUILD]}))
    stranger = call_by(4, f"arn:aws:iam::{ACCOUNT}:role/somebody")
    assert refusals(role, *(call_by(day, BUILD) for day in range(0, 90, 9)), stranger) == ["unexplained"]


@pytest.mark.parametrize(("days", "is_unused"), [(59, False), (60, True)])
def test_nobody_is_called_unused_before_enough_days(days: int, *, is_unused: bool) -> None:
    role = role_with(allow({"AWS": [BUILD, OTHER]}))
    found = trust_of(role, evidence_of(*(call_by(day, BUILD) for day in range(0, 50, 5)), days=days))
    assert ("unused" in [finding.kind for finding in found.findings]) is is_unused
    assert found.never_seen == ((OTHER,) if is_unused else ())


@pytest.mark.parametrize(("day", "is_young"), [(0, False), (30, False), (31, True), (89, True), (200, True)])
@pytest.mark.parametrize("kind", ["changed", "created", "overflow"])
def test_trust_policy_is_judged_from_its_last_change(day: int, kind: str, *, is_young: bool) -> None:
    since = FIRST + timedelta(day)
    created = datetime.combine(since, time(9), UTC) if kind == "created" else None
    changed = {"changed": {ROLE: since}, "overflow": {"*": since}}.get(kind, {})
    role = role_with(allow({"AWS": [BUILD, OTHER]}), created=created)
    found = trust_of(role, evidence_of(*(call_by(day, BUILD) for day in range(0, 90, 9)), changed=changed))
    assert [refusal.kind.value for refusal in found.refusals] == ["young"] * is_young
    assert (found.proposal is None) is is_young
    assert ("unused" in [finding.kind for finding in found.findings]) is not is_young
    assert found.never_seen == (() if is_young else (OTHER,))


def test_role_that_called_without_a_recorded_assumption_is_not_called_unused() -> None:
    role = role_with(allow({"AWS": [BUILD, OTHER]}))
    found = trust_of(role, evidence_of(actions_used={role.arn: 3}))
    assert [refusal.kind.value for refusal in found.refusals] == ["unrecorded"]
    assert "unused" not in [finding.kind for finding in found.findings]
    assert sorted(found.never_seen) == sorted([BUILD, OTHER])


def test_callers_of_a_deleted_principal_are_refused() -> None:
    gone = "AROAEXAMPLEGONE00001"
    uses = [call_by(day, BUILD, principal_id=gone) for day in range(0, 90, 9)]
    assert refusals(role_with(allow({"AWS": [gone, OTHER]})), *uses) == ["deleted-caller"]


# ---------------------------------------------------------------- the law

_SUBJECTS = st.builds(
    "repo:{}/{}:{}".format,
    st.sampled_from(["acme", "acme-x", "evil"]),
    st.sampled_from(["shop", "shop-2", "pay"]),
    st.sampled_from(
        ["ref:refs/heads/main", "ref:refs/heads/main2", "ref:refs/tags/v1", "environment:prod", "pull_request"]
    ),
)
_PATTERNS = st.one_of(
    _SUBJECTS,
    st.sampled_from(["repo:acme/*", "repo:acme/shop:*", "repo:*", "*", "repo:acme*/shop:ref:refs/heads/main*"]),
)
_STATEMENTS = st.lists(
    st.builds(
        lambda patterns, operator: github(*patterns, operator=operator),
        st.lists(_PATTERNS, max_size=3),
        st.sampled_from(["StringLike", "ForAnyValue:StringLike", "StringLikeIfExists"]),
    ),
    min_size=1,
    max_size=3,
)


@given(_STATEMENTS, st.lists(st.tuples(st.integers(0, 89), _SUBJECTS), max_size=12), st.lists(_SUBJECTS, max_size=20))
def test_proposal_keeps_recorded_sign_ins_and_adds_none(
    statements: list[dict[str, Any]], seen: list[tuple[int, str]], others: list[str]
) -> None:
    role = role_with(*statements)
    found = trust_of(role, evidence_of(*(sign_in(day, subject) for day, subject in seen)))
    assert not [refusal for refusal in found.refusals if refusal.kind == "unproven"]
    if found.proposal is None:
        return
    new = role_with(*json.loads(policy_to_json(found.proposal.policy))["Statement"])
    for subject in {subject for _, subject in seen}:
        assert _accepts(role, subject) == _accepts(new, subject)
    for subject in others:
        assert _accepts(role, subject) or not _accepts(new, subject)


def _accepts(role: Principal, subject: str) -> bool:
    context = {SUB: (subject,), f"{GITHUB}:aud": ("sts.amazonaws.com",)}
    resource = Resource(ResourceKind.ARN, role.arn)
    request = Request(PROVIDER, "sts:AssumeRoleWithWebIdentity", resource, context, resource_account=ACCOUNT)
    return decide(request, PolicySet(resource=role.trust)).result is Result.ALLOWED
