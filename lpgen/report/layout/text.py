"""Pages as text for a terminal, laid out by rich. The environment isn't read: width and color are given.

The columns of a table are as wide as their content. If there isn't enough room, the widest columns shrink first, as in
rich's tables. A command is broken into lines that can be pasted into a shell.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import zip_longest
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
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
    Option,
    PageBlock,
    Paragraph,
    Show,
    Table,
    Tone,
    WrittenFold,
)
from lpgen.report.escaping import terminal_text
from lpgen.report.layout.wrap import wrap_ascii

_NARROWEST: Final = 72
_WIDEST: Final = 160
_WIDE_FROM: Final = 118
"""The terminal width from which a table also shows its wide-only columns."""

_STYLES: Final = {
    Tone.PROSE: "",
    Tone.NAME: "cyan",
    Tone.STRONG: "bold",
    Tone.GOOD: "bold green",
    Tone.BAD: "bold red",
    Tone.QUIET: "dim",
}


def page_text(page: Iterable[PageBlock], layout: Layout) -> Iterator[str]:
    """The page as text in parts, one per block. The last part ends with a line break."""
    breaks = ""
    for block in page:
        text = breaks + (block.text if isinstance(block, WrittenFold) else _block_text(block, layout))
        body = text.rstrip("\n")
        breaks = text[len(body) :]
        yield "\n".join([line.rstrip(" ") for line in body.split("\n")])
    yield "\n"


def part_text(part: Iterable[Block], layout: Layout) -> str:
    """The part of one principal as it appears in a page."""
    return "".join(_block_text(block, layout) for block in part)


def render_text(page: Iterable[PageBlock], *, width: int, color: bool) -> str:
    """The page as text that ends with a line break. `width` is limited to 72 to 160 columns."""
    return "".join(page_text(page, Layout(width=width, color=color)))


def _block_text(block: Block, layout: Layout) -> str:
    """One block of a page as text, with surrounding line breaks and with spaces at the ends of lines."""
    file = StringIO()
    # rich would read NO_COLOR, COLUMNS and others, so it gets an empty environment.
    console = Console(
        file=file,
        width=min(max(layout.width, _NARROWEST), _WIDEST),
        color_system="standard" if layout.color else None,
        force_terminal=layout.color,
        no_color=not layout.color,
        force_jupyter=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    writer = _Writer(console) if layout.color else _PlainWriter(console)
    writer.write([block], indent=0)
    return file.getvalue()


class _Writer:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = console.width

    def write(self, blocks: Iterable[Block], *, indent: int) -> None:
        """Writes blocks one below the other."""
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
        """Prints a wrapped line. Continuations are aligned with the text, not with its mark."""
        room = self._width - indent - len(mark)
        for number, part in enumerate(_text(line, style).wrap(self._console, room, overflow="fold")):
            part.rstrip()
            self._print(Text(" " * indent + (" " * len(mark) if number else mark)).append_text(part))

    def _shown(self, table: Table) -> list[int]:
        """The indexes of the columns that fit."""
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
                min_width=len(column.title) if column.number else min(max(len(column.title), _WIDE_CHARACTER), 8),
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
    """Writes without color. A text that fits or is ASCII, as almost all are, is laid out here, exactly as rich would.

    rich takes a hundred times as long, which matters in a review of thousands of principals.
    """

    def _skip_line(self) -> None:
        self._console.file.write("\n")

    def _hang(self, line: Line, mark: str, indent: int, *, style: str = "") -> None:
        text = _plain(line)
        room = self._width - indent - len(mark)
        if _cells(text) <= room:
            self._console.file.write(f"{' ' * indent}{mark}{text}\n")
        elif text.isascii():
            below = f"\n{' ' * (indent + len(mark))}"
            self._console.file.write(f"{' ' * indent}{mark}{below.join(wrap_ascii(text, room))}\n")
        else:
            super()._hang(line, mark, indent, style=style)

    def _rule(self, line: Line, character: str) -> None:
        text = f"{character * 2} {_plain(line)} "
        room = self._width - _cells(text)
        if room < 0:
            super()._rule(line, character)
        else:
            self._console.file.write(f"{text}{character * room}\n")

    def _table(self, table: Table, indent: int) -> None:
        shown = self._shown(table)
        columns = [table.columns[at] for at in shown]
        rows = [[_plain(row[at]).rstrip() for at in shown] for row in table.rows]
        widths = None if table.fills else _column_widths(columns, rows, room=self._width - indent)
        if widths is None:
            super()._table(table, indent)
            return
        space = " " * indent
        self._console.file.write(space + _row([column.title for column in columns], widths, columns))
        self._console.file.write(space + "─" * _table_width(widths) + "\n")
        for row in rows:
            parts = [self._wrap(text, width) for text, width in zip(row, widths, strict=True)]
            for line in zip_longest(*parts, fillvalue="") if max(map(len, parts)) > 1 else [row]:
                self._console.file.write(space + _row(line, widths, columns))

    def _wrap(self, text: str, width: int) -> list[str]:
        if _cells(text) <= width:
            return [text]
        if text.isascii():
            return wrap_ascii(text, width)
        return [part.plain.rstrip() for part in Text(text).wrap(self._console, width, overflow="fold")]


def _row(texts: Iterable[str], widths: Iterable[int], columns: Iterable[Column]) -> str:
    return _GAP.join(map(_padded, texts, widths, columns)) + "\n"


def _padded(text: str, width: int, column: Column) -> str:
    if column.number:
        text = text.rstrip()
    pad = " " * (width - _cells(text))
    return pad + text if column.number else text + pad


def _plain(line: Line) -> str:
    return "".join([terminal_text(span.text) for span in line])


def _text(line: Line, style: str = "") -> Text:
    text = Text(style=style, overflow="fold")
    for span in line:
        text.append(terminal_text(span.text), _STYLES[span.tone])
    return text


def _cell(line: Line) -> Text:
    """The text of a table cell without trailing spaces, which would be printed beyond the column."""
    text = _text(line)
    text.rstrip()
    return text


# ---------------------------------------------------------------- tables


_GAP: Final = "  "
"""The text between columns."""

_WIDE_CHARACTER: Final = 2
"""The width of characters such as `界`. rich drops them from a narrower column."""


def _cells(text: str) -> int:
    """The number of terminal columns that a printable text takes."""
    return len(text) if text.isascii() else cell_len(text)


def _table_width(widths: Sequence[int]) -> int:
    """The width of a table with columns of these widths."""
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _column_widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, room: int) -> list[int] | None:
    """The widths of the columns in a table of at most `room`. None if a column is empty or too narrow for its title."""
    titles = [column.title.ljust(0 if column.number else _WIDE_CHARACTER) for column in columns]
    natural = [max(map(_cells, column)) for column in zip(titles, *rows, strict=True)]
    if 0 in natural:
        return None
    if _table_width(natural) <= room:
        return natural
    # The gap after a column counts as part of it, except for the last column.
    room_of_columns = room - (len(columns) - 1)
    padded = [min(width, room_of_columns) for width in (*(width + 1 for width in natural[:-1]), natural[-1])]
    shrunk = _shrink(padded, [not column.number for column in columns], room_of_columns)
    widths = [width - 1 for width in shrunk[:-1]] + shrunk[-1:]
    needed = [
        own if column.number else min(own, max(_WIDE_CHARACTER, _cells(column.title)))
        for own, column in zip(natural, columns, strict=True)
    ]
    fits = _table_width(widths) <= room and all(width >= least for width, least in zip(widths, needed, strict=True))
    return widths if fits else None


def _shrink(widths: Sequence[int], may_shrink: Sequence[bool], room: int) -> list[int]:
    """The widths that fit `room`: the widest that may shrink are cut to the next width, repeatedly, until they fit."""
    found = list(widths)
    while (excess := sum(found) - room) > 0:
        top = max((width for width, may in zip(found, may_shrink, strict=True) if may), default=0)
        widest = [at for at, may in enumerate(may_shrink) if may and found[at] == top]
        following = max((found[at] for at, may in enumerate(may_shrink) if may and found[at] != top), default=0)
        if not top - following:
            break
        most = min(excess, top - following)
        for done, at in enumerate(widest):
            cut = min(most, round(excess / (len(widest) - done)))
            found[at] -= cut
            excess -= cut
    return found


# ---------------------------------------------------------------- commands


_INDENT: Final = 4
_HANG: Final = 2
_CONTINUED: Final = " \\"


def command_lines(command: Command, *, width: int) -> list[str]:
    """The command in lines of at most `width`, which a shell joins."""
    lines = [" " * _INDENT]
    room = width - _INDENT - _HANG - len(_CONTINUED)
    for option in command.words:
        whole = _shown(" ".join(map(shlex.quote, option)))
        for text, is_rest in [(whole, False)] if len(whole) <= room and whole.isascii() else _pieces(option, room):
            if is_rest:  # the shell joins lines that a backslash separates
                lines[-1] += "\\"
                lines.append(text)
            elif not lines[-1].strip():
                lines[-1] += text
            elif cell_len(lines[-1]) + 1 + cell_len(text) + len(_CONTINUED) <= width:
                lines[-1] += f" {text}"
            else:
                lines[-1] += _CONTINUED
                lines.append(" " * (_INDENT + _HANG) + text)
    return lines


def _pieces(option: Option, room: int) -> Iterator[tuple[str, bool]]:
    """The words of an option. The flag marks the rest of a word that is too long for a line."""
    for word in option:
        is_plain = word.isascii() and word.isprintable() and not {"'", "\\"} & set(word)
        size = room - len("''") if is_plain else room // len("\\U0010ffff") - 1
        for at in range(0, max(len(word), 1), size):
            yield _shown(shlex.quote(word[at : at + size])), at > 0


def _shown(text: str) -> str:
    return text if text.isascii() and text.isprintable() else terminal_text(text)
