"""Drift and reviews give one answer: drift never advises to remove what a review of the days since would keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.cloudtrail.rules.inferences import COPY_SOURCE, PASS_ROLE
from lpgen.core.drift.comparison import DriftOptions
from lpgen.core.drift.coverage import region_days_from_usage
from lpgen.core.drift.disuse import DisuseDrift
from lpgen.core.drift.states import Stamp
from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.model import OBSERVED, Principal
from lpgen.core.options import Options
from lpgen.core.usage.tables import Usage
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from tests.core.drift.drift_states import ARN, State, drift_between
from tests.support.diffs import diff_usage
from tests.support.law_examples import examples
from tests.support.proofs import counted_usages
from tests.support.sample_organization import ROOT
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, policy, role, usage_of, use

CATALOG = bundled_catalog()
UNUSED_DAYS, BASELINE_AGE = 30, 25
OLD = LAST_DAY - timedelta(days=UNUSED_DAYS + 10)


def advised(usage: Usage, principals: Iterable[Principal], usages: Mapping[str, PrincipalUsage]) -> dict[str, set[str]]:
    """The actions that drift advises to remove, by principal, where use fell silent since a baseline."""
    grants = grants_from_principals(principals, CATALOG)
    diff = diff_usage(usage, grants, CATALOG, Options(), usages=usages)
    now = State(
        Stamp("now", LAST_DAY, "1", "2026-09-26"),
        CATALOG.actions(),
        grants,
        usages,
        diff.coverage,
        region_days_from_usage(usage),
        (),
        {},
        {principal.principal.arn: principal.use.ungranted for principal in diff.principals},
    )
    day = LAST_DAY - timedelta(days=BASELINE_AGE)
    accounts = tuple(replace(account, last_day=min(day, account.last_day)) for account in now.coverage.accounts)
    before = replace(now, stamp=replace(now.stamp, as_of=day), coverage=replace(now.coverage, accounts=accounts))
    drift = drift_between(before, now, CATALOG, DriftOptions(UNUSED_DAYS, 30))
    return {
        finding.subject: {detail.partition(",")[0] for detail in finding.details}
        for finding in drift.findings
        if finding.kind is DisuseDrift.NEWLY_UNUSED
    }


def kept_since(
    usage: Usage, principals: Iterable[Principal], usages: Mapping[str, PrincipalUsage], keep: KeepUnobservable
) -> dict[str, set[str]]:
    """The actions that a review of the days since keeps, by principal."""
    oldest = (LAST_DAY - timedelta(days=UNUSED_DAYS)).isoformat()
    lately = {
        arn: replace(found, uses=tuple(use for use in found.uses if use.evidence.last_seen[:10] > oldest))
        for arn, found in usages.items()
    }
    grants = grants_from_principals(principals, CATALOG)
    diff = diff_usage(usage, grants, CATALOG, Options(keep_unobservable=keep_each(keep)), usages=lately)
    return {principal.principal.arn: {line.action for line in principal.draft.lines} for principal in diff.principals}


def last_on(use: Use, day: date) -> Use:
    """The use as if it had last been seen on a day."""
    seen = f"{day.isoformat()}T12:00:00Z"
    return replace(use, evidence=replace(use.evidence, first_seen=seen, last_seen=seen))


def at_account(service: str, name: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"


USES = (
    use("imagebuilder:StartImagePipelineExecution", at_account("imagebuilder", "image-pipeline/web")),
    use("imagebuilder:GetImagePipeline", at_account("imagebuilder", "image-pipeline/web")),
    use("codepipeline:StartPipelineExecution", at_account("codepipeline", "web")),
    use("ecs:RunTask", at_account("ecs", "task-definition/web:1")),
    use("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/task", how=PASS_ROLE),
    use("ssm:StartSession", at_account("ec2", "instance/i-0123456789abcdef0")),
    use("sqs:ReceiveMessage", at_account("sqs", "work")),
    use("sqs:DeleteMessage", at_account("sqs", "work")),
    use("s3:GetObject", "arn:aws:s3:::data/a", how=COPY_SOURCE),
    use("s3:GetObjectTagging", "arn:aws:s3:::data/a"),
    use("s3:GetBucketPolicy", "arn:aws:s3:::data"),
    use("ec2:DescribeVpcs"),
    use("ec2:DescribeSubnets"),
)
UNGRANTED = (use("ec2:DescribeVolumes"), use("sns:ListTopics"))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[Principal, ...], list[Use]]:
    granted = draw(st.lists(st.sampled_from(USES), min_size=2, unique=True))
    resources = draw(st.sampled_from((["*"], sorted({use.resource.text for use in granted}))))
    trust = policy(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ).document
    actions = sorted({use.action for use in granted})
    app = replace(role(policy(allow(list(actions), resources))), trust=trust if draw(st.booleans()) else None)
    tasks = policy(
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ).document
    uses = [last_on(use, draw(st.sampled_from((OLD, LAST_DAY)))) for use in granted]
    uses += [last_on(use, LAST_DAY) for use in UNGRANTED if draw(st.booleans())]
    return (app, replace(role(name="task"), trust=tasks)), [*uses, last_on(use("sts:GetCallerIdentity"), LAST_DAY)]


@pytest.mark.parametrize("keep", [KeepUnobservable.SIGNED, KeepUnobservable.ALL])
@settings(max_examples=examples(40), deadline=None)
@given(world=worlds())
def test_drift_never_advises_to_remove_what_a_review_of_the_days_since_keeps(
    world: tuple[tuple[Principal, ...], list[Use]], keep: KeepUnobservable
) -> None:
    principals, uses = world
    usage = usage_of({ARN: uses})
    usages = counted_usages(usage, grants_from_principals(principals, CATALOG), (), Dangers(CATALOG))
    going = advised(usage, principals, usages).get(ARN, set())
    assert not going & kept_since(usage, principals, usages, keep)[ARN]


@pytest.mark.parametrize(
    ("caller", "fell_silent", "is_advised"),
    [
        (USES[0], USES[1], False),  # AWS checks it within the caller
        (USES[3], USES[4], False),  # the caller may have passed the role unnamed
        (USES[8], USES[9], False),  # the caller may have copied tags
        (UNGRANTED[0], USES[11], False),  # the unexplained use may have been it
        (USES[0], USES[11], True),
        (USES[10], USES[9], False),  # it may have been on a bucket whose data events the trail leaves out
    ],
)
def test_drift_advises_to_remove_only_what_no_later_call_may_have_needed(
    caller: Use, fell_silent: Use, *, is_advised: bool
) -> None:
    granted = [fell_silent.action] if caller in UNGRANTED else [caller.action, fell_silent.action]
    trust = policy(
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ).document
    principals = (role(policy(allow([*granted, "s3:GetBucketAcl"]))), replace(role(name="task"), trust=trust))
    still_used = [last_on(caller, LAST_DAY), last_on(use("s3:GetBucketAcl", "arn:aws:s3:::data"), LAST_DAY)]
    usage = usage_of({ARN: [*still_used, last_on(fell_silent, OLD)]}, data_on=["arn:aws:s3:::data/b"])
    usages = counted_usages(usage, grants_from_principals(principals, CATALOG), (), Dangers(CATALOG))
    expected = {ARN: {fell_silent.action}} if is_advised else {}
    assert advised(usage, principals, usages) == expected


def test_drift_of_the_sample_organization_advises_nothing_that_a_review_of_the_days_since_keeps(
    sample_data: Path,
) -> None:
    usage, principals = read_usage(sample_data), read_snapshot([ROOT / "authorization-details"]).principals
    usages = {
        arn: replace(found, uses=tuple(aged(use, at) for at, use in enumerate(found.uses)))
        for arn, found in counted_usages(
            usage, grants_from_principals(principals, CATALOG), (), Dangers(CATALOG)
        ).items()
    }
    going = advised(usage, principals, usages)
    kept = kept_since(usage, principals, usages, KeepUnobservable.SIGNED)
    assert sum(map(len, going.values())) > 10
    assert {arn: found & kept[arn] for arn, found in going.items() if found & kept[arn]} == {}


def aged(use: Use, at: int) -> Use:
    """The use, which every third time is as if it had fallen silent."""
    return last_on(use, OLD) if at % 3 == 0 and use.how == OBSERVED else use
