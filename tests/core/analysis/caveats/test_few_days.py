"""Whose use on a few days shows what it needs, and whose doesn't: people's and control-plane roles' work differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from lpgen.core.evidence import Use
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Outcome, Principal, PrincipalKind
from lpgen.core.replacements import DecisionKind
from lpgen.core.workloads import Schedule
from tests.core.analysis.test_diff import DATA, OBJECT, decision, diff_of, items
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, catalog, exactly, grants_of, policy, role, usage_of, use

RIGHTS = policy(allow(["s3:*", "sqs:*", "sns:*", "ec2:*"]))
SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
SCATTERED = (date(2026, 6, 5), date(2026, 7, 20), date(2026, 7, 24), date(2026, 9, 11), date(2026, 9, 13))
MONTHLY = (date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30))


def trusted_by(who: object, *, name: str = "app", action: str = "sts:AssumeRole") -> Principal:
    statement = {"Effect": "Allow", "Principal": who, "Action": action}
    trust = policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="trust")
    return replace(role(RIGHTS, name=name), trust=trust)


def on(days: Sequence[date], *uses: Use) -> list[Use]:
    return [use(one.action, one.resource.text, seen=f"{day}T10:00:00Z") for day in days for one in uses]


READ, SEND, CHANGE = use("s3:GetObject", OBJECT), use("sqs:SendMessage", QUEUE), use("sqs:SetQueueAttributes", QUEUE)
LAMBDA = trusted_by({"Service": "lambda.amazonaws.com"})
PEOPLE = {
    "user": role(RIGHTS, kind=PrincipalKind.USER),
    "permission set": role(RIGHTS, path=SSO, name="AWSReservedSSO_Dev_0123456789abcdef"),
    "whole account": trusted_by({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    "account number": trusted_by({"AWS": ACCOUNT}),
    "a user": trusted_by({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ada"}),
    "people's role": trusted_by({"AWS": f"arn:aws:iam::{ACCOUNT}:role{SSO}AWSReservedSSO_Dev_0123456789abcdef"}),
    "sign-in": trusted_by(
        {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/office"}, action="sts:AssumeRoleWithSAML"
    ),
}
WORKLOADS = {
    "function": LAMBDA,
    "pod": trusted_by(
        {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/1"},
        action="sts:AssumeRoleWithWebIdentity",
    ),
    "another program": trusted_by({"AWS": f"arn:aws:iam::{ACCOUNT}:role/importer"}),
}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(("days", "doubted"), [(1, True), (4, True), (5, False)])
def test_people_are_judged_by_five_days_at_work(who: str, days: int, *, doubted: bool) -> None:
    found = diff_of(PEOPLE[who], on(SCATTERED[:days], READ))
    assert ("seldom-used" in items(found)) is doubted


@pytest.mark.parametrize("who", WORKLOADS)
def test_workloads_are_judged_by_any_day_at_work(who: str) -> None:
    assert "seldom-used" not in items(diff_of(WORKLOADS[who], on(SCATTERED[:2], READ, SEND)))


@pytest.mark.parametrize(
    ("uses", "doubted"),
    [
        ((CHANGE,), True),
        ((CHANGE, use("sqs:GetQueueAttributes", QUEUE)), True),
        ((CHANGE, READ, use("s3:ListBucket", DATA), use("sqs:ListQueues")), False),
        ((SEND, READ), False),
        ((SEND, use("s3:PutObject", OBJECT), CHANGE), False),
        ((use("sqs:GetQueueAttributes", QUEUE),), False),
    ],
    ids=["changes", "changes and reads", "mostly reads", "data", "mostly data", "reads"],
)
def test_a_role_that_mostly_changes_the_control_plane_is_judged_by_five_days(
    uses: Sequence[Use], *, doubted: bool
) -> None:
    assert ("seldom-used" in items(diff_of(LAMBDA, on(SCATTERED[:2], *uses)))) is doubted
    assert "seldom-used" not in items(diff_of(LAMBDA, on(SCATTERED, *uses)))


def test_what_works_by_a_clock_needs_no_five_days() -> None:
    clock = Schedule("EventBridge rule", "nightly", "rate(30 days)", True, 30, (LAMBDA.arn,))
    assert "seldom-used" not in items(diff_of(LAMBDA, on(SCATTERED[:2], CHANGE), options=exactly(schedules=(clock,))))
    assert "seldom-used" not in items(diff_of(LAMBDA, on(MONTHLY, CHANGE)))
    assert "seldom-used" not in items(diff_of(LAMBDA, on(MONTHLY[:3], CHANGE)))
    assert "seldom-used" in items(diff_of(LAMBDA, on(MONTHLY[:2], CHANGE)))  # any two days are equally far apart
    assert "seldom-used" in items(diff_of(LAMBDA, on(SCATTERED[:4], CHANGE)))
    in_a_row = [date(2026, 9, day) for day in (1, 2, 3, 4)]
    assert "seldom-used" in items(diff_of(LAMBDA, on(in_a_row, CHANGE)))


def test_the_days_of_a_permission_set_are_those_of_its_roles_in_all_accounts() -> None:
    here = PEOPLE["permission set"]
    there = replace(here, account="444455556666", arn=here.arn.replace(ACCOUNT, "444455556666"))
    usage = usage_of({here.arn: on(SCATTERED[:2], READ), there.arn: on(SCATTERED[2:], READ)})
    diffs = diff_usage(usage, [grants_of(here), grants_of(there)], catalog(), exactly()).principals
    assert not any("seldom-used" in items(diff) for diff in diffs)


def test_the_caveat_names_whose_days_are_few_and_how_many_and_can_be_accepted() -> None:
    found = diff_of(PEOPLE["user"], on(SCATTERED[:2], READ))
    (caveat,) = (caveat for caveat in found.assessment.caveats if caveat.item == "seldom-used")
    assert caveat.message == (
        "the logs show it active on only 2 days, and people use it for something different each time"
    )
    (caveat,) = (
        caveat
        for caveat in diff_of(LAMBDA, on(SCATTERED[:1], CHANGE)).assessment.caveats
        if caveat.item == "seldom-used"
    )
    assert caveat.message == (
        "the logs show it active on only 1 day, and it mostly changes how things are set up, and each change differs"
    )
    accepted = exactly(decisions=(decision(DecisionKind.ACCEPT, item="seldom-used"),))
    assert diff_of(PEOPLE["user"], on(SCATTERED[:2], READ), options=accepted).assessment.open_caveats == ()


def test_denied_attempts_are_no_days_at_work() -> None:
    tries = [replace(use, outcome=Outcome.DENIED) for use in on(SCATTERED[2:], READ)]
    assert "seldom-used" in items(diff_of(PEOPLE["user"], [*on(SCATTERED[:2], READ), *tries]))
