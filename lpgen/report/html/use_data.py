"""When a principal did what: the days with records of each action, as data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from lpgen.core.evidence import Evidence
from lpgen.core.findings import Report
from lpgen.core.model import Action
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.action_index import ranges_of
from lpgen.report.views import PrincipalView

_Use = tuple[Action, str, Evidence, tuple[date, ...]]


def data_of_use(view: PrincipalView, report: Report) -> Json | None:
    """The days that the logs cover and a row per action, the earliest first; None where nothing was recorded.

    A row is action, verdict (or `denied`), records, first and last day, example event id, example resource, and the
    days with a record: numbers from 0, which is `first`, as ranges such as `0-4,7`.
    """
    uses = sorted(
        (*_used(view), *_denied(view)), key=lambda use: (use[2].first_seen[:10], use[2].last_seen[:10], use[0])
    )
    if not uses:
        return None
    covered = report.diff.coverage.account(view.diff.principal.account)
    missing = [(one.first, one.last, "no record") for one in covered.gaps] if covered else []
    missing += [(one.first, one.last, one.why) for one in covered.uncovered] if covered else []
    seen = [day for use in uses for day in use[3]]
    days = [*seen, covered.first_day, covered.last_day] if covered else seen or [report.diff.as_of]
    first = min(days)
    return {
        "first": first.isoformat(),
        "last": max(days).isoformat(),
        "missing": [[start.isoformat(), end.isoformat(), terminal_text(why)] for start, end, why in missing],
        "rows": [_row(use, first) for use in uses],
    }


def _used(view: PrincipalView) -> Iterable[_Use]:
    days = dict(view.diff.days)
    for one in view.diff.verdicts:
        if one.evidence is not None:
            yield one.action, one.verdict, one.evidence, days.get(one.action, ())


def _denied(view: PrincipalView) -> Iterable[_Use]:
    for group in view.denied:
        yield group.action, "denied", group.evidence, group.days


def _row(use: _Use, first: date) -> list[object]:
    action, kind, evidence, days = use
    return [
        terminal_text(action),
        kind,
        evidence.records,
        terminal_text(evidence.first_seen[:10]),
        terminal_text(evidence.last_seen[:10]),
        terminal_text(evidence.example_event_id),
        terminal_text(evidence.example_resource),
        ranges_of((day - first).days for day in days),
    ]
