"""What stays since the logs could not have shown its use: by the log alone, and by the settings of trails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import Confidence, PrincipalDiff, Verdict
from lpgen.core.model import Action, Outcome, PrincipalKind
from lpgen.core.replacements import LineKind, Scope
from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail, TrailSource
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import DATA, OBJECT, diff_of, kept, verdicts
from tests.support.diffs import diff_usage
from tests.support.worlds import (
    ACCOUNT,
    OTHER_ROLE,
    allow,
    catalog,
    days_before_end,
    exactly,
    grants_of,
    policy,
    role,
    usage_of,
    use,
)


def test_diff_is_less_sure_of_what_only_data_events_show_where_no_trail_settings_say_which() -> None:
    reader = role(policy(allow("s3:GetObject", f"{DATA}/*"), allow("s3:GetBucketTagging", DATA)))
    by_log = diff_of(reader)
    assert {verdict.action: (verdict.verdict, verdict.confidence) for verdict in by_log.assessment.verdicts} == {
        "s3:GetBucketTagging": (Verdict.UNUSED, Confidence.HIGH),
        "s3:GetObject": (Verdict.UNUSED, Confidence.MEDIUM),
    }
    by_settings = diff_of(reader, options=exactly(trails=(trail_of(),)))
    assert {verdict.confidence for verdict in by_settings.assessment.verdicts} == {Confidence.HIGH}


def trail_of(*buckets: str, multi_region: bool = True) -> Trail:
    """A trail of all management events, and of the data events of S3: all, or those of some buckets."""
    tests = [FieldTest("resources.type", FieldOperator.EQUALS, ("AWS::S3::Object",))]
    if buckets:
        starts = tuple(f"{bucket}/" for bucket in buckets)
        tests.append(FieldTest("resources.ARN", FieldOperator.STARTS_WITH, starts))
    selectors = (Selector("Management", ()), Selector("Data", tuple(tests)))
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
    return Trail(arn, "main", ACCOUNT, "us-east-1", multi_region, True, False, True, selectors)


def with_tests(*tests: FieldTest) -> Trail:
    """A trail of the management events that pass some tests."""
    return replace(trail_of(), selectors=(Selector("Management", tests),))


ELSEWHERE = "arn:aws:s3:::elsewhere"


def kept_for_logs(found: PrincipalDiff) -> dict[str, set[str]]:
    """What stays only because the logs can't show it."""
    lines: dict[str, set[str]] = {}
    for line in found.draft.lines:
        if line.kind is LineKind.KEPT:
            lines.setdefault(line.action, set()).update(line.scope.resources)
    return lines


@pytest.mark.parametrize(
    ("granted", "trail", "stays"),
    [
        ([f"{DATA}/*", f"{ELSEWHERE}/*"], trail_of(DATA), {f"{ELSEWHERE}/*"}),
        ([f"{DATA}/*", f"{ELSEWHERE}/*"], trail_of(DATA, ELSEWHERE), set()),
        ([f"{DATA}/*", f"{ELSEWHERE}/*"], trail_of(), set()),
        (["*"], trail_of(DATA), {"*"}),
        (["*"], trail_of(), set()),
        ([f"{DATA}/orders/*"], trail_of(DATA), set()),
    ],
)
def test_diff_keeps_of_a_used_action_what_no_trail_records(granted: list[str], trail: Trail, stays: set[str]) -> None:
    uses = [use("s3:GetObject", f"{DATA}/orders/x")]
    found = diff_of(role(policy(allow("s3:GetObject", granted))), uses, options=exactly(trails=(trail,)))
    assert verdicts(found) == {"s3:GetObject": Verdict.USED}
    assert kept_for_logs(found) == ({"s3:GetObject": stays} if stays else {})
    assert f"{DATA}/orders/x" in kept(found)["s3:GetObject"]
    nothing = exactly(trails=(trail,), keep_unobservable=keep_each(KeepUnobservable.NONE))
    assert kept_for_logs(diff_of(role(policy(allow("s3:GetObject", granted))), uses, options=nothing)) == {}


