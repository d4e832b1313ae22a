"""Maps a function over executors of `concurrent.futures`, for local processes and Dask.

Only a few items are created and in flight at a time, so memory doesn't grow with their number.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from lpgen.edge.engine import Item, Lost

_CHECK_SECONDS: Final = 5.0
"""How long to wait for a result before checking whether results can still come."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Workers that are ready.

    `submit` gives them an item, and `most_in_flight` returns how many they may have at a time. A future raises `death`
    if its worker died. `ends_by_death` says whether the complete pool then ends. `check` raises if no result can come.
    """

    submit: Callable[[Any], Future[Any]]
    most_in_flight: Callable[[], int]
    death: type[Exception]
    ends_by_death: bool
    check: Callable[[], None]


_OpenPool = Callable[[], AbstractContextManager[Pool]]


def map_in_pools(items: Iterable[Item], open_pool: _OpenPool, open_single: _OpenPool) -> Iterator[Any]:
    """The result of each item, or `Lost`, in any order.

    Items that were running when a worker died are suspects. They run again one at a time, in a pool of `open_single`.
    """
    queue, suspects = iter(items), deque[Item]()
    for first in queue:
        with open_pool() as pool:
            yield from _map_until_broken(pool, itertools.chain((first,), queue), suspects)
    while suspects:
        with open_single() as pool:
            yield from _map_alone(pool, suspects)


def _map_until_broken(pool: Pool, queue: Iterator[Item], suspects: deque[Item]) -> Iterator[Any]:
    """The results of the items, until all are done or the pool is broken."""
    pending: dict[Future[Any], Item] = {}
    while (broken := _fill(pool, queue, pending, suspects)) or pending:
        done, _ = wait(pending, timeout=_CHECK_SECONDS, return_when=FIRST_COMPLETED)
        if not done:
            pool.check()
        for future in done:
            item = pending.pop(future)
            try:
                result = future.result()
            except pool.death:
                suspects.append(item)
                broken = broken or pool.ends_by_death
                continue
            yield result
        if broken:
            suspects.extend(pending.values())
            return


def _map_alone(pool: Pool, suspects: deque[Item]) -> Iterator[Any]:
    """The results of items, run one at a time to find the item on which a worker dies."""
    while suspects:
        item = suspects.popleft()
        future = pool.submit(item)
        while not wait([future], timeout=_CHECK_SECONDS).done:
            pool.check()
        try:
            result = future.result()
        except pool.death:
            yield Lost(item)
            if pool.ends_by_death:
                return
            continue
        yield result


def _fill(pool: Pool, queue: Iterator[Item], pending: dict[Future[Any], Item], suspects: deque[Item]) -> bool:
    """Submits items until enough are in flight. Returns whether the pool is broken."""
    for item in itertools.islice(queue, max(pool.most_in_flight() - len(pending), 0)):
        try:
            pending[pool.submit(item)] = item
        except pool.death:
            suspects.append(item)
            return True
    return False
