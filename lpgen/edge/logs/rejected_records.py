"""Objects in a log file that are no records: broken records, Insights events and aggregated events.

Enough of them is kept to say whose they were, where and when.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from lpgen.core.cloudtrail.caller import named_principal
from lpgen.core.cloudtrail.records import Record, Unusable
from lpgen.core.model import SkipReason
from lpgen.edge.logs.json_documents import KnownKeys, lower_first

_FIELD_TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(Record)}
_keys_of: Final = KnownKeys(*_FIELD_TYPES).read
_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# As an aggregated event, it has no `eventName` of its own:
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
_INSIGHT: Final = "AwsCloudTrailInsight"


_MAX_BAD_BYTES: Final = 8 << 20
"""Of a larger one nothing is kept. CloudTrail's events have 256 KB, or 1 MB where that is asked for:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventConfiguration.html"""


def unusable_from_record(text: bytes | memoryview | msgspec.Raw, why: str) -> Unusable:
    """A JSON object that is no `Record`, with those of its fields that have the right type."""
    if len(memoryview(text)) > _MAX_BAD_BYTES:
        return Unusable(
            SkipReason.BAD_RECORD, f"a record of more than {_MAX_BAD_BYTES >> 20} MiB: {lower_first(why)}", ""
        )
    fields = _sound_fields(text)
    record = Record(**{"eventSource": "", "eventName": "", **fields})
    if record.eventType == _EVENT_TYPE:
        return _aggregated_event(text, record)
    if record.eventType == _INSIGHT:
        return Unusable(SkipReason.INSIGHT, "", "", record)
    return Unusable(SkipReason.BAD_RECORD, lower_first(why), "", record)


def _sound_fields(text: bytes | memoryview | msgspec.Raw) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, raw in _keys_of(text).items():
        try:
            found[name] = msgspec.json.decode(raw, type=_FIELD_TYPES[name])
        except _UNDECODABLE:
            continue
    return found


# ---------------------------------------------------------------- aggregated events

# CloudTrail's summary of all data events of a service in five minutes, in place of each. Aggregated events name
# callers, calls and resources apart from one another, and count failed calls too. So they are a sign that a named
# caller uses the service, and show no use of any resource.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aggregated-events.html
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html
_EVENT_TYPE: Final = "AwsAggregatedEvent"
_CALLERS: Final = "userIdentity"


class _Statistic(msgspec.Struct):
    name: object = None


class _Dimension(msgspec.Struct):
    dimension: str = ""
    statistics: list[_Statistic] = []


class _EventSummary(msgspec.Struct, rename="camel"):
    primary_dimension: _Dimension = msgspec.field(default_factory=_Dimension)
    details: list[_Dimension] = []


class _TimeWindow(msgspec.Struct, rename="camel"):
    window_start: str = ""


class _AggregatedEvent(msgspec.Struct, rename="camel"):
    """The fields read of one event; its account and id have other names than those of a record."""

    account_id: str = ""
    event_id: str = ""
    aws_region: str = ""
    event_source: str = ""
    time_window: _TimeWindow = msgspec.field(default_factory=_TimeWindow)
    summary: _EventSummary = msgspec.field(default_factory=_EventSummary)


def _aggregated_event(text: bytes | memoryview | msgspec.Raw, known: Record) -> Unusable:
    """The event with those that it names as callers; `known` has the other facts about an event of another shape."""
    try:
        event = msgspec.json.decode(text, type=_AggregatedEvent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unusable(SkipReason.AGGREGATED, "", "", known)
    record = Record(
        eventSource=event.event_source,
        eventName="",
        eventTime=event.time_window.window_start or known.eventTime,
        eventID=event.event_id,
        eventType=_EVENT_TYPE,
        awsRegion=event.aws_region,
        recipientAccountId=event.account_id,
    )
    return Unusable(SkipReason.AGGREGATED, "", "", record, _callers_in(event.summary))


def _callers_in(summary: _EventSummary) -> tuple[str, ...]:
    """The roles and users that a summary names as callers, sorted."""
    dimensions = (detail for detail in (summary.primary_dimension, *summary.details) if detail.dimension == _CALLERS)
    names = (statistic.name for dimension in dimensions for statistic in dimension.statistics)
    found = {named_principal(name) for name in names if isinstance(name, str)}
    return tuple(sorted(found - {""}))
