"""Reading the answers of Athena's queries, row by row: the CSV in S3, or Athena's own pages where it keeps the answer.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

import contextlib
import csv
import io
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lpgen.core.athena.rows import Row
from lpgen.core.usage.log_layout import split_address
from lpgen.edge.athena.errors import request_errors
from lpgen.edge.athena.run import Answered
from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.edge.objects.s3_store import BROKEN_OFF
from lpgen.errors import AwsError, IngestError

_PAGE_ROWS: Final = 1_000
READ_BYTES: Final = 1 << 20
ATTEMPTS: Final = 6
WAIT_SECONDS: Final = 0.5
_MAX_FIELD_CHARACTERS: Final = 1 << 26
"""CloudTrail's records have at most some 256 KB."""


def rows_of_answer(session: AwsSession, answered: Answered, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows, by column; memory doesn't grow with their number.

    Raises:
        AwsError: the answer can't be read.
        IngestError: it isn't the answer to such a query.
    """
    if answered.output:
        found: Iterable[list[str | None]] = _rows_from_object(session, answered.output)
    else:
        found = _rows_from_pages(session, answered.query_id)
    rows = iter(found)
    if tuple(next(rows, ())) != columns:
        raise IngestError("Athena's answer has other columns than the query")
    for row in rows:
        if len(row) != len(columns):
            raise IngestError("Athena's answer can't be read: a row of it is cut")
        yield dict(zip(columns, row, strict=True))


# ---------------------------------------------------------------- pages


def _rows_from_pages(session: AwsSession, query_id: str) -> Iterator[list[str | None]]:
    """https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html"""
    token = ""
    while True:
        options = {"NextToken": token} if token else {}
        with request_errors("read the query's answer"):
            client = session.client("athena")
            answer = client.get_query_results(QueryExecutionId=query_id, MaxResults=_PAGE_ROWS, **options)
        for row in answer["ResultSet"].get("Rows", ()):
            yield [cell.get("VarCharValue") for cell in row.get("Data", ())]
        token = str(answer.get("NextToken") or "")
        if not token:
            return


# ---------------------------------------------------------------- the CSV in S3


def _rows_from_object(session: AwsSession, name: str) -> Iterator[list[str | None]]:
    """Fields are quoted, with quotes in them doubled; only null isn't, and comes out as "" here."""
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    stream = io.BufferedReader(_ObjectStream(session, name), READ_BYTES)
    with contextlib.closing(io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")) as text:
        try:
            yield from csv.reader(text, strict=True)
        except csv.Error as error:
            raise IngestError(f"Athena's answer can't be read: {error}") from error


class _ObjectStream(io.RawIOBase):
    """An object's bytes from begin to end; where a connection breaks off, the rest is asked for again."""

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session, self._name = session, name
        self._body: Any = None
        self._offset, self._size, self._etag = 0, -1, ""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer; 0 at the end of the object.

        Raises:
            AwsError: the object can't be read.
        """
        for attempt in range(1, ATTEMPTS + 1):
            if self._offset == self._size:
                return 0
            try:
                with aws_errors("read the query's answer"), _broken_off():
                    data = self._read(len(buffer))
                    if data:
                        buffer[: len(data)] = data
                        self._offset += len(data)
                        return len(data)
                    raise ConnectionError("the answer ended early")
            except AwsError as error:
                self._body = None
                if error.code not in BROKEN_OFF or attempt == ATTEMPTS:
                    bucket = split_address(self._name)[0]
                    raise explain_s3_error(
                        error, Needs(f"s3:GetObject on arn:aws:s3:::{bucket}/*", pays=True)
                    ) from error
            time.sleep(WAIT_SECONDS * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _read(self, length: int) -> bytes:
        if self._body is None:
            bucket, key = split_address(self._name)
            options = {"Range": f"bytes={self._offset}-", "IfMatch": self._etag} if self._offset else {}
            answer = self._session.client("s3").get_object(Bucket=bucket, Key=key, **options)
            self._body, self._etag = answer["Body"], answer["ETag"]
            self._size = self._offset + int(answer["ContentLength"])
            if not self._size:
                return b""
        data: bytes = self._body.read(length)
        return data


@contextlib.contextmanager
def _broken_off() -> Iterator[None]:
    """Turn errors from reading a body without boto3's own wrapper into an `AwsError`."""
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        why = f"can't read the query's answer: the connection broke off ({type(error).__name__})"
        raise AwsError(why, code="ResponseStreamingError", hint="run it again") from error
