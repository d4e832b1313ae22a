"""Somebody writes records into the logs: no forged record makes a replacement safe, or a day count as covered."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import analyse
from lpgen.core.findings import Report
from lpgen.core.options import Options
from lpgen.core.usage.event_time import moment_from_datetime
from lpgen.edge.catalog.files import bundled_catalog
from tests.attack.score import Attack, sample
from tests.support.ingests import ingest
from tests.support.outputs import CHOSEN, SAMPLE
from tests.support.sample_organization import SHOP, records

Json = dict[str, Any]
REAL_DAYS = 50
ASKED_DAYS = 60
"""More than there are, so that nothing is safe by the real days alone, which are enough for a backtest."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """Records copied to other days: on which, counted from the first real one, and how many of each."""

    days: tuple[int, ...]
    each: int = 1
    distinct: bool = False
    """Each copy is of another service, else all are of one call."""


FORGERIES = {
    "one record a day behind": Forgery(tuple(range(REAL_DAYS, REAL_DAYS + 60))),
    "one record every third day behind": Forgery(tuple(range(REAL_DAYS, REAL_DAYS + 160, 3))),
    "one record a day before": Forgery(tuple(range(-60, 0))),
    "one record every third day before": Forgery(tuple(range(-160, 0, 3))),
    "a record of each service a day behind": Forgery(tuple(range(REAL_DAYS, REAL_DAYS + 60)), 40, distinct=True),
    "a record of each service a day before": Forgery(tuple(range(-60, 0)), 40, distinct=True),
    "a thousand copies a day behind": Forgery(tuple(range(REAL_DAYS, REAL_DAYS + 20)), 1_000),
    "one record of the year 2099": Forgery((365 * 73,)),
    "one record of the year 1970": Forgery((-365 * 56,)),
    "a record a year for thirty years": Forgery(tuple(range(-365 * 30, 0, 365))),
}


@cache
def real() -> tuple[Json, ...]:
    """The first days of the shop's account."""
    whole = [record for record in records() if record["recipientAccountId"] == SHOP]
    last = first_day(whole) + timedelta(REAL_DAYS)
    return tuple(one for one in whole if day_of(one) < last)


def day_of(one: Json) -> date:
    return date.fromisoformat(one["eventTime"][:10])


def first_day(some: list[Json] | tuple[Json, ...]) -> date:
    return min(map(day_of, some))


def forged(forgery: Forgery) -> Iterator[Json]:
    """Copies of real records on other days, each with an event id of its own."""
    templates = list({one["eventSource"]: one for one in real()}.values()) if forgery.distinct else [real()[0]]
    for number, day in enumerate(forgery.days):
        for at in range(min(forgery.each, len(templates)) if forgery.distinct else forgery.each):
            moment = first_day(real()) + timedelta(day)
            made = copy.deepcopy(templates[at % len(templates)])
            yield {**made, "eventTime": f"{moment}T12:{at % 60:02}:00Z", "eventID": f"forged-{number}-{at}"}


def review(folder: Path, more: list[Json]) -> Report:
    """The review of the real records, and of others that lie beside them in a file of their own."""
    folder.mkdir()
    for name, some in (("real", real()), ("more", more)):
        (folder / f"{name}.json").write_text(json.dumps({"Records": some}), encoding="utf-8")
    now = datetime.combine(first_day(real()) + timedelta(REAL_DAYS + 200), datetime.min.time(), UTC)
    files = [folder / "real.json", folder / "more.json"]
    ingest(files, bundled_catalog(), data=folder / "data", now=moment_from_datetime(now))
    return analyse(AnalysisInputs(folder / "data", [policies(folder)], bundled_catalog(), Options(min_days=ASKED_DAYS)))


def policies(folder: Path) -> Path:
    page = json.loads((SAMPLE / "authorization-details" / f"{SHOP}.json").read_text(encoding="utf-8"))
    page["RoleDetailList"] = [one for one in page["RoleDetailList"] if one["RoleName"] in CHOSEN]
    page["UserDetailList"] = page["GroupDetailList"] = []
    path = folder / "policies.json"
    path.write_text(json.dumps(page), encoding="utf-8")
    return path


def safe(report: Report) -> set[str]:
    return {proposal.diff.principal.name for proposal in report.proposals if proposal.safe}


def covered(report: Report) -> int:
    return max((account.covered_days for account in report.diff.coverage.accounts), default=0)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return review(tmp_path_factory.mktemp("honest") / "logs", [])


def test_forged_records_make_nothing_safe_and_cover_no_day(
    honest: Report, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    assert safe(honest) == set()
    with attack("forged records") as one:
        for name in sample(sorted(FORGERIES), one.random):
            report = review(tmp_path / name, list(forged(FORGERIES[name])))
            gained = covered(report) - covered(honest)
            one.add(f"{name}: {gained} days, safe {safe(report)}", held=gained <= 0 and not safe(report))


def test_as_many_real_days_make_something_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise can fail: with the days that are asked for, replacements are safe."""
    monkeypatch.setattr("tests.attack.test_forgeries.ASKED_DAYS", REAL_DAYS - 5)
    assert safe(review(tmp_path / "logs", []))
