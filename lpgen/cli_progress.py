"""The line on a terminal that says how far a long command is."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from lpgen.core.usage.ingest_result import Progress

_CLEAR: Final = "\r\033[K"
_REDRAW_SECONDS: Final = 0.1


class ProgressLine:
    """One line of stderr, drawn again and again; nothing at all where stderr is no terminal."""

    def __init__(self) -> None:
        self.is_shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = 0.0
        self._reading_since: float | None = None

    def report(self, progress: Progress) -> None:
        """Draws the line anew, but not more often than eyes follow."""
        now = time.monotonic()
        if progress.bytes and self._reading_since is None:
            self._reading_since = now
        is_last = progress.bytes and progress.bytes_done >= progress.bytes
        if now - self._drawn < _REDRAW_SECONDS and not is_last:
            return
        from lpgen.report.talk.ingest import render_progress

        self._drawn = now
        seconds = 0.0 if self._reading_since is None else now - self._reading_since
        typer.echo(f"{_CLEAR}{render_progress(progress, seconds)}", nl=False, err=True)

    def end(self) -> None:
        """Leaves the line empty."""
        if self.is_shown:
            typer.echo(_CLEAR, nl=False, err=True)
