"""A corpus under planned trails is the same world, with records of what they select in its last days."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bench.corpus.half import TUNED
from bench.corpus.organization import Account
from bench.corpus.planned import Planned
from bench.corpus.write import Asked, Corpus
from lpgen.edge.readers.trail_settings import read_trails

Json = dict[str, Any]
SMALL = Asked(seed=5, half=TUNED, principals=60, months=2)
DAYS = 10
LATER = datetime(2025, 10, 22)


def records_of(corpus: Path) -> list[Json]:
    files = sorted((corpus / "logs").rglob("*.json.gz"))
    return [record for file in files for record in json.loads(gzip.decompress(file.read_bytes()))["Records"]]


def truth_of(corpus: Path) -> list[Json]:
    rows: list[Json] = pq.read_table(corpus / "truth.parquet").to_pylist()
    return rows


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """The same corpus without and with a trail of a role's data events, and the start of the role's sessions."""
    folder = tmp_path_factory.mktemp("worlds")
    Corpus(SMALL).write(folder / "before")
    unlogged = [row for row in truth_of(folder / "before") if row["unlogged"] == "data_event_off"]
    late = [row for row in unlogged if row["time"].replace(tzinfo=None) >= LATER and ":role/" in row["principal"]]
    arn, account = late[0]["principal"], late[0]["account"]
    start = f"arn:aws:sts::{account}:assumed-role/{arn.rpartition('/')[2]}/"
    kinds = ("AWS::S3::Object", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Lambda::Function")
    by_caller = {"Field": "userIdentity.arn", "StartsWith": [start]}
    selectors = [{"FieldSelectors": [*(fields("Data", kind)), by_caller]} for kind in (*kinds, "AWS::Kinesis::Stream")]
    made = f"arn:aws:cloudtrail:us-east-1:{account}:trail/lpgen-observe"
    trail = {"name": "lpgen-observe", "arn": made, "home_region": "us-east-1", "bucket": "b", "selectors": selectors}
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"accounts": [{"account": account, "trails": [trail]}]}), encoding="utf-8")
    asked = Asked(SMALL.seed, SMALL.half, SMALL.principals, SMALL.months, plan=plan, plan_days=DAYS)
    Corpus(asked).write(folder / "after")
    return folder / "before", folder / "after", start


def fields(category: str, kind: str) -> list[Json]:
    return [{"Field": "eventCategory", "Equals": [category]}, {"Field": "resources.type", "Equals": [kind]}]


def test_a_plan_adds_the_selected_events_of_the_last_days_and_changes_nothing_else(
    worlds: tuple[Path, Path, str],
) -> None:
    before, after, start = worlds
    known = {record["eventID"]: record for record in records_of(before)}
    added = [record for record in records_of(after) if record["eventID"] not in known]
    assert len(records_of(after)) == len(known) + len(added)
    changes = [record for record in added if record["eventSource"] == "cloudtrail.amazonaws.com"]
    assert [record["eventName"] for record in changes] == ["CreateTrail", "PutEventSelectors", "StartLogging"]
    events = [record for record in added if record not in changes]
    assert events
    assert all(record["userIdentity"]["arn"].startswith(start) for record in events)
    assert all(record["eventCategory"] == "Data" and record["eventTime"] >= f"{LATER:%Y-%m-%d}" for record in events)
    told = ("logged", "unlogged", "event_id")
    same = [[{name: row[name] for name in row if name not in told} for row in truth_of(one)] for one in worlds[:2]]
    assert same[0] == same[1]


def test_the_settings_have_the_planned_trail(worlds: tuple[Path, Path, str]) -> None:
    before, after, _ = worlds
    trails = read_trails([after / "trails.json"])
    assert {trail.name for trail in trails} - {trail.name for trail in read_trails([before / "trails.json"])} == {
        "lpgen-observe"
    }


@pytest.mark.parametrize(
    ("test", "passes"),
    [
        ({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::photos/"]}, True),
        ({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::photos/"]}, False),
        ({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::logs/"]}, True),
        ({"Field": "resources.ARN", "EndsWith": [".jpg"]}, True),
        ({"Field": "resources.ARN", "Equals": ["arn:aws:s3:::photos"]}, False),
        ({"Field": "readOnly", "Equals": ["false"]}, False),
        ({"Field": "userIdentity.arn", "StartsWith": ["arn:aws:sts::1:assumed-role/app/"]}, True),
        ({"Field": "userIdentity.arn", "StartsWith": ["arn:aws:sts::1:assumed-role/ap/"]}, False),
    ],
)
def test_a_selector_records_events_that_pass_each_test(test: Json, passes: bool) -> None:
    record = {
        "eventCategory": "Data",
        "readOnly": True,
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::photos/1.jpg"}],
        "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/app/x"},
    }
    account = Account("a", "1", ("us-east-1", "us-west-2"), -1, {})
    planned = Planned(LATER, {"1": [{"selectors": [{"FieldSelectors": [test]}]}]})
    assert planned.records(account, record, LATER) is passes
    assert not planned.records(account, record, datetime(2025, 1, 1))
