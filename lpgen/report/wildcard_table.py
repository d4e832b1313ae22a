"""What wildcards gained as CSV: a row per wildcard and gained action. Columns are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs

from lpgen.core.drift.growth import GainedAction, Growth
from lpgen.report.csv_text import csv_text


def wildcards_csv(growth: Growth) -> str:
    """The growth as CSV with a header; `held_by` is a number, `used` is empty where use is unknown."""
    columns = ("subject", "statements", "wildcard", "held_by", *GainedAction.__struct_fields__, "used")
    return csv_text([columns, *_rows(growth)])


def _rows(growth: Growth) -> Iterator[Iterable[object]]:
    facts = {gained.action: structs.astuple(gained) for gained in growth.actions}
    for wildcard in growth.wildcards:
        own = (wildcard.subject, "; ".join(wildcard.statements), wildcard.wildcard, len(wildcard.principals))
        for action in wildcard.gained:
            yield *own, *facts[action], None if wildcard.used is None else action in wildcard.used
