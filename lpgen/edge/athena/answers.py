"""Reads the answers of Athena's queries row by row, and restores their records.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.athena.table import FIELDS
from lpgen.core.cloudtrail import records
from lpgen.core.cloudtrail.records import Unusable
from lpgen.core.model import SkipReason
from lpgen.core.usage.log_layout import split_address
from lpgen.edge.athena.queries import Answered, request_errors
from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.edge.logs.json_documents import repair_text, sound_document
from lpgen.edge.logs.record_files import Item, records_from_bytes
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.errors import AwsError, IngestError

Row = Mapping[str, str | None]

_PAGE_ROWS: Final = 1_000
_MAX_FIELD_CHARACTERS: Final = 1 << 26
"""CloudTrail's records have at most 1 MB."""

_MAX_DEPTH: Final = 8
_FLAGS: Final = {"true": True, "false": False}
_OBJECTS: Final = ("requestparameters", "responseelements", "additionaleventdata", "serviceeventdetails")
_NAMES: Final = {
    column: {name.lower(): name for part in parts for name in part.__struct_fields__}
    for column, parts in (
        ("useridentity", records.IDENTITY_PARTS),
        ("resources", (records.RecordResource,)),
    )
}
"""How records spell the names in these columns. The table has them in lower case."""


def rows_of_answer(session: AwsSession, answered: Answered, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows, by column. Memory doesn't grow with their number.

    Raises:
        AwsError: the answer can't be read.
        IngestError: it isn't an answer to this query.
    """
    output, query_id = answered.output, answered.query_id
    rows = _rows_from_object(session, output) if output else _rows_from_pages(session, query_id)
    if tuple(next(rows, ())) != columns:
        raise IngestError("Athena's answer doesn't have the columns of the query")
    for number, row in enumerate(rows, 1):
        if len(row) != len(columns):
            raise IngestError(f"Athena's answer can't be read: row {number:,} is truncated")
        yield dict(zip(columns, row, strict=True))


def _rows_from_pages(session: AwsSession, query_id: str) -> Iterator[list[str | None]]:
    """The rows of an answer that Athena keeps.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
    """
    options: dict[str, Any] = {"QueryExecutionId": query_id, "MaxResults": _PAGE_ROWS}
    while True:
        with request_errors("read the query's answer"):
            answer = session.client("athena").get_query_results(**options)
        for row in answer["ResultSet"].get("Rows", ()):
            yield [cell.get("VarCharValue") for cell in row.get("Data", ())]
        if not answer.get("NextToken"):
            return
        options["NextToken"] = answer["NextToken"]


def _rows_from_object(session: AwsSession, name: str) -> Iterator[list[str | None]]:
    """The rows of an answer in S3. It is stored on disk meanwhile.

    Fields are quoted, and quotes in them are doubled. Only null isn't quoted, and becomes "" here.
    """
    bucket, key = split_address(name)
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    with tempfile.TemporaryDirectory(prefix="lpgen-") as folder:
        path = Path(folder, "answer.csv")
        try:
            with aws_errors("read the query's answer"):
                session.client("s3").download_file(bucket, key, str(path))
            with path.open(encoding="utf-8", errors="replace", newline="") as text:
                yield from csv.reader(text, strict=True)
        except AwsError as error:
            raise explain_s3_error(error, Needs(f"s3:GetObject on arn:aws:s3:::{bucket}/*", pays=True)) from error
        except (csv.Error, OSError) as error:
            raise IngestError(f"Athena's answer can't be read: {error}") from error


# ---------------------------------------------------------------- records


def item_from_row(row: Row) -> Item:
    """The record of a row, read like a record in a log file. "" and null both mean that the record lacks the field.

    A row that can't be read has the event's id as its position, because rows come in any order.
    """
    cells = {column: cell for column, cell in row.items() if cell and cell != "null"}
    fields = {FIELDS[column]: _read_cell(column, cell) for column, cell in cells.items()}
    _add_source_identity(fields)
    (item,) = records_from_bytes(msgspec.json.encode(fields))
    nested = [column for column in (*_OBJECTS, *_NAMES) if column in cells]
    broken = next((column for column in nested if fields[FIELDS[column]] is None), "")
    if broken and isinstance(item, records.RawRecord):
        item = Unusable(SkipReason.BAD_RECORD, f"`{broken}` holds broken JSON", "", records.record_from_raw(item))
    return replace(item, position=f"event {cells.get('eventid')}") if isinstance(item, Unusable) else item


def _read_cell(column: str, cell: str) -> Any:
    """The value of a cell. None for broken JSON."""
    if column in ("readonly", "managementevent"):
        return _FLAGS.get(cell.lower())
    if column not in _NAMES and (column not in _OBJECTS or not cell.startswith("{")):
        return cell  # AWS writes text in place of an object that it hides or omits
    text = sound_document(repair_text(cell.encode()))
    if text is None:
        return None
    return _respell(msgspec.json.decode(text), _NAMES[column]) if column in _NAMES else msgspec.Raw(text)


def _respell(value: Any, names: Mapping[str, str], depth: int = 0) -> Any:
    """The value with its keys as records spell them, without parts deeper than records have."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {names.get(key.lower(), key): _respell(item, names, depth + 1) for key, item in value.items()}
    return [_respell(item, names, depth + 1) for item in value] if isinstance(value, list) else value


def _add_source_identity(fields: dict[str, Any]) -> None:
    """Adds the source identity from the answer of STS, because many tables lack it for sessions.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_ResponseElements
    """
    answer, identity = fields.get("responseElements"), fields.get("userIdentity")
    if fields.get("eventSource") != "sts.amazonaws.com" or not isinstance(answer, msgspec.Raw):
        return
    source = msgspec.json.decode(answer).get("sourceIdentity")
    context = isinstance(identity, dict) and (identity.get("sessionContext") or {})
    if isinstance(source, str) and isinstance(context, dict):
        fields["userIdentity"] |= {"sessionContext": {"sourceIdentity": source, **context}}
