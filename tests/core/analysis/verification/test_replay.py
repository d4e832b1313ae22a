"""The replay: each use in each context that its records show, under the old and the new policies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lpgen.core.analysis.verification.decided_requests import check_replay
from lpgen.core.analysis.verification.documents import WrittenDocument
from lpgen.core.analysis.verification.reasons import Claims
from lpgen.core.evidence import PrincipalUsage, RecordedContext, Use
from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Outcome, Policy, Principal, PrincipalKind
from lpgen.core.replacements import Check, CheckStatus
from tests.support.worlds import ACCOUNT, allow, catalog, deny, grants_of, policy, role, use

DATA = "arn:aws:s3:::data"
OBJECT = f"{DATA}/a.csv"
TASK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/task"
READ = use("s3:GetObject", OBJECT)
PASSED = {"iam:PassedToService": ("ecs-tasks.amazonaws.com",)}


def equals(key: str, *values: str) -> dict[str, Any]:
    return {"StringEquals": {key: list(values)}}


def seen(use: Use, *contexts: RecordedContext) -> Use:
    return replace(use, contexts=contexts)


def context(region: str = "us-east-1", endpoint: str = "", **values: Any) -> RecordedContext:
    found: Mapping[str, tuple[str, ...]] = values.get("values", {})
    return RecordedContext(region, endpoint, tuple(sorted(found.items())))


def document(*statements: dict[str, Any]) -> Policy:
    return policy_from_json(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), place="policy-1.json")


def replayed(
    principal: Principal, uses: Sequence[Use], *statements: dict[str, Any], guards: Guards = NO_GUARDS
) -> Check:
    written = WrittenDocument("policy-1.json", False, document(*statements))
    usage = PrincipalUsage(principal.arn, (), tuple(uses), (), ("us-east-1",))
    claims = Claims(principal.arn, ())
    return check_replay([written], grants_of(principal), usage, catalog(), claims=claims, guards=guards)


# ---------------------------------------------------------------- recorded contexts


def test_replay_counts_each_context_that_was_allowed() -> None:
    old = role(policy(allow("s3:*")))
    both = seen(READ, context("us-east-1"), context("eu-west-1"))
    check = replayed(old, [both], allow("s3:GetObject", OBJECT))
    assert (check.status, check.examined, check.findings) == (CheckStatus.PASSED, 2, ())


def test_replay_names_the_lost_statement_and_the_event() -> None:
    old = role(policy(allow("sqs:*"), allow("s3:*", "*", Sid="Files"), name="app-own"))
    check = replayed(old, [READ], allow("s3:PutObject", OBJECT))
    assert check.status is CheckStatus.FAILED
    (finding,) = check.findings
    assert finding == (
        f"s3:GetObject on {OBJECT} was Allowed by app-own, statement 2 (Files), and would be ImplicitlyDenied"
        " (example event-s3:GetObject)"
    )


def test_replay_fails_where_what_was_allowed_would_depend_on_a_key() -> None:
    old = role(policy(allow("s3:GetObject", "*", Sid="Old"), name="own"))
    check = replayed(old, [READ], allow("s3:GetObject", OBJECT, Condition=equals("aws:SourceVpc", "vpc-1")))
    assert check.status is CheckStatus.FAILED
    (finding,) = check.findings
    assert "was Allowed by own, statement 1 (Old), and would be Depends (example event-s3:GetObject)" in finding


def test_replay_knows_the_service_that_a_role_was_passed_to() -> None:
    old = role(policy(allow("iam:PassRole", TASK_ROLE)))
    used = seen(use("iam:PassRole", TASK_ROLE), context(values=PASSED))

    def to(service: str) -> Check:
        return replayed(old, [used], allow("iam:PassRole", TASK_ROLE, Condition=equals("iam:PassedToService", service)))

    assert to("ecs-tasks.amazonaws.com").status is CheckStatus.PASSED
    assert to("lambda.amazonaws.com").status is CheckStatus.FAILED
    assert "would be ImplicitlyDenied" in to("lambda.amazonaws.com").findings[0]


def test_replay_knows_the_region_of_each_record() -> None:
    old = role(policy(allow("s3:GetObject")))
    here = allow("s3:GetObject", OBJECT, Condition=equals("aws:RequestedRegion", "us-east-1"))
    assert replayed(old, [seen(READ, context("us-east-1"))], here).status is CheckStatus.PASSED
    both = replayed(old, [seen(READ, context("us-east-1"), context("eu-west-1"))], here)
    assert (both.status, both.examined, len(both.findings)) == (CheckStatus.FAILED, 2, 1)


def test_replay_knows_the_vpc_endpoint_of_each_record() -> None:
    only = allow("s3:GetObject", OBJECT, Condition=equals("aws:SourceVpce", "vpce-1"))
    old = role(policy(allow("s3:GetObject")))
    assert replayed(old, [seen(READ, context(endpoint="vpce-1"))], only).status is CheckStatus.PASSED
    other = replayed(old, [seen(READ, context(endpoint="vpce-2"))], only)
    assert "would be ImplicitlyDenied" in other.findings[0]
    assert "would be Depends" in replayed(old, [READ], only).findings[0]


def test_replay_knows_who_the_principal_is() -> None:
    named = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/app"}}
    old = role(policy(allow("s3:GetObject")))
    assert replayed(old, [READ], allow("s3:GetObject", OBJECT, Condition=named)).status is CheckStatus.PASSED
    home = "arn:aws:s3:::home/${aws:username}/*"
    user = role(policy(allow("s3:GetObject", "arn:aws:s3:::home/*")), name="ada", kind=PrincipalKind.USER)
    assert replayed(user, [use("s3:GetObject", "arn:aws:s3:::home/ada/x")], allow("s3:GetObject", home)).findings == ()
    assert replayed(user, [use("s3:GetObject", "arn:aws:s3:::home/bob/x")], allow("s3:GetObject", home)).findings


# ---------------------------------------------------------------- what depends


def test_replay_takes_what_depends_on_the_same_keys_as_it_was() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    old = role(policy(allow("s3:*", "*", Condition=mfa)))
    assert replayed(old, [READ], allow("s3:GetObject", OBJECT, Condition=mfa)).status is CheckStatus.PASSED
    assert replayed(old, [READ], allow("s3:GetObject", OBJECT)).status is CheckStatus.PASSED


def test_replay_calls_unproven_what_depends_on_other_keys_and_names_them() -> None:
    mfa, vpc = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, equals("aws:SourceVpc", "vpc-1")
    old = role(policy(allow("s3:*", "*", Condition=mfa)))
    check = replayed(old, [READ], allow("s3:GetObject", OBJECT, Condition=vpc))
    assert check.status is CheckStatus.UNPROVEN
    (finding,) = check.findings
    assert "depends on aws:MultiFactorAuthPresent, aws:SourceVpc differently than before" in finding
    assert "event-s3:GetObject" in finding
    more = replayed(old, [READ], allow("s3:GetObject", OBJECT, Condition={**mfa, **vpc}))
    assert (more.status, "depends on aws:SourceVpc differently" in more.findings[0]) == (CheckStatus.UNPROVEN, True)


def test_replay_fails_where_what_depended_would_be_denied_for_certain() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    check = replayed(role(policy(allow("s3:*", "*", Condition=mfa))), [READ], allow("s3:PutObject", OBJECT))
    assert check.status is CheckStatus.FAILED
    assert "was Depends by own, statement 1, and would be ImplicitlyDenied" in check.findings[0]


# ---------------------------------------------------------------- what isn't replayed


def test_replay_leaves_out_what_was_not_allowed_before() -> None:
    old = role(policy(allow("s3:*"), deny("s3:GetObject", f"{DATA}/*")))
    bucket_use = use("s3:GetBucketLocation", DATA)
    check = replayed(old, [READ, bucket_use, use("sqs:SendMessage", "?")], allow("s3:GetBucketLocation"))
    assert (check.status, check.examined) == (CheckStatus.PASSED, 1)
    denied = use("s3:GetObject", "arn:aws:s3:::logs/x", outcome=Outcome.DENIED)
    for one in (denied, use("sns:Publish"), use("s3:GetObject", OBJECT, outcome=Outcome.UNDETERMINED)):
        check = replayed(old, [one], allow("s3:ListAllMyBuckets"))
        assert (check.status, check.examined) == (CheckStatus.PASSED, 0)


def test_replay_fails_where_the_policies_given_deny_all_use_so_that_nothing_is_compared() -> None:
    old = role(policy(allow("s3:*"), deny("s3:GetObject", f"{DATA}/*")))
    check = replayed(old, [READ], allow("s3:ListAllMyBuckets"))
    assert (check.status, check.examined) == (CheckStatus.FAILED, 0)
    assert check.findings == (
        f"nothing was compared: the given policies deny all recorded use, such as s3:GetObject on {OBJECT}",
    )
    elsewhere = deny("s3:*", Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}})
    capped = Guards(scps=(AccountLevels("", ((document(allow("*"), elsewhere),),)),))
    check = replayed(role(policy(allow("s3:*"))), [READ], allow("s3:GetObject", OBJECT), guards=capped)
    assert check.status is CheckStatus.FAILED


def test_replay_takes_tries_for_use_and_folds_by_their_example() -> None:
    old = role(policy(allow("s3:*")))
    tried = use("s3:GetObject", OBJECT, outcome=Outcome.UNDETERMINED)
    assert replayed(old, [tried], allow("s3:PutObject")).status is CheckStatus.FAILED
    fold = use("s3:GetObject", f"{DATA}/in/*", example=f"{DATA}/in/7.csv")
    assert replayed(old, [fold], allow("s3:GetObject", f"{DATA}/in/7.csv")).status is CheckStatus.PASSED
    assert replayed(old, [fold], allow("s3:GetObject", f"{DATA}/in/8.csv")).status is CheckStatus.FAILED


# ---------------------------------------------------------------- guards


def to(principal: str, actions: str, resources: str, **more: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **more), "Principal": {"AWS": principal}}


def bucket(*statements: dict[str, Any], account: str = ACCOUNT) -> Guards:
    return Guards(resource_policies=(ResourcePolicy(DATA, account, document(*statements)),))


def test_what_a_resource_policy_grants_by_itself_is_not_lost() -> None:
    old = role(policy(allow("s3:*")))
    guards = bucket(to(old.arn, "s3:GetObject", f"{DATA}/*"))
    assert replayed(old, [READ], allow("s3:PutObject", OBJECT), guards=guards).findings == ()
    assert replayed(old, [READ], allow("s3:PutObject", OBJECT)).status is CheckStatus.FAILED
    elsewhere = bucket(to(old.arn, "s3:GetObject", f"{DATA}/*"), account="444455556666")
    lost = replayed(old, [READ], allow("s3:PutObject", OBJECT), guards=elsewhere)
    assert lost.status is CheckStatus.FAILED


def test_a_resource_policy_that_leaves_it_to_the_account_grants_nothing_by_itself() -> None:
    guards = bucket(to(ACCOUNT, "s3:GetObject", f"{DATA}/*"))
    check = replayed(role(policy(allow("s3:*"))), [READ], allow("s3:PutObject", OBJECT), guards=guards)
    assert check.status is CheckStatus.FAILED


def test_what_a_resource_policy_denies_of_some_use_is_no_business_of_a_replacement() -> None:
    refusing = bucket({**to("*", "s3:GetObject", f"{DATA}/*"), "Effect": "Deny"})
    uses = [READ, use("s3:PutObject", OBJECT)]
    check = replayed(role(policy(allow("s3:*"))), uses, allow("s3:PutObject", OBJECT), guards=refusing)
    assert (check.examined, check.findings) == (1, ())


def test_trust_policies_of_the_snapshot_are_met() -> None:
    target = role(name="target")
    old = role(policy(allow("sts:AssumeRole")))
    assume = use("sts:AssumeRole", target.arn)

    def under(principal: str) -> Check:
        trust = document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
        guards = NO_GUARDS.with_trust([replace(target, trust=trust)])
        return replayed(old, [assume], allow("s3:ListAllMyBuckets"), guards=guards)

    assert under(old.arn).status is CheckStatus.PASSED  # it names the role: nothing else is needed
    assert under(old.arn).examined == 1
    assert under(ACCOUNT).status is CheckStatus.FAILED
    assert under("444455556666").examined == 0  # it can't have been allowed


def test_scps_and_the_boundary_given_are_met() -> None:
    old = role(policy(allow("s3:*")), boundary=policy(allow("sqs:*"), name="old"))
    assert replayed(old, [READ], allow("s3:PutObject", OBJECT)).examined == 0
    wider = Guards(boundary=policy(allow("*"), name="given"))
    assert replayed(old, [READ], allow("s3:PutObject", OBJECT), guards=wider).status is CheckStatus.FAILED
    capped = replace(wider, scps=(AccountLevels("", ((document(allow("*")),), (document(allow("sqs:*")),))),))
    assert replayed(old, [READ], allow("s3:PutObject", OBJECT), guards=capped).examined == 0
