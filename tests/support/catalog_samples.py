"""Small catalogs for tests: in memory, and as AWS's service reference has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpgen.errors import CatalogError

MANIFEST: dict[str, Any] = {
    "format": 1,
    "version": "2026.01.02",
    "date": "2026-01-02",
    "oldest_release": "2020-05-20",
    "counts": {"services": 1, "actions": 2, "resource_types": 1, "condition_keys": 1},
    "sources": [{"name": "a test", "version": "1", "license": "none", "gives": "all"}],
}

SERVICE: dict[str, Any] = {
    "service": "zoo",
    "name": "Amazon Zoo",
    "actions": [
        {
            "name": "FeedLion",
            "levels": ["Write"],
            "resources": [{"type": "lion", "required": True}],
            "conditions": ["zoo:Meat"],
            "dependents": ["iam:PassRole"],
            "first_seen": "2021-03-04",
        },
        {
            "name": "ListLions",
            "levels": ["List"],
            "resources": [],
            "conditions": [],
            "dependents": [],
            "first_seen": "2020-05-20",
        },
    ],
    "resources": [
        {"type": "lion", "arns": ["arn:${Partition}:zoo:${Region}:${Account}:lion/${Name}"], "conditions": []}
    ],
    "conditions": [{"key": "zoo:Meat", "type": "String"}],
}


@dataclass(frozen=True)
class DictSource:
    """A catalog source in memory, which also counts what is read."""

    services: Mapping[str, object]
    tables: Mapping[str, object]
    reads: list[str]

    def service_prefixes(self) -> tuple[str, ...]:
        return tuple(sorted(self.services))

    def read_service(self, prefix: str) -> bytes:
        self.reads.append(prefix)
        return json.dumps(self.services[prefix]).encode()

    def read_table(self, name: str) -> bytes:
        if name not in self.tables:
            raise CatalogError(f"no table `{name}`")
        return json.dumps(self.tables[name]).encode()

    def has_table(self, name: str) -> bool:
        return name in self.tables


def zoo_source() -> DictSource:
    """A catalog of one small service."""
    return DictSource({"zoo": SERVICE}, {"manifest": MANIFEST}, [])


def write_zoo(folder: Path) -> Path:
    """The same as a folder."""
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "zoo.json").write_text(json.dumps(SERVICE))
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    return folder
