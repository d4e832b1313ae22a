"""What an engine is: where logs are read and principals are reviewed. The results are the same wherever, but for their
order.

The work is a pure function from a chunk of names to a small partial usage table; an engine maps it over the chunks and
yields the results as they come, and whoever asked merges them. Nothing else comes back, and no worker writes a table.

- `engines/local_processes.py`: processes of this machine.
- `engines/dask_cluster.py`: the workers of a Dask cluster, by the same code (`engines/pool.py`).
- `engines/spark_cluster.py`: the executors of a Spark cluster.

A worker that dies (killed, out of memory, or a crash in native code) costs nothing but the item that kills it whenever
it is tried alone: that one comes out as `Lost`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lpgen.errors import EngineError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """An item without a result: the worker died on it each time."""

    item: Item


class Engine(Protocol):
    """What `ingest` asks of an engine. `fn` and the items must survive pickling."""

    @property
    def is_remote(self) -> bool:
        """Whether workers may run on other machines, with other folders, AWS profiles and credentials."""

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map.

        Raises:
            EngineError: the cluster was lost, or its workers can't run lpgen.
        """


@dataclass(frozen=True, slots=True)
class _Numbered(Generic[Item, Result]):
    """The function on an item with its number, which the result keeps."""

    fn: Callable[[Item], Result]

    def __call__(self, item: tuple[int, Item]) -> tuple[int, Result]:
        return item[0], self.fn(item[1])


def map_in_order(engine: Engine, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result of each item, in the order of the items. What comes too early waits.

    Raises:
        EngineError: the cluster was lost, or a worker died on an item each time.
    """
    waiting: dict[int, Result] = {}
    due = 0
    for found in engine.map(_Numbered(fn), enumerate(items)):
        if isinstance(found, Lost):
            raise EngineError(
                f"a worker died on batch {found.item[0] + 1} each time it was tried",
                hint="give it more memory, or use fewer --workers",
            )
        waiting[found[0]] = found[1]
        while due in waiting:
            yield waiting.pop(due)
            due += 1
