"""A plan of trails as a page: the actions that it would decide, what each trail records and costs, and open actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.model import Visibility
from lpgen.core.observe.open_uses import ObserveOutcome, OutcomeStatus
from lpgen.core.observe.plan import ASSUMED_A_DAY, COST_DAYS, AccountPlan, Basis, Estimate, ObservePlan
from lpgen.core.observe.selections import MOST_VALUES, Selection
from lpgen.core.trails import FieldOperator
from lpgen.report.blocks import (
    Block,
    Column,
    Heading,
    Paragraph,
    Span,
    Words,
    bullets,
    count,
    line,
    more_in_json,
    name,
    names,
    plural,
    problem_list,
    quiet,
    table,
)
from lpgen.report.words import label_of

_MOST_ROWS: Final = 40
_MOST_NAMES: Final = 3

_UNDECIDED: Final = {
    Visibility.NEVER: "CloudTrail never records the use",
    Visibility.MANAGEMENT: "management events show the use, but the logs lack them",
    Visibility.INFERRED: "only records of other calls show the use",
}
_BASES: Final = {
    Basis.ACCOUNT: "data events of this type in the account's logs",
    Basis.TYPE: "data events of this type in other accounts' logs",
    Basis.LOGS: "data events of other types in the logs",
    Basis.ASSUMED: f"an assumed {ASSUMED_A_DAY:,} events a day for each caller or resource, as the logs hold none",
}
_STATUSES: Final = {
    OutcomeStatus.USED: "used",
    OutcomeStatus.REMOVED: "not used, and removed",
    OutcomeStatus.OPEN: "still open",
    OutcomeStatus.GONE: "no longer granted",
}


def observe_page(plan: ObservePlan) -> tuple[Block, ...]:
    """The page, by account. JSON has every row."""
    return (
        Heading(line(_observe_sentence(plan)), level=1),
        *(block for account in plan.accounts for block in _account(account, plan.price)),
        *_undecided(plan),
        *_next(plan),
        *problem_list(plan.problems),
    )


def _observe_sentence(plan: ObservePlan) -> str:
    """The plan in one sentence."""
    decided = [use for account in plan.accounts for use in account.decides]
    if not decided:
        return "No trail for data events would show the use of an action that the review keeps without recorded use."
    trails = [trail for account in plan.accounts for trail in account.trails]
    new = sum(trail.is_new for trail in trails)
    what = (
        plural(new, "new trail") if new == len(trails) else f"{plural(len(trails), 'trail')}, {count(new)} of them new,"
    )
    who = plural(len({use.principal for use in decided}), "principal")
    return f"{what} would show the use of {plural(len(decided), 'kept action')} of {who}."


def _account(plan: AccountPlan, price: float) -> Iterable[Block]:
    yield Heading(line("Account ", name(plan.account)), level=2)
    for planned in plan.trails:
        trail = planned.trail
        what = (
            "is a new trail for data events only"
            if planned.is_new
            else "keeps its current selectors, and its coverage counts only from the change on"
        )
        to = line(" and writes log files to ", name(trail.bucket)) if trail.bucket else ()
        values = f"{count(planned.values)} of {count(MOST_VALUES)} selector values"
        yield Paragraph(line(name(trail.name), f" in {trail.home_region} {what}. It uses {values}", *to, "."))
    if plan.trails:
        yield from _selected(plan, price)
    if plan.decides:
        yield from _decided(plan)
    if plan.leaves_open:
        yield from _left_open(plan)


def _selected(plan: AccountPlan, price: float) -> Iterable[Block]:
    """The data events that the trails select, with estimates, one row per type."""
    by_kind: dict[str, list[Selection]] = {}
    for trail in plan.trails:
        for selection in trail.added:
            by_kind.setdefault(selection.kind, []).append(selection)
    columns = (
        *(Column("resource type"), Column("events"), Column("callers", number=True)),
        *(Column("resources", flexible=True), Column("a day", number=True)),
        Column(f"USD in {COST_DAYS} days", number=True),
    )
    rows: list[tuple[Words, ...]] = []
    for estimate in plan.estimates:
        selected = by_kind[estimate.kind]
        patterns = names(sorted(set(map(_pattern, selected))), most=_MOST_NAMES)
        callers = count(estimate.callers) if estimate.callers and not estimate.is_open else "any"
        kind = name(estimate.kind.removeprefix("AWS::"))
        rows.append((kind, _sides(selected), callers, patterns, *_numbers(estimate, price)))
    yield table(columns, rows)
    yield Paragraph(line(quiet(_basis(plan.estimates, price))))


def _basis(estimates: Iterable[Estimate], price: float) -> str:
    """What the estimates rest on, with the price."""
    bases = {estimate.basis for estimate in estimates}
    found = "; ".join(text for basis, text in _BASES.items() if basis in bases)
    return f"Estimated from {found}, at {price:g} USD for 100,000 data events of any type, without storage."


def _numbers(estimate: Estimate, price: float) -> tuple[Words, ...]:
    cost, more = estimate.cost(price), "+" if estimate.is_open else ""
    events = "<1" if estimate.a_day < 1 else f"{estimate.a_day:,.0f}"
    return f"{events}{more}", f"{'<0.01' if cost < 0.01 else f'{cost:,.2f}'}{more}"


def _sides(selected: Iterable[Selection]) -> str:
    sides = {side for selection in selected for side in selection.sides}
    return "all" if len(sides) > 1 else "reads" if True in sides else "writes"


def _pattern(selection: Selection) -> str:
    """A selection as an ARN pattern."""
    before = "*" if selection.operator is FieldOperator.ENDS_WITH else ""
    after = "*" if selection.operator is FieldOperator.STARTS_WITH else ""
    return f"{before}{selection.value}{after}"


def _decided(plan: AccountPlan) -> Iterable[Block]:
    by_principal: dict[str, list[str]] = {}
    for use in plan.decides:
        by_principal.setdefault(use.principal, []).append(use.action)
    columns = (Column("principal", flexible=True), Column("shown", number=True), Column("such as", flexible=True))
    ranked = sorted(by_principal.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [
        (_label(arn, plan), count(len(found)), names(found, most=_MOST_NAMES)) for arn, found in ranked[:_MOST_ROWS]
    ]
    yield table(columns, rows)
    yield from more_in_json(len(ranked) - _MOST_ROWS)


def _left_open(plan: AccountPlan) -> Iterable[Block]:
    counted = Counter((use.principal, why) for use, why in plan.leaves_open)
    columns = (Column("principal", flexible=True), Column("not shown", number=True), Column("why", flexible=True))
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    yield table(columns, [(_label(arn, plan), count(found), why) for (arn, why), found in ranked[:_MOST_ROWS]])
    yield from more_in_json(len(ranked) - _MOST_ROWS)


def _label(arn: str, plan: AccountPlan) -> Span:
    return name(label_of(arn).removeprefix(f"{plan.account} "))


def _undecided(plan: ObservePlan) -> Iterable[Block]:
    found = [(plan.undecided.get(visibility, 0), why) for visibility, why in _UNDECIDED.items()]
    if any(number for number, _ in found):
        yield Heading(line("Kept actions that data events don't show"), level=2)
        yield bullets(*(f"{plural(number, 'action')}: {why}." for number, why in found if number))


def _next(plan: ObservePlan) -> Iterable[Block]:
    if any(account.trails for account in plan.accounts):
        yield Heading(line("Next steps"), level=2)
        yield bullets(
            line("Save this plan with ", name("--output plan.json"), "."),
            line(
                *("To apply it, print it for one account with ", name("--format cli"), ", ", name("terraform"), " or "),
                *(name("cloudformation"), ". The bucket policy must allow each new trail to write."),
            ),
            line(
                *("Once enough days are covered (", name("--min-days"), "), ingest the logs and run this command "),
                *("with ", name("--since plan.json"), ". This needs the settings of all trails in the account: give "),
                *(name("--trails"), " or a snapshot."),
            ),
        )


def outcomes_page(outcomes: Sequence[ObserveOutcome]) -> tuple[Block, ...]:
    """The outcome for a plan's kept actions: the counts, then the open actions."""
    counted = Counter(outcome.status for outcome in outcomes)
    still = [outcome for outcome in outcomes if outcome.status is OutcomeStatus.OPEN]
    columns = (Column("principal", flexible=True), Column("action"), Column("why it is open", flexible=True))
    decided = len(outcomes) - len(still)
    return (
        Heading(
            line(f"Known outcomes: {count(decided)} of {plural(len(outcomes), 'kept action')} in the plan."), level=1
        ),
        bullets(
            *(f"{plural(counted[status], 'action')}: {_STATUSES[status]}." for status in _STATUSES if counted[status])
        ),
        *([table(columns, map(_open_row, still[:_MOST_ROWS]))] if still else []),
        *more_in_json(len(still) - _MOST_ROWS),
    )


def _open_row(outcome: ObserveOutcome) -> tuple[Words, ...]:
    return name(label_of(outcome.promise.principal)), name(outcome.promise.action), outcome.why
