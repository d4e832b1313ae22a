"""Explanations: what lets a request through, what stops it, and that nothing unknown is ever guessed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.explain import explain
from lpgen.core.analysis.explain_use import seen_uses
from lpgen.core.analysis.met_policies import policies_met, request_of
from lpgen.core.analysis.question import Asked, find_principal, read_question
from lpgen.core.explanations import ExplainedStatement, ExplainedWall, Explanation, Fit, UseOn, WallState
from lpgen.core.grounds import Use
from lpgen.core.guards import NO_GUARDS, AccountScps, Guards, ResourcePolicy
from lpgen.core.model import AttachedPolicy, Outcome, Policy, PolicyKind, Principal, ResourceKind
from lpgen.core.policies.authorize import decide
from lpgen.core.policies.decision import Answer, Layer, Result
from lpgen.core.policies.policy import policy_from_json
from lpgen.edge.catalog_files import bundled_catalog
from lpgen.errors import InvocationError
from tests.worlds import ACCOUNT, allow, catalog, deny, policy, role, usage_of, use

IMAGES = "arn:aws:s3:::images/cat.png"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"


@cache
def whole_catalog() -> Catalog:
    return bundled_catalog()


def document(*statements: Mapping[str, Any]) -> Policy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return policy_from_json(text, place="test")


def ask(
    principal: Principal,
    action: str,
    resource: str = "",
    *,
    guards: Guards = NO_GUARDS,
    context: Mapping[str, tuple[str, ...]] | None = None,
    others: Iterable[Principal] = (),
    actions: Catalog | None = None,
) -> Explanation:
    principals = (principal, *others)
    known = actions or catalog()
    question = read_question(Asked(principal.arn, action, resource, context or {}), principals, known)
    return explain(question, guards.with_trust(principals), known)


def wall(found: Explanation, layer: Layer, level: int = 0) -> ExplainedWall:
    (one,) = (one for one in found.walls if (one.layer, one.level) == (layer, level))
    return one


def statements(found: Explanation, layer: Layer = Layer.IDENTITY) -> tuple[ExplainedStatement, ...]:
    return wall(found, layer).statements


def granted_to(principals: Any, *, action: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principals, "Action": action, "Resource": "*", **more}


# ---------------------------------------------------------------- holes


def test_explain_names_the_hole_with_its_pattern_and_wildcard() -> None:
    app = role(policy(allow("ec2:Describe*"), allow(["S3:GET*", "s3:PutObject"], "arn:aws:s3:::images/*", Sid="Read")))
    found = ask(app, "s3:getobject", IMAGES)
    assert (found.result, found.sentence) == (Result.ALLOWED, "Allowed by S3:GET* in own, statement 2 (Read).")
    (hole,) = statements(found)
    assert (hole.fit, hole.actions, hole.resources) == (Fit.APPLIES, ("S3:GET*",), ("arn:aws:s3:::images/*",))
    assert hole.actions_today == len([one for one in catalog().service_actions("s3") if one.startswith("s3:Get")]) > 50
    assert wall(found, Layer.IDENTITY).state is WallState.OPEN


def test_explain_counts_an_exact_action_as_one_and_not_action_as_all_others() -> None:
    app = role(policy(allow("s3:GetObject"), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))
    exact, other = statements(ask(app, "s3:GetObject", IMAGES))
    assert (exact.actions_today, exact.not_action) == (1, False)
    left = len(catalog().actions()) - len(catalog().service_actions("iam"))
    assert (other.actions, other.not_action, other.actions_today) == (("iam:*",), True, left)


def test_explain_names_only_the_resource_patterns_that_match() -> None:
    app = role(policy(allow("s3:*", ["arn:aws:s3:::images/*", "arn:aws:s3:::logs/*", "arn:aws:s3:::images"])))
    assert statements(ask(app, "s3:GetObject", IMAGES))[0].resources == ("arn:aws:s3:::images/*",)


def test_explain_keeps_all_of_not_resource() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::secret/*", "arn:aws:s3:::logs/*"]}
    found = ask(role(policy(statement)), "s3:GetObject", IMAGES)
    assert found.result is Result.ALLOWED
    (hole,) = statements(found)
    assert hole.not_resource
    assert hole.resources == ("arn:aws:s3:::secret/*", "arn:aws:s3:::logs/*")


def test_explain_names_the_group_that_brings_a_policy_and_the_arn_of_a_managed_one() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/shared"
    of_group = replace(policy(allow("s3:*"), name="team"), group="developers")
    managed = replace(policy(allow("s3:*")), kind=PolicyKind.CUSTOMER_MANAGED, name="shared", arn=arn)
    found = ask(role(of_group, managed), "s3:GetObject", IMAGES)
    assert [(one.ref.policy, one.ref.group) for one in statements(found)] == [("team", "developers"), (arn, "")]
    assert found.sentence == f"Allowed by s3:* in team of group developers, statement 1 and s3:* in {arn}, statement 1."


# ---------------------------------------------------------------- what stops it


def test_explain_says_why_statements_of_the_action_do_not_count() -> None:
    mine = {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}
    app = role(policy(allow("s3:*", "arn:aws:s3:::logs/*"), allow("s3:Get*", Condition=mine), allow("ec2:*")))
    found = ask(app, "s3:GetObject", IMAGES)
    assert found.result is Result.IMPLICITLY_DENIED
    assert found.stops == ("its own policies",)
    assert found.sentence.startswith("Implicitly denied: nothing in its own policies allows it.")
    other, failing = statements(found)
    assert (other.fit, other.resources) == (Fit.OTHER_RESOURCE, ("arn:aws:s3:::logs/*",))
    assert (failing.fit, [state.met for state in failing.conditions]) == (Fit.CONDITION, [Answer.NO])


def test_explain_puts_the_deny_before_the_allow_that_it_beats() -> None:
    app = role(policy(allow("*"), deny("s3:Delete*", "arn:aws:s3:::images/*", Sid="Keep")))
    found = ask(app, "s3:DeleteObject", IMAGES)
    assert (found.result, found.sentence) == (Result.EXPLICITLY_DENIED, "Explicitly denied by own, statement 2 (Keep).")
    assert [one.effect for one in statements(found)] == ["Deny", "Allow"]
    assert wall(found, Layer.IDENTITY).state is WallState.DENIES
    assert found.unread == ()


def test_explain_names_every_wall_without_an_allow() -> None:
    app = role(policy(allow("s3:*")), boundary=policy(allow("ec2:*"), name="edge"))
    levels = ((document(allow("*")),), (document(allow("ec2:*")), document(allow("iam:*"))))
    found = ask(app, "s3:GetObject", IMAGES, guards=Guards(scps=(AccountScps("", levels),)))
    assert found.result is Result.IMPLICITLY_DENIED
    assert found.stops == ("its permissions boundary", "level 2 of the SCPs")
    assert "nothing in its permissions boundary or level 2 of the SCPs allows it" in found.sentence
    assert [one.state for one in found.walls] == [WallState.OPEN, WallState.SHUT, WallState.OPEN, WallState.SHUT]
    assert wall(found, Layer.SCP, 1).policies == 2


def test_explain_names_an_scp_by_its_place_and_says_that_other_walls_let_it_pass() -> None:
    levels = ((document(allow("*"), deny("s3:*", "arn:aws:s3:::vault/*")),),)
    guards = Guards(scps=(AccountScps("", levels),))
    app = role(policy(allow("s3:*")))
    assert ask(app, "s3:GetObject", "arn:aws:s3:::vault/x", guards=guards).sentence == (
        "Explicitly denied by SCP 1 of level 1, statement 2."
    )
    assert ask(app, "s3:GetObject", IMAGES, guards=guards).sentence == (
        "Allowed by s3:* in own, statement 1, and level 1 of the SCPs lets it pass."
    )


def test_explain_names_the_rule_by_which_aws_decides() -> None:
    administrator = role(policy(allow("*")))
    refused = ask(administrator, "iam:DeletePolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert (refused.result, refused.rule) == (Result.IMPLICITLY_DENIED, "AWS managed policies can't be changed")
    assert refused.sentence == "Denied whatever the policies allow: AWS managed policies can't be changed."
    free = ask(role(policy(deny("*"))), "sts:GetCallerIdentity", actions=whole_catalog())
    assert (free.result, free.walls, free.unread) == (Result.ALLOWED, (), ())
    assert "no permission" in free.sentence


# ---------------------------------------------------------------- what isn't known


def test_explain_depends_on_a_key_until_it_is_given() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    app = role(policy(allow("s3:*", Condition=mfa)))
    found = ask(app, "s3:GetObject", IMAGES)
    assert (found.result, found.depends_on) == (Result.DEPENDS, ("aws:MultiFactorAuthPresent",))
    assert found.sentence == ("Depends on aws:MultiFactorAuthPresent. It is allowed only if own, statement 1 applies.")
    (hole,) = statements(found)
    assert (hole.fit, hole.depends_on, hole.conditions[0].met) == (
        Fit.MAY_APPLY,
        ("aws:MultiFactorAuthPresent",),
        Answer.MAYBE,
    )
    key = "AWS:multifactorauthpresent"
    assert ask(app, "s3:GetObject", IMAGES, context={key: ("true",)}).result is Result.ALLOWED
    assert ask(app, "s3:GetObject", IMAGES, context={key: ("false",)}).result is Result.IMPLICITLY_DENIED
    assert ask(app, "s3:GetObject", IMAGES, context={key: ()}).result is Result.IMPLICITLY_DENIED


def test_explain_says_that_a_deny_may_apply() -> None:
    away = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    found = ask(role(policy(allow("s3:*"), deny("*", Condition=away))), "s3:GetObject", IMAGES)
    assert found.sentence == "Depends on aws:SourceIp. It is allowed unless own, statement 2 applies."
    assert wall(found, Layer.IDENTITY).state is WallState.DEPENDS


def test_explain_says_neither_where_an_allow_and_a_deny_may_apply() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    away = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    found = ask(role(policy(allow("s3:*", Condition=mfa), deny("*", Condition=away))), "s3:GetObject", IMAGES)
    assert found.sentence == "Depends on aws:MultiFactorAuthPresent and aws:SourceIp."


def test_explain_puts_in_what_is_certain_of_the_principal_unless_told_otherwise() -> None:
    me = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/app"}}
    app = role(policy(allow("s3:*", Condition=me)))
    assert ask(app, "s3:GetObject", IMAGES).result is Result.ALLOWED
    other = {"aws:principalarn": ("arn:aws:iam::111122223333:role/other",)}
    found = ask(app, "s3:GetObject", IMAGES, context=other)
    assert found.result is Result.IMPLICITLY_DENIED
    assert "aws:PrincipalArn" not in found.question.context


def test_explain_of_any_resource_depends_on_it_where_patterns_limit_it() -> None:
    app = role(policy(allow("s3:*", "arn:aws:s3:::images/*"), allow("sqs:*")))
    some = ask(app, "s3:GetObject")
    assert (some.result, some.depends_on) == (Result.DEPENDS, ("resource",))
    assert some.question.resource.kind is ResourceKind.UNKNOWN
    assert ask(app, "sqs:SendMessage").result is Result.ALLOWED
    assert ask(app, "sqs:SendMessage", "*").result is Result.ALLOWED


def test_explain_of_any_resource_leaves_out_what_the_action_cannot_be_done_to() -> None:
    app = role(policy(allow("s3:*", "arn:aws:s3:::images"), allow("s3:*", "arn:aws:s3:::images/*")))
    found = ask(app, "s3:GetObject")
    assert [(one.ref.index, one.fit) for one in statements(found)] == [(1, Fit.MAY_APPLY), (0, Fit.OTHER_RESOURCE)]
    only_bucket = role(policy(allow("s3:*", "arn:aws:s3:::images")))
    assert ask(only_bucket, "s3:GetObject").result is Result.IMPLICITLY_DENIED
    assert statements(ask(only_bucket, "s3:GetObject"))[0].resources == ("arn:aws:s3:::images",)


def test_explain_evaluates_an_action_without_resources_on_a_star_and_says_so() -> None:
    app = role(policy(allow("ec2:*", "arn:aws:ec2:*:*:instance/*")))
    found = ask(app, "ec2:DescribeInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1")
    assert (found.result, found.question.resource.kind) == (Result.IMPLICITLY_DENIED, ResourceKind.NONE)
    assert "takes no resource" in found.question.remarks[0]
    assert not any("policy of the resource" in one for one in found.unread)


def test_explain_tells_which_resources_the_action_takes_where_another_was_named() -> None:
    found = ask(role(policy(allow("s3:*"))), "s3:GetObject", "arn:aws:s3:::images")
    assert "s3:GetObject takes no resource of that form" in found.question.remarks[0]
    assert "${BucketName}/${ObjectName}" in found.question.remarks[0]


def test_explain_evaluates_an_unknown_action_and_names_what_comes_close() -> None:
    found = ask(role(policy(allow("s3:Get*"))), "s3:GetObjekt", IMAGES)
    assert (found.question.known, found.result) == (False, Result.ALLOWED)
    assert "s3:GetObject" in found.question.similar
    assert ask(role(policy(allow("s3:*"))), "s33:GetObject").question.similar == ("s3:GetObject",)


@pytest.mark.parametrize(
    ("statement", "result"),
    [(allow("s3:*"), Result.DEPENDS), (allow("ec2:*"), Result.DEPENDS), (deny("s3:*"), Result.EXPLICITLY_DENIED)],
)
def test_explain_decides_nothing_that_a_missing_policy_could_turn(statement: dict[str, Any], result: Result) -> None:
    gone = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::111122223333:policy/gone", "", None, None)
    found = ask(role(policy(statement), gone), "s3:GetObject", IMAGES)
    assert found.result is result
    assert wall(found, Layer.IDENTITY).missing == (gone.arn,)
    if result is Result.DEPENDS:
        assert found.depends_on == (gone.arn,)
        assert f"{gone.arn}, whose document is missing" in found.sentence
        assert wall(found, Layer.IDENTITY).state is WallState.UNKNOWN


def test_explain_decides_what_a_missing_policy_could_not_turn() -> None:
    gone = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::111122223333:policy/gone", "", None, None)
    bounded = role(policy(allow("s3:*")), gone, boundary=policy(allow("ec2:*")))
    found = ask(bounded, "s3:GetObject", IMAGES)
    assert (found.result, found.stops) == (Result.IMPLICITLY_DENIED, ("its permissions boundary",))
    assert ask(role(policy(allow("ec2:*")), boundary=gone), "s3:GetObject", IMAGES).result is Result.IMPLICITLY_DENIED
    unsure = ask(role(policy(allow("s3:*")), boundary=gone), "s3:GetObject", IMAGES)
    assert (unsure.result, unsure.depends_on) == (Result.DEPENDS, (gone.arn,))
    assert wall(unsure, Layer.BOUNDARY).state is WallState.UNKNOWN


_EC2_ONLY = {"NotAction": "ec2:*", "Effect": "Deny", "Resource": "*"}
_ONCE = {"Null": {"aws:SourceVpce": "true"}}
POOL = (
    allow("*"),
    allow("s3:Get*", "arn:aws:s3:::images/*"),
    allow("s3:*", Condition=_ONCE),
    allow("ec2:*"),
    deny("s3:*", "arn:aws:s3:::images/*"),
    deny("s3:DeleteObject"),
    _EC2_ONLY,
)
some = st.lists(st.sampled_from(POOL), max_size=3)


@given(some, some, some, st.sampled_from([IMAGES, "arn:aws:s3:::logs/x"]), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_explain_is_sure_only_of_what_no_missing_policy_can_turn(
    own: list[dict[str, Any]],
    real: list[dict[str, Any]],
    edge: list[dict[str, Any]],
    resource: str,
    bounded: bool,
    known_vpce: bool,
) -> None:
    """Whatever the missing document holds: a sure answer stays true of the policies with it."""
    gone = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::111122223333:policy/gone", "", None, None)
    boundary = policy(*edge, name="edge") if bounded else None
    context = {"aws:SourceVpce": ("vpce-1",)} if known_vpce else {}
    unsure = ask(role(policy(*own), gone, boundary=boundary), "s3:GetObject", resource, context=context)
    found = replace(gone, document=policy(*real).document)
    sure = ask(role(policy(*own), found, boundary=boundary), "s3:GetObject", resource, context=context)
    assert unsure.result is not Result.ALLOWED
    if unsure.result is Result.EXPLICITLY_DENIED:
        assert sure.result is Result.EXPLICITLY_DENIED
    if unsure.result is Result.IMPLICITLY_DENIED:
        assert sure.result in (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)


@given(some, some, some, st.sampled_from([IMAGES, "arn:aws:s3:::logs/x", ""]))
@settings(max_examples=300, deadline=None)
def test_explain_says_what_the_decision_says(
    own: list[dict[str, Any]], edge: list[dict[str, Any]], top: list[dict[str, Any]], resource: str
) -> None:
    """The result is the decision's, and the statements that count are the ones that match the request."""
    app = role(policy(*own), boundary=policy(*edge))
    guards = Guards(scps=(AccountScps("", ((document(*top),),)),))
    found = ask(app, "s3:GetObject", resource, guards=guards)
    question = found.question
    policies = policies_met(app, question.resource.text, guards)
    request = request_of(app, "s3:GetObject", question.resource, context=question.context, guards=guards)
    decision = decide(request, policies)
    assert (found.result, found.depends_on) == (decision.result, decision.depends_on)
    counting = {
        (wall.layer, one.ref.index) for wall in found.walls for one in wall.statements if one.fit is Fit.APPLIES
    }
    certain = {(one.layer, one.statement) for one in decision.reasons if one.match.answer is Answer.YES}
    assert certain <= counting
    if found.result is not Result.DEPENDS:
        named = [wall.name for wall in found.walls if wall.state is WallState.SHUT]
        assert found.stops == (() if found.result is not Result.IMPLICITLY_DENIED else tuple(named))


