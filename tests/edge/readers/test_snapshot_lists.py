"""Reading the lists of a snapshot."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from lpgen.core.workloads import Schedule
from lpgen.edge.readers.snapshot_files import read_snapshot_list
from lpgen.errors import SnapshotError

WEEKLY = Schedule("EventBridge rule", "weekly", "rate(7 days)", True, 7, ("arn:aws:iam::111122223333:role/app",))
UNREAD = Schedule("backup plan", "archive", "some day", False, None, ())


def test_schedules_are_read_back_as_written(tmp_path: Path) -> None:
    files = [tmp_path / "1.json", tmp_path / "2.json"]
    for path, schedule in zip(files, (WEEKLY, UNREAD), strict=True):
        path.write_text(json.dumps([asdict(schedule)]), encoding="utf-8")
    assert read_snapshot_list(files, Schedule) == (WEEKLY, UNREAD)
    assert read_snapshot_list([], Schedule) == ()


def test_buckets_are_read_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "1.json"
    path.write_text('["arn:aws:s3:::a", "arn:aws:s3:::b"]', encoding="utf-8")
    assert read_snapshot_list([path], str) == ("arn:aws:s3:::a", "arn:aws:s3:::b")


@pytest.mark.parametrize("text", ["", "{}", "[{}]", "[" * 5000, '[{"source": 1}]'])
def test_a_file_of_something_else_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SnapshotError, match=r"1\.json.* can't be read"):
        read_snapshot_list([path], Schedule)
    with pytest.raises(SnapshotError, match=r"1\.json.* can't be read"):
        read_snapshot_list([path], str)
    with pytest.raises(SnapshotError, match="can't be read"):
        read_snapshot_list([tmp_path / "missing.json"], Schedule)
