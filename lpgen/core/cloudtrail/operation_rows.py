"""Event sources and their operation tables: what each operation of a service needs.

Each event source has one table, which is read on first use. A row says which actions an operation needs (by default the
one with its name), which request parameters name the resources, which resource types the call creates, and which
parameters pass a role to a service.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table, read_optional_table

_SUFFIX: Final = ".amazonaws.com"

# Lambda and CloudFront log the API version after the operation: `CreateFunction20150331`,
# `UpdateFunctionCode20150331v2`, `CreateDistribution2020_05_31`.
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
_API_VERSION: Final = re.compile(r"(?:\d{8}(?:v\d+)?|\d{4}_\d{2}_\d{2})$")


class _EventSourceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event source whose IAM prefix isn't its host name.

    `prefixes` are tried in order. `table` is the event source that has its operations, or "" for the event source
    itself. `switch`: if the request has the parameter, the call belongs to this other event source. `source` is the
    page or fact that the row comes from.
    """

    prefixes: tuple[str, ...]
    table: str = ""
    switch: dict[str, str] = {}
    source: str = ""


class EventSource(msgspec.Struct, frozen=True):
    """A resolved event source: the IAM prefixes to try in order, and the name of its operation table.

    `switch`: pairs of a request parameter and the event source that the call belongs to if the request has the
    parameter.
    """

    prefixes: tuple[str, ...]
    table: str
    switch: tuple[tuple[str, str], ...] = ()


class EventSources:
    """All event sources, by their names in records."""

    def __init__(self, rows: dict[str, _EventSourceRow]) -> None:
        self._rows = rows
        self._resolved: dict[str, EventSource] = {}

    @classmethod
    def from_catalog(cls, source: CatalogSource) -> EventSources:
        """The event sources of a catalog.

        Raises:
            CatalogError: the table can't be read.
        """
        return cls(read_event_sources(source))

    def resolve(self, event_source: str) -> EventSource:
        """The resolved event source. If the table lacks it, its host name is the prefix."""
        found = self._resolved.get(event_source)
        if found is None:
            found = self._resolved[event_source] = self._resolve(_normalise_source(event_source))
        return found

    def _resolve(self, source: str) -> EventSource:
        row = self._rows.get(source)
        if row is None:
            return EventSource((source.removesuffix(_SUFFIX),), source)
        return EventSource(row.prefixes, row.table or source, tuple(row.switch.items()))


def read_event_sources(source: CatalogSource) -> dict[str, _EventSourceRow]:
    """The table `event_sources`: rows by event source.

    Raises:
        CatalogError: it can't be read.
    """
    return read_catalog_table(source, "event_sources", dict[str, _EventSourceRow])


def _normalise_source(event_source: str) -> str:
    """An event source in lower case, ending in `.amazonaws.com` in every partition."""
    source = event_source.strip().lower().removesuffix(".cn")
    return source if source.endswith(_SUFFIX) else source + _SUFFIX


def strip_version(event_name: str) -> str:
    """The event name without the API version at its end, if it has one.

    Only dates are removed: `DescribeVpcs2` keeps its digit. The caller checks that the rest is an operation.
    """
    return _API_VERSION.sub("", event_name)


Binding = str | dict[str, str] | list[str | dict[str, str]]
"""How request parameters name a resource of one type.

A string is the path (dots between keys, lists are walked) of a parameter that has an ARN, or the open part of the
type's ARN format. After `arn:`, the parameter counts only if it has an ARN. An object gives each `${Placeholder}` of
the format its own path. `*` is a part that the call doesn't show, such as an id that AWS assigns; `*Path` is such a
part if a parameter names the resource in another way. The account may have a path too, if a parameter can name another
owner; or `*` if any account may own the resource; or `own|*` for the caller's account and any other. A list gives
alternatives: the first one that can be read wins. `*` as the last alternative is any resource of the type in the
account.

In a path, `one|other` reads both parameters. `Parameter~text` has the default `text` if the request lacks the
parameter. `Parameter^text` counts only if it has an ARN or starts with `text`. `lower:Parameter` is a name that the
service stores in lower case. `last:Parameter` is the part after the last slash. `response:Path` is read from the
response elements, which show what AWS chose for a missing parameter. `additional:Path` is read from the record's
additional event data. `url:Parameter` is the URL of an object in S3.
"""


class OperationRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The needs of one operation.

    `actions`: full names (`s3:ListBucket`); empty means the action with the operation's name. `resources`: by resource
    type. `creates`: resource types whose name AWS chooses; the call is authorized on any name. `roles`: paths of
    parameters that pass a role: an ARN, or after `name:` and `profile:` the name of a role or instance profile. `also`:
    optional actions, each with the parameters that ask for it, `one|other`. `Parameter@service` asks for it only as an
    ARN of the service, `Parameter=text` only with this text, and `Parameter~=text` also if the parameter is absent.
    `how`: the inference rule of optional actions that set no tags, by default `request-option`. `objects`: actions that
    the service takes on objects in S3 with the caller's permissions, each with the parameter that has the URL. `paths`:
    request paths that are the resource (API Gateway), `/restapis/{restApiId}`. `reads`: the types to read for the
    operation's own actions if some need code: names from `READERS` of a module in `rules/`, types of `resources`, or
    `*` (see `read_resources`). Types of `resources` that aren't listed then count only for optional actions. `tagged`:
    the types that the tagging action in `also` is needed on, if the operation's name doesn't show them, or bindings for
    them. `tagged_reads`: the same, read by code. `source`: the source of a row that doesn't follow from the service
    model and the catalog.
    """

    actions: tuple[str, ...] = ()
    resources: dict[str, Binding] = {}
    creates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    also: dict[str, str] = {}
    how: str = ""
    objects: dict[str, str] = {}
    paths: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    tagged: tuple[str, ...] | dict[str, Binding] = ()
    tagged_reads: tuple[str, ...] = ()
    source: str = ""

    @property
    def is_read_by_code(self) -> bool:
        """Whether code reads the resources of the operation's own actions, rather than bindings."""
        return bool(self.reads or self.paths)


class _OperationTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The operations of one event source."""

    operations: dict[str, OperationRow] = {}


_EMPTY_TABLE: Final = _OperationTable()


class Operations:
    """The operation tables of a catalog. Each is read once. Names are case-insensitive."""

    def __init__(self, source: CatalogSource) -> None:
        self._source = source
        self._tables: dict[str, dict[str, tuple[str, OperationRow]]] = {}

    def find(self, event_source: str, operation: str) -> tuple[str, OperationRow] | None:
        """The operation in the service model's spelling and its row, or None if the table lacks it."""
        return self.table(event_source).get(operation.casefold())

    def table(self, event_source: str) -> dict[str, tuple[str, OperationRow]]:
        """All operations of an event source: spelling and row, by name in lower case. Empty if it has no table."""
        found = self._tables.get(event_source)
        if found is None:
            rows = read_operation_table(self._source, event_source).operations
            found = {name.casefold(): (name, row) for name, row in rows.items()}
            self._tables[event_source] = found
        return found


def read_operation_table(source: CatalogSource, event_source: str) -> _OperationTable:
    """The table of one event source, or an empty one.

    Raises:
        CatalogError: it can't be read, isn't JSON, or has another shape.
    """
    name = f"operations/{event_source}"
    return read_optional_table(source, name, _OperationTable, _EMPTY_TABLE)
