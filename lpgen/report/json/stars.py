"""Wildcard growth as JSON, schema `lpgen.stars/1`, and as CSV, a row per wildcard and gained action.

Keys and columns are only ever added under this name; a change of meaning takes a new number.

- `since`: only actions first seen after this day count as gained. `catalog`: its version and date, and
  `first_seen_from`, how far back first-seen dates reach. `doubtful` (null: nothing is): actions `first_seen` on that
  date came `after` the other one, so they may be older than `since`.
- `totals`: how many of the chosen `principals` `grew`; `grants` are pairs of principal and gained action, each once,
  `actions` the distinct ones, `used` the pairs that were seen used (null: use is unknown), `levels` the pairs by access
  level; `undated` the actions of these wildcards that may have come before or after `since`.
- `wildcards`: those that gained something, the heaviest first: worst access level first, by actions gained times who
  got them. `owner` is the principal of an inline policy (null: it is shared). `actions_today` is how many actions it
  matches; `stopped` counts gained actions that a Deny, a boundary or an SCP keeps from everybody. Each of `gained` came
  after `after` and by `first_seen`.
"""

from __future__ import annotations

import csv
from dataclasses import asdict
from io import StringIO
from typing import Final

from lpgen.core.stars import StarGrowth, Stars
from lpgen.report.escaping import spreadsheet_text
from lpgen.report.json.facts import facts_of_statement
from lpgen.report.json.layout import Json, Row, lay_out

STARS_SCHEMA: Final = "lpgen.stars/1"

_STARS_COLUMNS: Final = (
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


def stars_json(stars: Stars) -> str:
    """The growth as JSON text."""
    totals = stars.totals
    doubtful = Row(first_seen=stars.doubtful_until, after=stars.doubtful_after) if stars.doubtful_until else None
    return lay_out(
        {
            "schema": STARS_SCHEMA,
            "since": stars.since.isoformat(),
            "catalog": Row(version=stars.catalog_version, date=stars.catalog_date, first_seen_from=stars.oldest),
            "doubtful": doubtful,
            "totals": Row(
                principals=stars.principals,
                grew=totals.principals,
                wildcards=totals.wildcards,
                wildcards_grew=len(stars.grown),
                grants=totals.grants,
                actions=totals.actions,
                used=totals.used,
                levels={str(level): number for level, number in totals.levels.items()},
                undated=totals.undated,
            ),
            "wildcards": [_facts_of_star(one) for one in stars.grown],
        }
    )


def _facts_of_star(star: StarGrowth) -> Json:
    return {
        "wildcard": star.pattern,
        "not_action": star.not_action,
        "statement": facts_of_statement(star.ref),
        "owner": star.owner or None,
        "held_by": list(star.holders),
        "actions_today": star.stands_for,
        "levels": Row({str(level): number for level, number in sorted(star.levels.items())}),
        "used": None if any(one.used is None for one in star.gained) else star.used,
        "stopped": star.stopped,
        "gained": [Row(asdict(one)) for one in star.gained],
    }


def stars_csv(stars: Stars) -> str:
    """The growth as CSV with a header line; `held_by` is a number, `used` is empty where nothing is known of use."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_STARS_COLUMNS)
    for star in stars.grown:
        for one in star.gained:
            writer.writerow(
                spreadsheet_text(str(cell))
                for cell in (
                    star.ref.policy,
                    star.ref.index + 1,
                    star.owner or star.ref.group,
                    star.pattern,
                    "true" if star.not_action else "false",
                    len(star.holders),
                    one.action,
                    one.level,
                    one.first_seen,
                    one.after,
                    "" if one.used is None else str(one.used).lower(),
                    one.danger,
                )
            )
    return file.getvalue()
