"""S3 calls on objects: versions, copies, uploads and the further actions that their headers ask for.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (object operations) and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_s3.html (API operations).
CloudTrail logs headers and query parameters by their own names (`x-amz-acl`, `versionId`).
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import (
    COPY_SOURCE,
    ENCRYPTION_CHANGE,
    GOVERNANCE_BYPASS,
    MISSING_OBJECT,
    OBJECT_HEADERS,
)
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.s3_arns import (
    read_buckets,
    read_copy_source,
    read_deleted_objects,
    read_objects,
    split_copy_source,
)
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped
from lpgen.core.model import MappedAction

_SOURCE = "s3.amazonaws.com"


_TYPES = {"object": ReaderType(read_objects)}

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
"""By operation: the action on the current version, and the one on the version that the request names."""

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
"""The actions that an upload or copy needs in addition to s3:PutObject, and the headers that ask for them."""


def _map_object_version(operation: str, prefix: str = "s3") -> Rule:
    """A rule for an operation whose action depends on whether the request names a version."""
    current, versioned = _VERSIONED[operation]

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        action = versioned if call.has("versionId") else current
        return (mapped(f"{prefix}:{action}", read_objects(call)), *_map_bypass(call))

    return map_call


def _map_read(operation: str) -> Rule:
    """A rule for GetObject or HeadObject, which also list where they say that the object isn't there.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (permissions)
    """
    read = _map_object_version(operation)

    def map_call(call: Call) -> tuple[MappedAction, ...] | None:
        actions = read(call)
        if call.record.errorCode != "NoSuchKey" or call.has("versionId") or actions is None:
            return actions
        return (*actions, mapped("s3:ListBucket", read_buckets(call), how=MISSING_OBJECT))

    return map_call


def _map_upload(call: Call) -> tuple[MappedAction, ...]:
    """PutObject, PostObject and CreateMultipartUpload, with the actions that their headers ask for."""
    target = tuple(read_objects(call))
    return (
        mapped("s3:PutObject", target),
        *(
            mapped(action, target, how=OBJECT_HEADERS)
            for action, headers in _HEADER_ACTIONS
            if any(call.has(header) for header in headers)
        ),
    )


def _map_copy(call: Call) -> tuple[MappedAction, ...]:
    """CopyObject: the source is read, the target written, with the actions that the headers ask for.

    A copy carries tags over by default, which needs the tagging actions only where the source has any. No record shows
    that, so they count as needed only where the request asks for it in words; else they are kept where they are granted
    (`analysis/observability/implicit_checks.py`).
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
    """UploadPartCopy: the source is read and the target written."""
    return (mapped("s3:PutObject", read_objects(call)), _map_source(call))


def _map_source(call: Call) -> MappedAction:
    _, version = split_copy_source(call)
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return mapped(action, read_copy_source(call), how=COPY_SOURCE)


def _map_delete_objects(call: Call) -> tuple[MappedAction, ...]:
    """DeleteObjects: s3:DeleteObject, and the version's action where the logged body names versions."""
    objects = tuple(read_deleted_objects(call))
    versions = call.has("delete", "objects", "versionId") or call.has("delete", "object", "versionId")
    with_version = (mapped("s3:DeleteObjectVersion", objects),) if versions else ()
    return (mapped("s3:DeleteObject", objects), *with_version, *_map_bypass(call))


def _map_attributes(call: Call) -> tuple[MappedAction, ...]:
    """GetObjectAttributes needs the read action too.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
    """
    objects = tuple(read_objects(call))
    infix = "Version" if call.has("versionId") else ""
    return (mapped(f"s3:GetObject{infix}", objects), mapped(f"s3:GetObject{infix}Attributes", objects))


def _map_update_encryption(call: Call) -> tuple[MappedAction, ...]:
    """UpdateObjectEncryption, and s3:PutObject on the same object."""
    objects = tuple(read_objects(call))
    return (
        mapped("s3:UpdateObjectEncryption", objects),
        mapped("s3:PutObject", objects, how=ENCRYPTION_CHANGE),
    )


def _map_retention(call: Call) -> tuple[MappedAction, ...]:
    """PutObjectRetention, which may bypass governance mode."""
    return (mapped("s3:PutObjectRetention", read_objects(call)), *_map_bypass(call))


def _map_bypass(call: Call) -> tuple[MappedAction, ...]:
    """s3:BypassGovernanceRetention where the request asks for it."""
    header = "x-amz-bypass-governance-retention"
    if call.text(header).lower() != "true" and call.request.get(header) is not True:
        return ()
    objects = read_deleted_objects(call) if call.operation == "DeleteObjects" else read_objects(call)
    return (mapped("s3:BypassGovernanceRetention", objects, how=GOVERNANCE_BYPASS),)


RULES: RuleTable = {
    **{(_SOURCE, operation): _map_object_version(operation) for operation in _VERSIONED},
    **{(_SOURCE, operation): _map_read(operation) for operation in ("GetObject", "HeadObject")},
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

READERS: ReaderTable = {_SOURCE: _TYPES}
