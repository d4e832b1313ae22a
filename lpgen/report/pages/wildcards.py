"""What wildcards gained as a page: the sum, a row for each, each in the words of drift, and what the dates can say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.drift.gains import count_levels
from lpgen.core.drift.growth import GrownWildcard, Growth
from lpgen.report.blocks import (
    Block,
    Column,
    Fold,
    Heading,
    Paragraph,
    Words,
    bullets,
    count,
    line,
    more_note,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.drift import severity_span
from lpgen.report.words import label_of, shorten

_MOST: Final = 40
_LONGEST: Final = 24
_COLUMNS: Final = (
    Column("wildcard"),
    Column("policy or owner", flexible=True),
    *(Column(title, number=True) for title in ("held by", "gained", "used")),
)


def wildcards_page(growth: Growth) -> tuple[Block, ...]:
    """The page: the most severe wildcards, with as many as fit a person's patience; JSON and CSV have all."""
    catalog, shown, rest = growth.catalog, growth.wildcards[:_MOST], len(growth.wildcards) - _MOST
    dates = f"catalog {catalog.version} of {catalog.date}; actions first seen after {growth.since.isoformat()}"
    return (
        Heading(line("lpgen wildcards"), level=1),
        Paragraph(line(quiet(dates))),
        *(Paragraph(line(*sentence)) for sentence in _sum(growth)),
        *_table(shown),
        *more_note(rest > 0, rest, "wildcard"),
        *map(_fold, shown),
        Heading(line("What the dates can say"), level=2),
        bullets(*_notes(growth)),
    )


def _sum(growth: Growth) -> Iterable[tuple[Words, ...]]:
    totals = growth.totals
    wildcards = f"{plural(totals.wildcards, 'wildcard')} in the policies of {plural(totals.principals, 'principal')}"
    yield strong(wildcards), f": {count(len(growth.wildcards))} gained actions."
    if growth.wildcards:
        grants, levels = plural(totals.grants, "grant"), count_levels(totals.levels)
        new = f" ({levels}) of {plural(len(growth.actions), 'new action')}; "
        used = "nothing is known of use" if totals.used is None else f"used: {count(totals.used)}"
        yield f"{plural(totals.grew, 'principal')} silently got ", strong(grants), new, strong(used), "."


def _table(shown: Sequence[GrownWildcard]) -> Iterable[Block]:
    if shown:
        yield Heading(line("What grew"), level=2)
        yield table(_COLUMNS, map(_row, shown), fills=True)


def _row(wildcard: GrownWildcard) -> tuple[Words, ...]:
    return (
        name(shorten(wildcard.wildcard, _LONGEST)),
        name(label_of(wildcard.subject)),
        count(len(wildcard.principals)),
        count(len(wildcard.gained)),
        "?" if wildcard.used is None else count(len(wildcard.used)),
    )


def _fold(wildcard: GrownWildcard) -> Fold:
    subject, holders = name(label_of(wildcard.subject)), names(map(label_of, wildcard.principals), most=3)
    facts: list[Words] = [*map(name, wildcard.details), line("held by ", holders)]
    if wildcard.used is not None:
        facts.append(line(f"used: {count(len(wildcard.used))}  ", names(wildcard.used, most=8)))
    if wildcard.stopped:
        further = plural(wildcard.stopped, "further action")
        facts.append(quiet(f"{further} that it matches: a Deny, a boundary or an SCP keeps them out"))
    return Fold(
        line(severity_span(wildcard.severity), "  ", name(wildcard.wildcard), "  ", subject),
        (Paragraph(line(wildcard.message)), bullets(*facts)),
    )


def _notes(growth: Growth) -> Iterable[Words]:
    since, oldest = growth.since.isoformat(), growth.catalog.first_seen_from
    yield "First-seen dates are those of catalog releases: an action came between the release before and its date."
    if doubtful := growth.doubtful():
        first, older = doubtful[0], plural(len(doubtful), "action")
        yield f"{older} first seen on {first.first_seen} came after {first.after}, and may be older than {since}."
    yield f"The dates reach back to {oldest}."
    if since < oldest:
        undated = plural(growth.totals.undated, "action")
        yield f"{undated} of these wildcards are of then or older, nobody knows since when, and not counted."
    yield "Wildcards in a Deny gain actions too, but take rights away; they are not counted."
    yield line("The replacements of ", name("lpgen generate"), " name every action, and gain nothing.")
