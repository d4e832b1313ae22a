"""Event sources and event names: the service of a record, and its operation's name.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table

_SUFFIX: Final = ".amazonaws.com"

# Lambda and CloudFront log the API version after the operation: `CreateFunction20150331`,
# `UpdateFunctionCode20150331v2`, `CreateDistribution2020_05_31`.
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
_VERSION: Final = re.compile(r"(?:\d{8}(?:v\d+)?|\d{4}_\d{2}_\d{2})$")


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
    return _VERSION.sub("", event_name)
