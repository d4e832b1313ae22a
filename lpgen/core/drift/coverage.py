"""Lost coverage: trails that stopped, and accounts and Regions without new records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind
from lpgen.core.drift.states import State
from lpgen.core.evidence import SIDE_WORDS, AccountCoverage, CoverageSource
from lpgen.core.registry.row import TRAIL_GUIDE, Row
from lpgen.core.trails import Trail, TrailChange, describe_trail
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.thin_days import LONGEST_QUIET_DAYS
from lpgen.core.usage.trail_changes import RESETS

_ANY_MORE: Final = "any more"
_SINCE_SELECTORS: Final = "since selectors changed"

_RARELY: Final = 2
"""A Region counts as lost once its silence is longer than this many times its longest earlier silence."""


_START_AGAIN: Final = "start it again, and find out who changed it"
_RECORD_AGAIN: Final = "find out whether a trail now leaves them out, and record them again"


class CoverageDrift(DriftKind):
    """Drift of what the logs cover."""

    COVERAGE_LOST = Row(
        "coverage-lost",
        "The logs show less than before.",
        parameters={"case": str, "what": str, "about": str, "since": str},
        message={
            "is-gone": "the trail no longer exists",
            "stopped": "the trail stopped logging",
            "records-other-events-than-before": "the trail records other events than before",
            "logging": "logging stopped: {about} not covered",
            "logging-for-a-time": "logging stopped: {about} not covered",
            "account": "the account has no records {since}",
            "region": "{about} has no records {since}",
            "management": "the log has no {about} management events {since}",
            "data": "the log has no data events of {about} {since}",
        },
        step={
            "is-gone": _START_AGAIN,
            "stopped": _START_AGAIN,
            "records-other-events-than-before": _START_AGAIN,
            "logging": "start logging again, and find out who stopped it",
            "logging-for-a-time": "find out who stopped it",
            "account": "check whether its trail still delivers logs, and whether they were ingested",
            "region": "check whether a trail still records the Region, and whether anything still runs there",
            "management": _RECORD_AGAIN,
            "data": _RECORD_AGAIN,
        },
        item="coverage-lost {subject} {what}",
        help="A trail stopped or changed, or an account or a Region is silent, so calls there aren't seen.",
        to_do="start logging again, and find out who stopped it.",
        source=f"{TRAIL_GUIDE}/cloudtrail-turning-off-logging.html",
        severity=Severity.HIGH,
        score="9.1",
    )


def find_lost_coverage(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each kind of event that the logs no longer show."""
    yield from _trails(before, after)
    yield from _stops(before, after)
    if after.stamp.as_of > before.stamp.as_of:
        silent = tuple(coverage.account for coverage in before.coverage.accounts if _is_silent(coverage.account, after))
        for account in silent:
            if not _is_stopped(after.coverage.account(account)):  # already reported, with who stopped it
                yield _silent_account(account, after)
        yield from _silent_regions(before, after, silent)
        yield from _silent_events(before, after, silent)


# ---------------------------------------------------------------- trails by their settings


def _trails(before: State, after: State) -> Iterator[DriftFinding]:
    """The changes of trails, if both sides know trail settings."""
    if not before.trails or not after.trails:
        return
    now = {trail.arn: trail for trail in after.trails}
    for trail in before.trails:
        found = now.get(trail.arn)
        if found is None:
            yield _lost("is-gone", Severity.CRITICAL, trail.arn, (f"it was {describe_trail(trail)}",))
        elif trail.logging and not found.logging:
            yield _lost("stopped", Severity.CRITICAL, trail.arn)
        elif _records(trail) != _records(found):
            details = (f"before: {describe_trail(trail)}", f"now: {describe_trail(found)}")
            yield _lost("records-other-events-than-before", Severity.HIGH, trail.arn, details)


def _records(trail: Trail) -> tuple[object, ...]:
    return trail.multi_region, trail.global_events, trail.organization, frozenset(trail.selectors)


# ---------------------------------------------------------------- what the logs say


def _stops(before: State, after: State) -> Iterator[DriftFinding]:
    """The recorded stops that hide days and that the earlier state didn't know."""
    known = {
        (coverage.account, hole.change or hole.why) for coverage in before.coverage.accounts for hole in coverage.holes
    }
    for account in after.coverage.accounts:
        for hole in account.holes:
            if (account.account, hole.change or hole.why) in known or hole.known_from is CoverageSource.TRAILS:
                continue
            is_open = hole.last >= account.last_day
            yield _lost(
                "logging" if is_open else "logging-for-a-time",
                Severity.CRITICAL if is_open else Severity.HIGH,
                account.account,
                (hole.why,),
                what=f"stopped {hole.first} {hole.change.event if hole.change else f'{hole.records:,}'}",
                about=f"{hole.first} to {hole.last} {'is' if hole.first == hole.last else 'are'}",
            )


