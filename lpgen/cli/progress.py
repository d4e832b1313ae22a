"""The line on a terminal that says how far an ingest is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from lpgen.cli.output import status_line

if TYPE_CHECKING:
    from lpgen.core.usage.ingest_result import Progress

_REDRAW_SECONDS: Final = 0.1


class ProgressLine:
    """How far an ingest is, on the status line."""

    def __init__(self) -> None:
        self.is_shown = status_line.is_shown
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
        from lpgen.report.messages.ingest import render_progress

        self._drawn = now
        seconds = 0.0 if self._reading_since is None else now - self._reading_since
        status_line.draw(render_progress(progress, seconds), by=self)
