"""The parts of a page: headings, paragraphs, lists, tables and folds, independent of the output format.

A page decides the content. `lpgen.report.layout` decides its form and escapes every text.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lpgen.core.evidence import Evidence


class Tone(StrEnum):
    """The kind of a span's text."""

    PROSE = "prose"
    NAME = "name"  # an ARN, an action, a file or a command: shown as code if the format has it
    STRONG = "strong"
    GOOD = "good"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line, all in one tone."""

    text: str
    tone: Tone = Tone.PROSE


Line = tuple[Span, ...]
"""Adjacent spans, which include the spaces between them."""

Words = str | Span | Line
"""The ways to write a line. A plain string is prose."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title of the page. The part below an `aside` is folded if a page has to be short."""

    line: Line
    level: int
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    line: Line


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a list, with notes below it."""

    line: Line
    notes: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, numbered if the order matters."""

    items: tuple[Item, ...]
    numbered: bool = False
    first: int = 1


class Show(StrEnum):
    """When a column is shown."""

    ALWAYS = "always"
    WIDE = "wide"  # only if there is room


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Numbers are right-aligned. `flexible` columns share the remaining width."""

    title: str
    number: bool = False
    flexible: bool = False
    show: Show = Show.ALWAYS


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Each row has a cell for each column. Tables with the same columns line up if they fill the width."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Details below a summary, folded if the format can fold."""

    summary: Line
    blocks: tuple[Block, ...]


Option = tuple[str, ...]
"""An option with its value, or an argument."""


@dataclass(frozen=True, slots=True)
class Command:
    """An lpgen command: its name, the options given before, and new options. It runs as printed.

    `program` is how a shell calls lpgen here.
    """

    name: str
    given: tuple[Option, ...] = ()
    added: tuple[Option, ...] = ()
    program: Option = ("lpgen",)

    @property
    def words(self) -> tuple[Option, ...]:
        """The command in groups of words: the name, arguments, options given before, and new options."""
        arguments = (word for word in self.added if not word[0].startswith("-"))
        options = (option for option in self.added if option[0].startswith("-"))
        return (*self.program, *self.name.split()), *arguments, *self.given, *options

    @property
    def text(self) -> str:
        """The command on one line, quoted for a shell."""
        return shlex.join(word for group in self.words for word in group)


@dataclass(frozen=True, slots=True)
class Given:
    """The options that a command was given, and for each command the names of the options that it takes.

    A command that isn't in `taken` can't run here and isn't suggested. `program` is how a shell calls lpgen. `draft` is
    a decisions file that doesn't exist yet.
    """

    options: tuple[Option, ...] = ()
    taken: Mapping[str, Collection[str]] = field(default_factory=dict)
    program: Option = ("lpgen",)
    draft: str = "decisions.toml"

    def command(self, name: str, *added: Option, without: Collection[str] = ()) -> Command | None:
        """A command with the given options that it takes and the added ones, or None if it can't run here."""
        if name not in self.taken:
            return None
        new = {option[0] for option in added if option[0].startswith("-")}.union(without)
        given = tuple(option for option in self.options if option[0] in self.taken[name] and option[0] not in new)
        return Command(name, given, added, self.program)


