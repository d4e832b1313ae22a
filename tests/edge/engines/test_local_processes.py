"""The local engine: the same results in one process or several, whatever becomes of the workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lpgen.edge.engine import Lost
from lpgen.edge.engines import local_processes
from lpgen.edge.engines.local_processes import LocalEngine
from tests.support.documents import ROOT as REPOSITORY
from tests.support.engine_samples import POISON, DieOnce, die_on_poison, fail, square


class Note:
    """Leaves a file for each number that was begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, number: int) -> int:
        (self.folder / str(number)).touch()
        return number


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_local_engine_gives_each_result_once(workers: int) -> None:
    found = [result for result in LocalEngine(workers).map(square, range(50)) if not isinstance(result, Lost)]
    assert sorted(found) == [number * number for number in range(50)]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_local_engine_of_nothing_is_nothing(workers: int) -> None:
    assert list(LocalEngine(workers).map(square, [])) == []


@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.slow)])
@pytest.mark.parametrize("workers", [1, 2])
def test_local_engine_names_the_item_that_kills_its_worker(workers: int, start_method: str) -> None:
    """Spawned workers are those of macOS."""
    found = list(LocalEngine(workers, start_method).map(die_on_poison, range(30)))
    assert [result.item for result in found if isinstance(result, Lost)] == [POISON]
    assert sorted(result for result in found if not isinstance(result, Lost)) == [n for n in range(30) if n != POISON]


def test_processes_are_forked_from_this_one_only_if_it_has_no_other_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listdir", lambda _path: ["1"])
    assert local_processes._safe_start_method() == "fork"
    monkeypatch.setattr(os, "listdir", lambda _path: ["1", "2"])
    assert local_processes._safe_start_method() == "forkserver"


_DESCRIBE = """
import json, os, sys
from lpgen.edge.engines.local_processes import LocalEngine
from tests.support.engine_samples import command_lines_below, describe_process

if __name__ == "__main__":
    found = LocalEngine(2, sys.argv[1]).map(describe_process, range(20))
    first, started = next(found), command_lines_below(os.getpid())
    print(json.dumps({"path": sys.path, "workers": [first, *found], "started": started}))
"""


@pytest.mark.parametrize("flags", [[], ["-E"]])
@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.slow)])
def test_every_process_of_the_local_engine_starts_without_the_current_folder(
    tmp_path: Path, start_method: str, flags: list[str]
) -> None:
    """With `-E`, Python ignores its variables, and passes the flag on."""
    script = tmp_path / "describe.py"
    script.write_text(f"import sys; sys.path.append({str(REPOSITORY)!r})\n{_DESCRIBE}")
    command = [sys.executable, *flags, str(script), start_method]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=tmp_path).stdout)
    for worker in found["workers"]:
        assert worker["safe_path"]
        assert worker["path"] == found["path"], "nothing else changes for what workers import"
        assert worker["variable"] is None, "what a worker starts is none of lpgen's"
    assert len(found["started"]) >= 2
    assert [words for words in found["started"] if "-P" not in words] == []


def test_local_engine_loses_nothing_when_a_worker_is_killed_once(tmp_path: Path) -> None:
    found = list(LocalEngine(2).map(DieOnce(tmp_path / "died"), range(30)))
    assert sorted(result for result in found if not isinstance(result, Lost)) == list(range(30))


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_local_engine_passes_exceptions_on(workers: int) -> None:
    with pytest.raises(ValueError, match="number"):
        list(LocalEngine(workers).map(fail, range(5)))


def test_local_engine_keeps_few_items_in_flight(tmp_path: Path) -> None:
    results = LocalEngine(2).map(Note(tmp_path), range(100))
    next(results)
    time.sleep(0.3)
    started = len(list(tmp_path.iterdir()))
    assert started < 10
    assert len(list(results)) == 99


@pytest.mark.parametrize("threads", [0, 1])
def test_local_engine_leaves_no_worker_behind_a_killed_parent(tmp_path: Path, threads: int) -> None:
    """Whether the parent forked the workers itself or had a server fork them, since it has another thread."""
    script = (
        "import threading, time, pathlib, sys\n"
        "from lpgen.edge.engines.local_processes import LocalEngine\n"
        "from tests.support.engine_samples import WaitInPlace\n"
        f"for _ in range({threads}): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "list(LocalEngine(2).map(WaitInPlace(pathlib.Path(sys.argv[1])), range(4)))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    workers = _wait_for(lambda: [int(path.name) for path in tmp_path.iterdir()], 2)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while any(_is_running(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_running(worker) for worker in workers)


def _wait_for(look: Callable[[], list[int]], count: int) -> list[int]:
    deadline = time.monotonic() + 30
    while len(found := look()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has waited for doesn't."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().replace(")", " ")
    except FileNotFoundError:
        return False
