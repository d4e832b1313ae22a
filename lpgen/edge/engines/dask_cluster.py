"""The engine of an existing Dask cluster, whose workers run the chunks.

https://distributed.dask.org/en/stable/client.html

A killed worker's tasks run again elsewhere. A task fails if more workers died on it than the cluster allows:
https://distributed.dask.org/en/stable/resilience.html

Every wait ends. Results are awaited on the client's event loop, where a missing result doesn't block others.
distributed runs the callbacks of all futures of a process on a single thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lpgen.edge.engine import Item, Lost, Result, pack_function, run_packed
from lpgen.edge.engines.pool import Pool, map_in_pools
from lpgen.errors import EngineError, quote_input

_PATIENCE_SECONDS: Final = 300.0
"""How long a cluster may have no worker. A cluster that scales by load takes minutes to start workers."""

_ANSWER_SECONDS: Final = 60.0
"""How long the scheduler may take to list its workers. A busy scheduler takes seconds."""

_IN_FLIGHT_PER_THREAD: Final = 3
_MIN_IN_FLIGHT: Final = 16
"""Enough for a cluster that scales by load to notice the work."""

_COUNT_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class DaskEngine:
    """Runs on the workers of a `distributed.Client` and leaves it open.

    Workers should have one thread each (`dask worker --nthreads 1`), because reading logs keeps the interpreter busy.
    They should have a nanny, which is the default and restarts a worker that dies.
    """

    client: Any
    patience_seconds: float = _PATIENCE_SECONDS
    answer_seconds: float = _ANSWER_SECONDS

    @property
    def is_remote(self) -> bool:
        """Always."""
        return True

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map.

        Raises:
            EngineError: the connection to the scheduler was lost, no worker is left, or the workers can't run lpgen.
        """
        pool = partial(self._pool, pack_function(fn))
        try:
            yield from map_in_pools(items, pool, pool)
        except CancelledError as error:
            raise _lost(self.client) from error
        except Exception as error:
            if isinstance(error, ImportError) or "deserialization of the task graph" in str(error):
                raise _cannot_run(error) from error
            raise

    @contextmanager
    def _pool(self, packed: bytes) -> Iterator[Pool]:
        from distributed import KilledWorker

        cluster = _Cluster(self.client, self.patience_seconds, self.answer_seconds)
        tasks = _Tasks(self.client, packed)
        try:
            yield Pool(
                submit=tasks.submit,
                most_in_flight=cluster.most_in_flight,
                death=KilledWorker,
                ends_by_death=False,
                check=cluster.check,
            )
        finally:
            tasks.cancel()


class _Tasks:
    """Turns Dask's futures into futures of `concurrent.futures`.

    `Client.get_executor()` does the same, but loses a result whose worker dies just after it was made, and never
    reports a future that is cancelled (`distributed.cfexecutor` of 2026.8).
    """

    def __init__(self, client: Any, packed: bytes) -> None:
        self._client = client
        self._packed = packed
        self._under_way: set[Any] = set()

    def submit(self, item: Any) -> Future[Any]:
        """The future of an item's result."""
        task = self._client.submit(run_packed, self._packed, item, pure=False)
        self._under_way.add(task)
        return asyncio.run_coroutine_threadsafe(self._result(task), self._client.loop.asyncio_loop)

    def cancel(self) -> None:
        """Gives up running tasks without waiting. The scheduler drops a task that no client wants."""
        for task in tuple(self._under_way):
            task.release()

    async def _result(self, task: Any) -> Any:
        try:
            return (await self._client.gather([task], asynchronous=True))[0]
        except OSError as error:
            # the item itself may have raised it; otherwise its result exists but can't be reached
            if task.status == "error":
                raise
            raise _lost(self._client) from error
        finally:
            self._under_way.discard(task)


@contextmanager
def open_dask_engine(scheduler: str) -> Iterator[DaskEngine]:
    """The engine of the cluster with this scheduler address, such as `tcp://10.0.0.5:8786`.

    Raises:
        EngineError: Dask isn't installed, or nothing answers at the address.
    """
    try:
        import distributed
    except ImportError as error:
        raise EngineError("Dask isn't installed", hint="in a checkout of lpgen: pip install '.[dask]'") from error
    try:
        client: Any = distributed.Client(scheduler, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise EngineError(f"no Dask scheduler answers at {quote_input(scheduler)}: {error}", hint=_ADDRESS) from error
    try:
        yield DaskEngine(client)
    finally:
        with suppress(Exception):  # a lost scheduler doesn't answer
            client.close(timeout=_CLOSE_SECONDS)


_ADDRESS: Final = "`dask scheduler` prints its address when it starts, as tcp://10.0.0.5:8786"


class _Cluster:
    """The state of the cluster's workers, requested now and then."""

    def __init__(self, client: Any, patience_seconds: float, answer_seconds: float) -> None:
        self._client = client
        self._patience = patience_seconds
        self._answer = answer_seconds
        self._threads = 0
        self._asked = self._last_seen = time.monotonic()
        self._count()

    def most_in_flight(self) -> int:
        """Enough to keep every thread busy."""
        if time.monotonic() - self._asked > _COUNT_SECONDS:
            self._count()
        return max(_MIN_IN_FLIGHT, self._threads * _IN_FLIGHT_PER_THREAD)

    def check(self) -> None:
        """Checks that results can still come.

        Raises:
            EngineError: the connection to the scheduler was lost, or there has been no worker for too long.
        """
        self._count()
        if time.monotonic() - self._last_seen > self._patience:
            raise EngineError(
                "the Dask cluster has no worker left",
                hint="start some with `dask worker`; its nanny, which is on by default, restarts workers that die",
            )

    def _count(self) -> None:
        if self._client.status != "running":
            raise _lost(self._client)
        try:
            # like `Client.nthreads`, which waits forever
            counted = self._client.sync(self._client.scheduler.ncores, workers=None, callback_timeout=self._answer)
            self._threads = sum(counted.values())
        except (OSError, TimeoutError) as error:
            raise _lost(self._client) from error
        self._asked = time.monotonic()
        if self._threads:
            self._last_seen = self._asked


def _lost(client: Any) -> EngineError:
    scheduler = getattr(client.scheduler, "address", "")
    return EngineError(f"the connection to the Dask scheduler `{scheduler}` is lost", hint="run it again")


def _cannot_run(error: Exception) -> EngineError:
    from lpgen.version import __version__

    why = str(error.__cause__ or error)
    return EngineError(
        f"the Dask cluster can't load lpgen: {why}",
        hint=f"install lpgen {__version__} with `lpgen[dask]` on the machines of its scheduler and its workers",
    )
