"""When a principal did what: the spans of time between the first and the last record of each action, as data."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.findings import Report
from lpgen.core.grounds import Evidence
from lpgen.report.inert import terminal_text
from lpgen.report.json.layout import Json
from lpgen.report.views import PrincipalView

Row = list[object]


def data_of_use(view: PrincipalView, report: Report) -> Json | None:
    """The days that the logs cover and a row per action, the earliest first; None where nothing was recorded.

    A row is action, verdict (or `denied`), records, first and last day, example event id, example resource.
    """
    rows = sorted((*_used(view), *_denied(view)), key=lambda row: (str(row[3]), str(row[4]), str(row[0])))
    days = [str(day) for row in rows for day in row[3:5] if day]
    if not days:
        return None
    covered = report.diff.coverage.account(view.diff.principal.account)
    missing = [(one.first, one.last, "no record") for one in covered.gaps] if covered else []
    missing += [(one.first, one.last, one.why) for one in covered.uncovered] if covered else []
    return {
        "first": min([*days, *([covered.first_day.isoformat()] if covered else [])]),
        "last": max([*days, *([covered.last_day.isoformat()] if covered else [])]),
        "missing": [[first.isoformat(), last.isoformat(), terminal_text(why)] for first, last, why in missing],
        "rows": rows,
    }


def _used(view: PrincipalView) -> Iterable[Row]:
    for one in view.diff.verdicts:
        if one.evidence is not None:
            yield _row(one.action, one.verdict, one.evidence)


def _denied(view: PrincipalView) -> Iterable[Row]:
    for group in view.denied:
        yield _row(group.action, "denied", group.evidence)


def _row(action: str, kind: str, evidence: Evidence) -> Row:
    return [
        terminal_text(action),
        kind,
        evidence.records,
        terminal_text(evidence.first_seen[:10]),
        terminal_text(evidence.last_seen[:10]),
        terminal_text(evidence.example_event_id),
        terminal_text(evidence.example_resource),
    ]
