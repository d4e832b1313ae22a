"""Rows of answers come back as the records that they show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from lpgen.core.athena.days import DaySpan, RecordScope, TablePlan, build_query
from lpgen.core.athena.table import TableName, table_from_definition
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import RawRecord, Record, record_from_raw
from lpgen.core.usage.assumptions import assumptions_from_usage
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tally import UsageTally
from lpgen.edge.athena.answers import item_from_row, rows_of_answer
from lpgen.edge.athena.queries import Answered
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.errors import IngestError
from tests.core.cloudtrail.rules.mapping_cases import CASES, read_cases
from tests.core.cloudtrail.test_assumption import CASES as ASSUMPTIONS
from tests.support.athena_tables import DOCUMENTED_COLUMNS, LATER_COLUMNS, PROJECTED, DuckTable, Json, definition
from tests.support.log_samples import PlainMap, record_json

DAY = date(2024, 3, 1)
DEEP = '{"a":' * 5_000 + "1" + "}" * 5_000
AS_TEXT = definition({**DOCUMENTED_COLUMNS, "useridentity": "string"})


def records_through(definition: Json, found: list[Json]) -> list[Record]:
    return [record_from_raw(record) for record in raw_records_through(definition, found)]


def raw_records_through(definition: Json, found: list[Json]) -> list[RawRecord]:
    table = table_from_definition(TableName("logs", "trail"), definition)
    names, rows = DuckTable(definition, found).execute(
        build_query(TablePlan(table, DaySpan(DAY, DAY), RecordScope(), ()), DAY)
    )
    return [cast(RawRecord, item_from_row(dict(zip(names, row, strict=True)))) for row in rows]


def test_records_of_rows_need_what_those_of_every_documented_call_need() -> None:
    """Each case of the event map's tests goes through the table, and comes out with the same actions and resources.

    The documented table has no column for the source identity of a session.
    """
    event_map = EventMap(bundled_catalog())
    cases = [case["record"] for case in read_cases(*(path.stem for path in sorted(CASES.glob("*.json"))))]
    found = [{**case, "eventTime": f"{DAY}T10:00:00Z", "eventID": f"{number}"} for number, case in enumerate(cases)]
    through = records_through(definition(LATER_COLUMNS), found)
    assert len(through) == len(found) > 500
    for record in through:
        case = msgspec.convert(found[int(record.eventID or "")], Record)
        if "sourceIdentity" not in str(found[int(record.eventID or "")].get("userIdentity")):
            assert event_map.map_record(record) == event_map.map_record(case), case


@pytest.mark.parametrize("table", [PROJECTED, AS_TEXT])
def test_records_of_rows_show_source_identities_that_roles_hand_on(table: Json) -> None:
    record = record_json(
        eventSource="sts.amazonaws.com",
        eventName="AssumeRole",
        requestParameters={"roleArn": "arn:aws:iam::111122223333:role/next", "roleSessionName": "x"},
        responseElements={"credentials": {"accessKeyId": "ASIAEXAMPLE"}, "sourceIdentity": "ada"},
    )
    record["userIdentity"]["sessionContext"]["sourceIdentity"] = "ada"
    (through,) = records_through(table, [record])
    assert through.userIdentity == msgspec.convert(record, Record).userIdentity


@pytest.mark.parametrize("table", [PROJECTED, AS_TEXT])
def test_records_of_rows_fill_the_table_of_assumptions(table: Json) -> None:
    """Only the resource for which a service asked is missing, because the documented table has no column for it."""
    forms: list[Json] = []
    for source, name, fields, _ in ASSUMPTIONS.values():
        identity = {key: value for key, value in fields["userIdentity"].items() if key != "inScopeOf"}
        form = record_json(len(forms), eventSource=source, eventName=name, **{**fields, "userIdentity": identity})
        forms.append({**form, "eventTime": f"{DAY}T10:00:00Z"})
    tables = [UsageTally(MappingCache(PlainMap())) for _ in range(2)]
    tables[0].add_source([msgspec.json.decode(msgspec.json.encode(form), type=RawRecord) for form in forms], "")
    tables[1].add_source(raw_records_through(table, forms), "", is_ordered=False)
    assert len(set(rows_of(tables[1]))) > 15
    assert rows_of(tables[1]) == rows_of(tables[0])


def rows_of(tally: UsageTally) -> list[str]:
    return [str(assumption) for assumption in assumptions_from_usage(tally.usage())]


@pytest.mark.parametrize("column", ["useridentity", "resources", "requestparameters", "responseelements"])
@pytest.mark.parametrize(
    "cell", ["[]", '["AssumedRole",null]', '"x"', "1", '{"sessioncontext":[1]}', '{"sourceIdentity":[1]}', "{", DEEP]
)
def test_item_from_row_takes_any_cell(column: str, cell: str) -> None:
    """The event is known by its id, whether it can be read or not."""
    row = {
        "eventid": "x",
        "eventtime": f"{DAY}T10:00:00Z",
        "eventsource": "sts.amazonaws.com",
        "eventname": "AssumeRole",
    }
    item = item_from_row({**row, "responseelements": '{"sourceIdentity":"ada"}', column: cell})
    assert item.eventID == "x" if isinstance(item, RawRecord) else item.position == "event x"


@dataclass
class Store:
    """A session whose S3 has one object."""

    data: bytes
    asked: list[str] = field(default_factory=list)

    def client(self, service: str) -> Store:
        self.asked.append(service)
        return self

    def download_file(self, bucket: str, key: str, path: str) -> None:
        self.asked.append(f"{bucket} {key}")
        Path(path).write_bytes(self.data)


def rows_from(store: Store) -> list[Any]:
    return list(rows_of_answer(cast(AwsSession, store), Answered("query", "s3://answers/query.csv", 0), ("a", "b")))


def test_rows_of_answer_takes_null_and_nothing_for_the_same() -> None:
    store = Store(b'"a","b"\n,""\n"x\r\n""y","\xff"\n')
    assert rows_from(store) == [{"a": "", "b": ""}, {"a": 'x\r\n"y', "b": "\ufffd"}]
    assert store.asked == ["s3", "answers query.csv"]


@pytest.mark.parametrize(("rest", "message"), [(b'"x\n', "unexpected end of data"), (b'"x"y,"z"\n', "expected after")])
def test_rows_of_answer_refuses_what_is_no_csv(rest: bytes, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        rows_from(Store(b'"a","b"\n' + rest))
