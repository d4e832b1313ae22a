"""What trails record by their settings: by example, and by the laws that more selectors never hide more."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.recorded_calls import BOTH_SIDES, read_only_sides
from lpgen.core.analysis.observability.trail_coverage import Events, recording_trails
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import AccessLevel, Action
from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail, TrailChange, TrailSource
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.readers.trail_settings import read_trails
from tests.support.law_examples import examples
from tests.support.worlds import ACCOUNT, allow, days_before_end, policy, role, usage_of

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "cases" / "trail_coverage.json").read_text("utf-8")
)
MAIN: dict[str, Any] = {
    "TrailARN": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main",
    "Name": "main",
    "HomeRegion": "us-east-1",
    "IsMultiRegionTrail": True,
    "IncludeGlobalServiceEvents": True,
    "IsOrganizationTrail": False,
}


@cache
def catalog() -> Catalog:
    return bundled_catalog()


def documents(case: dict[str, Any]) -> list[Any]:
    if "settings" in case:
        found: list[Any] = case["settings"]
        return found
    trail = {**MAIN, **case.get("trail", {})}
    status = [case["status"]] if "status" in case else []
    return [{"Trail": trail}, {"TrailARN": trail["TrailARN"], **case["selectors"]}, *status]


def observability(
    case: dict[str, Any], folder: Path, source: TrailSource = TrailSource.NAMED, *, data_events: bool = True
) -> Observability:
    path = folder / "trails.json"
    path.write_text("\n".join(json.dumps(document, indent=1) for document in documents(case)), "utf-8")
    trails = read_trails([path])
    seen_data = [("us-east-1", "s3.amazonaws.com")] if data_events else []
    coverage = coverage_from_usage(usage_of({}, data_events=seen_data), trails, source)
    return Observability(catalog(), coverage, trails, min_days=90)


def blind_spots(
    case: dict[str, Any], folder: Path, source: TrailSource = TrailSource.NAMED, *, data_events: bool = True
) -> dict[str, str]:
    more = {"Condition": case["condition"]} if "condition" in case else {}
    actions = [*case["recorded"], *case["blind"]]
    statement = allow(actions, case.get("resources", "*"), **more)
    (grants,) = grants_from_principals([role(policy(statement))], catalog())
    seen = observability(case, folder, source, data_events=data_events)
    return {action: seen.blind_spot(Action(action), ACCOUNT, ("us-east-1",), grants.allows) for action in actions}


@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: str(case["name"]))
def test_actions_of_one_trace_are_blind_spots_together(case: dict[str, Any], tmp_path: Path) -> None:
    seen = observability(case, tmp_path)
    (grants,) = grants_from_principals([role(policy(allow("*", "arn:aws:s3:::data/*")))], catalog())
    by_trace: dict[int, set[str]] = defaultdict(set)
    for prefix in ("s3", "kms", "sts", "iam", "lambda", "ec2", "sqs"):
        for action in catalog().service_actions(prefix):
            spot = seen.blind_spot(action, ACCOUNT, ("us-east-1",), grants.allows)
            by_trace[seen.trace(action)].add(spot)
    assert all(len(spots) == 1 for spots in by_trace.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_blind_spot_names_what_the_trails_leave_out(case: dict[str, Any], tmp_path: Path) -> None:
    assert case["source"].startswith("https://docs.aws.amazon.com/")
    found = blind_spots(case, tmp_path)
    assert {one: found[one] for one in case["recorded"]} == dict.fromkeys(case["recorded"], "")
    for action, reason in case["blind"].items():
        assert reason in found[action], action


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
@pytest.mark.parametrize("data_events", [True, False])
def test_settings_of_a_snapshot_count_only_as_far_as_the_log_shows_the_same(
    case: dict[str, Any], data_events: bool, tmp_path: Path
) -> None:
    """Nobody says that the logs of its trails were ingested: what either of the two leaves out isn't recorded."""
    found = blind_spots(case, tmp_path, TrailSource.SNAPSHOT, data_events=data_events)
    by_settings = blind_spots(case, tmp_path, TrailSource.NAMED, data_events=data_events)
    elsewhere = {**case, "settings": [{"Trail": FOREIGN}, {"TrailARN": FOREIGN["TrailARN"], "EventSelectors": []}]}
    by_log = blind_spots(elsewhere, tmp_path, TrailSource.NAMED, data_events=data_events)
    assert {one for one in found if found[one]} == {one for one in found if by_settings[one] or by_log[one]}
    if not data_events:
        assert all(found[one] for one in found if one.startswith("s3:") and one.endswith("Object"))


FOREIGN = {**MAIN, "TrailARN": "arn:aws:cloudtrail:us-east-1:999999999999:trail/other", "IsOrganizationTrail": False}
"""A trail of an account that has no logs: of this one's account nothing is known but what its log shows."""


