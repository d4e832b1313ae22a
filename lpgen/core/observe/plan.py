"""The trails that would decide kept actions, by account: what each trail records, and which actions remain open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from lpgen.core.analysis.observability.recorded_calls import home_region_of_trail
from lpgen.core.analysis.observability.trail_coverage import OBJECTS, as_recorded, may_start_with, recording_trails
from lpgen.core.arns import split_arn
from lpgen.core.evidence import AccountCoverage, LogCoverage
from lpgen.core.model import Visibility
from lpgen.core.observe.open_uses import OpenUse, OpenUses
from lpgen.core.observe.selections import (
    MOST_VALUES,
    Selection,
    merge_selectors,
    selections_of_events,
    selectors_of_selections,
    values_of_selectors,
    widest_selections,
)
from lpgen.core.trails import FieldOperator, Trail, trails_of_accounts

MOST_TRAILS: Final = 5
"""How many trails a Region may have, including trails of other Regions and of the organization that record it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
"""

COST_DAYS: Final = 30
_EVENTS_PER_PRICE: Final = 100_000

_TRAIL_NAME: Final = "lpgen-observe"

_NO_ROOM: Final = "no trail has room for it"
_LOG_FILES: Final = (
    "it may apply to the log bucket, which a trail must not record: name the other buckets in the policy"
)


@dataclass(frozen=True, slots=True)
class PlannedTrail:
    """A planned trail, and its new selectors: all of them unless the trail exists."""

    trail: Trail
    is_new: bool
    added: tuple[Selection, ...]

    @property
    def values(self) -> int:
        """The number of values of its selectors."""
        return values_of_selectors(self.trail.selectors)


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many data events of a `resources.type` a trail would add per day. `a_day` is None if the logs hold none.

    The trail records `resources` by name. If `is_open`, it also records others by pattern, so there may be more.
    """

    kind: str
    resources: int
    is_open: bool
    a_day: float | None

    def cost(self, price: float) -> float | None:
        """The cost of these events in `COST_DAYS`, at a price for 100,000 events; None if their number is unknown."""
        return None if self.a_day is None else self.a_day * COST_DAYS / _EVENTS_PER_PRICE * price


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """The plan for one account: its trails, the kept actions that they decide, and the others with reasons."""

    account: str
    trails: tuple[PlannedTrail, ...]
    decides: tuple[OpenUse, ...]
    leaves_open: tuple[tuple[OpenUse, str], ...]
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class ObservePlan:
    """The plans for all accounts with open actions, and the number of kept actions that data events don't decide.

    `price` is the price of 100,000 data events.
    """

    accounts: tuple[AccountPlan, ...]
    undecided: Mapping[Visibility, int]
    problems: tuple[str, ...] = ()
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class PlanChoices:
    """The log bucket ("" for the bucket of the account's trails), and the ARN of the trail to extend, or ""."""

    bucket: str = ""
    trail: str = ""


def plan_trails(
    uses: OpenUses, coverage: LogCoverage, trails: Sequence[Trail], choices: PlanChoices = PlanChoices()
) -> ObservePlan:
    """The trails that would decide as many of the kept actions as the quotas allow."""
    by_account: dict[str, list[OpenUse]] = defaultdict(list)
    extended = next((trail for trail in trails if trail.arn == choices.trail), None)
    for use in uses.decidable:
        by_account[extended.account if extended and extended.serves(use.account) else use.account].append(use)
    known = trails_of_accounts(trails, by_account)
    plans = [
        _plan_account(account, found, known.get(account), extended, choices.bucket)
        for account, found in sorted(by_account.items())
    ]
    estimated = [_with_estimates(plan, uses.recorded, coverage.account(plan.account)) for plan in plans]
    return ObservePlan(tuple(estimated), uses.undecided)


def bucket_of_account(account: str, trails: Iterable[Trail]) -> str:
    """The bucket of a trail that records an account, or ""."""
    return next((trail.bucket for trail in trails if trail.serves(account) and trail.bucket), "")


def _plan_account(
    account: str,
    uses: Sequence[OpenUse],
    known: tuple[Trail, ...] | None,
    extended: Trail | None,
    bucket: str,
) -> AccountPlan:
    own = known or ()
    bases = [extended] if extended and extended.serves(account) else []
    if not bases and not extended:
        bases = _new_trails(account, uses, known, bucket or bucket_of_account(account, own))
    partition = split_arn(uses[0].principal).partition
    buckets = sorted({base.bucket for base in (*own, *bases) if base.bucket})
    log_prefixes = tuple(f"arn:{partition}:s3:::{bucket}/" for bucket in buckets)
    of_logs = {use for use in uses if _may_be_on_logs(use, log_prefixes)}
    wanted = _ranked(use for use in uses if use not in of_logs)
    planned = [trail for trail in _fill(bases, wanted, log_prefixes, extended) if trail.added]
    after = (*(trail for trail in own if trail != extended), *(trail.trail for trail in planned))
    missed = {use for use in uses if isinstance(recording_trails(use.events, after), str)}
    leaves_open = tuple((use, _LOG_FILES if use in of_logs else _NO_ROOM) for use in uses if use in missed)
    decides = tuple(use for use in uses if use not in missed)
    return AccountPlan(account, tuple(planned), decides, leaves_open, ())


