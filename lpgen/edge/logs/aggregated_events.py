"""Aggregated events: CloudTrail's summary of all data events of a service in five minutes, in place of each.

They name callers, calls and resources apart from one another, and count failed calls too. So they are a sign that a
named caller uses the service, and show no use of any resource.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aggregated-events.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from lpgen.core.cloudtrail.caller import named_principal
from lpgen.core.cloudtrail.records import Record, Unusable
from lpgen.core.model import SkipReason

EVENT_TYPE: Final = "AwsAggregatedEvent"
_CALLERS: Final = "userIdentity"


class _Statistic(msgspec.Struct):
    name: object = None


class _Dimension(msgspec.Struct):
    dimension: str = ""
    statistics: list[_Statistic] = []


class _Summary(msgspec.Struct, rename="camel"):
    primary_dimension: _Dimension = msgspec.field(default_factory=_Dimension)
    details: list[_Dimension] = []


class _TimeWindow(msgspec.Struct, rename="camel"):
    window_start: str = ""


class _Event(msgspec.Struct, rename="camel"):
    """The fields read of one event; its account and id have other names than those of a record."""

    account_id: str = ""
    event_id: str = ""
    aws_region: str = ""
    event_source: str = ""
    time_window: _TimeWindow = msgspec.field(default_factory=_TimeWindow)
    summary: _Summary = msgspec.field(default_factory=_Summary)


def aggregated_event(text: bytes | memoryview | msgspec.Raw, known: Record) -> Unusable:
    """The event with those that it names as callers; `known` has the other facts about an event of another shape."""
    try:
        event = msgspec.json.decode(text, type=_Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unusable(SkipReason.AGGREGATED, "", "", known)
    record = Record(
        eventSource=event.event_source,
        eventName="",
        eventTime=event.time_window.window_start or known.eventTime,
        eventID=event.event_id,
        eventType=EVENT_TYPE,
        awsRegion=event.aws_region,
        recipientAccountId=event.account_id,
    )
    return Unusable(SkipReason.AGGREGATED, "", "", record, _callers(event.summary))


def _callers(summary: _Summary) -> tuple[str, ...]:
    """The roles and users that a summary names as callers, sorted."""
    dimensions = (one for one in (summary.primary_dimension, *summary.details) if one.dimension == _CALLERS)
    names = (statistic.name for one in dimensions for statistic in one.statistics)
    found = {named_principal(name) for name in names if isinstance(name, str)}
    return tuple(sorted(found - {""}))
