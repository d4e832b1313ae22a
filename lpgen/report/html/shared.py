"""The data that many principals share, each once on the page: actions, policies in force, and texts."""

from __future__ import annotations

from lpgen.core.findings import Report
from lpgen.report.html.action_index import ActionIndex
from lpgen.report.html.interned import Interned
from lpgen.report.pages.blocks import Line


class Shared:
    """The actions of a report; the policies in force by their text; reasons and dangers; the lines of notes."""

    def __init__(self, report: Report) -> None:
        self.actions = ActionIndex(report)
        self.documents: Interned[str] = Interned()
        self.texts: Interned[str] = Interned()
        self.lines: Interned[Line] = Interned()
