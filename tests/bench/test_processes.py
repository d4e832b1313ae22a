"""What a benchmark measures of a process is what the process did."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from bench.processes import run

pytestmark = pytest.mark.slow


SPEND = (
    "import time; held = bytearray(64 << 20); end = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
)


def test_run_measures_a_pipe_of_processes(tmp_path: Path) -> None:
    cost = run([[sys.executable, "-c", SPEND], [sys.executable, "-c", SPEND]], cores=2, printed=tmp_path / "printed")
    assert cost.finished
    assert 0.7 < cost.cpu < 5
    assert cost.memory > 100


def test_run_measures_processes_that_outlive_their_parents(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SPEND!r}])"
    cost = run([[sys.executable, "-c", parent]], cores=2, printed=tmp_path / "printed")
    assert 0.4 < cost.cpu < 5


def test_run_stops_a_command_and_its_children_at_the_limit(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    cost = run([[sys.executable, "-c", parent]], cores=1, printed=tmp_path / "printed", limit=1)
    assert not cost.finished
    assert 1 <= cost.wall < 3
    time.sleep(3)
    assert not mark.exists()


def test_run_says_where_a_failed_command_printed(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"see .*printed"):
        run([[sys.executable, "-c", "raise SystemExit(3)"]], cores=1, printed=tmp_path / "printed")
