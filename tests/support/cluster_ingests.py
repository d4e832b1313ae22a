"""What an ingest promises on each cluster, as checks that the tests of the engines share. S3 is a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lpgen.core.usage.ingest_result import FileProblem, IngestResult, Progress
from lpgen.edge.engine import Engine, Item, Lost, Result
from lpgen.errors import IngestError
from tests.support.aws_servers import Server
from tests.support.engine_samples import DEADLY_NAME, DeadlyObjectReader, DeadlyReader, ElsewhereReader
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes, record_json
from tests.support.s3_buckets import CATALOG, Bucket, content, content_from_files, log_key, make_bucket, take_from
from tests.support.sample_organization import ROOT, log_paths

DEADLY = "the process that read it died each time"


def sample_bucket(server: Server, count: int) -> tuple[Bucket, dict[str, bytes]]:
    """A bucket with so many of the sample organization's log files, and what is in it."""
    paths = list(log_paths())
    chosen = paths[:: max(1, len(paths) // count)][:count]
    objects = {str(path.relative_to(ROOT)): path.read_bytes() for path in chosen}
    bucket = make_bucket(server)
    bucket.put(objects)
    return bucket, objects


@dataclass(slots=True)
class AtFirstResult:
    """A progress report that does something once: when the first objects are read, and not yet all."""

    act: Callable[[], object]
    done: bool = False

    def __call__(self, progress: Progress) -> None:
        """Acts, the first time."""
        if not self.done and 0 < progress.files_done < progress.files:
            self.done = True
            self.act()


@dataclass(frozen=True, slots=True)
class Before:
    """An engine that does something when it has been given its work, between listing and reading."""

    engine: Engine
    act: Callable[[], object]

    @property
    def is_remote(self) -> bool:
        """As the engine."""
        return self.engine.is_remote

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """As the engine."""
        self.act()
        return self.engine.map(fn, items)


def check_killed_worker(engine: Engine, server: Server, room: Path, kill: Callable[[], object]) -> None:
    """A worker that is killed in the middle changes no byte of the tables. Run with small chunks."""
    bucket, objects = sample_bucket(server, 40)
    at_first = AtFirstResult(kill)
    result = take_from(server, room / "data", bucket.address(), engine=engine, report_progress=at_first)
    assert at_first.done
    assert (result.objects_read, result.failures) == (len(objects), ())
    assert content(room / "data") == content_from_files(room, objects)


def check_deadly_and_vanished_objects(
    engine: Engine, server: Server, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that kills each worker, and one that vanishes after the listing, are named, and the rest is there."""
    bucket, objects = sample_bucket(server, 12)
    deadly = log_key("2024-03-05").rpartition("/")[0] + f"/{DEADLY_NAME}"
    vanishing = log_key("2024-03-06")
    bucket.put({key: log_bytes([record_json(50)]) for key in (deadly, vanishing)})
    monkeypatch.setattr("lpgen.app.ingest.ObjectReader", DeadlyObjectReader)
    engine = Before(engine, lambda: bucket.remove(vanishing))
    result = take_from(server, room / "data", bucket.address(), engine=engine)
    why = {failure.path: failure.why for failure in result.failures}
    assert set(why) == {bucket.address(deadly), bucket.address(vanishing)}
    assert why[bucket.address(deadly)] == DEADLY
    assert "NoSuchKey" in why[bucket.address(vanishing)]
    assert result.objects_read == len(objects)
    assert content(room / "data") == content_from_files(room, objects)


def check_files(engine: Engine, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files on a path that the workers see are read as objects are, by relative paths too."""
    logs = room / "logs"
    logs.mkdir()
    for number in range(6):
        (logs / f"{number}.json.gz").write_bytes(log_bytes([record_json(number)]))
    take_files(None, room / "clean", logs)
    (logs / DEADLY_NAME).write_bytes(log_bytes([record_json(50)]))
    monkeypatch.setattr("lpgen.app.ingest.ChunkReader", DeadlyReader)
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_FILES", 4)
    monkeypatch.chdir(room)
    result = take_files(engine, room / "data", Path("logs"))
    assert result.failures == (FileProblem(str(logs / DEADLY_NAME), DEADLY),)
    assert content(room / "data") == content(room / "clean")


def check_files_of_one_machine(engine: Engine, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that only this machine sees are refused with the reason, and nothing is written."""
    path = room / "log.json.gz"
    path.write_bytes(log_bytes([record_json(1)]))
    monkeypatch.setattr("lpgen.app.ingest.ChunkReader", ElsewhereReader)
    with pytest.raises(IngestError, match="a worker can't read") as caught:
        take_files(engine, room / "data", path)
    assert "every machine has under the same path" in caught.value.hint


def take_files(engine: Engine | None, data: Path, *paths: Path) -> IngestResult:
    """Ingests files."""
    return ingest(paths, CATALOG, data=data, engine=engine)
