"""S3 general purpose buckets and their objects."""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import (
    BUCKET_SETTINGS,
    COPY_SOURCE,
    ENCRYPTION_CHANGE,
    GOVERNANCE_BYPASS,
    METADATA_TABLES,
    MISSING_OBJECT,
    OBJECT_HEADERS,
)
from lpgen.core.cloudtrail.rules.resources import exact, first_text, fold, is_arn_of, is_on, mapped, tag_new
from lpgen.core.cloudtrail.rules.s3_arns import (
    read_buckets,
    read_copy_source,
    read_deleted_objects,
    read_objects,
    split_copy_source,
)
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, MappedAction

# ---------------------------------------------------------------- buckets

# Events have the name of the API operation. Actions often have another name.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (operations and the actions
# they need) and https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html (the names that
# CloudTrail gives the operations, such as `PutBucketLifecycle` and `GetBucketPublicAccessBlock`).

_SOURCE = "s3.amazonaws.com"

_GRANTS = (
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
)


def _map_create_bucket(call: Call) -> tuple[MappedAction, ...]:
    """CreateBucket, with the actions for the settings in its headers.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html (permissions): an ACL other than
    `private`, Object Lock, Object Ownership and tags each need their own action.
    """
    bucket = tuple(read_buckets(call))
    extra: list[str] = []
    if call.text("x-amz-acl") not in ("", "private") or any(call.has(header) for header in _GRANTS):
        extra.append("s3:PutBucketAcl")
    if is_on(call, "x-amz-bucket-object-lock-enabled"):
        extra += ("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning")
    if call.has("x-amz-object-ownership"):
        extra.append("s3:PutBucketOwnershipControls")
    return (
        mapped("s3:CreateBucket", bucket),
        *(mapped(action, bucket, how=BUCKET_SETTINGS) for action in extra),
        *tag_new(call, "s3:TagResource", bucket, "createBucketConfiguration", "tags"),
    )


def _map_public_access_block(call: Call) -> tuple[MappedAction, ...]:
    """`GetPublicAccessBlock` and related operations, on a bucket, or on the account if they name no bucket."""
    verb = "Get" if call.operation.startswith("Get") else "Put"
    if first_text(call, "bucketName", "bucket"):
        return (mapped(f"s3:{verb}BucketPublicAccessBlock", read_buckets(call)),)
    return (mapped(f"s3:{verb}AccountPublicAccessBlock", (NO_RESOURCE,)),)


_TABLE_BUCKET_ACTIONS = ("s3tables:CreateNamespace", "s3tables:CreateTable", "s3tables:CreateTableBucket")
_TABLE_ACTIONS = ("s3tables:GetTable", "s3tables:PutTableEncryption", "s3tables:PutTablePolicy")


def _map_metadata_tables(action: str, *bucket_actions: str) -> Rule:
    """S3 Metadata configurations create tables in the account's table bucket `aws-s3` with the caller's permissions.

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
    """CreateBucketMetadataTableConfiguration creates its table in the table bucket that the request names.

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


# ---------------------------------------------------------------- objects

# Versions, copies, uploads and the additional actions for their headers.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (object operations) and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_s3.html (API operations). CloudTrail logs
# headers and query parameters under their own names (`x-amz-acl`, `versionId`).

_VERSIONED = {
    "GetObject": ("GetObject", "GetObjectVersion"),
    "HeadObject": ("GetObject", "GetObjectVersion"),
    "DeleteObject": ("DeleteObject", "DeleteObjectVersion"),
    "GetObjectAcl": ("GetObjectAcl", "GetObjectVersionAcl"),
    "PutObjectAcl": ("PutObjectAcl", "PutObjectVersionAcl"),
    "GetObjectTagging": ("GetObjectTagging", "GetObjectVersionTagging"),
    "PutObjectTagging": ("PutObjectTagging", "PutObjectVersionTagging"),
    "DeleteObjectTagging": ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObjectAnnotation": ("GetObjectAnnotation", "GetObjectVersionAnnotation"),
    "PutObjectAnnotation": ("PutObjectAnnotation", "PutObjectVersionAnnotation"),
    "DeleteObjectAnnotation": ("DeleteObjectAnnotation", "DeleteObjectVersionAnnotation"),
    "ListObjectAnnotations": ("ListObjectAnnotations", "ListObjectVersionAnnotations"),
}
"""By operation: the action on the current version, and the action on a version that the request names."""

