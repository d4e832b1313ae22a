"""S3 Tables and S3 Vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import TABLE_SETTINGS, VECTOR_CONTENT
from lpgen.core.cloudtrail.rules.resources import (
    exact,
    first_text,
    fold,
    is_arn_of,
    is_on,
    listed_arns,
    mapped,
    tag_new,
)
from lpgen.core.cloudtrail.rules.types import ListedType, NamedType, ReaderTable, ReaderType
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- S3 Tables

# Tables, and the data that engines read and write in them. Calls name a table by bucket, namespace and name. The ARN
# has the bucket and an id that AWS assigns. Data events have the names of S3's object calls, and list the table.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-setting-up.html (actions),
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-logging.html and
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-log-files.html (events)

_S3_TABLES: Final = "s3tables.amazonaws.com"


def _read_tables(call: Call) -> Iterator[Resource]:
    """The table that a call names or the record shows, or any table of the bucket if only the table's name is known."""
    named = (first_text(call, "tableArn", "tableARN"), *call.shown("tableARN"))
    listed = (arn for arn in listed_arns(call, "s3tables", "AWS::S3Tables::Table") if "/table/" in arn)
    tables = dict.fromkeys(arn for arn in (*listed, *named) if is_arn_of(arn, "s3tables"))
    if tables:
        yield from map(exact, tables)
        return
    bucket = call.text("tableBucketARN")
    if is_arn_of(bucket, "s3tables"):
        yield fold(f"{bucket}/table/", "*")


_SETTINGS: Final = {
    "encryptionConfiguration": "PutTableEncryption",
    "metadata": "PutTableData",
    "storageClassConfiguration": "PutTableStorageClass",
}
"""The actions that CreateTable needs for settings, by parameter."""


def _map_create_table(call: Call) -> tuple[MappedAction, ...]:
    """CreateTable on the bucket, with the actions for the new table's settings and tags on the bucket's tables.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_s3Buckets_CreateTable.html
    """
    bucket = call.text("tableBucketARN")
    if not is_arn_of(bucket, "s3tables"):
        bucket = ""
    own = mapped("s3tables:CreateTable", (exact(bucket),) if bucket else ())
    made = (fold(f"{bucket}/table/", "*"),) if bucket else ()
    asked = (action for parameter, action in _SETTINGS.items() if call.has(parameter))
    settings = (mapped(f"s3tables:{action}", made, how=TABLE_SETTINGS) for action in asked)
    return (own, *settings, *tag_new(call, "s3tables:TagResource", made))


# ---------------------------------------------------------------- S3 Vectors

# Vector indexes, and the calls that read the content of vectors.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-access-management.html,
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-cloudtrail-log-example.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_QueryVectors.html and
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_ListVectors.html

_S3_VECTORS: Final = "s3vectors.amazonaws.com"

_INDEX: Final = ListedType(
    "s3vectors",
    ("AWS::S3Vectors::Index",),
    NamedType("s3vectors", "bucket/{}/index/{}", "vectorBucketName,indexName|vectorBucketArn,indexName|indexArn"),
)

_CONTENT: Final = {"QueryVectors": ("returnMetadata",), "ListVectors": ("returnMetadata", "returnData")}
"""The parameters that request the content of vectors, which needs s3vectors:GetVectors."""


def _map_reading(call: Call) -> tuple[MappedAction, ...]:
    indexes = _INDEX.read(call, "") or (_INDEX.pattern(call),)
    own = mapped(f"s3vectors:{call.operation}", indexes)
    if not (call.has("filter") or any(is_on(call, name) for name in _CONTENT[call.operation])):
        return (own,)
    return (own, mapped("s3vectors:GetVectors", indexes, how=VECTOR_CONTENT))


RULES: RuleTable = {
    (_S3_TABLES, "CreateTable"): _map_create_table,
    **{(_S3_VECTORS, operation): _map_reading for operation in _CONTENT},
}

READERS: ReaderTable = {
    _S3_TABLES: {"table": ReaderType(_read_tables)},
    _S3_VECTORS: {"index": _INDEX},
}
