"""The latest time that a record of a log can truly bear: nothing is logged before it happens.

A later time is forged or comes from a broken clock. Such a record must not move the end of the logs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lpgen.core.usage.event_time import NO_TIME

_CLOCK_SKEW: Final = timedelta(days=1)
"""How far clocks may disagree."""

_STAMP: Final = re.compile(r"\d{12}_CloudTrail[A-Za-z-]*_[a-z0-9-]+_(\d{8}T\d{4})Z?_[^/]*", re.ASCII)
_LAST: Final = datetime.max - 2 * _CLOCK_SKEW  # the end of a window is later than the latest time


@dataclass(frozen=True, slots=True)
class LatestTime:
    """The latest time that counts, in the form of `event_time` (`NO_TIME`: any), and why later ones don't."""

    moment: str = NO_TIME
    why: str = ""

    def is_before(self, moment: str) -> bool:
        """Whether a time is too late to be true."""
        return self.moment != NO_TIME and moment > self.moment


ANY_TIME: Final = LatestTime()
"""No limit: the time when the log was read isn't known."""


def latest_time(name: str, now: str) -> LatestTime:
    """The latest time for the records of a log file: one day after its delivery where its name states it, else one day
    after `now`, the time of the ingest.

    A file whose name states its delivery gives the same usage whenever it is read. A forged name gains little: days
    after a gap add nothing to the age of a role.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
    """
    delivered = _delivery_from_name(name)
    if delivered is not None:
        return latest_of_delivery(delivered)
    if now == NO_TIME:
        return ANY_TIME
    return LatestTime(_a_day_after(datetime.fromisoformat(now)), f"`eventTime` is later than the ingest of {now[:10]}")


def latest_of_delivery(delivered: datetime) -> LatestTime:
    """The latest time for records that were delivered at a time."""
    return LatestTime(_a_day_after(delivered), "`eventTime` is later than the delivery of the log file")


def _delivery_from_name(name: str) -> datetime | None:
    found = _STAMP.fullmatch(name.rpartition("/")[2])
    try:
        return datetime.strptime(f"{found[1]}+0000", "%Y%m%dT%H%M%z") if found else None
    except ValueError:
        return None


def _a_day_after(moment: datetime) -> str:
    naive = moment.replace(tzinfo=None)
    return (min(naive, _LAST) + _CLOCK_SKEW).isoformat(timespec="milliseconds").removesuffix(".000")
