"""What SCPs, a boundary and resource policies change in grants, in the diff and in what explains a use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.explained_use import resource_policy_explanation
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.evidence import PrincipalGrants, RecordedContext, Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, Outcome, Policy, Principal
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, catalog, deny, exactly, policy, role, usage_of, use

DATA = "arn:aws:s3:::data"
OBJECT = f"{DATA}/a.csv"
EVERYTHING = allow("*")
OTHER = "444455556666"


def document(*statements: dict[str, Any]) -> Policy:
    return policy_from_json({"Version": "2012-10-17", "Statement": list(statements)}, place="guard")


def scps(*levels: Sequence[dict[str, Any]], account: str = "") -> Guards:
    return Guards(scps=(AccountLevels(account, tuple((document(*level),) for level in levels)),))


def resource_policy(resource: str, *statements: dict[str, Any], account: str = ACCOUNT) -> Guards:
    return Guards(resource_policies=(ResourcePolicy(resource, account, document(*statements)),))


def to(principal: str, actions: str, resources: str, **more: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **more), "Principal": {"AWS": principal}}


def grants_under(guards: Guards, principal: Principal) -> PrincipalGrants:
    (grants,) = grants_from_principals([principal], catalog(), guards)
    return grants


def diff_under(guards: Guards, principal: Principal, uses: Sequence[Use]) -> PrincipalDiff:
    grants = grants_from_principals([principal], catalog(), guards)
    found = diff_usage(usage_of({principal.arn: uses}), grants, catalog(), exactly(guards=guards))
    return found.principals[0]


def ungranted_under(guards: Guards, principal: Principal, use: Use) -> list[tuple[str, str]]:
    """Why each use is ungranted, and what explains it."""
    return [(found.reason, found.explanation) for found in diff_under(guards, principal, [use]).use.ungranted]


APP = role(policy(allow(["s3:GetObject", "s3:PutObject", "sqs:SendMessage"])))
NOBODY = role(policy(allow("sns:Publish")))
READ = use("s3:GetObject", OBJECT)


# ---------------------------------------------------------------- SCPs


def test_a_level_that_does_not_allow_takes_the_action_away() -> None:
    grants = grants_under(scps([EVERYTHING], [allow("sqs:*")]), APP)
    assert grants.granted() == {"sqs:SendMessage"}
    assert [limit.name for limit in grants.limits] == ["level 1 of the SCPs", "level 2 of the SCPs"]


def test_use_that_a_level_does_not_allow_is_reported_with_the_level() -> None:
    assert ungranted_under(scps([EVERYTHING], [allow("sqs:*")]), APP, READ) == [("outside level 2 of the SCPs", "")]
    assert ungranted_under(scps([allow("sqs:*")], [EVERYTHING]), APP, READ) == [("outside level 1 of the SCPs", "")]
    assert ungranted_under(scps([EVERYTHING], [allow("s3:*", f"{DATA}/*")]), APP, READ) == []
    other = scps([EVERYTHING], [allow("s3:*", "arn:aws:s3:::logs/*")])
    assert ungranted_under(other, APP, READ) == [("outside level 2 of the SCPs", "")]


def test_policies_of_one_level_add_up() -> None:
    guards = Guards(scps=(AccountLevels("", ((document(allow("s3:GetObject")), document(allow("sqs:*"))),)),))
    assert grants_under(guards, APP).granted() == {"s3:GetObject", "sqs:SendMessage"}


def test_a_deny_of_an_scp_takes_the_action_away_and_is_named() -> None:
    guards = scps([EVERYTHING], [EVERYTHING, deny("s3:Get*", Sid="NoReads")])
    assert grants_under(guards, APP).granted() == {"s3:PutObject", "sqs:SendMessage"}
    assert ungranted_under(guards, APP, READ) == [("explicitly denied by SCP 1 of level 2, statement 2 (NoReads)", "")]


def test_a_conditional_deny_of_an_scp_leaves_the_action_granted() -> None:
    regions = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
    guards = scps([EVERYTHING, deny("*", Condition=regions)])
    assert grants_under(guards, APP).granted() == grants_under(NO_GUARDS, APP).granted()
    assert ungranted_under(guards, APP, READ) == []


def test_scps_of_another_account_cap_nothing() -> None:
    assert grants_under(scps([], account=OTHER), APP).limits == ()
    assert grants_under(scps([], account=ACCOUNT), APP).granted() == frozenset()


def test_service_linked_roles_are_not_capped() -> None:
    linked = role(*APP.policies, path="/aws-service-role/s3.amazonaws.com/")
    guards = scps([deny("*")])
    assert grants_under(guards, linked).granted() == grants_under(NO_GUARDS, APP).granted()
    assert ungranted_under(guards, linked, READ) == []


# ---------------------------------------------------------------- the boundary


def test_the_boundary_given_counts_in_place_of_the_old_one() -> None:
    old = role(*APP.policies, boundary=policy(allow("s3:*"), name="old"))
    guards = Guards(boundary=policy(allow("sqs:*"), name="given"))
    assert grants_under(NO_GUARDS, old).granted() == {"s3:GetObject", "s3:PutObject"}
    assert grants_under(guards, old).granted() == {"sqs:SendMessage"}
    assert [limit.name for limit in grants_under(guards, old).limits] == ["the permissions boundary"]
    assert ungranted_under(guards, old, READ) == [("outside the permissions boundary", "")]


def test_a_boundary_whose_document_is_missing_is_made_good_by_the_one_given() -> None:
    gone = AttachedPolicy(APP.policies[0].kind, "gone", "arn:aws:iam::aws:policy/gone", "", None, None)
    old = role(*APP.policies, boundary=gone)
    assert grants_under(NO_GUARDS, old).missing == ("arn:aws:iam::aws:policy/gone",)
    assert grants_under(Guards(boundary=policy(allow("*"))), old).missing == ()


# ---------------------------------------------------------------- resource policies


@pytest.mark.parametrize("principal", [NOBODY.arn, "*"])
def test_a_bucket_policy_explains_ungranted_use_of_its_objects(principal: str) -> None:
    guards = resource_policy(DATA, to(principal, "s3:GetObject", f"{DATA}/*"))
    ((_, explanation),) = ungranted_under(guards, NOBODY, READ)
    assert explanation == f"the policy of {DATA} allows it"


@pytest.mark.parametrize(
    "statement",
    [
        to(f"arn:aws:iam::{ACCOUNT}:role/other", "s3:GetObject", f"{DATA}/*"),
        to(NOBODY.arn, "s3:PutObject", f"{DATA}/*"),
        to(NOBODY.arn, "s3:GetObject", f"{DATA}/b.csv"),
        to(ACCOUNT, "s3:GetObject", f"{DATA}/*"),
        to(NOBODY.arn, "s3:GetObject", f"{DATA}/*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        {**to(NOBODY.arn, "s3:GetObject", f"{DATA}/*"), "Effect": "Deny"},
    ],
    ids=["another role", "another action", "another object", "the account alone", "another Region", "a Deny"],
)
def test_a_resource_policy_that_allows_something_else_explains_nothing(statement: dict[str, Any]) -> None:
    assert [why for _, why in ungranted_under(resource_policy(DATA, statement), NOBODY, READ)] == [""]


def test_a_resource_policy_explains_what_depends_on_a_key_that_records_lack() -> None:
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    guards = resource_policy(DATA, to(NOBODY.arn, "s3:GetObject", f"{DATA}/*", Condition=tagged))
    assert [why for _, why in ungranted_under(guards, NOBODY, READ)] == [f"the policy of {DATA} allows it"]


def test_a_resource_policy_explains_by_any_context_that_the_use_was_seen_in() -> None:
    endpoint = {"StringEquals": {"aws:SourceVpce": "vpce-2"}}
    guards = resource_policy(DATA, to(NOBODY.arn, "s3:GetObject", f"{DATA}/*", Condition=endpoint))
    context, two = (RecordedContext("us-east-1", name) for name in ("vpce-1", "vpce-2"))
    both = resource_policy_explanation(NOBODY, replace(READ, contexts=(context, two)), guards)
    assert both == f"the policy of {DATA} allows it"
    assert resource_policy_explanation(NOBODY, replace(READ, contexts=(context,)), guards) == ""


def test_a_resource_policy_does_not_explain_what_an_scp_keeps_off() -> None:
    open_bucket = resource_policy(DATA, to("*", "s3:GetObject", f"{DATA}/*"))
    capped = replace(open_bucket, scps=scps([allow("sns:*")]).scps)
    assert ungranted_under(capped, NOBODY, READ) == [("outside level 1 of the SCPs", "")]


def test_a_resource_policy_of_another_account_needs_the_principals_own_grant_too() -> None:
    guards = resource_policy(DATA, to(NOBODY.arn, "s3:GetObject", f"{DATA}/*"), account=OTHER)
    assert [why for _, why in ungranted_under(guards, NOBODY, READ)] == [""]


def test_a_trust_policy_of_the_snapshot_explains_assuming_its_role() -> None:
    target = role(name="target")
    trust = document({"Effect": "Allow", "Principal": {"AWS": NOBODY.arn}, "Action": "sts:AssumeRole"})
    guards = NO_GUARDS.with_trust([replace(target, trust=trust)])
    assume = use("sts:AssumeRole", target.arn)
    assert resource_policy_explanation(NOBODY, assume, guards) == f"the policy of {target.arn} allows it"
    assert resource_policy_explanation(role(name="third"), assume, guards) == ""
    assert resource_policy_explanation(NOBODY, assume, NO_GUARDS) == ""


def test_explained_use_keeps_nothing_for_review() -> None:
    wide = role(policy(allow("s3:*", "arn:aws:s3:::logs/*")))
    explained = diff_under(resource_policy(DATA, to(wide.arn, "s3:GetObject", f"{DATA}/*")), wide, [READ])
    unexplained = diff_under(NO_GUARDS, wide, [READ])
    assert {str(line.kind) for line in unexplained.draft.lines} > {str(line.kind) for line in explained.draft.lines}
    assert not [line for line in explained.draft.lines if "nothing explains it" in line.why]


# ---------------------------------------------------------------- use that the guards given deny


def in_regions(*regions: str) -> dict[str, Any]:
    return {"StringNotEquals": {"aws:RequestedRegion": list(regions)}}


@pytest.mark.parametrize(
    ("guards", "is_contradicted"),
    [
        (scps([EVERYTHING, deny("s3:*", Condition=in_regions("eu-west-1"))]), True),
        (scps([EVERYTHING, deny("s3:*", Condition=in_regions("us-east-1"))]), False),
        (scps([allow("s3:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})]), True),
        (scps([EVERYTHING, deny("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})]), False),
        (resource_policy(DATA, {**to("*", "s3:*", f"{DATA}/*"), "Effect": "Deny"}), True),
        (NO_GUARDS, False),
    ],
    ids=["another region", "its region", "allowed elsewhere", "unknown key", "bucket policy", "none"],
)
def test_recorded_use_that_the_guards_given_deny_is_a_caveat(guards: Guards, *, is_contradicted: bool) -> None:
    found = diff_under(guards, APP, [READ])
    assert [caveat.item for caveat in found.assessment.caveats] == (
        ["unexplained s3:GetObject"] if is_contradicted else []
    )
    assert "s3:GetObject" in {
        line.action for line in found.draft.lines
    }  # nothing is lost because of guards that are wrong
    if is_contradicted:
        assert found.assessment.caveats[0].message == (
            f"s3:GetObject on {OBJECT} was allowed, but the given policies and guards deny it in us-east-1, so other"
            " policies applied"
        )


def test_a_use_that_may_not_have_been_allowed_contradicts_nothing() -> None:
    guards = scps([EVERYTHING, deny("s3:*", Condition=in_regions("eu-west-1"))])
    assert diff_under(guards, APP, [replace(READ, outcome=Outcome.UNDETERMINED)]).assessment.caveats == ()
    assert diff_under(guards, APP, [replace(READ, outcome=Outcome.DENIED)]).assessment.caveats == ()


def test_a_later_change_of_policies_explains_use_that_these_deny() -> None:
    guards = scps([EVERYTHING, deny("s3:*", Condition=in_regions("eu-west-1"))])
    change = use("iam:PutRolePolicy", APP.arn, seen="2026-09-20T00:00:00Z")
    grants = grants_from_principals([APP], catalog(), guards)
    usage = usage_of({APP.arn: [READ], f"arn:aws:iam::{ACCOUNT}:role/admin": [change]})
    (found,) = diff_usage(usage, grants, catalog(), exactly(guards=guards)).principals
    assert found.assessment.caveats == ()
