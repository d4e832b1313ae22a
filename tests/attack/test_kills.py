"""A command that is killed at any moment leaves the old state or the new one, and the next run gives the new one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from lpgen.app.rollout_plan import read_written_output
from lpgen.edge.data_folder.baseline_folder import list_baselines, open_baseline
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.output_folder import recover_output
from tests.attack.fuzz.world import record, world
from tests.attack.mortal import Mortals, free_copy
from tests.attack.score import SHARE, Attack

pytestmark = pytest.mark.slow


KILLS = 120


@dataclass(frozen=True, slots=True)
class Work:
    """A command below a copy of the world, and what there is to see of its effect, for a reader and whole."""

    arguments: tuple[str, ...]
    seen: Callable[[Path], object]


def tables(home: Path) -> object:
    return repr(read_usage(home / "data"))


def output(home: Path) -> object:
    recover_output(home / "out")
    strays = sorted(path.name for path in home.iterdir() if path.name.startswith(".out.lpgen-old"))
    return read_written_output(home / "out").plans, strays


def baselines(home: Path) -> object:
    names = [baseline.stamp.name for baseline in list_baselines(home / "data")]
    return [(name, repr(open_baseline(home / "data" / "baselines" / name).usage())) for name in names]


WORKS = {
    "ingest": Work(("ingest", "more.json", "--data", "data", "--workers", "1"), tables),
    "generate": Work(
        ("generate", "--data", "data", "--policies", "policies.json", "-o", "out", "--min-days", "3", "--replace"),
        output,
    ),
    "baseline save": Work(("baseline", "save", "second", "--data", "data", "--policies", "policies.json"), baselines),
}


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    with Mortals() as running:
        yield running


@pytest.fixture(scope="module")
def origin() -> Path:
    more = [record(number, "GetBucketAcl", "s3.amazonaws.com", bucketName="data") for number in range(100, 130)]
    (world() / "more.json").write_text(json.dumps({"Records": more}), encoding="utf-8")
    return world()


def moments(random: Random, steps: int, seconds: float) -> Iterator[dict[str, float]]:
    """Half of the kills before a step in the file system, half at any moment."""
    for number in range(max(4, round(KILLS * SHARE))):
        yield {"step": random.randint(1, steps)} if number % 2 else {"seconds": random.uniform(0.001, seconds)}


@pytest.mark.parametrize("name", WORKS)
def test_a_killed_command_leaves_the_old_state_or_the_new_one(
    name: str,
    mortals: Mortals,
    origin: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    attack: Callable[[str], Attack],
) -> None:
    work, home = WORKS[name], tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    command = [
        argument if "." not in argument and argument not in ("data", "out") else home / argument
        for argument in work.arguments
    ]
    old = work.seen(free_copy(origin, home))
    whole = mortals.run(*command)
    assert whole.status == 0, whole.said
    new = work.seen(home)
    assert new != old
    with attack(f"kills: {name}") as one:
        for when in moments(one.random, whole.steps, whole.seconds):
            free_copy(origin, home)
            end = mortals.run(*command, **when)
            left = work.seen(home)
            again = mortals.run(*command)
            fits = left in (old, new) and (end.killed or left == new)
            went_on = again.status == 0 or (name == "baseline save" and left == new)  # its name is taken then
            one.add(f"{when}: {end}, then {again}", held=fits and went_on and work.seen(home) == new)
