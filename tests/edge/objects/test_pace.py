"""The number of requests under way grows while that makes answers come faster, and no longer."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from lpgen.edge.objects.parallel_gets import MOST_UNDER_WAY, Pace


def pace_after(
    monkeypatch: pytest.MonkeyPatch,
    *,
    latency: float,
    most_a_second: float,
    decoding: float = 0.0,
    answers: int = 5_000,
) -> list[int]:
    """The numbers under way over so many answers: each takes `latency`, no more come in a second than the link or the
    server allows, and the reader takes `decoding` for each."""
    now, rng, found = 0.0, random.Random(7), []
    monkeypatch.setattr("lpgen.edge.objects.parallel_gets.time", SimpleNamespace(monotonic=lambda: now))
    pace = Pace()
    pace.begin()
    for _ in range(answers):
        coming = max(latency / pace.under_way, 1 / most_a_second) * rng.uniform(0.8, 1.2)
        if coming > decoding:
            pace.note_wait()
        now += max(coming, decoding)
        pace.note_answer()
        found.append(pace.under_way)
    return found[answers // 2 :]


def test_pace_has_hundreds_under_way_where_answers_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(pace_after(monkeypatch, latency=0.2, most_a_second=1e6)) == MOST_UNDER_WAY


def test_pace_has_few_under_way_where_the_link_or_the_server_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(pace_after(monkeypatch, latency=0.002, most_a_second=2_000)) <= 32


def test_pace_has_as_many_under_way_as_the_reader_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    found = pace_after(monkeypatch, latency=0.05, most_a_second=1e6, decoding=0.001)
    assert min(found) >= 32
    assert max(found) <= 128


def test_pace_halves_where_s3_throttles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpgen.edge.objects.parallel_gets.time", SimpleNamespace(monotonic=lambda: 0.0))
    pace = Pace(under_way=128)
    found = []
    for _ in range(6):
        pace.note_trouble()
        found.append(pace.under_way)
    assert found == [64, 32, 16, 8, 8, 8]
