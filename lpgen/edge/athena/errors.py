"""Errors between lpgen and Athena, explained with the next step.

Sources: https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html,
https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from lpgen.edge.aws_session import aws_errors
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.errors import AccessError, AwsError, MissingError, quote_input

_PERMISSIONS: Final = "`lpgen iam-policy ingest-athena` prints the permissions that it takes"
_LAKE_FORMATION: Final = "have a Lake Formation administrator grant SELECT on the table to this role"
_OUTPUT: Final = "name one with --output-location s3://BUCKET/PREFIX/, or a workgroup that has one with --workgroup"
_TABLE: Final = "look at the table's name, and at --aws-region"
_TOO_LARGE: Final = "a day is too large: ask for fewer --account or --region at a time, or raise the workgroup's limit"
_BAD_DATA: Final = "the table's location holds what its SerDe can't read; what isn't CloudTrail's must lie elsewhere"
_PROJECTION: Final = "look at the table's partition projection; if it wants accounts or Regions, --account and --region"
_HINTS: Final[tuple[tuple[str, type[AwsError], str], ...]] = (
    ("lake ?formation", AccessError, _LAKE_FORMATION),
    ("access ?denied|insufficient permissions|not authorized|permission denied", AccessError, _PERMISSIONS),
    ("output ?location", AwsError, _OUTPUT),
    ("workgroup .*(is not found|does not exist|disabled)", AwsError, "look at --workgroup"),
    ("EntityNotFound|TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|does not exist", MissingError, _TABLE),
    ("exhausted resources|timed? ?out|exceeded|too large", AwsError, _TOO_LARGE),
    ("HIVE_BAD_DATA|HIVE_CURSOR_ERROR|malformed|JsonParseException", AwsError, _BAD_DATA),
    ("CONSTRAINT_VIOLATION|INVALID_TABLE_PROPERTY|HIVE_INVALID_PARTITION", AwsError, _PROJECTION),
    ("slow ?down|throttl|TooManyRequests", AwsError, "AWS kept throttling; run it again later"),
)
"""What the code or the words of an error mean, the most telling first."""


@contextmanager
def request_errors(doing: str) -> Iterator[None]:
    """Turns an error of a call to Athena or Glue into one of lpgen's, as the kind it is."""
    try:
        with aws_errors(doing):
            yield
    except AwsError as error:
        raise _explain(error, error.message) from error


def error_from_status(status: Mapping[str, Any]) -> AwsError:
    """Why a query failed or was cancelled, by the status that Athena gives it."""
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
