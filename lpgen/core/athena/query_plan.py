"""What an ingest from a table in Athena would do."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.athena.query import DaySpan, Query


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """The queries that a table would be asked, and what they would read.

    `days` are those asked for, `days_known` how many of them were ingested before. `lacks` is what the table can't
    give, as sentences. `objects` and `bytes` are what lies in the partitions that the queries read, by a listing;
    `unlisted` says why they couldn't be listed, or is "".
    """

    table: str
    days: DaySpan
    days_known: int
    queries: tuple[Query, ...]
    lacks: tuple[str, ...] = ()
    objects: int = 0
    bytes: int = 0
    unlisted: str = ""
