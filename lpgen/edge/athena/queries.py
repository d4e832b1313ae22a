"""Runs a query in Athena: starts it, waits for its end, and stops it if the wait is interrupted.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.errors import AccessError, AwsError, MissingError, quote_input

_FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
"""How often to run a query that Athena calls retryable."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A successful query. `output` is the object in S3 with the answer, or "" if Athena keeps it."""

    query_id: str
    output: str
    bytes_scanned: int


@dataclass(frozen=True, slots=True)
class QueryRunner:
    """Runs queries with one session, and with the workgroup and output location that the command line names.

    `wait` is called between two checks.
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
        for attempt in range(1, _ATTEMPTS + 1):
            execution = self._run_once(options)
            status = execution.get("Status") or {}
            if status.get("State") == "SUCCEEDED":
                break
            if attempt == _ATTEMPTS or not (status.get("AthenaError") or {}).get("Retryable"):
                raise _error_from_status(status)
            self.wait(_LONGEST_WAIT_SECONDS)
        return Answered(
            str(execution["QueryExecutionId"]),
            str((execution.get("ResultConfiguration") or {}).get("OutputLocation") or ""),
            int((execution.get("Statistics") or {}).get("DataScannedInBytes") or 0),
        )

    def _run_once(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Athena's description of the query after its end. An interrupt stops the query."""
        athena = self.session.client("athena")
        with request_errors("start a query"):
            query_id = str(athena.start_query_execution(**options)["QueryExecutionId"])
        pause = _FIRST_WAIT_SECONDS
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


# ---------------------------------------------------------------- errors


_PERMISSIONS: Final = "`lpgen iam-policy ingest-athena` prints the required permissions"
_LAKE_FORMATION: Final = "have a Lake Formation administrator grant SELECT on the table to this role"
_OUTPUT: Final = "name one with --output-location s3://BUCKET/PREFIX/, or a workgroup that has one with --workgroup"
_TABLE: Final = "check the table's name and --aws-region"
_TOO_LARGE: Final = "a day is too large: use fewer --account or --region at a time, or raise the workgroup's limit"
_BAD_DATA: Final = "the SerDe can't read some files in the table's location; move files that aren't CloudTrail's"
_PROJECTION: Final = "check the partition projection; if it needs accounts or Regions, give --account and --region"
_HINTS: Final[tuple[tuple[str, type[AwsError], str], ...]] = (
    ("lake ?formation", AccessError, _LAKE_FORMATION),
    ("access ?denied|insufficient permissions|not authorized|permission denied", AccessError, _PERMISSIONS),
    ("output ?location", AwsError, _OUTPUT),
    ("workgroup .*(is not found|does not exist|disabled)", AwsError, "check --workgroup"),
    ("EntityNotFound|TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|does not exist", MissingError, _TABLE),
    ("exhausted resources|timed? ?out|exceeded|too large", AwsError, _TOO_LARGE),
    ("HIVE_BAD_DATA|HIVE_CURSOR_ERROR|malformed|JsonParseException", AwsError, _BAD_DATA),
    ("CONSTRAINT_VIOLATION|INVALID_TABLE_PROPERTY|HIVE_INVALID_PARTITION", AwsError, _PROJECTION),
    ("slow ?down|throttl|TooManyRequests", AwsError, "AWS kept throttling; run it again later"),
)
"""The kind and hint of an error by its code or text. The first match counts."""


@contextmanager
def request_errors(doing: str) -> Iterator[None]:
    """Turns an error of a call to Athena or Glue into an error of lpgen with a hint."""
    try:
        with aws_errors(doing):
            yield
    except AwsError as error:
        raise _explain(error, error.message) from error


def _error_from_status(status: Mapping[str, Any]) -> AwsError:
    """Why a query failed or was canceled, from its status."""
    state = str(status.get("State"))
    details = status.get("AthenaError") or {}
    why = str(status.get("StateChangeReason") or details.get("ErrorMessage") or "Athena doesn't say why")
    message = f"the query {'was cancelled' if state == 'CANCELLED' else 'failed'}: {quote_input(why)}"
    return _explain(AwsError(message, code=f"Athena{details['ErrorType']}" if "ErrorType" in details else state), why)


def _explain(error: AwsError, why: str) -> AwsError:
    for pattern, kind, hint in _HINTS:
        if re.search(pattern, f"{error.code} {why}", re.IGNORECASE):
            return kind(error.message, code=error.code, hint=hint)
    return explain_s3_error(error, Needs("", pays=True))
