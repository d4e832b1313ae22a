"""The query's groups, run on DuckDB, give the same usage as the records themselves."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lpgen.core.athena.partitions import partitions_from_table
from lpgen.core.athena.query import EVER_CHANGING, READ_BESIDE, UNREAD_ANSWERS, DaySpan, Query, build_query
from lpgen.core.athena.rows import group_from_row
from lpgen.core.athena.table import TableName, table_from_definition
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.protected_data import data_keys
from lpgen.core.cloudtrail.records import RawRecord, Record
from lpgen.core.cloudtrail.rules.tables import HANDLER_MODULES
from lpgen.core.usage.group_tally import GroupTally
from lpgen.core.usage.mapping_cache import ContributionMemo
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.tally import UsageTally
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.cloudtrail.rules.mapping_cases import CASES, read_cases
from tests.support.athena_tables import (
    CONSOLE,
    DOCUMENTED_COLUMNS,
    LATER_COLUMNS,
    ORGANIZED,
    PROJECTED,
    REGISTERED,
    DuckTable,
    Json,
    definition,
)
from tests.support.log_samples import record_json
from tests.support.sample_organization import records

EVENT_MAP = EventMap(bundled_catalog())
DATA_KEYS = bundled_catalog().facts(data_keys)
NAME = TableName("logs", "trail")
ACCOUNTS = ("111122223333", "444455556666")
EVER = DaySpan(date(2012, 1, 1), date(2026, 12, 31))


AS_TEXT = definition({**DOCUMENTED_COLUMNS, "useridentity": "string", "resources": "string"})
"""As some SerDes and copies of the logs have it."""


def query_for(table: Json, span: DaySpan = EVER) -> Query:
    found = table_from_definition(NAME, table)
    return build_query(found, partitions_from_table(found), (span,), accounts=ACCOUNTS, regions=(), contexts=DATA_KEYS)


def usage_through_athena(table: Json, found: Iterable[Json]) -> Usage:
    tally = GroupTally(EVENT_MAP)
    for row in DuckTable(table, found).answer(query_for(table, DaySpan(date(2024, 1, 1), date(2026, 12, 31)))):
        tally.add_group(group_from_row(row), "")
    return tally.usage()


def usage_of_records(found: Iterable[Json]) -> Usage:
    tally = UsageTally(ContributionMemo(EVENT_MAP))
    tally.add_source(iter(msgspec.json.decode(msgspec.json.encode(list(found)), type=list[RawRecord])), "")
    return tally.usage()


@cache
def sample_records() -> tuple[Json, ...]:
    """The sample organization's records; of one that is there twice, one."""
    return tuple({record["eventID"]: record for record in records()}.values())


def contents(usage: Usage) -> tuple[list[Any], list[Any], list[Any]]:
    skips = usage.skips.drop_columns(["example_position"])
    return usage.table.to_pylist(), skips.to_pylist(), usage.coverage.to_pylist()


# ---------------------------------------------------------------- the same usage


@pytest.mark.slow
@pytest.mark.parametrize("table", [PROJECTED, ORGANIZED, REGISTERED, definition(LATER_COLUMNS), AS_TEXT])
def test_groups_of_the_sample_logs_give_the_usage_of_their_records(table: Json) -> None:
    """With `eventcategory` in the table all three tables are equal row for row, but for the place in a file."""
    through = usage_through_athena(table, sample_records())
    assert contents(through) == contents(usage_of_records(sample_records()))
    assert through.table.num_rows > 6_000


@pytest.mark.slow
def test_groups_of_the_console_s_table_differ_in_the_category_of_data_events_alone() -> None:
    through = usage_through_athena(CONSOLE, sample_records())
    plain = [{**record, "eventCategory": None, "managementEvent": None} for record in sample_records()]
    assert contents(through) == contents(usage_of_records(plain))
    assert contents(through) != contents(usage_of_records(sample_records()))


def test_groups_count_what_differs_in_nothing_that_counts_as_one() -> None:
    """A thousand calls of a role in sessions of their own, with tokens and answers of their own: a row a day."""

    def call(number: int) -> Json:
        record = record_json(
            number,
            eventTime=f"2024-03-0{number % 2 + 1}T10:{number // 60 % 60:02}:{number % 60:02}Z",
            eventSource="sts.amazonaws.com",
            eventName="AssumeRole",
            eventCategory="Management",
            requestParameters={
                "roleArn": "arn:aws:iam::111122223333:role/next",
                "roleSessionName": f'it said \\"{number}\\": {{}}',
                "encryptionContext": {"a}b": f'"{number}"'},
                "startTime": number,
            },
            responseElements={"credentials": {"accessKeyId": f"ASIA{number}"}},
            additionalEventData={"bytes": number},
        )
        record["userIdentity"]["principalId"] = f"AROAEXAMPLE:{number}"
        record["userIdentity"]["arn"] += str(number)
        return record

    calls = [call(number) for number in range(1_000)]
    rows = DuckTable(PROJECTED, calls).answer(query_for(PROJECTED))
    assert [row["group_records"] for row in rows] == ["500", "500"]
    assert not any("ASIA" in str(value) for row in rows for value in row.values())
    assert contents(usage_through_athena(PROJECTED, calls)) == contents(usage_of_records(calls))


