"""Edges: each documented way, decided with all policies that apply."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.compute import Compute, Inventory
from lpgen.core.graph.edges import Edge, Edges
from lpgen.core.graph.paths import Network
from lpgen.core.graph.requests import UsedStatement
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.authorize import RESOURCE_POLICY
from lpgen.core.iam.decision import Layer
from lpgen.core.model import Group, Policy, Principal
from tests.core.graph.cases import (
    ACCOUNT_TRUST,
    EVERYTHING,
    FUNCTION,
    OTHER,
    arn_of,
    document,
    edges_of,
    managed,
    principal,
    rcps,
    resource_policy,
    service,
    trust,
    ways_between,
    world,
)
from tests.support.worlds import ACCOUNT, allow, deny, policy

ADMIN = f"admin:{ACCOUNT}"
UPDATES_CODE = principal("role/ci", allow("lambda:UpdateFunctionCode"))
RUNS_IN_LAMBDA = principal("role/report", trusts=service("lambda"))
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/corporate"
INSTANCE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcdef0"
SAMLS = trust(
    {"Federated": SAML},
    action="sts:AssumeRoleWithSAML",
    condition={"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
)


def assume(*statements: dict[str, Any], trusts: Policy = ACCOUNT_TRUST, **facts: Any) -> Edge | None:
    """The edge by which `role/ci` with these statements can assume `role/deploy`."""
    caller = principal("role/ci", *statements or (allow("sts:AssumeRole"),))
    found = world(caller, principal("role/deploy", trusts=trusts, **facts))
    return ways_between(found, "role/ci", "role/deploy").get("sts-assume-role")


def rules(found: dict[str, Edge]) -> set[str]:
    return set(found)


# ---------------------------------------------------------------- both sides decide


def test_edge_names_the_statements_of_both_sides() -> None:
    edge = assume(allow("sts:AssumeRole", Sid="Deploy"))
    assert edge is not None
    assert set(edge.statements) == {
        UsedStatement(Layer.IDENTITY, "own", "Deploy"),
        UsedStatement(Layer.RESOURCE, arn_of("role/deploy"), "1"),
    }


@pytest.mark.parametrize(
    ("own", "trusts", "is_open"),
    [
        (allow("sts:AssumeRole"), ACCOUNT_TRUST, True),
        (allow("s3:*"), ACCOUNT_TRUST, False),
        (allow("s3:*"), trust({"AWS": arn_of("role/ci")}), True),
        (deny("sts:AssumeRole"), trust({"AWS": arn_of("role/ci")}), False),
        (allow("sts:AssumeRole"), trust({"AWS": OTHER}), False),
        (allow("sts:AssumeRole", arn_of("role/other")), ACCOUNT_TRUST, False),
    ],
)
def test_role_of_the_account_is_assumed_if_trust_and_policy_allow_it(
    own: dict[str, Any], trusts: Policy, is_open: bool
) -> None:
    assert (assume(own, trusts=trusts) is not None) == is_open


def test_role_of_another_account_needs_both_sides() -> None:
    target = principal("role/deploy", account=OTHER, trusts=trust({"AWS": arn_of("role/ci")}))
    for statements, expected in (([allow("sts:*")], {"sts-assume-role"}), ([allow("s3:*")], set())):
        found = world(principal("role/ci", *statements), target)
        assert rules(ways_between(found, "role/ci", target.arn)) == expected


@pytest.mark.parametrize(
    ("limits", "is_open"),
    [(Guards(), True), (Guards(scps=(AccountLevels("", ((document(allow("s3:*")),),)),)), False)],
)
def test_scps_limit_the_caller(limits: Guards, is_open: bool) -> None:
    found = world(principal("role/ci", allow("sts:*")), principal("role/deploy", trusts=ACCOUNT_TRUST), guards=limits)
    assert bool(ways_between(found, "role/ci", "role/deploy")) == is_open


# ---------------------------------------------------------------- compute


def function_edge(compute: Any) -> Edge | None:
    found = world(UPDATES_CODE, RUNS_IN_LAMBDA, compute=compute)
    return ways_between(found, "role/ci", "role/report").get("lambda-update-function-code")


def test_known_function_is_what_the_way_goes_through() -> None:
    edge = function_edge([(FUNCTION, "role/report")])
    assert edge is not None
    assert (edge.through, edge.if_exists) == (FUNCTION, False)


def test_without_an_inventory_a_function_may_exist() -> None:
    edge = function_edge(None)
    assert edge is not None
    assert (edge.through, edge.if_exists) == ("", True)


def test_whole_inventory_without_the_function_closes_the_way() -> None:
    assert function_edge([]) is None
    assert function_edge([(FUNCTION, "role/another")]) is None


@pytest.mark.parametrize(
    "gap",
    [
        Inventory((), frozenset({"ec2:instance"})),
        Inventory((), frozenset({"lambda:function"}), frozenset({ACCOUNT})),
    ],
    ids=["type", "account"],
)
def test_inventory_with_a_gap_leaves_the_way_to_what_may_exist(gap: Inventory) -> None:
    edge = function_edge(gap)
    assert edge is not None
    assert edge.if_exists


@pytest.mark.parametrize(("account", "is_known"), [(OTHER, True), (ACCOUNT, False)])
def test_gap_counts_for_its_account_only(account: str, is_known: bool) -> None:
    edge = function_edge(Inventory((), frozenset({"lambda:function"}), frozenset({account})))
    assert (edge is None) == is_known


def test_function_that_the_policy_does_not_name_is_out_of_reach() -> None:
    caller = principal("role/ci", allow("lambda:UpdateFunctionCode", FUNCTION.replace("report", "other")))
    known = world(caller, RUNS_IN_LAMBDA, compute=[(FUNCTION, "role/report")])
    assert ways_between(known, "role/ci", "role/report") == {}


# ---------------------------------------------------------------- instance profiles

LAUNCH = (allow("iam:PassRole"), allow("ec2:RunInstances"))
CREATE = allow(["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"])


@pytest.mark.parametrize(
    ("statements", "profiles", "is_open"),
    [
        (LAUNCH, ("web",), True),
        (LAUNCH, (), False),
        ((*LAUNCH, CREATE), (), True),
        ((*LAUNCH, allow("iam:CreateInstanceProfile")), (), False),
    ],
)
def test_instance_needs_a_profile_that_exists_or_that_the_caller_makes(
    statements: tuple[dict[str, Any], ...], profiles: tuple[str, ...], is_open: bool
) -> None:
    arns = tuple(arn_of(f"instance-profile/{name}") for name in profiles)
    target = principal("role/web", trusts=service("ec2"), instance_profiles=arns)
    found = ways_between(world(principal("role/ci", *statements), target), "role/ci", "role/web")
    assert ("ec2-run-instances" in found) == is_open


# ---------------------------------------------------------------- IAM


def test_boundary_that_the_principal_may_remove_protects_nothing() -> None:
    narrow, wide = (policy(allow(actions), name="limit") for actions in ("iam:DeleteRolePermissionsBoundary", "s3:*"))
    for boundary, expected in ((narrow, {"iam-delete-role-permissions-boundary"}), (wide, set())):
        found = world(principal("role/ci", EVERYTHING, boundary=boundary))
        assert rules(ways_between(found, "role/ci", ADMIN)) == expected


def test_removing_a_boundary_gains_nothing_without_administrative_rights_behind_it() -> None:
    boundary = policy(allow("*"), name="limit")
    found = world(principal("role/ci", allow("iam:DeleteRolePermissionsBoundary"), boundary=boundary))
    assert ways_between(found, "role/ci", ADMIN) == {}


@pytest.mark.parametrize(("older", "is_open"), [(EVERYTHING, True), (allow("s3:*"), False)])
def test_older_version_counts_if_it_is_administrative(older: dict[str, Any], is_open: bool) -> None:
    held = managed("team", document(allow("iam:SetDefaultPolicyVersion")), document(older))
    found = world(principal("role/ci", policies=(held,)))
    assert ("iam-set-default-policy-version" in ways_between(found, "role/ci", ADMIN)) == is_open


def test_older_version_counts_only_of_a_policy_that_the_caller_may_change() -> None:
    own = arn_of("policy/own")
    held = managed("own", document(allow("iam:SetDefaultPolicyVersion", own)), document(allow("s3:*")))
    other = managed("other", document(allow("s3:*")), document(EVERYTHING))
    assert ways_between(world(principal("role/ci", policies=(held, other))), "role/ci", ADMIN) == {}


def test_user_gains_what_a_group_allows_unless_something_of_its_own_denies_it() -> None:
    ops = Group(arn_of("group/ops"), ACCOUNT, "ops", "/", (policy(allow("iam:CreateAccessKey"), name="ops"),), ())
    joins, denies = allow("iam:AddUserToGroup", ops.arn), deny("iam:CreateAccessKey")
    own, other, limited = (
        principal(f"user/{name}", *statements)
        for name, statements in (
            ("ana", [joins]),
            ("bob", [allow("iam:AddUserToGroup", arn_of("group/other"))]),
            ("eve", [joins, denies]),
        )
    )
    found = world(own, other, limited, principal("user/target"), groups=[ops])
    gained = [rules(ways_between(found, who, "user/target")) for who in ("user/ana", "user/bob", "user/eve")]
    assert gained == [{"iam-add-user-to-group"}, set(), set()]


def test_group_has_the_edges_of_its_policies() -> None:
    ops = Group(arn_of("group/ops"), ACCOUNT, "ops", "/", (policy(allow("iam:CreateAccessKey"), name="ops"),), ())
    found = world(principal("user/ana"), groups=[ops])
    assert rules(ways_between(found, ops.arn, "user/ana")) == {"iam-create-access-key"}


def test_group_of_the_user_itself_can_get_more_permissions() -> None:
    ana = principal("user/ana", allow("iam:PutGroupPolicy"))
    for members, expected in (((ana.arn,), True), ((), False)):
        ops = Group(arn_of("group/ops"), ACCOUNT, "ops", "/", (), members)
        assert ("iam-put-group-policy" in ways_between(world(ana, groups=[ops]), "user/ana", ADMIN)) == expected


def test_saml_provider_opens_only_the_roles_that_trust_it() -> None:
    caller = principal("role/ci", allow("iam:UpdateSAMLProvider", SAML))
    found = world(caller, principal("role/sso", trusts=SAMLS), principal("role/plain", trusts=ACCOUNT_TRUST))
    assert rules(ways_between(found, "role/ci", "role/sso")) == {"iam-update-saml-provider"}
    assert ways_between(found, "role/ci", "role/plain") == {}


def test_saml_provider_that_the_policy_does_not_name_stays_closed() -> None:
    caller = principal("role/ci", allow("iam:UpdateSAMLProvider", f"{SAML}-other"))
    assert ways_between(world(caller, principal("role/sso", trusts=SAMLS)), "role/ci", "role/sso") == {}


def test_service_linked_role_is_never_gained() -> None:
    linked = principal("role/aws-service-role/ec2.amazonaws.com/Linked", trusts=ACCOUNT_TRUST)
    assert [edge.target for edge in edges_of(world(principal("role/ci", EVERYTHING), linked))].count(linked.arn) == 0


# ---------------------------------------------------------------- stack sets

STACK_SETS = allow(["iam:PassRole", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"])


@pytest.mark.parametrize(
    ("passed", "executes", "is_open"),
    [
        (allow("sts:AssumeRole"), ACCOUNT_TRUST, True),
        (allow("s3:*"), ACCOUNT_TRUST, False),
        (allow("sts:AssumeRole"), service("ec2"), False),
    ],
)
def test_stack_set_gains_what_its_administration_role_may_assume(
    passed: dict[str, Any], executes: Policy, is_open: bool
) -> None:
    administration = principal("role/administration", passed, trusts=service("cloudformation"))
    found = world(principal("role/ci", STACK_SETS), administration, principal("role/execution", trusts=executes))
    edge = ways_between(found, "role/ci", "role/execution").get("cloudformation-create-stack-set")
    assert (edge.through if edge else None) == (administration.arn if is_open else None)


# ---------------------------------------------------------------- Identity Center

RESERVED = "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{}_0123456789abcdef"


def test_only_principals_of_identity_center_gain_its_permission_sets() -> None:
    asks = allow("sso:CreateAccountAssignment")
    target = principal(RESERVED.format("Admin"), trusts=SAMLS)
    signed_in = principal(RESERVED.format("Help"), asks, trusts=SAMLS)
    found = world(signed_in, principal("role/ci", asks), principal("user/ana", asks), target)
    assert {edge.source for edge in edges_of(found) if edge.target == target.arn} == {signed_in.arn, SAML}


def test_listed_tasks_decide_who_runs_commands_in_them() -> None:
    task = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task/main/0123456789abcdef"
    caller = principal("role/ci", allow("ecs:ExecuteCommand"))
    runs = principal("role/report", trusts=service("ecs-tasks"))
    for listed, through in (((Compute(task, runs.arn),), [task]), ((), [])):
        found = world(caller, runs, compute=Inventory(listed, frozenset({"ecs:task"})))
        edges = ways_between(found, "role/ci", "role/report").values()
        assert [(edge.through, edge.if_exists) for edge in edges] == [(one, False) for one in through]


# ---------------------------------------------------------------- passwords

BOTH = {"iam-create-login-profile", "iam-update-login-profile"}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, BOTH),
        ({OTHER: frozenset[str]()}, BOTH),
        ({ACCOUNT: frozenset({arn_of("user/ana")})}, {"iam-update-login-profile"}),
        ({ACCOUNT: frozenset({arn_of("user/bob")})}, {"iam-create-login-profile"}),
    ],
    ids=["unknown", "unknown in this account", "has one", "has none"],
)
def test_password_is_created_or_changed_by_what_the_user_has(
    known: dict[str, frozenset[str]], expected: set[str]
) -> None:
    caller = principal("role/ci", allow("iam:CreateLoginProfile"), allow("iam:UpdateLoginProfile"))
    found = ways_between(replace(world(caller, principal("user/ana")), passwords=known), "role/ci", "user/ana")
    assert rules(found) == expected
    unknown = expected == BOTH
    assert {rule: edge.if_exists for rule, edge in found.items()} == {
        rule: unknown and rule == "iam-update-login-profile" for rule in expected
    }


def test_combined_way_needs_the_password_too() -> None:
    rule = "iam-attach-user-policy-update-login-profile"
    caller = principal("role/ci", allow("iam:AttachUserPolicy"), allow("iam:UpdateLoginProfile"))
    for users in (frozenset[str](), frozenset({arn_of("user/ana")})):
        found = replace(world(caller, principal("user/ana")), passwords={ACCOUNT: users})
        assert (rule in ways_between(found, "role/ci", ADMIN)) == bool(users)


# ---------------------------------------------------------------- condition keys


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ({"StringEquals": {"sts:RoleSessionName": "ci"}}, ()),
        ({"StringLike": {"sts:RoleSessionName": "ci-*"}}, ()),
        ({"StringNotLike": {"sts:RoleSessionName": "ci-*"}}, ()),
        ({"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}}, ()),
        ({"NumericLessThan": {"sts:DurationSeconds": "3600"}}, ()),
        ({"StringEquals": {"sts:ExternalId": "ticket-7"}}, ()),
        ({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}, ()),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ("aws:MultiFactorAuthPresent",)),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, ("aws:SourceIp",)),
        ({"StringEquals": {"aws:PrincipalArn": arn_of("role/ci")}}, ()),
        ({"StringEquals": {"aws:PrincipalArn": arn_of("role/other")}}, None),
        ({"Bool": {"aws:SecureTransport": "false"}}, None),
    ],
)
def test_keys_that_the_caller_chooses_decide_nothing_and_unknown_ones_do(
    condition: dict[str, Any], keys: tuple[str, ...] | None
) -> None:
    edge = assume(trusts=trust({"AWS": ACCOUNT}, condition=condition))
    assert (edge.depends_on if edge else None) == keys


def test_source_identity_needs_permission_to_set_it() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    named = {"StringEquals": {"sts:SourceIdentity": "ana"}}
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    for own, trusted, is_open in (("sts:AssumeRole", both, False), (both, both, True)):
        target = principal("role/deploy", trusts=trust({"AWS": ACCOUNT}, action=trusted, condition=named))
        found = ways_between(world(principal("user/ana", allow(own)), target), "user/ana", "role/deploy")
        assert ("sts-assume-role" in found) == is_open


def test_session_name_may_be_that_of_the_user() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    named = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    target = principal("role/deploy", trusts=trust({"AWS": ACCOUNT}, condition=named))
    caller = principal("user/ana", allow("sts:AssumeRole"))
    edge = ways_between(world(caller, target), "user/ana", "role/deploy").get("sts-assume-role")
    assert edge is not None
    assert edge.depends_on == ()


@pytest.mark.parametrize(("tag", "is_open"), [("shop", True), ("bank", False)])
def test_variable_takes_the_tag_of_the_principal(tag: str, is_open: bool) -> None:
    tested = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    caller = principal("user/ana", allow("sts:AssumeRole", Condition=tested), tags=(("team", "shop"),))
    found = world(caller, principal("role/deploy", trusts=ACCOUNT_TRUST, tags=(("team", tag),)))
    assert bool(ways_between(found, "user/ana", "role/deploy")) == is_open


def test_variable_in_a_resource_takes_the_name_of_the_user() -> None:
    own = allow("sts:AssumeRole", arn_of("role/${aws:username}-*"))
    names = ("role/ana-dev", "role/bob-dev")
    found = world(principal("user/ana", own), *(principal(name, trusts=ACCOUNT_TRUST) for name in names))
    assert [bool(ways_between(found, "user/ana", name)) for name in names] == [True, False]


def test_session_tags_need_permission_to_tag() -> None:
    tagged = {"StringEquals": {"aws:RequestTag/team": "shop"}}
    may_assume = allow("sts:AssumeRole", Condition=tagged)
    trusts = trust({"AWS": ACCOUNT}, action="sts:*")
    assert assume(may_assume, trusts=trusts) is None
    assert assume(may_assume, allow("sts:TagSession"), trusts=trusts) is not None


# ---------------------------------------------------------------- resources

RESOURCES = {
    "secret": (f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf", "secretsmanager:GetSecretValue"),
    "table": (f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders", "dynamodb:GetItem"),
    "key": (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555", "kms:Decrypt"),
}


@pytest.mark.parametrize(("arn", "action"), RESOURCES.values(), ids=RESOURCES)
def test_resource_is_reached_by_who_may_read_it(arn: str, action: str | list[str]) -> None:
    readers = [principal("role/reader", allow(action, arn)), principal("role/other", allow(action, f"{arn}-other"))]
    found = edges_of(world(*readers, resources=[arn]))
    assert {(edge.source, edge.target) for edge in found} == {(readers[0].arn, arn)}


def test_bucket_is_reached_by_reading_its_objects() -> None:
    bucket = "arn:aws:s3:::exports"
    patterns = {"all": f"{bucket}/*", "some": f"{bucket}/public/*", "bucket": bucket, "other": "arn:aws:s3:::other/*"}
    readers = [principal(f"role/{name}", allow("s3:GetObject", pattern)) for name, pattern in patterns.items()]
    found = edges_of(world(*readers, resources=[bucket]))
    assert {edge.source: edge.rule for edge in found} == {
        arn_of("role/all"): "s3-get-object",
        arn_of("role/some"): "s3-get-object",
    }


def test_bucket_policy_opens_a_bucket_to_another_account() -> None:
    bucket = "arn:aws:s3:::exports"
    reader = principal("role/reader", allow("s3:GetObject", f"{bucket}/*"))
    for named, is_open in ((reader.arn, True), (arn_of("role/other"), False)):
        statement = {"Effect": "Allow", "Principal": {"AWS": named}, "Action": "s3:*", "Resource": f"{bucket}/*"}
        guards = resource_policy(bucket, statement, account=OTHER)
        assert bool(edges_of(world(reader, guards=guards, resources=[bucket]))) == is_open


def test_resource_of_another_account_depends_on_its_unknown_policy() -> None:
    secret = RESOURCES["secret"][0].replace(ACCOUNT, OTHER)
    (edge,) = edges_of(world(principal("role/reader", allow("secretsmanager:GetSecretValue")), resources=[secret]))
    assert edge.depends_on == (RESOURCE_POLICY,)


def test_bucket_without_a_known_owner_is_reached_by_the_own_policy() -> None:
    (edge,) = edges_of(world(principal("role/reader", allow("s3:GetObject")), resources=["arn:aws:s3:::exports"]))
    assert edge.depends_on == ()


# ---------------------------------------------------------------- RCPs


def test_rcps_that_were_not_given_are_unknown_for_the_services_they_limit() -> None:
    edge, function = assume(), function_edge(None)
    assert edge is not None
    assert function is not None
    assert (edge.rcp_unknown, function.rcp_unknown) == (True, False)


def test_rcps_that_were_given_decide() -> None:
    principals = principal("role/ci", allow("sts:*")), principal("role/deploy", trusts=ACCOUNT_TRUST)
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}
    (edge,) = edges_of(world(*principals, guards=rcps()))
    assert not edge.rcp_unknown
    assert edges_of(world(*principals, guards=rcps(denied))) == []


def test_rcps_limit_what_a_way_names_beside_its_target() -> None:
    builder = principal("role/ci", allow("codebuild:*"))
    built = principal("role/build", trusts=service("codebuild"))
    denied = {"Effect": "Deny", "Principal": "*", "Action": "codebuild:StartBuild", "Resource": "*"}
    edge = ways_between(world(builder, built), "role/ci", "role/build")["codebuild-start-build"]
    assert edge.rcp_unknown
    found = ways_between(world(builder, built, guards=rcps(denied)), "role/ci", "role/build")
    assert "codebuild-start-build" not in found


# ---------------------------------------------------------------- administrators


def administrators(*principals: Principal) -> frozenset[str]:
    return Network(Edges(world(*principals)).all()).administrators


@pytest.mark.parametrize(
    ("statements", "facts", "is_one"),
    [
        ([EVERYTHING], {}, True),
        ([allow("*:*")], {}, True),
        ([allow("iam:*")], {}, False),
        ([EVERYTHING, deny("iam:*")], {}, False),
        ([EVERYTHING, deny("s3:*")], {}, True),
        ([EVERYTHING], {"boundary": policy(allow("s3:*"), name="limit")}, False),
        ([allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], {}, False),
    ],
)
def test_administrator_has_every_permission_and_may_change_iam(
    statements: list[dict[str, Any]], facts: dict[str, Any], is_one: bool
) -> None:
    own = principal("role/ops", *statements, **facts)
    assert administrators(own) == ({own.arn} if is_one else set())


def test_administrative_rights_lead_to_the_principals_and_resources_of_the_account() -> None:
    secret = RESOURCES["secret"][0]
    foreign = principal("role/away", account=OTHER)
    found = list(Edges(world(principal("role/ops", EVERYTHING), foreign, resources=[secret])).all())
    reached = {(edge.source, edge.target) for edge in found if edge.source.startswith("admin:")}
    assert reached == {(ADMIN, arn_of("role/ops")), (ADMIN, secret), (f"admin:{OTHER}", foreign.arn)}


def test_inventory_may_name_a_resource_of_several_roles() -> None:
    inventory = Inventory((Compute(FUNCTION, arn_of("role/another")), Compute(FUNCTION, arn_of("role/report"))))
    edge = function_edge(inventory)
    assert edge is not None
    assert edge.through == FUNCTION
