"""CloudTrail tables as AWS documents them, and DuckDB in the place of Athena.

The queries that lpgen writes are translated from Athena's SQL to DuckDB's by sqlglot
(https://github.com/tobymao/sqlglot) and run on records in a table of the same columns.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import sqlglot

from lpgen.core.athena.hive_types import HiveType, type_from_text
from lpgen.core.athena.query import Query

Json = dict[str, Any]

_IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
    "username:string,onbehalfof:struct<userid:string,identitystorearn:string>,sessioncontext:struct<"
    "attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,"
    "principalid:string,arn:string,accountid:string,username:string>,ec2roledelivery:string,"
    "webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
)

DOCUMENTED_COLUMNS = {
    "eventversion": "string",
    "useridentity": _IDENTITY,
    "eventtime": "string",
    "eventsource": "string",
    "eventname": "string",
    "awsregion": "string",
    "sourceipaddress": "string",
    "useragent": "string",
    "errorcode": "string",
    "errormessage": "string",
    "requestparameters": "string",
    "responseelements": "string",
    "additionaleventdata": "string",
    "requestid": "string",
    "eventid": "string",
    "readonly": "string",
    "resources": "array<struct<arn:string,accountid:string,type:string>>",
    "eventtype": "string",
    "apiversion": "string",
    "recipientaccountid": "string",
    "serviceeventdetails": "string",
    "sharedeventid": "string",
    "vpcendpointid": "string",
    "vpcendpointaccountid": "string",
    "eventcategory": "string",
    "addendum": "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>",
    "sessioncredentialfromconsole": "string",
    "edgedevicedetails": "string",
    "tlsdetails": "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>",
}
"""https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html"""

LATER_COLUMNS = {**DOCUMENTED_COLUMNS, "managementevent": "boolean", "readonly": "boolean"}
"""With what some people add."""

BUCKET = "trail-bucket"
ORGANIZATION = "o-exampleorg1"


def definition(
    columns: Mapping[str, str] = DOCUMENTED_COLUMNS,
    keys: Sequence[tuple[str, str]] = (),
    *,
    location: str = f"s3://{BUCKET}/AWSLogs/",
    parameters: Mapping[str, str] | None = None,
) -> Json:
    """A table as Glue's `GetTable` gives it."""
    return {
        "Name": "cloudtrail_logs",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **(parameters or {})},
        "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in keys],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
            "Location": location,
            "InputFormat": "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
        },
    }


PROJECTED = definition(
    keys=(("timestamp", "string"),),
    location=f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail/us-east-1",
    parameters={
        "projection.enabled": "true",
        "projection.timestamp.format": "yyyy/MM/dd",
        "projection.timestamp.interval": "1",
        "projection.timestamp.interval.unit": "DAYS",
        "projection.timestamp.range": "2020/01/01,NOW",
        "projection.timestamp.type": "date",
        "storage.location.template": f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail/us-east-1/${{timestamp}}",
    },
)
"""One account and Region, days worked out."""

ORGANIZED = definition(
    keys=(("account", "string"), ("region", "string"), ("day", "string")),
    location=f"s3://{BUCKET}/AWSLogs/{ORGANIZATION}/",
    parameters={
        "projection.enabled": "true",
        "projection.account.type": "injected",
        "projection.region.type": "enum",
        "projection.region.values": "eu-west-1,us-east-1",
        "projection.day.type": "date",
        "projection.day.format": "yyyy/MM/dd",
        "projection.day.range": "2020/01/01,NOW",
        "storage.location.template": f"s3://{BUCKET}/AWSLogs/{ORGANIZATION}/${{account}}/CloudTrail/${{region}}/${{day}}",
    },
)
"""An organization's trail; each query must name accounts."""

REGISTERED = definition(
    keys=(("account", "string"), ("region", "string"), ("year", "string"), ("month", "string"), ("day", "string"))
)
"""Partitions that are added one by one, of an organization's trail."""

