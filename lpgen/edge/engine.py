"""The interface of an engine, which decides where logs are read and principals are reviewed.

All engines give the same results, in any order. The work is a pure function from a chunk of names to a small partial
usage table. An engine maps it over the chunks and yields results as they arrive. The caller merges them. Workers return
nothing else and write no table.

- `engines/local_processes.py`: processes of this machine.
- `engines/dask_cluster.py`: the workers of a Dask cluster, by the same code (`engines/pool.py`).
- `engines/spark_cluster.py`: the executors of a Spark cluster.

If a worker dies (killed, out of memory, or a crash in native code), its items are tried again one at a time. An item
that kills its worker again is returned as `Lost`.
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
    """An item without a result, because its worker died each time."""

    item: Item


class Engine(Protocol):
    """The interface of an engine. `fn` and the items must survive pickling."""

    @property
    def is_remote(self) -> bool:
        """Whether workers may run on other machines, with other folders, AWS profiles and credentials."""

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map.

        Raises:
            EngineError: the connection to the cluster was lost, or its workers can't run lpgen.
        """


def results_of(engine: Engine, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result of each item, in any order.

    Raises:
        EngineError: the connection to the cluster was lost, or a worker died on an item each time.
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
"""The function of each thread. Functions keep caches, and a worker may have several threads."""


def pack_function(fn: Callable[[Any], Any]) -> bytes:
    """The function as bytes for `run_packed`. The same function gives the same bytes."""
    return pickle.dumps((__version__, pickle.dumps(fn)))


def run_packed(packed: bytes, item: Any) -> Any:
    """The result of a packed function for an item.

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
