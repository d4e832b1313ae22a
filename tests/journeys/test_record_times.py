"""Records without a time, of the future, or of nobody, from the log file to the review."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.engines.local_processes import LocalEngine
from tests.cli.test_main import DETAILS, RECORD, run
from tests.support.documents import ROOT
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes, record_json, rows

CATALOG: Catalog = open_catalog()
NOW = "2026-11-28T10:00:00"
STAMPED = "111122223333_CloudTrail_us-east-1_20240310T0000Z_Mu0KsOhtH1ar15ZZ.json.gz"


def take(data: Path, *paths: Path, now: str = NOW, workers: int = 0) -> IngestResult:
    return ingest(paths, CATALOG, data=data, now=now, engine=LocalEngine(workers) if workers else None)


def skip_counts(result: IngestResult) -> dict[str, int]:
    return {skip.reason.value: skip.count for skip in result.skips}


def content(data: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: rows(table) for name, table in read_usage(data).tables().items()}


def review_of(home: Path, *records: dict[str, Any]) -> dict[str, Any]:
    (home / "log.json").write_text(json.dumps({"Records": list(records)}), "utf-8")
    (home / "policies.json").write_text(json.dumps(DETAILS), "utf-8")
    data, policies = str(home / "data"), str(home / "policies.json")
    assert run("ingest", str(home / "log.json"), "--data", data).returncode == 0
    done = run("review", "--data", data, "--policies", policies, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({"eventTime": None}, "no_time s3.amazonaws.com PutBucketPolicy"),
        ({"eventTime": "2099-01-01T00:00:00Z"}, "future s3.amazonaws.com PutBucketPolicy"),
    ],
)
def test_review_doubts_a_principal_whose_record_has_no_usable_time(
    changes: dict[str, Any], item: str, tmp_path: Path
) -> None:
    odd = {**RECORD, "eventName": "PutBucketPolicy", "eventID": "e9", **changes}
    report = review_of(tmp_path, RECORD, odd)
    (principal,) = report["principals"]
    assert item in {one["item"] for one in principal["not_safe_because"]}
    assert report["coverage"]["accounts"][0]["last_day"] == "2026-09-01"
    used = {one["action"] for one in principal["verdicts"] if one["verdict"] == "used"}
    assert "s3:PutBucketPolicy" not in used


def test_review_gives_refused_credentials_to_nobody(tmp_path: Path) -> None:
    refused = {**RECORD, "eventName": "PutBucketPolicy", "eventID": "e9", "errorCode": "SignatureDoesNotMatch"}
    (principal,) = review_of(tmp_path, RECORD, refused)["principals"]
    assert not {one["action"] for one in principal["verdicts"] if one["verdict"] == "attempted"}


def test_ingest_counts_what_is_later_than_itself_as_the_future(tmp_path: Path) -> None:
    late = record_json(3, eventTime="2026-11-30T00:00:00Z")
    (tmp_path / "plain.json.gz").write_bytes(log_bytes([record_json(1), late]))
    assert skip_counts(take(tmp_path / "early", tmp_path / "plain.json.gz")) == {"future": 1}
    assert skip_counts(take(tmp_path / "late", tmp_path / "plain.json.gz", now="2026-12-01T00:00:00")) == {}


def test_ingest_gives_the_same_for_a_file_that_tells_its_delivery(tmp_path: Path) -> None:
    late = record_json(3, eventTime="2024-03-20T00:00:00Z")
    (tmp_path / STAMPED).write_bytes(log_bytes([record_json(1), late]))
    for data, now, workers in (("a", NOW, 0), ("b", "2036-01-01T00:00:00", 0), ("c", NOW, 2), ("d", "", 0)):
        assert skip_counts(take(tmp_path / data, tmp_path / STAMPED, now=now, workers=workers)) == {"future": 1}
    first = content(tmp_path / "a")
    assert all(content(tmp_path / data) == first for data in "bcd")


CLOCKS = {
    "app/api.py": "the moment a baseline is saved",
    "app/named_logs.py": "the moment of an ingest",
    "cli/catalog.py": "the date of a new catalog",
    "cli/snapshot.py": "the moment of a snapshot",
    "cli/baseline.py": "the moment a baseline is saved",
    "edge/data_folder/pins.py": "how old a pin is",
    "edge/rollout/journal.py": "the moment of an entry",
    "edge/rollout/lock.py": "since when a principal is locked",
    "edge/rollout/run.py": "how long ago a call in doubt was sent",
}
"""The modules that read the time of day, each for what. No analysis depends on one."""


def test_only_these_modules_read_the_time_of_day() -> None:
    package = ROOT / "lpgen"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today")
    }
    assert found == set(CLOCKS)
