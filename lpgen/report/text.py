"""Pages as text for a terminal, laid out by rich. Nothing of the surroundings is read: width and colour are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from lpgen.report.blocks import Block, Bullets, Fold, Heading, Item, Line, Paragraph, Show, Table, Tone
from lpgen.report.inert import terminal_text

NARROWEST: Final = 72
WIDEST: Final = 160
_WIDE_FROM: Final = 118
"""From so many columns on a table shows its further columns too."""

_STYLES: Final = {
    Tone.PROSE: "",
    Tone.NAME: "cyan",
    Tone.STRONG: "bold",
    Tone.GOOD: "bold green",
    Tone.BAD: "bold red",
    Tone.QUIET: "dim",
}


def render_text(page: Sequence[Block], *, width: int, color: bool) -> str:
    """The page as text that ends with a line break; `width` is taken as 72 to 160 columns."""
    file = StringIO()
    # The environment is given as empty, since rich would read NO_COLOR, COLUMNS and others from it.
    console = Console(
        file=file,
        width=min(max(width, NARROWEST), WIDEST),
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        force_jupyter=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    _Writer(console).write(page, indent=0)
    return "".join(f"{line.rstrip(' ')}\n" for line in file.getvalue().rstrip("\n").split("\n"))


class _Writer:
    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, blocks: Iterable[Block], *, indent: int) -> None:
        """Writes blocks below one another."""
        for block in blocks:
            match block:
                case Heading():
                    self._heading(block, indent)
                case Paragraph():
                    self._hang(block.line, "", indent)
                case Bullets():
                    for number, item in enumerate(block.items, start=1):
                        self._item(item, f"{number:>2}. " if block.numbered else "- ", indent)
                case Table():
                    self._console.print(Padding(self._table(block), (0, 0, 0, indent)))
                case Fold():
                    self._console.print()
                    self._rule(block.summary, "━")
                    self.write(block.blocks, indent=indent + 2)

    def _heading(self, heading: Heading, indent: int) -> None:
        if heading.level == 1:
            self._print(_text(heading.line, "bold"))
        elif heading.level == 2:
            self._console.print()
            self._rule(heading.line, "─")
        else:
            self._console.print()
            self._hang(heading.line, "", indent, style="bold")

    def _rule(self, line: Line, character: str) -> None:
        mark = f"{character * 2} "
        text = Text.assemble((mark, "dim"), _text(line, "bold"), " ")
        room = self._console.width - text.cell_len
        if room < 0:
            self._hang(line, mark, 0, style="bold")
        else:
            self._print(text.append(character * room, "dim"))

    def _item(self, item: Item, mark: str, indent: int) -> None:
        self._hang(item.line, mark, indent)
        for note in item.notes:
            self._hang(note, " " * 2, indent + len(mark) - 2)

    def _hang(self, line: Line, mark: str, indent: int, *, style: str = "") -> None:
        """One line, wrapped, with what wraps below the text and not below its mark."""
        room = self._console.width - indent - len(mark)
        for number, part in enumerate(_text(line, style).wrap(self._console, room, overflow="fold")):
            part.rstrip()
            self._print(Text(" " * indent + (" " * len(mark) if number else mark)).append_text(part))

    def _table(self, table: Table) -> RichTable:
        wide = self._console.width >= _WIDE_FROM
        shown = [at for at, column in enumerate(table.columns) if wide or column.show is Show.ALWAYS]
        rich_table = RichTable(
            box=SIMPLE_HEAD,
            show_edge=False,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            expand=table.fills,
            header_style="dim",
            border_style="dim",
        )
        for at in shown:
            column = table.columns[at]
            rich_table.add_column(
                Text(column.title),
                justify="right" if column.number else "left",
                no_wrap=column.number,
                overflow="fold",
                min_width=len(column.title) if column.number else min(len(column.title), 8),
                ratio=1 if table.fills and column.flexible else None,
            )
        for row in table.rows:
            rich_table.add_row(*(_text(row[at]) for at in shown))
        return rich_table

    def _print(self, text: Text) -> None:
        self._console.print(text, overflow="fold", crop=False)


def _text(line: Line, style: str = "") -> Text:
    text = Text(style=style, overflow="fold")
    for span in line:
        text.append(terminal_text(span.text), _STYLES[span.tone])
    return text
