"""Aggregated events from a log file to the analysis: signs that whom they name uses a service, and nothing more."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.cloudtrail.records import Unusable
from lpgen.core.findings import Verdict
from lpgen.core.model import Principal
from lpgen.core.options import Options
from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage, count_records, merge_usage
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.logs.record_files import records_from_bytes
from tests.support.diffs import diff_usage
from tests.support.ingests import ingest
from tests.support.log_samples import PlainMap, record_json, rows
from tests.support.record_usage import usage_from_records
from tests.support.worlds import ACCOUNT, allow, policy, role, usage_of

APP = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app"
START = "2026-09-10T19:20:00Z"


def dimension(name: str, *values: Any) -> dict[str, Any]:
    return {
        "dimension": name,
        "statistics": [{"name": value, "value": 1} for value in values],
        "aggregationType": "Count",
    }


def event(primary: dict[str, Any], *details: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An aggregated event in the fields of AWS's page about them."""
    return {
        "eventVersion": "1.0",
        "accountId": ACCOUNT,
        "eventId": "62759c1a-6248-48e1-a6b3-000000000001",
        "eventCategory": "Aggregated",
        "eventType": "AwsAggregatedEvent",
        "awsRegion": "us-west-2",
        "eventSource": "s3.amazonaws.com",
        "timeWindow": {"windowStart": START, "windowEnd": "2026-09-10T19:25:00Z", "windowSize": "PT5M"},
        "summary": {"primaryDimension": primary, "details": list(details)},
        **changes,
    }


BY_USER = event(dimension("userIdentity", f"{SESSION}/one"), dimension("eventName", "GetObject", "PutObject"))
BY_CALL = event(
    dimension("eventName", "PutObject"),
    dimension("userIdentity", APP, f"{SESSION}/one", f"{SESSION}/two", "s3.amazonaws.com", None),
    dimension("resourceARN", "arn:aws:s3:::bucket-1"),
    dimension("errorCode", "AccessDenied"),
)
BY_RESOURCE = event(dimension("resourceARN", "arn:aws:s3:::bucket-1"), dimension("eventName", "PutObject"))


def usage(*records: dict[str, Any], window: TimeWindow | None = None) -> Usage:
    items = records_from_bytes(json.dumps({"Records": records}).encode())
    parts = [unusable for unusable in items if isinstance(unusable, Unusable)]
    assert len(parts) == len(records)
    return usage_from_records(parts, PlainMap(), window=window or TimeWindow(), source="file")


def test_an_aggregated_event_counts_once_and_names_its_callers_beside() -> None:
    found = usage(BY_CALL)
    told = [(row["principal"], row["account"], row["region"], row["records"]) for row in rows(found.skips)]
    place = (ACCOUNT, "us-west-2")
    assert told == [("", *place, 1), (APP, *place, 0), (SESSION, *place, 0)]
    assert {row["reason"] for row in rows(found.skips)} == {"aggregated"}
    assert {row["event_source"] for row in rows(found.skips)} == {"s3.amazonaws.com"}
    assert {row["outcome"] for row in rows(found.skips)} == {""}
    assert {row["first_seen"] for row in rows(found.skips)} == {datetime(2026, 9, 10, 19, 20, tzinfo=UTC)}
    assert count_records(found) == 1
    assert found.table.num_rows == 0


def test_aggregated_events_count_alike_in_any_order() -> None:
    later = {**BY_CALL, "eventId": "00000000", "timeWindow": {"windowStart": "2026-09-11T00:00:00Z"}}
    orders = list(itertools.permutations([BY_CALL, later, {**BY_USER, "eventId": "62759c1b"}]))
    found = [rows(usage(*order).skips.drop_columns("example_position")) for order in orders]
    found += [rows(merge_usage(map(usage, order)).skips.drop_columns("example_position")) for order in orders]
    assert found == [found[0]] * len(found)
    assert [one["records"] for one in found[0]] == [3, 0, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": {"primaryDimension": "userIdentity"}},
        {"summary": None},
        {"summary": {}},
        {"timeWindow": None},
        {"accountId": 5},
    ],
)
def test_an_aggregated_event_of_another_shape_is_counted_and_names_nobody(changes: dict[str, Any]) -> None:
    (found,) = rows(usage({**BY_USER, **changes}).skips)
    assert (found["reason"], found["principal"], found["records"]) == ("aggregated", "", 1)


