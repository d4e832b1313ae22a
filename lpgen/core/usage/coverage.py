"""The category of a record, as coverage counts it."""

from __future__ import annotations

from typing import Final

from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import Category, SkipReason

NO_CATEGORY: Final = ""
"""For records that hold no call by a principal: insights and aggregates."""

_BY_CATEGORY: Final = {
    "Management": Category.MANAGEMENT.value,
    "Data": Category.DATA.value,
    "NetworkActivity": Category.NETWORK_ACTIVITY.value,
}

_BY_TYPE: Final = {
    "AwsVpceEvent": Category.NETWORK_ACTIVITY.value,
    "AwsCloudTrailInsight": NO_CATEGORY,
    "AwsAggregatedEvent": NO_CATEGORY,
}

_WITHOUT_RECORD: Final = frozenset({SkipReason.UNREADABLE_FILE, SkipReason.NOT_CLOUDTRAIL})


def category_from_record(record: Record) -> str:
    """The value of a record's `Category`, or `NO_CATEGORY`.

    Records before version 1.07 have no `eventCategory`, and before 1.06 no `managementEvent`; what says nothing is a
    management event.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    if record.eventCategory:
        return _BY_CATEGORY.get(record.eventCategory, NO_CATEGORY)
    if record.eventType in _BY_TYPE:
        return _BY_TYPE[record.eventType]
    return Category.DATA.value if record.managementEvent is False else Category.MANAGEMENT.value


def stated_sides(read_only: int, writing: int) -> tuple[bool, ...]:
    """The `readOnly` values that the records of a coverage row state; empty where none of them does."""
    return tuple(side for side, count in ((True, read_only), (False, writing)) if count)


def is_record_reason(reason: SkipReason) -> bool:
    """Whether a skip of this reason is a record; the others are files or parts of files without one."""
    return reason not in _WITHOUT_RECORD