_HEADER_ACTIONS = (
    (
        "s3:PutObjectAcl",
        (
            "x-amz-acl",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write-acp",
            "accessControlList",
        ),
    ),
    ("s3:PutObjectTagging", ("x-amz-tagging",)),
    ("s3:PutObjectRetention", ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")),
    ("s3:PutObjectLegalHold", ("x-amz-object-lock-legal-hold", "x-amz-object-lock-legal-hold-status")),
)
"""The actions that an upload or copy needs in addition to s3:PutObject, and the headers that cause them."""


def _map_versioned(call: Call) -> tuple[MappedAction, ...]:
    """An operation whose action depends on whether the request names a version."""
    current, versioned = _VERSIONED[call.operation]
    action = versioned if call.has("versionId") else current
    return (mapped(f"s3:{action}", read_objects(call)), *_map_bypass(call))


def _map_read(call: Call) -> tuple[MappedAction, ...]:
    """GetObject or HeadObject. If they return that the object doesn't exist, the caller can list the bucket.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (permissions)
    """
    actions = _map_versioned(call)
    if call.record.errorCode != "NoSuchKey" or call.has("versionId"):
        return actions
    return (*actions, mapped("s3:ListBucket", read_buckets(call), how=MISSING_OBJECT))


def _map_upload(call: Call) -> tuple[MappedAction, ...]:
    """PutObject, PostObject and CreateMultipartUpload, with the actions for their headers."""
    target = tuple(read_objects(call))
    asked = (action for action, headers in _HEADER_ACTIONS if any(call.has(header) for header in headers))
    return (mapped("s3:PutObject", target), *(mapped(action, target, how=OBJECT_HEADERS) for action in asked))


def _map_copy(call: Call) -> tuple[MappedAction, ...]:
    """CopyObject reads the source and writes the target, with the actions for the headers.

    A copy copies tags by default, which needs the tagging actions only if the source has tags. No record shows this. So
    the actions count as needed only if the request explicitly asks for a copy of tags. Otherwise they are kept if
    granted (`analysis/observability/implicit_checks.py`).
    """
    return (*_map_upload(call), _map_source(call), *_map_carried_tags(call))


def _map_carried_tags(call: Call) -> tuple[MappedAction, ...]:
    if call.text("x-amz-tagging-directive").upper() != "COPY" or call.has("x-amz-tagging"):
        return ()
    _, version = split_copy_source(call)
    read = "s3:GetObjectVersionTagging" if version else "s3:GetObjectTagging"
    return (
        mapped(read, read_copy_source(call), how=COPY_SOURCE),
        mapped("s3:PutObjectTagging", read_objects(call), how=OBJECT_HEADERS),
    )


def _map_part_copy(call: Call) -> tuple[MappedAction, ...]:
    """UploadPartCopy reads the source and writes the target."""
    return (mapped("s3:PutObject", read_objects(call)), _map_source(call))


def _map_source(call: Call) -> MappedAction:
    _, version = split_copy_source(call)
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return mapped(action, read_copy_source(call), how=COPY_SOURCE)


def _map_delete_objects(call: Call) -> tuple[MappedAction, ...]:
    """DeleteObjects: s3:DeleteObject, and the action on versions if the logged body names versions."""
    objects = tuple(read_deleted_objects(call))
    versions = call.has("delete", "objects", "versionId") or call.has("delete", "object", "versionId")
    with_version = (mapped("s3:DeleteObjectVersion", objects),) if versions else ()
    return (mapped("s3:DeleteObject", objects), *with_version, *_map_bypass(call))


def _map_attributes(call: Call) -> tuple[MappedAction, ...]:
    """GetObjectAttributes also needs the read action.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
    """
    objects = tuple(read_objects(call))
    infix = "Version" if call.has("versionId") else ""
    return (mapped(f"s3:GetObject{infix}", objects), mapped(f"s3:GetObject{infix}Attributes", objects))


def _map_update_encryption(call: Call) -> tuple[MappedAction, ...]:
    """UpdateObjectEncryption also needs s3:PutObject on the object."""
    objects = tuple(read_objects(call))
    return (
        mapped("s3:UpdateObjectEncryption", objects),
        mapped("s3:PutObject", objects, how=ENCRYPTION_CHANGE),
    )


def _map_retention(call: Call) -> tuple[MappedAction, ...]:
    """PutObjectRetention, which may bypass governance mode."""
    return (mapped("s3:PutObjectRetention", read_objects(call)), *_map_bypass(call))


def _map_bypass(call: Call) -> tuple[MappedAction, ...]:
    """s3:BypassGovernanceRetention, if the request asks for it."""
    if not is_on(call, "x-amz-bypass-governance-retention"):
        return ()
    objects = read_deleted_objects(call) if call.operation == "DeleteObjects" else read_objects(call)
    return (mapped("s3:BypassGovernanceRetention", objects, how=GOVERNANCE_BYPASS),)


RULES: RuleTable = {
    (_SOURCE, "CreateBucket"): _map_create_bucket,
    (_SOURCE, "CreateBucketMetadataTableConfiguration"): _map_metadata_table,
    (_SOURCE, "CreateBucketMetadataConfiguration"): _map_metadata_tables(
        "s3:CreateBucketMetadataTableConfiguration", "s3tables:PutTableBucketPolicy"
    ),
    (_SOURCE, "UpdateBucketMetadataInventoryTableConfiguration"): _map_metadata_tables(
        "s3:UpdateBucketMetadataInventoryTableConfiguration"
    ),
    **{(_SOURCE, f"{verb}PublicAccessBlock"): _map_public_access_block for verb in ("Get", "Put", "Delete")},
    **{(_SOURCE, operation): _map_versioned for operation in _VERSIONED},
    **{(_SOURCE, operation): _map_read for operation in ("GetObject", "HeadObject")},
    (_SOURCE, "PutObject"): _map_upload,
    (_SOURCE, "PostObject"): _map_upload,
    (_SOURCE, "CreateMultipartUpload"): _map_upload,
    (_SOURCE, "CopyObject"): _map_copy,
    (_SOURCE, "UploadPartCopy"): _map_part_copy,
    (_SOURCE, "DeleteObjects"): _map_delete_objects,
    (_SOURCE, "GetObjectAttributes"): _map_attributes,
    (_SOURCE, "PutObjectRetention"): _map_retention,
    (_SOURCE, "UpdateObjectEncryption"): _map_update_encryption,
}

READERS: ReaderTable = {_SOURCE: {"bucket": ReaderType(read_buckets), "object": ReaderType(read_objects)}}
