"""The current folder runs nothing: no process that lpgen starts imports a module that somebody planted in it.

Every name that any of the processes imports is planted as a package that says when it runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attack.fuzz.world import details, records
from tests.attack.score import Attack
from tests.support.dask_clusters import dask_cluster
from tests.support.planted_modules import marked, names_of_modules, plant

LPGEN = Path(sys.executable).with_name("lpgen")
ROLES = 70
"""Reviews of fewer roles start no processes."""

IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +([A-Za-z_]\w*)", re.MULTILINE)
GROUND = ("--data", "data", "--policies", "policies.json", "--workers", "2")
SCRIPT = """
import lpgen
from lpgen.edge.engines.local_processes import LocalEngine

if __name__ == "__main__":
    for number, engine in enumerate([None, LocalEngine(2, "forkserver"), LocalEngine(2, "spawn")]):
        lpgen.ingest("logs", data=f"data-{number}", engine=engine)
        lpgen.generate("data", policies="policies.json", output=f"out-{number}", engine=engine)
"""


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, and how many Python processes that starts at least."""

    words: tuple[str, ...]
    processes: int
    status: int = 0


def lpgen(*words: str, processes: int, status: int = 0) -> Command:
    return Command((str(LPGEN), *words), processes, status)


INGEST = lpgen("ingest", "logs", "--data", "data", "--workers", "2", processes=3)
REVIEWS = (
    lpgen("review", *GROUND, "--full", processes=3),
    lpgen("generate", *GROUND, "--output", "out", processes=3),
    lpgen("verify", "out", *GROUND, processes=3),
    lpgen("baseline", "save", "first", *GROUND, processes=3),
    lpgen("drift", *GROUND, processes=3),
    lpgen("backtest", *GROUND, "--train", "10", "--test", "5", processes=3),
    lpgen("rollout", "plan", "out", *GROUND[:4], "--unsafe", "--output", "plan.json", processes=1),
)
OTHERS = (
    Command((sys.executable, "-P", "-m", "lpgen", *INGEST.words[1:]), 3),
    Command((sys.executable, "{outside}/script.py"), 5),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs in several files, and the policies of enough roles to start processes for."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "logs").mkdir()
    for number in range(4):
        (folder / "logs" / f"{number}.json").write_text(json.dumps({"Records": records()[number::4]}))
    policies = details()
    (role,) = policies["RoleDetailList"]
    policies["RoleDetailList"] += [
        {**role, "RoleName": f"app-{number}", "RoleId": f"AROAAPP{number}", "Arn": f"{role['Arn']}-{number}"}
        for number in range(ROLES)
    ]
    (folder / "policies.json").write_text(json.dumps(policies))
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of one's own, with a script that uses the Python API."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    return folder


def run(command: Command, cwd: Path, outside: Path) -> tuple[int, str]:
    """The exit code of a command and its stderr, with the name of each module that any of its processes imports."""
    words = [word.format(outside=outside) if "{outside}" in word else word for word in command.words]
    variables = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    variables.pop("PYTHONPATH", None)
    done = subprocess.run(words, cwd=cwd, env=variables, capture_output=True, text=True, check=False, timeout=200)
    return done.returncode, done.stderr


def without_imports(said: str) -> str:
    return "\n".join(line for line in said.splitlines() if "import time:" not in line)


def check_that_nothing_runs(commands: Sequence[Command], home: Path, outside: Path, attack: Attack) -> None:
    """Run the commands one after the other in a folder of their own, and then again in one with planted modules."""
    names = set(names_of_modules())
    clean = shutil.copytree(home, outside.parent / "clean")
    for command in commands:
        status, said = run(command, clean, outside)
        assert status == command.status, (command, without_imports(said))
        names.update(IMPORTED.findall(said))
        started = len(re.findall(r"\| +site$", said, re.MULTILINE))
        assert started >= command.processes, (command, started)
    planted, mark = shutil.copytree(home, outside.parent / "planted"), outside.parent / "mark"
    plant(planted, names, mark)
    for command in commands:
        mark.unlink(missing_ok=True)
        status, said = run(command, planted, outside)
        ran = marked(mark)
        for name in names:
            attack.add(f"{' '.join(command.words[:3])} ran {name}", held=name not in ran)
        assert ran or status == command.status, (command, without_imports(said))


def test_a_planted_folder_runs_nothing_in_an_ingest(home: Path, outside: Path, attack: Callable[[str], Attack]) -> None:
    with attack("planted modules: ingest") as one:
        check_that_nothing_runs([INGEST], home, outside, one)


@pytest.mark.slow
def test_a_planted_folder_runs_nothing_in_reviews_and_what_follows(
    home: Path, outside: Path, attack: Callable[[str], Attack]
) -> None:
    with attack("planted modules: reviews") as one:
        check_that_nothing_runs([INGEST, *REVIEWS], home, outside, one)


@pytest.mark.slow
def test_a_planted_folder_runs_nothing_through_the_python_api_and_python_with_safe_path(
    home: Path, outside: Path, attack: Callable[[str], Attack]
) -> None:
    with attack("planted modules: API and python -P -m") as one:
        check_that_nothing_runs(OTHERS, home, outside, one)


def test_python_without_safe_path_runs_the_current_folder_before_lpgen(tmp_path: Path) -> None:
    """By Python's own rule; what lpgen does about it would come too late."""
    plant(tmp_path, ["lpgen"], tmp_path / "mark")
    for flags, ran in (((), ["lpgen"]), (("-P",), [])):
        (tmp_path / "mark").unlink(missing_ok=True)
        subprocess.run(
            [sys.executable, *flags, "-m", "lpgen", "--version"], cwd=tmp_path, capture_output=True, check=False
        )
        assert marked(tmp_path / "mark") == ran


@pytest.mark.slow
def test_a_planted_folder_runs_nothing_in_an_ingest_on_dask(
    home: Path, outside: Path, attack: Callable[[str], Attack]
) -> None:
    """The workers run elsewhere."""
    with dask_cluster() as cluster, attack("planted modules: Dask") as one:
        ingest = ("ingest", "logs", "--data", "data", "--engine", "dask", "--scheduler", cluster.address)
        check_that_nothing_runs([lpgen(*ingest, processes=1)], home, outside, one)
