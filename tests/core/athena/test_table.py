"""What a table's definition says, which are no tables of CloudTrail records, and the query for a day of one."""

from __future__ import annotations

from datetime import date

import pytest
import sqlglot

from lpgen.core.athena.days import DaySpan, RecordScope, TablePlan, build_query
from lpgen.core.athena.table import TableName, name_from_address, table_from_definition
from lpgen.errors import IngestError, InvocationError
from tests.support.athena_tables import CONSOLE, DOCUMENTED_COLUMNS, ORGANIZED, PROJECTED, REGISTERED, Json, definition

NAME = TableName("logs", "trail")
NEEDED = (
    "eventtime", "eventsource", "eventname", "eventtype", "eventid", "awsregion", "recipientaccountid", "errorcode",
    "errormessage", "requestparameters", "responseelements", "additionaleventdata", "useridentity", "resources",
)  # fmt: skip
DAY = date(2024, 1, 2)


def test_name_from_address_takes_names_as_glue_keeps_them() -> None:
    assert name_from_address("athena://My_Logs.cloud-trail2") == TableName("my_logs", "cloud-trail2")


@pytest.mark.parametrize(
    "address", ["logs", "logs.", "a.b.c", 'logs."; --', "logs.trail/x", "lögs.t", "l.t\n"]
)  # fmt: skip
def test_name_from_address_refuses_all_else(address: str) -> None:
    with pytest.raises(InvocationError, match="not a valid Athena table"):
        name_from_address(f"athena://{address}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "`logs.trail` is a view"),
        ({"StorageDescriptor": None}, "it has no column `eventsource`, `eventname`, "),
    ],
)
def test_table_from_definition_refuses_what_holds_no_records(changes: Json, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        table_from_definition(NAME, {**definition(), **changes})


@pytest.mark.parametrize("column", NEEDED)
def test_table_from_definition_refuses_tables_without_what_decides(column: str) -> None:
    """What such a table doesn't show would look unused."""
    columns = {name: kind for name, kind in DOCUMENTED_COLUMNS.items() if name != column}
    with pytest.raises(IngestError, match=f"it has no column `{column}`"):
        table_from_definition(NAME, definition(columns))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("eventtime", "timestamp"),
        ("requestparameters", "map<string,string>"),
        ("useridentity", "struct<type:string,sessioncontext:struct<sessionissuer:string>>"),
        ("useridentity", "struct<sessioncontext:struct<sessionissuer:struct<arn:string>>>"),
        ("resources", "array<struct<accountid:string>>"),
        ("resources", "map<string,string>"),
    ],
)
def test_table_from_definition_refuses_types_that_hide_what_decides(column: str, kind: str) -> None:
    with pytest.raises(IngestError, match=f"`{column}` isn't of the type that AWS defines"):
        table_from_definition(NAME, definition({**DOCUMENTED_COLUMNS, column: kind}))


def test_table_from_definition_knows_where_the_objects_lie() -> None:
    assert table_from_definition(NAME, ORGANIZED).location.endswith("/AWSLogs/o-exampleorg1/")
    assert table_from_definition(NAME, definition(location="s3://b//")).location == "s3://b/"


def test_describe_lacks_says_what_a_table_can_not_give() -> None:
    source_identities, resources = table_from_definition(NAME, PROJECTED).describe_lacks()
    assert "no source identities" in source_identities
    assert "for which resources services assume roles" in resources
    assert any("added one by one" in lack for lack in table_from_definition(NAME, REGISTERED).describe_lacks())
    assert any(
        "each query reads the whole table" in lack for lack in table_from_definition(NAME, CONSOLE).describe_lacks()
    )
    poor = definition({name: DOCUMENTED_COLUMNS[name] for name in NEEDED})
    lacks = " ".join(table_from_definition(NAME, poor).describe_lacks())
    named = [column for column in DOCUMENTED_COLUMNS if f"`{column}`" in lacks]
    assert named == [
        "sourceipaddress",
        "useragent",
        "readonly",
        "serviceeventdetails",
        "vpcendpointid",
        "eventcategory",
    ]


def conditions(table: Json, wanted: RecordScope = RecordScope()) -> list[str]:  # noqa: B008
    plan = TablePlan(table_from_definition(NAME, table), DaySpan(DAY, DAY), wanted, (DAY,))
    return build_query(plan, DAY).partition("\nWHERE ")[2].split("\n  AND ")


def test_query_for_a_day_names_its_partition_or_else_the_time_of_events() -> None:
    assert conditions(PROJECTED) == ["\"timestamp\" IN ('2024/01/02')"]
    assert conditions(ORGANIZED) == ["\"day\" IN ('2024/01/02')"]
    assert conditions(REGISTERED) == [
        "\"year\" IN ('2024')",
        "\"month\" IN ('01', '1')",
        "\"day\" IN ('02', '2')",
    ]
    assert conditions(CONSOLE) == ["\"eventtime\" >= '2024-01-02' AND \"eventtime\" < '2024-01-03'"]


def test_query_asks_for_accounts_and_regions_by_partition_where_there_is_one() -> None:
    wanted = RecordScope(("111122223333",), ("eu-west-1", "us-east-1"))
    for table, account, region in ((ORGANIZED, "account", "region"), (PROJECTED, "recipientaccountid", "awsregion")):
        assert conditions(table, wanted)[1:] == [
            f"\"{account}\" IN ('111122223333')",
            f"\"{region}\" IN ('eu-west-1', 'us-east-1')",
        ]


@pytest.mark.parametrize(
    ("keys", "projection"),
    [
        ([("timestamp", "string")], {}),
        ([("timestamp", "string")], {"type": "date", "format": "yyyy-MM-dd"}),
        ([("timestamp", "date")], {"type": "date", "format": "yyyy/MM/dd"}),
        ([("year", "string"), ("month", "string")], {}),
        ([("year", "int"), ("month", "int"), ("day", "int")], {}),
    ],
)
def test_keys_of_no_table_that_aws_documents_tell_no_day(keys: list[tuple[str, str]], projection: Json) -> None:
    properties = {f"projection.timestamp.{name}": value for name, value in projection.items()}
    table = definition(keys=keys, parameters={"projection.enabled": str(bool(projection)).lower(), **properties})
    assert not table_from_definition(NAME, table).day_keys


def test_names_in_a_table_never_end_a_text_in_sql() -> None:
    """Whoever may change a table in Glue can't make lpgen run other SQL."""
    evil = 'd"; DROP TABLE x; --'
    projection = {f"projection.{evil}.type": "date", f"projection.{evil}.format": "yyyy/MM/dd"}
    table = definition(keys=((evil, "string"),), parameters={"projection.enabled": "true", **projection})
    (key,) = conditions(table)
    assert key == '"d""; drop table x; --" IN (\'2024/01/02\')'
    (parsed,) = sqlglot.parse(f"SELECT 1 FROM t WHERE {key}", read="athena")
    assert parsed is not None