def _new_trails(account: str, uses: Sequence[OpenUse], known: tuple[Trail, ...] | None, bucket: str) -> list[Trail]:
    """As many empty trails as the quota allows; one if the account's trails are unknown."""
    partition = split_arn(uses[0].principal).partition
    leader = home_region_of_trail(f"arn:{partition}:cloudtrail:::")
    home = next((trail.home_region for trail in known or () if trail.account == account), leader)
    present = sum(trail.multi_region or trail.home_region == home for trail in known or ())
    room = 1 if known is None else max(0, MOST_TRAILS - present)
    names = [_TRAIL_NAME if number == 1 else f"{_TRAIL_NAME}-{number}" for number in range(1, room + 1)]
    return [
        Trail(
            arn=f"arn:{partition}:cloudtrail:{home}:{account}:trail/{name}",
            name=name,
            account=account,
            home_region=home,
            multi_region=True,
            global_events=True,
            organization=False,
            logging=True,
            selectors=(),
            bucket=bucket,
        )
        for name in names
    ]


def _may_be_on_logs(use: OpenUse, log_prefixes: tuple[str, ...]) -> bool:
    """Whether a use may be on log files."""
    if use.events.kind != OBJECTS:
        return False
    patterns = [as_recorded(pattern, OBJECTS) for pattern in use.events.resources]
    return any(may_start_with(pattern, prefix) for pattern in patterns for prefix in log_prefixes)


def _ranked(uses: Iterable[OpenUse]) -> list[frozenset[Selection]]:
    """The sets of selections that decide a use, ordered by the number of uses that they decide per selection."""
    needs = [tuple(selections_of_events(use.events)) for use in uses]
    widest = widest_selections(chain.from_iterable(needs))
    gains = Counter(frozenset(widest[selection] for selection in needed) for needed in needs)
    return sorted(gains, key=lambda needed: (-gains[needed] / len(needed), sorted(needed)))


def _fill(
    bases: Iterable[Trail],
    wanted: Sequence[frozenset[Selection]],
    log_prefixes: tuple[str, ...],
    extended: Trail | None,
) -> Iterator[PlannedTrail]:
    """The trails with as many of the wanted selections as fit, in order."""
    waiting = list(wanted)
    for base in bases:
        selectors = before = merge_selectors(base.selectors)
        taken: frozenset[Selection] = frozenset()
        late: list[frozenset[Selection]] = []
        for needed in waiting:
            new = needed - taken
            if values_of_selectors(selectors) + len(new) <= MOST_VALUES:
                grown = (*before, *selectors_of_selections(taken | new, log_prefixes))
                if values_of_selectors(grown) <= MOST_VALUES:
                    taken, selectors = taken | new, grown
                    continue
            late.append(needed)
        waiting = late
        yield PlannedTrail(replace(base, selectors=selectors), base != extended, tuple(sorted(taken)))


def _with_estimates(
    plan: AccountPlan, recorded: Mapping[tuple[str, str], int], coverage: AccountCoverage | None
) -> AccountPlan:
    """The plan with estimates for each kind of data events, from the events of this kind in the logs."""
    named: Counter[str] = Counter()
    is_open: dict[str, bool] = defaultdict(bool)
    sources: dict[str, tuple[str, ...]] = {use.events.kind: use.events.sources for use in plan.decides}
    for trail in plan.trails:
        for selection in trail.added:
            literal = selection.operator is FieldOperator.EQUALS or selection.value.endswith("/")
            named[selection.kind] += literal
            is_open[selection.kind] |= not literal
    found: list[Estimate] = []
    for kind in sorted(is_open):
        a_day, records = None, recorded.get((plan.account, kind), 0)
        seen = sum(source in sources.get(kind, ()) for source, _ in coverage.data_resources) if coverage else 0
        if coverage and coverage.covered_days and records and seen:
            a_day = records / coverage.covered_days / seen * max(named[kind], seen if is_open[kind] else 0)
        found.append(Estimate(kind, named[kind], is_open[kind], a_day))
    return replace(plan, estimates=tuple(found))
