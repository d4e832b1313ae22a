"""Coverage lost: trails that stopped, accounts and Regions from which no record comes any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind
from lpgen.core.drift.states import State
from lpgen.core.grounds import SIDE_WORDS, AccountCoverage, Hole
from lpgen.core.trails import Trail, describe_trail
from lpgen.core.usage.thin_days import LONGEST_QUIET_DAYS
from lpgen.core.usage.trail_changes import RESETS

_RARELY: Final = 2
"""A Region counts as lost once it is quiet for more than so many times its longest silence."""

_RESETS: Final = tuple(sorted(RESETS))


def find_lost_coverage(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each way in which the logs show less than before."""
    yield from _trails(before, after)
    yield from _stops(before, after)
    if after.stamp.as_of > before.stamp.as_of:
        silent = tuple(one.account for one in before.coverage.accounts if _is_silent(one.account, after))
        for account in silent:
            if not _is_stopped(after.coverage.account(account)):  # that is told already, with who did it
                yield _silent_account(account, after)
        yield from _silent_regions(before, after, silent)
        yield from _silent_events(before, after, silent)


# ---------------------------------------------------------------- trails by their settings


def _trails(before: State, after: State) -> Iterator[DriftFinding]:
    """What became of the trails, where both sides know the settings of some."""
    if not before.trails or not after.trails:
        return
    now = {one.arn: one for one in after.trails}
    for trail in before.trails:
        found = now.get(trail.arn)
        if found is None:
            yield _trail_finding(trail, Severity.CRITICAL, "the trail is gone", (f"it was {describe_trail(trail)}",))
        elif trail.logging and not found.logging:
            yield _trail_finding(trail, Severity.CRITICAL, "the trail stopped: it is not logging", ())
        elif _records(trail) != _records(found):
            details = (f"before: {describe_trail(trail)}", f"now: {describe_trail(found)}")
            yield _trail_finding(trail, Severity.HIGH, "the trail records other events than before", details)


def _records(trail: Trail) -> tuple[object, ...]:
    return trail.multi_region, trail.global_events, trail.organization, frozenset(trail.selectors)


def _trail_finding(trail: Trail, severity: Severity, message: str, details: tuple[str, ...]) -> DriftFinding:
    what = message.partition(":")[0].replace("the trail ", "").replace(" ", "-")
    return _lost(severity, trail.arn, message, details, what=what, step="start it again, and find out who changed it")


# ---------------------------------------------------------------- what the logs say


def _stops(before: State, after: State) -> Iterator[DriftFinding]:
    """The recorded stops that hide days of which the earlier state knew nothing."""
    known = {(one.account, _event_of(hole.why)) for one in before.coverage.accounts for hole in one.holes}
    for account in after.coverage.accounts:
        for hole in account.holes:
            event = _event_of(hole.why)
            if (account.account, event) in known or _is_of_settings(hole):
                continue
            days = f"{hole.first.isoformat()} to {hole.last.isoformat()}"
            is_open = hole.last >= account.last_day
            yield _lost(
                Severity.CRITICAL if is_open else Severity.HIGH,
                account.account,
                f"logging stopped: {days} {'is' if hole.first == hole.last else 'are'} not covered",
                (hole.why,),
                what=f"stopped {hole.first.isoformat()} {event.partition(' ')[0]}",
                step="start logging again, and find out who stopped it" if is_open else "find out who stopped it",
            )


def _is_stopped(coverage: AccountCoverage | None) -> bool:
    """Whether logging was stopped and never started again, by what the log says."""
    return coverage is not None and any(
        hole.last >= coverage.last_day and not _is_of_settings(hole) for hole in coverage.holes
    )


def _is_of_settings(hole: Hole) -> bool:
    """Whether a hole is there because settings don't reach back, and not because anything was stopped."""
    return hole.why.startswith("the settings")


def _is_silent(account: str, after: State) -> bool:
    coverage = after.coverage.account(account)
    return coverage is None or _silence(coverage.last_day, after) > LONGEST_QUIET_DAYS


