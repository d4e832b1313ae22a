"""The truth: what each principal needed, whether logged or not, a row per need."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

TRUTH_SCHEMA: Final = pa.schema(
    [
        pa.field("principal", pa.string(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("ms", "UTC"), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("resource", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("allowed", pa.bool_(), nullable=False),
        pa.field("logged", pa.bool_(), nullable=False),
        pa.field("unlogged", pa.string(), nullable=False),
        pa.field("scenario", pa.string(), nullable=False),
        pa.field("dangerous", pa.bool_(), nullable=False),
        pa.field("born", pa.date32()),
        pa.field("event_id", pa.string(), nullable=False),
    ]
)
"""One row per need, sorted by day.

- `principal`, `account`: ARN and account; `region`: where the call was made; `time`: in seconds, UTC.
- `action`: canonical; `resource`: an ARN, `*` where the action takes none.
- `kind`: a `NeedKind`; `allowed`: by the principal's policies, else the call was denied.
- `logged`: whether a record shows the need; `unlogged`: why not (`data_event_off`, `never_recorded`,
  `logging_stopped`, `not_in_record`), else "".
- `scenario`: that of the intruder, else ""; `dangerous`: whether what the intruder did does harm.
- `born`: the day on which the resource came into being during the corpus, null where it was there before or nobody
  knows; `event_id`: of the record, "" without one.
"""

FAILURES_SCHEMA: Final = TRUTH_SCHEMA.append(pa.field("error", pa.string(), nullable=False))
"""The same with `error`, for corpora with intruders' accounts: the code with which an allowed call failed, else ""."""

JOB: Final = pa.field("job", pa.string(), nullable=False)
"""In corpora with crews: for which job of a role that several jobs share, else ""."""


class TruthWriter:
    """Writes the truth in row groups, so memory stays flat."""

    def __init__(self, path: Path, schema: pa.Schema = TRUTH_SCHEMA) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema)
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> TruthWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.flush()
        self._writer.close()

    def add(self, row: dict[str, Any]) -> None:
        """Adds a need: a row of `TRUTH_SCHEMA`."""
        self._rows.append(row)

    def flush(self) -> None:
        """Writes what was added as a row group."""
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()
