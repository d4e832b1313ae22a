"""The blind spots that a log itself shows: event sources, sides, Regions and resources without any event."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from lpgen.core.analysis.grants.granting import ANY_REGION, named_regions
from lpgen.core.analysis.observability.recorded_calls import GLOBAL_SERVICES, HOME_REGION, RecordedCalls
from lpgen.core.arns import OTHER_PARTITIONS, container_of
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.visibility import SHOWN, ActionVisibility, VisibilityTable
from lpgen.core.evidence import SIDE_WORDS, AccountCoverage, CoverageSource, Grant, SeenEvents
from lpgen.core.globs.match import as_glob, has_wildcard, patterns_intersect
from lpgen.core.model import Action, Visibility

_MOST_ANSWERS: Final = 4096
"""Cache size. Principals are processed in order, and principals of one account share statements."""

_NO_HOME_REGION: Final = "the logs have no record of {region}, where calls of {service} are recorded"
_NO_SOURCE: Final = "the logs have no record of {sources}, which a trail may exclude"
_NO_DATA: Final = "it leaves a data event, and the logs have no data events of {sources}{where}"
_ONE_SIDE: Final = "it leaves a data event, and all data events of {sources} in {region} in the logs are {side}"
_FEW_DATA: Final = "it leaves a data event, and the logs have {side} data events of {sources} in {region} only {when}"
_NO_MANAGEMENT: Final = "the logs have no {side} management events, which a trail may exclude"
_FEW_MANAGEMENT: Final = "the logs have {side} management events only {when}"
_NO_REGION: Final = "the logs have no record of {region}"
_NO_RESOURCE: Final = "it leaves a data event, and the logs have no data events on {resource}"


class BlindByLog(dict[Action, str]):
    """Why the log could not have shown each action of principals in these Regions, found on first request.

    Their account's log lacks records of the event sources `unseen`. It has the events `seen`, whose text says why some
    cover too few days. `no_global` is the Region in which global services record their events, if the log has no record
    of it, else "". `shown` are the actions that the log shows although AWS's pages say otherwise.
    """

    def __init__(
        self,
        table: VisibilityTable,
        calls: RecordedCalls,
        catalog: Catalog,
        *,
        unseen: frozenset[str],
        seen: Mapping[SeenEvents, str],
        regions: tuple[str, ...],
        no_global: str = "",
        shown: Collection[Action] = (),
    ) -> None:
        self._table = table
        self._calls = calls
        self._catalog = catalog
        self._unseen = unseen
        self._seen = seen
        self._regions = frozenset(regions)
        self._texts: dict[str, str] = {}
        self._no_global, self._shown = no_global, shown
        self._missing_sides = _missing_sides(
            {events.read_only: why for events, why in seen.items() if not events.is_data}
        )

    @property
    def lacks_management(self) -> bool:
        """Whether the log may lack management events of any action."""
        return bool(self._no_global or self._unseen or self._missing_sides)

    def __missing__(self, action: Action) -> str:
        found = self._blind(action, SHOWN if action in self._shown else self._table.visibility(action))
        self[action] = self._texts.setdefault(found, found)  # thousands of actions share a few texts
        return found

    def _blind(self, action: Action, entry: ActionVisibility) -> str:
        match entry.visibility:
            case Visibility.NEVER:
                return entry.reason
            case Visibility.INFERRED:
                return self._blind_to_side(action)
            case Visibility.DATA:
                return self._blind_to_data(action, entry.event_sources)
            case Visibility.MANAGEMENT:
                return self._blind_to_global(action) or self._blind_to_source(action) or self._blind_to_side(action)

    def _blind_to_global(self, action: Action) -> str:
        service = action.partition(":")[0] if self._no_global else ""
        if service not in GLOBAL_SERVICES:
            return ""
        return _NO_HOME_REGION.format(region=self._no_global, service=service)

    def _blind_to_source(self, action: Action) -> str:
        sources = self._calls.event_sources(action.partition(":")[0]) if self._unseen else frozenset()
        unseen = " or ".join(sorted(self._unseen & sources))
        return _NO_SOURCE.format(sources=unseen) if unseen else ""

    def _blind_to_side(self, action: Action) -> str:
        """Why the log lacks management events of a side that an action may have, or ""."""
        if not self._missing_sides:
            return ""
        return next((self._missing_sides[side] for side in self._sides(action) if side in self._missing_sides), "")

    def _blind_to_data(self, action: Action, sources: tuple[str, ...]) -> str:
        named = " or ".join(sources)
        seen = {events: why for events, why in self._seen.items() if events.event_source in sources}
        regions = self._regions or {events.region for events in seen}
        missing = sorted(regions - {events.region for events in seen})
        if missing or not seen:
            where = f" in {', '.join(missing)}" if seen else ""
            return _NO_DATA.format(sources=named, where=where)
        whys = [self._blind_to_data_in(region, action, seen, named) for region in sorted(regions)]
        # A principal that was active in no Region may have been active where the log would have shown it.
        return next(filter(None, whys), "") if self._regions or all(whys) else ""

    def _blind_to_data_in(self, region: str, action: Action, seen: Mapping[SeenEvents, str], named: str) -> str:
        here = {events: why for events, why in seen.items() if events.region == region}
        for side in self._sides(action):
            whys = [why for events, why in here.items() if events.read_only is side]
            if not whys:
                return _ONE_SIDE.format(sources=named, region=region, side=SIDE_WORDS[not side])
            if all(whys):
                return _FEW_DATA.format(side=SIDE_WORDS[side], sources=named, region=region, when=whys[0])
        return ""

    def _sides(self, action: Action) -> tuple[bool, ...]:
        return self._calls.sides(action, self._catalog.detail(action).level)


def _missing_sides(seen: Mapping[bool, str]) -> dict[bool, str]:
    """Why the log lacks management events of each side that it lacks: it has none, or has them on too few days."""
    found: dict[bool, str] = {}
    for side, word in SIDE_WORDS.items():
        if side not in seen:
            found[side] = _NO_MANAGEMENT.format(side=word)
        elif seen[side]:
            found[side] = _FEW_MANAGEMENT.format(side=word, when=seen[side])
    return found


# ---------------------------------------------------------------- Regions


def missing_home_region(coverage: AccountCoverage | None) -> str:
    """The Region in which global services record their events, in the partition of the logs, if the logs have no record
    of it and not only trail settings decide; else ""."""
    if coverage is None or coverage.known_from is CoverageSource.TRAILS or not coverage.regions:
        return ""
    found = (home for region in coverage.regions for _, start, home in OTHER_PARTITIONS if region.startswith(start))
    home = next(found, HOME_REGION)
    return "" if home in coverage.regions else home


class SilentRegions:
    """Finds the Regions without any record in an account's log, unless only settings decide what it would have."""

    def __init__(self, coverage: Mapping[str, AccountCoverage], table: VisibilityTable) -> None:
        self._coverage, self._table = coverage, table

    def of_grant(self, action: Action, account: str, grant: Grant) -> Mapping[str, str]:
        """The resources of a statement in Regions without a record in the log, each with why.

        A trail of one Region records no other, and only settings show that a trail records all Regions. A condition
        that allows several Regions names none. The result is empty if only settings decide, and for actions without
        management events or with events in one fixed Region.
        """
        found: dict[str, str] = {}
        for resource, region in named_regions(grant):
            if why := self.why(action, account, region):
                found[resource] = why
        return found

    def why(self, action: Action, account: str, region: str) -> str:
        """Why the log would not have shown use of an action in a Region: it has no record of that Region; else ""."""
        is_silent = self._lacks(account, region) and self._is_regional(action)
        return _NO_REGION.format(region=region) if is_silent else ""

    def are_named(self, account: str, grants: Iterable[Grant]) -> bool:
        """Whether a statement names a Region without a record in the account's log, and settings don't decide."""
        return any(self._lacks(account, region) for grant in grants for _, region in named_regions(grant))

    def _lacks(self, account: str, region: str) -> bool:
        covered = self._coverage.get(account)
        if region == ANY_REGION or covered is None or covered.known_from is CoverageSource.TRAILS:
            return False
        return region not in covered.regions

    def _is_regional(self, action: Action) -> bool:
        is_management = self._table.visibility(action).visibility is Visibility.MANAGEMENT
        return is_management and action.partition(":")[0] not in GLOBAL_SERVICES


