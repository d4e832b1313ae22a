"""The inputs for the event map's tables in addition to the service models: catalog, hints and hand-made rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from action_catalog.request_parameters import Hints
from action_catalog.type_facts import EVERY_OPERATION, without_type_facts

HERE: Final = Path(__file__).resolve().parent
SUFFIX: Final = ".amazonaws.com"
_SIMPLE: Final = re.compile(r"\$\{([\w.\[\]]+)\}")


@dataclass(frozen=True, slots=True)
class Facts:
    """The builder's inputs: the catalog's services, hints, previous tables, and hand-made rows.

    `types` are the hand-made rows for all operations of an event source. `older` are operations of retired service
    models by IAM prefix. `none` are calls that need no permission, with the reason. `tagging` is, by IAM prefix, the
    additional action of a call that creates a resource with tags.
    """

    services: Mapping[str, Mapping[str, Any]]
    hints: Mapping[tuple[str, str], Hints]
    older: frozenset[tuple[str, str]]
    before: Mapping[str, Mapping[str, Mapping[str, Any]]]
    rows: Mapping[str, Mapping[str, Mapping[str, Any]]]
    none: Mapping[str, Mapping[str, str]]
    tagging: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, Mapping[str, Any]]


def read_facts(path: Path | None) -> Facts:
    """The builder's inputs. `path` is the data set of hints."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path else []
    rows = _read_folder("mapping_rows")
    types = {source: table.pop(EVERY_OPERATION, {}) for source, table in rows.items()}
    return Facts(
        services={path.stem: json.loads(path.read_bytes()) for path in sorted((HERE / "services").glob("*.json"))},
        hints={(row["sdk"], row["operation"]): _hints_from_row(row) for row in lines},
        older=frozenset(own for row in lines for own in _own_actions(row)),
        before={
            source: {name: without_type_facts(row) for name, row in table["operations"].items()}
            for source, table in _read_folder("operations").items()
        },
        rows=rows,
        none=json.loads((HERE / "unsigned_rows.json").read_text()),
        tagging=json.loads((HERE / "tag_on_create.json").read_text()),
        types=types,
    )


def _read_folder(name: str) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((HERE / name).glob("*.json"))}


def _hints_from_row(row: Mapping[str, Any]) -> Hints:
    """The parameters in a row of the data set for the operation's main action."""
    placeholders: dict[str, str] = {}
    types: dict[str, str] = {}
    for action in row["actions"]:
        if action["action"].partition(":")[2].lower() != row["operation"].lower() and len(row["actions"]) > 1:
            continue
        for name, value in (action.get("resource_mappings") or {}).items():
            _take(placeholders, name, value["template"])
        for kind, template in (action.get("resourcearn_mappings") or {}).items():
            _take(types, kind, template)
    return Hints(placeholders, types)


def _own_actions(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for action in row["actions"]:
        prefix, _, name = action["action"].partition(":")
        if name.lower() == row["operation"].lower():
            yield prefix, row["operation"]


def _take(hints: dict[str, str], name: str, template: str) -> None:
    match = _SIMPLE.fullmatch(template)
    if match:
        hints[name] = match[1].replace("[]", "")
