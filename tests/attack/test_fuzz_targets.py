"""Every reader of foreign text takes or refuses whatever it is given: seeds, mutations of them, and old findings.

`make fuzz` runs the same targets under atheris, which looks for inputs that reach new code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from lpgen.errors import LpgenError
from tests.attack.fuzz.mutator import mutate
from tests.attack.fuzz.target import Target
from tests.attack.fuzz.targets import TARGETS
from tests.attack.score import SHARE, Attack

CORPUS = Path(__file__).parent / "corpus"
MUTATIONS = 2_000


def failure(target: Target, data: bytes) -> str:
    """Why an input is a finding, or ""."""
    try:
        target.accepts(data)
    except Exception as error:
        return f"{type(error).__name__}: {error} on {data[:200]!r} (SHA-256 {hashlib.sha256(data).hexdigest()[:12]})"
    return ""


@pytest.mark.parametrize("name", TARGETS)
def test_readers_take_or_refuse_mutated_inputs(name: str, attack: Callable[[str], Attack]) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())
    with attack(f"fuzz: {name}") as one:
        random = one.random
        for number in range(max(10, round(MUTATIONS * SHARE / target.slowness))):
            found = failure(target, mutate(random.choice(seeds), random, seeds))
            one.add(f"mutation {number}: {found}", held=not found)


@pytest.mark.parametrize("name", TARGETS)
def test_readers_take_most_of_the_seeds(name: str) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())[-20:]
    assert sum(map(target.accepts, seeds)) * 2 >= len(seeds), "the seeds don't reach beyond the first check"


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_readers_take_or_refuse_what_once_broke_them(path: Path) -> None:
    assert failure(TARGETS[path.parent.name], path.read_bytes()) == ""


def test_mutations_are_the_same_for_the_same_seed() -> None:
    seeds = [seed for target in TARGETS.values() if target.name in ("log-text", "trails") for seed in target.seeds()]
    first, second = ([mutate(seed, random, seeds) for seed in seeds] for random in (Random(7), Random(7)))
    assert first == second
    assert len(set(first) - set(seeds)) > len(seeds) / 2


def test_a_reader_that_fails_otherwise_is_a_finding() -> None:
    def read(data: bytes) -> object:
        if data == b"refused":
            raise LpgenError("no")
        return data[0]

    target = Target("broken", read, lambda: [b"a"])
    assert [failure(target, one)[:10] for one in (b"a", b"refused", b"")] == ["", "", "IndexError"]
