"""CloudTrail tables as AWS documents them, and DuckDB in the place of Athena.

The queries that lpgen writes are translated from Athena's SQL to DuckDB's by sqlglot
(https://github.com/tobymao/sqlglot) and run on records in a table of the same columns.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import sqlglot

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
        keys = [one["Name"] for one in table["PartitionKeys"]]
        kinds = {one["Name"]: _duck_type(one["Type"]) for one in table["StorageDescriptor"]["Columns"]}
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            for record in records:
                lowered = {key.lower(): value for key, value in record.items()}
                row = {column: _value(lowered.get(column), kind) for column, kind in kinds.items()}
                file.write(json.dumps({**row, **_partition(record, keys)}) + "\n")
            file.flush()
            types = {**kinds, **dict.fromkeys(keys, "TEXT")}
            columns = "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in types.items()) + "}"
            self._connection.execute(
                f"""CREATE TABLE "{database}"."{name}" AS SELECT * FROM read_json('{file.name}',
                format='newline_delimited', maximum_object_size=67108864, columns={columns})"""
            )

    def execute(self, sql: str) -> tuple[list[str], list[list[str | None]]]:
        """The names and the rows, all as text, as Athena prints them."""
        (translated,) = sqlglot.transpile(sql, read="athena", write="duckdb")
        found = self._connection.execute(translated)
        names = [column[0] for column in found.description or ()]
        return names, [[None if value is None else str(value) for value in row] for row in found.fetchall()]


def _duck_type(kind: str) -> str:
    return sqlglot.parse_one(kind, into=sqlglot.exp.DataType, read="hive").sql("duckdb")


def _value(value: Any, kind: str) -> Any:
    """What a SerDe makes of a value: text as it is, other JSON as text where the column is one, else with keys in lower
    case."""
    if kind == "TEXT" and value is not None and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return _lowered(value) if kind != "TEXT" else value


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _lowered(item) for key, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


def day_of_delivery(record: Json) -> str:
    """The day on which a record is delivered: that which it has as `delivered`, by default the day of its event."""
    return str(record.get("delivered") or record["eventTime"][:10])


def _partition(record: Json, keys: Sequence[str]) -> Json:
    """The partition that a record lies in."""
    year, month, day = day_of_delivery(record).split("-")
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