@pytest.mark.parametrize(
    ("granted", "seen_on", "stays"),
    [
        ([f"{DATA}/*", f"{ELSEWHERE}/*"], [f"{DATA}/x"], {f"{ELSEWHERE}/*"}),
        ([f"{DATA}/*", f"{ELSEWHERE}/*"], [f"{DATA}/x", f"{ELSEWHERE}/a/b"], set()),
        ([f"{DATA}/*", f"{ELSEWHERE}/*"], [], set()),  # nothing tells them apart
        ([f"{DATA}/orders/*"], [f"{DATA}/x"], set()),
        (["arn:aws:s3:::lake-*"], [f"{DATA}/x"], {"arn:aws:s3:::lake-*"}),
        (["arn:aws:s3:::${aws:username}/*"], [f"{DATA}/x"], set()),
    ],
)
def test_diff_keeps_data_actions_where_the_log_names_no_such_resource(
    granted: list[str], seen_on: list[str], stays: set[str]
) -> None:
    uses = [use("s3:GetObject", f"{DATA}/orders/x")]
    used = diff_of(role(policy(allow("s3:GetObject", granted))), uses, data_on=seen_on)
    assert kept_for_logs(used) == ({"s3:GetObject": stays} if stays else {})
    unused = diff_of(role(policy(allow("s3:PutObject", granted))), data_on=seen_on)
    assert verdicts(unused) == {"s3:PutObject": Verdict.UNOBSERVABLE if stays else Verdict.UNUSED}
    if stays:
        assert (
            blind_spots(unused)["s3:PutObject"]
            == f"it leaves a data event, and the logs have no data events on {min(stays)}"
        )
        assert kept_for_logs(unused) == {"s3:PutObject": set(granted)}


@pytest.mark.parametrize("granted", [f"{DATA}*", "*"])
def test_data_events_below_a_star_count_only_for_who_left_some(granted: str) -> None:
    seen = [f"{DATA}-lake/x"]
    both = role(policy(allow(["s3:GetObject", "s3:PutObject"], granted)))
    unused = diff_of(both, data_on=seen)
    assert set(verdicts(unused).values()) == {Verdict.UNOBSERVABLE}
    why = f"it leaves a data event, and the trail may select only some resources of {granted}"
    assert set(blind_spots(unused).values()) == {why}
    used = diff_of(both, [use("s3:GetObject", f"{DATA}/orders/x")], data_on=seen)
    assert verdicts(used) == {"s3:GetObject": Verdict.USED, "s3:PutObject": Verdict.UNUSED}


@pytest.mark.parametrize(
    ("trails", "seen_on", "stays"),
    [
        ([trail_of(DATA), trail_of(ELSEWHERE)], [f"{DATA}/x"], True),
        ([trail_of(DATA), trail_of(ELSEWHERE)], [f"{DATA}/x", f"{ELSEWHERE}/x"], False),
        ([trail_of(DATA), trail_of()], [f"{DATA}/x"], True),  # the logs may be those of the first
        ([trail_of(DATA, ELSEWHERE)], [f"{DATA}/x"], False),
        ([trail_of(), trail_of(DATA, ELSEWHERE)], [f"{DATA}/x"], False),
    ],
)
def test_diff_asks_the_log_where_the_trails_of_a_snapshot_differ(
    trails: list[Trail], seen_on: list[str], stays: bool
) -> None:
    named = tuple(replace(trail, arn=f"{trail.arn}-{at}", name=f"{trail.name}-{at}") for at, trail in enumerate(trails))
    granted = [f"{DATA}/*", f"{ELSEWHERE}/*"]
    uses = [use("s3:GetObject", f"{DATA}/orders/x")]
    for source in (TrailSource.SNAPSHOT, TrailSource.NAMED):
        options = exactly(trails=named, trail_source=source)
        is_open = stays and source is TrailSource.SNAPSHOT
        used = diff_of(role(policy(allow("s3:GetObject", granted))), uses, options=options, data_on=seen_on)
        assert kept_for_logs(used) == ({"s3:GetObject": {f"{ELSEWHERE}/*"}} if is_open else {})
        unused = diff_of(role(policy(allow("s3:PutObject", granted))), options=options, data_on=seen_on)
        assert verdicts(unused) == {"s3:PutObject": Verdict.UNOBSERVABLE if is_open else Verdict.UNUSED}


