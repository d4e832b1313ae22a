"""The usage of a few records at once, as the records of one file give it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lpgen.core.cloudtrail.event_map import RecordMapper
from lpgen.core.cloudtrail.records import RawRecord, Record, Unusable
from lpgen.core.usage.event_time import ALL_TIME, ANY_TIME, LatestTime, TimeWindow
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.overflow import OVERFLOW_LIMIT
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.tally import UsageTally


def raw_from_record(record: Record) -> RawRecord:
    """The record as a log file would hold it."""
    return msgspec.json.decode(msgspec.json.encode(record), type=RawRecord)


def usage_from_records(
    records: Iterable[Record | Unusable],
    event_map: RecordMapper,
    *,
    window: TimeWindow = ALL_TIME,
    source: str = "",
    latest: LatestTime = ANY_TIME,
    limit: int = OVERFLOW_LIMIT,
) -> Usage:
    """The usage of one file's records. `source` names the file in the examples of skips (its SHA-256)."""
    tally = UsageTally(MappingCache(event_map), window=window)
    tally.add_source(
        (raw_from_record(record) if isinstance(record, Record) else record for record in records), source, latest
    )
    return tally.usage(limit=limit)