NO_OPTIONS: Final = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a report is laid out. `width` and `color` matter only to text.

    `root` is the folder in the repository with the output of `generate`; SARIF points to it. `noun` is the subject of
    each fold in Markdown. `title` is the HTML title ("": the first heading).
    """

    width: int = 100
    color: bool = False
    root: str = "lpgen-out"
    noun: str = "principal"
    title: str = ""


DEFAULT_LAYOUT: Final = Layout()


Block = Heading | Paragraph | Bullets | Table | Fold | Command


@dataclass(frozen=True, slots=True)
class WrittenFold:
    """A fold that was already written in the format of the page. Its text is read when it is needed."""

    name: str
    read: Callable[[str], str]

    @property
    def text(self) -> str:
        """The text as it appears in the page."""
        return self.read(self.name)


PageBlock = Block | WrittenFold


def line(*words: Words) -> Line:
    """One line from several pieces."""
    spans: list[Span] = []
    for word in words:
        spans.extend((Span(word),) if isinstance(word, str) else (word,) if isinstance(word, Span) else word)
    return tuple(spans)


def name(text: str) -> Span:
    """A name from a log, a policy or the command line."""
    return Span(text, Tone.NAME)


def strong(text: str) -> Span:
    """Text to see first."""
    return Span(text, Tone.STRONG)


def good(text: str) -> Span:
    """Text about something that is fine."""
    return Span(text, Tone.GOOD)


def bad(text: str) -> Span:
    """Text about something that needs attention."""
    return Span(text, Tone.BAD)


def quiet(text: str) -> Span:
    """Text to see last."""
    return Span(text, Tone.QUIET)


def count(number: int) -> str:
    """A number with thousands separators."""
    return f"{number:,}"


def plural(number: int, singular: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {singular if number == 1 else many or singular + 's'}"


def names(texts: Iterable[str], *, most: int) -> Line:
    """At most `most` names, separated by commas, and the number of further names."""
    found = list(texts)
    shown = found if len(found) <= most + 1 else found[:most]
    spans: list[Span] = []
    for text in shown:
        spans.extend([Span(", "), name(text)] if spans else [name(text)])
    if len(found) > len(shown):
        spans.append(quiet(f" and {len(found) - len(shown):,} more"))
    return tuple(spans)


def table(columns: Iterable[Column], rows: Iterable[Iterable[Words]], *, fills: bool = False) -> Table:
    """A table. Each cell may be written in any way that a line can."""
    return Table(tuple(columns), tuple(tuple(line(cell) for cell in row) for row in rows), fills)


def bullets(*items: Words | Item, numbered: bool = False) -> Bullets:
    """A list from lines and items."""
    return Bullets(tuple(item if isinstance(item, Item) else Item(line(item)) for item in items), numbered)


# ---------------------------------------------------------------- small parts that pages share

MOST_ROWS: Final = 12
"""The maximum number of rows in a table about one principal. JSON has all rows."""
REVIEW_ROWS: Final = 25
"""The maximum number of rows in a table about all principals or accounts."""


def titled(text: str, number: int | None = None) -> Heading:
    """The title of a part about one principal, with a number if given."""
    return Heading(line(text, *([quiet(f" ({count(number)})")] if number is not None else [])), level=3)


def more_note(rest: object, number: int, noun: str) -> Iterable[Paragraph]:
    """A note that there is more, if `rest` isn't empty."""
    if rest:
        yield Paragraph(line(quiet(f"and {plural(number, f'more {noun}')}; --format json has them all")))


def more_rows(whole: int, noun: str) -> Iterable[Paragraph]:
    """A note on how many rows a table of a review leaves out, if any."""
    return more_note(whole > REVIEW_ROWS, whole - REVIEW_ROWS, noun)


def more_in_json(number: int) -> Iterable[Paragraph]:
    """A note on how many more rows JSON has, if any."""
    if number > 0:
        yield Paragraph(line(quiet(f"and {count(number)} more; "), name("--format json"), quiet(" has them all")))


def problem_list(problems: Collection[str]) -> Iterable[Heading | Bullets]:
    """The problems in the input files, if any."""
    if problems:
        yield Heading(line("Problems in the input files"), level=2)
        yield bullets(*problems)


def capped(items: list[Item]) -> Bullets:
    """A list of at most `MOST_ROWS` items, with the number of further items."""
    rest = len(items) - MOST_ROWS
    if rest <= 1:
        return Bullets(tuple(items))
    return Bullets((*items[:MOST_ROWS], Item(line(quiet(f"and {count(rest)} more; --format json has them all")))))


def seen_note(evidence: Evidence) -> Line:
    """How often and when something was seen, and an example record."""
    first, last = evidence.first_seen[:10], evidence.last_seen[:10]
    days = first if first == last else f"{first} to {last}"
    return line(quiet(f"{plural(evidence.records, 'record')}, {days}, example "), name(evidence.example_event_id))
