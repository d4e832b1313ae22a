"""The inputs of an analysis: the seen use of principals, the coverage of the logs, the grants of the policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from lpgen.core.model import (
    Action,
    ActionPattern,
    DenialKind,
    Outcome,
    PolicyKind,
    Principal,
    Resource,
    ResourceKind,
    SkipReason,
    Statement,
)
from lpgen.core.trails import TrailChange

# ---------------------------------------------------------------- use, read off the usage table


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a use is known: times are ISO 8601 in UTC, the example is the earliest record's."""

    records: int
    first_seen: str
    last_seen: str
    example_event_id: str
    example_resource: str


@dataclass(frozen=True, slots=True, order=True)
class RecordedContext:
    """The recorded context of a call, in sorted pairs of key and values; text is "" where records don't show it."""

    region: str
    vpc_endpoint: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Suspected(StrEnum):
    """Why a use may be that of somebody who stole the credentials."""

    NO = ""
    FEW_DAYS = "few-days"  # harm on a day or two, or within a week, that isn't at home
    LATE = "late"  # harm that began in the last days of the logs
    AFTER_DENIALS = "after-denials"
    BURST = "burst"  # one of several kinds of harm that were new on one day
    COMPANY = "company"  # another use that began on a day of suspected harm


@dataclass(frozen=True, slots=True)
class Use:
    """One action of one principal on one resource with one outcome, over all days, in the contexts it was seen in.

    `on` are the days on which it was seen, sorted. A suspected use teaches nothing (`lpgen.core.analysis.suspicion`).
    `is_made` says that the principal certainly made the resource.
    """

    action: Action
    resource: Resource
    outcome: Outcome
    how: str
    denial_kind: DenialKind
    error_code: str
    contexts: tuple[RecordedContext, ...]
    evidence: Evidence
    on: tuple[date, ...] = ()
    suspected: Suspected = Suspected.NO
    is_made: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it was allowed and didn't fail."""
        return self.outcome is Outcome.ALLOWED and not self.error_code

    @property
    def replayed_resource(self) -> Resource | None:
        """The resource to decide it on again: the example of a fold, and None where the resource wasn't read."""
        example = self.evidence.example_resource
        if self.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
            return None
        if self.resource.kind is ResourceKind.FOLD and example.startswith("arn:") and example != self.resource.text:
            return Resource(ResourceKind.ARN, example)
        return self.resource

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions it was seen in, sorted."""
        return tuple(sorted({context.region for context in self.contexts}))


@dataclass(frozen=True, slots=True)
class UnmappedEvent:
    """Calls that can't count as use: the event map doesn't know them, or `reason` says why their record can't be used
    (BAD_RECORD, UNKNOWN_VERSION, NO_TIME, FUTURE)."""

    event_source: str
    event_name: str
    evidence: Evidence
    reason: SkipReason = SkipReason.UNMAPPED

    @property
    def item(self) -> str:
        """How a decision names it."""
        return " ".join(filter(None, (self.reason, self.event_source, self.event_name)))


class IdUse(NamedTuple):
    """What records carry of one unique id: the actions that weren't denied, sorted, and how many records there are."""

    principal_id: str
    actions: tuple[Action, ...]
    records: int


@dataclass(frozen=True, slots=True)
class PrincipalUsage:
    """One principal's part of the usage and skip tables. `principal_ids` are those its records carry, `copied` the
    services that copies or summaries of its calls show, known where a principal is judged. `by_id` has the use of each
    id, counted or not: that of earlier principals of the name too. `days` are those on which it did or
    attempted something, 0 where they weren't counted. `protected` are the resources for whose data its calls of KMS
    were made, each with the action of the call. `assumed` are the AWS services that assumed it, each with the last
    day. `elsewhere` are uses that only another account's log shows."""

    principal: str
    principal_ids: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    unmapped: tuple[UnmappedEvent, ...] = ()
    regions: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    by_id: tuple[IdUse, ...] = ()
    days: int = 0
    protected: tuple[tuple[str, Action], ...] = ()
    assumed: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[Use, ...] = ()

    def of_earlier(self, principal: Principal) -> tuple[IdUse, ...]:
        """The use of earlier principals of the name, empty where the id of the `principal` isn't known."""
        current = principal.principal_id
        return tuple(use for use in self.by_id if use.principal_id != current) if current else ()

    @property
    def denied(self) -> tuple[Use, ...]:
        """The denied attempts."""
        return tuple(use for use in self.uses if use.outcome is Outcome.DENIED)


