"""The data that many principals share, each once where it is kept: actions, policies in force, and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.model import Action
from lpgen.report.escaping import terminal_text
from lpgen.report.html.action_index import ActionIndex
from lpgen.report.html.block_data import data_of_line
from lpgen.report.html.interned import Interned
from lpgen.report.pages.blocks import Line


class Shared:
    """Actions that aren't in the index; the policies in force by their text; reasons and dangers; lines of notes."""

    def __init__(self, actions: ActionIndex) -> None:
        self._actions = actions
        self._more: Interned[Action] = Interned()
        self.documents: Interned[str] = Interned()
        self.texts: Interned[str] = Interned()
        self.lines: Interned[Line] = Interned()

    def ranges(self, actions: Iterable[Action]) -> str:
        """The numbers of the actions as ranges, such as `0-4,7`."""
        return self._actions.ranges(actions, self._more)

    def data(self, actions: object = None) -> Iterator[tuple[str, object]]:
        """What principals refer to, with the names under which they do; `actions` are those of the index, if wanted."""
        for number, text in enumerate(self.documents.values):
            yield f"document-{number}", text
        if actions is not None:
            yield "actions", actions
        if self._more.values:
            yield "more-actions", list(map(terminal_text, self._more.values))
        yield "texts", self.texts.values
        yield "lines", [data_of_line(line) for line in self.lines.values]
