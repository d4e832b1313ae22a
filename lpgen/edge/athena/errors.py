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
from lpgen.errors import AccessError, AwsError, MissingError, QueryTooLargeError, quote_input

_PERMISSIONS: Final = "`lpgen iam-policy ingest-athena` prints the permissions that it takes"
_LAKE_FORMATION: Final = "have a Lake Formation administrator grant SELECT on the table to this role"
_OUTPUT: Final = "name one with --output-location s3://BUCKET/PREFIX/, or a workgroup that has one with --workgroup"

_REQUESTS: Final = (
    (re.compile(r"output location|outputlocation", re.IGNORECASE), _OUTPUT),
    (
        re.compile(r"workgroup .*(is not found|does not exist)|workgroup .*disabled", re.IGNORECASE),
        "look at --workgroup",
    ),
)

_LAKE: Final = re.compile(r"lake ?formation", re.IGNORECASE)
_TOO_LARGE: Final = re.compile(
    r"exhausted resources|query timeout|timed? ?out|bytes scanned limit|exceeded .*(memory|limit)|EXCEEDED_\w*LIMIT"
    r"|GENERIC_INTERNAL_ERROR: .*too large",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(r"access ?denied|insufficient permissions|not authorized|permission denied", re.IGNORECASE)
_FAILURES: Final = (
    (re.compile(r"HIVE_BAD_DATA|HIVE_CURSOR_ERROR|malformed|JsonParseException", re.IGNORECASE),
     "the table's location holds something that its SerDe can't read; what isn't CloudTrail's must lie elsewhere"),
    (re.compile(r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|does not exist", re.IGNORECASE),
     "look at the table's name, and at --aws-region"),
    (re.compile(r"CONSTRAINT_VIOLATION|INVALID_TABLE_PROPERTY|HIVE_INVALID_PARTITION", re.IGNORECASE),
     "look at the table's partition projection"),
    (re.compile(r"slow ?down|throttl|TooManyRequests", re.IGNORECASE), "AWS kept throttling; run it again later"),
    (re.compile(r"output location|outputlocation", re.IGNORECASE), _OUTPUT),
)  # fmt: skip


@contextmanager
def request_errors(doing: str) -> Iterator[None]:
    """Turns an error of a call to Athena or Glue into one of lpgen's, as the kind it is."""
    try:
        with aws_errors(doing):
            yield
    except AwsError as error:
        raise _explain(error) from error


def _explain(error: AwsError) -> AwsError:
    if error.code == "EntityNotFoundException":
        return MissingError(error.message, code=error.code, hint="look at the table's name, and at --aws-region")
    if _LAKE.search(error.message):
        return AccessError(error.message, code=error.code, hint=_LAKE_FORMATION)
    hint = next((hint for pattern, hint in _REQUESTS if pattern.search(error.message)), "")
    if hint:
        return AwsError(error.message, code=error.code, hint=hint)
    explained = explain_s3_error(error, Needs("", pays=True))
    if isinstance(explained, AccessError):
        return AccessError(error.message, code=error.code, hint=_PERMISSIONS)
    return explained


def error_from_status(status: Mapping[str, Any]) -> AwsError:
    """Why a query failed or was cancelled, by the status that Athena gives it."""
    state = str(status.get("State"))
    details = status.get("AthenaError") or {}
    why = str(status.get("StateChangeReason") or details.get("ErrorMessage") or "Athena doesn't say why")
    message = f"the query {'was cancelled' if state == 'CANCELLED' else 'failed'}: {quote_input(why)}"
    code = f"Athena{details['ErrorType']}" if "ErrorType" in details else state
    if _LAKE.search(why):
        return AccessError(message, code=code, hint=_LAKE_FORMATION)
    if _DENIED.search(why):
        return AccessError(message, code=code, hint=_PERMISSIONS)
    if _TOO_LARGE.search(why):
        return QueryTooLargeError(
            message, code=code, hint="ask for fewer accounts or Regions, or raise the workgroup's limit"
        )
    return AwsError(message, code=code, hint=next((hint for pattern, hint in _FAILURES if pattern.search(why)), ""))
