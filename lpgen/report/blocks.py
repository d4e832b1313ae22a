"""The parts of a page: headings, paragraphs, lists, tables and folds, free of any output form.

A page decides the content; `lpgen.report.layout` decides its form, and makes every text inert.
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
    NAME = "name"  # an ARN, an action, a file, a command: shown as code where there is such a thing
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
"""Adjacent spans; they hold the spaces between them."""

Words = str | Span | Line
"""How callers may write a line: a plain string is prose."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the page's title. The part below an `aside` is folded where a page has to be short."""

    line: Line
    level: int
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    line: Line


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list, with what belongs to it below."""

    line: Line
    notes: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, numbered where the order matters."""

    items: tuple[Item, ...]
    numbered: bool = False
    first: int = 1


class Show(StrEnum):
    """When a column is shown."""

    ALWAYS = "always"
    WIDE = "wide"  # only where there is room


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column. Numbers are right-aligned; `flexible` columns share the room that the others leave."""

    title: str
    number: bool = False
    flexible: bool = False
    show: Show = Show.ALWAYS


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has a cell for each column. One that fills its room lines up with others of its columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Details below a summary, folded where the output form can fold."""

    summary: Line
    blocks: tuple[Block, ...]


Option = tuple[str, ...]
"""An option with its value, or an argument."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of lpgen: its name, the options given before, and those that are new. It runs as it is printed.

    `program` is what a shell takes for lpgen here.
    """

    name: str
    given: tuple[Option, ...] = ()
    added: tuple[Option, ...] = ()
    program: Option = ("lpgen",)

    @property
    def words(self) -> tuple[Option, ...]:
        """The command in groups of words that belong together: the name, arguments, options given, and new options."""
        arguments = (word for word in self.added if not word[0].startswith("-"))
        options = (option for option in self.added if option[0].startswith("-"))
        return (*self.program, *self.name.split()), *arguments, *self.given, *options

    @property
    def text(self) -> str:
        """The command on one line, as a shell takes it."""
        return shlex.join(word for group in self.words for word in group)


@dataclass(frozen=True, slots=True)
class Given:
    """The options that a command was given, and by command the names of the options that it takes.

    A command that isn't in `taken` can't be run here, and isn't suggested. `program` is what a shell takes for lpgen,
    and `draft` a file for decisions that isn't there yet.
    """

    options: tuple[Option, ...] = ()
    taken: Mapping[str, Collection[str]] = field(default_factory=dict)
    program: Option = ("lpgen",)
    draft: str = "decisions.toml"

    def command(self, name: str, *added: Option, without: Collection[str] = ()) -> Command | None:
        """A command with the options that it takes, and some more; None where it can't be run here."""
        if name not in self.taken:
            return None
        new = {option[0] for option in added if option[0].startswith("-")}.union(without)
        given = tuple(option for option in self.options if option[0] in self.taken[name] and option[0] not in new)
        return Command(name, given, added, self.program)


NO_OPTIONS: Final = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a report is laid out. `width` and `color` matter only to text.

    `root` is the folder in the repository that holds the output of `generate`, which SARIF points to. `noun` is what a
    fold of a page in Markdown is about, and `title` that of HTML ("": the first heading).
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
    """A fold that was written already in the form of the page; its text is read when it is needed."""

    name: str
    read: Callable[[str], str]

    @property
    def text(self) -> str:
        """The text, as it appears in the page."""
        return self.read(self.name)


PageBlock = Block | WrittenFold


def line(*words: Words) -> Line:
    """One line of several pieces."""
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
    """Text about something that is in order."""
    return Span(text, Tone.GOOD)


def bad(text: str) -> Span:
    """Text about what needs a person."""
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
    """Names in a row, as many as `most`, and how many more there are."""
    found = list(texts)
    shown = found if len(found) <= most + 1 else found[:most]
    spans: list[Span] = []
    for text in shown:
        spans.extend([Span(", "), name(text)] if spans else [name(text)])
    if len(found) > len(shown):
        spans.append(quiet(f" and {len(found) - len(shown):,} more"))
    return tuple(spans)


def table(columns: Iterable[Column], rows: Iterable[Iterable[Words]], *, fills: bool = False) -> Table:
    """A table from cells in any of the ways of writing a line."""
    return Table(tuple(columns), tuple(tuple(line(cell) for cell in row) for row in rows), fills)


def bullets(*items: Words | Item, numbered: bool = False) -> Bullets:
    """A list from lines and items."""
    return Bullets(tuple(item if isinstance(item, Item) else Item(line(item)) for item in items), numbered)


# ---------------------------------------------------------------- the small parts that pages share

MOST_ROWS: Final = 12
"""The most rows of a table in a principal's part, which says how many more there are; JSON has them all."""
REVIEW_ROWS: Final = 25
"""So many rows of a table does a review show of all principals or accounts."""


def titled(text: str, number: int | None = None) -> Heading:
    """A title of a principal's part, with how many there are."""
    return Heading(line(text, *([quiet(f" ({count(number)})")] if number is not None else [])), level=3)


def more_note(rest: object, number: int, noun: str) -> Iterable[Paragraph]:
    """That there is more, where there is."""
    if rest:
        yield Paragraph(line(quiet(f"and {plural(number, f'more {noun}')}; --format json has them all")))


def more_rows(whole: int, noun: str) -> Iterable[Paragraph]:
    """How many rows a table of a review leaves out, where it does."""
    return more_note(whole > REVIEW_ROWS, whole - REVIEW_ROWS, noun)


def more_in_json(number: int) -> Iterable[Paragraph]:
    """How many rows JSON has in addition to those shown, where there are more."""
    if number > 0:
        yield Paragraph(line(quiet(f"and {count(number)} more; "), name("--format json"), quiet(" has them all")))


def problem_list(problems: Collection[str]) -> Iterable[Heading | Bullets]:
    """The problems of the input files, where there are any."""
    if problems:
        yield Heading(line("Problems of the files given"), level=2)
        yield bullets(*problems)


def capped(items: list[Item]) -> Bullets:
    """A list of at most `MOST_ROWS` items, with how many more there are."""
    rest = len(items) - MOST_ROWS
    if rest <= 1:
        return Bullets(tuple(items))
    return Bullets((*items[:MOST_ROWS], Item(line(quiet(f"and {count(rest)} more; --format json has them all")))))


def seen_note(evidence: Evidence) -> Line:
    """How often and when something was seen, and an example record."""
    first, last = evidence.first_seen[:10], evidence.last_seen[:10]
    days = first if first == last else f"{first} to {last}"
    return line(quiet(f"{plural(evidence.records, 'record')}, {days}, example "), name(evidence.example_event_id))
