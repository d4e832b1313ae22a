"""What the Spark engine makes of Spark's answers, by a stand-in for a session; `make test-spark` has the real thing."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from lpgen.edge.engine import Lost
from lpgen.edge.engines.spark_cluster import SparkEngine
from lpgen.errors import EngineError
from tests.support.engine_samples import POISON, fail, square

CRASH = "Job aborted due to stage failure: Task 3 failed 4 times: Python worker exited unexpectedly (crashed)"


@dataclass(slots=True)
class StandIn:
    """Runs jobs here, a batch at a time, unless `trouble` says what they fail of. `jobs` are the sizes of the batches.

    Without `cores` it is as Spark Connect, which has no context.
    """

    trouble: Callable[[list[int]], str] = lambda _: ""
    cores: int = 0
    jobs: list[int] = field(default_factory=list)

    @property
    def sparkContext(self) -> Any:  # noqa: N802  # Spark's name
        if not self.cores:
            raise RuntimeError("[JVM_ATTRIBUTE_NOT_SUPPORTED] no context")
        return SimpleNamespace(defaultParallelism=self.cores)

    def range(self, start: int, end: int, step: int, partitions: int) -> Any:
        assert (start, step, partitions) == (0, 1, end)
        self.jobs.append(end)

        def map_in_arrow(run: Callable[[Iterator[Any]], Iterator[Any]], schema: str) -> Any:
            assert schema == "answer binary"

            def collect() -> list[Any]:
                numbers = (pa.RecordBatch.from_arrays([pa.array([number])], ["id"]) for number in range(end))
                answers = [SimpleNamespace(answer=batch.column(0)[0].as_py()) for batch in run(numbers)]
                if text := self.trouble(self.items(run)):
                    raise RuntimeError(text)
                return answers

            return SimpleNamespace(collect=collect)

        return SimpleNamespace(mapInArrow=map_in_arrow)

    @staticmethod
    def items(run: Any) -> list[int]:
        """What the job's closure holds."""
        variables = dict(zip(run.__code__.co_freevars, (cell.cell_contents for cell in run.__closure__), strict=True))
        return [pickle.loads(item) for item in variables["items"]]


def test_spark_engine_runs_a_partition_per_item_in_batches() -> None:
    session = StandIn(cores=10)
    found = [one for one in SparkEngine(session).map(square, range(50)) if not isinstance(one, Lost)]
    assert sorted(found) == [number * number for number in range(50)]
    assert sorted(session.jobs) == [10, 20, 20]  # jobs run side by side, in any order


@pytest.mark.parametrize(("batch", "jobs"), [(0, [16, 4]), (7, [7, 7, 6])])
def test_spark_engine_takes_its_batches_from_the_caller_or_does_without_a_context(batch: int, jobs: list[int]) -> None:
    session = StandIn()
    assert len(list(SparkEngine(session, batch).map(square, range(20)))) == 20
    assert sorted(session.jobs) == sorted(jobs)


def test_spark_engine_halves_a_batch_on_which_workers_die() -> None:
    session = StandIn(lambda items: CRASH if POISON in items else "")
    found = list(SparkEngine(session).map(square, range(16)))
    assert [result.item for result in found if isinstance(result, Lost)] == [POISON]
    assert sorted(one for one in found if not isinstance(one, Lost)) == [n * n for n in range(16) if n != POISON]
    assert sorted(session.jobs) == [1, 1, 2, 2, 4, 4, 8, 8, 16]


def test_spark_engine_passes_exceptions_on() -> None:
    with pytest.raises(ValueError, match="number"):
        list(SparkEngine(StandIn()).map(fail, range(5)))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("PythonException: \nModuleNotFoundError: No module named 'lpgen'", "have no lpgen", "lpgen[spark]"),
        ("Job 3 cancelled because SparkContext was shut down\nand more", "cancelled because", "driver's log"),
        ("", "no details", "driver's log"),
    ],
)
def test_spark_engine_says_why_a_job_failed_where_no_item_is_to_blame(text: str, message: str, hint: str) -> None:
    with pytest.raises(EngineError, match=message) as caught:
        list(SparkEngine(StandIn(lambda _: text or "\n")).map(square, range(3)))
    assert hint in caught.value.hint
