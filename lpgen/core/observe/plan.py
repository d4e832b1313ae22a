"""The trails that would decide kept actions, by account: what each trail records, and which actions remain open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Final

from lpgen.core.analysis.observability.recorded_calls import home_region_of_trail
from lpgen.core.analysis.observability.trail_coverage import (
    OBJECTS,
    as_recorded,
    literal_start,
    may_start_with,
    recording_trails,
)
from lpgen.core.arns import split_arn
from lpgen.core.evidence import LogCoverage
from lpgen.core.model import Visibility
from lpgen.core.observe.open_uses import OpenUse, OpenUses
from lpgen.core.observe.selections import (
    MOST_VALUES,
    Selection,
    is_start_of_name,
    merge_selectors,
    selections_of_events,
    selectors_of_selections,
    values_of_selectors,
    widest_selections,
)
from lpgen.core.trails import Trail, trails_of_accounts

MOST_TRAILS: Final = 5
"""How many trails a Region may have, including trails of other Regions and of the organization that record it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
"""

_MOST_CALLERS: Final = 100
"""Select events of a type for all callers if more of them need it: the quota of values must be enough for all types."""

COST_DAYS: Final = 30
ASSUMED_A_DAY: Final = 1_000
"""Data events of a principal per day if the logs hold no data events at all."""

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


class Basis(StrEnum):
    """The data events in the logs that an estimate rests on."""

    ACCOUNT = "account"  # those of the type in the account
    TYPE = "type"  # those of the type in other accounts
    LOGS = "logs"  # those of other types
    ASSUMED = "assumed"  # the logs hold none


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many data events of a `resources.type` a trail would add per day.

    The trail records `resources` by name, and the events of `callers`. If `is_open`, it also records those of any
    caller by pattern, so there may be more.
    """

    kind: str
    resources: int
    callers: int
    is_open: bool
    a_day: float
    basis: Basis

    def cost(self, price: float) -> float:
        """The cost of these events in `COST_DAYS`, at a price for 100,000 events.

        The price doesn't depend on the type: https://aws.amazon.com/cloudtrail/pricing/
        """
        return self.a_day * COST_DAYS / _EVENTS_PER_PRICE * price


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
    estimated = [_with_estimates(plan, uses, coverage) for plan in plans]
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
    of_logs = {use for use in uses if _is_left_to_logs(use, log_prefixes)}
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


def _is_left_to_logs(use: OpenUse, log_prefixes: tuple[str, ...]) -> bool:
    """Whether a use may be on log files, and can't be selected by caller or has a pattern with a part of their names.

    A trail may record a caller's use of all buckets, because no principal delivers log files. A principal with such a
    pattern may read each of them, and recording that would cause more log files.
    """
    if use.events.kind != OBJECTS:
        return False
    patterns = [as_recorded(pattern, OBJECTS) for pattern in use.events.resources]
    on_logs = [pattern for pattern in patterns if any(may_start_with(pattern, prefix) for prefix in log_prefixes)]
    return any(len(use.events.callers) != 1 or is_start_of_name(literal_start(pattern)) for pattern in on_logs)


def _ranked(uses: Iterable[OpenUse]) -> list[frozenset[Selection]]:
    """The sets of selections that decide a use, ordered by the number of uses that they decide per selection.

    Types of events that more than `_MOST_CALLERS` principals need are selected for all callers, except for objects,
    because that leaves out log files.
    """
    listed = list(uses)
    callers = Counter(kind for kind, _ in {(use.events.kind, use.principal) for use in listed} if kind != OBJECTS)
    needs = [
        tuple(selections_of_events(use.events, by_caller=callers[use.events.kind] <= _MOST_CALLERS)) for use in listed
    ]
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


def _with_estimates(plan: AccountPlan, uses: OpenUses, coverage: LogCoverage) -> AccountPlan:
    """The plan with estimates for each kind of data events."""
    selected: dict[str, list[Selection]] = defaultdict(list)
    for trail in plan.trails:
        for selection in trail.added:
            selected[selection.kind].append(selection)
    found: list[Estimate] = []
    for kind, selections in sorted(selected.items()):
        named = sum(selection.is_named for selection in selections)
        callers = len({selection.caller for selection in selections} - {""})
        is_open = any(not (selection.is_named or selection.caller) for selection in selections)
        anyone = len({use.principal for use in plan.decides if use.events.kind == kind}) if is_open else 0
        each, basis = _events_of_principal(plan.account, kind, uses, coverage)
        found.append(Estimate(kind, named, callers, is_open, each * (named + max(callers, anyone)), basis))
    return replace(plan, estimates=tuple(found))


def _events_of_principal(account: str, kind: str, uses: OpenUses, coverage: LogCoverage) -> tuple[float, Basis]:
    """The number of data events of a type that a principal with such events leaves per day on average, in the account
    or, if its logs hold none, in similar logs. As many are expected on a named resource."""
    days = {covered.account: covered.covered_days for covered in coverage.accounts if covered.covered_days}
    known = {key: records / days[key[0]] for key, records in uses.recorded.items() if records and key[0] in days}
    of_type = [key for key in known if key[1] == kind]
    here = [key for key in of_type if key[0] == account]
    for basis, keys in ((Basis.ACCOUNT, here), (Basis.TYPE, of_type), (Basis.LOGS, list(known))):
        if keys:
            return sum(known[key] for key in keys) / max(1, sum(uses.users[key] for key in keys)), basis
    return ASSUMED_A_DAY, Basis.ASSUMED
