"""S3 Tables: tables, whose ARN ends in an id that AWS assigns, and the data that engines read and write in them.

Calls name a table by its bucket, namespace and name; the ARN holds the bucket and an id. Data events have the names of
S3's object calls, and list the table.
Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-setting-up.html (actions),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-logging.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-log-files.html (events)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at
from lpgen.core.cloudtrail.rules.inferences import TABLE_SETTINGS, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, first_text, fold, is_arn_of, listed_arns
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType, mapped
from lpgen.core.model import MappedAction, Resource

_SOURCE: Final = "s3tables.amazonaws.com"


def _read_tables(call: Call) -> Iterator[Resource]:
    """The table that a call names or the record shows; any of its bucket where only the table's name is known."""
    named = (first_text(call, "tableArn", "tableARN"), *texts_at(call.response, ("tableARN",)))
    tables = dict.fromkeys(arn for arn in (*_listed_tables(call), *named) if is_arn_of(arn, "s3tables"))
    if tables:
        yield from map(exact, tables)
        return
    bucket = call.text("tableBucketARN")
    if is_arn_of(bucket, "s3tables"):
        yield fold(f"{bucket}/table/", "*")


def _listed_tables(call: Call) -> Iterator[str]:
    return (arn for arn in listed_arns(call, "s3tables", "AWS::S3Tables::Table") if "/table/" in arn)


_SETTINGS: Final = {
    "encryptionConfiguration": "PutTableEncryption",
    "metadata": "PutTableData",
    "storageClassConfiguration": "PutTableStorageClass",
    "tags": "TagResource",
}
"""The actions that CreateTable needs in addition to its own, by the parameter that asks for each."""


def _map_create_table(call: Call) -> tuple[MappedAction, ...]:
    """CreateTable on the bucket, and the actions for the new table's settings on the bucket's tables.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_s3Buckets_CreateTable.html
    """
    bucket = call.text("tableBucketARN")
    if not is_arn_of(bucket, "s3tables"):
        bucket = ""
    own = mapped("s3tables:CreateTable", (exact(bucket),) if bucket else ())
    made = (fold(f"{bucket}/table/", "*"),) if bucket else ()
    asked = (action for parameter, action in _SETTINGS.items() if call.has(parameter))
    return (own, *(mapped(f"s3tables:{action}", made, how=_how(action)) for action in asked))


def _how(action: str) -> str:
    return TAG_ON_CREATE if action == "TagResource" else TABLE_SETTINGS


_TYPES: dict[str, ResourceType] = {
    "table": ReaderType(_read_tables),
}

RULES: RuleTable = {
    (_SOURCE, "CreateTable"): _map_create_table,
}

READERS: ReaderTable = {_SOURCE: _TYPES}