def test_groups_keep_errors_that_only_answers_show() -> None:
    calls = [
        record_json(number, responseElements={"errorCode": "AccessDenied", "errorMessage": "no"}) for number in range(3)
    ]
    assert contents(usage_through_athena(PROJECTED, calls)) == contents(usage_of_records(calls))
    assert {row["outcome"] for row in usage_through_athena(PROJECTED, calls).table.to_pylist()} == {"denied"}


def odd_records() -> Iterator[Json]:
    """Records of odd shapes: hidden, missing and empty parts, names that end SQL, and characters of all kinds."""
    yield record_json(1, requestParameters="HIDDEN_DUE_TO_SECURITY_REASONS")
    yield record_json(2, requestParameters=None, resources=[])
    yield record_json(3, requestParameters={}, userIdentity=None)
    yield record_json(4, userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"})
    yield record_json(5, userIdentity={"type": "IAMUser", "arn": "arn:aws:iam::1:user/x", "principalId": "AIDA"})
    yield record_json(6, userIdentity={"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"})
    yield record_json(7, requestParameters={"bucketName": "b", "key": "it's\n\"quoted\",\u2028é😀\t'; --"})
    yield record_json(8, requestParameters={"bucketName": "b", "key": "k" * 100_000})
    yield record_json(
        9, resources=[{"ARN": "arn:aws:s3:::b/k", "type": "AWS::S3::Object"}, {"type": "AWS::S3::Bucket"}]
    )
    yield record_json(10, resources=[{"ARNPrefix": "arn:aws:s3:::b/"}], eventID=None)
    yield record_json(11, errorCode="AccessDenied", errorMessage="User: a is not authorized to perform: s3:GetObject")
    yield record_json(12, eventType="AwsVpceEvent", eventCategory="NetworkActivity", vpcEndpointId="vpce-1")
    yield record_json(13, eventSource="", eventName="")
    service = record_json(14)
    service["userIdentity"]["principalId"] = "AROAEXAMPLE:AWSBackup-123"
    yield service
    yield record_json(15, readOnly=None, recipientAccountId=None, awsRegion="cn-north-1")
    yield record_json(16, eventVersion="2.01")
    yield record_json(17, eventVersion=None)


def test_groups_of_odd_records_give_the_usage_of_their_records() -> None:
    found = list(odd_records())
    table = definition(LATER_COLUMNS)
    through = table_from_definition(NAME, table)
    query = build_query(through, partitions_from_table(through), (EVER,), accounts=(), regions=(), contexts=DATA_KEYS)
    tally = GroupTally(EVENT_MAP)
    for row in DuckTable(table, found).answer(query):
        tally.add_group(group_from_row(row), "")
    assert contents(tally.usage()) == contents(usage_of_records(found))


def test_groups_map_every_documented_record_as_ingest_does() -> None:
    """Each case of the event map's tests goes through the table, and comes out with the same actions and resources."""
    cases = [case["record"] for case in read_cases(*(path.stem for path in sorted(CASES.glob("*.json"))))]
    found = [
        {"eventTime": "2024-03-01T10:00:00Z", **record, "eventID": f"case {number}"}
        for number, record in enumerate(cases)
    ]
    table = definition(LATER_COLUMNS)
    through = table_from_definition(NAME, table)
    query = build_query(through, partitions_from_table(through), (EVER,), accounts=(), regions=(), contexts=DATA_KEYS)
    seen = 0
    for row in DuckTable(table, found).answer(query):
        group = group_from_row(row)
        record = msgspec.convert(found[int((group.record.eventID or "").split()[1])], Record)
        if not _hands_on_source_identity(record):
            assert EVENT_MAP.map_record(group.record) == EVENT_MAP.map_record(record), record
            seen += 1
    assert seen > 500


def _hands_on_source_identity(record: Record) -> bool:
    """What the documented table has no column for: it shows in the answer alone, as the next test does."""
    identity = record.userIdentity
    return bool(identity and identity.sessionContext and identity.sessionContext.sourceIdentity)


@pytest.mark.parametrize("table", [PROJECTED, AS_TEXT])
def test_groups_show_source_identities_that_roles_hand_on(table: Json) -> None:
    record = record_json(
        eventSource="sts.amazonaws.com",
        eventName="AssumeRole",
        requestParameters={"roleArn": "arn:aws:iam::111122223333:role/next", "roleSessionName": "x"},
        responseElements={"credentials": {"accessKeyId": "ASIAEXAMPLE"}, "sourceIdentity": "ada"},
    )
    record["userIdentity"]["sessionContext"]["sourceIdentity"] = "ada"
    assert contents(usage_through_athena(table, [record])) == contents(usage_of_records([record]))
    actions = {row["action"] for row in usage_through_athena(table, [record]).table.to_pylist()}
    assert actions == {"sts:AssumeRole", "sts:SetSourceIdentity"}


@pytest.mark.parametrize("table", [PROJECTED, AS_TEXT])
def test_of_encryption_contexts_the_query_keeps_the_resource_alone(table: Json) -> None:
    """Objects of a bucket give one group, and so do contexts that name no resource of AWS."""
    contexts = [
        {"aws:s3:arn": "arn:aws:s3:::lake/a/1"},
        {"aws:s3:arn": "arn:aws:s3:::lake/b"},
        {"aws:s3:arn": "arn:aws:s3:::lake"},
        {"aws:dynamodb:subscriberId": "111122223333", "aws:dynamodb:tableName": "orders"},
        {"SecretVersionId": "1", "SecretARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-a1b2c3"},
        {"tenant": "7", "note": "a { b"},
        {"tenant": "8"},
        {},
    ]
    found = [
        record_json(number, eventSource="kms.amazonaws.com", eventName="Decrypt", requestParameters=_with(context))
        for number, context in enumerate(contexts)
    ]
    through = usage_through_athena(table, found)
    assert contents(through) == contents(usage_of_records(found))
    kept = {row["context"] for row in through.table.to_pylist()}
    assert len(kept) == 4
    assert len({row["requestparameters"] for row in DuckTable(table, found).answer(query_for(table))}) == 4


def _with(context: Json) -> Json:
    return {"keyId": "arn:aws:kms:us-east-1:111122223333:key/1", "encryptionContext": context}


# ---------------------------------------------------------------- what the query leaves out is read by nobody


def test_no_rule_and_no_table_reads_a_parameter_that_the_query_makes_equal() -> None:
    root = Path(__file__).parents[3]
    texts = [path.read_text("utf-8") for path in (root / "lpgen" / "core" / "cloudtrail").rglob("*.py")]
    texts += [
        path.read_text("utf-8") for path in (root / "action_catalog").rglob("*.json") if "services" not in str(path)
    ]
    assert len(texts) > 300
    for name in EVER_CHANGING:
        swapped = name[:1].swapcase() + name[1:]
        assert not [text for text in texts for one in (name, swapped) if f'"{one}"' in text or f".{one}" in text], name


@pytest.mark.parametrize("attribute", ["response", "responseElements"])
def test_no_rule_reads_an_answer_that_the_query_leaves_out(attribute: str) -> None:
    sources = {source for module in _modules_that_read(attribute) for source in _sources_of(module)}
    assert "iam.amazonaws.com" in sources or attribute != "response"
    assert not sources & set(UNREAD_ANSWERS)


def test_only_the_named_rules_read_what_stands_beside_the_request() -> None:
    (module,) = _modules_that_read("additionalEventData")
    assert set(READ_BESIDE) <= set(_sources_of(module))
    text = inspect.getsource(module)
    assert text.count("record.additionalEventData") == text.count("class _RepositoryType") == 1


def _sources_of(module: Any) -> Iterator[str]:
    for kind in ("RULES", "COMPLETIONS"):
        yield from (source for source, _ in getattr(module, kind, ()))
    yield from getattr(module, "READERS", ())


def _modules_that_read(attribute: str) -> list[Any]:
    """The rule modules in whose text a record's field is read, or that of a module of rules which they import."""
    root = Path(inspect.getfile(EventMap)).parent / "rules"
    reading = {
        path.stem
        for path in root.glob("*.py")
        if any(
            isinstance(node, ast.Attribute) and node.attr == attribute for node in ast.walk(ast.parse(path.read_text()))
        )
    } - {"call"}
    with_tables = {module.__name__.rpartition(".")[2]: module for module in HANDLER_MODULES}
    for name, module in with_tables.items():
        imported = {
            (node.module or "").rpartition(".")[2]
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.ImportFrom)
        }
        if imported & (reading - set(with_tables)):
            reading.add(name)
    return [module for name, module in with_tables.items() if name in reading]
