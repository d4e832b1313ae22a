"""The plan of an ingest from a table in Athena."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.athena.query import DaySpan, Query


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """The queries for a table, and the amount that they would read.

    `days` are those asked for, `days_known` how many of them were ingested before. `lacks` are the limits of the table,
    as sentences. `objects` and `bytes` are those in the partitions that the queries read, by a listing; `unlisted` is
    why they couldn't be listed, or "".
    """

    table: str
    days: DaySpan
    days_known: int
    queries: tuple[Query, ...]
    lacks: tuple[str, ...] = ()
    objects: int = 0
    bytes: int = 0
    unlisted: str = ""
