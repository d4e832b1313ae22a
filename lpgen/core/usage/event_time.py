"""Record times as text that sorts: `YYYY-MM-DDTHH:MM:SS`, with `.mmm` if it isn't zero, in UTC without a zone.

Also the latest time that a record of a log file can have: an event happens before it is logged. A later time is forged
or comes from a broken clock. Such a record must not move the end of the logs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from lpgen.errors import InvocationError

NO_TIME: Final = ""
"""The time of a record without a time."""

# The parts of a time as CloudTrail writes it, `2024-01-02T03:04:05Z`, after the day.
_MINUTES: Final = frozenset(f"T{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))
_SECONDS: Final = frozenset(f":{second:02}Z" for second in range(60))
_AGE: Final = re.compile(r"(\d{1,6})([md])", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d|)", re.ASCII | re.IGNORECASE
)


def moment_from_text(text: str | None) -> str | None:
    """A record's `eventTime` in the form that sorts; `NO_TIME` for None and "", and None for a text that isn't a time.

    CloudTrail writes UTC to the second. Exports may add fractions or offsets, or write a space instead of the `T`.
    """
    if not text:
        return NO_TIME
    if text[16:] in _SECONDS and _is_minute(text[:16]):
        return text[:19]
    return _moment_from_variant(text)


@lru_cache(maxsize=4096)
def _is_minute(text: str) -> bool:
    return text[10:] in _MINUTES and _is_day(text[:10])


@lru_cache(maxsize=4096)
def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _moment_from_variant(text: str) -> str | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in ("", "Z", "z") else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:3]:0<3}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment_from_datetime(moment)


def moment_from_datetime(moment: datetime) -> str:
    """A time with a zone in the form that sorts, cut to the millisecond."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.removesuffix(".000")


def moment_after(moment: str) -> str:
    """The next later time in the form that sorts."""
    return moment_from_datetime(datetime.fromisoformat(moment).replace(tzinfo=UTC) + timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A span of record times: from `since` (included) to `until` (excluded); "" leaves an end open."""

    since: str = NO_TIME
    until: str = NO_TIME

    def holds(self, moment: str) -> bool:
        """Whether a time is in the window. Records without a time are only in the window without ends."""
        if moment == NO_TIME:
            return self == ALL_TIME
        return self.since <= moment and (not self.until or moment < self.until)

    def covers(self, other: TimeWindow) -> bool:
        """Whether every time in the other window is in this one."""
        if self == ALL_TIME:
            return True
        ends_later = not self.until or (bool(other.until) and other.until <= self.until)
        return other != ALL_TIME and self.since <= other.since and ends_later


ALL_TIME: Final = TimeWindow()
"""The window without ends."""


def date_from_age(text: str, today: date) -> str:
    """The day that is 90 days or 4 months before today, for `90d` or `4m`; other texts unchanged.

    Raises:
        InvocationError: no such day exists.
    """
    age = _AGE.fullmatch(text)
    if not age:
        return text
    try:
        return _day_before(today, int(age[1]), age[2]).isoformat()
    except (OverflowError, ValueError) as error:
        raise InvocationError(f"`{text}` is too long ago") from error


def _day_before(end: date, number: int, unit: str) -> date:
    """The day that is a number of days (unit `d`) or months (`m`) before `end`.

    Raises:
        OverflowError, ValueError: no such day exists.
    """
    if unit == "d":
        return end - timedelta(days=number)
    year, month = divmod(end.year * 12 + end.month - 1 - number, 12)
    for day in range(end.day, 27, -1):  # the last day of a shorter month
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, min(end.day, 28))


def window_from_text(since: str, until: str) -> TimeWindow:
    """The window between two dates or times as a person writes them, in UTC unless they have an offset; "" is open.

    A date without a time includes the whole day, at either end.

    Raises:
        InvocationError: a text isn't a date or time, or the window is empty.
    """
    window = TimeWindow(_end_from_text(since, "--since", days=0), _end_from_text(until, "--until", days=1))
    if window.until and window.until <= window.since:
        raise InvocationError(f"the window from `{since}` to `{until}` is empty")
    return window


def _end_from_text(text: str, option: str, *, days: int) -> str:
    if _is_day(text):
        return f"{(date.fromisoformat(text) + timedelta(days=days)).isoformat()}T00:00:00"
    moment = moment_from_text(text)
    if moment is None:
        raise InvocationError(
            f"`{option} {text}` is not a valid date or time",
            hint="write `2026-01-31`, `2026-01-31T08:00:00Z`, or `90d` for 90 days ago",
        )
    return moment


# ---------------------------------------------------------------- the latest time

_CLOCK_SKEW: Final = timedelta(days=1)
"""The largest expected difference between clocks."""

LOG_FILE: Final = re.compile(r"(\d{12})_(CloudTrail[A-Za-z-]*)_([a-z0-9-]+)_(\d{8})(T\d{4})Z?_[^/]*", re.ASCII)
"""The name of a log file: account, kind, Region, and day and time of delivery."""

_AFTER_INGEST: Final = "`eventTime` is later than the ingest of {day}"
_AFTER_DELIVERY: Final = "`eventTime` is later than the delivery of the log file"

_LAST: Final = datetime.max - 2 * _CLOCK_SKEW  # the end of a window is later than the latest time


@dataclass(frozen=True, slots=True)
class LatestTime:
    """The latest time that counts, in the form of `event_time` (`NO_TIME`: any), and why later times don't count."""

    moment: str = NO_TIME
    why: str = ""

    def is_before(self, moment: str) -> bool:
        """Whether a time is later than the latest time that counts."""
        return self.moment != NO_TIME and moment > self.moment


ANY_TIME: Final = LatestTime()
"""No limit, because the time when the log was read is unknown."""


def latest_time(name: str, now: str) -> LatestTime:
    """The latest time for the records of a log file: one day after its delivery if its name states it, otherwise one
    day after `now`, the time of the ingest.

    So a file whose name states its delivery gives the same usage whenever it is read. A forged name gains little,
    because days after a gap add nothing to the age of a role.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
    """
    delivered = _delivery_from_name(name)
    if delivered is not None:
        return latest_of_delivery(delivered)
    if now == NO_TIME:
        return ANY_TIME
    return LatestTime(_a_day_after(datetime.fromisoformat(now)), _AFTER_INGEST.format(day=now[:10]))


def latest_of_delivery(delivered: datetime) -> LatestTime:
    """The latest time for records with this delivery time."""
    return LatestTime(_a_day_after(delivered), _AFTER_DELIVERY)


def _delivery_from_name(name: str) -> datetime | None:
    found = LOG_FILE.fullmatch(name.rpartition("/")[2])
    try:
        return datetime.strptime(f"{found[4]}{found[5]}+0000", "%Y%m%dT%H%M%z") if found else None
    except ValueError:
        return None


def _a_day_after(moment: datetime) -> str:
    naive = moment.replace(tzinfo=None)
    return (min(naive, _LAST) + _CLOCK_SKEW).isoformat(timespec="milliseconds").removesuffix(".000")
