"""Holes that recorded changes of trails leave, from records as CloudTrail writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.evidence import AccountCoverage, CoverageSource
from lpgen.core.trails import Selector, Trail, TrailChange
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.logging_holes import first_day_after
from lpgen.core.usage.tables import Usage
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from tests.support.ingests import ingest

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "cases" / "trail_changes.json").read_text("utf-8")
)
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/admin"
_HOURS = 6


def record(event: str, when: str, trail: str = "main", *, caller: str = "role", denied: bool = False) -> dict[str, Any]:
    identity: dict[str, Any] = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
    if caller == "role":
        issuer = {"type": "Role", "arn": ROLE, "principalId": "AROAADMIN", "accountId": ACCOUNT, "userName": "admin"}
        identity = {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me",
            "principalId": "AROAADMIN:me",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": issuer},
        }
    name = "trailName" if event == "PutEventSelectors" else "name"
    found = {
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": when,
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": event,
        "awsRegion": "us-east-1",
        "requestParameters": {name: f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{trail}"},
        "recipientAccountId": ACCOUNT,
        "eventID": f"{event}-{when}-{trail}",
        "eventCategory": "Management",
    }
    return {**found, "errorCode": "AccessDenied", "errorMessage": "no"} if denied else found


def heartbeats(silent: list[str]) -> Iterator[dict[str, Any]]:
    """A call every few hours of September, but for the silent time."""
    start = datetime(2026, 9, 1, tzinfo=UTC)
    moments = [start + timedelta(hours=_HOURS * at + 1) for at in range(30 * 24 // _HOURS)]
    for moment in moments:
        when = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if not (silent and silent[0] <= when <= silent[1]):
            yield {**record("DescribeInstances", when), "eventSource": "ec2.amazonaws.com", "requestParameters": {}}


def usage_of_case(case: dict[str, Any], folder: Path) -> Usage:
    records = [
        *heartbeats(case.get("silent", [])),
        *(record(*one) for one in case["events"]),
        *(record(*one, caller="root") for one in case.get("root_events", [])),
        *(record(*one, denied=True) for one in case.get("denied_events", [])),
    ]
    (folder / "log.json").write_text(json.dumps({"Records": records}), "utf-8")
    ingest([folder / "log.json"], bundled_catalog(), data=folder / "data")
    return read_usage(folder / "data")


def trail(name: str) -> Trail:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}"
    return Trail(arn, name, ACCOUNT, "us-east-1", True, True, False, True, (Selector("Management", ()),))


def coverage_of(case: dict[str, Any], folder: Path) -> AccountCoverage:
    trails = tuple(trail(name) for name in case.get("settings", []))
    (found,) = coverage_from_usage(usage_of_case(case, folder), trails).accounts
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_coverage_from_usage_takes_out_what_changes_of_trails_hide(case: dict[str, Any], tmp_path: Path) -> None:
    assert case["source"].startswith("https://docs.aws.amazon.com/")
    found = coverage_of(case, tmp_path)
    assert [(str(hole.first), str(hole.last)) for hole in found.holes] == [tuple(one[:2]) for one in case["holes"]]
    for hole, (_, _, why) in zip(found.holes, case["holes"], strict=True):
        assert why in hole.why
        assert "(example " in hole.why
    assert found.covered_days == case["covered"]
    for note in case.get("notes", []):
        assert any(note in one for one in found.change_notes)


def test_coverage_from_usage_says_what_it_is_known_from(tmp_path: Path) -> None:
    case: dict[str, Any] = {"events": []}
    usage = usage_of_case(case, tmp_path)
    (by_log,) = coverage_from_usage(usage).accounts
    (by_trails,) = coverage_from_usage(usage, [trail("main")]).accounts
    assert by_log.known_from is CoverageSource.LOG
    assert by_trails.known_from is CoverageSource.TRAILS
    assert by_trails.trails == (
        f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main of {ACCOUNT} in all Regions: management events",
    )
    assert by_log.unseen == {"kms.amazonaws.com"}


@pytest.mark.slow
def test_coverage_from_usage_stands_a_record_of_the_last_day_of_all(tmp_path: Path) -> None:
    found = coverage_of({"events": [["StopLogging", "9999-12-31T23:59:59Z"]]}, tmp_path)
    assert [(str(hole.first), str(hole.last)) for hole in found.holes] == [("9999-12-31", "9999-12-31")]
    assert found.covered_days == 30


def test_no_day_comes_after_the_last_day_of_all() -> None:
    change = TrailChange(datetime(9999, 12, 31, tzinfo=UTC), "PutEventSelectors", ACCOUNT, "main", ROLE, "event-1")
    assert str(first_day_after(change)) == "9999-12-31"


def sides_of(records: list[dict[str, Any]], folder: Path) -> frozenset[bool]:
    """What `readOnly` the management events have that the log of these records is taken to hold."""
    (folder / "log.json").write_text(json.dumps({"Records": records}), "utf-8")
    ingest([folder / "log.json"], bundled_catalog(), data=folder / "data")
    (found,) = coverage_from_usage(read_usage(folder / "data")).accounts
    return found.sides()


def event(when: str, **more: Any) -> dict[str, Any]:
    return {**record("DescribeTrails", f"2026-09-{when}:00:00Z"), "eventID": f"{when} {more}", **more}


@pytest.mark.parametrize(
    ("read_at", "last", "sides"),
    [
        ("11T08", "20T12", {True, False}),
        ("10T08", "20T12", {False}),
        ("10T08", "10T20", {True, False}),
    ],
)
def test_coverage_from_usage_takes_no_event_of_the_day_of_a_change_for_one_after_it(
    read_at: str, last: str, sides: set[bool], tmp_path: Path
) -> None:
    reset = {**record("PutEventSelectors", "2026-09-10T12:00:00Z"), "readOnly": False}
    days = ["01T08", read_at]
    records = [*(event(when, readOnly=True) for when in days), reset, event(last, readOnly=False)]
    assert sides_of(records, tmp_path) == sides


def test_coverage_from_usage_takes_records_that_say_nothing_for_both_sides_only_where_none_says(
    tmp_path: Path,
) -> None:
    silent = [event("01T08", awsRegion="eu-north-1"), event("02T08")]
    for name, writes, sides in (("none", [], {True, False}), ("some", [event("02T09", readOnly=False)], {False})):
        (tmp_path / name).mkdir()
        assert sides_of([*silent, *writes], tmp_path / name) == sides


@pytest.mark.parametrize(
    ("reads", "until"),
    [
        (["01", "02", "03", "04"], "04"),
        (["01", "08", "15", "22"], None),
        (["01", "05", "12"], "12"),
        (["01", "02", "26"], None),
    ],
)
def test_coverage_from_usage_says_until_when_management_events_of_a_side_came(
    reads: list[str], until: str | None, tmp_path: Path
) -> None:
    writes = [event(f"{day:02}T12", readOnly=False) for day in range(1, 30)]
    records = [*writes, *(event(f"{day}T08", readOnly=True) for day in reads)]
    (tmp_path / "log.json").write_text(json.dumps({"Records": records}), "utf-8")
    ingest([tmp_path / "log.json"], bundled_catalog(), data=tmp_path / "data")
    (found,) = coverage_from_usage(read_usage(tmp_path / "data")).accounts
    ends = {events.read_only: events.until and f"{events.until:%d}" for events in found.seen}
    assert ends == {True: until, False: None}
