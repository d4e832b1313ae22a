"""Reads an organization's units, the access reports of units, and lists of resources that exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.guardrails.organization import ExistingResource, Organization, ServiceAccess, Unit
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import plain_text
from lpgen.edge.readers.json_files import decode_json
from lpgen.errors import InvocationError, SnapshotError, quote_reason

_UNITS_HINT: Final = 'give {"organization", "management_account", "units": [{"id", "name", "accounts"}]}, or a snapshot'
_REPORT_HINT: Final = "give outputs of `aws iam get-organizations-access-report`, named UNIT-ID.json"
_INVENTORY_HINT: Final = 'give a JSON list of ARNs, or of {"arn": ARN, "regions": [REGION]}'


class _Node(msgspec.Struct):
    id: str
    name: str
    path: list[str]
    is_account: bool


class _Tree(msgspec.Struct):
    id: str
    management_account: str
    nodes: list[_Node]


def _read(path: Path, hint: str) -> Any:
    text = plain_text(read_file(path, SnapshotError, hint=hint))
    return decode_json(text, f"`{path}`", SnapshotError, hint=hint)


def _convert(value: object, kind: Any, path: Path, hint: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise SnapshotError(f"`{path}` has another form: {quote_reason(error)}", hint=hint) from error


def read_organization(named: Path | None, taken: Path | None) -> Organization:
    """The organization of the named file, or of a snapshot.

    Raises:
        InvocationError: there is neither.
        SnapshotError: the file can't be read.
    """
    path = named or taken
    if path is None:
        raise InvocationError("the organization's units are missing", hint=_UNITS_HINT)
    loaded = _read(path, _UNITS_HINT)
    if named:
        given: Organization = _convert(loaded, Organization, path, _UNITS_HINT)
        return given
    tree: _Tree = _convert(loaded, _Tree, path, _UNITS_HINT)
    return Organization(tree.id, tree.management_account, tuple(_units(tree)))


def _units(tree: _Tree) -> Iterator[Unit]:
    for node in tree.nodes:
        below = sorted(other.id for other in tree.nodes if other.is_account and node.id in other.path)
        yield Unit(node.id, tuple(below), node.name)


def read_access_reports(folder: Path | None) -> dict[str, tuple[ServiceAccess, ...]]:
    """The complete reports of a folder by the ids of units; none without a folder.

    Raises:
        SnapshotError: a file can't be read.
    """
    found: dict[str, tuple[ServiceAccess, ...]] = {}
    for path in sorted(folder.glob("*.json")) if folder else ():
        loaded = _read(path, _REPORT_HINT)
        page = loaded if isinstance(loaded, dict) else {"AccessDetails": loaded}
        if page.get("JobStatus", "COMPLETED") == "COMPLETED" and not page.get("IsTruncated"):
            rows = page.get("AccessDetails", [])
            found[path.stem] = _convert(rows, tuple[ServiceAccess, ...], path, _REPORT_HINT)
    return found


def read_existing_resources(path: Path | None) -> tuple[ExistingResource, ...] | None:
    """The resources in a file; None without one.

    Raises:
        SnapshotError: it can't be read.
    """
    if path is None:
        return None
    rows = _read(path, _INVENTORY_HINT)
    found = [{"arn": row} if isinstance(row, str) else row for row in rows] if isinstance(rows, list) else rows
    listed: tuple[ExistingResource, ...] = _convert(found, tuple[ExistingResource, ...], path, _INVENTORY_HINT)
    return listed