_LATER = (
    "vpcendpointaccountid",
    "eventcategory",
    "addendum",
    "sessioncredentialfromconsole",
    "edgedevicedetails",
    "tlsdetails",
)
CONSOLE = definition({name: kind for name, kind in DOCUMENTED_COLUMNS.items() if name not in _LATER})
"""What CloudTrail's console made for long: no partitions and no `eventcategory`."""


class DuckTable:
    """A table of records in DuckDB that answers queries for Athena."""

    def __init__(self, table: Json, records: Iterable[Json], database: str = "logs", name: str = "trail") -> None:
        self._connection = duckdb.connect()
        self._connection.execute(f'CREATE SCHEMA "{database}"')
        kinds = {one["Name"]: type_from_text(one["Type"]) for one in table["StorageDescriptor"]["Columns"]}
        keys = [one["Name"] for one in table["PartitionKeys"]]
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            for record in records:
                row = {**_row_from_record(record, kinds), **_partition(record, keys)}
                file.write(json.dumps(row) + "\n")
            file.flush()
            types = {column: _duck_type(kind) for column, kind in kinds.items()} | dict.fromkeys(keys, "VARCHAR")
            columns = "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in types.items()) + "}"
            self._connection.execute(
                f"""CREATE TABLE "{database}"."{name}" AS SELECT * FROM read_json('{file.name}',
                format='newline_delimited', maximum_object_size=67108864, columns={columns})"""
            )

    def execute(self, sql: str) -> tuple[list[str], list[list[str | None]]]:
        """The names and the rows, all as text, as Athena prints them."""
        (translated,) = sqlglot.transpile(sql, read="athena", write="duckdb")
        # DuckDB writes the groups of a match otherwise, which sqlglot leaves as they are.
        found = self._connection.execute(re.sub(r"\$(\d)", r"\\\1", translated))
        names = [column[0] for column in found.description or ()]
        return names, [[_text(value) for value in row] for row in found.fetchall()]

    def answer(self, query: Query) -> list[dict[str, str | None]]:
        """The rows by column."""
        names, rows = self.execute(query.sql)
        assert tuple(names) == query.columns
        return [dict(zip(names, row, strict=True)) for row in rows]


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row_from_record(record: Json, kinds: Mapping[str, HiveType]) -> Json:
    lowered = {key.lower(): value for key, value in record.items()}
    return {column: _value(lowered.get(column), kind) for column, kind in kinds.items()}


def _value(value: Any, kind: HiveType) -> Any:
    """What a SerDe makes of a value: text as it is, other JSON as text where the column is one."""
    if value is None:
        return None
    if kind.is_text:
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if kind.name == "struct":
        if not isinstance(value, dict):
            return None
        lowered = {key.lower(): item for key, item in value.items()}
        return {name: _value(lowered.get(name), field) for name, field in kind.fields}
    if kind.name == "array" and kind.item:
        return [_value(item, kind.item) for item in value]
    return value if kind.name != "map" else None


def _duck_type(kind: HiveType) -> str:
    if kind.name == "struct":
        return "STRUCT(" + ", ".join(f'"{name}" {_duck_type(field)}' for name, field in kind.fields) + ")"
    if kind.name == "array" and kind.item:
        return f"{_duck_type(kind.item)}[]"
    return {"map": "MAP(VARCHAR, VARCHAR)", "boolean": "BOOLEAN"}.get(kind.name, "VARCHAR")


def _partition(record: Json, keys: Sequence[str]) -> Json:
    """The partition that a record lies in, as if it were delivered at once."""
    year, month, day = record["eventTime"][:10].split("-")
    values = {
        "timestamp": f"{year}/{month}/{day}",
        "date": f"{year}-{month}-{day}",
        "year": year,
        "month": month,
        "day": day if "month" in keys else f"{year}/{month}/{day}",
        "region": record.get("awsRegion"),
        "account": record.get("recipientAccountId"),
    }
    return {key: values[key] for key in keys}
