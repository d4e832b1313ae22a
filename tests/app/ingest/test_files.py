"""From files on disk to the committed usage tables: once per file, in any order, whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.app.check import check_data
from lpgen.app.map import map_records
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import SkipReason
from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.ingest_result import FileProblem, IngestResult, Progress
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.ledger import open_ledger, read_generation
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.logs.inflate import ReadLimits
from lpgen.edge.logs.log_files import LogFile, chunk_files
from lpgen.errors import IngestError
from tests.support.engine_samples import DeadlyReader
from tests.support.ingests import ingest
from tests.support.law_examples import examples
from tests.support.log_samples import log_bytes, record_json, rows, write_logs

CATALOG: Catalog = open_catalog()


def take(data: Path, *paths: Path, **options: Any) -> IngestResult:
    return ingest(paths, CATALOG, data=data, **options)


def content(data: Path) -> dict[str, bytes]:
    """The bytes of the tables that count."""
    folder = data / "usage" / read_generation(data)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def skip_counts(result: IngestResult) -> dict[str, int]:
    return {skip.reason.value: skip.count for skip in result.skips}


# ---------------------------------------------------------------- what comes in


def test_ingest_reads_files_and_folders(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs" / "AWSLogs" / "1", [[1, 2], [3]])
    (tmp_path / "logs" / "notes.txt").write_text("no log")
    (tmp_path / "single").write_bytes(log_bytes([record_json(4)]))
    result = take(tmp_path / "data", tmp_path / "logs", tmp_path / "single")
    assert (result.files_read, result.files_known, result.files_ignored) == (3, 0, 1)
    assert (result.records, result.usage_records, result.has_problems) == (4, 4, False)
    found = rows(read_usage(tmp_path / "data").table)
    assert sum(row["records"] for row in found) == 4
    assert {(row["action"], row["resource"]) for row in found} == {("s3:GetObject", "arn:aws:s3:::bucket/a/b/*")}


def test_ingest_reads_a_file_once_however_many_ways_lead_to_it(tmp_path: Path) -> None:
    (path,) = write_logs(tmp_path / "logs", [[1]])
    (tmp_path / "logs" / "loop").symlink_to(tmp_path / "logs")
    (tmp_path / "logs" / "link.json.gz").symlink_to(path)
    (tmp_path / "logs" / "dangling.json").symlink_to(tmp_path / "nowhere")
    result = take(tmp_path / "data", tmp_path / "logs", path, tmp_path / "logs")
    assert (result.files_read, result.records) == (1, 1)


def test_ingest_reports_what_it_cannot_open_and_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write_logs(tmp_path / "logs", [[1]])
    missing = tmp_path / "missing.json"
    result = take(tmp_path / "data", path, missing)
    assert result.failures == (FileProblem(str(missing), "no such file or directory"),)
    assert result.has_problems
    missing.write_bytes(log_bytes([record_json(2)]))
    assert take(tmp_path / "data", path, missing).files_read == 1

    def refuse(folder: str) -> list[str]:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr("os.listdir", refuse)
    assert take(tmp_path / "data", tmp_path / "logs").failures == (
        FileProblem(str(tmp_path / "logs"), "permission denied"),
    )


def test_ingest_takes_files_whose_names_are_not_text(tmp_path: Path) -> None:
    for name, body in ((b"\xff.json.gz", log_bytes([record_json(1)])), (b"\xfe.json.gz", b"oops")):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(body)
    result = take(tmp_path / "data", tmp_path)
    assert (result.files_read, result.records) == (2, 1)
    assert [problem.path for problem in result.problems] == [f"{tmp_path}/\\xfe.json.gz"]
    assert take(tmp_path / "data", tmp_path).files_known == 2


def test_ingest_does_not_open_devices(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    result = take(tmp_path / "data", tmp_path)
    assert [problem.why for problem in result.failures] == ["not a regular file"]


def test_ingest_counts_every_file_it_cannot_read(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write_logs(logs, [[1, 2]])
    (logs / "cut.json.gz").write_bytes(log_bytes([record_json(5)])[:-10])
    (logs / "bad.json").write_text('{"Records": [')
    (logs / "lines.json").write_text(json.dumps(record_json(6)) + "\noops\n" + json.dumps(record_json(7)))
    (logs / "types.json").write_text(json.dumps({"Records": [record_json(8), record_json(9, eventName=1)]}))
    (logs / "digest.json.gz").write_bytes(gzip.compress(b'{"digestStartTime": "x", "digestS3Object": "y"}'))
    (logs / "empty.json").touch()
    result = take(tmp_path / "data", logs)
    assert skip_counts(result) == {"unreadable_file": 3, "bad_record": 1, "not_cloudtrail": 1}
    assert (result.files_read, result.records, result.usage_records) == (7, 6, 5)
    assert {Path(problem.path).name: problem.why for problem in result.problems} == {
        "bad.json": "input data was truncated (line 1)",
        "cut.json.gz": result.problems[1].why,
        "lines.json": "JSON is malformed: invalid character (line 2, byte 0)",
        "types.json": "expected `str`, got `int` - at `$.eventName` (record 2)",
    }
    assert result.problems[1].why.startswith("the gzip data ends too early (byte ")
    (bad,) = (skip for skip in result.skips if skip.reason is SkipReason.BAD_RECORD)
    assert [(Path(example.path).name, example.position) for example in bad.examples] == [("types.json", "record 2")]
    again = take(tmp_path / "data", logs)
    assert (again.files_read, len(again.known_problems), again.has_problems) == (0, 4, True)


def test_ingest_reports_progress(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs", [[number] for number in range(9)])
    seen: list[Progress] = []
    take(tmp_path / "data", tmp_path / "logs", report_progress=seen.append)
    assert (seen[-1].files_done, seen[-1].files, seen[-1].records) == (9, 9, 9)
    assert seen[-1].bytes_done == seen[-1].bytes > 0


# ---------------------------------------------------------------- the same again


def test_ingest_of_a_known_file_changes_nothing_under_any_name(tmp_path: Path) -> None:
    (path,) = write_logs(tmp_path / "logs", [[1, 2, 3]])
    take(tmp_path / "data", path)
    before = content(tmp_path / "data")
    other = tmp_path / "elsewhere" / "renamed.gz"
    other.parent.mkdir()
    shutil.copy(path, other)
    for paths in ([path], [other], [path, other]):
        result = take(tmp_path / "data", *paths)
        assert (result.files_read, result.files_known, result.records) == (0, len(paths), 0)
        assert content(tmp_path / "data") == before


def test_ingest_counts_copies_in_one_run_once(tmp_path: Path) -> None:
    (path,) = write_logs(tmp_path / "logs", [[1, 2, 3]])
    shutil.copy(path, tmp_path / "logs" / "copy.json.gz")
    result = take(tmp_path / "data", tmp_path / "logs", engine=LocalEngine(2))
    assert (result.files_read, result.files_known, result.records) == (1, 1, 3)


def test_ingest_reads_a_known_file_again_for_a_wider_window_only(tmp_path: Path) -> None:
    (path,) = write_logs(tmp_path / "logs", [[1, 20]])
    late, later = TimeWindow(since="2024-03-10T00:00:00"), TimeWindow(since="2024-03-15T00:00:00")
    first = take(tmp_path / "data", path, window=late)
    assert (first.usage_records, skip_counts(first)) == (1, {"out_of_window": 1})
    for narrower in (late, later):
        assert take(tmp_path / "data", path, window=narrower).read_again == 0
    wide = take(tmp_path / "data", path)
    assert (wide.read_again, wide.files_read, wide.records, wide.usage_records) == (1, 1, 1, 1)
    assert take(tmp_path / "data", path).read_again == 0
    assert take(tmp_path / "data", path, window=late).read_again == 0


_ENDS = st.sampled_from([f"2024-03-{day:02}T00:00:00" for day in range(1, 32, 3)] + ["2024-03-07T10:00:06"])
_SPANS = st.tuples(_ENDS | st.just(""), _ENDS | st.just("")).filter(lambda ends: not ends[1] or ends[0] < ends[1])
_DATED = st.lists(st.lists(st.integers(0, 29), min_size=1, max_size=6), min_size=1, max_size=4)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=_DATED, spans=st.lists(_SPANS, min_size=1, max_size=4), data=st.data())
def test_ingest_with_several_windows_gives_the_bytes_of_all_at_once(
    tmp_path: Path, numbers: list[list[int]], spans: list[tuple[str, str]], data: st.DataObject
) -> None:
    room = tmp_path / uuid.uuid4().hex
    paths = write_logs(room / "logs", numbers)
    windows = [TimeWindow(*span) for span in spans]
    widest = TimeWindow(
        min(window.since for window in windows),
        "" if not all(window.until for window in windows) else max(window.until for window in windows),
    )
    for window in windows:
        some = data.draw(st.lists(st.sampled_from(paths), unique=True))
        take(room / "steps", *some, window=window)
    for window in data.draw(st.permutations([*windows, widest])):
        take(room / "steps", *paths, window=window)
    take(room / "once", *paths, window=widest)
    assert content(room / "steps") == content(room / "once")
    assert check_data(room / "steps").findings == ()
    shutil.rmtree(room)


def test_ingest_takes_in_records_that_were_of_the_future(tmp_path: Path) -> None:
    """The file's name has no stamp, so the time of the ingest says what is too late."""
    (path,) = write_logs(tmp_path / "logs", [[1, 9, 20]])
    for now, future in (("2024-03-05T00:00:00", 2), ("2024-03-05T00:00:00", 0), ("2024-03-12T00:00:00", 1)):
        found = take(tmp_path / "data", path, now=now)
        assert skip_counts(found).get("future", 0) == future, now
    take(tmp_path / "data", path, now="2024-05-01T00:00:00")
    take(tmp_path / "once", path, now="2024-05-01T00:00:00")
    assert content(tmp_path / "data") == content(tmp_path / "once")
    assert take(tmp_path / "data", path, now="2024-06-01T00:00:00").read_again == 0


