"""The engine of one machine: processes of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from lpgen.edge.engine import Engine, Item, Lost, Result
from lpgen.edge.engines.pool import Pool, map_in_pools

_IN_FLIGHT_PER_WORKER: Final = 2
_PARENT_CHECK_SECONDS: Final = 0.5

_START_METHOD: Final = "fork" if sys.platform == "linux" else "spawn"
"""Forked where that is safe and cheap: starting Python and lpgen again takes a second."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Runs in `workers` processes of this machine; with none in this process, which then dies of a deadly item."""

    workers: int = 0
    start_method: str = _START_METHOD

    @property
    def is_remote(self) -> bool:
        """Never."""
        return False

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map."""
        if not self.workers:
            return map(fn, items)
        return map_in_pools(items, partial(self._pool, fn, self.workers), partial(self._pool, fn, 1))

    @contextmanager
    def _pool(self, fn: Callable[[Any], Any], workers: int) -> Iterator[Pool]:
        """Workers that hold the function: forked with it, or sent it once."""
        import multiprocessing  # here, since who has nothing to map needs none of it
        from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

        context = multiprocessing.get_context(self.start_method)
        executor = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(fn, os.getpid()))
        with executor:
            yield Pool(
                submit=lambda item: executor.submit(_run, item),
                most_in_flight=lambda: workers * _IN_FLIGHT_PER_WORKER,
                death=BrokenProcessPool,
                ends_by_death=True,
                check=_hope,
            )


def without_unsafe_fork(engine: Engine) -> Engine:
    """The engine, whose processes are forked only where this one has no other thread, which may hold a lock.

    https://docs.python.org/3/library/os.html#os.fork
    """
    if isinstance(engine, LocalEngine) and engine.start_method == "fork" and _has_other_threads():
        return replace(engine, start_method="spawn")
    return engine


def _has_other_threads() -> bool:
    """Whether this process has more than one thread, those of native code included."""
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True


def _hope() -> None:
    """A local worker that says nothing is at work: its death is told at once."""


_worker_function: Callable[[Any], Any] | None = None


def _start_worker(fn: Callable[[Any], Any], parent: int) -> None:
    global _worker_function
    _worker_function = fn
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends the pool
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """Ends this worker when its parent is gone: a killed parent can't tell its workers to stop."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    with suppress(OSError):
        os._exit(1)


def _run(item: Any) -> Any:
    assert _worker_function is not None
    return _worker_function(item)
