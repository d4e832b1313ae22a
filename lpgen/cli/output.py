"""Where a command's output goes: stdout or a file, and stderr for everything but results."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import typer

from lpgen.edge.standard_streams import is_stdout_dropped, note_failure
from lpgen.errors import InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.report.blocks import Layout
    from lpgen.report.html.page import ReviewPage

_CLEAR: Final = "\r\033[K"


class _StatusLine:
    """One line of stderr that is drawn again and again. Draws nothing if stderr isn't a terminal."""

    def __init__(self) -> None:
        self._drawn: tuple[float, object] = (0.0, None)
        self._is_drawn = False
        self.is_hidden = False

    @property
    def is_shown(self) -> bool:
        """Whether stderr is a terminal that can draw."""
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def draw(self, text: str, *, by: object) -> None:
        """Draws the text in place of the line, cut to fit."""
        if self.is_hidden:
            return
        self._drawn, self._is_drawn = (time.monotonic(), by), True
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        with contextlib.suppress(RuntimeError):  # the timer's signal may come while stderr is being written
            sys.stderr.write(f"{_CLEAR}{text[: columns - 1]}")
            sys.stderr.flush()

    def seconds_since_drawn(self, *, by_others: object) -> float:
        """The seconds since something other than the given object drew the line."""
        moment, by = self._drawn
        return time.monotonic() - moment if by is not by_others else float("inf")

    def clear(self) -> None:
        """Clears the line for the next message."""
        if self._is_drawn:
            self._is_drawn = False
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


status_line: Final = _StatusLine()
_quiet = False


def be_quiet(quiet: bool) -> None:
    """Turns quiet mode on or off. In quiet mode, `print_status` prints only errors."""
    global _quiet
    _quiet = quiet


def write_output(text: str | Iterable[str], output: Path | None) -> None:
    """Writes a text to a file, or to stdout if there is no file or it is `-`.

    Adds a missing line break at the end of a string. Parts are written as they arrive.
    """
    parts = [text if text.endswith("\n") else text + "\n"] if isinstance(text, str) else text
    if output is None or str(output) == "-":
        _print_parts(parts)
    else:
        _write_file(output, map(str.encode, parts))


def _print_parts(parts: Iterable[str]) -> None:
    """Writes each part to stdout as it arrives, and stops when the reader is gone. JSON and HTML are always UTF-8."""
    for number, part in enumerate(parts):
        if is_stdout_dropped():
            return
        _hide_line_for_stdout()
        if number == 0 and part.lstrip().startswith(("{", "[", "<")) and isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors=sys.stdout.errors)
        sys.stdout.write(part)


def print_json_lines(rows: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    """The rows, each printed as a line of JSON as it arrives. Stops when the reader is gone."""
    for row in rows:
        sys.stdout.write(json.dumps(row, separators=(",", ":")) + "\n")
        yield row
        if is_stdout_dropped():
            return


def show_on_pager(text: str) -> None:
    """Shows a text through the pager in $PAGER, as `man` does, or all at once without a pager."""
    import pydoc

    _hide_line_for_stdout()
    encoding, errors = sys.stdout.encoding, sys.stdout.errors or "strict"
    shown = text.encode(encoding, errors).decode(encoding)
    missing = _missing_pager()
    if missing:
        print_status(f"$PAGER names `{missing}`, which doesn't exist", error=True)
        sys.stdout.write(shown)
    else:
        pydoc.pager(shown)


def _missing_pager() -> str:
    """The program in $PAGER if it doesn't exist, or "". Settings may come before it, as in `LESS=R less`."""
    import shlex
    import shutil

    try:
        words = shlex.split(os.environ.get("MANPAGER") or os.environ.get("PAGER") or "")
    except ValueError:  # the shell says what is wrong
        return ""
    program = next((word for word in words if "=" not in word), "")
    return "" if not program or shutil.which(program) else program


def write_output_bytes(chunks: Iterable[bytes], output: Path | None, *, binary: bool) -> None:
    """Writes bytes to a file or to stdout, as `write_output` does.

    Raises:
        InvocationError: binary output would go to a terminal.
    """
    if output is None or str(output) == "-":
        if binary and sys.stdout.isatty():
            raise InvocationError(
                "this format is binary and can't be printed on a terminal", hint="name a file with --output"
            )
        _hide_line_for_stdout()
        sys.stdout.flush()
        sys.stdout.buffer.writelines(chunks)
    else:
        _write_file(output, chunks)


def write_output_page(page: ReviewPage, output: Path) -> None:
    """Writes a page to a file, and the data of its principals to a folder next to it."""
    from lpgen.edge.output_folder import folder_of_page, write_page
    from lpgen.report.html.data_files import page_with_files

    whole = page_with_files(page, folder=folder_of_page(output).name)
    files = ((name, text.encode()) for name, text in whole.files)
    if write_page(output, map(str.encode, whole.page), digest=whole.review, files=files):
        print_status(f"replaced {quote_input(str(output))}")


def _hide_line_for_stdout() -> None:
    """Keeps the status line out of a result that is printed on the same terminal."""
    status_line.clear()
    status_line.is_hidden = sys.stdout.isatty()


def _write_file(path: Path, chunks: Iterable[bytes]) -> None:
    from lpgen.edge.output_file import write_file

    try:
        if write_file(path, chunks):
            print_status(f"replaced {quote_input(str(path))}")
    except BrokenPipeError as error:  # a pipe such as `/dev/stdout` whose reader is gone
        note_failure(str(path), error)


def print_status(text: str, *, nl: bool = True, error: bool = False) -> None:
    """Writes to stderr; with `--quiet`, only errors.

    Wraps lines on a terminal. Elsewhere, lines stay whole, which makes them easy to search.
    """
    if _quiet and not error:
        return
    status_line.clear()
    typer.echo(_fitted(text, sys.stderr), err=True, nl=nl)


def print_escaped_status(text: str) -> None:
    """Prints foreign text, escaped."""
    from lpgen.report.escaping import terminal_text

    print_status(terminal_text(text))


def for_terminal(text: str) -> str:
    """A text for stdout in lines that fit the terminal, if it is one."""
    return _fitted(text, sys.stdout)


def _fitted(text: str, stream: TextIO) -> str:
    if not stream.isatty():
        return text
    from lpgen.report.layout.wrap import fit_lines

    return fit_lines(text, os.get_terminal_size(stream.fileno()).columns or 80)


def terminal_width() -> int:
    """The columns of the terminal. 80 if stdout isn't a terminal, so a pager on any terminal shows whole lines."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


def wants_color(output: Path | None) -> bool:
    """Whether to use color: on a terminal that doesn't refuse it. https://no-color.org/"""
    to_terminal = output is None and sys.stdout.isatty()
    return to_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def layout_for(output: Path | None, *, root: str = "") -> Layout:
    """The layout of an output: as wide as the terminal, and in color if the terminal wants it."""
    from lpgen.report.blocks import Layout

    return Layout(width=terminal_width(), color=wants_color(output), root=root)
