"""Event sources and the tables of their operations: what each operation of a service needs.

There is one table per event source, which is read when it is first asked for. Each row says which actions an operation
needs (by default the one of its own name), which request parameters name the resources, which resource types the call
creates, and which parameters hand a role to a service.
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
    """One event source whose IAM prefix isn't simply its host name.

    `prefixes` are tried in order; `table` names the event source under which its operations are kept, "" for its own;
    `switch` names, by request parameter, the event source whose call it is where the parameter is present; `source` is
    the page or fact the row comes from.
    """

    prefixes: tuple[str, ...]
    table: str = ""
    switch: dict[str, str] = {}
    source: str = ""


class EventSource(msgspec.Struct, frozen=True):
    """A resolved event source: IAM prefixes to try in order, and the name its operations are kept under.

    `switch`: a request parameter, and the event source whose call it is where the parameter is present.
    """

    prefixes: tuple[str, ...]
    table: str
    switch: tuple[tuple[str, str], ...] = ()


class EventSources:
    """Every event source by the name that records hold."""

    def __init__(self, rows: dict[str, _EventSourceRow]) -> None:
        self._rows = rows
        self._resolved: dict[str, EventSource] = {}

    @classmethod
    def from_catalog(cls, source: CatalogSource) -> EventSources:
        """The event sources of a catalog.

        Raises:
            CatalogError: their table can't be read.
        """
        return cls(read_event_sources(source))

    def resolve(self, event_source: str) -> EventSource:
        """The prefixes of an event source; a host that the table doesn't name is its own prefix."""
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
    """The table `event_sources`: one row by event source.

    Raises:
        CatalogError: it can't be read.
    """
    return read_catalog_table(source, "event_sources", dict[str, _EventSourceRow])


def _normalise_source(event_source: str) -> str:
    """An event source in lower case, ending in `.amazonaws.com` in every partition."""
    source = event_source.strip().lower().removesuffix(".cn")
    return source if source.endswith(_SUFFIX) else source + _SUFFIX


def strip_version(event_name: str) -> str:
    """The event name without an API version at its end; the same name where there is none.

    Whether the rest is an operation is for the caller to check: `DescribeVpcs2` keeps its digit, and so does anything
    that isn't a date.
    """
    return _API_VERSION.sub("", event_name)


Binding = str | dict[str, str] | list[str | dict[str, str]]
"""How request parameters name a resource of one type.

A string is the path (dots between keys, lists are walked) of a parameter that holds an ARN or the open part of the
type's ARN format; after `arn:` the parameter counts only where it holds an ARN. An object gives each `${Placeholder}`
of the format its own path; `*` is a part that the call doesn't show, such as an id that AWS assigns, and `*Path` one
where a parameter names the resource another way. The account may have a path too, of a parameter that may name another
owner, or `*` where any account may own it, or `own|*` where the caller's account or any other may. A list gives
alternatives, the first that reads wins; `*` by itself, the last of them, is any resource of the type in the account.

In a path, `one|other` reads both parameters. `Parameter~text` gives `text` as the default for a parameter that the
request lacks, and `Parameter^text` counts only where it holds an ARN or begins so. `lower:Parameter` is a name that the
service stores in lower case, and `last:Parameter` one after the last slash of the text. `response:Path` is read in the
response elements, which name AWS's choice for a parameter that the request lacks, and `additional:Path` in the record's
additional event data. `url:Parameter` holds the URL of an object in S3.
"""


class OperationRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The needs of one operation.

    `actions`: in full (`s3:ListBucket`); empty means the action of the operation's own name. `resources`: by resource
    type. `creates`: resource types whose name AWS chooses; the call is authorized on any. `roles`: paths of parameters
    that pass a role: an ARN, or after `name:` and `profile:` the name of a role or instance profile. `also`: further
    actions, each with the parameters whose presence asks for it, `one|other`; `Parameter@service` asks only as an ARN
    of a service, `Parameter=text` as a text, and `Parameter~=text` where the parameter is absent too. `how`: the
    inference rule of those that set no tags, by default `request-option`. `objects`: actions that the service takes
    with the caller's permissions on objects in S3, each with the parameter that holds their URL. `paths`: request paths
    that are the resource themselves (API Gateway), `/restapis/{restApiId}`. `reads`: the types that are read for the
    operation's own actions where some need code: names from `READERS` of a module in `rules/`, or types of `resources`,
    which without a name here then count for further actions only, or `*`; see `read_resources`. `tagged`: the types of
    the row that the tagging action in `also` is needed on, where the operation's name doesn't say so, or bindings of
    their own; `tagged_reads`: the same, read by code. `source`: the source of a row that isn't plain from the service
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
        """Whether code, rather than bindings, reads the resources that the operation's own actions are needed on."""
        return bool(self.reads or self.paths)


class _OperationTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The operations of one event source."""

    operations: dict[str, OperationRow] = {}


_EMPTY_TABLE: Final = _OperationTable()


class Operations:
    """The operation tables of a catalog, each read once and looked up without regard to case."""

    def __init__(self, source: CatalogSource) -> None:
        self._source = source
        self._tables: dict[str, dict[str, tuple[str, OperationRow]]] = {}

    def find(self, event_source: str, operation: str) -> tuple[str, OperationRow] | None:
        """The operation as the service model spells it and its row, or None where the table lacks it."""
        return self.table(event_source).get(operation.casefold())

    def table(self, event_source: str) -> dict[str, tuple[str, OperationRow]]:
        """Every operation of an event source: spelling and row by name in lower case; empty without a table."""
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
