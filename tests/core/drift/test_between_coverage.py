"""Drift of coverage: trails, accounts and Regions that no longer tell everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lpgen.core.choices import Severity
from lpgen.core.drift.coverage import CoverageDrift
from lpgen.core.evidence import Hole
from lpgen.core.trails import TrailChange
from tests.core.drift.drift_states import APP, TRAIL, found, kinds, later, state
from tests.support.worlds import ACCOUNT, LAST_DAY


def test_a_trail_that_stopped_changed_or_went_is_found() -> None:
    one = state(APP, trails=(TRAIL,))
    stopped = replace(one, trails=(replace(TRAIL, logging=False),))
    narrowed = replace(one, trails=(replace(TRAIL, multi_region=False),))
    gone = replace(one, trails=(replace(TRAIL, arn=TRAIL.arn + "2"),))
    assert kinds(one, stopped) == [(CoverageDrift.COVERAGE_LOST, Severity.CRITICAL)]
    assert kinds(one, narrowed) == [(CoverageDrift.COVERAGE_LOST, Severity.HIGH)]
    assert kinds(one, gone) == [(CoverageDrift.COVERAGE_LOST, Severity.CRITICAL)]
    assert kinds(stopped, one) == []
    assert any("trail settings" in note for note in found(one, state(APP)).notes)


def test_an_account_without_new_records_is_lost() -> None:
    one = state(APP)
    silent = replace(one, stamp=replace(one.stamp, as_of=LAST_DAY + timedelta(days=4)))
    assert kinds(one, silent) == [(CoverageDrift.COVERAGE_LOST, Severity.HIGH)]
    weekend = replace(one, stamp=replace(one.stamp, as_of=LAST_DAY + timedelta(days=3)))
    assert kinds(one, weekend) == []


def test_a_region_is_lost_when_it_is_quiet_for_longer_than_ever() -> None:
    one = state(APP)
    daily = {(ACCOUNT, "eu-west-1"): tuple(LAST_DAY - timedelta(days=at) for at in range(20, -1, -1))}
    weekly = {(ACCOUNT, "eu-west-1"): tuple(LAST_DAY - timedelta(days=7 * at) for at in range(5, -1, -1))}
    for days, lost in ((daily, True), (weekly, False)):
        before = replace(one, region_days={**one.region_days, **days})
        after = later(one, 7)
        after = replace(after, region_days={**after.region_days, **days})
        assert kinds(before, after) == ([(CoverageDrift.COVERAGE_LOST, Severity.MEDIUM)] if lost else [])


@pytest.mark.parametrize(("silent_for", "is_lost"), [(5, True), (3, False)])
def test_reads_that_the_log_no_longer_holds_are_lost(silent_for: int, *, is_lost: bool) -> None:
    one = state(APP)
    after = later(one)
    last = after.stamp.as_of - timedelta(days=silent_for)
    (account,) = after.coverage.accounts
    seen = {
        replace(event, until=last) if event.read_only and not event.is_data and silent_for > 3 else event
        for event in account.seen
    }
    after = replace(after, coverage=replace(after.coverage, accounts=(replace(account, seen=frozenset(seen)),)))
    assert kinds(one, after) == [(CoverageDrift.COVERAGE_LOST, Severity.HIGH)] * is_lost
    if is_lost:
        (finding,) = found(one, after).findings
        assert finding.message == f"the log has no read-only management events since {last.isoformat()}"
        assert kinds(replace(one, coverage=after.coverage), after) == []


def test_writes_that_a_log_of_other_days_holds_none_of_are_lost_for_no_known_reason() -> None:
    one = state(APP)
    (account,) = later(one).coverage.accounts
    reads = frozenset(event for event in account.seen if event.is_data or event.read_only)
    after = replace(later(one), coverage=replace(one.coverage, accounts=(replace(account, seen=reads),)))
    (finding,) = found(one, after).findings
    assert finding.message == "the log has no writing management events any more"


def test_data_events_of_a_source_that_went_are_lost() -> None:
    one = state(APP)
    (account,) = later(one).coverage.accounts
    quiet = replace(account, seen=frozenset(event for event in account.seen if not event.is_data))
    after = replace(later(one), coverage=replace(one.coverage, accounts=(quiet,)))
    assert kinds(one, after) == []  # a log of later days that just hold none
    when = datetime(2026, 9, 20, 8, tzinfo=UTC)
    change = TrailChange(when, "PutEventSelectors", account.account, "", "ada", "event-1")
    reset = replace(quiet, changes=(change,))
    after = replace(later(one), coverage=replace(one.coverage, accounts=(reset,)))
    (finding,) = found(one, after).findings
    assert finding.details == (f"{change}; the account was still recorded",)
    told = replace(account, holes=(Hole(when.date(), when.date(), f"{change}; no later record", change),))
    assert kinds(replace(one, coverage=replace(one.coverage, accounts=(told,))), after) == []
    assert (finding.kind, finding.severity) == (CoverageDrift.COVERAGE_LOST, Severity.HIGH)
    assert finding.message == "the log has no data events of s3.amazonaws.com in us-east-1 since selectors changed"


def test_notes_say_when_nothing_is_newer() -> None:
    one = state(APP)
    assert any("no records newer" in note for note in found(one, one).notes)
    assert any("later than" in note for note in found(later(one), one).notes)
