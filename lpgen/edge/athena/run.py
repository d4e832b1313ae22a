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
from lpgen.errors import AwsError

FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 5.0
ATTEMPTS: Final = 3
"""How often a query is run that Athena says may do better another time."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A query that has ended well. `output` is the object in S3 that holds the answer, "" where Athena keeps it."""

    query_id: str
    output: str
    bytes_scanned: int


@dataclass(frozen=True, slots=True)
class QueryRunner:
    """Runs queries with one session, in a workgroup and with a place for answers if the command line names them.

    `wait` is asked to wait between two looks.
    """

    session: AwsSession
    workgroup: str = ""
    output_location: str = ""
    wait: Callable[[float], None] = time.sleep

    def run(self, sql: str, database: str) -> Answered:
        """The query's answer, ready to be read.

        Raises:
            AwsError: it can't be started, or it failed.
        """
        options: dict[str, Any] = {
            "QueryString": sql,
            "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": database},
        }
        if self.workgroup:
            options["WorkGroup"] = self.workgroup
        if self.output_location:
            options["ResultConfiguration"] = {"OutputLocation": self.output_location}
        for attempt in range(1, ATTEMPTS + 1):
            execution = self._run_once(options)
            status = execution.get("Status") or {}
            if status.get("State") == "SUCCEEDED":
                break
            if attempt == ATTEMPTS or not (status.get("AthenaError") or {}).get("Retryable"):
                raise error_from_status(status)
            self.wait(_LONGEST_WAIT_SECONDS)
        return Answered(
            str(execution["QueryExecutionId"]),
            str((execution.get("ResultConfiguration") or {}).get("OutputLocation") or ""),
            int((execution.get("Statistics") or {}).get("DataScannedInBytes") or 0),
        )

    def _run_once(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Athena's description of the query when it has ended; it is stopped if this is interrupted."""
        athena = self.session.client("athena")
        with request_errors("start a query"):
            query_id = str(athena.start_query_execution(**options)["QueryExecutionId"])
        pause = FIRST_WAIT_SECONDS
        try:
            while True:
                with request_errors("follow the query"):
                    execution: Mapping[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)[
                        "QueryExecution"
                    ]
                if (execution.get("Status") or {}).get("State") in ("SUCCEEDED", "FAILED", "CANCELLED"):
                    return execution
                self.wait(pause)
                pause = min(pause * 1.5, _LONGEST_WAIT_SECONDS)
        except BaseException:
            with contextlib.suppress(AwsError), request_errors("stop the query"):
                athena.stop_query_execution(QueryExecutionId=query_id)
            raise
