"""Wildcard growth as CSV: a row per wildcard and gained action. Columns are only ever added."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Final

from lpgen.core.stars import Stars
from lpgen.report.escaping import spreadsheet_text

_COLUMNS: Final = (
    "policy",
    "statement",
    "owner",
    "wildcard",
    "not_action",
    "held_by",
    "action",
    "level",
    "first_seen",
    "after",
    "used",
    "danger",
)


def stars_csv(stars: Stars) -> str:
    """The growth as CSV with a header line; `held_by` is a number, `used` is empty where nothing is known of use."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for star in stars.grown:
        for gained in star.gained:
            writer.writerow(
                spreadsheet_text(str(cell))
                for cell in (
                    star.ref.policy,
                    star.ref.index + 1,
                    star.owner or star.ref.group,
                    star.pattern,
                    "true" if star.not_action else "false",
                    len(star.holders),
                    gained.action,
                    gained.level,
                    gained.first_seen,
                    gained.after,
                    "" if gained.used is None else str(gained.used).lower(),
                    gained.danger,
                )
            )
    return file.getvalue()
