"""The remains of a record that doesn't decode: enough to say whose it was, where and when."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from lpgen.core.cloudtrail.records import Record, Unusable
from lpgen.core.model import SkipReason
from lpgen.edge.logs.aggregated_events import EVENT_TYPE, aggregated_event
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
    if record.eventType == EVENT_TYPE:
        return aggregated_event(text, record)
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
