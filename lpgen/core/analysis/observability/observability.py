"""Decides whether the logs would have shown use of an action."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache, partial
from typing import Final

from lpgen.core.analysis.grants.granting import ANY_REGION
from lpgen.core.analysis.observability.log_blind_spots import (
    BlindByLog,
    DataResources,
    SilentRegions,
    missing_home_region,
)
from lpgen.core.analysis.observability.recorded_calls import RecordedCalls
from lpgen.core.analysis.observability.signs_in_logs import NO_SHOWN_READS, ShownReads
from lpgen.core.analysis.observability.trail_coverage import (
    Events,
    recording_trails,
    regions_of_events,
    resources_of_events,
    tests_field,
    trails_of_kind,
    without_exclusions,
)
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.visibility import SHOWN, ActionVisibility, VisibilityTable, visibility_from_catalog
from lpgen.core.evidence import AccountCoverage, CoverageSource, Grant, LogCoverage, SeenEvents, limited_to
from lpgen.core.model import Action, Visibility
from lpgen.core.trails import CALLER_FIELD, Trail, TrailChange, trails_of_accounts
from lpgen.core.usage.logging_holes import first_day_after, settings_since

_TOO_FEW_DAYS: Final = "{when}, which is {days} covered {unit}"
_CHANGED: Final = "recorded only since {change}, which is {days} covered days"
_NOT_EVERY_TRAIL: Final = "{why}, and not every trail of such events records them"

_MOST_KINDS: Final = 16
"""How many kinds of accounts and Regions to cache the log's answers by action for. Each takes megabytes. Principals of
one account are reviewed in order."""

_MOST_ANSWERS: Final = 1 << 14


class Observability:
    """Decides which use the logs could have shown, from what CloudTrail records and from the logs that were read."""

    def __init__(
        self,
        catalog: Catalog,
        coverage: LogCoverage,
        trails: Sequence[Trail] = (),
        changes: Sequence[TrailChange] = (),
        shown: ShownReads = NO_SHOWN_READS,
        *,
        min_days: int,
    ) -> None:
        """CloudTrail must have recorded an action for `min_days`.

        `changes` are the changes of trails. `shown` are the reads that the log shows although AWS's pages say
        otherwise.
        """
        self.table, self.calls, self._by_log = _tables_of(catalog)
        self._given = (catalog, coverage, trails, changes, shown)
        self._catalog = catalog
        self._coverage = {covered.account: covered for covered in coverage.accounts}
        self.silent = SilentRegions(self._coverage, self.table)
        self._data = DataResources(coverage.accounts)
        self._trails = trails_of_accounts(trails, list(self._coverage))
        self._changes, self._min_days = changes, min_days
        self._shown = {
            account: frozenset(action for action, day in days.items() if _days_from(covered, day) >= min_days)
            for account, days in shown.items()
            if (covered := self._coverage.get(account))
        }
        self._answers: dict[tuple[str, Events], str] = {}
        self._late: dict[str, frozenset[tuple[SeenEvents, str]]] = {}
        self._wider: dict[tuple[str, str], tuple[tuple[Trail, ...], frozenset[str]]] = {}
        self._traces: dict[Action, int] = {}
        self._numbers: dict[Hashable, int] = {}

    def __reduce__(self) -> tuple[partial[Observability], tuple[object, ...]]:
        return partial(Observability, min_days=self._min_days), self._given  # without the caches

    def visibility(self, action: Action) -> Visibility:
        """How CloudTrail shows an action."""
        return self.table.visibility(action).visibility

    def data_event_type(self, action: Action) -> str:
        """The `resources.type` that trails use to select the data events of an action, "" if it leaves other events."""
        return self.table.visibility(action).selector

    def data_events(self, action: Action, resources: tuple[str, ...], callers: tuple[str, ...]) -> Events:
        """The data events that use of an action by `callers` on some resource patterns would leave, in any Region."""
        entry = self.table.visibility(action)
        return Events(
            service=action.partition(":")[0],
            category=_category(entry),
            kind=entry.selector,
            sides=self.calls.sides(action, self._catalog.detail(action).level),
            sources=entry.event_sources,
            names=(),
            resources=resources,
            regions=(ANY_REGION,),
            callers=callers,
        )

    def resting_on_log(self, account: str) -> frozenset[Action]:
        """The actions for which only the log shows that use would have left a record.

        A trail also selects data events by resource. If no settings are known, a log with events on one resource may
        miss events on others.
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
        """
        return frozenset() if account in self._trails else self.table.data_actions(self._catalog.actions())

    def without_management_event(self) -> frozenset[Action]:
        """The actions that no management event of their own shows."""
        return self.table.without_management_event(self._catalog.actions())

    def blind_spot(
        self,
        action: Action,
        account: str,
        regions: tuple[str, ...],
        grants: Sequence[Grant],
        callers: tuple[str, ...] = (),
    ) -> str:
        """Why the logs could not have shown use of an action by a principal, or "" if they could.

        `callers` are the principal's `session_arns`. Selectors that test the caller don't count without them.

        Known trail settings of the account decide, for what the action's `grants` allow. Settings from a snapshot
        decide only together with the log, because the logs of a trail may not have been ingested.

        By the log, a management event counts as recorded if the account's log has events with the same `readOnly`
        value, and has events of the Region where global services record or of the Region that the `grants` name. A data
        event counts as recorded if the account's log has events of the same source in every Region where the principal
        was active, or in any Region if it was active in none. The first of these events must be at least `min_days`
        covered days old or at the start of the log. `unrecorded` decides whether the resource is recorded.
        """
        return self._blind_spot(action, account, regions, grants, callers, self._trails.get(account))

    def left_out(
        self,
        action: Action,
        account: str,
        regions: tuple[str, ...],
        grants: Sequence[Grant],
        callers: tuple[str, ...],
    ) -> tuple[str, ...]:
        """The patterns of the only resources on which trails don't record an action, because selectors exclude them,
        such as the bucket of log files. Empty if use elsewhere would have left no record either."""
        trails, entry = self._trails.get(account, ()), self._entry(action, account)
        if entry.visibility is not Visibility.DATA:
            return ()
        key = (account, entry.selector)
        if key not in self._wider:
            self._wider[key] = without_exclusions(trails, entry.selector)
        wider, excluded = self._wider[key]
        if not excluded or self._blind_spot(action, account, regions, grants, callers, wider):
            return ()
        return tuple(sorted(pattern for pattern in excluded if self._catalog.takes_resource(action, pattern)))

    def _blind_spot(
        self,
        action: Action,
        account: str,
        regions: tuple[str, ...],
        grants: Sequence[Grant],
        callers: tuple[str, ...],
        trails: tuple[Trail, ...] | None,
    ) -> str:
        if trails is not None:
            entry = self._entry(action, account)
            covered = self._coverage.get(account)
            if covered is not None and entry.visibility is not Visibility.NEVER:
                events = self._events(action, entry, trails, grants, callers)
                blind = self._blind_by_settings(events, covered, trails)
                if blind or covered.known_from is CoverageSource.TRAILS:
                    return blind
                if why := self._where_trails_differ(action, entry, trails, grants, callers):
                    return why
        by_log = self._blind_by_log(account, regions)[action]
        return by_log or next(
            (why for grant in grants for why in self.silent.of_grant(action, account, grant).values()), ""
        )

    def unrecorded(
        self, action: Action, account: str, grant: Grant, callers: tuple[str, ...] = ()
    ) -> Mapping[str, str]:
        """The resources of a statement on which the logs would not have shown use of an action, each with why.

        Known trail settings decide this for every kind of event. By the log, these are resources that data events don't
        name and, for management events, resources in Regions without a record.
        """
        trails, covered = self._trails.get(account), self._coverage.get(account)
        entry = self._entry(action, account)
        if covered is None or entry.visibility in (Visibility.NEVER, Visibility.INFERRED):
            return {}
        if trails is None:
            statement = grant.statement
            unnamed = {} if statement.not_resource else self.unnamed(action, statement.resources, grant.version)
            return {**self.silent.of_grant(action, account, grant), **unnamed}
        found: dict[str, str] = {}
        silent = self.silent.of_grant(action, account, grant)
        for resource in grant.statement.resources:
            part = grant if grant.statement.not_resource else limited_to(grant, (resource,))
            events = self._events(action, entry, trails, (part,), callers)
            why = self._blind_by_settings(events, covered, trails)
            if not why and covered.known_from is CoverageSource.BOTH:
                why = self._where_trails_differ(action, entry, trails, (part,), callers) or silent.get(resource, "")
            if why:
                found[resource] = why
        return found

    def unnamed(self, action: Action, resources: tuple[str, ...], version: str) -> Mapping[str, str]:
        """The resources, or patterns in a policy's language version, without a data event of an action's sources in any
        account's log, each with why. Empty for actions that leave other events."""
        entry = self.table.visibility(action)
        if entry.visibility is not Visibility.DATA:
            return {}
        found = self._data.unnamed(entry.event_sources, resources, version)
        return {resource: why for resource, why in found.items() if self._catalog.takes_resource(action, resource)}

    def _where_trails_differ(
        self,
        action: Action,
        entry: ActionVisibility,
        trails: Sequence[Trail],
        grants: Iterable[Grant],
        callers: tuple[str, ...],
    ) -> str:
        """Why the logs may lack data events that some trail of a snapshot records, or "".

        lpgen doesn't know which trails' logs were ingested. If all trails of such events record these, one of them was
        ingested. Otherwise the log must name the resource.
        """
        if entry.visibility is not Visibility.DATA:
            return ""
        alike = trails_of_kind(trails, entry.selector)
        for grant in grants:
            if grant.statement.not_resource:
                continue
            unnamed = self._data.unnamed(entry.event_sources, grant.statement.resources, grant.version)
            for resource, why in unnamed.items():
                events = self._events(action, entry, trails, (limited_to(grant, (resource,)),), callers)
                recording = recording_trails(events, trails)
                if not isinstance(recording, str) and any(not alike <= some for some in recording):
                    return _NOT_EVERY_TRAIL.format(why=why)
        return ""

    def blind_spots(self, account: str, regions: tuple[str, ...]) -> BlindByLog | None:
        """The blind spots of a principal by action, or None if they depend on its statements."""
        return None if account in self._trails else self._blind_by_log(account, regions)

    def _blind_by_log(self, account: str, regions: tuple[str, ...]) -> BlindByLog:
        covered = self._coverage.get(account)
        unseen = covered.unseen if covered else frozenset[str]()
        seen = self._late_by_events(covered) if covered else frozenset[tuple[SeenEvents, str]]()
        no_global = missing_home_region(covered)
        shown = self._shown.get(account, frozenset())
        key = (unseen, seen, regions, no_global, shown)  # many accounts share it
        found = self._by_log.get(key)
        if found is None:
            if len(self._by_log) >= _MOST_KINDS:
                del self._by_log[next(iter(self._by_log))]
            found = self._by_log[key] = BlindByLog(
                self.table,
                self.calls,
                self._catalog,
                unseen=unseen,
                seen=dict(seen),
                regions=regions,
                no_global=no_global,
                shown=shown,
            )
        return found

    def _entry(self, action: Action, account: str) -> ActionVisibility:
        return SHOWN if action in self._shown.get(account, ()) else self.table.visibility(action)

    def _late_by_events(self, covered: AccountCoverage) -> frozenset[tuple[SeenEvents, str]]:
        if covered.account not in self._late:
            found = ((events, self._why_late(events, covered)) for events in covered.seen)
            self._late[covered.account] = frozenset(found)
        return self._late[covered.account]

    def _why_late(self, seen: SeenEvents, covered: AccountCoverage) -> str:
        """The days on which the log has these events, if these are too few; else ""."""
        if seen.since is None and seen.until is None:
            return ""
        days = _days_from(covered, seen.since or covered.first_day, seen.until)
        start = f"from {seen.since} " if seen.since else ""
        when = f"{start}until {seen.until}" if seen.until else f"{start}on"
        if days >= self._min_days:
            return ""
        return _TOO_FEW_DAYS.format(when=when, days=days, unit="day" if days == 1 else "days")

    def _blind_by_settings(self, events: Events, covered: AccountCoverage, trails: tuple[Trail, ...]) -> str:
        if trails is not self._trails.get(covered.account):
            return self._by_settings(events, covered, trails)
        key = (covered.account, events)
        if key not in self._answers:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[key] = self._by_settings(events, covered, trails)
        return self._answers[key]

    def _events(
        self,
        action: Action,
        entry: ActionVisibility,
        trails: Sequence[Trail],
        grants: Sequence[Grant],
        callers: tuple[str, ...],
    ) -> Events:
        """The events that use of an action by these callers would leave, within these statements."""
        # If other calls show the use, they may be of any service and Region.
        inferred = entry.visibility is Visibility.INFERRED
        service = "" if inferred else action.partition(":")[0]
        category = _category(entry)
        tests_names = not inferred and tests_field(trails, category, "eventName")
        regions = regions_of_events(service, grants, trails)
        return Events(
            service=service,
            category=category,
            kind=entry.selector,
            sides=self.calls.sides(action, self._catalog.detail(action).level),
            sources=() if inferred else tuple(sorted(entry.event_sources or self.calls.event_sources(service))),
            names=tuple(sorted(self.calls.event_names(action))) if tests_names else (),
            resources=resources_of_events(grants) if entry.visibility is Visibility.DATA else ("*",),
            regions=regions or (ANY_REGION,),
            callers=callers if tests_field(trails, category, CALLER_FIELD) else (),
        )

    def trace(self, action: Action) -> int:
        """A number that identifies the records that use of an action leaves, as far as trails distinguish records.

        If two actions with one number are granted by the same statements, either both are blind spots or neither is.
        """
        known = self._traces.get(action)
        if known is None:
            entry = self.table.visibility(action)
            key = (
                action.partition(":")[0],
                entry.visibility,
                entry.selector,
                entry.event_sources,
                action if any(action in shown for shown in self._shown.values()) else "",
                entry.reason if entry.visibility is Visibility.NEVER else "",
                self.calls.sides(action, self._catalog.detail(action).level),
                self.calls.event_names(action) if _category(entry) in self._categories_by_name else (),
            )
            known = self._traces[action] = self._numbers.setdefault(key, len(self._numbers))
        return known

    @cached_property
    def _categories_by_name(self) -> frozenset[str]:
        """The event categories for which some trail of any account tests event names."""
        trails = {trail for some in self._trails.values() for trail in some}
        return frozenset(category for category in _CATEGORIES if tests_field(trails, category, "eventName"))

    def _by_settings(self, events: Events, covered: AccountCoverage, trails: tuple[Trail, ...]) -> str:
        recording = recording_trails(events, trails)
        if isinstance(recording, str):
            return recording
        since = [self._since(some) for some in recording]
        latest = max((change for change in since if change is not None), default=None)
        if latest is None:
            return ""
        days = _days_from(covered, first_day_after(latest))
        if latest.when.date() < covered.first_day or days >= self._min_days:
            return ""
        return _CHANGED.format(change=latest, days=days)

    def _since(self, trails: Iterable[Trail]) -> TrailChange | None:
        """The change since which one of the trails records; None if one of them always did."""
        found = [settings_since(trail, self._changes) for trail in trails]
        changes = [change for change in found if change is not None]
        return min(changes) if len(changes) == len(found) else None


@lru_cache(maxsize=2)
def _tables_of(catalog: Catalog) -> tuple[VisibilityTable, RecordedCalls, dict[Hashable, BlindByLog]]:
    """The tables that depend only on the catalog, and answers by kind of account and Regions.

    They are cached because a backtest observes many windows with the same catalog.
    """
    return visibility_from_catalog(catalog), RecordedCalls(catalog.source), {}


_CATEGORIES: Final = ("Data", "Management")


def _category(entry: ActionVisibility) -> str:
    return "Data" if entry.visibility is Visibility.DATA else "Management"


def _days_from(covered: AccountCoverage, first: date, last: date | None = None) -> int:
    """The number of covered days of an account from a first day to a last day."""
    return sum(first <= day <= (last or covered.last_day) for day in covered.days)
