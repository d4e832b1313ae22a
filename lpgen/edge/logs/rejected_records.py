"""Handles objects in a log file that aren't records: broken records, Insights events and aggregated events.

Their account, place and time are kept.
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

# Like an aggregated event, it has no `eventName`:
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
_INSIGHT: Final = "AwsCloudTrailInsight"


_MAX_BAD_BYTES: Final = 8 << 20
"""Nothing is kept of a larger record. CloudTrail's events have at most 256 KB, or 1 MB if configured:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventConfiguration.html"""


def unusable_from_record(text: bytes | memoryview | msgspec.Raw, why: str) -> Unusable:
    """A JSON object that isn't a `Record`, with its fields that have the right type."""
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

# CloudTrail's summary of all data events of a service in five minutes. It replaces the single events. It lists callers,
# calls and resources separately, and counts failed calls too. So it is evidence that a named caller uses the service,
# but doesn't show use of a resource.
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
    """The fields read from an event. Its account and id have other names than in a record."""

    account_id: str = ""
    event_id: str = ""
    aws_region: str = ""
    event_source: str = ""
    time_window: _TimeWindow = msgspec.field(default_factory=_TimeWindow)
    summary: _EventSummary = msgspec.field(default_factory=_EventSummary)


def _aggregated_event(text: bytes | memoryview | msgspec.Raw, known: Record) -> Unusable:
    """The event with the callers that it names. `known` has the facts if the event has another form."""
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
