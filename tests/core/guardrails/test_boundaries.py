"""Which boundary is proposed for created roles, how creators' statements change, and which paths lead out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.guardrails.boundary import BoundaryReport
from lpgen.core.guardrails.creator import CreatorRewriter, Delegation
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import NO_RESOURCE, AttachedPolicy, Policy, PolicyKind, Resource, ResourceKind
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import ACCOUNT_TRUST, arn_of, document, principal, service
from tests.core.guardrails.worlds import boundary, call, kinds, quiet
from tests.support.worlds import ACCOUNT, allow

ROLE = arn_of("role/app/web")
BOUNDARY = arn_of("policy/lpgen-boundary")
ADMIN_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
CREATE = allow(["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole", "iam:GetRole"])
CREATOR = principal("role/deployer", CREATE, allow("lambda:CreateFunction"))
WEB = principal("role/app/web", allow(["sqs:CreateQueue", "sqs:DeleteQueue"]), trusts=service("lambda"))
ADMIN = principal("role/admin", allow("*"), trusts=ACCOUNT_TRUST)
MADE = call(CREATOR, "iam:CreateRole", {"roleName": "web", "path": "/app/", "assumeRolePolicyDocument": "{}"}, days=1)
USED = call(WEB, "sqs:CreateQueue", {"queueName": "jobs"})
PASSED = call(
    CREATOR, "lambda:CreateFunction20150331", {"functionName": "f", "role": ROLE, "runtime": "python3.13"}, days=1
)
CALLS = (quiet(ACCOUNT), USED, PASSED)


def usual(**changes: Any) -> BoundaryReport:
    given: dict[str, Any] = {"principals": (CREATOR, WEB, ADMIN), "creator": CREATOR, "created": (WEB,)}
    calls = changes.pop("calls", CALLS)
    return boundary(*calls, **{**given, **changes})


def policies_of(found: BoundaryReport) -> tuple[Policy, ...]:
    assert found.creator_policies, found.reasons
    return tuple(policy_from_json(document, place="a test") for document in found.creator_policies.values())


def allows(policies: tuple[Policy, ...], action: str, arn: str = "", **context: str) -> bool:
    keys = {key.replace("_", ":"): (value,) for key, value in context.items()}
    resource = Resource(ResourceKind.ARN, arn) if arn else NO_RESOURCE
    request = Request(CREATOR.arn, action, resource, keys, AbsentKeys.MISSING)
    return decide(request, PolicySet(identity=policies)).result is Result.ALLOWED


def test_the_boundary_allows_what_created_roles_used_and_nothing_else() -> None:
    found = usual()
    assert (found.state, kinds(found)) == (ProposalState.SAFE, [])
    assert found.boundary is not None
    limit = (policy_from_json(found.boundary, place="a test"),)
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    assert allows(limit, "sqs:CreateQueue", queue)
    assert not allows(limit, "sqs:DeleteQueue", queue)
    assert not allows(limit, "iam:CreateRole", ROLE)


def test_creators_create_only_with_the_boundary_and_below_the_path() -> None:
    new = policies_of(usual())
    assert allows(new, "iam:CreateRole", ROLE, iam_PermissionsBoundary=BOUNDARY)
    assert not allows(new, "iam:CreateRole", ROLE)
    assert not allows(new, "iam:CreateRole", ROLE, iam_PermissionsBoundary=ADMIN_POLICY)
    assert not allows(new, "iam:CreateRole", arn_of("role/web"), iam_PermissionsBoundary=BOUNDARY)
    assert allows(new, "iam:GetRole", arn_of("role/admin"))
    assert allows(new, "lambda:CreateFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")


def test_roles_are_passed_below_the_path_to_the_services_seen() -> None:
    new = policies_of(usual())
    assert allows(new, "iam:PassRole", ROLE, iam_PassedToService="lambda.amazonaws.com")
    assert not allows(new, "iam:PassRole", ROLE, iam_PassedToService="ec2.amazonaws.com")
    assert not allows(new, "iam:PassRole", ADMIN.arn, iam_PassedToService="lambda.amazonaws.com")


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("iam:DeleteRolePermissionsBoundary", ROLE),
        ("iam:DeleteUserPermissionsBoundary", arn_of("user/app/x")),
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("iam:SetDefaultPolicyVersion", BOUNDARY),
        ("iam:DeletePolicyVersion", BOUNDARY),
        ("iam:DeletePolicy", BOUNDARY),
    ],
)
def test_creators_cant_remove_or_change_the_boundary(action: str, arn: str) -> None:
    creator = principal("role/deployer", allow("*"))
    found = usual(creator=creator, principals=(creator, WEB))
    assert not allows(policies_of(found), action, arn, iam_PermissionsBoundary=BOUNDARY)


def test_created_roles_come_from_the_logs() -> None:
    found = usual(calls=(*CALLS, MADE), created=None)
    assert found.created == (ROLE,)
    nobody = usual(created=None)
    assert (nobody.state, kinds(nobody)) == (ProposalState.REFUSED, ["no-created-roles"])


def test_creation_elsewhere_is_refused_by_the_path() -> None:
    found = usual(calls=(*CALLS, MADE), path="/other/")
    assert "observed-refused" in kinds(found)


def test_unknown_services_are_a_reason() -> None:
    assert kinds(usual(calls=(quiet(ACCOUNT), USED))) == ["services-unknown"]


def test_unknown_trust_is_a_reason() -> None:
    unknown = replace(WEB, trust=None)
    assert "trust-unknown" in kinds(usual(created=(unknown,), principals=(CREATOR, unknown, ADMIN)))


def test_few_days_are_a_reason() -> None:
    short = (quiet(ACCOUNT, 30), call(WEB, "sqs:CreateQueue", {"queueName": "jobs"}, days=30), PASSED)
    assert kinds(usual(calls=short)) == ["few-days"]


# ---------------------------------------------------------------- paths out


def test_an_unbounded_role_below_the_path_is_an_escape() -> None:
    below = arn_of("role/app/*")
    creator = principal("role/deployer", CREATE, allow("iam:UpdateAssumeRolePolicy"), allow("sts:AssumeRole", below))
    legacy = principal("role/app/legacy", allow("*"), trusts=service("ec2"))
    found = usual(creator=creator, principals=(creator, WEB, legacy))
    assert (found.state, "escapes" in kinds(found)) == (ProposalState.UNSAFE, True)
    (escape,) = (reason for reason in found.reasons if reason.kind.value == "escapes")
    assert any(legacy.arn in name for name in escape.names)
    bounded = usual(creator=creator, principals=(creator, WEB, ADMIN))
    assert "escapes" not in kinds(bounded)


def test_an_assumable_administrator_is_an_escape() -> None:
    creator = principal("role/deployer", CREATE, allow("sts:AssumeRole"))
    found = usual(creator=creator, principals=(creator, WEB, ADMIN))
    assert "escapes" in kinds(found)


def test_a_new_role_reaches_no_more_than_the_boundary() -> None:
    """The creator lets a new role do everything. Without the boundary it could assume the administrator."""
    assert "escapes" not in kinds(usual())
    assuming = principal("role/app/web", allow("sts:AssumeRole"), allow("sqs:*"), trusts=service("lambda"))
    other = principal("role/other", allow("sqs:*"), trusts=ACCOUNT_TRUST)
    seen = call(assuming, "sts:AssumeRole", {"roleArn": other.arn, "roleSessionName": "x"})
    found = usual(calls=(*CALLS, seen), created=(assuming,), principals=(CREATOR, assuming, other, ADMIN))
    assert "escapes" not in kinds(found)
    limit = (policy_from_json(found.boundary or {}, place="a test"),)
    assert allows(limit, "sts:AssumeRole", other.arn)
    assert not allows(limit, "sts:AssumeRole", ADMIN.arn)


# ---------------------------------------------------------------- laws

_PATTERNS = ("*", "iam:*", "iam:Create*", "iam:PassRole", "iam:Put*", "s3:Get*", "iam:Get*", "iam:Attach?olePolicy")
_ACTIONS = st.lists(st.sampled_from(_PATTERNS), min_size=1, max_size=3)
_OWN = arn_of("user/${aws:username}")
_RESOURCES = st.sampled_from(("*", arn_of("role/*"), arn_of("role/app/x"), _OWN, arn_of("role/other/*")))
_WRITES = ("iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole")
_PROBES = st.tuples(
    st.sampled_from((*_WRITES, "iam:GetRole", "s3:GetObject", "ec2:RunInstances", "iam:CreateAccessKey")),
    st.sampled_from((arn_of("role/app/x"), arn_of("role/other/x"), arn_of("user/app/x"), "arn:aws:s3:::b/k")),
    st.sampled_from(("", BOUNDARY, ADMIN_POLICY)),
)


@given(_ACTIONS, _RESOURCES, st.booleans(), st.booleans(), _PROBES)
def test_new_statements_allow_nothing_new(
    actions: list[str], resource: str, not_action: bool, not_resource: bool, probe: tuple[str, str, str]
) -> None:
    fields = {"NotAction" if not_action else "Action": actions, "NotResource" if not_resource else "Resource": resource}
    old = policy_from_json({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **fields}}, place="old")
    to = Delegation(BOUNDARY, "/app/", "aws", ACCOUNT, ("lambda.amazonaws.com",))
    new = CreatorRewriter(to, bundled_catalog()).rewritten(old.statements[0])
    if new is None:
        return
    after = tuple(policy_from_json({"Version": "2012-10-17", "Statement": one}, place="new") for one in new)
    action, arn, limit = probe
    context = {"iam_PermissionsBoundary": limit} if limit else {}
    is_allowed = allows(after, action, arn, **context)
    assert not is_allowed or allows((old,), action, arn, **context)
    if action in ("iam:CreateRole", "iam:PutRolePolicy"):
        assert not is_allowed or (limit == BOUNDARY and "/app/" in arn)
    elif action in ("s3:GetObject", "ec2:RunInstances", "iam:GetRole"):
        assert is_allowed == allows((old,), action, arn, **context)


# ---------------------------------------------------------------- after the change


def test_the_proposal_stays_the_same_once_it_is_in_place() -> None:
    first = usual()
    assert first.boundary is not None
    boundary_now = policy_from_json(first.boundary, place="a test")
    held = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "lpgen-boundary", BOUNDARY, "", None, boundary_now)
    named = zip(first.creator_policies or {}, policies_of(first), strict=True)
    policies = tuple(AttachedPolicy(PolicyKind.INLINE, name, "", "", None, one) for name, one in named)
    creator, web = replace(CREATOR, policies=policies), replace(WEB, boundary=held)
    again = usual(creator=creator, created=(web,), principals=(creator, web, ADMIN))
    assert (again.state, again.creator_statements) == (ProposalState.SAFE, ())
    assert (again.boundary, again.creator_policies) == (first.boundary, first.creator_policies)


def test_a_boundary_keeps_its_path() -> None:
    arn = arn_of("policy/teams/lpgen-boundary")
    condition = {"StringEquals": {"iam:PermissionsBoundary": arn}}
    creator = principal("role/deployer", {**CREATE, "Condition": condition}, allow("lambda:CreateFunction"))
    new = policies_of(usual(creator=creator, principals=(creator, WEB, ADMIN)))
    assert allows(new, "iam:CreateRole", ROLE, iam_PermissionsBoundary=arn)
    assert not allows(new, "iam:CreatePolicyVersion", arn)


def test_an_older_boundary_limits_the_new_one() -> None:
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    older = AttachedPolicy(
        PolicyKind.CUSTOMER_MANAGED, "older", arn_of("policy/older"), "", None, document(allow("sqs:*", queue))
    )
    web = replace(WEB, boundary=older)
    found = usual(created=(web,), principals=(CREATOR, web, ADMIN))
    assert found.boundary == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sqs:CreateQueue"], "Resource": queue}],
    }


def test_use_that_no_known_policy_allows_isnt_added() -> None:
    topic = call(WEB, "sns:CreateTopic", {"name": "news"})
    found = usual(calls=(*CALLS, topic))
    assert found.boundary == usual().boundary
    assert found.unseen == (f"{WEB.arn} sns:CreateTopic",)


def test_roles_are_passed_only_as_seen_by_created_roles() -> None:
    web = principal(
        "role/app/web", allow(["iam:PassRole", "lambda:CreateFunction", "sqs:CreateQueue"]), trusts=service("lambda")
    )
    passed = call(web, "lambda:CreateFunction20150331", {"functionName": "f", "role": ROLE, "runtime": "x"}, days=1)
    found = usual(calls=(*CALLS, passed), created=(web,), principals=(CREATOR, web, ADMIN))
    limit = (policy_from_json(found.boundary or {}, place="a test"),)
    assert allows(limit, "iam:PassRole", ROLE, iam_PassedToService="lambda.amazonaws.com")
    assert not allows(limit, "iam:PassRole", ADMIN.arn, iam_PassedToService="lambda.amazonaws.com")


def test_too_large_policies_are_refused() -> None:
    creator = principal(
        "role/deployer", CREATE, *(allow("s3:GetObject", f"arn:aws:s3:::{number:0>60}") for number in range(120))
    )
    found = usual(creator=creator, principals=(creator, WEB, ADMIN))
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["too-large"])