def _silence(last: date, state: State) -> int:
    return (state.stamp.as_of - last).days


def _silent_account(account: str, after: State) -> DriftFinding:
    coverage: AccountCoverage | None = after.coverage.account(account)
    since = f"since {coverage.last_day.isoformat()}" if coverage else "any more"
    return _lost(
        Severity.HIGH,
        account,
        f"no record of the account came {since}",
        (),
        what="no-records",
        step="look whether its trail still delivers, and whether its logs were ingested",
    )


def _silent_regions(before: State, after: State, silent: Sequence[str]) -> Iterator[DriftFinding]:
    """The Regions that fell silent for longer than they ever were, in accounts that still have records."""
    for (account, region), days in before.region_days.items():
        if account in silent or not days:
            continue
        later = after.region_days.get((account, region), days)
        allowed = max(LONGEST_QUIET_DAYS, _RARELY * _longest_silence(days))
        if _silence(later[-1], after) > allowed >= _silence(days[-1], before):
            yield _lost(
                Severity.MEDIUM,
                account,
                f"no record of {region} came since {later[-1].isoformat()}",
                (),
                what=region,
                step="look whether a trail still records the Region, or whether nothing runs there any more",
            )


def _silent_events(before: State, after: State, silent: Sequence[str]) -> Iterator[DriftFinding]:
    """Events that the log held and holds no longer, in accounts that still have records: trails may have been told to
    leave out reads, writes, or the data events of a source.

    Data events come too rarely for their silence to say anything: they are lost where the log tells of a new change of
    selectors. Else a log of other days just holds none.
    """
    for account in before.coverage.accounts:
        now = after.coverage.account(account.account)
        if now is None or account.account in silent:
            continue
        known, held = _management_sides(account), _management_sides(now)
        known_resets = {_event_of(one) for one in _resets(account)}
        resets = tuple(sorted(one for one in _resets(now) if _event_of(one) not in known_resets))
        for side, word in SIDE_WORDS.items():
            if side not in known or known[side] is not None:  # the baseline lacked them too
                continue
            if side not in held or held[side] is not None:
                since = f"came since {held[side]}" if side in held else f"is there {_since_when(resets)}"
                yield _lost_events(account.account, f"no {word} management event {since}", resets, what=word)
        for region, source in sorted(account.data_events - now.data_events) if resets else ():
            message = f"the log holds no data events of {source} in {region} {_since_when(resets)}"
            yield _lost_events(account.account, message, resets, what=f"data {source} {region}")


def _management_sides(coverage: AccountCoverage) -> dict[bool, date | None]:
    """Until when the log holds read-only management events, and others; None where it does to its end."""
    return {one.read_only: one.until for one in coverage.seen if not one.is_data}


def _resets(coverage: AccountCoverage) -> Iterator[str]:
    """The changes of what trails record that a log tells of, a sentence each."""
    yield from (one for one in (*(hole.why for hole in coverage.holes), *coverage.changes) if one.startswith(_RESETS))


def _event_of(why: str) -> str:
    """The recorded change itself, of a sentence that says what came of it."""
    return why.partition(";")[0]


def _since_when(resets: Sequence[str]) -> str:
    return "since selectors changed" if resets else "any more"


def _lost_events(account: str, message: str, details: tuple[str, ...], *, what: str) -> DriftFinding:
    step = "look whether a trail was told to leave them out, and let one record them again"
    return _lost(Severity.HIGH, account, message, details, what=what, step=step)


def _longest_silence(days: Sequence[date]) -> int:
    """The longest time between two records, in days; a Region with a single day may be silent as long as it likes."""
    if len(days) < 2:
        return timedelta.max.days
    return max((later - earlier).days for earlier, later in pairwise(days))


def _lost(
    severity: Severity, subject: str, message: str, details: tuple[str, ...], *, what: str, step: str
) -> DriftFinding:
    item = f"{DriftKind.COVERAGE_LOST} {subject} {what}"
    return DriftFinding(DriftKind.COVERAGE_LOST, severity, subject, (), message, details, step, item)
