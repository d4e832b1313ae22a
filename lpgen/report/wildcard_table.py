"""What wildcards gained as CSV: a row per wildcard and gained action. Columns are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs

from lpgen.core.drift.wildcards import GainedAction, Growth
from lpgen.report.csv_text import csv_text


def wildcards_csv(growth: Growth) -> str:
    """The growth as CSV with a header; `held_by` is a number, `used` is empty where use is unknown."""
    return csv_text(_rows(growth))


def _rows(growth: Growth) -> Iterator[Iterable[object]]:
    yield "subject", "statements", "wildcard", "held_by", *GainedAction.__struct_fields__, "used"
    facts = {gained.action: structs.astuple(gained) for gained in growth.actions}
    for finding in growth.wildcards:
        found = finding.parameters
        own = (finding.subject, "; ".join(found["statements"]), found["wildcard"], len(finding.principals))
        for action in found["new_actions"]:
            yield *own, *facts[action], None if growth.totals.used is None else action in found["used"]