def _is_stopped(coverage: AccountCoverage | None) -> bool:
    """Whether logging was stopped and not started again, according to the log."""
    return coverage is not None and any(
        hole.last >= coverage.last_day and hole.known_from is not CoverageSource.TRAILS for hole in coverage.holes
    )


def _is_silent(account: str, after: State) -> bool:
    coverage = after.coverage.account(account)
    return coverage is None or _silence(coverage.last_day, after) > LONGEST_QUIET_DAYS


def _silence(last: date, state: State) -> int:
    return (state.stamp.as_of - last).days


def _silent_account(account: str, after: State) -> DriftFinding:
    coverage = after.coverage.account(account)
    since = f"since {coverage.last_day}" if coverage else _ANY_MORE
    return _lost("account", Severity.HIGH, account, what="no-records", since=since)


def _silent_regions(before: State, after: State, silent: Sequence[str]) -> Iterator[DriftFinding]:
    """The Regions that are silent for longer than ever before, in accounts that still have records."""
    for (account, region), days in before.region_days.items():
        if account in silent or not days:
            continue
        later = after.region_days.get((account, region), days)
        allowed = max(LONGEST_QUIET_DAYS, _RARELY * _longest_silence(days))
        if _silence(later[-1], after) > allowed >= _silence(days[-1], before):
            yield _lost("region", Severity.MEDIUM, account, what=region, about=region, since=f"since {later[-1]}")


def _silent_events(before: State, after: State, silent: Sequence[str]) -> Iterator[DriftFinding]:
    """Events that the log held and no longer holds, in accounts that still have records: a trail may now leave out
    reads, writes, or the data events of a source.

    Data events are too rare for their silence to mean anything. They count as lost only if the log shows a new change
    of selectors. Otherwise the log of other days may just have none.
    """
    for account in before.coverage.accounts:
        now = after.coverage.account(account.account)
        if now is None or account.account in silent:
            continue
        known, held = _management_sides(account), _management_sides(now)
        known_resets = _resets(account)
        resets = tuple(sorted(text for change, text in _resets(now).items() if change not in known_resets))
        for side, word in SIDE_WORDS.items():
            if side not in known or known[side] is not None:  # the baseline lacked them too
                continue
            if side not in held or held[side] is not None:
                since = f"since {held[side]}" if side in held else _since_when(resets)
                yield _lost("management", Severity.HIGH, account.account, resets, what=word, about=word, since=since)
        for region, source in sorted(account.data_events - now.data_events) if resets else ():
            what, about = f"data {source} {region}", f"{source} in {region}"
            yield _lost(
                "data", Severity.HIGH, account.account, resets, what=what, about=about, since=_since_when(resets)
            )


def _management_sides(coverage: AccountCoverage) -> dict[bool, date | None]:
    """Until when the log holds read-only and other management events; None if until its end."""
    return {events.read_only: events.until for events in coverage.seen if not events.is_data}


def _resets(coverage: AccountCoverage) -> Mapping[TrailChange, str]:
    """The recorded changes of the events that trails record, each with a sentence on its effect."""
    of_holes = {hole.change: hole.why for hole in coverage.holes if hole.change}
    found = {**of_holes, **dict(zip(coverage.changes, coverage.change_notes, strict=True))}
    return {change: text for change, text in found.items() if change.event in RESETS}


def _since_when(resets: Sequence[str]) -> str:
    return _SINCE_SELECTORS if resets else _ANY_MORE


def region_days_from_usage(usage: Usage) -> Mapping[tuple[str, str], tuple[date, ...]]:
    """The days with records, by account and Region, sorted."""
    found: dict[tuple[str, str], set[date]] = defaultdict(set)
    for account, region, day in distinct_rows(usage.coverage, ("account", "region", "day")):
        if account and region and day is not None:
            found[account, region].add(day)
    return {place: tuple(sorted(days)) for place, days in sorted(found.items())}


def _longest_silence(days: Sequence[date]) -> int:
    """The longest time between two days with records, in days; unlimited for a single day."""
    if len(days) < 2:
        return timedelta.max.days
    return max((later - earlier).days for earlier, later in pairwise(days))


def _lost(
    case: str, severity: Severity, subject: str, details: tuple[str, ...] = (), *, what: str = "", **facts: str
) -> DriftFinding:
    parameters = {"case": case, "what": what or case, **facts}
    return DriftFinding(
        CoverageDrift.COVERAGE_LOST,
        parameters,
        severity=severity,
        subject=subject,
        details=details,
        ties=(f"{case} {parameters['what']}",),
    )
