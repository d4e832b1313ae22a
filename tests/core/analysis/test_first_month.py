"""First-month replacements: what service last accessed alone proves, while the logs cover few days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.first_month import FEWEST_COVERED_DAYS, FEWEST_TRACKED_DAYS, KEPT
from lpgen.core.choices import ENOUGH_DAYS, ScopeChoice
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff, RestsOn
from lpgen.core.iam.decision import Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.last_accessed import AccessReport, ServiceAccess
from lpgen.core.model import Action, Outcome, Policy, Principal, Resource, ResourceKind
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.test_replacement_laws import ACTIONS, ARNS, CONTEXTS, principals, result, uses
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.law_examples import examples
from tests.support.proofs import doubts, prove
from tests.support.worlds import (
    LAST_DAY,
    allow,
    catalog,
    days_before_end,
    grants_of,
    policy,
    role,
    usage_of,
    use,
)

JOBS = "arn:aws:sqs:us-east-1:111122223333:jobs"
BUCKET_DAYS = (("createbucket", None), ("deletebucket", None), ("putbucketpolicy", date(2026, 9, 1)))
S3 = ServiceAccess("s3", date(2026, 9, 20), "us-east-1", BUCKET_DAYS)
SQS = ServiceAccess("sqs", None, "", ())
IAM = ServiceAccess("iam", None, "", ())
GRANTED = ["s3:*", "sqs:*", "sns:Publish", "iam:PassRole", "iam:CreateRole"]
USES = [use("s3:ListAllMyBuckets"), use("s3:GetObject", "arn:aws:s3:::data/a.csv")]
SHORT = {LogsCaveat.SHORT_COVERAGE, "no_forecast"}


def report_of(principal: Principal, *services: ServiceAccess, made: date = LAST_DAY) -> AccessReport:
    return AccessReport("app.json", "", principal.arn, principal.arn, made, services)


def diff_of(
    principal: Principal,
    *services: ServiceAccess,
    days: int = 30,
    found: list[Use] | None = None,
    made: date = LAST_DAY,
    **more: Any,
) -> PrincipalDiff:
    usage = usage_of({principal.arn: USES if found is None else found}, days=days)
    options = Options(last_accessed=(report_of(principal, *services, made=made),), **more)
    (diff,) = diff_usage(usage, [grants_of(principal)], catalog(), options).principals
    return diff


def app(*actions: str, **more: Any) -> Principal:
    return role(policy(allow(list(actions) or GRANTED)), **more)


def removed_of(principal: Principal, diff: PrincipalDiff) -> set[str]:
    return {*map(str, grants_of(principal).granted() - {line.action for line in diff.draft.lines})}


def test_removes_exactly_what_the_report_shows_as_never_tried() -> None:
    principal = app()
    diff = diff_of(principal, S3, SQS, IAM)
    sqs = {str(action) for action in grants_of(principal).granted() if action.startswith("sqs:")}
    assert removed_of(principal, diff) == {"s3:CreateBucket", "s3:DeleteBucket", "iam:CreateRole", *sqs}
    assert diff.draft.rests_on is RestsOn.LAST_ACCESSED
    assert diff.draft.tracked_days == 400
    assert not SHORT & {caveat.kind for caveat in diff.assessment.caveats}


def test_evidence_per_removed_action_is_the_sentence_of_the_report() -> None:
    verdicts = {str(one.action): one for one in diff_of(app(), S3, SQS, IAM).assessment.verdicts}
    assert "IAM tracks s3:CreateBucket and reports no attempt" in verdicts["s3:CreateBucket"].reason
    assert "IAM reports no attempt to use sqs" in verdicts["sqs:SendMessage"].reason
    assert verdicts["sqs:SendMessage"].keep == ""
    assert verdicts["iam:PassRole"].keep == KEPT, "IAM doesn't track it"
    assert verdicts["sns:Publish"].keep, "the report doesn't list the service"
    assert verdicts["s3:DeleteObject"].keep == KEPT, "a data action of a service with attempts"


def test_keeps_every_old_resource() -> None:
    diff = diff_of(app(), S3, SQS, IAM)
    assert {line.scope.resources for line in diff.draft.lines if line.action == "s3:GetObject"} == {("*",)}


def test_rests_on_the_logs_outside_its_days() -> None:
    for days in (FEWEST_COVERED_DAYS - 1, ENOUGH_DAYS):
        assert diff_of(app(), S3, SQS, days=days).draft.rests_on is RestsOn.LOGS
    for days in (FEWEST_COVERED_DAYS, ENOUGH_DAYS - 1):
        assert diff_of(app(), S3, SQS, days=days).draft.rests_on is RestsOn.LAST_ACCESSED


def test_an_explicit_scope_wins() -> None:
    for scope in (ScopeChoice.EXACT, ScopeChoice.EVIDENCE, ScopeChoice.GRANTED):
        diff = diff_of(app(), S3, SQS, scope=scope)
        assert diff.draft.rests_on is RestsOn.LOGS
        assert {caveat.kind for caveat in diff.assessment.caveats} >= {LogsCaveat.SHORT_COVERAGE}


def test_young_principals_policies_and_boundaries_prove_nothing() -> None:
    young, old = days_before_end(FEWEST_TRACKED_DAYS - 1), days_before_end(FEWEST_TRACKED_DAYS)
    new = replace(policy(allow("sqs:*"), name="new"), created=young)
    assert diff_of(app(created=young), S3, SQS).draft.rests_on is RestsOn.LOGS
    assert diff_of(app(created=None), S3, SQS).draft.rests_on is RestsOn.LOGS
    assert diff_of(app(created=old), S3, SQS).draft.tracked_days == FEWEST_TRACKED_DAYS
    assert diff_of(app(boundary=new), S3, SQS).draft.rests_on is RestsOn.LOGS
    principal = role(policy(allow("s3:*")), new)
    assert removed_of(principal, diff_of(principal, S3, SQS)) == {"s3:CreateBucket", "s3:DeleteBucket"}


def test_a_recorded_change_of_its_policies_rules_it_out() -> None:
    principal = app()
    usage = usage_of(
        {principal.arn: USES, "arn:aws:iam::111122223333:role/deploy": [use("iam:PutRolePolicy", principal.arn)]},
        days=30,
    )
    options = Options(last_accessed=(report_of(principal, S3, SQS),))
    (diff,) = diff_usage(usage, [grants_of(principal)], catalog(), options).principals
    assert diff.draft.rests_on is RestsOn.LOGS


def test_a_report_from_before_the_logs_proves_nothing() -> None:
    first = LAST_DAY - timedelta(days=29)
    assert diff_of(app(), SQS, made=first).draft.rests_on is RestsOn.LAST_ACCESSED
    assert diff_of(app(), SQS, made=first - timedelta(days=1)).draft.rests_on is RestsOn.LOGS


def test_single_actions_count_from_the_day_on_which_iam_tracked_them(monkeypatch: pytest.MonkeyPatch) -> None:
    since = LAST_DAY - timedelta(days=FEWEST_TRACKED_DAYS - 1)
    monkeypatch.setattr("lpgen.core.analysis.first_month.ACTIONS_SINCE", since)
    principal = app()
    removed = removed_of(principal, diff_of(principal, S3, SQS))
    assert "sqs:SendMessage" in removed
    assert "s3:CreateBucket" not in removed


def test_attempts_in_the_logs_contradict_the_report() -> None:
    principal = app()
    denied = use("sqs:SendMessage", JOBS, outcome=Outcome.DENIED)
    removed = removed_of(principal, diff_of(principal, S3, SQS, found=[*USES, denied]))
    assert not any(action.startswith("sqs:") for action in removed)


def test_decisions_still_keep_and_drop() -> None:
    keep = Decision(DecisionKind.KEEP, principal="*", action="sqs:SendMessage", reason="r", owner="o")
    drop = Decision(DecisionKind.DROP, principal="*", action="sns:Publish", reason="r", owner="o")
    principal = app()
    removed = removed_of(principal, diff_of(principal, S3, SQS, decisions=(keep, drop)))
    assert "sqs:SendMessage" not in removed
    assert "sqs:DeleteQueue" in removed
    assert "sns:Publish" in removed


# ---------------------------------------------------------------- laws

DAYS = st.sampled_from([None, None, LAST_DAY - timedelta(days=3), LAST_DAY - timedelta(days=300)])


@st.composite
def services(draw: st.DrawFn) -> tuple[ServiceAccess, ...]:
    found = []
    for name in draw(st.sets(st.sampled_from(["s3", "sqs", "sns", "iam"]))):
        last = draw(DAYS)
        names = ["createbucket", "deletebucket", "getobject", "createqueue", "deletequeue", "createrole", "passrole"]
        listed = draw(st.dictionaries(st.sampled_from(names), DAYS)) if last else {}
        found.append(ServiceAccess(name, last, "", tuple(sorted(listed.items()))))
    return tuple(found)


def allows(principal: Principal, held: list[Policy], action: str, arn: str, context: Any) -> bool:
    place = Resource(ResourceKind.NONE) if arn == "*" else Resource(ResourceKind.ARN, arn)
    return result(principal, held, action, place, context) is Result.ALLOWED


@settings(
    max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(principals, st.lists(uses(), min_size=1, max_size=4), services(), st.integers(10, 50), st.integers(100, 300))
def test_nothing_that_the_report_does_not_prove_is_removed(
    principal: Principal, found: list[Use], listed: tuple[ServiceAccess, ...], days: int, age: int
) -> None:
    principal = replace(principal, created=days_before_end(age))
    grants, usage = grants_of(principal), usage_of({principal.arn: found}, days=days)
    options = Options(last_accessed=(report_of(principal, *listed),))
    diff = diff_usage(usage, [grants], catalog(), options)
    (one,) = diff.principals
    made = generate_policies(diff, [grants], catalog(), options)
    if one.draft.rests_on is RestsOn.LOGS or not made or made[0].refusal:  # what doesn't fit is refused
        return
    assert age >= FEWEST_TRACKED_DAYS
    assert FEWEST_COVERED_DAYS <= days < ENOUGH_DAYS
    assert not doubts(prove(made[0], usage, [grants], options))
    old = [attached.document for attached in principal.policies if attached.document is not None]
    new = [policy_from_json(document.text, place=document.name) for document in made[0].documents]
    by_name = {service.service: service for service in listed}
    data = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "sqs:SendMessage", "sns:Publish"}
    for action in [
        *ACTIONS,
        "s3:DeleteObject",
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "sqs:CreateQueue",
        "iam:PassRole",
    ]:
        service, name = action.split(":")
        report = by_name.get(service)
        is_proven = report is not None and (
            report.last is None or (action not in data and dict(report.actions).get(name.lower(), LAST_DAY) is None)
        )
        if is_proven and action != "iam:PassRole" and Action(action) not in {known.action for known in found}:
            continue
        fitting = [arn for arn in [*ARNS, "arn:aws:s3:::new"] if catalog().takes_resource(Action(action), arn)]
        for arn in fitting or ["*"]:
            for context in CONTEXTS:
                if allows(principal, old, action, arn, context):
                    assert allows(principal, new, action, arn, context), (action, arn, context)
