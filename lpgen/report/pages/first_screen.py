"""The first screen of a review: what is dangerous, the numbers, what holds replacements back, and what to do next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.report.commands import Given
from lpgen.report.counts import Counts
from lpgen.report.pages.blocks import (
    Block,
    Bullets,
    Column,
    Command,
    Heading,
    Item,
    Line,
    Paragraph,
    Words,
    bad,
    bullets,
    count,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.coverage import accounts_without_logs
from lpgen.report.pages.next_steps import next_steps
from lpgen.report.pages.review import decision_blocks, numbers_of_replacements, sentence, words_of_day
from lpgen.report.pages.words import name_for_option, name_of_arn, shorten, state_of
from lpgen.report.views import PrincipalView, ReviewView

_LONGEST_DATE: Final = 20
_LONGEST_FILE: Final = 30
_LONGEST_MESSAGE: Final = 110
"""So many columns of a message are shown: with the name before it, about two lines of a screen."""


def first_screen(
    view: ReviewView, given: Given, *, width: int, size: int, command_lines: int
) -> Iterator[Block | Command]:
    """What a person has to know and to do first, on a screen of some width.

    Lists grow with `size`, from one row each; a command may take so many lines. Names are those that options take.
    """
    diff = view.report.diff
    dates = f" as of {words_of_day(diff)}; catalog of {shorten(diff.catalog_date, _LONGEST_DATE)}"
    yield Heading(line("lpgen review", quiet(dates)), level=1)
    yield from _dangers(view, most=1 + size // 4)
    yield from _result(view)
    yield from _coverage(view)
    yield from _principals(view, width - _OTHER_COLUMNS, most=1 + size // 2)
    yield from _reasons(view, most=1 + size // 3)
    yield from _next(view, given, command_lines)


# ---------------------------------------------------------------- dangers


def _dangers(view: ReviewView, most: int) -> Iterator[Block]:
    """Who outside may assume roles, the worst first, then unusual use."""
    namesakes = {one.diff.principal.arn for one in view.views if one.has_namesakes}
    trust = view.report.open_trust
    unusual = [one for one in view.made if any(map(_is_unusual, one.caveats))]
    if not trust and not unusual:
        return
    roles = len({one.principal for one in trust})
    said = [f"somebody outside can assume {plural(roles, 'role')}"] if trust else []
    said += [f"unusual use by {plural(len(unusual), 'principal')}"] if unusual else []
    yield Heading(line(bad(sentence(", ".join(said)))), level=2)
    shown = [_danger(one.principal, namesakes, one.severity, one.message) for one in trust[:most]]
    for one in unusual[: max(1, most - len(shown))]:
        caveat = next(filter(_is_unusual, one.caveats))
        action, last = caveat.parameters["action"], caveat.parameters["last"]
        what = f"{action} is unusual for it, last used on {last}"
        shown.append(_danger(one.diff.principal.arn, namesakes, caveat.kind.row.severity, what))
    rest = len(trust) + len(unusual) - len(shown)
    yield bullets(*shown, *([quiet(f"and {count(rest)} more")] if rest else []))
    if trust:
        yield Paragraph(line("Name who is meant in the trust policy, or accept it by a decision."))


def _is_unusual(caveat: Caveat) -> bool:
    return caveat.kind is CaveatKind.UNUSUAL_USE


def _danger(arn: str, namesakes: Container[str], severity: Severity, what: str) -> Line:
    return line(
        bad(f"{severity}: "),
        name(name_of_arn(arn, with_account=arn in namesakes)),
        ": ",
        shorten(what, _LONGEST_MESSAGE),
    )


# ---------------------------------------------------------------- numbers


def _result(view: ReviewView) -> Iterator[Block]:
    yield Heading(numbers_of_replacements(view), level=3)
    yield from decision_blocks(view.report, longest=_LONGEST_FILE)
    made = [one for one in view.to_make if one.has_documents]
    if made:
        total = sum((one.counts for one in made), Counts())
        yield Paragraph(
            line(
                f"Actions: {count(total.granted)} granted, {count(total.used)} used, {count(total.held)} more kept, ",
                strong(f"{count(total.removed)} removed"),
                f" ({count(total.dangerous)} dangerous)." if total.dangerous else ".",
            )
        )


def _coverage(view: ReviewView) -> Iterator[Block]:
    report = view.report
    accounts, unread = report.diff.coverage.accounts, accounts_without_logs(report.diff)
    if not accounts:
        yield Paragraph(line(bad("No record was read.")))
        return
    fewest, most = min(one.covered_days for one in accounts), max(one.covered_days for one in accounts)
    days = plural(most, "covered day") if fewest == most else f"{count(fewest)} to {plural(most, 'covered day')}"
    regions = sorted({region for one in accounts for region in one.regions})
    yield Paragraph(
        line(
            "Logs: ",
            bad(f"{days} (safe needs {report.min_days})") if fewest < report.min_days else days,
            f" in {plural(len(accounts), 'account')}, {plural(len(regions), 'Region')} (",
            names([shorten(one, 20) for one in regions], most=2),
            ").",
            line(" ", bad(f"No log of {plural(len(unread), 'account')}.")) if unread else "",
        )
    )


# ---------------------------------------------------------------- principals


_MOST_STATES: Final = 4
_OTHER_COLUMNS: Final = 52
"""So wide are all columns but the first, with the gaps between them."""

_COLUMNS: Final = (
    Column("principal", flexible=True),
    Column("state"),
    Column("granted", number=True),
    Column("used", number=True),
    Column("kept", number=True),
    Column("removed", number=True),
    Column("danger", number=True),
)


def _principals(view: ReviewView, room: int, most: int) -> Iterator[Block]:
    found = _in_order(view)
    if not found:
        return
    yield Heading(line("Principals to look at first"), level=2)
    yield table(_COLUMNS, (_row(one, room) for one in found[:most]))
    rest = Counter(state_of(one).text for one in found[most:])
    if rest:
        shown = rest.most_common(min(_MOST_STATES, most))
        states = [f"{count(number)} {state}" for state, number in shown]
        other = rest.total() - sum(number for _, number in shown)
        states += [f"{count(other)} other"] if other else []
        yield Paragraph(line(quiet(f"and {plural(rest.total(), 'more principal')}: {', '.join(states)}")))


def _in_order(view: ReviewView) -> list[PrincipalView]:
    """The principals that outsiders can assume, then those with most dangerous grants without seen use."""
    trusted = {one.principal for one in view.report.open_trust}
    return sorted(view.views, key=lambda one: one.diff.principal.arn not in trusted)


def _row(one: PrincipalView, room: int) -> list[Words]:
    counts = one.counts
    after = [count(counts.held), count(counts.removed)] if one.has_documents else [quiet("-"), quiet("-")]
    return [
        name(name_for_option(one, room)),
        state_of(one),
        count(counts.granted),
        count(counts.used),
        *after,
        bad(count(counts.dangerous_unused)) if counts.dangerous_unused else quiet("0"),
    ]


# ---------------------------------------------------------------- reasons


def _reasons(view: ReviewView, most: int) -> Iterator[Block]:
    """The kinds of caveats that most replacements have, and how many have them."""
    unsafe = [one for one in view.to_make if not one.proposal.safe]
    kinds = Counter(kind for one in unsafe for kind in {caveat.kind for caveat in one.caveats})
    if not kinds:
        return
    order = sorted(kinds, key=lambda kind: (-kinds[kind], kind.row.rank, list(CaveatKind).index(kind)))
    rest = len(order) - most
    yield Heading(line(f"Why {plural(len(unsafe), 'replacement')} {_be(len(unsafe))} not safe yet"), level=2)
    shown: list[Words] = [f"{count(kinds[kind])}: {kind.row.title}" for kind in order[:most]]
    yield bullets(*shown, *([quiet(f"and {plural(rest, 'other reason')}")] if rest > 0 else []))


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


# ---------------------------------------------------------------- next steps


def _next(view: ReviewView, given: Given, command_lines: int) -> Iterator[Block | Command]:
    yield Heading(line("Next steps", quiet(" (and how many replacements each frees)")), level=2)
    for number, step in enumerate(next_steps(view, given), start=1):
        yield Bullets((Item(step.words),), numbered=True, first=number)
        yield replace(step.command, most=command_lines)
    first = name_for_option(_in_order(view)[0]) if view.views else "NAME"
    rest = line(
        "To see more, add: ",
        name("--full"),
        ", ",
        name("--format html -o review.html"),
        ", ",
        name(f"--principal {shlex.quote(first)}"),
    )
    yield Heading(rest, level=3)
