"""lpgen as a process of its own, forked from one that has imported it: what it does costs, and its imports don't.

The process that forks has one thread, so no lock is held in a child. A child gets the arguments, variables, folder and
files of the caller, and ends with the exit code or signal that a fresh `python -m lpgen` ends with. Use a fresh process
to test starting, signals, kills, memory and output that is closed.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import io
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

ROOT: Final = Path(__file__).parents[2]
_STARTUP: Final = ("PYTHON", "LC_", "LANG", "TZ")
"""How the variables begin that Python reads when it starts: with others, a command gets a fresh process."""

_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
_ENDED: Final = struct.Struct("=i")
_LATER: Final = frozenset(("lpgen.__main__",))


def run_forked(
    *arguments: object,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as `subprocess.run` does with `capture_output` and `text`."""
    done = run_forked_bytes(*arguments, stdin=(stdin or "").encode(), env=env, cwd=cwd, timeout=timeout)
    return subprocess.CompletedProcess(done.args, done.returncode, _text(done.stdout), _text(done.stderr))


def run_forked_bytes(
    *arguments: object,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[bytes]:
    """The same, with output as it was written."""
    words = [str(argument) for argument in arguments]
    variables = dict(os.environ if env is None else env)
    if not _is_forkable(variables):
        command = [sys.executable, "-m", "lpgen", *words]
        return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, env=variables, cwd=cwd)
    with contextlib.ExitStack() as files:
        their_in, our_in = _pipe(files)
        our_out, their_out = _pipe(files)
        our_err, their_err = _pipe(files)
        with start_forked(words, (their_in, their_out, their_err), env=variables, cwd=cwd) as process:
            for file in (their_in, their_out, their_err):
                file.close()
            out, err = _communicate(process, stdin, our_in, (our_out, our_err), timeout)
            return subprocess.CompletedProcess(["lpgen", *words], process.wait(), out, err)


@dataclass(frozen=True, slots=True)
class ForkedProcess:
    """A command that runs. Use as a context, which forgets it."""

    pid: int
    _ended: socket.socket

    def wait(self) -> int:
        """Its exit code, or minus the number of the signal that ended it."""
        return int(_ENDED.unpack(_read_exactly(self._ended, _ENDED.size))[0])

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> ForkedProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.close()


def start_forked(
    arguments: list[str],
    streams: tuple[int | io.FileIO, int | io.FileIO, int | io.FileIO],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
) -> ForkedProcess:
    """Starts a command with these files as its stdin, stdout and stderr; `env` may not change how Python starts."""
    assert _is_forkable(env)
    ours, theirs = socket.socketpair()
    with theirs:
        files = [theirs.fileno(), *(stream if isinstance(stream, int) else stream.fileno() for stream in streams)]
        _server().sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))])
    job = json.dumps({"arguments": arguments, "env": dict(env), "cwd": os.fspath(cwd or Path.cwd())}).encode()
    ours.sendall(struct.pack("=I", len(job)) + job)
    (pid,) = _ENDED.unpack(_read_exactly(ours, _ENDED.size))
    return ForkedProcess(pid, ours)


def _is_forkable(variables: Mapping[str, str]) -> bool:
    """Whether a fork behaves as a fresh process does with these variables, on this system."""
    return hasattr(os, "pidfd_open") and _of_startup(variables) == _of_startup(_environment())


def _of_startup(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(_STARTUP)}


@cache
def _environment() -> dict[str, str]:
    """The variables at the first use, of which the process that forks is started with those that Python reads."""
    return dict(os.environ)


