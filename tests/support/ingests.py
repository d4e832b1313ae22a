"""An ingest of paths, as tests call it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lpgen.app.ingest import LogSources
from lpgen.app.ingest import ingest as ingest_logs
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.usage.ingest_result import IngestResult, ProgressReport
from lpgen.edge.engine import Engine
from lpgen.edge.engines.local_processes import LocalEngine


def ingest(
    paths: Iterable[Path],
    catalog: Catalog,
    *,
    data: Path,
    engine: Engine | None = None,
    report_progress: ProgressReport | None = None,
    **sources: Any,
) -> IngestResult:
    """Ingest files and folders, and what else `sources` name by the fields of `LogSources`."""
    logs = LogSources(tuple(paths), **sources)
    return ingest_logs(logs, catalog, data=data, engine=engine or LocalEngine(), report_progress=report_progress)
