"""Event-map cases: a record as AWS writes it, and the actions and resources that AWS's documentation says it needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import MappedAction

CASES = Path(__file__).parents[3] / "cases" / "event_map"

Needs = list[tuple[str, tuple[str, ...]]]
ANY = ("any resource",)
"""What stands for the resources of an action where AWS's documentation doesn't settle them."""


def read_cases(*families: str) -> list[Any]:
    """The cases of these families, each with its name, kind, source, record and expected actions."""
    return [case for family in families for case in json.loads((CASES / f"{family}.json").read_text("utf-8"))]


def record_from_case(case: Any) -> Record:
    """The case's record, decoded as ingest decodes it."""
    return msgspec.convert(case["record"], Record)


def expected_needs(case: Any) -> Needs:
    """The expected actions with their resources, sorted."""
    return sorted((row["action"], tuple(sorted(row.get("resources", ANY)))) for row in case["expected"])


def needs_from_actions(actions: tuple[MappedAction, ...], case: Any) -> Needs:
    """Mapped actions in the form of `expected_needs`, as far as the case states resources."""
    unstated = {row["action"] for row in case["expected"] if "resources" not in row}
    return sorted(
        (need.action, ANY if need.action in unstated else tuple(sorted(resource.text for resource in need.resources)))
        for need in actions
    )
