"""The engine of one machine: local processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from lpgen.edge.engine import Item, Lost, Result
from lpgen.edge.engines.pool import Pool, map_in_pools

if TYPE_CHECKING:
    from concurrent.futures import Future
    from concurrent.futures.process import ProcessPoolExecutor

_IN_FLIGHT_PER_WORKER: Final = 2
_PARENT_CHECK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Runs in `workers` processes of this machine. With none, it runs in this process, which dies on a deadly item.

    Processes are started with `start_method`. If it is "", the cheapest safe method is used.
    """

    workers: int = 0
    start_method: str = ""

    @property
    def is_remote(self) -> bool:
        """Never."""
        return False

    def map(self, fn: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | Lost[Item]]:
        """The result of each item, in any order. An exception that `fn` raises ends the map."""
        if not self.workers:
            return map(fn, items)
        return map_in_pools(items, partial(self._pool, fn, self.workers), partial(self._pool, fn, 1))

    @contextmanager
    def _pool(self, fn: Callable[[Any], Any], workers: int) -> Iterator[Pool]:
        """Workers that hold the function: forked with it, or sent it once."""
        import multiprocessing  # imported here, because without items it isn't needed
        from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

        _keep_current_folder_out()
        start_method = self.start_method or _safe_start_method()
        context = multiprocessing.get_context(start_method)
        if start_method == "forkserver":
            context.set_forkserver_preload([getattr(fn, "__module__", __name__)])  # imported once for all workers
        executor = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(fn, dict(os.environ)))
        with executor:
            yield Pool(
                submit=lambda item: _submit(executor, item),
                most_in_flight=lambda: workers * _IN_FLIGHT_PER_WORKER,
                death=BrokenProcessPool,
                ends_by_death=True,
                check=lambda: None,  # a silent local worker is still running: its death is reported at once
            )


def _keep_current_folder_out() -> None:
    """Starts all processes of `multiprocessing` with `-P` from now on.

    Workers, their server and the resource tracker start as `python -c`, which imports from the current folder first. A
    file `multiprocessing/__init__.py` there would run. Python passes on `-P` only if this process has it.
    PYTHONSAFEPATH would also affect programs that workers start, such as a `credential_process` of the AWS
    configuration, and doesn't work under `python -E`. A running worker uses the `sys.path` of this process as before.
    https://docs.python.org/3/using/cmdline.html#cmdoption-P
    """
    from multiprocessing import util

    usual = util._args_from_interpreter_flags  # type: ignore[attr-defined]
    if not isinstance(usual, _WithSafePath):
        util._args_from_interpreter_flags = _WithSafePath(usual)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _WithSafePath:
    """The flags of new processes, including `-P`."""

    usual: Callable[[], list[str]]

    def __call__(self) -> list[str]:
        return [*self.usual(), "-P"]


def _submit(executor: ProcessPoolExecutor, item: Any) -> Future[Any]:
    """The future of an item's result.

    Submitting starts workers. Workers that aren't forked run the program's main file again, including its code outside
    of `if __name__ == "__main__"`. lpgen doesn't need that file, so workers see an empty one.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        return executor.submit(_run, item)
    finally:
        sys.modules["__main__"] = main


def _safe_start_method() -> str:
    """The start method. On Linux, this process is forked unless it has other threads, which may hold locks.

    With other threads, a server without threads is forked. Starting Python and lpgen for each worker takes a second.
    https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods
    """
    if sys.platform != "linux":
        return "spawn"
    return "forkserver" if _has_other_threads() else "fork"


def _has_other_threads() -> bool:
    """Whether this process has more than one thread, including threads of native code."""
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True


_worker_function: Callable[[Any], Any] | None = None


def _start_worker(fn: Callable[[Any], Any], environment: Mapping[str, str]) -> None:
    global _worker_function
    _worker_function = fn
    os.environ.clear()  # a fork server has the environment of its own start
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this worker when its main process is gone. A killed process can't stop its workers.

    If a server forked the worker, the parent is another process. A worker that was forked directly may hold its
    siblings' pipes, which Python uses to check whether the process is alive.
    """
    from multiprocessing import parent_process

    boss, parent = parent_process(), os.getppid()
    while os.getppid() == parent and boss is not None and boss.is_alive():
        time.sleep(_PARENT_CHECK_SECONDS)
    with suppress(OSError):
        os._exit(1)


def _run(item: Any) -> Any:
    assert _worker_function is not None
    return _worker_function(item)