def test_an_aggregated_event_outside_of_the_window_is_no_sign() -> None:
    (found,) = rows(usage(BY_USER, window=TimeWindow(since="2026-09-11T00:00:00")).skips)
    assert (found["reason"], found["principal"], found["records"]) == ("out_of_window", "", 1)
    assert len(rows(usage(BY_USER, window=TimeWindow(until="2026-09-11T00:00:00")).skips)) == 2


def test_aggregated_events_cover_no_day() -> None:
    assert coverage_from_usage(usage(BY_USER, BY_CALL)).accounts == ()


def test_coverage_names_the_sources_whose_data_events_are_only_summed_up() -> None:
    days = usage_of({}, data_events=[("us-east-1", "dynamodb.amazonaws.com")])
    other = {**BY_USER, "eventSource": "dynamodb.amazonaws.com"}
    (found,) = coverage_from_usage(merge_usage([days, usage(BY_CALL, other)])).accounts
    assert found.summed == {"s3.amazonaws.com"}


def judged(principal: Principal, *records: dict[str, Any]) -> dict[str, tuple[Verdict, str]]:
    days = usage_of({}, data_events=())
    grants = grants_from_principals([principal], bundled_catalog())
    found = diff_usage(merge_usage([days, usage(*records)]), grants, bundled_catalog(), Options()).principals[0]
    assert not found.use.ungranted
    return {verdict.action: (verdict.verdict, verdict.keep) for verdict in found.assessment.verdicts}


@pytest.mark.parametrize("record", [BY_USER, BY_CALL], ids=["by user", "by call"])
def test_an_aggregated_event_is_a_sign_that_who_is_named_uses_the_service(record: dict[str, Any]) -> None:
    sign = "copies or summaries of calls name the principal as a caller of s3"
    found = judged(role(policy(allow("*")), name="app", path="/team/" if record is BY_USER else "/"), record)
    assert found["s3:GetObject"] == (Verdict.UNOBSERVABLE, sign)
    assert found["dynamodb:GetItem"] == (Verdict.UNOBSERVABLE, "")
    assert found["s3:DeleteBucket"] == (Verdict.UNUSED, "")


def test_an_aggregated_event_says_nothing_of_whom_it_does_not_name() -> None:
    assert judged(role(policy(allow("*")), name="other"), BY_USER, BY_CALL)["s3:GetObject"][1] == ""
    assert judged(role(policy(allow("*")), name="app"), BY_RESOURCE)["s3:GetObject"][1] == ""


def test_an_aggregated_event_does_not_show_that_a_stopped_trail_records(tmp_path: Path) -> None:
    stop = record_json(
        eventTime="2026-09-10T10:00:00Z",
        eventSource="cloudtrail.amazonaws.com",
        eventName="StopLogging",
        eventCategory="Management",
        managementEvent=True,
        readOnly=False,
        requestParameters={"name": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"},
    )
    (tmp_path / "log.json").write_text(json.dumps({"Records": [stop, BY_USER]}), "utf-8")
    result = ingest([tmp_path / "log.json"], bundled_catalog(), data=tmp_path / "data")
    assert (result.records, result.usage_records) == (2, 1)
    (found,) = coverage_from_usage(read_usage(tmp_path / "data")).accounts
    assert [(str(hole.first), str(hole.last)) for hole in found.holes] == [("2026-09-10", "2026-09-10")]
