"""Where work runs: in this process, or in several at once. The results are the same, but for their order.

An engine maps a function over items and yields results as they come. A worker that dies (killed, out of memory, or a
crash in native code) costs nothing but the item that kills it whenever it is tried alone: that one comes out as `Lost`.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_IN_FLIGHT_PER_WORKER: Final = 2
_PARENT_CHECK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """An item without a result: the worker died on it each time."""

    item: Item


class Engine(Protocol):
    """What `ingest` asks of an engine. `fn` and the items must survive pickling."""

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Runs in `workers` processes of this machine; with one worker in this process.

    Few items are made and in flight at a time, so that memory doesn't grow with their number.
    """

    workers: int = 1

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order."""
        if self.workers <= 1:
            yield from map(fn, items)
            return
        suspects: list[Item] = []
        yield from self._map_until_broken(fn, _Queue(items), suspects)
        yield from self._map_alone(fn, suspects)

    def _map_until_broken(
        self, fn: Callable[[Item], Result], queue: _Queue[Item], suspects: list[Item]
    ) -> Iterator[Result]:
        """The results of the items; those that were in flight when a worker died are added to the suspects."""
        while queue:
            pending: dict[Future[Result], Item] = {}
            with _pool(self.workers, fn) as pool:
                while queue or pending:
                    broken = _fill(pool, queue, pending, self.workers * _IN_FLIGHT_PER_WORKER)
                    done, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        item = pending.pop(future)
                        try:
                            result = future.result()
                        except BrokenProcessPool:
                            suspects.append(item)
                            broken = True
                            continue
                        yield result
                    if broken:
                        suspects.extend(pending.values())
                        break

    def _map_alone(self, fn: Callable[[Item], Result], suspects: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """Each item with no other beside it, so that it is known which one a worker dies on."""
        queue = deque(suspects)
        while queue:
            with _pool(1, fn) as pool:
                while queue:
                    item = queue.popleft()
                    try:
                        result = pool.submit(_run, item).result()
                    except BrokenProcessPool:
                        yield Lost(item)
                        break
                    yield result


class _Queue(Generic[Item]):
    """Items that are made one by one, when they are asked for."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._next: list[Item] = []

    def __bool__(self) -> bool:
        if not self._next:
            self._next += itertools.islice(self._items, 1)
        return bool(self._next)

    @property
    def first(self) -> Item:
        """The next item; there must be one."""
        return self._next[0]

    def drop_first(self) -> None:
        """Goes on to the item behind it."""
        self._next.clear()


def _fill(pool: ProcessPoolExecutor, queue: _Queue[Item], pending: dict[Future[Any], Item], most: int) -> bool:
    """Submits items until `most` are in flight; true where the pool turns out to be broken."""
    while len(pending) < most and queue:
        item = queue.first
        try:
            pending[pool.submit(_run, item)] = item
        except BrokenProcessPool:
            return True
        queue.drop_first()
    return False


def _pool(workers: int, fn: Callable[[Any], Any]) -> ProcessPoolExecutor:
    """A pool whose workers hold the function: forked where that is safe and cheap, else it is sent to each once."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(fn, os.getpid()))


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
