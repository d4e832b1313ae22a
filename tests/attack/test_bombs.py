"""Logs, policies and use made to take long: twice the size takes about twice the work, which is counted, not timed."""

from __future__ import annotations

import gc
import gzip
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pytest

from bench import hostile_logs, hostile_policies, hostile_uses
from bench.doublings import seconds_to_review, seconds_to_review_usage
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage
from lpgen.edge.logs.inflate import ReadLimits
from lpgen.edge.logs.record_files import records_from_bytes
from tests.attack.score import Attack, sample

MOST_PER_DOUBLING: Final = 3.3
"""What is quadratic takes 4 times the work. Where something begins with a size, a doubling takes more than twice."""
LITTLE: Final = 20_000
"""So few calls are no attack, whatever their ratio."""

LOG_BYTES: Final = 1 << 13
PATTERNS: Final = 20
USES: Final = 50
TRAIL_CHANGES: Final = 200
MEMORY_PER_BYTE: Final = 14
MOST_MEMORY: Final = 1 << 20


@dataclass(slots=True)
class Work:
    """How many functions were called, in Python and in C."""

    calls: int = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Counts the calls that are made in the context."""
    work = Work()

    def count(_frame: object, event: str, _argument: object) -> None:
        work.calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield work
    finally:
        sys.setprofile(None)


def work_to_read(data: bytes) -> int:
    with counted() as work:
        for _ in records_from_bytes(data):
            pass
    return work.calls


def work_to_review(statements: Any) -> int:
    with counted() as work:
        seconds_to_review(statements)
    return work.calls


def work_to_review_usage(world: hostile_uses.World) -> int:
    with counted() as work:
        seconds_to_review_usage(world)
    return work.calls


def work_to_cover(usage: Usage) -> int:
    with counted() as work:
        coverage_from_usage(usage)
    return work.calls


def is_linear(works: list[int]) -> bool:
    """Whether work grows about as its cause does, which doubles from one to the next."""
    return all(later <= max(LITTLE, MOST_PER_DOUBLING * earlier) for earlier, later in pairwise(works))


def test_hostile_logs_take_work_in_proportion(attack: Callable[[str], Attack]) -> None:
    with attack("doublings: logs") as one:
        for name in sample(sorted(hostile_logs.SHAPES), one.random, least=5):
            works = [work_to_read(hostile_logs.SHAPES[name](LOG_BYTES << doubling)) for doubling in range(3)]
            one.add(f"{name}: {works}", held=is_linear(works))


@pytest.mark.slow
def test_hostile_policies_take_work_in_proportion(attack: Callable[[str], Attack]) -> None:
    with attack("doublings: policies") as one:
        for name in sample(sorted(hostile_policies.SHAPES), one.random):
            works = [work_to_review(hostile_policies.SHAPES[name](PATTERNS << doubling)) for doubling in range(3)]
            one.add(f"{name}: {works}", held=is_linear(works))


@pytest.mark.slow
def test_hostile_use_takes_work_in_proportion(attack: Callable[[str], Attack]) -> None:
    with attack("doublings: uses") as one:
        for name in sample(sorted(hostile_uses.SHAPES), one.random):
            works = [work_to_review_usage(hostile_uses.SHAPES[name](USES << doubling)) for doubling in range(3)]
            one.add(f"{name}: {works}", held=is_linear(works))


def test_coverage_takes_work_in_proportion_to_the_changes_of_trails() -> None:
    worlds = (hostile_uses.trail_changes(TRAIL_CHANGES << doubling) for doubling in range(3))
    works = [work_to_cover(usage) for usage, _ in worlds]
    assert is_linear(works), works


@contextmanager
def nothing_old_collected() -> Iterator[None]:
    """Lets collections in the context look at new objects only: those of other tests are many."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@pytest.mark.slow
def test_bombs_take_memory_in_proportion_to_the_limits(attack: Callable[[str], Attack]) -> None:
    """What is small and inflates to much is refused, or read within a small multiple of the limit."""
    limits = ReadLimits(file_bytes=1 << 16, records=10_000, broken=100)
    with attack("bombs: gzip") as one, nothing_old_collected():
        for name in sample(sorted(hostile_logs.SHAPES), one.random, least=2):
            for size in (limits.file_bytes, 8 * limits.file_bytes):
                data = gzip.compress(hostile_logs.SHAPES[name](size), 9)
                for _ in records_from_bytes(data, limits=limits):  # what is loaded once isn't the bomb's
                    pass
                gc.collect()
                tracemalloc.start()
                items = sum(1 for _ in records_from_bytes(data, limits=limits))
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                within = peak <= MEMORY_PER_BYTE * limits.file_bytes + MOST_MEMORY
                one.add(f"{name}: {len(data)} bytes, {items} items, {peak} bytes", held=within)
