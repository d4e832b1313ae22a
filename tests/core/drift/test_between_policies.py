"""Drift of policies: each change that lets a principal do more or less gives its finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lpgen.core.choices import Severity
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.wildcards import WildcardDrift
from lpgen.core.evidence import LogCoverage
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Principal
from lpgen.core.usage.log_coverage import coverage_from_usage
from tests.core.drift.drift_states import APP, document, found, kinds, managed, state
from tests.support.worlds import ACCOUNT, allow, deny, policy, role, usage_of


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        (role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PutRolePolicy"]))), Severity.CRITICAL),
        (role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "sqs:DeleteMessage"]))), Severity.HIGH),
        (role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "sqs:ListQueues"]))), Severity.MEDIUM),
        (role(policy(allow("s3:Get*"), allow("sqs:SendMessage", "arn:aws:sqs:*:*:one"))), Severity.MEDIUM),
        (role(policy(allow("s3:Get*"))), Severity.LOW),
        (role(policy(allow("s3:Get*"), allow("sqs:SendMessage"), deny("sqs:*"))), Severity.LOW),
        (role(policy(allow("s3:Get*"), allow("sqs:SendMessage"), name="other")), Severity.LOW),
    ],
    ids=["dangerous", "writes", "reads", "scope", "less", "denied", "renamed"],
)
def test_a_policy_changed_outside_is_as_severe_as_what_it_gains(now: Principal, severity: Severity) -> None:
    assert kinds(state(APP), state(now)) == [(PolicyDrift.POLICY_CHANGED, severity)]


def test_what_hands_out_rights_is_told_before_what_is_dangerous_in_general() -> None:
    wide = role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PassRole", "iam:AttachRolePolicy", "ec2:*"])))
    changed, _ = sorted(
        found(state(APP), state(wide)).findings, key=lambda finding: finding.kind != PolicyDrift.POLICY_CHANGED
    )
    gains = [detail for detail in changed.details if detail.startswith("gains ")]
    assert [gain.split(":")[0] + ":" + gain.split(":")[1] for gain in gains[:2]] == [
        "gains iam:PassRole",
        "gains iam:AttachRolePolicy",
    ]
    assert not any("changes permissions" in gain for gain in gains[:5])


def test_the_same_in_another_order_is_no_change() -> None:
    shuffled = role(policy(allow("sqs:SendMessage", Sid="New"), allow("s3:Get*")))
    assert kinds(state(APP), state(shuffled)) == []


def test_a_managed_policy_is_one_finding_for_all_its_holders() -> None:
    before = [role(managed(allow("sqs:SendMessage")), name=name) for name in ("a", "b")]
    after = [role(managed(allow("sqs:*Message")), name=name) for name in ("a", "b")]
    drift = found(state(*before), state(*after))
    assert [(finding.kind, finding.subject, len(finding.principals)) for finding in drift.findings] == [
        (PolicyDrift.POLICY_CHANGED, f"arn:aws:iam::{ACCOUNT}:policy/shared", 2),
        (WildcardDrift.NEW_WILDCARD, f"arn:aws:iam::{ACCOUNT}:policy/shared", 2),
    ]


def test_what_aws_changed_is_called_so() -> None:
    before, after = (role(managed(allow(action), aws=True)) for action in ("sqs:SendMessage", "sqs:ListQueues"))
    (finding,) = found(state(before), state(after)).findings
    assert "AWS changed it" in finding.message


def trusting(account: str) -> Principal:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}}
    return replace(APP, trust=policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="trust"))


def test_a_changed_trust_policy_is_high() -> None:
    assert kinds(state(trusting("111122223333")), state(trusting(f"{APP.arn}-2"))) == [
        (PolicyDrift.POLICY_CHANGED, Severity.HIGH)
    ]


def test_trust_in_somebody_outside_is_critical_and_told_first() -> None:
    mine, everyone, other = (trusting(one) for one in ("111122223333", "*", "999999999999"))
    opened = (PrincipalDrift.OUTSIDE_TRUST, Severity.CRITICAL)
    changed = (PolicyDrift.POLICY_CHANGED, Severity.HIGH)
    assert kinds(state(mine), state(everyone)) == kinds(state(mine), state(other)) == [opened, changed]
    assert kinds(state(other), state(everyone)) == [opened, changed]
    assert kinds(state(everyone), state(everyone)) == []
    assert kinds(state(everyone), state(mine)) == [changed]
    new = replace(everyone, arn=f"{APP.arn}-2", name="app-2")
    assert kinds(state(mine), state(mine, new))[0] == opened
    (first, *_) = found(state(mine), state(mine, new)).findings
    assert (first.subject, first.message) == (new.arn, "anyone in the world can assume it")
    assert first.item == f"outside-trust {new.arn} anyone"


def test_an_account_whose_logs_are_given_is_not_outside() -> None:
    mine, other = trusting(APP.account), trusting("999999999999")
    logs = coverage_from_usage(usage_of({}, account="999999999999"))
    both = replace(state(mine), coverage=LogCoverage((*state(mine).coverage.accounts, *logs.accounts)))
    assert PrincipalDrift.OUTSIDE_TRUST in [kind for kind, _ in kinds(state(mine), state(other))]
    assert PrincipalDrift.OUTSIDE_TRUST not in [kind for kind, _ in kinds(both, state(other))]


def test_accounts_of_the_own_organization_are_not_outside() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}},
    }
    trust = policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="trust")
    after = state(replace(APP, trust=trust))
    assert PrincipalDrift.OUTSIDE_TRUST in [kind for kind, _ in kinds(state(APP), after)]
    own = replace(after, organization="o-exampleorgid")
    assert PrincipalDrift.OUTSIDE_TRUST not in [kind for kind, _ in kinds(state(APP), own)]


def test_a_boundary_that_goes_gives_what_it_held_back() -> None:
    bounded = role(policy(allow("iam:PutRolePolicy")), boundary=managed(allow("s3:*"), name="limit"))
    free = role(policy(allow("iam:PutRolePolicy")))
    assert kinds(state(bounded), state(free)) == [(PolicyDrift.POLICY_CHANGED, Severity.CRITICAL)]
    assert kinds(state(free), state(bounded)) == [(PolicyDrift.POLICY_CHANGED, Severity.LOW)]


def scps(*statements: Mapping[str, object]) -> Guards:
    return Guards(scps=(AccountLevels("", ((document(*statements),),)),))


def test_looser_scps_are_found_once_for_the_account() -> None:
    people = [role(policy(allow("sqs:SendMessage")), name=name) for name in ("a", "b")]
    before, after = (state(*people, guards=scps(allow(action))) for action in ("s3:*", "*"))
    (finding,) = found(before, after).findings
    assert (finding.kind, finding.subject, finding.severity) == (PolicyDrift.POLICY_CHANGED, ACCOUNT, Severity.HIGH)


def test_scps_known_on_one_side_are_noted_and_not_compared() -> None:
    drift = found(state(APP), state(APP, guards=scps(allow("*"))))
    assert drift.findings == ()
    assert any("SCPs are known only now" in note for note in drift.notes)
