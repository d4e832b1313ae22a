"""The spine of what an ingest from Athena would ask and read."""

from __future__ import annotations

from pathlib import Path

from lpgen.core.athena.query_plan import QueryPlan
from lpgen.core.athena.scheme import SCHEME
from lpgen.edge.athena.logs import AthenaLogs, ingested_days, plan_queries
from lpgen.edge.data_folder.ledger import read_objects_named
from lpgen.edge.objects.store import ObjectStore


def plan_athena(logs: AthenaLogs, data: Path, store: ObjectStore) -> tuple[QueryPlan, ...]:
    """The queries of an ingest from tables in Athena and how much they would read; nothing is run, and nothing written.

    Raises:
        AwsError: Glue can't be asked, or there is no such table.
        IngestError: a table holds no CloudTrail records, or a part of a day is known.
        DataError: the data folder is damaged.
    """
    known = ingested_days(read_objects_named(data, SCHEME))
    return tuple(plan_queries(logs, name, known, store) for name in logs.names)
