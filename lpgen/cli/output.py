"""Where a command's output goes: stdout, a file, or stderr for what isn't a result."""

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
    """One line of stderr, drawn again and again; nothing at all where stderr is no terminal."""

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
        """How long ago something else than the given drew the line."""
        moment, by = self._drawn
        return time.monotonic() - moment if by is not by_others else float("inf")

    def clear(self) -> None:
        """Leaves the line empty, for what is said next."""
        if self._is_drawn:
            self._is_drawn = False
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


status_line: Final = _StatusLine()
_quiet = False


def be_quiet(quiet: bool) -> None:
    """Leaves out what `print_status` would say, but for errors; or no longer."""
    global _quiet
    _quiet = quiet


def write_output(text: str | Iterable[str], output: Path | None) -> None:
    """Writes a text to a file, or to stdout where there is none or it is `-`.

    A string gets the line break that it lacks at its end; parts, which need none, are written each as it comes.
    """
    parts = [text if text.endswith("\n") else text + "\n"] if isinstance(text, str) else text
    if output is None or str(output) == "-":
        _print_parts(parts)
    else:
        _write_file(output, map(str.encode, parts))


def _print_parts(parts: Iterable[str]) -> None:
    """Writes to stdout, each part as it comes; stops where nobody reads any more. JSON and HTML are always UTF-8."""
    for number, part in enumerate(parts):
        if is_stdout_dropped():
            return
        _hide_line_for_stdout()
        if number == 0 and part.lstrip().startswith(("{", "[", "<")) and isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors=sys.stdout.errors)
        sys.stdout.write(part)


def print_json_lines(rows: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    """The rows, each printed as a line of JSON as it comes; ends where nobody reads any more."""
    for row in rows:
        sys.stdout.write(json.dumps(row, separators=(",", ":")) + "\n")
        yield row
        if is_stdout_dropped():
            return


def show_on_pager(text: str) -> None:
    """Shows a text by the page, with the program that $PAGER names, as `man` does, or all at once without it."""
    import pydoc

    _hide_line_for_stdout()
    encoding, errors = sys.stdout.encoding, sys.stdout.errors or "strict"
    shown = text.encode(encoding, errors).decode(encoding)
    missing = _missing_pager()
    if missing:
        print_status(f"$PAGER names `{missing}`, and there is no such program", error=True)
        sys.stdout.write(shown)
    else:
        pydoc.pager(shown)


def _missing_pager() -> str:
    """The program of $PAGER that isn't there, or "". It may stand behind settings, as in `LESS=R less`."""
    import shlex
    import shutil

    try:
        words = shlex.split(os.environ.get("MANPAGER") or os.environ.get("PAGER") or "")
    except ValueError:  # the shell says what is wrong
        return ""
    program = next((word for word in words if "=" not in word), "")
    return "" if not program or shutil.which(program) else program


def write_output_bytes(chunks: Iterable[bytes], output: Path | None, *, binary: bool) -> None:
    """Writes bytes to a file or to stdout, as `write_output` does; what is binary doesn't go to a terminal.

    Raises:
        InvocationError: it would.
    """
    if output is None or str(output) == "-":
        if binary and sys.stdout.isatty():
            raise InvocationError("this format is binary and not for a terminal", hint="name a file with --output")
        _hide_line_for_stdout()
        sys.stdout.flush()
        sys.stdout.buffer.writelines(chunks)
    else:
        _write_file(output, chunks)


def write_output_page(page: ReviewPage, output: Path) -> None:
    """Writes a page to a file, and the data of its principals to a folder beside it."""
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
    except BrokenPipeError as error:  # a pipe such as `/dev/stdout`, which its reader has left
        note_failure(str(path), error)


def print_status(text: str, *, nl: bool = True, error: bool = False) -> None:
    """Writes to stderr, with `--quiet` only errors; on a terminal in lines that fit it, elsewhere as they are, for
    whoever searches in them."""
    if _quiet and not error:
        return
    status_line.clear()
    typer.echo(_fitted(text, sys.stderr), err=True, nl=nl)


def print_escaped_status(text: str) -> None:
    """Says a text that others have written, made inert."""
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
    """The columns of the terminal, or 80 where stdout is none, so that a pager on any terminal shows whole lines."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


def wants_color(output: Path | None) -> bool:
    """Whether to use colour: on a terminal that hasn't said no. https://no-color.org/"""
    to_terminal = output is None and sys.stdout.isatty()
    return to_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def layout_for(output: Path | None, *, root: str = "") -> Layout:
    """The layout of what goes there: as wide as the terminal, and in colour where it wants that."""
    from lpgen.report.blocks import Layout

    return Layout(width=terminal_width(), color=wants_color(output), root=root)