# ---------------------------------------------------------------- resources


class DataResources:
    """The buckets, tables, functions and other resources that data events of any account name, by event source.

    A trail that selects data events by resource excludes the others.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
    """

    def __init__(self, accounts: Iterable[AccountCoverage]) -> None:
        self._seen: dict[str, set[str]] = {}
        for covered in accounts:
            for source, container in covered.data_resources:
                self._seen.setdefault(source, set()).add(container)
        # A name that isn't in the log can only match a pattern: folding turns ids into patterns.
        self._folds = {source: tuple(filter(has_wildcard, seen)) for source, seen in self._seen.items()}
        self._named: dict[tuple[str, str], bool] = {}
        self._answers: dict[tuple[tuple[str, ...], tuple[str, ...], str], dict[str, str]] = {}

    def unnamed(self, sources: tuple[str, ...], resources: tuple[str, ...], version: str) -> Mapping[str, str]:
        """The resources, or patterns in a policy's language version, without a data event of the event sources, each
        with why. Empty if the logs have no data event of these sources."""
        key = (sources, resources, version)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
                self._named.clear()
            found = self._answers[key] = self._find_unnamed(*key)
        return found

    def _find_unnamed(self, sources: tuple[str, ...], resources: tuple[str, ...], version: str) -> dict[str, str]:
        if all(source not in self._seen for source in sources):  # then no data event distinguishes resources
            return {}
        return {
            resource: _NO_RESOURCE.format(resource=resource)
            for resource in resources
            if not any(self._is_named(container_of(as_glob(resource, version)), source) for source in sources)
        }

    def _is_named(self, container: str, source: str) -> bool:
        """Whether a data event of a source names a container, or a container that a pattern matches."""
        seen = self._seen.get(source, set())
        if container in seen:
            return True
        key = (container, source)
        if key not in self._named:
            others = seen if has_wildcard(container) else self._folds.get(source, ())
            self._named[key] = any(patterns_intersect(container, other) for other in others)
        return self._named[key]
