"""A plan of trails as JSON, schema `lpgen.observe/1`, and the outcome of one, schema `lpgen.observation/1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import field

from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.model import Visibility
from lpgen.core.observe.open_uses import ObserveOutcome, OutcomeStatus
from lpgen.core.observe.plan import AccountPlan, Basis, ObservePlan
from lpgen.core.observe.selections import selector_document
from lpgen.core.schemas import OBSERVE_SCHEMA
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import ActionName, Amount, Arn, Texts

_Values = Annotated[Texts | msgspec.UnsetType, means("The values to compare with.")]


class FieldSelectorPart(RowPart, kw_only=True, rename="pascal"):
    """A field of a record and its tests, as CloudTrail's API takes them."""

    field: Annotated[str, means("The field.")]
    equals: _Values = msgspec.UNSET
    starts_with: _Values = msgspec.UNSET
    ends_with: _Values = msgspec.UNSET
    not_equals: _Values = msgspec.UNSET
    not_starts_with: _Values = msgspec.UNSET
    not_ends_with: _Values = msgspec.UNSET


class SelectorPart(RowPart, kw_only=True, rename="pascal"):
    """An advanced event selector, as CloudTrail's API takes it."""

    name: Annotated[str, means("Its name.")]
    field_selectors: Annotated[tuple[FieldSelectorPart, ...], means("Its tests.")]


class TrailPart(Part, kw_only=True):
    """A trail as planned."""

    name: Annotated[str, means("Its name.")]
    arn: Annotated[str, means('Its ARN. "": it doesn\'t exist yet.')]
    is_new: Annotated[bool, means("Whether it doesn't exist yet.")] = field(name="new")
    home_region: Annotated[str, means("Its home Region.")]
    bucket: Annotated[str, means("The bucket for its log files.")]
    values: Annotated[Count, means("Number of values in its selectors.")]
    selectors: Annotated[tuple[SelectorPart, ...], means("All of its advanced event selectors.")]


class OpenUsePart(RowPart, kw_only=True):
    """A kept action that data events show."""

    principal: Arn
    action: ActionName
    kind: Annotated[str, means("The type of the resources, as CloudTrail names it.")] = field(name="type")
    resources: Annotated[Texts, means("The resources.")]


class LeftOpenPart(OpenUsePart, kw_only=True):
    """A kept action that the trails don't settle."""

    why: Annotated[str, means("The reason.")]


class EstimatePart(RowPart, kw_only=True):
    """The data events of a type that the trails would add."""

    kind: Annotated[str, means("The type of the resources, as CloudTrail names it.")] = field(name="type")
    resources: Annotated[Count, means("Number of selected resources.")]
    callers: Annotated[Count, means("Number of principals whose events it records on all resources.")]
    is_open: Annotated[bool, means("Whether a pattern selects more events, of any caller.")] = field(name="open")
    a_day: Annotated[Amount, means("Number of events a day.")] = field(name="events_a_day")
    cost: Annotated[Amount, means("Their cost in 30 days, in USD.")]
    basis: Annotated[Basis, means("The data events in the logs that the estimate rests on.")]


class AccountPlanPart(Part, kw_only=True):
    """The plan for one account."""

    account: Annotated[str, means("The id of the account.")]
    trails: Annotated[tuple[TrailPart, ...], means("Its trails.")]
    decides: Annotated[tuple[OpenUsePart, ...], means("The kept actions whose use the trails would show.")]
    leaves_open: Annotated[tuple[LeftOpenPart, ...], means("Other kept actions that data events show.")]
    estimates: Annotated[tuple[EstimatePart, ...], means("The events that the trails would add, by type.")]


class UndecidedPart(Part, kw_only=True):
    """The number of kept actions that data events don't settle, by how CloudTrail shows their use."""

    management: Annotated[Count, means("By management events.")]
    inferred: Annotated[Count, means("By records of other calls.")]
    never: Annotated[Count, means("Not at all.")]


class ObserveDocument(Part, kw_only=True, tag_field="schema", tag=OBSERVE_SCHEMA):
    """The trails that would show the use of actions that a review keeps without recorded use."""

    price: Annotated[Amount, means("The cost of 100,000 data events, in USD.")]
    accounts: Annotated[tuple[AccountPlanPart, ...], means("The plans of the accounts.")]
    undecided: Annotated[UndecidedPart, means("The number of kept actions that data events don't settle.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def observe_json(plan: ObservePlan) -> str:
    """The plan as JSON text."""
    undecided = {str(kind): plan.undecided.get(kind, 0) for kind in Visibility if kind is not Visibility.DATA}
    document = ObserveDocument.from_attributes(
        plan, accounts=[_part_from_account(account, plan.price) for account in plan.accounts], undecided=undecided
    )
    return lay_out(document)


def _part_from_account(plan: AccountPlan, price: float) -> AccountPlanPart:
    return AccountPlanPart.from_attributes(
        plan,
        trails=[
            TrailPart.from_attributes(
                planned.trail, planned, selectors=[selector_document(selector) for selector in planned.trail.selectors]
            )
            for planned in plan.trails
        ],
        decides=[OpenUsePart.from_attributes(use, use.events) for use in plan.decides],
        leaves_open=[LeftOpenPart.from_attributes(use, use.events, why=why) for use, why in plan.leaves_open],
        estimates=[
            EstimatePart.from_attributes(estimate, a_day=round(estimate.a_day, 2), cost=round(estimate.cost(price), 2))
            for estimate in plan.estimates
        ],
    )


# ---------------------------------------------------------------- the outcome


class OutcomePart(RowPart, kw_only=True):
    """The outcome of a kept action."""

    principal: Arn
    action: ActionName
    status: Annotated[OutcomeStatus, means("The outcome.")]
    why: Annotated[str, means("The outcome in words.")]


class OutcomeCountsPart(Part, kw_only=True):
    """The number of kept actions for each outcome."""

    used: Annotated[Count, means("They were used.")]
    removed: Annotated[Count, means("They weren't used. The logs would have shown use.")]
    open: Annotated[Count, means("The logs still can't show their use.")]
    gone: Annotated[Count, means("They are no longer granted, or the principal was deleted.")]


class ObservationDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.observation/1"):
    """The outcome for the kept actions of a plan of trails."""

    counts: Annotated[OutcomeCountsPart, means("The number of actions for each outcome.")]
    outcomes: Annotated[tuple[OutcomePart, ...], means("The outcomes.")]


def outcomes_json(outcomes: Sequence[ObserveOutcome]) -> str:
    """The outcomes for the kept actions of a plan, as JSON text."""
    counted = Counter(outcome.status for outcome in outcomes)
    document = ObservationDocument.from_attributes(
        counts={str(status): counted[status] for status in OutcomeStatus},
        outcomes=[OutcomePart.from_attributes(outcome.promise, outcome) for outcome in outcomes],
    )
    return lay_out(document)
