"""The inputs of an analysis: the recorded use of principals, the coverage of the logs, and the grants of the
policies."""

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

# ---------------------------------------------------------------- use, from the usage table


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of a use. Times are ISO 8601 in UTC, and the example is from the earliest record."""

    records: int
    first_seen: str
    last_seen: str
    example_event_id: str
    example_resource: str


@dataclass(frozen=True, slots=True, order=True)
class RecordedContext:
    """The recorded context of a call, in sorted pairs of key and values. Text is "" if records don't show it."""

    region: str
    vpc_endpoint: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Suspected(StrEnum):
    """Why a use may be an intruder's with stolen credentials."""

    NO = ""
    FEW_DAYS = "few-days"  # harm on one or two days, or within a week, where it isn't expected
    LATE = "late"  # harm that began in the last days of the logs
    AFTER_DENIALS = "after-denials"
    BURST = "burst"  # one of several kinds of harm that were new on one day
    COMPANY = "company"  # another use that began on a day of suspected harm


@dataclass(frozen=True, slots=True)
class Use:
    """One action of one principal on one resource with one outcome, over all days, with its recorded contexts.

    `on` are the days on which it was seen, sorted. lpgen learns nothing from suspected use
    (`lpgen.core.analysis.suspicion`). `is_made` means that the principal certainly created the resource.
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
        """Whether it was allowed and succeeded."""
        return self.outcome is Outcome.ALLOWED and not self.error_code

    @property
    def replayed_resource(self) -> Resource | None:
        """The resource for a replay: the example of a fold, and None if the resource wasn't read."""
        example = self.evidence.example_resource
        if self.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
            return None
        if self.resource.kind is ResourceKind.FOLD and example.startswith("arn:") and example != self.resource.text:
            return Resource(ResourceKind.ARN, example)
        return self.resource

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions in which it was seen, sorted."""
        return tuple(sorted({context.region for context in self.contexts}))


@dataclass(frozen=True, slots=True)
class UnmappedEvent:
    """Calls that can't count as use: the event map doesn't know them, or their record can't be used for a `reason`
    (BAD_RECORD, UNKNOWN_VERSION, NO_TIME, FUTURE)."""

    event_source: str
    event_name: str
    evidence: Evidence
    reason: SkipReason = SkipReason.UNMAPPED

    @property
    def item(self) -> str:
        """Its name in decisions."""
        return " ".join(filter(None, (self.reason, self.event_source, self.event_name)))


class IdUse(NamedTuple):
    """The use of one unique id: the actions that weren't denied, sorted, and the number of records."""

    principal_id: str
    actions: tuple[Action, ...]
    records: int


@dataclass(frozen=True, slots=True)
class PrincipalUsage:
    """One principal's part of the usage and skip tables.

    `principal_ids` are the ids in its records. `copied` are the services in copies or summaries of its calls, known if
    the principal is judged. `by_id` has the use of each id, counted or not, including earlier principals of the name.
    `days` is the number of days on which it used or attempted something, 0 if not counted. `protected` are the
    resources whose data its calls of KMS were for, each with the action of the call. `assumed` are the AWS services
    that assumed it, each with the last day. `elsewhere` are uses that only another account's log shows.
    """

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
        """The use of earlier principals of the name, empty if the id of the `principal` isn't known."""
        current = principal.principal_id
        return tuple(use for use in self.by_id if use.principal_id != current) if current else ()

    @property
    def denied(self) -> tuple[Use, ...]:
        """The denied attempts."""
        return tuple(use for use in self.uses if use.outcome is Outcome.DENIED)


# ---------------------------------------------------------------- coverage


@dataclass(frozen=True, slots=True)
class LogGap:
    """Consecutive days without any record, including the first and the last."""

    first: date
    last: date


class CoverageSource(StrEnum):
    """The source that shows which events were recorded."""

    LOG = "the log itself"
    TRAILS = "the trail settings"
    BOTH = "the trail settings of the snapshot and the log itself"  # only what both show counts as recorded


@dataclass(frozen=True, slots=True)
class Hole:
    """Days that the coverage excludes, including the first and the last; `why` is the reason.

    The reason is a recorded `change` of a trail, or `records` that can't be read. `known_from` is TRAILS if the
    settings don't reach back that far.
    """

    first: date
    last: date
    why: str
    change: TrailChange | None = None
    records: int = 0
    known_from: CoverageSource = CoverageSource.LOG


_STILL_RECORDED: Final = "{change}; the account was still recorded"
SIDE_WORDS: Final = {True: "read-only", False: "writing"}
"""The words for events with `readOnly` true or false."""


@dataclass(frozen=True, slots=True)
class SeenEvents:
    """Events of one kind in the log: management events, without Region and source, or data events of a Region and
    source.

    Trails also select by `readOnly`. `since` is the first day of these events if the log doesn't have them from its
    start, `until` the last day if it doesn't have them at its end.
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
    """The logs of one account. `covered_days` is the number of days in the window without those that are `missing`.

    `thin` are days with too few callers and services for complete records (`lpgen.core.usage.thin_days`). `lacks_files`
    means that all days seem to lack some of their files.

    `seen` are the kinds of events in the log. A kind without any event counts as not recorded. `known_from` says
    whether the log or `trails` decide: the settings of the trails that record the account, one sentence each. `unseen`
    are the event sources of management events that trails may exclude and that have no record in the log.
    `data_resources` are pairs of an event source and a bucket, table, function or similar resource in a data event.
    `summed` are the event sources with aggregated data events but no data events in the log. `changes` are recorded
    changes of trails that don't reduce the coverage.
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
        return tuple(_STILL_RECORDED.format(change=change) for change in self.changes)

    @property
    def uncovered(self) -> tuple[Hole, ...]:
        """The days with records that don't count, with their reasons."""
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
        """The number of days between two days, without days that the logs miss; negative if `since` is later.

        Days before the logs count, and days after them don't.
        """
        end = min(until, self.last_day)
        lost = sum(since < day <= end for day in set(days_between(self.first_day, self.last_day)) - self.days)
        return (end - since).days - lost

    @property
    def data_events(self) -> frozenset[tuple[str, str]]:
        """The pairs of Region and event source with data events in the log."""
        return frozenset((events.region, events.event_source) for events in self.seen if events.is_data)

    def sides(self, region: str = "", event_source: str = "") -> frozenset[bool]:
        """The `readOnly` values of the management events in the log, or of the data events of a Region and source."""
        place = (region, event_source)
        return frozenset(events.read_only for events in self.seen if (events.region, events.event_source) == place)


def days_between(first: date, last: date) -> Iterable[date]:
    """The days from the first to the last, both included."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """The logs of all accounts, sorted by account."""

    accounts: tuple[AccountCoverage, ...]

    def account(self, account: str) -> AccountCoverage | None:
        """The coverage of one account, or None if none of its logs was read."""
        return next((covered for covered in self.accounts if covered.account == account), None)

    @property
    def last_day(self) -> date | None:
        """The last day with a record: the default reference date of reports."""
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
    """One statement with its expanded actions.

    `unknown_patterns` are patterns that the catalog doesn't know, without names of retired services in AWS's own
    policies.
    """

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
    """A limit on grants that grants nothing itself: the boundary, or one level of SCPs, by `name`."""

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
        """Every action that an Allow grants, no Deny denies outright, and every limit allows.

        It is computed on each call, because these sets would take most of the memory of an analysis.
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