# ---------------------------------------------------------------- coverage


@dataclass(frozen=True, slots=True)
class LogGap:
    """Days in a row without a single record, first and last included."""

    first: date
    last: date


class CoverageSource(StrEnum):
    """The source that shows which events were recorded."""

    LOG = "the log itself"
    TRAILS = "the trail settings"
    BOTH = "the trail settings of the snapshot and the log itself"  # only what both show counts as recorded


@dataclass(frozen=True, slots=True)
class Hole:
    """Days that something takes out of the coverage, first and last included; `why` names it.

    That is a recorded `change` of a trail, or `records` that can't be read. `known_from` is TRAILS where settings don't
    reach back so far.
    """

    first: date
    last: date
    why: str
    change: TrailChange | None = None
    records: int = 0
    known_from: CoverageSource = CoverageSource.LOG


SIDE_WORDS: Final = {True: "read-only", False: "writing"}
"""How events are called that say `readOnly` true or false."""


@dataclass(frozen=True, slots=True)
class SeenEvents:
    """Events of a kind that the log holds: management events, without Region and source, or the data events of one.

    Trails select by `readOnly` too. `since` is their first day where the log doesn't hold them from its beginning on,
    `until` their last where it no longer holds them at its end.
    """

    region: str
    event_source: str
    read_only: bool
    since: date | None = None
    until: date | None = None

    @property
    def is_data(self) -> bool:
        """Whether these are data events."""
        return bool(self.event_source)


@dataclass(frozen=True, slots=True)
class AccountCoverage:
    """The logs that were read of one account. `covered_days` counts the window's days less those that are `missing`.

    `thin` are days with too few callers and services to have been recorded in full (`lpgen.core.usage.thin_days`), and
    `lacks_files` says that all days seem to lack some of their files.

    `seen` are the events that the log holds at least one of: only the log itself shows this, so an event that it lacks
    counts as not recorded. `known_from` says whether that decides, or `trails`: the settings of the trails that record
    the account, a sentence each. `unseen` are the event sources of management events that trails may exclude and that
    the log holds no record of. `data_resources` are pairs of event source and the bucket, table, function or the like
    that a data event names. `summed` are the event sources whose data events aggregated events sum up and that the log
    holds no data event of. `changes` are recorded changes of trails that took no day out of the coverage.
    """

    account: str
    first_day: date
    last_day: date
    covered_days: int
    gaps: tuple[LogGap, ...]
    regions: tuple[str, ...]
    records: int
    seen: frozenset[SeenEvents]
    holes: tuple[Hole, ...] = ()
    known_from: CoverageSource = CoverageSource.LOG
    trails: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()
    changes: tuple[TrailChange, ...] = ()
    data_resources: frozenset[tuple[str, str]] = frozenset()
    summed: frozenset[str] = frozenset()
    thin: tuple[Hole, ...] = ()
    lacks_files: bool = False

    @property
    def change_notes(self) -> tuple[str, ...]:
        """A sentence for each of the changes."""
        return tuple(f"{change}; the account went on being recorded" for change in self.changes)

    @property
    def uncovered(self) -> tuple[Hole, ...]:
        """The days with records that don't count, with why."""
        return (*self.holes, *self.thin)

    @property
    def missing(self) -> tuple[LogGap | Hole, ...]:
        """All days that don't count, in spans that may overlap."""
        return (*self.gaps, *self.uncovered)

    @property
    def days(self) -> frozenset[date]:
        """The days that count, from the first to the last."""
        found = set(days_between(self.first_day, self.last_day))
        for span in self.missing:
            found.difference_update(days_between(max(span.first, self.first_day), min(span.last, self.last_day)))
        return frozenset(found)

    def age(self, since: date, until: date) -> int:
        """How many days are between two days, without those that the logs miss; negative where `since` is later.

        Days before the logs count as they are, and days after them don't.
        """
        end = min(until, self.last_day)
        lost = sum(since < day <= end for day in set(days_between(self.first_day, self.last_day)) - self.days)
        return (end - since).days - lost

    @property
    def data_events(self) -> frozenset[tuple[str, str]]:
        """The pairs of Region and event source whose data events the log holds."""
        return frozenset((events.region, events.event_source) for events in self.seen if events.is_data)

    def sides(self, region: str = "", event_source: str = "") -> frozenset[bool]:
        """The `readOnly` values of the management events in the log, or of the data events of a Region and source."""
        place = (region, event_source)
        return frozenset(events.read_only for events in self.seen if (events.region, events.event_source) == place)


