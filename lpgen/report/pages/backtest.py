"""A backtest as a page: the outcome in a sentence, comparisons in tables, then the denied needs of each principal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.backtests import (
    Alternative,
    AlternativeTotals,
    Backtest,
    BacktestTotals,
    DenialCause,
    DeniedNeed,
    PrincipalBacktest,
)
from lpgen.report.blocks import (
    Block,
    Column,
    Fold,
    Heading,
    Line,
    Paragraph,
    Show,
    Words,
    bad,
    bullets,
    count,
    line,
    more_in_json,
    name,
    plural,
    problem_list,
    quiet,
    table,
)
from lpgen.report.words import label_of, percent, reach_texts

_MOST_ROWS: Final = 40
_MOST_DETAILS: Final = 12
_MOST_NEEDS: Final = 20

_CAUSES: Final = {
    DenialCause.NEW_ACTION: "the replacement lacks the action",
    DenialCause.NEW_RESOURCE: "it has the action, but not on this resource",
    DenialCause.NEW_NAME: "it has the action, and the call creates the resource under a new name",
}
_ALTERNATIVES: Final = {
    Alternative.EXACT: "used actions on the exact resources",
    Alternative.ACTIONS: "used actions on *",
    Alternative.SERVICES: "service:* on * for used services",
    Alternative.UNTOUCHED: "old policies, unchanged",
}


def backtest_page(found: Backtest) -> tuple[Block, ...]:
    """The page. Principals with the most denied needs come first, as many as fit. JSON has all."""
    worst = sorted(found.principals, key=lambda principal: (-len(principal.denied), principal.principal))
    return (
        Heading(line(backtest_sentence(found)), level=1),
        *_facts(found),
        *_alternatives(found),
        *_causes(found),
        *_curve(found),
        *_principals([backtest for backtest in worst if backtest.denied]),
        *problem_list(found.problems),
    )


def backtest_sentence(found: Backtest) -> str:
    """The outcome in one sentence."""
    totals = found.totals
    if not totals.replacements:
        return f"In {_windows_text(found)}, no principal had a replacement to judge."
    judged = plural(totals.replacements, "principal")
    denied = f"no replacement would have denied anything that its principal needed ({judged})"
    if totals.denied_needs:
        needs, denied_ones = plural(totals.denied_needs, "need"), count(totals.denied_principals)
        denied = f"the replacements would have denied {needs}, for {denied_ones} of {judged}"
    return (
        f"In {_windows_text(found)}, {denied}. {count(totals.safe)} of {count(totals.replacements)} replacements were"
        f" called safe, and {_of_safe(totals.denied_though_safe)}."
    )


def _windows_text(found: Backtest) -> str:
    return f"{plural(len(found.windows), 'window')} of {plural(found.windows[0].judge_days, 'day')}"


def _of_safe(number: int) -> str:
    return f"{count(number) if number else 'none'} of these had a denial"


def _facts(found: Backtest) -> Iterable[Block]:
    totals, first, last = found.totals, found.windows[0], found.windows[-1]
    learn = {window.learn_days: None for window in found.windows}
    days = plural(max(learn), "day") if len(learn) == 1 else f"{count(min(learn))} to {plural(max(learn), 'day')}"
    yield Paragraph(
        line(
            quiet(
                f"Each window learns from {days} and tests on the next"
                f" {plural(first.judge_days, 'day')}. The windows are from {first.learn_first} to {last.judge_last}."
                f" Catalog {found.catalog_version} of {found.catalog_date}."
            )
        )
    )
    unjudged = plural(found.unjudged, "principal")
    yield bullets(
        f"{plural(totals.denied_records, 'record')} would have been denied.",
        f"{count(totals.safe_pairs)} of {plural(totals.pairs, 'pair')} of a principal and a window were called safe,"
        f" and {_of_safe(totals.denied_safe_pairs)}.",
        f"On average, the replacements removed {percent(totals.removed_share)} of the permissions and"
        f" {percent(totals.dangerous_removed_share)} of the dangerous ones.",
        *reach_texts(totals.reach),
        *([f"{unjudged} had no replacement in any window."] if found.unjudged else []),
    )


def _alternatives(found: Backtest) -> Iterable[Block]:
    columns = (
        Column("policies", flexible=True),
        Column("denied needs", number=True),
        Column("principals", number=True),
        Column("removed", number=True),
        Column("reach", number=True),
    )
    totals = found.totals
    policies: tuple[tuple[str, BacktestTotals | AlternativeTotals, int], ...] = (
        ("lpgen's replacements", totals, totals.reach.new),
        *((_ALTERNATIVES[other.alternative], other, other.reach) for other in found.alternatives),
    )
    places = totals.reach.places
    rows = (
        (
            what,
            count(result.denied_needs),
            count(result.denied_principals),
            percent(result.removed_share),
            percent(reach / places) if places else "–",
        )
        for what, result, reach in policies
    )
    yield Heading(line("Compared with simpler policies"), level=2)
    yield table(columns, rows)
    yield Paragraph(
        line(
            quiet(
                "principals: principals with a denial; removed: average share of permissions removed; reach: allowed"
                " share of the resources that other principals of the account use with the same actions"
            )
        )
    )


def _causes(found: Backtest) -> Iterable[Block]:
    causes = found.totals.causes
    if found.totals.denied_needs:
        yield Heading(line("Why needs were denied"), level=2)
        columns = (Column("denied needs", number=True), Column("cause"), Column("what it means", flexible=True))
        yield table(columns, ((count(causes[cause]), cause, _CAUSES[cause]) for cause in DenialCause if causes[cause]))


def _curve(found: Backtest) -> Iterable[Block]:
    if not found.curve:
        return
    last = found.windows[-1]
    yield Heading(line("How many days of logs are enough"), level=2)
    yield Paragraph(line(f"Each row is tested on the days from {last.judge_first} to {last.judge_last}."))
    columns = {
        "days": "days",
        "replacements": "replacements",
        "with a denial": "denied_principals",
        "denied needs": "denied_needs",
        "called safe": "safe",
        "safe but denied": "denied_though_safe",
    }
    rows = ([count(getattr(point, name)) for name in columns.values()] for point in found.curve)
    yield table((Column(title, number=True) for title in columns), rows)


def _principals(denied: Sequence[PrincipalBacktest]) -> Iterable[Block]:
    if not denied:
        return
    columns = (
        Column("principal", flexible=True),
        Column("needs", number=True),
        Column("safe in", number=True),
        Column("permissions", number=True, show=Show.WIDE),
        Column("removed", number=True),
    )
    yield Heading(line("Principals with a denial"), level=2)
    yield table(columns, map(_row, denied[:_MOST_ROWS]), fills=True)
    yield from more_in_json(len(denied) - _MOST_ROWS)
    yield from map(_details, denied[:_MOST_DETAILS])


def _row(backtest: PrincipalBacktest) -> tuple[Words, ...]:
    return (
        name(label_of(backtest.principal)),
        bad(count(len(backtest.denied))),
        f"{count(backtest.safe_windows)} of {plural(len(backtest.windows), 'window')}",
        count(backtest.granted),
        percent(backtest.removed_share),
    )


def _details(backtest: PrincipalBacktest) -> Fold:
    needs = sorted(backtest.denied, key=lambda need: (-need.records, need.action, need.resource))
    return Fold(
        line(name(label_of(backtest.principal)), ": ", plural(len(needs), "denied need")),
        (bullets(*map(_need, needs[:_MOST_NEEDS])), *more_in_json(len(needs) - _MOST_NEEDS)),
    )


def _need(need: DeniedNeed) -> Line:
    return line(
        name(need.action),
        " on ",
        name(need.resource),
        f": {need.cause}, {plural(need.records, 'record')} in {plural(need.windows, 'window')}, first on"
        f" {need.first_day}",
        quiet(" (example "),
        name(need.example_event_id),
        quiet(")"),
    )
