"""Measures the time of each phase of an ingest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class IngestPhase(StrEnum):
    """The phases of an ingest, in order. Reading includes waiting for workers that read."""

    LISTING = "listing"
    READING = "reading"
    MERGING = "merging"
    WRITING = "writing"


class PhaseClock:
    """Seconds by phase. An inner phase interrupts the outer phase, so the sum is the elapsed time."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds = dict.fromkeys(IngestPhase, 0.0)
        self._current: IngestPhase | None = None
        self._since = clock()

    @contextmanager
    def measure(self, phase: IngestPhase) -> Iterator[None]:
        """Adds the time in the context to the phase."""
        outer = self._current
        self._switch(phase)
        try:
            yield
        finally:
            self._switch(outer)

    def seconds(self) -> tuple[tuple[str, float], ...]:
        """The phases in order, each with its seconds."""
        return tuple((phase.value, spent) for phase, spent in self._seconds.items())

    def _switch(self, phase: IngestPhase | None) -> None:
        now = self._clock()
        if self._current is not None:
            self._seconds[self._current] += now - self._since
        self._current, self._since = phase, now
