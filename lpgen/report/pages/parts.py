"""The small parts that pages share: titles with counts, capped lists, what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.evidence import Evidence
from lpgen.report.pages.blocks import Bullets, Heading, Item, Line, Paragraph, count, line, name, plural, quiet

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
