"""What a command prints besides its result: `--verbose`, `--quiet`, `--debug`, and a line while the user waits.

Modules of `app/` and `edge/` log to the logger `lpgen`: INFO is a step that may take long, WAITING the start of an AWS
call, DEBUG a detail such as its answer. Core doesn't log. A log line is never a secret, and never the only record of
anything.
"""

from __future__ import annotations

import inspect
import logging
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from lpgen.cli.option_groups import with_option_groups
from lpgen.cli.output import be_quiet, print_status, status_line
from lpgen.errors import InvocationError, LpgenError
from lpgen.version import __version__

_LOG: Final = logging.getLogger("lpgen")
_PATIENCE_SECONDS: Final = 2.0
_REDRAW_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageOptions:
    """How much a command prints on stderr."""

    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print more on stderr.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors on stderr.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Log each step and each AWS call to stderr.")] = False
    debug_log: Annotated[
        Path | None, typer.Option("--debug-log", metavar="FILE", help="Append the log to this file instead.")
    ] = None

    @contextmanager
    def active(self) -> Iterator[None]:
        """Applies the options until the command ends.

        Raises:
            InvocationError: the options contradict each other, or the log can't be written.
        """
        if self.quiet and self.verbose:
            raise InvocationError("--quiet and --verbose contradict each other")
        be_quiet(self.quiet)
        handlers: list[logging.Handler] = []
        if self.debug or self.debug_log:
            handlers.append(_debug_handler(self.debug_log))
        elif self.verbose:
            handlers.append(_StatusHandler(logging.INFO))
        waiting = None if self.quiet or self.verbose or (self.debug and not self.debug_log) else _WaitingHandler()
        handlers += [waiting] if waiting else []
        level, propagates = _LOG.level, _LOG.propagate
        _LOG.setLevel(min((handler.level for handler in handlers), default=logging.WARNING))
        _LOG.propagate = False
        for handler in handlers:
            _LOG.addHandler(handler)
        _LOG.debug("lpgen %s, Python %s, %s: %s", __version__, platform.python_version(), sys.platform, sys.argv[1:])
        try:
            yield
        except LpgenError:
            _LOG.debug("the command fails", exc_info=True)
            raise
        finally:
            if waiting:
                waiting.end()
            for handler in handlers:
                _LOG.removeHandler(handler)
                handler.close()
            _LOG.setLevel(level)
            _LOG.propagate = propagates
            be_quiet(False)


def as_command(command: Callable[..., None]) -> Callable[..., None]:
    """The command for typer, with its groups of options and the message options."""
    signature = inspect.signature(command, eval_str=True)
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in signature.parameters.values()]
    takes = any(parameter.name == "messages" for parameter in own)

    def run(**values: Any) -> None:
        messages: MessageOptions = values["messages"] if takes else values.pop("messages")
        with messages.active():
            command(**values)

    if not takes:
        own.append(inspect.Parameter("messages", inspect.Parameter.KEYWORD_ONLY, annotation=MessageOptions))
    run.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return with_option_groups(run)


class _StatusHandler(logging.Handler):
    """Prints each message on stderr as it arrives."""

    def emit(self, record: logging.LogRecord) -> None:
        print_status(_inert(record.getMessage()))


def _debug_handler(path: Path | None) -> logging.Handler:
    """Writes lines with times, to a file or to stderr.

    Raises:
        InvocationError: the file can't be opened.
    """
    try:
        handler: logging.Handler = _FileHandler(path) if path else logging.StreamHandler()
    except OSError as error:
        raise InvocationError(f"can't write `{path}`: {error.strerror or error}") from error
    handler.setFormatter(_Inert("%(asctime)s.%(msecs)03d %(threadName)s %(message)s", "%H:%M:%S"))
    handler.setLevel(logging.DEBUG)
    return handler


class _FileHandler(logging.StreamHandler[IO[str]]):
    """Writes to a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        from lpgen.edge.output_file import open_to_append

        super().__init__(open_to_append(path))

    def close(self) -> None:
        self.stream.close()
        super().close()


class _Inert(logging.Formatter):
    """Lines with foreign text escaped. Every line of a message but the first is indented."""

    def format(self, record: logging.LogRecord) -> str:
        first, *more = super().format(record).splitlines()
        return "\n".join([_inert(first), *(f"  {_inert(line)}" for line in more)])


def _inert(text: str) -> str:
    from lpgen.report.escaping import terminal_text

    return terminal_text(text)


class _WaitingHandler(logging.Handler):
    """Shows on a terminal, after two seconds, what a command is doing and for how long.

    Uses a system timer that interrupts the main thread, because a thread would make forks unsafe.
    """

    def __init__(self) -> None:
        from lpgen.edge.aws_session import WAITING  # here, because help needs no AWS

        super().__init__(WAITING)
        self._step, self._began = "working", time.monotonic()
        self._runs = (
            status_line.is_shown
            and hasattr(signal, "setitimer")
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        )
        status_line.is_hidden = False
        if self._runs:
            signal.signal(signal.SIGALRM, lambda *_: self._draw())
            signal.siginterrupt(signal.SIGALRM, False)
            signal.setitimer(signal.ITIMER_REAL, _PATIENCE_SECONDS, _REDRAW_SECONDS)

    def emit(self, record: logging.LogRecord) -> None:
        self._step = record.getMessage()

    def _draw(self) -> None:
        if status_line.seconds_since_drawn(by_others=self) >= _PATIENCE_SECONDS:
            status_line.draw(f"{_inert(self._step)} ({time.monotonic() - self._began:.0f} s)", by=self)

    def end(self) -> None:
        """Stops showing the step."""
        if self._runs:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        status_line.clear()
