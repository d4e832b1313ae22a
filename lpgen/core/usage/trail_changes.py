"""Recorded changes of trails: when logging stopped or switched to other events, according to the logs.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from lpgen.core.model import Outcome, ResourceKind, SkipReason
from lpgen.core.trails import TrailChange
from lpgen.core.usage.columns import TableParts, column_values, flag_column, table_parts, table_rows
from lpgen.core.usage.tables import Usage

STOPS: Final = frozenset({"StopLogging", "DeleteTrail"})
STARTS: Final = frozenset({"StartLogging", "CreateTrail"})
RESETS: Final = frozenset({"PutEventSelectors", "UpdateTrail"})
_EVENTS: Final = STOPS | STARTS | RESETS
_SOURCE: Final = "cloudtrail.amazonaws.com"

# Calls by these callers are not in the usage table, but they change trails too.
_CALLERS: Final = frozenset(
    {
        SkipReason.ROOT_CALLER,
        SkipReason.SERVICE_CALLER,
        SkipReason.CROSS_ACCOUNT_CALLER,
        SkipReason.FEDERATED_CALLER,
        SkipReason.UNKNOWN_CALLER,
    }
)

AFTERGLOW: Final = timedelta(minutes=15)
"""How long a trail may still record after a stop, which takes effect within minutes. Clocks may differ too."""


class AccountTimes:
    """The times at which each account was recorded, without aggregated events, which come from other logs, and without
    times in the future, which are wrong."""

    def __init__(self, usage: Usage) -> None:
        self._times: dict[str, list[datetime]] = {}
        of_usage = table_rows(usage.table, ("recipient_account", "first_seen", "last_seen", "category"))
        of_skips = table_rows(usage.skips, ("account", "first_seen", "last_seen", "reason"))
        for account, *moments, what in (*of_usage, *of_skips):
            if what not in (SkipReason.AGGREGATED, SkipReason.FUTURE):
                self._times.setdefault(account, []).extend(moment for moment in moments if moment is not None)
        for times in self._times.values():
            times.sort()

    def next_record(self, account: str, after: datetime) -> datetime | None:
        """The earliest time later than `after` in the tables; None if they have none.

        The tables hold only first and last times, so the actual next record may be earlier.
        """
        times = self._times.get(account, [])
        at = bisect_right(times, after)
        return times[at] if at < len(times) else None


def trail_changes_from_usage(usage: Usage) -> tuple[TrailChange, ...]:
    """The successful changes of trails by any caller, sorted by time. Repeated changes on a day appear as first and
    last.

    A call from another account is both a skip and, if its caller is known, a row. The row names the changed trail.
    """
    found = set(_from_rows(usage.table))
    known = {_record_of(change) for change in found}
    return tuple(sorted({*found, *(skip for skip in _from_skips(usage.skips) if _record_of(skip) not in known)}))


def _record_of(change: TrailChange) -> tuple[datetime, str, str, str]:
    return change.when, change.event, change.account, change.example_event_id


def _from_rows(table: pa.Table) -> Iterator[TrailChange]:
    names = ("action", "outcome", "recipient_account", "resource_kind", "resource", "principal", "example_event_id")
    for action, outcome, account, kind, resource, caller, event_id, *moments in rows_of_names(table, names, _ACTIONS):
        trail = resource if kind == ResourceKind.ARN else ""
        if outcome == Outcome.ALLOWED and (":trail/" in trail or not trail):
            event = action.partition(":")[2]
            yield from _changes(event, moments, account=account, trail=trail, caller=caller, event_id=event_id)


_ACTIONS: Final = frozenset(f"cloudtrail:{event}" for event in _EVENTS)


def _from_skips(table: pa.Table) -> Iterator[TrailChange]:
    names = ("event_name", "reason", "event_source", "outcome", "account", "example_event_id")
    for event, reason, source, outcome, account, event_id, *moments in rows_of_names(table, names, _EVENTS):
        if source == _SOURCE and reason in _CALLERS and outcome in ("", Outcome.ALLOWED):
            caller = reason.removesuffix("_caller").replace("_", " ")
            yield from _changes(event, moments, account=account, trail="", caller=caller, event_id=event_id)


def rows_of_names(
    table: pa.Table | TableParts, names: tuple[str, ...], wanted: Collection[str]
) -> Iterator[tuple[Any, ...]]:
    """The values of a table's rows whose first column has a wanted text, with the times of the first and last record at
    the end."""
    for part in table_parts(table, (*names, "first_seen", "last_seen")):
        is_wanted = [value in wanted for value in column_values(part.column(0))]
        if any(is_wanted):
            yield from table_rows(part.filter(flag_column(is_wanted)), part.column_names)


def _changes(
    event: str, moments: Sequence[datetime | None], *, account: str, trail: str, caller: str, event_id: str
) -> Iterable[TrailChange]:
    return (TrailChange(when, event, account, trail, caller, event_id) for when in moments if when is not None)
