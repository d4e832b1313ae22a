"""The spine of only the event map: from a log file to the actions that its records need."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.map_line import map_line
from lpgen.core.cloudtrail.records import RawRecord, Record, record_from_raw
from lpgen.edge.logs.record_files import records_from_bytes
from lpgen.errors import IngestError

_NO_RECORD: Final = Record(eventSource="", eventName="")


def map_records(path: Path, catalog: Catalog) -> Iterator[dict[str, object]]:
    """The event map's answer for each record of a file (`-`: standard input), in input order, one line each.

    A part that can't be read gives a line too, without actions and with its skip reason.

    Raises:
        IngestError: the file can't be opened.
    """
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise IngestError(f"`{path}` can't be opened: {(error.strerror or str(error)).lower()}") from error
    event_map = EventMap(catalog)
    for item in records_from_bytes(data):
        if isinstance(item, RawRecord):
            yield map_line(record_from_raw(item), event_map)
        else:
            known = item.record or _NO_RECORD
            yield {**map_line(known, event_map), "actions": [], "skip": item.reason.value}
