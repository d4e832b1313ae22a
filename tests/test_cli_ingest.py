"""`lpgen ingest`: which sources take which options, told before anything is asked or made."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lpgen.cli import app
from lpgen.core.usage.ingest_result import IngestResult, Progress
from lpgen.errors import InvocationError
from lpgen.report.ingest_text import render_ingest, render_progress


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s3:///x"], "no address in S3"),
        (["cloudtrail://us-east-1"], "takes nothing behind it"),
        (["logs", "--account", "111122223333"], "--account chooses"),
        (["cloudtrail://", "--account", "111122223333"], "--account chooses"),
        (["s3://bucket", "--account", "12345"], "no account id"),
        (["logs", "--region", "eu-west-1"], "--region chooses"),
        (["s3://bucket", "--region", "eu_west"], "no Region"),
        (["s3://bucket", "--since", "90 days"], "no date or time"),
        (["s3://bucket", "--since", "999999d"], "too long ago"),
    ],
)
def test_ingest_command_refuses_what_makes_no_sense(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["ingest", *arguments, "--data", str(tmp_path / "data")])
    assert isinstance(result.exception, InvocationError)
    assert message in result.exception.message
    assert not (tmp_path / "data").exists()


NOTHING = IngestResult(0, 0, 0, 0, 0, (), (), (), (), ())


def first_lines(**counts: object) -> list[str]:
    fields = {name: getattr(NOTHING, name) for name in IngestResult.__dataclass_fields__}
    return render_ingest(IngestResult(**{**fields, **counts}), verbose=False).splitlines()


def test_render_ingest_calls_things_what_they_are() -> None:
    assert first_lines() == ["0 new files with 0 records, 0 of them usage"]
    assert first_lines(files_read=2, objects_read=3, records=9, usage_records=8, objects_known=1, events_known=4) == [
        "2 new files and 3 new objects with 9 records, 8 of them usage",
        "1 objects and 4 events were known already",
    ]
    assert first_lines(events_known=4)[0].startswith("0 new events with")


def test_render_ingest_names_what_was_left_alone_in_a_bucket() -> None:
    folders = tuple((f"folder-{n}", n) for n in range(1, 11))
    (line,) = first_lines(folders_left=folders)[1:]
    assert line.startswith("folders in S3 that hold no records of calls, left alone: folder-1 (1), ")
    assert line.endswith("folder-8 (8) and 2 others")


def test_render_progress_counts_what_is_read() -> None:
    assert render_progress(Progress(1_200, 0, 0, 0, 0, "objects")) == "1,200 objects found"
    assert render_progress(Progress(2, 4, 1, 2, 7, "objects")) == " 50%  2 of 4 objects, 7 records"
    assert render_progress(Progress(50, 50, 0, 0, 49, "events")) == "50 events found with 49 records"