# ---------------------------------------------------------------- the policy of the resource


def test_explain_says_that_a_resource_policy_nobody_gave_could_allow_or_deny() -> None:
    denied = ask(role(policy(allow("ec2:*"))), "s3:GetObject", IMAGES)
    assert denied.sentence.endswith("A policy of the resource could allow it; none was given.")
    assert ["it could allow the request" in one for one in denied.unread] == [True]
    allowed = ask(role(policy(allow("s3:*"))), "s3:GetObject", IMAGES)
    assert any("it could deny the request" in one for one in allowed.unread)
    capped = ask(role(policy(allow("ec2:*"))), "iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/a")
    assert "policy of the resource" not in capped.sentence


def test_explain_reads_a_supplied_resource_policy_and_how_it_names_the_principal() -> None:
    bucket = ResourcePolicy(
        "arn:aws:s3:::images",
        ACCOUNT,
        document(
            granted_to({"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}, action="s3:GetObject"),
            granted_to({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, action="s3:*"),
        ),
    )
    found = ask(role(policy(allow("ec2:*"))), "s3:GetObject", IMAGES, guards=Guards(resource_policies=(bucket,)))
    assert found.result is Result.ALLOWED
    assert found.sentence == "Allowed by s3:GetObject in the policy of arn:aws:s3:::images, statement 1."
    mine, other = statements(found, Layer.RESOURCE)
    assert (mine.fit, mine.named) == (Fit.APPLIES, "by the role or user behind the session")
    assert other.fit is Fit.OTHER_PRINCIPAL
    assert wall(found, Layer.IDENTITY).state is WallState.SHUT
    assert found.stops == ()


def test_explain_says_how_a_deny_with_not_principal_reaches_who_has_a_boundary() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    app = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    spared = {"Effect": "Deny", "NotPrincipal": app, "Action": "s3:*", "Resource": "*"}
    safe = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": tls}
    guards = Guards(resource_policies=(ResourcePolicy("arn:aws:s3:::images", ACCOUNT, document(spared, safe)),))
    free = ask(role(policy(allow("*"))), "s3:GetObject", IMAGES, guards=guards)
    assert (free.result, wall(free, Layer.RESOURCE).state) == (Result.DEPENDS, WallState.DEPENDS)
    over_tls = {"aws:SecureTransport": ("true",)}
    passing = ask(role(policy(allow("*"))), "s3:GetObject", IMAGES, guards=guards, context=over_tls)
    assert (passing.result, wall(passing, Layer.RESOURCE).state) == (Result.ALLOWED, WallState.SHUT)
    assert passing.stops == ()
    bounded = ask(role(policy(allow("*")), boundary=policy(allow("*"))), "s3:GetObject", IMAGES, guards=guards)
    assert bounded.result is Result.EXPLICITLY_DENIED
    assert "NotPrincipal" in statements(bounded, Layer.RESOURCE)[0].named


def test_explain_never_says_that_a_key_may_be_used_without_its_policy() -> None:
    app = role(policy(allow("kms:*")))
    found = ask(app, "kms:Decrypt", KEY, actions=whole_catalog())
    assert (found.result, found.depends_on) == (Result.DEPENDS, ("resource policy",))
    assert ask(app, "kms:Decrypt", actions=whole_catalog()).result is Result.DEPENDS
    delegating = document(granted_to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    guards = Guards(resource_policies=(ResourcePolicy(KEY, ACCOUNT, delegating),))
    assert ask(app, "kms:Decrypt", KEY, guards=guards, actions=whole_catalog()).result is Result.ALLOWED


def test_explain_never_says_that_another_accounts_resource_may_be_used_without_its_policy() -> None:
    queue = "arn:aws:sqs:us-east-1:999999999999:jobs"
    found = ask(role(policy(allow("sqs:*"))), "sqs:SendMessage", queue)
    assert (found.result, found.depends_on) == (Result.DEPENDS, ("resource policy",))
    silent = ask(role(policy(allow("ec2:*"))), "sqs:SendMessage", queue)
    assert (silent.result, silent.stops) == (Result.IMPLICITLY_DENIED, ("its own policies",))


def test_explain_keeps_the_keys_that_decide_beside_a_resource_policy_that_was_not_given() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    found = ask(role(policy(allow("kms:*", Condition=mfa))), "kms:Decrypt", KEY, actions=whole_catalog())
    assert found.depends_on == ("aws:MultiFactorAuthPresent", "resource policy")
    assert any("grants on the key" in one for one in found.unread)


def test_explain_lets_nobody_act_on_the_principals_of_another_account() -> None:
    found = ask(role(policy(allow("*"))), "iam:GetUser", "arn:aws:iam::999999999999:user/a")
    assert (found.result, found.stops) == (Result.IMPLICITLY_DENIED, ("the other account",))
    assert found.sentence == "Implicitly denied: nothing in the other account allows it."


def test_explain_reads_the_trust_policy_of_a_role_for_assuming_it_alone() -> None:
    trust = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    target = replace(role(name="target"), trust=trust)
    app = role(policy(allow("*")))
    found = ask(app, "sts:AssumeRole", target.arn, others=[target], actions=whole_catalog())
    assert (found.result, found.stops) == (Result.IMPLICITLY_DENIED, ("the trust policy of the role",))
    assert statements(found, Layer.RESOURCE)[0].fit is Fit.OTHER_PRINCIPAL
    passed = ask(app, "iam:PassRole", target.arn, others=[target])
    assert passed.result is Result.ALLOWED
    assert [one.layer for one in passed.walls] == [Layer.IDENTITY]


# ---------------------------------------------------------------- the question


def test_find_principal_takes_an_arn_a_name_or_a_glob_that_matches_one() -> None:
    app, other = role(name="app", path="/team/"), role(name="other")
    for text in (app.arn, "app", "*team*", "ap?"):
        assert find_principal([app, other], text) is app


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("*", "role/other"),
        ("ap", f"did you mean `arn:aws:iam::{ACCOUNT}:role/app`?"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session", f"the role behind it: `arn:aws:iam::{ACCOUNT}:role/app`"),
        ("", "use an ARN"),
        ("zzzzzz", "use an ARN"),
    ],
)
def test_find_principal_names_candidates_where_not_one_matches(text: str, hint: str) -> None:
    with pytest.raises(InvocationError) as caught:
        find_principal([role(name="app"), role(name="other")], text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("action", "resource", "message"),
    [
        ("GetObject", "", "is no action"),
        ("s3:Get*", "", "ask about one action"),
        ("s3:GetObject", "images/cat.png", "is no resource"),
    ],
)
def test_read_question_refuses_what_can_be_no_question(action: str, resource: str, message: str) -> None:
    with pytest.raises(InvocationError, match=message):
        read_question(Asked("app", action, resource), [role()], catalog())


# ---------------------------------------------------------------- use


def seen(uses: Iterable[Use], action: str, resource: str = "", *, principal_id: str = "") -> list[tuple[str, str, int]]:
    app = role(policy(allow("*")))
    question = read_question(Asked("app", action, resource), [app], catalog())
    found = seen_uses(question, usage_of({app.arn: list(uses)}, principal_id=principal_id), [app], catalog())
    return [(one.on, one.use.resource.text, one.use.evidence.records) for one in found.uses]


def test_seen_uses_tell_this_resource_from_others() -> None:
    uses = [
        use("s3:GetObject", IMAGES),
        use("s3:GetObject", "arn:aws:s3:::images/*", example="arn:aws:s3:::images/dog.png"),
        use("s3:GetObject", "arn:aws:s3:::logs/x"),
        use("s3:GetObject", "?"),
        use("s3:PutObject", IMAGES),
    ]
    assert seen(uses, "s3:GetObject", IMAGES) == [
        (UseOn.ASKED, IMAGES, 1),
        (UseOn.PERHAPS, "arn:aws:s3:::images/*", 1),
        (UseOn.PERHAPS, "*", 1),
        (UseOn.OTHER, "arn:aws:s3:::logs/x", 1),
    ]
    assert [one[0] for one in seen(uses, "s3:GetObject", "arn:aws:s3:::images/*")] == [
        "asked",
        "asked",
        "perhaps",
        "other",
    ]
    assert {one[0] for one in seen(uses, "s3:GetObject")} == {UseOn.ASKED}


def test_seen_uses_hold_denied_tries_and_join_errors_of_allowed_calls() -> None:
    uses = [
        use("s3:GetObject", IMAGES, error="NoSuchKey"),
        use("s3:GetObject", IMAGES),
        use("s3:GetObject", IMAGES, outcome=Outcome.DENIED, error="AccessDenied"),
    ]
    assert seen(uses, "s3:GetObject", IMAGES) == [(UseOn.ASKED, IMAGES, 2), (UseOn.ASKED, IMAGES, 1)]


def test_seen_uses_leave_out_an_earlier_principal_of_the_name_and_count_its_records() -> None:
    app = role(policy(allow("*")))
    question = read_question(Asked("app", "s3:GetObject"), [app], catalog())
    past = usage_of({app.arn: [use("s3:GetObject", IMAGES)]}, principal_id="AROAOLD")
    found = seen_uses(question, past, [app], catalog())
    assert (found.uses, found.earlier) == ((), 1)
    other = usage_of({"arn:aws:iam::111122223333:role/other": [use("s3:GetObject", IMAGES)]})
    assert seen_uses(question, other, [app], catalog()).uses == ()


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("s3:GetObject", "a data event"),
        ("ec2:RunInstances", ""),
        ("ec2:NoSuchThing", "in its catalog alone"),
        ("sts:GetCallerIdentity", "need no permission"),
    ],
)
def test_seen_uses_say_why_use_could_not_have_shown(action: str, reason: str) -> None:
    app = role(policy(allow("*")))
    question = read_question(Asked("app", action), [app], whole_catalog())
    found = seen_uses(question, usage_of({}, data_events=()), [app], whole_catalog())
    assert (reason in found.blind_spot) is True
    assert bool(found.blind_spot) is bool(reason)
