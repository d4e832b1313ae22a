"""Star inheritance as a page: the sum in two sentences, every wildcard in a row, then the worst one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lpgen.core.model import AccessLevel
from lpgen.core.stars import WORST_FIRST, GainedAction, StarGrowth, Stars
from lpgen.report.blocks import (
    Block,
    Bullets,
    Column,
    Fold,
    Heading,
    Item,
    Line,
    Paragraph,
    Show,
    Words,
    bad,
    count,
    good,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.words import label_of

_MOST_ROWS: Final = 40
_MOST_DETAILS: Final = 12
_MOST_NAMES: Final = 8
_LONGEST: Final = 24


def stars_page(stars: Stars) -> tuple[Block, ...]:
    """The page: the heaviest wildcards first, with as many as fit a person's patience; JSON and CSV have all."""
    return (
        Heading(line("lpgen wildcards"), level=1),
        Paragraph(
            line(
                quiet(
                    f"catalog {stars.catalog_version} of {stars.catalog_date}; "
                    f"actions first seen after {stars.since.isoformat()}"
                )
            )
        ),
        *_sum(stars),
        *_table(stars.grown),
        *_details(stars.grown),
        Heading(line("What the dates can say"), level=2),
        Bullets(tuple(Item(line(note)) for note in _notes(stars))),
    )


def _sum(stars: Stars) -> Iterable[Block]:
    totals = stars.totals
    yield Paragraph(
        line(
            strong(
                f"{plural(totals.wildcards, 'wildcard')} in the policies of {plural(stars.principals, 'principal')}"
            ),
            ": ",
            bad(f"{count(len(stars.grown))} grew by themselves.") if stars.grown else good("none grew."),
        )
    )
    if stars.grown:
        yield Paragraph(
            line(
                f"{plural(totals.principals, 'principal')} silently got ",
                strong(plural(totals.grants, "grant")),
                f" ({_levels_text(totals.levels)}) of {plural(totals.actions, 'new action')}",
                f", {count(doubtful)} of which may be older" if (doubtful := _doubtful(stars)) else "",
                "; ",
                _used(totals.used),
                ".",
            )
        )


def _used(used: int | None) -> Words:
    return quiet("nothing is known of use") if used is None else strong(f"used: {count(used)}")


def _levels_text(levels: Mapping[AccessLevel, int]) -> str:
    """How many actions of each access level, the worst first."""
    return ", ".join(f"{count(levels[level])} {level}" for level in WORST_FIRST if levels.get(level))


def _table(grown: tuple[StarGrowth, ...]) -> Iterable[Block]:
    if not grown:
        return
    columns = (
        Column("wildcard"),
        Column("policy, or whose", flexible=True),
        Column("held by", number=True, show=Show.WIDE),
        Column("gained", number=True),
        Column("perm.", number=True),
        Column("write", number=True),
        Column("used", number=True),
    )
    yield Heading(line("What grew"), level=2)
    yield table(columns, map(_row, grown[:_MOST_ROWS]), fills=True)
    if len(grown) > _MOST_ROWS:
        yield Paragraph(line(quiet(f"and {count(len(grown) - _MOST_ROWS)} more; "), _all_of_them()))
    yield Paragraph(line(quiet("perm.: permissions management; write: Write and Tagging; the rest is Read and List")))


def _all_of_them() -> Line:
    return line(name("--format json"), quiet(" has them all"))


def _row(star: StarGrowth) -> tuple[Words, ...]:
    levels = star.levels
    permissions = levels[AccessLevel.PERMISSIONS_MANAGEMENT]
    used = None if any(one.used is None for one in star.gained) else star.used
    return (
        name(_short_pattern(star)),
        name(_place_text(star)),
        count(len(star.holders)),
        count(len(star.gained)),
        bad(count(permissions)) if permissions else "0",
        count(levels[AccessLevel.WRITE] + levels[AccessLevel.TAGGING]),
        "?" if used is None else count(used),
    )


def _pattern_text(star: StarGrowth) -> str:
    """The wildcard as the statement writes it."""
    return f"NotAction {star.pattern}" if star.not_action else star.pattern


def _short_pattern(star: StarGrowth) -> str:
    """The wildcard for a narrow column: of a `NotAction` the first pattern."""
    text = star.pattern.partition(",")[0]
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"NotAction {shown}{'…' if text != star.pattern else ''}" if star.not_action else shown


def _place_text(star: StarGrowth) -> str:
    """Its place, in short: a shared policy by its name, else the one principal or group whose policy it is."""
    ref = star.ref
    if ref.policy.startswith("arn:"):
        return ref.policy.rpartition("policy/")[2]
    return f"group {ref.group}" if ref.group else label_of(star.owner).partition(" ")[2]


def _details(grown: tuple[StarGrowth, ...]) -> Iterable[Block]:
    for star in grown[:_MOST_DETAILS]:
        yield Fold(
            line(name(_pattern_text(star)), " gained ", plural(len(star.gained), "action")),
            (Paragraph(line(sentence(star))), Bullets(tuple(_facts(star)))),
        )


def sentence(star: StarGrowth) -> str:
    """The growth in one sentence, names in backticks."""
    used = "" if any(one.used is None for one in star.gained) else f"; used: {count(star.used)}"
    worst = star.levels[AccessLevel.PERMISSIONS_MANAGEMENT]
    managing = f", {count(worst)} of them permissions management" if worst else ""
    return f"This `{_pattern_text(star)}` silently gained {plural(len(star.gained), 'action')}{managing}{used}."


def _facts(star: StarGrowth) -> Iterable[Item]:
    yield Item(line("in ", name(str(star.ref))))
    yield Item(line("held by ", names(map(label_of, star.holders), most=3)))
    for level in WORST_FIRST:
        found = [one for one in star.gained if one.level is level]
        if found:
            yield Item(line(f"{level}: ", names(_most_telling(found), most=_MOST_NAMES)))
    used = [one.action for one in star.gained if one.used]
    if used:
        yield Item(line("used: ", names(used, most=_MOST_NAMES)))
    if star.stopped:
        what = plural(star.stopped, "further action", "further actions")
        yield Item(line(quiet(f"{what} that it matches: a Deny, a boundary or an SCP keeps them out")))


def _most_telling(found: Iterable[GainedAction]) -> list[str]:
    """The names with the dangerous ones first, else in order."""
    return [one.action for one in sorted(found, key=lambda one: (not one.danger, one.action))]


def _doubtful(stars: Stars) -> int:
    """How many of the gained actions may be older than the day asked for."""
    gained = (one for star in stars.grown for one in star.gained)
    return len({one.action for one in gained if stars.doubtful_until and one.first_seen == stars.doubtful_until})


def _notes(stars: Stars) -> Iterable[Line]:
    yield line(
        "First-seen dates are those of catalog releases, weeks to months apart: an action came some time between the "
        "release before and its date."
    )
    if stars.doubtful_until:
        early = _doubtful(stars)
        if early:
            yield line(
                f"What was first seen on {stars.doubtful_until} ({plural(early, 'action')}) came after "
                f"{stars.doubtful_after}: some of it may be older than {stars.since.isoformat()}."
            )
    reach = f"The dates reach back to {stars.oldest}"
    undated = plural(stars.totals.undated, "action")
    if stars.since.isoformat() < stars.oldest:
        yield line(
            f"{reach}: {undated} of these wildcards are of then or older, nobody knows since when, and not counted."
        )
    else:
        yield line(f"{reach}.")
    yield line("Wildcards in a Deny inherit too, but take rights away; they are not counted.")
    yield line("The replacements of ", name("lpgen generate"), " name every action, so that they gain nothing.")
