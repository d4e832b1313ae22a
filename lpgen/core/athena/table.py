"""A CloudTrail table, from its definition in the Glue Data Catalog.

AWS documents two kinds. One has partitions for Region, year, month and day (for an organization also for the account)
that are added one by one. The other has partition projection, with a key for the day in the format of CloudTrail's
folders. Days are days of delivery.
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-org-wide-trail.html
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.cloudtrail.records import RawRecord
from lpgen.errors import IngestError, InvocationError, quote_input

SCHEME: Final = "athena://"
"""The start of an address, `athena://DATABASE.TABLE`, and of the names of days of a table in the ledger."""

_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,254}"
_ADDRESS: Final = re.compile(rf"{SCHEME}({_NAME})\.({_NAME})", re.ASCII)

FIELDS: Final = {name.lower(): name for name in RawRecord.__struct_fields__}
"""The fields of a record, by column name."""

_MAY_LACK: Final = {
    "eventversion": "",
    "managementevent": "",
    "eventcategory": "data events count as management events",
    "sourceipaddress": "the networks of callers are unknown",
    "useragent": "the programs of callers are unknown",
    "serviceeventdetails": "roles that people chose in Identity Center show only in their own accounts",
    "vpcendpointid": "conditions on VPC endpoints can't be proven",
    "readonly": "tags that a call only reads count as tags that it sets, and it is unknown whether the trail "
    "records reads and writes",
}
"""Columns that a table may lack, with the effect.

INVARIANT: lpgen refuses a table that lacks any other column of `FIELDS`. The others decide the caller, the outcome and
the actions of a call, and every table that AWS documents has them. Without one, hidden use would look unused.
"""

_NO_COLUMN: Final = "the table has no column `{column}`: {effect}"
_NO_SCOPE: Final = "the table doesn't say for which resources services assume roles"
_NO_SOURCE_IDENTITY: Final = "the table has no source identities of sessions, so they show only in responses"
_ADDED_ONE_BY_ONE: Final = "partitions of the table are added one by one, and records in missing partitions aren't read"
_NO_DAYS: Final = "the table has no partition for the day, so each query reads the whole table"

_PAGE: Final = "AWS shows how to create one: https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html"
_NO_COLUMNS: Final = "has no column `{columns}`"

_TEXT: Final = re.compile(r"string|varchar\b.*|char\b.*")
_IDENTITY: Final = r"struct<(?=(.*,)?type:).*sessioncontext:struct<.*sessionissuer:struct<[^<>]*\barn:.*"
_TYPES: Final = {
    "useridentity": re.compile(rf"{_TEXT.pattern}|{_IDENTITY}"),
    "resources": re.compile(rf"{_TEXT.pattern}|array<struct<([^<>]*,)?arn:.*"),
}
"""The types that columns may have in addition to text, with the fields that they need."""


@dataclass(frozen=True, slots=True)
class TableName:
    """The name of a table. Both parts have only letters, digits, `_` and `-`."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


@dataclass(frozen=True, slots=True)
class AthenaTable:
    """A table. `columns` has types by name, and `keys` the partition keys with text, all in lower case.

    `day_keys` are the keys with the day of delivery, with their formats as in `strftime`. Without them, each query
    reads the whole table. `location` is the folder of its objects, ending in a slash, or "".
    """

    name: TableName
    columns: Mapping[str, str]
    keys: frozenset[str]
    day_keys: Mapping[str, str]
    location: str
    is_projected: bool

    def is_text(self, column: str) -> bool:
        """Whether a column holds text."""
        return _is_text(self.columns[column])

    def describe_lacks(self) -> tuple[str, ...]:
        """The limits of the table, as sentences."""
        known = {*self.columns, "eventcategory"} if "managementevent" in self.columns else self.columns
        lacks = [
            _NO_COLUMN.format(column=column, effect=effect)
            for column, effect in _MAY_LACK.items()
            if effect and column not in known
        ]
        if not self.is_text("useridentity") and "sourceidentity:" not in self.columns["useridentity"]:
            lacks.append(_NO_SOURCE_IDENTITY)
        if not self.is_text("useridentity") and "inscopeof:" not in self.columns["useridentity"]:
            lacks.append(_NO_SCOPE)
        if self.keys and not self.is_projected:
            lacks.append(_ADDED_ONE_BY_ONE)
        if not self.day_keys:
            lacks.append(_NO_DAYS)
        return tuple(lacks)


def name_from_address(address: str) -> TableName:
    """The table in `athena://DATABASE.TABLE`, in lower case as in Glue.

    Raises:
        InvocationError: the text isn't such an address.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise InvocationError(
            f"{quote_input(address)} is not a valid Athena table", hint=f"write `{SCHEME}DATABASE.TABLE`"
        )
    return TableName(found[1].lower(), found[2].lower())


def table_from_definition(name: TableName, definition: Mapping[str, Any]) -> AthenaTable:
    """The table that Glue's `GetTable` describes.

    Raises:
        IngestError: it is a view, or not a table of CloudTrail records.
    """
    if definition.get("TableType") == "VIRTUAL_VIEW":
        raise IngestError(f"`{name}` is a view", hint="use the table that it reads")
    storage = definition.get("StorageDescriptor") or {}
    columns = _types_by_name(storage.get("Columns"))
    _check_columns(name, columns)
    keys = {key: kind for key, kind in _types_by_name(definition.get("PartitionKeys")).items() if _is_text(kind)}
    properties = {key.lower(): str(value).strip() for key, value in (definition.get("Parameters") or {}).items()}
    is_projected = properties.get("projection.enabled", "").lower() == "true"
    location = str(storage.get("Location") or "")
    return AthenaTable(
        name=name,
        columns=columns,
        keys=frozenset(keys),
        day_keys=_day_keys(keys, properties if is_projected else {}),
        location=location.rstrip("/") + "/" if location else "",
        is_projected=is_projected,
    )


def _day_keys(keys: Mapping[str, str], properties: Mapping[str, str]) -> dict[str, str]:
    for key in keys:
        projection = f"projection.{key}."
        if (properties.get(f"{projection}type"), properties.get(f"{projection}format")) == ("date", "yyyy/MM/dd"):
            return {key: "%Y/%m/%d"}
    parts = {"year": "%Y", "month": "%m", "day": "%d"}
    return parts if parts.keys() <= keys.keys() else {}


def _types_by_name(columns: Any) -> dict[str, str]:
    """The types of columns by name, such as `string` or `array<struct<arn:string,type:string>>`."""
    found = {str(column["Name"]).lower(): str(column.get("Type", "")) for column in columns or ()}
    return {column: "".join(kind.lower().split()) for column, kind in found.items()}


def _is_text(kind: str) -> bool:
    return _TEXT.fullmatch(kind) is not None


def _check_columns(name: TableName, columns: Mapping[str, str]) -> None:
    needed = [column for column in FIELDS if column not in _MAY_LACK]
    missing = [column for column in needed if column not in columns]
    if missing:
        missed = _NO_COLUMNS.format(columns="`, `".join(missing))
        raise IngestError(f"`{name}` isn't a table of CloudTrail records as AWS defines it: it {missed}", hint=_PAGE)
    odd = [column for column in needed if not _TYPES.get(column, _TEXT).fullmatch(columns[column])]
    if odd:
        raise IngestError(
            f"`{name}` can't be read: `{'`, `'.join(odd)}` isn't of the type that AWS defines", hint=_PAGE
        )