def test_diff_asks_the_log_for_no_resource_that_an_action_does_not_take() -> None:
    reader = role(policy(allow("s3:GetObject", [f"{DATA}/*", ELSEWHERE])))  # a bucket is no object
    assert kept_for_logs(diff_of(reader, [use("s3:GetObject", OBJECT)], data_on=[OBJECT])) == {}
    assert verdicts(diff_of(reader, data_on=[OBJECT])) == {"s3:GetObject": Verdict.UNUSED}


def test_diff_keeps_all_but_some_of_a_used_action_where_a_trail_leaves_some_out() -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{ELSEWHERE}/*"}
    uses = [use("s3:GetObject", f"{DATA}/orders/x")]
    found = diff_of(role(policy(statement)), uses, options=exactly(trails=(trail_of(DATA),)))
    (line,) = (line for line in found.draft.lines if line.kind is LineKind.KEPT)
    assert line.scope == Scope((f"{ELSEWHERE}/*",), not_resource=True)
    assert line.why.endswith("; it was used elsewhere")
    assert kept_for_logs(diff_of(role(policy(statement)), uses, options=exactly(trails=(trail_of(),)))) == {}


def test_diff_keeps_a_used_action_in_regions_that_no_trail_records() -> None:
    here, there = (f"arn:aws:sqs:{region}:{ACCOUNT}:jobs" for region in ("us-east-1", "eu-west-1"))
    uses = [use("sqs:SetQueueAttributes", here)]
    sender = role(policy(allow("sqs:SetQueueAttributes", [here, there])))
    alone = diff_of(sender, uses, options=exactly(trails=(trail_of(multi_region=False),)))
    assert kept_for_logs(alone) == {"sqs:SetQueueAttributes": {there}}
    assert kept_for_logs(diff_of(sender, uses, options=exactly(trails=(trail_of(),)))) == {}
    assert kept_for_logs(diff_of(sender, uses)) == {"sqs:SetQueueAttributes": {there}}
    assert kept_for_logs(diff_of(sender, uses, management_in=["us-east-1", "eu-west-1"])) == {}


@pytest.mark.parametrize(("days_of_data", "verdict"), [(120, "unused"), (90, "unused"), (89, "unobservable")])
def test_diff_doubts_data_events_that_the_log_holds_for_too_few_days(days_of_data: int, verdict: str) -> None:
    since = days_before_end(days_of_data - 1).date()
    reader = role(policy(allow("s3:GetObject", f"{DATA}/*"), allow("s3:GetBucketLocation", DATA)))
    found = diff_of(reader, [use("s3:GetBucketLocation", DATA)], data_from=since)
    assert verdicts(found)["s3:GetObject"] == verdict
    assert ("s3:GetObject" in kept(found)) == (verdict == "unobservable")
    if verdict == "unobservable":
        (why,) = {verdict.reason for verdict in found.assessment.verdicts if verdict.action == "s3:GetObject"}
        assert why.endswith(f"in us-east-1 only from {since} on, which is 89 covered days")


def blind_spots(found: PrincipalDiff) -> dict[str, str]:
    """Why use of the unobservable actions would not have shown."""
    return {
        verdict.action: verdict.reason
        for verdict in found.assessment.verdicts
        if verdict.verdict is Verdict.UNOBSERVABLE
    }


def test_diff_doubts_management_events_of_a_side_that_the_log_holds_none_of() -> None:
    tagger = role(policy(allow(["s3:GetBucketTagging", "s3:PutBucketTagging", "s3:GetBucketLocation"], DATA)))
    uses = [use("s3:GetBucketLocation", DATA)]
    writes_alone = diff_of(tagger, uses, management_sides=[False])
    assert blind_spots(writes_alone) == {
        "s3:GetBucketTagging": "the logs have no read-only management events, which a trail may exclude"
    }
    assert "s3:GetBucketTagging" in kept(writes_alone)
    assert verdicts(writes_alone)["s3:PutBucketTagging"] == "unused"
    reads_alone = diff_of(tagger, uses, management_sides=[True])
    assert {"s3:PutBucketTagging"} <= blind_spots(reads_alone).keys()
    assert blind_spots(diff_of(tagger, uses)) == {}
    assert blind_spots(diff_of(tagger, uses, management_sides=[])) == {}  # nothing tells them apart


def test_diff_doubts_passed_roles_where_the_log_holds_no_writes() -> None:
    passer = role(policy(allow("iam:PassRole", "*")))
    assert blind_spots(diff_of(passer, management_sides=[True])).keys() == {"iam:PassRole"}
    assert blind_spots(diff_of(passer, management_sides=[False])) == {}


@pytest.mark.parametrize(
    ("trail", "why"),
    [
        (trail_of(), ""),
        (trail_of(multi_region=False), "trail main records only us-east-1"),
        (with_tests(FieldTest("readOnly", FieldOperator.EQUALS, ("false",))), ""),
        (with_tests(FieldTest("readOnly", FieldOperator.EQUALS, ("true",))), "records only events with readOnly"),
        (with_tests(FieldTest("eventSource", FieldOperator.NOT_EQUALS, ("kms.amazonaws.com",))), ""),
        (
            with_tests(FieldTest("eventName", FieldOperator.EQUALS, ("RunInstances",))),
            "records only events with eventName",
        ),
    ],
)
def test_diff_judges_passed_roles_by_the_settings_of_trails(trail: Trail, why: str) -> None:
    passer = role(policy(allow("iam:PassRole", "*")))
    found = blind_spots(diff_of(passer, options=exactly(trails=(trail,)), management_sides=[True, False]))
    assert found.keys() == ({"iam:PassRole"} if why else set())
    assert why in found.get(Action("iam:PassRole"), "")
    by_settings = diff_of(passer, options=exactly(trails=(trail_of(),)), management_sides=[True])
    assert blind_spots(by_settings) == {}


@pytest.mark.parametrize(("days", "is_blind"), [(89, True), (90, False)])
def test_diff_doubts_reads_that_the_log_holds_for_too_few_days(days: int, is_blind: bool) -> None:
    since = days_before_end(days - 1).date()
    found = diff_of(role(policy(allow(["s3:GetBucketTagging", "s3:PutBucketTagging"], DATA))), reads_from=since)
    expected = f"the logs have read-only management events only from {since} on, which is {days} covered days"
    assert blind_spots(found) == ({"s3:GetBucketTagging": expected} if is_blind else {})


def test_diff_doubts_reads_that_the_log_holds_until_too_early() -> None:
    reader = role(policy(allow(["s3:GetBucketTagging", "s3:PutBucketTagging"], DATA)))
    usage = usage_of({reader.arn: []})
    end = days_before_end(60).date()
    days = usage.coverage.column("day").to_pylist()
    reads = [int(day <= end) for day in days]
    at = usage.coverage.schema.get_field_index("read_only")
    usage = replace(usage, coverage=usage.coverage.set_column(at, usage.coverage.schema.field(at), [reads]))
    (found,) = diff_usage(usage, [grants_of(reader)], catalog(), exactly()).principals
    assert blind_spots(found) == {
        "s3:GetBucketTagging": f"the logs have read-only management events only until {end}, which is 60 covered days"
    }


def test_diff_doubts_data_events_of_a_side_that_the_log_holds_none_of() -> None:
    writer = role(policy(allow(["s3:GetObject", "s3:PutObject"], f"{DATA}/*"), allow("s3:GetBucketLocation", DATA)))
    uses = [use("s3:GetBucketLocation", DATA)]
    said = "it leaves a data event, and all data events of s3.amazonaws.com in us-east-1 in the logs are "
    reads_alone = diff_of(writer, uses, data_sides=[True])
    assert blind_spots(reads_alone)["s3:PutObject"] == f"{said}read-only"
    writes_alone = diff_of(writer, uses, data_sides=[False])
    assert blind_spots(writes_alone) == {"s3:GetObject": f"{said}writing"}
    assert verdicts(writes_alone)["s3:PutObject"] == "unused"
    assert blind_spots(diff_of(writer, uses)) == {}


HERE, THERE = (f"arn:aws:sqs:{region}:{ACCOUNT}:jobs" for region in ("eu-west-1", "eu-north-1"))


@pytest.mark.parametrize(
    ("read", "statement", "blind"),
    [
        (["eu-west-1", "us-east-1"], allow("iam:GetRole"), ""),
        (["eu-west-1"], allow("iam:GetRole"), "no record of us-east-1, where calls of iam are recorded"),
        (["cn-northwest-1"], allow("iam:GetRole"), "no record of cn-north-1, where calls of iam are recorded"),
        (["us-gov-east-1"], allow("iam:GetRole"), "no record of us-gov-west-1, where calls of iam are recorded"),
        (["us-gov-west-1"], allow("iam:GetRole"), ""),
        (["eu-west-1"], allow("sqs:GetQueueUrl", HERE), ""),
        (["eu-west-1", "us-east-1"], allow("sqs:GetQueueUrl", [HERE, THERE]), "no record of eu-north-1"),
        (["eu-west-1", "us-east-1"], allow("sqs:GetQueueUrl"), ""),
        (["eu-west-1", "us-east-1"], allow("sqs:GetQueueUrl", "arn:aws:sqs:eu-north-1"), "no record of eu-north-1"),
        (["eu-west-1", "us-east-1"], allow("sqs:GetQueueUrl", "arn:aws:sqs"), ""),
        (
            ["eu-west-1", "us-east-1"],
            allow("sqs:GetQueueUrl", Condition={"StringEquals": {"aws:RequestedRegion": ["eu-north-1"]}}),
            "no record of eu-north-1",
        ),
        (
            ["eu-west-1", "us-east-1"],
            allow("sqs:GetQueueUrl", Condition={"StringEquals": {"aws:RequestedRegion": ["eu-north-1", "eu-west-1"]}}),
            "",
        ),
    ],
)
def test_diff_doubts_management_events_of_a_region_that_the_log_holds_none_of(
    read: list[str], statement: dict[str, Any], blind: str
) -> None:
    found = diff_of(role(policy(statement)), management_in=read, data_events=())
    (one,) = found.assessment.verdicts
    assert one.verdict is (Verdict.UNOBSERVABLE if blind else Verdict.UNUSED)
    assert blind in one.reason
    by_settings = diff_of(
        role(policy(statement)), options=exactly(trails=(trail_of(),)), management_in=read, data_events=()
    )
    assert verdicts(by_settings) == {one.action: Verdict.UNUSED}


def test_diff_keeps_a_used_action_on_resources_of_a_region_that_the_log_holds_none_of() -> None:
    principal = role(policy(allow("sqs:GetQueueUrl", [HERE, THERE, "arn:aws:sqs:eu-north-1:*:mail"])))
    found = diff_of(principal, [use("sqs:GetQueueUrl", HERE, region="eu-west-1")], management_in=["eu-west-1"])
    assert kept_for_logs(found) == {"sqs:GetQueueUrl": {THERE, "arn:aws:sqs:eu-north-1:*:mail"}}


def test_diff_asks_a_log_for_regions_beside_the_trails_of_a_snapshot() -> None:
    options = exactly(trails=(trail_of(),), trail_source=TrailSource.SNAPSHOT)
    reader = role(policy(allow(["iam:GetRole", "sqs:GetQueueUrl"], "*"), allow("sqs:ListQueues", THERE)))
    found = diff_of(reader, options=options, management_in=["eu-west-1"], data_events=())
    assert verdicts(found) == {
        "iam:GetRole": Verdict.UNOBSERVABLE,
        "sqs:GetQueueUrl": Verdict.UNUSED,
        "sqs:ListQueues": Verdict.UNOBSERVABLE,
    }


@pytest.mark.parametrize(
    ("read", "resources", "is_doubted"),
    [
        (["eu-west-1"], "*", True),
        (["eu-west-1"], HERE, False),
        (["eu-west-1", "us-east-1"], "*", False),
        (["us-east-1"], "*", False),
    ],
)
def test_diff_calls_no_replacement_safe_by_the_log_of_one_region_alone(
    read: list[str], resources: str, is_doubted: bool
) -> None:
    principal = role(policy(allow(["sqs:GetQueueUrl", "sqs:ListQueues"], resources)))
    used = [use("sqs:GetQueueUrl", HERE, region="eu-west-1")]
    found = diff_of(principal, used, management_in=read, data_events=())
    doubts = [caveat for caveat in found.assessment.caveats if caveat.kind is LogsCaveat.INCOMPLETE_LOGS]
    assert [doubt.item for doubt in doubts] == ["other-regions"] * is_doubted
    named = diff_of(principal, used, options=exactly(trails=(trail_of(),)), management_in=read, data_events=())
    assert not named.assessment.caveats


@pytest.mark.parametrize(
    ("regions", "is_doubted"),
    [(["eu-west-1"], False), (["eu-west-1", "eu-central-1"], True), (["eu-central-1"], True), (["eu-*"], True)],
)
def test_diff_doubts_the_log_of_one_region_where_a_condition_allows_others(
    regions: list[str], *, is_doubted: bool
) -> None:
    limit = {"StringEquals": {"aws:RequestedRegion": regions}}
    principal = role(policy(allow(["sqs:GetQueueUrl", "sqs:CreateQueue"], "*", Condition=limit)))
    used = [use("sqs:GetQueueUrl", HERE, region="eu-west-1")]
    found = diff_of(principal, used, management_in=["eu-west-1"], data_events=())
    assert [caveat.item for caveat in found.assessment.caveats if caveat.item == "other-regions"] == [
        "other-regions"
    ] * is_doubted


@pytest.mark.parametrize(
    ("region", "missing"),
    [
        ("eu-west-1", "us-east-1"),
        ("us-east-1", ""),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("us-gov-west-1", ""),
        ("us-iso-west-1", "us-iso-east-1"),
        ("us-isob-east-1", ""),
        ("us-isof-east-1", "us-isof-south-1"),
        ("eu-isoe-west-1", ""),
        ("eusc-de-east-1", ""),
    ],
)
def test_diff_misses_the_region_of_global_services_in_the_partition_of_the_logs(region: str, missing: str) -> None:
    found = diff_of(role(policy(allow("sqs:CreateQueue"))), management_in=[region], data_events=())
    messages = [caveat.message for caveat in found.assessment.caveats if caveat.kind is LogsCaveat.INCOMPLETE_LOGS]
    assert [f"none of {missing}," in message for message in messages] == [True] * bool(missing)


@pytest.mark.parametrize(
    ("days", "region", "resources", "is_doubted"),
    [
        (5, "eu-west-1", "*", True),
        (5, "eu-west-1", f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs", False),
        (5, "us-east-1", "*", False),
        (0, "eu-west-1", "*", False),  # the last day may not be whole
        (500, "eu-west-1", "*", False),
    ],
)
def test_diff_doubts_logs_of_one_region_where_another_role_was_used_in_a_second(
    days: int, region: str, resources: str, *, is_doubted: bool
) -> None:
    app = role(policy(allow(["sqs:GetQueueUrl", "sqs:CreateQueue"], resources)))
    other = role(policy(allow("sqs:*")), name="other", last_used=days_before_end(days), last_used_region=region)
    here = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    said = "the logs have records only of us-east-1, though IAM says that other was last used in eu-west-1"
    for options, read, doubted in (
        (exactly(), ["us-east-1"], is_doubted),
        (exactly(trails=(trail_of(),)), ["us-east-1"], False),
        (exactly(), ["us-east-1", "us-west-2"], False),
    ):
        usage = usage_of(
            {principal.arn: [use("sqs:GetQueueUrl", here)] for principal in (app, other)}, management_in=read
        )
        found, _ = diff_usage(usage, [grants_of(app), grants_of(other)], catalog(), options).principals
        assert [caveat.message.partition(", so")[0] for caveat in found.assessment.caveats] == [said] * doubted


def test_diff_asks_the_owner_of_a_user_that_the_log_of_one_region_does_not_show() -> None:
    sender = role(policy(allow("sqs:GetQueueUrl")), kind=PrincipalKind.USER)
    assert diff_of(sender, management_in=["eu-west-1"], data_events=()).advice.sentence.startswith(
        "ask its owner whether it is used, or give IAM's report"
    )
    shown = diff_of(sender, management_in=["us-east-1"], data_events=()).advice.sentence
    assert shown.startswith("ask its owner whether it is used about once a year before you disable it")


FIVE_DAYS = (119, 80, 60, 30, 1)
THIRD_ROLE = f"{OTHER_ROLE}-too"


@pytest.mark.parametrize(
    ("days", "callers", "action", "outcome", "verdict"),
    [
        (FIVE_DAYS, 2, "iot:DescribeThing", Outcome.ALLOWED, Verdict.UNUSED),
        (FIVE_DAYS, 1, "iot:DescribeThing", Outcome.ALLOWED, Verdict.UNOBSERVABLE),
        (FIVE_DAYS[1:], 2, "iot:DescribeThing", Outcome.ALLOWED, Verdict.UNOBSERVABLE),
        (FIVE_DAYS, 2, "iot:DescribeThing", Outcome.DENIED, Verdict.UNOBSERVABLE),
        ((10, 8, 6, 4, 2), 2, "iot:DescribeThing", Outcome.ALLOWED, Verdict.UNOBSERVABLE),
        (FIVE_DAYS, 2, "iot:CreateThing", Outcome.ALLOWED, Verdict.UNOBSERVABLE),
    ],
    ids=["recorded", "of one caller", "on few days", "only denied", "for too few days", "only others are"],
)
@pytest.mark.parametrize("trails", [(), (trail_of(),)], ids=["by the log", "by the settings"])
def test_diff_trusts_a_log_that_holds_reads_which_aws_says_are_not_recorded(
    days: tuple[int, ...], callers: int, action: str, outcome: Outcome, verdict: Verdict, trails: tuple[Trail, ...]
) -> None:
    reader = role(policy(allow(["iot:DescribeThing", "iot:DescribeEndpoint", "iot:CreateThing"])))
    others = (OTHER_ROLE, THIRD_ROLE)[:callers]
    seen: dict[str, list[Use]] = {reader.arn: [use("iot:CreateThing")]}
    for number, day in enumerate(days):
        caller = others[number % callers]
        seen.setdefault(caller, []).append(use(action, seen=days_before_end(day).isoformat(), outcome=outcome))
    every = bundled_catalog()
    options = exactly(trails=trails)
    (found,) = diff_usage(usage_of(seen), grants_from_principals([reader], every), every, options).principals
    verdicts_of = {str(verdict.action): verdict.verdict for verdict in found.assessment.verdicts}
    assert verdicts_of["iot:DescribeThing"] is verdict
    assert verdicts_of["iot:DescribeEndpoint"] is Verdict.UNOBSERVABLE