@cache
def _server() -> socket.socket:
    """The way to the process that forks, which starts at the first use and ends with this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "tests.support.forked_lpgen", str(theirs.fileno())]
        process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            env={**_environment(), **_ONE_THREAD},
            stdin=subprocess.DEVNULL,
        )
    _servers.append((ours, process))
    return ours


_servers: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []


def end_forks() -> None:
    """Ends the process that forks: the test process calls it at its end."""
    _server.cache_clear()
    while _servers:
        connection, process = _servers.pop()
        with connection, contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        process.wait()


def _pipe(files: contextlib.ExitStack) -> tuple[io.FileIO, io.FileIO]:
    reader, writer = os.pipe()
    return files.enter_context(io.FileIO(reader, "rb")), files.enter_context(io.FileIO(writer, "wb"))


def _communicate(
    process: ForkedProcess, given: bytes, stdin: io.FileIO, outputs: tuple[io.FileIO, io.FileIO], timeout: float
) -> tuple[bytes, bytes]:
    """Writes what a command reads, and reads what it writes, until it has closed its output."""
    end, found = time.monotonic() + timeout, {output: bytearray() for output in outputs}
    os.set_blocking(stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(stdin, selectors.EVENT_WRITE)
        for output in outputs:
            ready.register(output, selectors.EVENT_READ)
        while ready.get_map():
            events = ready.select(max(end - time.monotonic(), 0))
            if not events and time.monotonic() > end:
                process.kill()
                raise subprocess.TimeoutExpired("lpgen", timeout, bytes(found[outputs[0]]), bytes(found[outputs[1]]))
            for key, _ in events:
                if key.fileobj is stdin:
                    given = _write_some(stdin, given)
                    is_over = not given
                else:
                    part = os.read(key.fd, 1 << 16)
                    found[key.fileobj].extend(part)  # type: ignore[index]
                    is_over = not part
                if is_over:
                    ready.unregister(key.fileobj)
                    if key.fileobj is stdin:
                        stdin.close()
    return bytes(found[outputs[0]]), bytes(found[outputs[1]])


def _write_some(stdin: io.FileIO, given: bytes) -> bytes:
    """What is left to write; nothing where the command has stopped reading."""
    try:
        return given[os.write(stdin.fileno(), given) :] if given else b""
    except BrokenPipeError:
        return b""


def _text(output: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(output)).read()


def _read_exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise ConnectionError("the process that forks lpgen has ended")
        found += part
    return found


# ---------------------------------------------------------------- the process that forks


def _serve(control: socket.socket) -> tuple[socket.socket, list[int]]:
    """Forks a process for each command until nobody asks any more. Returns in the children, with their command."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as ready:
        ready.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is not control:
                    _tell_end(*running.pop(key.fd), key.fd)
                    ready.unregister(key.fd)
                    os.close(key.fd)
                    continue
                word, files = _receive(control)
                if not word:
                    os._exit(0)
                asker, streams = socket.socket(fileno=files[0]), files[1:]
                pid = os.fork()
                if not pid:
                    for descriptor, (_, other) in running.items():
                        os.close(descriptor)
                        other.close()
                    control.close()
                    return asker, streams
                for descriptor in streams:
                    os.close(descriptor)
                asker.sendall(_ENDED.pack(pid))
                descriptor = os.pidfd_open(pid)
                running[descriptor] = pid, asker
                ready.register(descriptor, selectors.EVENT_READ)


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    files = array.array("i")
    word, extra, _, _ = control.recvmsg(1, socket.CMSG_LEN(4 * files.itemsize))
    for _, _, data in extra:
        files.frombytes(data)
    return word, list(files)


def _tell_end(pid: int, asker: socket.socket, _: int) -> None:
    _, status = os.waitpid(pid, 0)
    with asker, contextlib.suppress(OSError):  # who asked may have gone
        asker.sendall(_ENDED.pack(os.waitstatus_to_exitcode(status)))


def _live(asker: socket.socket, streams: list[int]) -> NoReturn:
    """The life of a child, in the place of a fresh `python -m lpgen`."""
    with asker:
        (size,) = struct.unpack("=I", _read_exactly(asker, 4))
        job: dict[str, Any] = json.loads(_read_exactly(asker, size))
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin, sys.stdout, sys.stderr = _standard_streams()
    sys.path[0] = job["cwd"]
    sys.argv[1:] = job["arguments"]
    status = 1
    try:
        runpy.run_module("lpgen", run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    finally:
        _leave(status)


def _standard_streams() -> tuple[io.TextIOWrapper, io.TextIOWrapper, io.TextIOWrapper]:
    """What Python makes of the three files when it starts."""
    started: list[Any] = [sys.__stdin__, sys.__stdout__, sys.__stderr__]
    made = [
        os.fdopen(number, "w" if number else "r", encoding=stream.encoding, errors=stream.errors, closefd=False)
        for number, stream in enumerate(started)
    ]
    made[1].reconfigure(line_buffering=made[1].isatty())
    made[2].reconfigure(line_buffering=True)
    return made[0], made[1], made[2]


def _leave(status: int) -> NoReturn:
    """Ends as Python does, but for freeing the memory piece by piece."""
    __import__("threading")._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _modules() -> Iterator[str]:
    """All that lpgen may import to answer a command."""
    import pkgutil

    import lpgen

    yield from (found.name for found in pkgutil.walk_packages(lpgen.__path__, "lpgen.") if found.name not in _LATER)
    yield from ("pyarrow.compute", "pyarrow.parquet", "pandas", "boto3", "botocore.client")
    yield from ("concurrent.futures.process", "multiprocessing.popen_fork", "multiprocessing.synchronize")
    yield from ("jinja2", "platformdirs.unix", "pyarrow.pandas_compat", "pydantic", "typer._adapters")


def _prepare() -> None:
    import gc
    import importlib

    import typer.main
    from pydantic import TypeAdapter

    for name in _modules():
        importlib.import_module(name)
    TypeAdapter(int)  # the first one looks for plugins in all installed packages
    from lpgen.cli.main import app
    from lpgen.core.cloudtrail.visibility import visibility_from_catalog
    from lpgen.edge.catalog.files import bundled_catalog
    from tests.support.built_commands import build_commands_once

    build_commands_once()
    typer.main.get_command(app)
    table = visibility_from_catalog(bundled_catalog())
    for action in bundled_catalog().actions():
        table.visibility(action)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which then hang up
    gc.collect()
    gc.freeze()  # what children share stays shared


if __name__ == "__main__":
    _prepare()
    with socket.socket(fileno=int(sys.argv[1])) as _control:
        _job = _serve(_control)
    _live(*_job)
