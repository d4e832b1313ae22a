"""What a table's definition says, and which of them are no tables of CloudTrail records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.athena.hive_types import UNKNOWN_TYPE, HiveType, type_from_text
from lpgen.core.athena.partitions import partitions_from_table
from lpgen.core.athena.query import describe_lacks
from lpgen.core.athena.table import TableName, name_from_address, table_from_definition
from lpgen.errors import IngestError, InvocationError
from tests.support.athena_tables import CONSOLE, DOCUMENTED_COLUMNS, ORGANIZED, PROJECTED, REGISTERED, Json, definition

NAME = TableName("logs", "trail")
NEEDED = (
    "eventtime", "eventsource", "eventname", "eventtype", "eventid", "awsregion", "recipientaccountid", "errorcode",
    "errormessage", "requestparameters", "responseelements", "additionaleventdata", "useridentity", "resources",
)  # fmt: skip


def test_type_from_text_reads_what_aws_documents() -> None:
    kind = type_from_text(DOCUMENTED_COLUMNS["useridentity"])
    found = kind.field("SessionContext")
    assert found is not None
    issuer = found[1].field("sessionIssuer")
    assert issuer is not None
    assert issuer[1].field("arn") == ("arn", HiveType("string"))
    assert type_from_text("array<struct<ARN:string,type:varchar(20)>>").item == HiveType(
        "struct", (("ARN", HiveType("string")), ("type", HiveType("varchar")))
    )
    assert type_from_text("struct<a:map<string,array<int>>,b:decimal(10,2)>") == HiveType(
        "struct", (("a", HiveType("map")), ("b", HiveType("decimal")))
    )


@given(st.text(alphabet="<>,:()abz string struct<array<map<", max_size=60))
def test_type_from_text_takes_any_text(text: str) -> None:
    assert isinstance(type_from_text(text), HiveType)


@pytest.mark.parametrize(
    "text", ["", "struct<", "struct<a>", "array<>", "map<string>", "a>b", "struct<a:int,>", "array<" * 500]
)
def test_type_from_text_says_when_it_does_not_know(text: str) -> None:
    assert type_from_text(text) == UNKNOWN_TYPE


def test_name_from_address_takes_names_as_glue_keeps_them() -> None:
    assert name_from_address("athena://My_Logs.cloud-trail2") == TableName("my_logs", "cloud-trail2")


@pytest.mark.parametrize(
    "address",
    [
        "athena://logs",
        "athena://logs.",
        "athena://a.b.c",
        'athena://logs."; --',
        "athena://logs.trail/x",
        "athena://lögs.t",
        "athena://l.t\n",
    ],
)
def test_name_from_address_refuses_all_else(address: str) -> None:
    with pytest.raises(InvocationError, match="no table in Athena"):
        name_from_address(address)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "`logs.trail` is a view"),
        ({"StorageDescriptor": None}, "it has no column `eventtime`, `eventsource`, `eventname`, "),
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
    """By the template where partitions are projected, else by the table's location; with one slash at the end."""
    assert table_from_definition(NAME, PROJECTED).location.endswith("/AWSLogs/111122223333/CloudTrail/us-east-1/")
    assert table_from_definition(NAME, ORGANIZED).location.endswith("/AWSLogs/o-exampleorg1/")
    assert table_from_definition(NAME, definition(location="s3://b//")).location == "s3://b/"
    assert (
        table_from_definition(NAME, definition(parameters={"storage.location.template": "s3://x/${d}"})).template == ""
    )


def lacks(table: Json) -> tuple[str, ...]:
    found = table_from_definition(NAME, table)
    return describe_lacks(found, partitions_from_table(found))


def test_describe_lacks_says_what_a_table_can_not_give() -> None:
    (source_identities,) = lacks(PROJECTED)
    assert "no source identities" in source_identities
    assert any("added one by one" in lack for lack in lacks(REGISTERED))
    assert any("each query reads all of it" in lack for lack in lacks(CONSOLE))
    poor = lacks(definition({name: DOCUMENTED_COLUMNS[name] for name in NEEDED}))
    assert [column for column in ("eventcategory", "vpcendpointid", "readonly") if f"`{column}`" in " ".join(poor)] == [
        "eventcategory",
        "vpcendpointid",
        "readonly",
    ]
