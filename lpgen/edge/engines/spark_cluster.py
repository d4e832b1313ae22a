"""The engine of a Spark cluster. Its executors' Python workers run the chunks with `DataFrame.mapInArrow`.

A job reads a batch of chunks, one for each partition. While one job ends, the next one runs. Only the DataFrame API is
used, which also works with Spark Connect.
https://spark.apache.org/docs/3.5.0/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.mapInArrow.html

If an executor or Python worker dies, Spark runs its tasks again, four times by default, before the job fails. Then
halves of the job's batch are tried until the item is found.
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
"""Enough for a cluster that scales by load to notice the work."""

_DEATHS: Final = (
    "Python worker exited unexpectedly",
    "ExecutorLostFailure",
    "Python worker did not connect back in time",
    "SparkOutOfMemoryError",
)
"""Spark's messages about a job that failed because its workers died."""


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Runs in the executors of a `SparkSession`, such as the one of an EMR, Glue or Databricks job, and leaves it open.

    `batch` is the number of chunks of a job. With 0, it follows from the number of cores.
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
            EngineError: a job fails although no worker died, or the workers can't run lpgen.
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
        except Exception:  # Spark Connect has no SparkContext, and each version raises a different error
            cores = 0
        return max(_MIN_BATCH, cores * _TASKS_PER_CORE)


_SAFE_PATH: Final = ("spark.executorEnv.PYTHONSAFEPATH", "1")
"""Stops Python workers from importing from their current folder: Spark starts them with `python -m`."""


@contextmanager
def open_spark_engine(master: str) -> Iterator[SparkEngine]:
    """The engine of a new Spark application with a master such as `spark://10.0.0.5:7077` or `yarn`.

    Raises:
        EngineError: Spark isn't installed, or can't start.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError("Spark isn't installed", hint="in a checkout of lpgen: pip install '.[spark]'") from error
    if master.startswith("local"):  # its workers run here, in the same Python
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session = SparkSession.builder.master(master).appName("lpgen").config(*_SAFE_PATH).getOrCreate()
    except Exception as error:  # any error of Java, through Py4J
        why = next(iter(str(error).splitlines()), "")
        raise EngineError(
            f"Spark can't start with the master {quote_input(master)}: {quote_input(why)}",
            hint="it needs Java 17 (JAVA_HOME) and a master in the form of `spark-submit --master`",
        ) from error
    try:
        session.sparkContext.setLogLevel("ERROR")
        yield SparkEngine(session)
    finally:
        session.stop()


class _Batches:
    """The items in batches: first batches to try again, then new ones, created on request."""

    def __init__(self, items: Iterable[Any], size: Callable[[], int]) -> None:
        self._items = iter(items)
        self._size = size
        self._again: deque[Sequence[Any]] = deque()

    def take(self) -> Sequence[Any]:
        """The next batch. It is empty if nothing is left."""
        return self._again.popleft() if self._again else tuple(itertools.islice(self._items, self._size()))

    def halve(self, batch: Sequence[Any]) -> None:
        """Queues both halves of a batch to try again."""
        middle = len(batch) // 2
        self._again += (batch[:middle], batch[middle:])


def _run_batch(session: Any, packed: bytes, batch: Sequence[Any]) -> list[Any]:
    """The packed function's result for each item, or its exception, from one job."""
    items = tuple(pickle.dumps(item) for item in batch)

    def run_partition(batches: Iterator[Any]) -> Iterator[Any]:  # pickled by value, its callees by name
        return _run_numbers(packed, items, batches)

    numbers = session.range(0, len(items), 1, len(items))  # one partition for each row, without a shuffle
    rows = numbers.mapInArrow(run_partition, "answer binary").collect()
    return [pickle.loads(row.answer) for row in rows]


def _run_numbers(packed: bytes, items: Sequence[bytes], batches: Iterator[Any]) -> Iterator[Any]:
    """The answers of a partition, in a worker. Each is a pickled result or exception."""
    import pyarrow as pa

    for batch in batches:
        for number in batch.column(0):
            answer = pickle.dumps(_answer(packed, items[number.as_py()]))
            yield pa.RecordBatch.from_arrays([pa.array([answer], pa.binary())], ["answer"])


def _answer(packed: bytes, item: bytes) -> Any:
    """The result, or the exception as a value. If it were raised here, Spark would retry and turn it into text."""
    try:
        return run_packed(packed, pickle.loads(item))
    except Exception as error:
        return _Raised(error)


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _results(future: Future[list[Any]]) -> list[Any] | None:
    """The results of a job. None if workers died on it."""
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
    return EngineError(f"a Spark job failed: {lines[0] if lines else 'no details'}", hint="check the driver's log")
