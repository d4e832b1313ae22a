"""Running a query in Athena: start it, wait for its end, and stop it if the wait is abandoned.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lpgen.edge.athena.errors import error_from_status, request_errors
from lpgen.edge.aws_session import AwsSession
from lpgen.errors import AwsError, QueryTooLargeError

FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 5.0
ATTEMPTS: Final = 3
"""How often a query is run that Athena says may do better another time."""


@dataclass(frozen=True, slots=True)
class Workgroup:
    """Where queries run and where their answers are stored, as far as the command line says."""

    name: str = ""
    output_location: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A query that has ended well. `output` is the object in S3 that holds the answer, "" where Athena keeps it."""

    query_id: str
    output: str
    bytes_scanned: int


@dataclass(frozen=True, slots=True)
class QueryRunner:
    """Runs queries with one session. `wait` is asked to wait between two looks."""

    session: AwsSession
    workgroup: Workgroup
    wait: Callable[[float], None] = time.sleep

    def run(self, sql: str, database: str) -> Answered:
        """The query's answer, ready to be read.

        Raises:
            AwsError: it can't be started, or it failed.
        """
        for attempt in range(1, ATTEMPTS + 1):
            execution = self._run_once(sql, database)
            status = execution.get("Status") or {}
            if status.get("State") == "SUCCEEDED":
                break
            error = error_from_status(status)
            may_do_better = (status.get("AthenaError") or {}).get("Retryable") and not isinstance(
                error, QueryTooLargeError
            )
            if not may_do_better or attempt == ATTEMPTS:
                raise error
            self.wait(_LONGEST_WAIT_SECONDS)
        return Answered(
            str(execution["QueryExecutionId"]),
            str((execution.get("ResultConfiguration") or {}).get("OutputLocation") or ""),
            int((execution.get("Statistics") or {}).get("DataScannedInBytes") or 0),
        )

    def _run_once(self, sql: str, database: str) -> Mapping[str, Any]:
        """Athena's description of the query when it has ended; it is stopped if this is interrupted."""
        query_id = str(
            self._ask("start a query", "start_query_execution", **self._options(sql, database))["QueryExecutionId"]
        )
        pause = FIRST_WAIT_SECONDS
        try:
            while True:
                answer = self._ask("follow the query", "get_query_execution", QueryExecutionId=query_id)
                execution: Mapping[str, Any] = answer["QueryExecution"]
                if (execution.get("Status") or {}).get("State") in ("SUCCEEDED", "FAILED", "CANCELLED"):
                    return execution
                self.wait(pause)
                pause = min(pause * 1.5, _LONGEST_WAIT_SECONDS)
        except BaseException:
            with contextlib.suppress(AwsError):
                self._ask("stop the query", "stop_query_execution", QueryExecutionId=query_id)
            raise

    def _options(self, sql: str, database: str) -> dict[str, Any]:
        options: dict[str, Any] = {
            "QueryString": sql,
            "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": database},
        }
        if self.workgroup.name:
            options["WorkGroup"] = self.workgroup.name
        if self.workgroup.output_location:
            options["ResultConfiguration"] = {"OutputLocation": self.workgroup.output_location}
        return options

    def _ask(self, doing: str, operation: str, **options: Any) -> Mapping[str, Any]:
        client = self.session.client("athena")
        with request_errors(doing):
            answer: Mapping[str, Any] = getattr(client, operation)(**options)
        return answer
