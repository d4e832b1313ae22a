"""Pages as text for a terminal, laid out by rich. Nothing of the surroundings is read: width and colour are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import zip_longest
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from lpgen.report.blocks import (
    Block,
    Bullets,
    Column,
    Command,
    Fold,
    Heading,
    Item,
    Layout,
    Line,
    PageBlock,
    Paragraph,
    Show,
    Table,
    Tone,
    WrittenFold,
)
from lpgen.report.escaping import terminal_text
from lpgen.report.layout.shell import command_lines
from lpgen.report.layout.table_widths import GAP, cells, column_widths, table_width
from lpgen.report.layout.wrap import wrap_ascii

_NARROWEST: Final = 72
_WIDEST: Final = 160
_WIDE_FROM: Final = 118
"""From this many columns on a table shows its further columns too."""

_STYLES: Final = {
    Tone.PROSE: "",
    Tone.NAME: "cyan",
    Tone.STRONG: "bold",
    Tone.GOOD: "bold green",
    Tone.BAD: "bold red",
    Tone.QUIET: "dim",
}


def page_text(page: Iterable[PageBlock], layout: Layout) -> Iterator[str]:
    """The page as text in parts."""
    return render_text_parts(page, width=layout.width, color=layout.color)


def part_text(part: Iterable[Block], layout: Layout) -> str:
    """The part of one principal, as it appears in a page."""
    return "".join(block_text(block, width=layout.width, color=layout.color) for block in part)


def render_text(page: Iterable[PageBlock], *, width: int, color: bool) -> str:
    """The page as text that ends with a line break; `width` is taken as 72 to 160 columns."""
    return "".join(render_text_parts(page, width=width, color=color))


def render_text_parts(page: Iterable[PageBlock], *, width: int, color: bool) -> Iterator[str]:
    """The text of `render_text` in parts, a block each."""
    breaks = ""
    for block in page:
        text = breaks + (block.text if isinstance(block, WrittenFold) else block_text(block, width=width, color=color))
        body = text.rstrip("\n")
        breaks = text[len(body) :]
        yield "\n".join([line.rstrip(" ") for line in body.split("\n")])
    yield "\n"


def block_text(block: Block | Command, *, width: int, color: bool) -> str:
    """One block of a page as text, with the line breaks around it and spaces at the ends of lines."""
    file = StringIO()
    # The environment is given as empty, since rich would read NO_COLOR, COLUMNS and others from it.
    console = Console(
        file=file,
        width=min(max(width, _NARROWEST), _WIDEST),
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
    writer = _Writer(console) if color else _PlainWriter(console)
    writer.write([block], indent=0)
    return file.getvalue()


class _Writer:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = console.width

    def write(self, blocks: Iterable[Block | Command], *, indent: int) -> None:
        """Writes blocks below one another."""
        for block in blocks:
            match block:
                case Heading():
                    self._heading(block, indent)
                case Paragraph():
                    self._hang(block.line, "", indent)
                case Bullets():
                    for number, item in enumerate(block.items, start=block.first):
                        self._item(item, f"{number:>2}. " if block.numbered else "- ", indent)
                case Table():
                    self._table(block, indent)
                case Command():
                    for text in command_lines(block, width=self._width):
                        self._print(Text(text, _STYLES[Tone.NAME]))
                case Fold() if indent:
                    self._hang(block.summary, "", indent)
                    self.write(block.blocks, indent=indent + 2)
                case Fold():
                    self._skip_line()
                    self._rule(block.summary, "━")
                    self.write(block.blocks, indent=indent + 2)

    def _heading(self, heading: Heading, indent: int) -> None:
        if heading.level == 1:
            self._print(_text(heading.line, "bold"))
        elif heading.level == 2:
            self._skip_line()
            self._rule(heading.line, "─")
        else:
            self._skip_line()
            self._hang(heading.line, "", indent, style="bold")

    def _rule(self, line: Line, character: str) -> None:
        mark = f"{character * 2} "
        text = Text.assemble((mark, "dim"), _text(line, "bold"), " ")
        room = self._width - text.cell_len
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
        room = self._width - indent - len(mark)
        for number, part in enumerate(_text(line, style).wrap(self._console, room, overflow="fold")):
            part.rstrip()
            self._print(Text(" " * indent + (" " * len(mark) if number else mark)).append_text(part))

    def _shown(self, table: Table) -> list[int]:
        """The places of the columns that there is room for."""
        wide = self._width >= _WIDE_FROM
        return [at for at, column in enumerate(table.columns) if wide or column.show is Show.ALWAYS]

    def _table(self, table: Table, indent: int) -> None:
        shown = self._shown(table)
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
            rich_table.add_row(*(_cell(row[at]) for at in shown))
        self._console.print(Padding(rich_table, (0, 0, 0, indent)))

    def _skip_line(self) -> None:
        self._console.print()

    def _print(self, text: Text) -> None:
        self._console.print(text, overflow="fold", crop=False)


class _PlainWriter(_Writer):
    """Writes without colour. A text that fits or is ASCII, as nearly all are, is laid out here, as rich would lay it
    out: rich takes a hundred times as long, which counts in the review of thousands of principals."""

    def _skip_line(self) -> None:
        self._console.file.write("\n")

    def _hang(self, line: Line, mark: str, indent: int, *, style: str = "") -> None:
        text = _plain(line)
        room = self._width - indent - len(mark)
        if cells(text) <= room:
            self._console.file.write(f"{' ' * indent}{mark}{text}\n")
        elif text.isascii():
            below = f"\n{' ' * (indent + len(mark))}"
            self._console.file.write(f"{' ' * indent}{mark}{below.join(wrap_ascii(text, room))}\n")
        else:
            super()._hang(line, mark, indent, style=style)

    def _rule(self, line: Line, character: str) -> None:
        text = f"{character * 2} {_plain(line)} "
        room = self._width - cells(text)
        if room < 0:
            super()._rule(line, character)
        else:
            self._console.file.write(f"{text}{character * room}\n")

    def _table(self, table: Table, indent: int) -> None:
        shown = self._shown(table)
        columns = [table.columns[at] for at in shown]
        rows = [[_plain(row[at]).rstrip() for at in shown] for row in table.rows]
        widths = None if table.fills else column_widths(columns, rows, room=self._width - indent)
        if widths is None:
            super()._table(table, indent)
            return
        space = " " * indent
        self._console.file.write(space + _row([column.title for column in columns], widths, columns))
        self._console.file.write(space + "─" * table_width(widths) + "\n")
        for row in rows:
            parts = [self._wrap(text, width) for text, width in zip(row, widths, strict=True)]
            for line in zip_longest(*parts, fillvalue="") if max(map(len, parts)) > 1 else [row]:
                self._console.file.write(space + _row(line, widths, columns))

    def _wrap(self, text: str, width: int) -> list[str]:
        if cells(text) <= width:
            return [text]
        if text.isascii():
            return wrap_ascii(text, width)
        return [part.plain.rstrip() for part in Text(text).wrap(self._console, width, overflow="fold")]


def _row(texts: Iterable[str], widths: Iterable[int], columns: Iterable[Column]) -> str:
    return GAP.join(map(_padded, texts, widths, columns)) + "\n"


def _padded(text: str, width: int, column: Column) -> str:
    if column.number:
        text = text.rstrip()
    pad = " " * (width - cells(text))
    return pad + text if column.number else text + pad


def _plain(line: Line) -> str:
    return "".join([terminal_text(span.text) for span in line])


def _text(line: Line, style: str = "") -> Text:
    text = Text(style=style, overflow="fold")
    for span in line:
        text.append(terminal_text(span.text), _STYLES[span.tone])
    return text


def _cell(line: Line) -> Text:
    """The text of a table cell; blanks at its end would be printed beyond the column."""
    text = _text(line)
    text.rstrip()
    return text