def test_ingest_keeps_what_it_knows_of_a_file_that_it_cannot_read_again(tmp_path: Path) -> None:
    path, other = write_logs(tmp_path / "logs", [[1, 20], [2, 21]])
    window = TimeWindow(since="2024-03-10T00:00:00")
    take(tmp_path / "data", path, other, window=window)

    class Vanish(LocalEngine):
        def map(self, fn: Any, items: Any) -> Any:
            other.rename(other.with_name("away"))
            yield from super().map(fn, items)

    assert take(tmp_path / "data", path, other, engine=Vanish()).read_again == 1
    other.with_name("away").rename(other)
    assert check_data(tmp_path / "data").findings == ()
    assert take(tmp_path / "data", path, other).read_again == 1
    take(tmp_path / "once", path, other)
    assert content(tmp_path / "data") == content(tmp_path / "once")


_NUMBERS = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=6), min_size=1, max_size=6)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=_NUMBERS, data=st.data())
def test_ingest_gives_the_same_bytes_for_any_order_and_partition(
    tmp_path: Path, numbers: list[list[int]], data: st.DataObject
) -> None:
    room = tmp_path / uuid.uuid4().hex
    paths = write_logs(room / "logs", numbers)
    take(room / "whole", *paths)
    shuffled = data.draw(st.permutations(paths))
    cut = data.draw(st.integers(0, len(paths)))
    take(room / "parts", *shuffled[:cut])
    take(room / "parts", *shuffled[cut:])
    assert content(room / "parts") == content(room / "whole")
    shutil.rmtree(room)


