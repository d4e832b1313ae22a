"""Rows as CSV: commas, line feeds, and null as an empty cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final

from lpgen.report.escaping import spreadsheet_text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV. Texts are made inert, and can be read back: see `lpgen.report.escaping.spreadsheet_text`."""
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
