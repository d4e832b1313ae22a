"""S3 calls on buckets and on the account: an event is named after the API operation, the action rarely is.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (operations and the
actions they need) and https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html (the names
that CloudTrail gives the operations, such as `PutBucketLifecycle` and `GetBucketPublicAccessBlock`).
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import BUCKET_SETTINGS, METADATA_TABLES, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, first_text, fold, is_arn_of
from lpgen.core.cloudtrail.rules.s3_arns import read_buckets
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction

_SOURCE = "s3.amazonaws.com"

_GRANTS = (
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
)


_TYPES = {"bucket": ReaderType(read_buckets)}


def _map_create_bucket(call: Call) -> tuple[MappedAction, ...]:
    """CreateBucket, with the action of each setting that its headers ask for.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html (permissions): an ACL other than
    `private`, Object Lock, Object Ownership and tags each need their own action.
    """
    bucket = tuple(read_buckets(call))
    extra: list[str] = []
    if call.text("x-amz-acl") not in ("", "private") or any(call.has(header) for header in _GRANTS):
        extra.append("s3:PutBucketAcl")
    if _is_on(call, "x-amz-bucket-object-lock-enabled"):
        extra += ("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning")
    if call.has("x-amz-object-ownership"):
        extra.append("s3:PutBucketOwnershipControls")
    actions = [mapped("s3:CreateBucket", bucket), *(mapped(action, bucket, how=BUCKET_SETTINGS) for action in extra)]
    if call.has("createBucketConfiguration", "tags"):
        actions.append(mapped("s3:TagResource", bucket, how=TAG_ON_CREATE))
    return tuple(actions)


def _is_on(call: Call, header: str) -> bool:
    return call.text(header).lower() == "true" or call.request.get(header) is True


def _map_public_access_block(verb: str) -> Rule:
    """`GetPublicAccessBlock` and its kin name a bucket, or the account where they name none."""

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        if first_text(call, "bucketName", "bucket"):
            return (mapped(f"s3:{verb}BucketPublicAccessBlock", read_buckets(call)),)
        return (mapped(f"s3:{verb}AccountPublicAccessBlock", (NO_RESOURCE,)),)

    return map_call


_TABLE_BUCKET_ACTIONS = ("s3tables:CreateNamespace", "s3tables:CreateTable", "s3tables:CreateTableBucket")
_TABLE_ACTIONS = ("s3tables:GetTable", "s3tables:PutTableEncryption", "s3tables:PutTablePolicy")


def _map_metadata_tables(action: str, *bucket_actions: str) -> Rule:
    """S3 Metadata configurations make tables in the account's table bucket `aws-s3` for the caller.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/metadata-tables-permissions.html
    """

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        table_bucket = call.arn("s3tables", "bucket/aws-s3")
        on_bucket = (*_TABLE_BUCKET_ACTIONS, *bucket_actions)
        return (
            mapped(action, read_buckets(call)),
            *(mapped(name, (exact(table_bucket),), how=METADATA_TABLES) for name in on_bucket),
            *(mapped(name, (fold(f"{table_bucket}/table/", "*"),), how=METADATA_TABLES) for name in _TABLE_ACTIONS),
        )

    return map_call


def _map_metadata_table(call: Call) -> tuple[MappedAction, ...]:
    """CreateBucketMetadataTableConfiguration makes its table in the table bucket that the request names.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketMetadataTableConfiguration.html
    """
    arn = call.text("metadataTableConfiguration", "s3TablesDestination", "tableBucketArn")
    named = is_arn_of(arn, "s3tables")
    bucket = exact(arn) if named else fold(call.arn("s3tables", "bucket/"), "*")
    tables = fold(f"{arn}/table/", "*") if named else fold(call.arn("s3tables", "bucket/"), "*/table/*")
    return (
        mapped("s3:CreateBucketMetadataTableConfiguration", read_buckets(call)),
        mapped("s3tables:CreateNamespace", (bucket,), how=METADATA_TABLES),
        mapped("s3tables:CreateTable", (bucket,), how=METADATA_TABLES),
        mapped("s3tables:GetTable", (tables,), how=METADATA_TABLES),
        mapped("s3tables:PutTablePolicy", (tables,), how=METADATA_TABLES),
    )


RULES: RuleTable = {
    (_SOURCE, "CreateBucket"): _map_create_bucket,
    (_SOURCE, "CreateBucketMetadataTableConfiguration"): _map_metadata_table,
    (_SOURCE, "CreateBucketMetadataConfiguration"): _map_metadata_tables(
        "s3:CreateBucketMetadataTableConfiguration", "s3tables:PutTableBucketPolicy"
    ),
    (_SOURCE, "UpdateBucketMetadataInventoryTableConfiguration"): _map_metadata_tables(
        "s3:UpdateBucketMetadataInventoryTableConfiguration"
    ),
    (_SOURCE, "GetPublicAccessBlock"): _map_public_access_block("Get"),
    (_SOURCE, "PutPublicAccessBlock"): _map_public_access_block("Put"),
    (_SOURCE, "DeletePublicAccessBlock"): _map_public_access_block("Put"),
}

READERS: ReaderTable = {_SOURCE: _TYPES}
