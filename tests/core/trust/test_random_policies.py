"""Laws of narrowed trust policies, for policies and records that follow only IAM's grammar."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.grants.trust import EXTERNAL_ID
from lpgen.core.guards import NO_GUARDS
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import AssumptionMethod, CallerKind, Policy, Resource, ResourceKind
from lpgen.core.trust.callers import Callers
from lpgen.core.trust.github_ids import other_format
from lpgen.core.trust.issuers import issuer_of
from lpgen.core.trust.known_parties import SOURCE_ACCOUNT
from lpgen.core.trust.lines import ASSUME
from lpgen.core.trust.narrow import PRINCIPAL_ARN
from lpgen.core.trust.proof import disprove
from lpgen.core.trust.roles import RoleTrust, trust_of_role
from lpgen.core.trust.undo import nearest_policy, why_no_undo
from lpgen.core.usage.assumptions import Assumption
from tests.core.trust.cases import ACCOUNT, GITHUB, PROVIDER, ROLE, assumption, evidence_of, role_with

OTHER = "999988887777"
ANOTHER = f"arn:aws:iam::{OTHER}:role/another"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
CLUSTER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{EKS}"
SUBJECT_KEYS = {PROVIDER: f"{GITHUB}:sub", CLUSTER: f"{EKS}:sub"}
SSO = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
SCAN = f"arn:aws:iam::{OTHER}:role/scan"
CALLERS = [
    f"arn:aws:iam::{ACCOUNT}:role/ci/build",
    f"arn:aws:iam::{ACCOUNT}:user/ana",
    f"arn:aws-us-gov:iam::{ACCOUNT}:role/*/odd",
    f"arn:aws:iam::{OTHER}:role/${{aws:username}}/x",
    SCAN,
    SSO,
]
SUBJECTS = [
    *("repo:acme/shop:ref:refs/heads/main", "repo:acme/shop:ref:refs/tags/v1", "repo:acme/shop:pull_request"),
    *(
        "repo:acme@1/shop@2:ref:refs/heads/main",
        "repo:acme-x/shop:environment:prod",
        "repo:acme/shop:ref:refs/heads/${x}",
    ),
    *("repository_owner:acme:environment:prod", "system:serviceaccount:shop:web", "system:serviceaccount:shop:job"),
    *("repo:acme/shop:environment:*", "*", "", "a", "repo:acme/shop:environment:".ljust(256, "x")),
]
PRINCIPALS = st.one_of(
    st.just("*"),
    st.fixed_dictionaries(
        {},
        optional={
            "AWS": st.lists(
                st.sampled_from(
                    [
                        *CALLERS,
                        *("*", ACCOUNT, OTHER, f"arn:aws:iam::{ACCOUNT}:root", "AROAEXAMPLEGONE00001"),
                        f"arn:aws:sts::{ACCOUNT}:assumed-role/build/session",
                    ]
                ),
                max_size=3,
            ),
            "Service": st.lists(st.sampled_from(["lambda.amazonaws.com", "ec2.amazonaws.com.cn"]), max_size=2),
            "Federated": st.lists(
                st.sampled_from([PROVIDER, CLUSTER, "graph.facebook.com", f"arn:aws:iam::{ACCOUNT}:saml-provider/x"]),
                max_size=2,
            ),
        },
    ).filter(bool),
)
OPERATORS = [
    prefix + name + suffix
    for prefix in ("", "ForAnyValue:", "ForAllValues:")
    for name in ("StringEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "ArnLike", "ArnNotEquals")
    for suffix in ("", "IfExists")
]
TEXTS = [
    *(CALLERS + SUBJECTS),
    *("repo:acme/*", "repo:*", "repo:acme*/shop:*", "REPO:ACME/SHOP:*", "system:serviceaccount:*", "repo:acme@*"),
    *(f"arn:aws:iam::{ACCOUNT}:role/ci/*", "arn:aws:iam::*:role/*", f"{SSO[:-16]}*", "arn:*", "${aws:PrincipalArn}"),
    *("id-1", "id-2", ACCOUNT, OTHER, "${*}", "?*"),
]
KEYS = [*SUBJECT_KEYS.values(), f"{GITHUB}:aud", PRINCIPAL_ARN, "AWS:principalarn", EXTERNAL_ID, SOURCE_ACCOUNT]
TESTS = st.dictionaries(
    st.sampled_from(KEYS), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), min_size=1, max_size=2
)
CONDITIONS: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.just({}),
    st.dictionaries(st.sampled_from(["StringLike", "ArnLike"]), TESTS, max_size=1),
    st.dictionaries(st.sampled_from(OPERATORS), TESTS, max_size=2),
    st.just({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    st.sampled_from(KEYS).map(lambda key: {"Null": {key: "false"}}),
)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
        "Principal": PRINCIPALS,
        "Action": st.sampled_from(
            ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", ["sts:AssumeRole*", "sts:TagSession"], "sts:TagSession"]
        ),
        "Condition": CONDITIONS,
    },
    optional={"Sid": st.sampled_from(["A", "A2", "A3"])},
)
POLICIES = st.builds(
    lambda version, statements: policy_from_json({"Version": version, "Statement": statements}, place="a test"),
    st.sampled_from(["2012-10-17", "2008-10-17"]),
    st.lists(STATEMENTS, min_size=1, max_size=4, unique_by=lambda statement: statement.get("Sid") or object()),
)
PROVIDERS = st.sampled_from([*SUBJECT_KEYS, "graph.facebook.com"])
DAYS, TAGS = st.integers(0, 89), st.sampled_from(["", '{"team":"shop"}'])


def web_sign_in(day: int, provider: str, subject: str, tags: str) -> Assumption:
    method, kind = AssumptionMethod.WEB_IDENTITY, CallerKind.FEDERATED.value
    return assumption(day, method=method, caller_kind=kind, provider=provider, subject=subject, session_tags=tags)


def role_call(day: int, caller: str, external_id: str, method: AssumptionMethod, tags: str) -> Assumption:
    known = {"caller_account": caller.split(":")[4], "external_id": external_id, "session_tags": tags}
    if known["caller_account"] == ACCOUNT:
        kind = CallerKind.ROLE if ":role/" in caller else CallerKind.USER
        return assumption(day, method=method, caller_kind=kind.value, principal=caller, **known)
    foreign = CallerKind.CROSS_ACCOUNT_ID.value
    return assumption(day, caller_kind=foreign, principal_id="AROAFOREIGN000000001", **known)


USES = st.one_of(
    st.builds(
        web_sign_in, DAYS, st.sampled_from([*SUBJECT_KEYS, "graph.facebook.com"]), st.sampled_from(SUBJECTS), TAGS
    ),
    st.builds(
        role_call,
        DAYS,
        st.sampled_from(CALLERS),
        st.sampled_from(["", "id-1", "id-2"]),
        st.sampled_from([AssumptionMethod.ASSUME_ROLE, AssumptionMethod.SWITCH_ROLE]),
        TAGS,
    ),
    st.builds(
        lambda day, source: assumption(
            day, caller_kind=CallerKind.SERVICE.value, service="lambda.amazonaws.com", source_account=source
        ),
        DAYS,
        st.sampled_from(["", ACCOUNT, OTHER]),
    ),
)


def requests_of(use: Assumption, caller: str) -> list[Request]:
    """Complete requests that would have left the record of an assumption, by the caller if the record names none."""
    known: dict[str, tuple[str, ...]] = {f"{GITHUB}:aud": ("id-1",)}
    if use.method is AssumptionMethod.WEB_IDENTITY:
        principal, action = use.provider, ASSUME["web"]
        known[SUBJECT_KEYS.get(use.provider, "graph.facebook.com:id")] = (use.subject,)
    elif use.service:
        principal, action = use.service, ASSUME["Service"]
        known |= {SOURCE_ACCOUNT: (use.source_account,)} if use.source_account else {}
    else:
        principal, action = use.principal or caller, ASSUME["AWS"]
        known |= {PRINCIPAL_ARN: (principal,)} | ({EXTERNAL_ID: (use.external_id,)} if use.external_id else {})
    resource = Resource(ResourceKind.ARN, ROLE)
    return [
        Request(principal, action, resource, known | mfa, AbsentKeys.MISSING, resource_account=ACCOUNT)
        for mfa in ({}, {"aws:MultiFactorAuthPresent": ("true",)})
    ]


def accepts(policy: Policy, request: Request) -> bool:
    everything = policy_from_json(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, place="a caller"
    )
    return decide(request, PolicySet(identity=(everything,), resource=policy)).result is Result.ALLOWED


def trust_from(policy: Policy, uses: list[Assumption]) -> RoleTrust:
    """The trust of a role with a trust policy and these recorded assumptions."""
    role = replace(role_with(), trust=policy)
    return trust_of_role(role, evidence_of(*uses), callers=Callers((), NO_GUARDS), vendor_of=lambda _: "")


def check_between(new: Policy, old: Policy, uses: list[Assumption], others: list[Assumption]) -> None:
    """Fails unless the new policy decides on recorded requests as the old one, and allows nothing that it denies."""
    for use in uses:
        for request in requests_of(use, SCAN):
            assert accepts(new, request) == accepts(old, request)
    for use in others:
        for request in requests_of(use, ANOTHER):
            assert accepts(old, request) or not accepts(new, request)


@given(POLICIES, st.lists(USES, min_size=4, max_size=16), st.lists(USES, max_size=6))
def test_proposal_keeps_every_recorded_caller_and_adds_none(
    policy: Policy, uses: list[Assumption], others: list[Assumption]
) -> None:
    uses = [use for use in uses if any(accepts(policy, request) for request in requests_of(use, SCAN))]
    found = trust_from(policy, uses)
    assert not [refusal.message for refusal in found.refusals if refusal.kind == "unproven"]
    if found.proposal is None:
        return
    new = policy_from_json(json.loads(policy_to_json(found.proposal.policy)), place="the proposal")
    assert new.version == policy.version
    check_between(new, policy, uses, others)


@given(POLICIES, st.lists(USES, min_size=1, max_size=16), st.lists(USES, max_size=6))
def test_nearest_policy_keeps_every_recorded_caller_and_adds_none(
    policy: Policy, uses: list[Assumption], others: list[Assumption]
) -> None:
    uses = [use for use in uses if any(accepts(policy, request) for request in requests_of(use, SCAN))]
    found = trust_from(policy, uses)
    if found.proposal is None:
        return
    nearest = policy_from_json(json.loads(policy_to_json(nearest_policy(policy, found.proposal.policy))), place="it")
    assert why_no_undo(nearest) == ""
    added = {subject: other_format(issuer_of(GITHUB), subject, {}) for subject in found.proposal.added}
    assert disprove(policy, nearest, found.role, uses, added=added) == ""
    check_between(nearest, policy, uses, others)
    for use in others:
        for request in requests_of(use, ANOTHER):
            assert accepts(nearest, request) or not accepts(found.proposal.policy, request)