@pytest.mark.parametrize(
    ("action", "level", "sides"),
    [
        ("ec2:DescribeInstances", AccessLevel.LIST, (True,)),
        ("ec2:RunInstances", AccessLevel.WRITE, (False,)),
        ("logs:StartQuery", AccessLevel.READ, BOTH_SIDES),
        ("kms:Decrypt", AccessLevel.WRITE, BOTH_SIDES),
        ("sts:AssumeRole", AccessLevel.WRITE, BOTH_SIDES),
        ("ssm:GetSomething", AccessLevel.WRITE, BOTH_SIDES),
        ("s3express:CreateSession", AccessLevel.WRITE, BOTH_SIDES),
        ("payment-cryptography:GenerateMac", AccessLevel.WRITE, BOTH_SIDES),
    ],
)
def test_read_only_sides_is_sure_only_where_level_and_name_agree(
    action: str, level: AccessLevel, sides: tuple[bool, ...]
) -> None:
    assert read_only_sides(Action(action), level, by_writes=False) == sides


def test_read_only_sides_of_a_read_is_unsure_where_writing_calls_need_it() -> None:
    assert read_only_sides(Action("s3:GetObject"), AccessLevel.READ, by_writes=True) == BOTH_SIDES


@pytest.mark.parametrize(("reset", "reason"), [(20, "which is 20 covered days"), (100, "")])
def test_blind_spot_counts_only_the_days_since_selectors_were_changed(reset: int, reason: str, tmp_path: Path) -> None:
    case = {
        "selectors": {"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]}
    }
    path = tmp_path / "trails.json"
    path.write_text(json.dumps(documents(case)), "utf-8")
    trails = read_trails([path])
    (grants,) = grants_from_principals([role(policy(allow("s3:GetObject")))], catalog())
    when = days_before_end(reset)
    change = TrailChange(when, "PutEventSelectors", ACCOUNT, MAIN["TrailARN"], "someone", "event-1")
    coverage = coverage_from_usage(usage_of({}), trails)
    seen = Observability(catalog(), coverage, trails, (change,), min_days=90)
    found = seen.blind_spot(Action("s3:GetObject"), ACCOUNT, (), grants.allows)
    assert found.endswith(reason)
    assert bool(found) is bool(reason)
    assert ("PutEventSelectors of main" in found) is bool(reason)


# ---------------------------------------------------------------- laws

VALUES = ("arn:aws:s3:::a/", "arn:aws:s3:::a/b", "arn:aws:s3:::", "arn:aws:s3:::c/d", "true", "false", "GetObject")
FIELDS = ("readOnly", "eventName", "eventSource", "resources.ARN", "resources.type", "userIdentity.arn")
TESTS = st.builds(
    FieldTest,
    field=st.sampled_from(FIELDS),
    operator=st.sampled_from(FieldOperator),
    values=st.lists(st.sampled_from(VALUES), min_size=1, max_size=2).map(tuple),
)
SELECTORS = st.builds(
    Selector, category=st.sampled_from(("Data", "Management")), tests=st.lists(TESTS, max_size=2).map(tuple)
)
PATTERNS = st.sampled_from(("*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b/c", "arn:aws:s3:::c", "arn:aws:s3:::?/b"))


def trail_with(selectors: list[Selector]) -> Trail:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
    return Trail(arn, "main", ACCOUNT, "us-east-1", True, True, False, True, tuple(selectors))


def object_events(pattern: str) -> Events:
    return Events(
        service="s3",
        category="Data",
        kind="AWS::S3::Object",
        sides=(True,),
        sources=("s3.amazonaws.com",),
        names=("GetObject", "HeadObject"),
        resources=(pattern,),
        regions=("",),
    )


@settings(max_examples=examples(150), deadline=None)
@given(selectors=st.lists(SELECTORS, max_size=3), more=SELECTORS, pattern=PATTERNS)
def test_recording_trails_shows_no_less_with_one_more_selector(
    selectors: list[Selector], more: Selector, pattern: str
) -> None:
    events = object_events(pattern)
    if not isinstance(recording_trails(events, [trail_with(selectors)]), str):
        assert not isinstance(recording_trails(events, [trail_with([*selectors, more])]), str)


@settings(max_examples=examples(150), deadline=None)
@given(selector=SELECTORS, more=TESTS, pattern=PATTERNS)
def test_recording_trails_shows_no_more_with_one_more_test(selector: Selector, more: FieldTest, pattern: str) -> None:
    events = object_events(pattern)
    narrower = Selector(selector.category, (*selector.tests, more))
    if not isinstance(recording_trails(events, [trail_with([narrower])]), str):
        assert not isinstance(recording_trails(events, [trail_with([selector])]), str)


@settings(max_examples=examples(150), deadline=None)
@given(value=st.sampled_from(VALUES), operator=st.sampled_from(FieldOperator), pattern=PATTERNS, key=st.text("abcd/"))
def test_recording_trails_covers_a_pattern_only_with_every_arn_that_it_stands_for(
    value: str, operator: FieldOperator, pattern: str, key: str
) -> None:
    selector = Selector("Data", (FieldTest("resources.ARN", operator, (value,)),))
    exact = pattern.replace("*", key).replace("?", "a")
    if not isinstance(recording_trails(object_events(pattern), [trail_with([selector])]), str) and "/" in exact:
        assert not isinstance(recording_trails(object_events(exact), [trail_with([selector])]), str)
