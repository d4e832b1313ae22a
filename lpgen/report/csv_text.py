"""CSV with commas and line feeds, and the actions that wildcards gained as CSV. An empty cell means null."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import structs

from lpgen.core.drift.wildcards import GainedAction, Growth
from lpgen.report.escaping import spreadsheet_text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV. Texts are escaped and can be recovered: see `lpgen.report.escaping.spreadsheet_text`."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(map(_csv_cell, row) for row in rows)
    return out.getvalue()


def _csv_cell(value: object) -> object:
    if isinstance(value, str):
        return _inert(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


_inert: Final = lru_cache(maxsize=1 << 16)(spreadsheet_text)


def wildcards_csv(growth: Growth) -> str:
    """One row per wildcard and gained action, with a header. Columns are only ever added.

    `held_by` is a number. `used` is empty if the use is unknown.
    """
    return csv_text(_rows(growth))


def _rows(growth: Growth) -> Iterator[Iterable[object]]:
    yield "subject", "statements", "wildcard", "held_by", *GainedAction.__struct_fields__, "used"
    facts = {gained.action: structs.astuple(gained) for gained in growth.actions}
    for finding in growth.wildcards:
        found = finding.parameters
        own = (finding.subject, "; ".join(found["statements"]), found["wildcard"], len(finding.principals))
        for action in found["new_actions"]:
            yield *own, *facts[action], None if growth.totals.used is None else action in found["used"]
