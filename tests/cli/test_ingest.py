"""`lpgen ingest`: which sources take which options, told before anything is asked or made."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lpgen.cli.main import app
from lpgen.core.model import SkipReason
from lpgen.core.usage.ingest_result import FileProblem, IngestResult, Progress, SkipSummary
from lpgen.edge.ingest.phase_clock import IngestPhase, PhaseClock
from lpgen.errors import EngineError, InvocationError
from lpgen.report.messages.ingest import render_ingest, render_progress
from tests.support.log_samples import log_bytes, record_json, write_logs
from tests.support.s3_buckets import write_folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s3:///x"], "not a valid S3 address"),
        (["cloudtrail://us-east-1"], "can't be followed by anything"),
        (["logs", "--account", "111122223333"], "--account works only with"),
        (["cloudtrail://", "--account", "111122223333"], "--account works only with"),
        (["s3://bucket", "--account", "12345"], "not a valid account ID"),
        (["logs", "--region", "eu-west-1"], "--region works only with"),
        (["s3://bucket", "--region", "eu_west"], "not a valid Region"),
        (["s3://bucket", "--since", "90 days"], "not a valid date or time"),
        (["s3://bucket", "--since", "999999d"], "too long ago"),
        (["s3://bucket", "--assume-role", "reader"], "not the ARN of a role"),
        (["logs", "--engine", "dask"], "--engine dask needs --scheduler ADDRESS"),
        (["logs", "--engine", "spark"], "--engine spark needs --master URL"),
        (["logs", "--scheduler", "tcp://10.0.0.5:8786"], "--scheduler works only with --engine dask"),
        (["logs", "--engine", "dask", "--master", "yarn"], "--master works only with --engine spark"),
        (
            ["logs", "--engine", "spark", "--master", "yarn", "--workers", "2"],
            "--workers works only with --engine local",
        ),
        (["cloudtrail://", "--max-file-records", "9"], "apply only to files"),
        (["athena://logs"], "not a valid Athena table"),
        (["athena://logs.trail; --"], "not a valid Athena table"),
        (["athena://logs.trail"], "needs --since"),
        (["athena://logs.trail", "--since", "2024-01-01T10:00:00Z"], "takes whole days"),
        (["athena://logs.trail", "--since", "9d", "--output-location", "answers/"], "`answers/` is not an S3 address"),
        (["athena://logs.trail", "--since", "9d", "--engine", "dask"], "--engine doesn't apply to"),
        (["athena://logs.trail", "logs", "--since", "9d"], "can't be ingested together with other logs"),
        (["s3://bucket", "athena://logs.trail", "--since", "9d"], "can't be ingested together with other logs"),
        (["logs", "--dry-run"], "--dry-run works only with `athena://`"),
        (["s3://bucket", "--workgroup", "x"], "--workgroup works only with `athena://`"),
        (["logs", "--output-location", "s3://x/"], "--output-location works only with `athena://`"),
        (["logs", "--yes"], "--yes works only with `athena://`"),
    ],
)
def test_ingest_command_refuses_what_makes_no_sense(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["ingest", *arguments, "--data", str(tmp_path / "data")])
    assert isinstance(result.exception, InvocationError)
    assert message in result.exception.message
    assert not (tmp_path / "data").exists()


NOTHING = IngestResult(0, 0, 0, 0, 0, (), (), (), (), 0)


def first_lines(**counts: object) -> list[str]:
    fields = {name: getattr(NOTHING, name) for name in IngestResult.__dataclass_fields__}
    return render_ingest(IngestResult(**{**fields, **counts}), verbose=False).splitlines()


def test_render_ingest_calls_things_what_they_are() -> None:
    assert first_lines() == [
        "0 new files with 0 records, 0 of them usage",
        "no matching log found: check the path, --account, --region, --since and --until",
    ]
    assert first_lines(files_read=2, objects_read=3, records=9, usage_records=8, objects_known=1, events_known=4) == [
        "2 new files and 3 new objects with 9 records, 8 of them usage",
        "1 object and 4 events were already known",
    ]
    assert first_lines(events_known=4)[0].startswith("0 new events with")


def test_render_ingest_says_one_and_several() -> None:
    lost = (FileProblem("a.json", "permission denied"),)
    assert first_lines(files_read=1, records=1, usage_records=1, files_known=1, files_ignored=1, failures=lost)[:4] == [
        "1 new file with 1 record, 1 of them usage",
        "1 file was already known",
        "1 file in folders was ignored: neither .json nor .gz; name the files that hold records",
        "1 file could not be opened; the next ingest tries again:",
    ]
    assert first_lines(files_known=1)[0] == "0 new files with 0 records, 0 of them usage"
    assert first_lines(files_read=3, records=4, read_again=2) == [
        "3 files with 4 records, 0 of them usage",
        "2 known files were read again for records that were left out before",
    ]
    assert first_lines(problems=(*lost, FileProblem("s3://b/a", "damaged")))[1] == "2 logs could not be read in full:"


def test_render_ingest_doesnt_claim_that_calls_from_another_account_were_counted() -> None:
    (_, line) = first_lines(files_read=1, skips=(SkipSummary(SkipReason.CROSS_ACCOUNT_CALLER, 2, ()),))
    assert line == (
        "  skipped 2: calls from another account; harmless ones count for reviewed callers (cross_account_caller)"
    )


def test_render_ingest_names_what_was_left_alone_in_a_bucket() -> None:
    folders = tuple((f"folder-{n}", n) for n in range(1, 11))
    (line,) = first_lines(files_read=1, folders_left=folders)[1:]
    assert line.startswith("folders in S3 without records of calls, ignored: folder-1 (1), ")
    assert line.endswith("folder-8 (8) and 2 others")


def test_render_progress_counts_what_is_read() -> None:
    assert render_progress(Progress(1_200, 0, 0, 0, 0, "objects")) == "1,200 objects found"
    assert render_progress(Progress(2, 4, 1, 2, 7, "objects")) == " 50%  2 of 4 objects, 7 records"
    assert render_progress(Progress(50, 50, 0, 0, 49, "events")) == "50 events found with 49 records"


def test_render_progress_tells_pace_and_time_left() -> None:
    half = Progress(2, 4, 50, 100, 9_000, "objects")
    assert render_progress(half, 3.0) == " 50%  3 s left, 2 of 4 objects (1/s), 9,000 records (3,000/s)"
    assert render_progress(half, 125.0) == " 50%  2 min 05 s left, 2 of 4 objects (0/s), 9,000 records (72/s)"
    assert render_progress(half, 7_500.0).startswith(" 50%  2 h 05 min left, ")
    assert render_progress(Progress(0, 4, 0, 100, 0, "objects"), 3.0) == "  0%  0 of 4 objects, 0 records"


def test_render_ingest_tells_where_the_time_went_only_when_asked() -> None:
    fields = {name: getattr(NOTHING, name) for name in IngestResult.__dataclass_fields__}
    result = IngestResult(**{**fields, "seconds": (("listing", 0.26), ("reading", 12.0))})
    assert render_ingest(result, verbose=True).splitlines()[-1] == "time: 0.3 s listing, 12.0 s reading"
    assert "time:" not in render_ingest(result, verbose=False)


def test_phase_clock_counts_each_moment_once() -> None:
    now = [0.0]
    clock = PhaseClock(lambda: now[0])

    def spend(seconds: float) -> None:
        now[0] += seconds

    spend(100)
    with clock.measure(IngestPhase.READING):
        spend(3)
        with clock.measure(IngestPhase.MERGING):
            spend(1)
        spend(4)
    spend(100)
    with clock.measure(IngestPhase.WRITING):
        spend(2)
    assert clock.seconds() == (("listing", 0.0), ("reading", 7.0), ("merging", 1.0), ("writing", 2.0))


@pytest.mark.parametrize(
    ("engine", "option", "package"),
    [
        ("dask", ["--scheduler", "tcp://127.0.0.1:1"], "distributed"),
        ("spark", ["--master", "local[1]"], "pyspark.sql"),
    ],
)
def test_ingest_command_says_how_to_install_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, option: list[str], package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = CliRunner().invoke(app, ["ingest", str(tmp_path), "--data", str(tmp_path), "--engine", engine, *option])
    assert isinstance(result.exception, EngineError)
    assert result.exception.hint == f"in a checkout of lpgen: pip install '.[{engine}]'"


def test_ingest_command_draws_a_line_on_a_terminal_and_none_in_a_pipe(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs", [[number] for number in range(3)])
    command = [sys.executable, "-m", "lpgen", "ingest", str(tmp_path / "logs"), "--workers", "1", "--data"]
    controller, terminal = pty.openpty()
    done = subprocess.run([*command, str(tmp_path / "one")], stderr=terminal, timeout=120, check=True)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # a terminal without programs ends with an error
        while part := os.read(controller, 1 << 16):
            shown += part
    os.close(controller)
    assert re.search(rb"100%  0 s left, 3 of 3 files \([\d,]+/s\), 3 records", shown)
    assert done.returncode == 0
    piped = subprocess.run([*command, str(tmp_path / "two")], capture_output=True, timeout=120, check=True)
    assert piped.stderr == b"3 new files with 3 records, 3 of them usage\n"


def ingest_status(tmp_path: Path, *paths: Path) -> tuple[int, str]:
    """The exit code of an ingest of these paths, and what it says."""
    result = CliRunner().invoke(app, ["ingest", *map(str, paths), "--data", str(tmp_path / "data"), "--workers", "1"])
    return result.exit_code, result.stderr


@pytest.mark.parametrize("name", ["missing", "empty", "notes"])
def test_ingest_command_fails_where_nothing_of_what_was_named_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty/below").mkdir(parents=True)
    write_folder(tmp_path / "notes", {"README.txt": b"hello"})
    logs = write_folder(tmp_path / "logs", {"a.json.gz": log_bytes([record_json(1)])})
    status, said = ingest_status(tmp_path, tmp_path / name)
    assert status == 3
    assert f"{tmp_path / name}: " in said
    # Next to logs that are there it is named too, and the logs are read.
    for known in ("1 new file", "1 file was already known"):
        status, said = ingest_status(tmp_path, tmp_path / name, logs)
        assert (status, f"{tmp_path / name}: " in said, known in said) == (3, True, True)


def test_ingest_command_takes_a_folder_whose_files_another_one_named_already(tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs/below", {"a.json.gz": log_bytes([record_json(1)])})
    for paths in ((logs, logs), (logs, logs.parent), (logs.parent, logs), (logs / "a.json.gz", logs)):
        status, said = ingest_status(tmp_path, *paths)
        assert (status, "could not be opened" in said) == (0, False)


def test_ingest_names_a_file_beyond_a_limit_and_goes_on(tmp_path: Path) -> None:
    logs, data = tmp_path / "logs", tmp_path / "data"
    logs.mkdir()
    (logs / "a.json").write_bytes(log_bytes([record_json(number) for number in range(3)]))
    (logs / "b.json").write_bytes(log_bytes([record_json(9)]))
    ingest = ["ingest", str(logs), "--data", str(data), "--max-file-records", "2"]
    why = "the file holds more than 2 records; the rest is not read"
    first = CliRunner().invoke(app, [*ingest, "--verbose"])
    assert first.exit_code == 0
    assert f"{logs / 'a.json'}" in first.output
    assert why in first.output
    assert "record 3" in first.output
    again = CliRunner().invoke(app, [*ingest, "--strict"])
    assert (again.exit_code, why in again.output) == (3, True), "it is still told of a file that is known"
    bytes_only = ["ingest", str(logs), "--data", str(tmp_path / "other"), "--max-file-bytes", "5", "--verbose"]
    assert "inflates to more than 5 bytes" in CliRunner().invoke(app, bytes_only).output
    broken = ["ingest", str(logs), "--data", str(tmp_path / "third"), "--max-file-broken", "0"]
    assert CliRunner().invoke(app, broken).exit_code == 0