def test_ingest_gives_the_same_bytes_for_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_FILES", 3)
    write_logs(tmp_path / "logs", [range(number, number + 9) for number in range(20)])
    for workers in (1, 2, 3):
        take(tmp_path / str(workers), tmp_path / "logs", engine=LocalEngine(workers))
    assert content(tmp_path / "1") == content(tmp_path / "2") == content(tmp_path / "3")


def test_ingest_gives_the_same_bytes_with_spawned_workers(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs", [[number] for number in range(4)])
    take(tmp_path / "one", tmp_path / "logs")
    take(tmp_path / "spawned", tmp_path / "logs", engine=LocalEngine(2, "spawn"))
    assert content(tmp_path / "spawned") == content(tmp_path / "one")


# ---------------------------------------------------------------- whole or not at all


def test_ingest_names_a_file_that_kills_each_worker_and_takes_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_logs(tmp_path / "logs", [[number] for number in range(12)])
    take(tmp_path / "clean", tmp_path / "logs")
    poison = tmp_path / "logs" / "poison.json.gz"
    poison.write_bytes(log_bytes([record_json(50)]))
    monkeypatch.setattr("lpgen.app.ingest.ChunkReader", DeadlyReader)
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_FILES", 4)
    result = take(tmp_path / "data", tmp_path / "logs", engine=LocalEngine(2))
    assert result.failures == (FileProblem(str(poison), "the process that read it died each time"),)
    assert result.files_read == 12
    assert content(tmp_path / "data") == content(tmp_path / "clean")


def test_ingest_refuses_while_another_runs(tmp_path: Path) -> None:
    (path,) = write_logs(tmp_path / "logs", [[1]])
    with open_ledger(tmp_path / "data"), pytest.raises(IngestError, match="another ingest"):
        take(tmp_path / "data", path)


def test_ingest_refuses_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    """Two files that differ when they are found, and hold the same bytes when they are read, would count twice."""
    path, other = write_logs(tmp_path / "logs", [[1], [2, 3, 4]])
    shutil.copy(path, tmp_path / "twin")

    class Swap(LocalEngine):
        def map(self, fn: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            shutil.copy(tmp_path / "twin", other)
            yield from super().map(fn, [(file,) for chunk in items for file in chunk])

    with pytest.raises(IngestError, match="changed while it was read"):
        take(tmp_path / "data", path, other, engine=Swap())
    assert not (tmp_path / "data").exists()


def test_ingest_goes_on_without_a_file_that_vanishes(tmp_path: Path) -> None:
    path, other = write_logs(tmp_path / "logs", [[1], [2, 3, 4]])

    class Vanish(LocalEngine):
        def map(self, fn: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            other.unlink()
            yield from super().map(fn, items)

    result = take(tmp_path / "data", path, other, engine=Vanish())
    assert result.failures == (FileProblem(str(other), "no such file or directory"),)
    assert (result.files_read, result.records) == (1, 1)


_KILLED_INGEST = """
import os, pathlib, signal, sys
import lpgen.edge.data_folder.ledger, lpgen.edge.data_folder.usage_files
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.engines.local_processes import LocalEngine
from tests.support.ingests import ingest

logs, data, fatal = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
step = 0

def deadly(function):
    def wrapper(*args, **options):
        global step
        step += 1
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **options)
        step += 1
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapper

os.fsync = deadly(os.fsync)
pathlib.Path.rename = deadly(pathlib.Path.rename)
lpgen.edge.data_folder.usage_files._write_table = deadly(lpgen.edge.data_folder.usage_files._write_table)
lpgen.edge.data_folder.usage_files.shutil.rmtree = deadly(lpgen.edge.data_folder.usage_files.shutil.rmtree)
lpgen.edge.data_folder.ledger.Ledger.commit = deadly(lpgen.edge.data_folder.ledger.Ledger.commit)
ingest([logs], open_catalog(), data=data, engine=LocalEngine(1))
print(step)
"""


def _run(script: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.mark.slow
def test_ingest_killed_at_any_step_leaves_the_old_or_the_new_tables(tmp_path: Path) -> None:
    write_logs(tmp_path / "old", [[1, 2], [3]])
    write_logs(tmp_path / "new", [[4, 5], [6]])
    take(tmp_path / "before", tmp_path / "old")
    old = content(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    steps = int(_run(_KILLED_INGEST, tmp_path / "new", tmp_path / "after", 0, check=True).stdout)
    new = content(tmp_path / "after")
    outcomes = []
    assert steps > 15
    for fatal in range(1, steps + 1):
        data = tmp_path / f"killed-{fatal}"
        shutil.copytree(tmp_path / "before", data)
        assert _run(_KILLED_INGEST, tmp_path / "new", data, fatal).returncode == -signal.SIGKILL
        assert content(data) in (old, new)
        outcomes.append(content(data) == new)
        take(data, tmp_path / "new")
        assert content(data) == new
        assert len(list((data / "usage").iterdir())) == 1
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


@pytest.mark.slow
def test_ingest_killed_at_any_time_leaves_the_old_or_the_new_tables(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs", [range(number, number + 40) for number in range(60)])
    take(tmp_path / "clean", tmp_path / "logs")
    script = _KILLED_INGEST.replace("LocalEngine(1)", "LocalEngine(2)")
    rng = random.Random(4)
    for attempt in range(6):
        data = tmp_path / f"killed-{attempt}"
        process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "logs"), str(data), "0"])
        time.sleep(rng.uniform(0.2, 0.9))
        process.kill()
        process.wait()
        if (data / "ledger.sqlite").exists():
            assert read_generation(data) in ("", read_generation(tmp_path / "clean"))
        take(data, tmp_path / "logs")
        assert content(data) == content(tmp_path / "clean")


@pytest.mark.parametrize(
    "most_bytes", [*(pytest.param(size, marks=pytest.mark.slow) for size in (200, 4_000, 30_000)), 9_000]
)
def test_ingest_on_a_full_disk_leaves_the_old_tables(tmp_path: Path, most_bytes: int) -> None:
    write_logs(tmp_path / "old", [[1, 2]])
    (tmp_path / "new").mkdir()
    records = [record_json(n, requestParameters={"bucketName": os.urandom(20).hex()}) for n in range(1200)]
    (tmp_path / "new" / "many.json").write_text(json.dumps(records))
    take(tmp_path / "data", tmp_path / "old")
    before = content(tmp_path / "data")

    def limit_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    failed = _run(_KILLED_INGEST, tmp_path / "new", tmp_path / "data", 0, preexec_fn=limit_files)
    assert failed.returncode == 1
    assert "IngestError" in failed.stderr
    assert content(tmp_path / "data") == before
    assert len(list((tmp_path / "data" / "usage").iterdir())) == 1
    assert take(tmp_path / "data", tmp_path / "new").usage_records == 1200


def test_ingest_reads_a_known_file_again_within_the_limits_of_its_first_reading(tmp_path: Path) -> None:
    path = tmp_path / "log.json.gz"
    path.write_bytes(log_bytes([record_json(day, eventTime=f"2024-03-{day:02}T00:00:00Z") for day in range(1, 7)]))
    take(tmp_path / "data", path, window=TimeWindow("2024-03-05T00:00:00", ""))
    for limits in (ReadLimits(records=2), ReadLimits(file_bytes=path.stat().st_size)):
        data = shutil.copytree(tmp_path / "data", tmp_path / f"{limits.records}")
        assert take(data, path, limits=limits).usage_records == 4
        assert check_data(data).findings == ()


# ---------------------------------------------------------------- map


def test_map_records_gives_a_line_for_each_record_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"Records": [record_json(1), record_json(2, eventName=7), record_json(1)]}))
    first, bad, last = map_records(path, CATALOG)
    assert list(first) == ["event_id", "event_source", "event_name", "principal", "outcome", "actions", "skip"]
    assert first["actions"] == [
        {"action": "s3:GetObject", "resource": ["arn:aws:s3:::bucket/a/b/object-1"], "how": "observed"}
    ]
    assert (bad["event_id"], bad["actions"], bad["skip"]) == (record_json(2)["eventID"], [], "bad_record")
    assert last == first


def test_map_records_says_what_it_cannot_open(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="can't be opened"):
        list(map_records(tmp_path / "missing", CATALOG))


def test_chunks_hold_neighbours_and_large_files_come_first() -> None:
    sizes = {"b/2": 3, "a/1": 4, "b/1": 2, "c/1": 50, "a/2": 4, "d/1": 90}
    files = [LogFile(path, size) for path, size in sizes.items()]
    chunks = [[file.path for file in chunk] for chunk in chunk_files(files, target_bytes=10, target_files=9)]
    assert chunks == [["d/1"], ["c/1"], ["a/1", "a/2", "b/1"], ["b/2"]]
    chunks = [[file.path for file in chunk] for chunk in chunk_files(files, target_bytes=100, target_files=2)]
    assert chunks == [["a/1", "a/2"], ["b/1", "b/2"], ["c/1"], ["d/1"]]
