"""The interface of an engine, which decides where logs are read and principals are reviewed. Results are the same in
any engine, but for their order.

The work is a pure function from a chunk of names to a small partial usage table; an engine maps it over the chunks and
yields the results as they come, and its caller merges them. Workers return nothing else and write no table.

- `engines/local_processes.py`: processes of this machine.
- `engines/dask_cluster.py`: the workers of a Dask cluster, by the same code (`engines/pool.py`).
- `engines/spark_cluster.py`: the executors of a Spark cluster.

A worker that dies (killed, out of memory, or a crash in native code) costs nothing but the item that kills it whenever
it is tried by itself: that one is returned as `Lost`.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from lpgen.errors import EngineError
from lpgen.version import __version__

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """An item without a result: the worker died on it each time."""

    item: Item


class Engine(Protocol):
    """The interface that `ingest` needs of an engine. `fn` and the items must survive pickling."""

    @property
    def is_remote(self) -> bool:
        """Whether workers may run on other machines, with other folders, AWS profiles and credentials."""

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map.

        Raises:
            EngineError: the cluster was lost, or its workers can't run lpgen.
        """


def results_of(engine: Engine, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result of each item, in any order.

    Raises:
        EngineError: the cluster was lost, or a worker died on an item each time.
    """
    for found in engine.map(fn, items):
        if isinstance(found, Lost):
            raise EngineError(
                "a worker died on the same work each time it was tried",
                hint="give it more memory, or use fewer --workers",
            )
        yield found


# ---------------------------------------------------------------- functions for the workers of a cluster


_unpacked: Final = threading.local()
"""A function of each thread, since functions remember what they worked out, and a worker may have several threads."""


def pack_function(fn: Callable[[Any], Any]) -> bytes:
    """The function for `run_packed`, the same bytes each time."""
    return pickle.dumps((__version__, pickle.dumps(fn)))


def run_packed(packed: bytes, item: Any) -> Any:
    """The packed function's result for an item.

    Raises:
        EngineError: this worker has another version of lpgen than the process that packed it.
    """
    if getattr(_unpacked, "packed", None) != packed:
        version, function = pickle.loads(packed)
        if version != __version__:
            raise EngineError(
                f"a worker has lpgen {__version__}, and this command runs with {version}",
                hint=f"install lpgen {version} on every machine of the cluster",
            )
        _unpacked.function, _unpacked.packed = pickle.loads(function), packed
    return _unpacked.function(item)
