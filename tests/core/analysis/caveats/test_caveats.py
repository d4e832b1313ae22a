"""Caveats: what keeps a replacement from being called safe, and who accepts it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.findings import PrincipalClass, PrincipalDiff, Verdict
from lpgen.core.model import AttachedPolicy, Outcome, PolicyKind, Resource, ResourceKind
from lpgen.core.registry.row import CaveatKind
from lpgen.core.replacements import DecisionKind
from lpgen.core.tooling import tooling_of
from lpgen.core.workloads import Schedule, longest_interval
from tests.core.analysis.test_diff import DATA, OBJECT, caveats, decision, diff_of, items, kept, unmapped, verdicts
from tests.core.analysis.test_diff_blind_spots import trail_of
from tests.support.account_activity import office, thinned
from tests.support.worlds import allow, days_before_end, deny, exactly, policy, role, use


def test_diff_is_incomplete_with_an_unmapped_success_until_a_person_accepts_it() -> None:
    principal = role(policy(allow("s3:GetObject")))
    found = diff_of(principal, skips=[unmapped(principal)])
    assert found.principal_class is PrincipalClass.ACTIVE
    (caveat,) = found.assessment.open_caveats
    assert caveat.item == "unmapped s3.amazonaws.com GetSecretThing"
    decided = decision(DecisionKind.ACCEPT, item="unmapped s3.*")
    accepted = diff_of(principal, skips=[unmapped(principal)], options=exactly(decisions=(decided,)))
    assert accepted.assessment.open_caveats == ()
    assert accepted.assessment.caveats[0].accepted_by == "team: because"
    assert diff_of(principal, skips=[unmapped(principal, "denied")]).assessment.caveats == ()


def test_diff_is_incomplete_with_a_record_that_could_not_be_read() -> None:
    principal = role(policy(allow("s3:GetObject")))
    found = diff_of(principal, skips=[{**unmapped(principal, ""), "reason": "bad_record"}])
    assert [caveat.item for caveat in found.assessment.open_caveats] == ["bad_record s3.amazonaws.com GetSecretThing"]


def test_diff_is_incomplete_with_a_granted_pattern_that_the_catalog_does_not_know() -> None:
    found = diff_of(role(policy(allow(["s3:GetObject", "s3:NoSuchThing"]))), [use("s3:GetObject", OBJECT)])
    assert [caveat.item for caveat in found.assessment.open_caveats] == ["unknown-pattern s3:NoSuchThing"]
    denied = diff_of(role(policy(allow("s3:GetObject"), deny("s3:NoSuchThing"))), [use("s3:GetObject", OBJECT)])
    assert denied.assessment.open_caveats == ()


def test_diff_separates_the_records_of_a_recreated_role() -> None:
    principal = role(policy(allow("s3:GetObject")))
    found = diff_of(principal, [use("s3:GetObject", OBJECT)], principal_id="AROAOLD")
    assert verdicts(found) == {"s3:GetObject": Verdict.UNOBSERVABLE}  # the newer one left no data event
    assert caveats(found) == {UnknownCaveat.RECREATED}
    assert found.assessment.caveats[0].message.endswith("; only the earlier one used s3:GetObject")


def test_diff_of_a_recreated_role_counts_the_records_of_the_earlier_one() -> None:
    created = days_before_end(200)
    principal = role(policy(allow("s3:GetObject")), created=created)
    denied = replace(use("s3:GetObject", OBJECT), outcome=Outcome.DENIED)
    found = diff_of(principal, [use("s3:GetObject", OBJECT), denied], principal_id="AROAOLD").use.recreated
    assert found is not None
    assert (found.created, found.records) == (created.date(), 2 * use("s3:GetObject", OBJECT).evidence.records)
    assert found.text == f"deleted and created again on {created.date()}; 2 records of the deleted one don't count"
    undated = diff_of(replace(principal, created=None), [denied], principal_id="AROAOLD").use.recreated
    assert undated is not None
    assert undated.text == "deleted and created again; 1 record of the deleted one doesn't count"
    assert diff_of(principal, [use("s3:GetObject", OBJECT)]).use.recreated is None
    unknown = replace(principal, principal_id="")
    assert diff_of(unknown, [use("s3:GetObject", OBJECT)], principal_id="AROAOLD").use.recreated is None


def test_diff_doubts_short_coverage_and_young_principals_and_policies() -> None:
    short = diff_of(role(policy(allow("s3:GetObject"))), [use("s3:GetObject", OBJECT)], days=89)
    assert caveats(short) == {LogsCaveat.SHORT_COVERAGE}
    young = diff_of(role(policy(allow("s3:GetObject")), created=days_before_end(89)), [use("s3:GetObject", OBJECT)])
    assert items(young) == {"young-principal"}
    fresh = replace(policy(allow("s3:GetObject")), created=days_before_end(10), kind=PolicyKind.CUSTOMER_MANAGED)
    assert items(diff_of(role(fresh), [use("s3:GetObject", OBJECT)])) == {f"young-policy {fresh.arn or fresh.name}"}
    lenient = diff_of(role(fresh), [use("s3:GetObject", OBJECT)], options=exactly(min_days=10))
    assert caveats(lenient) == set()


def schedule_of(arn: str, expression: str, *, enabled: bool = True) -> Schedule:
    days = longest_interval(expression, date(2026, 9, 30))
    return Schedule("EventBridge rule", "nightly", expression, enabled, days, (arn,))


@pytest.mark.parametrize(
    ("expression", "doubted"),
    [
        ("rate(7 days)", False),
        ("rate(45 days)", False),
        ("rate(46 days)", True),
        ("cron(0 0 1 */3 ? *)", True),
        ("at(2027-01-01T00:00:00)", True),
        ("at(2026-01-01T00:00:00)", False),
        ("every blue moon", True),
    ],
)
def test_diff_doubts_a_role_whose_schedule_the_logs_cannot_show_twice(expression: str, *, doubted: bool) -> None:
    principal = role(policy(allow("s3:GetObject")))

    def found(schedule: Schedule, **more: Any) -> PrincipalDiff:
        return diff_of(
            principal, [use("s3:GetObject", OBJECT)], days=90, options=exactly(schedules=(schedule,), **more)
        )

    expected = {LogsCaveat.RARE_SCHEDULE} if doubted else set()
    assert caveats(found(schedule_of(principal.arn, expression))) == expected
    assert caveats(found(schedule_of(principal.arn, expression, enabled=False))) == set()
    assert caveats(found(schedule_of(f"{principal.arn}-2", expression))) == set()
    accepted = decision(DecisionKind.ACCEPT, item="rare-schedule nightly")
    assert found(schedule_of(principal.arn, expression), decisions=(accepted,)).assessment.open_caveats == ()


def test_a_rare_schedule_is_named_with_its_interval_and_the_days_that_it_takes() -> None:
    principal = role(policy(allow("s3:GetObject")))
    options = exactly(schedules=(schedule_of(principal.arn, "rate(50 days)"),))
    (caveat,) = diff_of(principal, [use("s3:GetObject", OBJECT)], days=90, options=options).assessment.caveats
    assert caveat.message == (
        "the EventBridge rule nightly starts it up to 50 days apart (`rate(50 days)`), and the logs cover 90 of"
        " the 100 days that show two runs"
    )
    assert caveat.step == "ingest 10 more days of logs, or keep what it needs then and accept this"


@pytest.mark.parametrize(
    ("region", "days", "is_hole"),
    [
        ("eu-west-1", 5, True),
        ("us-east-1", 5, False),
        ("", 5, False),
        ("eu-west-1", 500, False),
        ("eu-west-1", -2, False),
    ],
)
def test_diff_doubts_logs_without_the_region_that_iam_dates_the_last_use_in(
    region: str, days: int, is_hole: bool
) -> None:
    used = role(policy(allow("s3:*")), last_used=days_before_end(days), last_used_region=region)
    found = diff_of(used, [use("s3:GetBucketLocation", DATA)])
    assert caveats(found) == ({LogsCaveat.COVERAGE_HOLE} if is_hole else set())
    if is_hole:
        assert found.assessment.caveats[0].message.endswith(" in eu-west-1, a Region without any logs")


@pytest.mark.parametrize(
    ("days", "actions", "doubted"),
    [(1, "*", True), (2, "*", True), (3, "*", False), (1, "s3:*", False)],
    ids=["a day", "two days", "three days", "narrower rights"],
)
def test_diff_doubts_what_may_do_nearly_everything_and_hardly_ever_does(
    days: int, actions: str, *, doubted: bool
) -> None:
    uses = [use("s3:GetObject", OBJECT, seen=f"2026-09-{day:02}T00:00:00Z") for day in range(1, days + 1)]
    found = diff_of(role(policy(allow(actions))), uses)
    assert ("seldom-used" in items(found)) is doubted


def test_diff_asks_for_no_more_days_of_use_than_for_covered_ones() -> None:
    found = diff_of(role(policy(allow("*"))), [use("s3:GetObject", OBJECT)], options=exactly(min_days=1))
    assert "seldom-used" not in items(found)


def test_diff_counts_no_day_of_denied_tries_alone() -> None:
    tries = [use("s3:GetObject", OBJECT, seen=f"2026-09-{day:02}T00:00:00Z", outcome=Outcome.DENIED) for day in (2, 3)]
    found = diff_of(role(policy(allow("*"))), [use("s3:GetObject", OBJECT), *tries])
    assert "seldom-used" in items(found)
    accepted = exactly(decisions=(decision(DecisionKind.ACCEPT, item="seldom-used"),))
    found = diff_of(role(policy(allow("*"))), [use("s3:GetObject", OBJECT)], options=accepted)
    assert "seldom-used" not in {caveat.item for caveat in found.assessment.open_caveats}


def test_diff_counts_no_age_across_a_hole() -> None:
    silent = [days_before_end(at).date() for at in range(10, 70)]
    principal = role(policy(allow("s3:GetObject")), created=days_before_end(100))
    found = diff_of(principal, [use("s3:GetObject", OBJECT)], days=300, silent=silent)
    (young,) = found.assessment.open_caveats
    assert young.kind is LogsCaveat.YOUNG
    assert young.message == (
        "the role was created 100 days before the end of the logs, which cover 40 of them (minimum for safe: 90 days),"
        " so it may not have done all its work yet"
    )
    assert young.parameters["until"] == days_before_end(-50).date()
    older = role(policy(allow("s3:GetObject")), created=days_before_end(150))
    assert diff_of(older, [use("s3:GetObject", OBJECT)], days=300, silent=silent).assessment.open_caveats == ()


def test_diff_counts_no_thin_day_until_a_person_accepts_it() -> None:
    first = days_before_end(119).date()
    real = {first + timedelta(at): day for at, day in enumerate(office(Random(0), 40).values())}
    forged = {first + timedelta(at): {("arn:aws:iam::1:role/app", "s3.amazonaws.com"): 1} for at in range(40, 120)}
    principal = role(policy(allow("s3:GetObject")))
    found = diff_of(principal, [use("s3:GetObject", OBJECT)], activity=real | forged)
    (thin,) = found.assessment.open_caveats
    assert (thin.kind, thin.item, found.use.covered_days) == (LogsCaveat.INCOMPLETE_LOGS, "thin-days", 40)
    assert thin.message.startswith("the logs cover 40 days, fewer than 90, and 80 more days")
    accept = exactly(decisions=(decision(DecisionKind.ACCEPT, item="thin-days"),))
    assert (
        diff_of(
            principal, [use("s3:GetObject", OBJECT)], activity=real | forged, options=accept
        ).assessment.open_caveats
        == ()
    )


def test_diff_doubts_logs_that_lack_most_files() -> None:
    first = days_before_end(119).date()
    days = thinned(office(Random(0), 120), Random(0)).values()
    found = diff_of(
        role(policy(allow("s3:GetObject"))),
        [use("s3:GetObject", OBJECT)],
        activity={first + timedelta(at): day for at, day in enumerate(days)},
    )
    assert "missing-files" in items(found)


@pytest.mark.parametrize(
    ("action", "kinds"), [("iam:PutRolePolicy", {DangerCaveat.DANGEROUS_ATTEMPT}), ("s3:GetObject", set())]
)
def test_diff_doubts_a_dangerous_action_that_stays_for_a_try(action: str, kinds: set[CaveatKind]) -> None:
    tried = [use(action, "?", outcome=Outcome.UNDETERMINED, error="ThrottlingException")]
    found = diff_of(role(policy(allow(action))), tried)
    assert verdicts(found) == {action: Verdict.ATTEMPTED}
    assert caveats(found) == kinds


def test_diff_doubts_an_action_on_more_resources_than_are_told_apart() -> None:
    overflow = replace(use("s3:GetObject"), resource=Resource(ResourceKind.OVERFLOW))
    found = diff_of(role(policy(allow("s3:GetObject"))), [overflow])
    assert [caveat.item for caveat in found.assessment.open_caveats] == ["too-many-resources s3:GetObject"]


FULL_ACCESS = {
    "AmazonS3FullAccess": "s3:*",
    "AmazonS3ReadOnlyAccess": "s3:Get*",
    "AmazonSQSFullAccess": "sqs:*",
    "AmazonSNSFullAccess": "sns:*",
}


def of_aws(name: str, *statements: dict[str, object]) -> AttachedPolicy:
    """A policy that AWS wrote, which is no sign for the services that it names."""
    own = policy(*statements)
    return replace(own, kind=PolicyKind.AWS_MANAGED, name=name, arn=f"arn:aws:iam::aws:policy/{name}")


@pytest.mark.parametrize(("name", "pattern"), FULL_ACCESS.items())
def test_diff_never_calls_the_unseen_removal_of_a_named_data_plane_safe(name: str, pattern: str) -> None:
    principal = role(policy(allow("ec2:DescribeInstances")), of_aws(name, allow(pattern)))
    used = [use("ec2:DescribeInstances")]
    accept = exactly(decisions=(decision(DecisionKind.ACCEPT, item="*"),))
    found = diff_of(principal, used, data_events=(), options=accept)
    (caveat,) = [caveat for caveat in found.assessment.open_caveats if caveat.kind is ReplacementCaveat.UNSEEN_NAMED]
    assert caveat.parameters["services"] == (pattern.partition(":")[0],)
    for kind in (DecisionKind.KEEP, DecisionKind.DROP):
        decided = exactly(decisions=(decision(kind, action=pattern),))
        assert ReplacementCaveat.UNSEEN_NAMED not in caveats(diff_of(principal, used, data_events=(), options=decided))


def test_diff_does_not_doubt_the_removal_of_a_data_plane_that_the_trails_record() -> None:
    principal = role(policy(allow("ec2:DescribeInstances")), of_aws("AmazonS3ReadOnlyAccess", allow("s3:GetObject*")))
    used = [use("ec2:DescribeInstances")]
    assert caveats(diff_of(principal, used, options=exactly(trails=(trail_of(DATA),)))) == {
        ReplacementCaveat.UNSEEN_NAMED
    }
    assert not caveats(diff_of(principal, used, options=exactly(trails=(trail_of(),))))


def test_diff_keeps_the_unseen_data_plane_that_a_deny_of_the_roles_own_names() -> None:
    principal = role(of_aws("PowerUserAccess", allow("*")), policy(deny("s3:DeleteBucket")))
    found = diff_of(principal, [use("ec2:DescribeInstances")], data_events=())
    assert "s3:GetObject" in kept(found)
    (caveat,) = [caveat for caveat in found.assessment.caveats if caveat.kind is ReplacementCaveat.UNSEEN_UNDER_STAR]
    assert "s3" not in caveat.parameters["services"]


def test_diff_doubts_for_good_the_removal_of_an_unseen_data_plane_that_the_boundary_names() -> None:
    boundary = policy(allow(["s3:*", "ec2:Describe*"]), name="boundary")
    found = diff_of(role(policy(allow("*")), boundary=boundary), [use("ec2:DescribeInstances")], data_events=())
    (caveat,) = [caveat for caveat in found.assessment.caveats if caveat.kind is ReplacementCaveat.UNSEEN_NAMED]
    assert caveat.parameters["services"] == ("s3",)


def test_diff_doubts_unseen_removals_in_one_order_whatever_the_order_of_actions() -> None:
    kinds = (ReplacementCaveat.UNSEEN_NAMED, ReplacementCaveat.UNSEEN_UNDER_STAR)
    for services in (["s3:*"], ["sqs:*"], ["sns:*"], ["s3:*", "sns:*"]):
        principal = role(policy(allow("*")), of_aws("Odd", allow(services)))
        found = diff_of(principal, [use("ec2:DescribeInstances")], data_events=()).assessment.caveats
        assert tuple(caveat.kind for caveat in found if caveat.kind in kinds) == kinds


def test_diff_does_not_doubt_a_removed_data_action_that_the_policy_grants_on_nothing() -> None:
    for on, doubted in (("*", True), ("arn:aws:s3:::no-object", False)):
        principal = role(of_aws("Odd", allow("s3:GetObject*", on)), policy(allow("ec2:DescribeInstances")))
        found = caveats(diff_of(principal, [use("ec2:DescribeInstances")], data_events=()))
        assert (ReplacementCaveat.UNSEEN_NAMED in found) is doubted


@pytest.mark.parametrize(
    ("statement", "doubted"),
    [
        (allow("*"), True),
        (allow("*:*"), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        (allow(["dynamodb:*", "sqs:*", "s3:*"]), False),
    ],
    ids=["star", "stars", "NotAction", "services"],
)
def test_diff_doubts_the_removal_of_what_logs_cannot_show_where_no_service_is_named(
    statement: dict[str, object], *, doubted: bool
) -> None:
    found = diff_of(role(policy(statement)), [use("s3:ListAllMyBuckets")], data_events=())
    ours = [caveat for caveat in found.assessment.open_caveats if caveat.kind is ReplacementCaveat.UNSEEN_UNDER_STAR]
    assert bool(ours) is doubted
    for our in ours:
        assert "sqs" in our.parameters["services"]
        assert "s3" not in our.parameters["services"], "the principal used it, so its actions stay"


def test_diff_does_not_doubt_removals_that_iam_speaks_of_or_that_decisions_make_good() -> None:
    broad = role(policy(allow("*")))
    accept = exactly(decisions=(decision(DecisionKind.ACCEPT, item="unseen-under-star"),))
    found = diff_of(broad, [use("s3:ListAllMyBuckets")], data_events=(), options=accept)
    assert ReplacementCaveat.UNSEEN_UNDER_STAR not in {caveat.kind for caveat in found.assessment.open_caveats}
    (before,) = [caveat for caveat in found.assessment.caveats if caveat.kind is ReplacementCaveat.UNSEEN_UNDER_STAR]
    keep = exactly(decisions=(decision(DecisionKind.KEEP, action="sqs:*"),))
    (after,) = [
        caveat
        for caveat in diff_of(broad, [use("s3:ListAllMyBuckets")], data_events=(), options=keep).assessment.caveats
        if caveat.kind is ReplacementCaveat.UNSEEN_UNDER_STAR
    ]
    assert set(before.parameters["services"]) - set(after.parameters["services"]) == {"sqs"}


@pytest.mark.parametrize(
    ("name", "doubted"),
    [
        ("cdk-hnb659fds-deploy-role-111122223333-us-east-1", True),
        ("OrganizationAccountAccessRole", True),
        ("app", False),
    ],
)
def test_diff_doubts_the_roles_of_tooling_that_a_rollout_leaves_as_they_are(name: str, *, doubted: bool) -> None:
    found = diff_of(role(policy(allow("s3:GetObject")), name=name), [use("s3:GetObject", OBJECT)])
    assert ("tooling" in items(found)) is doubted
    assert bool(list(tooling_of(found.principal))) is doubted
