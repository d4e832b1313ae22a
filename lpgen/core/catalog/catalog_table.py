"""Reads the tables next to a catalog's services."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from lpgen.errors import CatalogError, quote_input, quote_reason

_T = TypeVar("_T")


class CatalogSource(Protocol):
    """The source of the catalog's bytes. `lpgen.edge.catalog.files` reads them from a folder, tests from a dict."""

    def service_prefixes(self) -> tuple[str, ...]:
        """All service prefixes, sorted."""

    def read_service(self, prefix: str) -> bytes:
        """The JSON of one service."""

    def read_table(self, name: str) -> bytes:
        """The JSON of one table next to the services, such as `manifest` or `operations/ec2.amazonaws.com`."""

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""


def read_optional_table(source: CatalogSource, name: str, shape: type[_T], default: _T) -> _T:
    """A table as a value of this shape, or the default if the catalog lacks the table.

    Raises:
        CatalogError: it can't be read, isn't JSON, or has another shape.
    """
    return read_catalog_table(source, name, shape) if source.has_table(name) else default


def read_catalog_table(source: CatalogSource, name: str, shape: type[_T]) -> _T:
    """A table such as `event_sources` as a value of this shape.

    Raises:
        CatalogError: the table doesn't exist, can't be read, isn't JSON, or has another shape.
    """
    try:
        return msgspec.json.decode(source.read_table(name), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogError(
            f"the table {quote_input(name)} of the action catalog can't be read: {quote_reason(error)}",
            hint="update the catalog with `lpgen catalog update`, or leave out --catalog",
        ) from error
