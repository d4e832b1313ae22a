"""The actions that bear the name of an operation: which of a service's actions a call of that name shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from lpgen.core.catalog.catalog_table import CatalogSource
from lpgen.core.cloudtrail.event_names import read_event_sources
from lpgen.core.cloudtrail.operation_rows import Operations

_SUFFIX: Final = ".amazonaws.com"


class OwnOperations:
    """Each service's actions of an operation's own name, read when first asked for.

    An operation whose row names other actions doesn't count: its record shows those instead.
    """

    def __init__(self, source: CatalogSource) -> None:
        rows = read_event_sources(source)
        self._tables: dict[str, set[str]] = defaultdict(set)
        for event_source, row in rows.items():
            for prefix in row.prefixes:
                self._tables[prefix].add(row.table or event_source)
        self._operations = Operations(source)
        self._found: dict[str, dict[str, str]] = {}

    def operation(self, action: str) -> str:
        """The operation whose record shows an action, `ec2.amazonaws.com DescribeVpcs`, or "" where none is known."""
        prefix, _, name = action.casefold().partition(":")
        found = self._found.get(prefix)
        if found is None:
            found = self._found[prefix] = dict(self._named(prefix))
        return found.get(name, "")

    def _named(self, prefix: str) -> Iterator[tuple[str, str]]:
        for table in sorted(self._tables.get(prefix, set()) | {prefix + _SUFFIX}):
            for lower, (operation, row) in self._operations.table(table).items():
                if not row.actions or f"{prefix}:{lower}" in {name.casefold() for name in row.actions}:
                    yield lower, f"{table} {operation}"
