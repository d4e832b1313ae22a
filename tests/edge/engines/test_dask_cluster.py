"""The Dask engine on a real scheduler and two workers: the same results, whatever becomes of the workers."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lpgen.edge.engine import Lost, pack_function, run_packed
from lpgen.edge.engines.dask_cluster import DaskEngine, open_dask_engine
from lpgen.errors import EngineError
from tests.support.aws_servers import free_port
from tests.support.dask_clusters import DaskCluster, dask_cluster, wait_until, worker_processes
from tests.support.engine_samples import (
    POISON,
    DieOnce,
    NoteWorker,
    die_on_poison,
    fail,
    large,
    lose_connection,
    square,
)

pytestmark = pytest.mark.slow


def numbers(results: Iterable[int | Lost[int]]) -> list[int]:
    """All results in order; none may be lost."""
    return sorted(result for result in results if not isinstance(result, Lost) or pytest.fail(str(result)))


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    with dask_cluster() as running:
        yield running


@pytest.fixture
def client(cluster: DaskCluster) -> Iterator[Any]:
    with cluster.client() as connected:
        connected.wait_for_workers(2, timeout=60)  # a test before may have killed some
        yield connected


def test_dask_engine_gives_each_result_once(client: Any) -> None:
    assert numbers(DaskEngine(client).map(square, range(50))) == [number * number for number in range(50)]
    assert list(DaskEngine(client).map(square, [])) == []


def test_dask_engine_names_the_item_that_kills_each_worker(client: Any) -> None:
    found = list(DaskEngine(client).map(die_on_poison, range(30)))
    assert [result.item for result in found if isinstance(result, Lost)] == [POISON]
    assert sorted(result for result in found if not isinstance(result, Lost)) == [n for n in range(30) if n != POISON]


def test_dask_engine_loses_nothing_when_a_worker_dies_once(client: Any, tmp_path: Path) -> None:
    assert numbers(DaskEngine(client).map(DieOnce(tmp_path / "died"), range(30))) == list(range(30))


def test_dask_engine_loses_nothing_when_a_worker_is_killed(client: Any, tmp_path: Path) -> None:
    results = iter(DaskEngine(client).map(NoteWorker(tmp_path), range(40)))
    first = next(results)
    victim = wait_until(lambda: [int(path.name) for path in tmp_path.iterdir()])[0]
    os.kill(victim, signal.SIGKILL)
    assert numbers([first, *results]) == list(range(40))
    assert victim not in worker_processes(client).values()
    assert len(list(tmp_path.iterdir())) > 2  # another worker came and took part


def test_dask_engine_passes_exceptions_on(client: Any) -> None:
    with pytest.raises(ValueError, match="number"):
        list(DaskEngine(client).map(fail, range(5)))


def test_dask_engine_says_when_the_scheduler_is_lost(tmp_path: Path) -> None:
    with dask_cluster() as short_lived, short_lived.client() as client:
        results = iter(DaskEngine(client).map(NoteWorker(tmp_path), range(400)))
        next(results)
        short_lived.scheduler.kill()
        with pytest.raises(EngineError, match="connection to the Dask scheduler"):
            list(results)


def test_dask_engine_says_when_the_scheduler_is_lost_while_it_hands_over_a_result() -> None:
    with dask_cluster() as short_lived, short_lived.client() as client:
        results = iter(DaskEngine(client).map(large, range(400)))
        next(results)
        short_lived.scheduler.kill()
        with pytest.raises(EngineError, match="connection to the Dask scheduler"):
            list(results)


def test_dask_engine_says_when_the_scheduler_no_longer_answers(tmp_path: Path) -> None:
    """A scheduler that is stopped keeps its connections, and an engine on another cluster isn't held up by it."""
    with dask_cluster() as short_lived, open_dask_engine(short_lived.address) as opened:
        engine = replace(opened, answer_seconds=1)
        results = iter(engine.map(NoteWorker(tmp_path), range(400)))
        next(results)
        os.kill(short_lived.scheduler.pid, signal.SIGSTOP)
        try:
            with pytest.raises(EngineError, match="connection to the Dask scheduler"):
                list(results)
            with pytest.raises(EngineError, match="connection to the Dask scheduler"):
                list(engine.map(square, range(5)))
            with dask_cluster(1) as other, other.client() as client:
                assert numbers(DaskEngine(client).map(square, range(5))) == [0, 1, 4, 9, 16]
        finally:
            os.kill(short_lived.scheduler.pid, signal.SIGCONT)


def test_dask_engine_that_is_closed_while_the_scheduler_is_stopped_ends() -> None:
    with dask_cluster(1) as short_lived:
        with open_dask_engine(short_lived.address) as engine:
            assert numbers(engine.map(square, range(3))) == [0, 1, 4]
            os.kill(short_lived.scheduler.pid, signal.SIGSTOP)
        os.kill(short_lived.scheduler.pid, signal.SIGCONT)


def test_dask_engine_passes_on_connections_that_the_work_itself_lost(client: Any) -> None:
    with pytest.raises(ConnectionResetError, match="by number"):
        list(DaskEngine(client).map(lose_connection, range(5)))


def test_dask_engine_says_when_no_worker_is_left(tmp_path: Path) -> None:
    with dask_cluster(1, "--no-nanny") as fragile, fragile.client() as client:
        engine = DaskEngine(client, patience_seconds=1)
        results = iter(engine.map(NoteWorker(tmp_path), range(400)))
        next(results)
        os.kill(next(iter(worker_processes(client).values())), signal.SIGKILL)
        with pytest.raises(EngineError, match="no worker left"):
            list(results)


def test_dask_engine_says_when_the_cluster_has_no_lpgen(tmp_path: Path) -> None:
    (tmp_path / "lpgen.py").write_text("raise ImportError('no such thing')")
    with (
        dask_cluster(1, environment={"PYTHONPATH": str(tmp_path)}) as bare,
        bare.client() as client,
        pytest.raises(EngineError, match="can't load lpgen") as caught,
    ):
        list(DaskEngine(client).map(square, range(5)))
    assert "lpgen[dask]" in caught.value.hint


def test_dask_engine_names_an_address_where_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(EngineError, match="no Dask scheduler answers"),
        open_dask_engine(f"tcp://127.0.0.1:{free_port()}"),
    ):
        pass


def test_work_is_unpacked_once_by_each_thread() -> None:
    CountUnpacking.count = 0
    packed = pack_function(CountUnpacking())
    assert pack_function(CountUnpacking()) == packed
    assert [run_packed(packed, number) for number in range(5)] == list(range(5))
    thread = threading.Thread(target=run_packed, args=(packed, 1))
    thread.start()
    thread.join()
    assert CountUnpacking.count == 2


def test_work_of_another_version_is_refused() -> None:
    packed = pickle.dumps(("0.0.0", pickle.dumps(square)))
    with pytest.raises(EngineError, match=r"a worker has lpgen .*, and this command runs with 0\.0\.0"):
        run_packed(packed, 2)


class CountUnpacking:
    """The identity, which counts how often it is unpacked."""

    count = 0

    def __call__(self, number: int) -> int:
        return number

    def __setstate__(self, state: object) -> None:
        CountUnpacking.count += 1

    def __getstate__(self) -> object:
        return 1