def days_between(first: date, last: date) -> Iterable[date]:
    """The days from one to another, both included."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """The logs that were read of all accounts, sorted by account."""

    accounts: tuple[AccountCoverage, ...]

    def account(self, account: str) -> AccountCoverage | None:
        """The coverage of one account, or None where none of its logs was read."""
        return next((covered for covered in self.accounts if covered.account == account), None)

    @property
    def last_day(self) -> date | None:
        """The last day of any record: the default reference date of reports."""
        return max((covered.last_day for covered in self.accounts), default=None)


# ---------------------------------------------------------------- grants


@dataclass(frozen=True, slots=True, order=True)
class StatementRef:
    """A reference to one statement of a policy: `policy` is a managed policy's ARN or an inline policy's name."""

    policy: str
    kind: PolicyKind
    group: str
    index: int
    sid: str

    @property
    def number(self) -> int:
        """The number of the statement, from 1."""
        return self.index + 1

    def __str__(self) -> str:
        where = f" of group {self.group}" if self.group else ""
        named = f" ({self.sid})" if self.sid else ""
        return f"{self.policy}{where}, statement {self.index + 1}{named}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement with its expanded actions. `unknown_patterns` are those that the catalog doesn't know, without
    names of services that AWS retired in its own policies."""

    ref: StatementRef
    version: str
    statement: Statement
    actions: frozenset[Action]
    unknown_patterns: tuple[ActionPattern, ...]


def limited_to(grant: Grant, resources: tuple[str, ...]) -> Grant:
    """The grant on only some of its resources."""
    return replace(grant, statement=replace(grant.statement, resources=resources))


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap on grants that grants nothing itself: the boundary, or one level of SCPs; `name` says which."""

    name: str
    allows: tuple[Grant, ...]
    denies: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class PrincipalGrants:
    """The grants of a principal's policies. `missing` names attached policies or boundaries without a document."""

    principal: Principal
    allows: tuple[Grant, ...]
    denies: tuple[Grant, ...]
    limits: tuple[Limit, ...]
    missing: tuple[str, ...]

    def granted(self) -> frozenset[Action]:
        """Every action that some Allow grants, that no Deny refuses outright and that every limit lets through.

        It is worked out whenever it is asked for: held, these sets would be most of the memory of an analysis.
        """
        found = _actions(self.allows) - _refused_outright(self.denies)
        for limit in self.limits:
            found = (found & _actions(limit.allows)) - _refused_outright(limit.denies)
        return found


def _actions(grants: Iterable[Grant]) -> frozenset[Action]:
    return frozenset().union(*(grant.actions for grant in grants))


def _refused_outright(denies: Iterable[Grant]) -> frozenset[Action]:
    return _actions(
        grant
        for grant in denies
        if not grant.statement.conditions and not grant.statement.not_resource and "*" in grant.statement.resources
    )
