"""The engine of a Spark cluster: its executors' Python workers run the chunks, by `DataFrame.mapInArrow`.

A job reads a batch of chunks, a partition each; while one job ends the next is under way. Only the DataFrame API is
used, which works with Spark Connect too.
https://spark.apache.org/docs/3.5.0/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.mapInArrow.html

Spark runs the tasks of an executor or Python worker that dies again, four times by default, before the job fails. A job
that fails for that says which batch is to blame, and halves of it are tried until the item is found.
"""

from __future__ import annotations

import itertools
import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from lpgen.edge.engine import Item, Lost, Result, pack_function, run_packed
from lpgen.errors import EngineError, quote_input

_JOBS: Final = 2
_TASKS_PER_CORE: Final = 2
_MIN_BATCH: Final = 16
"""Enough for a cluster that grows by need to see that there is some."""

_DEATHS: Final = (
    "Python worker exited unexpectedly",
    "ExecutorLostFailure",
    "Python worker did not connect back in time",
    "SparkOutOfMemoryError",
)
"""Spark's messages about a job that failed since its workers died."""


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Runs in the executors of a `SparkSession` and leaves it open: the one of an EMR, Glue or Databricks job, say.

    `batch` is how many chunks a job reads; 0 asks Spark how many cores there are.
    """

    session: Any
    batch: int = 0

    @property
    def is_remote(self) -> bool:
        """Always."""
        return True

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map.

        Raises:
            EngineError: a job fails for another reason than that workers died, or the workers can't run lpgen.
        """
        packed = pack_function(fn)
        batches = _Batches(items, self._batch_size)
        pending: dict[Future[list[Any]], Sequence[Item]] = {}
        with ThreadPoolExecutor(_JOBS, thread_name_prefix="lpgen-spark") as jobs:
            while True:
                while len(pending) < _JOBS and (batch := batches.take()):
                    pending[jobs.submit(_run_batch, self.session, packed, batch)] = batch
                if not pending:
                    return
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    batch = pending.pop(future)
                    results = _results(future)
                    if results is not None:
                        yield from results
                    elif len(batch) == 1:
                        yield Lost(batch[0])
                    else:
                        batches.halve(batch)

    def _batch_size(self) -> int:
        if self.batch:
            return self.batch
        try:
            cores = int(self.session.sparkContext.defaultParallelism)
        except Exception:  # Spark Connect has no SparkContext, and each version says so with an error of its own
            cores = 0
        return max(_MIN_BATCH, cores * _TASKS_PER_CORE)


_SAFE_PATH: Final = ("spark.executorEnv.PYTHONSAFEPATH", "1")
"""Spark starts Python workers with `python -m`, which would import from their current folder first."""


@contextmanager
def open_spark_engine(master: str) -> Iterator[SparkEngine]:
    """The engine of a Spark application of its own, such as one of the master `spark://10.0.0.5:7077` or `yarn`.

    Raises:
        EngineError: Spark isn't installed, or can't start.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError("Spark isn't installed", hint="in a checkout of lpgen: pip install '.[spark]'") from error
    if master.startswith("local"):  # its workers run here, and in the same Python
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session = SparkSession.builder.master(master).appName("lpgen").config(*_SAFE_PATH).getOrCreate()
    except Exception as error:  # whatever Java says, by way of Py4J
        why = next(iter(str(error).splitlines()), "")
        raise EngineError(
            f"Spark can't start with the master {quote_input(master)}: {quote_input(why)}",
            hint="it needs Java 17 (JAVA_HOME), and a master as `--master` of spark-submit takes it",
        ) from error
    try:
        session.sparkContext.setLogLevel("ERROR")
        yield SparkEngine(session)
    finally:
        session.stop()


class _Batches:
    """The items in batches: those to try again first, then new ones, made when they are asked for."""

    def __init__(self, items: Iterable[Any], size: Callable[[], int]) -> None:
        self._items = iter(items)
        self._size = size
        self._again: deque[Sequence[Any]] = deque()

    def take(self) -> Sequence[Any]:
        """The next batch; an empty one where nothing is left."""
        return self._again.popleft() if self._again else tuple(itertools.islice(self._items, self._size()))

    def halve(self, batch: Sequence[Any]) -> None:
        """Queue both halves of a batch to be tried again."""
        middle = len(batch) // 2
        self._again += (batch[:middle], batch[middle:])


def _run_batch(session: Any, packed: bytes, batch: Sequence[Any]) -> list[Any]:
    """The packed function's result for each item, or the exception that it raised, by one job."""
    items = tuple(pickle.dumps(item) for item in batch)

    def run_partition(batches: Iterator[Any]) -> Iterator[Any]:  # pickled by value, its callees by name
        return _run_numbers(packed, items, batches)

    numbers = session.range(0, len(items), 1, len(items))  # as many partitions of one row, without a shuffle
    rows = numbers.mapInArrow(run_partition, "answer binary").collect()
    return [pickle.loads(row.answer) for row in rows]


def _run_numbers(packed: bytes, items: Sequence[bytes], batches: Iterator[Any]) -> Iterator[Any]:
    """The answers of a partition, in a worker: each a pickled result or exception."""
    import pyarrow as pa

    for batch in batches:
        for number in batch.column(0):
            answer = pickle.dumps(_answer(packed, items[number.as_py()]))
            yield pa.RecordBatch.from_arrays([pa.array([answer], pa.binary())], ["answer"])


def _answer(packed: bytes, item: bytes) -> Any:
    """A result, or the exception as a value: raised here, Spark would try again and make text of it."""
    try:
        return run_packed(packed, pickle.loads(item))
    except Exception as error:
        return _Raised(error)


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _results(future: Future[list[Any]]) -> list[Any] | None:
    """The results of a job; None where workers died on it."""
    try:
        answers = future.result()
    except Exception as error:
        text = str(error)
        if any(death in text for death in _DEATHS):
            return None
        raise _job_failed(text) from error
    for answer in answers:
        if isinstance(answer, _Raised):
            raise answer.error
    return answers


def _job_failed(text: str) -> EngineError:
    if "No module named 'lpgen'" in text:
        from lpgen.version import __version__

        return EngineError(
            "the executors of the Spark cluster have no lpgen",
            hint=f"install lpgen {__version__} with `lpgen[spark]` on each of its machines, or ship an environment: "
            "https://spark.apache.org/docs/latest/api/python/user_guide/python_packaging.html",
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return EngineError(f"a Spark job failed: {lines[0] if lines else 'it says no more'}", hint="see the driver's log")
