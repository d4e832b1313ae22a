"""From a log file to the actions that its records need, by the event map only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.access_logs import records_of_access_log
from lpgen.core.cloudtrail.caller import caller_from_record, name_in_skips
from lpgen.core.cloudtrail.event_map import EventMap, mapping_or_failure, skip_from_record
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.records import RawRecord, Record, record_from_raw
from lpgen.edge.logs.record_files import records_from_bytes
from lpgen.errors import IngestError

_NO_RECORD: Final = Record(eventSource="", eventName="")


def map_records(path: Path, catalog: Catalog) -> Iterator[dict[str, object]]:
    """The event map's answer for each record of a file (`-` for standard input), in input order.

    A part that can't be read gives an answer too, without actions and with its skip reason.

    Raises:
        IngestError: the file can't be opened.
    """
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise IngestError(f"`{path}` can't be opened: {(error.strerror or str(error)).lower()}") from error
    event_map = EventMap(catalog)
    lines = partial(records_of_access_log, catalog=catalog, path=str(path))
    for item in records_from_bytes(data, access_log=lines):
        if isinstance(item, RawRecord):
            yield map_line(record_from_raw(item), event_map)
        else:
            known = item.record or _NO_RECORD
            yield {**map_line(known, event_map), "actions": [], "skip": item.reason.value}


def map_line(record: Record, event_map: EventMap) -> dict[str, object]:
    """The event map's answer for a record, in the keys and order of one output line.

    `actions` are the actions that the call needs, whatever its outcome and caller, with unfolded ARNs (`*` for no or an
    unknown resource). `skip` says why the record doesn't count as usage of a role or user, or is None.
    """
    caller, outcome = caller_from_record(record), event_map.catalog.facts(ErrorCodes).outcome_from_record(record)
    mapping, _ = mapping_or_failure(record, event_map)
    skip = skip_from_record(record, caller, outcome, mapping)
    return {
        "event_id": record.eventID,
        "event_source": record.eventSource,
        "event_name": record.eventName,
        "principal": name_in_skips(caller) or None,
        "outcome": outcome.outcome.value,
        "actions": [
            {"action": mapped.action, "resource": [resource.text for resource in mapped.resources], "how": mapped.how}
            for mapped in mapping.actions
        ],
        "skip": skip.value if skip else None,
    }
