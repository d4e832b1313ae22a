"""A CloudTrail table as its definition in the Glue Data Catalog describes it.

Sources: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-understanding.html and its sister pages,
https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.athena.hive_types import HiveType, type_from_text
from lpgen.core.athena.scheme import SCHEME
from lpgen.errors import IngestError, InvocationError, quote_input

_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,254}"
_ADDRESS: Final = re.compile(rf"{SCHEME}({_NAME})\.({_NAME})", re.ASCII)
_TEXTS: Final = (
    "eventtime",
    "eventsource",
    "eventname",
    "eventtype",
    "eventid",
    "awsregion",
    "recipientaccountid",
    "errorcode",
    "errormessage",
    "requestparameters",
    "responseelements",
    "additionaleventdata",
)
_NEEDED: Final = (*_TEXTS, "useridentity", "resources")
"""The columns that decide the caller, the outcome and the actions of a call; every table that AWS documents has them
all.

INVARIANT: a table that lacks one is refused. It would hide roles, denials or needs of calls, and hidden use would look
unused.
"""


@dataclass(frozen=True, slots=True)
class TableName:
    """The name of a table. Both parts hold only letters, digits, `_` and `-`."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """A column that distinguishes partitions.

    `projection` holds its properties of partition projection (`type`, `format`, `values`, `digits`), and is empty where
    partitions are registered one by one; `samples` are some values of those.
    """

    name: str
    type: HiveType
    projection: Mapping[str, str]
    samples: tuple[str, ...] = ()

    @property
    def is_injected(self) -> bool:
        """Whether each query must name its values."""
        return self.projection.get("type") == "injected"


@dataclass(frozen=True, slots=True)
class AthenaTable:
    """A table. `columns` are keyed by name in lower case. `location` is the folder of its objects, ending in a slash.

    `template` is the location of each partition, with `${key}` for keys, or "".
    """

    name: TableName
    columns: Mapping[str, HiveType]
    keys: tuple[PartitionKey, ...]
    location: str
    template: str = ""


def name_from_address(address: str) -> TableName:
    """The table that `athena://DATABASE.TABLE` names, in lower case as Glue keeps it.

    Raises:
        InvocationError: it is no such address.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise InvocationError(f"{quote_input(address)} is no table in Athena", hint=f"write `{SCHEME}DATABASE.TABLE`")
    return TableName(found[1].lower(), found[2].lower())


def table_from_definition(
    name: TableName, definition: Mapping[str, Any], partitions: Sequence[Sequence[str]] = ()
) -> AthenaTable:
    """The table that Glue's `GetTable` describes; `partitions` are the values of some of its partitions.

    Raises:
        IngestError: it is a view, or no table of CloudTrail records.
    """
    if definition.get("TableType") == "VIRTUAL_VIEW":
        raise IngestError(f"`{name}` is a view", hint="name the table that it reads")
    storage = definition.get("StorageDescriptor") or {}
    columns = {str(one["Name"]).lower(): type_from_text(str(one.get("Type", ""))) for one in storage.get("Columns", ())}
    _check_columns(name, columns)
    properties = {str(key).lower(): str(value) for key, value in (definition.get("Parameters") or {}).items()}
    keys = [
        PartitionKey(
            str(one["Name"]).lower(),
            type_from_text(str(one.get("Type", ""))),
            _projection(properties, str(one["Name"]).lower()),
            tuple(values[at] for values in partitions if at < len(values)),
        )
        for at, one in enumerate(definition.get("PartitionKeys") or ())
    ]
    template = properties.get("storage.location.template", "") if is_projected(definition) else ""
    location = template.partition("${")[0] or str(storage.get("Location") or "")
    return AthenaTable(name, columns, tuple(keys), location.rstrip("/") + "/" if location else "", template)


def _check_columns(name: TableName, columns: Mapping[str, HiveType]) -> None:
    hint = "AWS shows how to make one: https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html"
    missing = [column for column in _NEEDED if column not in columns]
    if missing:
        missed = f"has no column `{'`, `'.join(missing)}`"
        raise IngestError(f"`{name}` is no table of CloudTrail records as AWS defines it: it {missed}", hint=hint)
    odd = [column for column in _TEXTS if not columns[column].is_text]
    identity, resources = columns["useridentity"], columns["resources"]
    if not identity.is_text and not _has_issuer(identity):
        odd.append("useridentity")
    if not resources.is_text and (resources.item is None or resources.item.field("arn") is None):
        odd.append("resources")
    if odd:
        raise IngestError(f"`{name}` can't be read: `{'`, `'.join(odd)}` isn't of the type that AWS defines", hint=hint)


def _has_issuer(identity: HiveType) -> bool:
    """Whether the identity has the role that issued a session."""
    kind: HiveType | None = identity
    for part in ("sessionContext", "sessionIssuer", "arn"):
        found = kind.field(part) if kind else None
        kind = found[1] if found else None
    return kind is not None and identity.field("type") is not None


def is_projected(definition: Mapping[str, Any]) -> bool:
    """Whether the table's partitions are worked out and not registered."""
    parameters = definition.get("Parameters") or {}
    return any(
        str(key).lower() == "projection.enabled" and str(parameters[key]).lower() == "true" for key in parameters
    )


def _projection(properties: Mapping[str, str], key: str) -> dict[str, str]:
    if properties.get("projection.enabled", "").lower() != "true":
        return {}
    start = f"projection.{key}."
    found = {name.removeprefix(start): value.strip() for name, value in properties.items() if name.startswith(start)}
    return {**found, "type": found.get("type", "").lower()}
