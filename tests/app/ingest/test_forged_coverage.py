"""A few forged records don't make thirty days of logs look like a hundred: on the sample organization's own logs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.evidence import LogCoverage
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from tests.support.ingests import ingest
from tests.support.sample_organization import SECURITY, SHOP, records

FIRST, LAST = "2026-09-01", date(2026, 9, 30)
REAL_DAYS = 30


def coverage_with(folder: Path, *forged: dict[str, Any]) -> LogCoverage:
    real = [record for record in records() if str(record.get("eventTime", "")) >= FIRST]
    (folder / "real.json").write_text(json.dumps({"Records": real}), "utf-8")
    (folder / "forged.json").write_text(json.dumps({"Records": list(forged)}), "utf-8")
    paths = [folder / "real.json", folder / "forged.json"]
    ingest(paths, open_catalog(), data=folder / "data", now="2026-10-01T00:00:00")
    return coverage_from_usage(read_usage(folder / "data"))


def forged_record(account: str, day: date) -> dict[str, Any]:
    real = next(
        record
        for record in records()
        if record.get("recipientAccountId") == account and record.get("userIdentity", {}).get("type") == "AssumedRole"
    )
    return {**real, "eventTime": f"{day}T03:04:05Z", "eventID": f"forged-{account}-{day}"}


@pytest.mark.parametrize("every", [1, 3])
def test_coverage_gains_no_day_from_forged_records(every: int, tmp_path: Path) -> None:
    days = [LAST - timedelta(REAL_DAYS + at) for at in range(0, 79, every)]
    forged = [forged_record(account, day) for account in (SHOP, SECURITY) for day in days]
    for account in coverage_with(tmp_path, *forged).accounts:
        assert account.covered_days <= REAL_DAYS
        assert account.thin
        assert min(account.days) >= date.fromisoformat(FIRST)


def test_coverage_ends_with_the_real_records_whatever_a_forged_one_says(tmp_path: Path) -> None:
    found = coverage_with(tmp_path, forged_record(SHOP, date(2099, 1, 1)))
    assert found.last_day == LAST
    assert all(account.covered_days <= REAL_DAYS and not account.thin for account in found.accounts)
