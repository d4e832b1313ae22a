"""The other event sources of the S3 family: directory buckets, S3 on Outposts and Object Lambda.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-one-zone-logging.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-security-iam-identity-policies.html,
https://docs.aws.amazon.com/AmazonS3/latest/s3-outposts/S3OutpostsIAM.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/olap-policies.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import EVERY_READ, Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.inferences import COPY_SOURCE, DIRECTORY_BUCKET_SESSION, OBJECT_HEADERS
from lpgen.core.cloudtrail.rules.resources import (
    as_literal,
    exact,
    exact_or_any,
    first_text,
    fold,
    is_arn_of,
    listed_arns,
    mapped,
)
from lpgen.core.cloudtrail.rules.s3_arns import read_buckets, read_copy_source, split_copy_source
from lpgen.core.cloudtrail.rules.s3_control import read_access_points, read_tagged
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.model import Action, MappedAction, Resource, ResourceKind

_EXPRESS = "s3express.amazonaws.com"
_OUTPOSTS = "s3-outposts.amazonaws.com"
_OBJECT_LAMBDA = "s3-object-lambda.amazonaws.com"

# ---------------------------------------------------------------- directory buckets

_ZONAL = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjects",
    "GetObject",
    "GetObjectAttributes",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "RenameObject",
    "UploadPart",
    "UploadPartCopy",
)
"""The operations on the endpoint of a directory bucket. The session authorizes all of them."""


def _map_zonal(call: Call) -> tuple[MappedAction, ...]:
    """An operation on a directory bucket needs s3express:CreateSession on the bucket and on the source of a copy."""
    target = tuple(read_buckets(call))
    if not call.operation.endswith(("CopyObject", "PartCopy")):
        return (mapped("s3express:CreateSession", target, how=DIRECTORY_BUCKET_SESSION),)
    source = tuple(read_copy_source(call))
    if all(":s3express:" in resource.text for resource in source):
        return (mapped("s3express:CreateSession", (*target, *source), how=DIRECTORY_BUCKET_SESSION),)
    _, version = split_copy_source(call)
    return (
        mapped("s3express:CreateSession", target, how=DIRECTORY_BUCKET_SESSION),
        mapped("s3:GetObjectVersion" if version else "s3:GetObject", source, how=COPY_SOURCE),
    )


def _read_express_points(call: Call) -> Iterator[Resource]:
    for point in read_access_points(call):
        yield exact(point.text.replace(":s3:", ":s3express:", 1))


# ---------------------------------------------------------------- objects of Outposts and Object Lambda

_VERSIONED = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
"""The action on a version, by the action on the current version."""


def _complete_object(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The action on a version if the call names one, and the tagging action if an upload sets tags."""
    (own,) = actions
    prefix, _, name = own.action.partition(":")
    if name == "PutObject" and call.has("x-amz-tagging"):
        return (own, mapped(f"{prefix}:PutObjectTagging", own.resources, how=OBJECT_HEADERS))
    versioned = _VERSIONED.get(name) if call.has("versionId") else None
    return (replace(own, action=Action(f"{prefix}:{versioned}")),) if versioned else actions


# ---------------------------------------------------------------- Outposts


def _read_outposts_buckets(call: Call) -> Iterator[Resource]:
    """The bucket or access point on an Outpost that a call names, by ARN or by name."""
    name = first_text(call, "bucketName", "bucket")
    if is_arn_of(name, "s3-outposts"):
        yield exact(name)
    elif name and not name.startswith("arn:"):
        yield _on_outpost(call, f"bucket/{name}")


def _read_outposts_objects(call: Call) -> Iterator[Resource]:
    """The object on an Outpost that a call names, or all objects of the bucket if the call has no key."""
    key = call.text("key")
    for bucket in _read_outposts_buckets(call):
        if bucket.kind is ResourceKind.FOLD:
            yield Resource(bucket.kind, f"{bucket.text}/object/{as_literal(key) or '*'}")
        else:
            yield exact_or_any(f"{bucket.text}/object/", key)


def _on_outpost(call: Call, name: str) -> Resource:
    """A bucket or access point on the call's Outpost, or on any Outpost if the record doesn't show it."""
    outpost = _find_outpost(call)
    if outpost:
        return exact(call.arn("s3-outposts", f"outpost/{outpost}/{name}"))
    return fold(call.arn("s3-outposts", "outpost/"), f"*/{as_literal(name)}")


def _find_outpost(call: Call) -> str:
    """The Outpost's id from the request's header, or from a listed ARN."""
    listed = (split_arn(arn).name.split("/") for arn in listed_arns(call, "s3-outposts"))
    return first_text(call, "x-amz-outpost-id", "outpostId") or next(
        (parts[1] for parts in listed if parts[0] == "outpost" and len(parts) > 1), ""
    )


def _read_outposts_points(call: Call) -> Iterator[Resource]:
    name = call.text("name")
    if is_arn_of(name, "s3-outposts"):
        yield exact(name)
    elif name and not name.startswith("arn:"):
        yield _on_outpost(call, f"accesspoint/{name}")


# ---------------------------------------------------------------- Object Lambda


def _read_lambda_points(call: Call) -> Iterator[Resource]:
    """The Object Lambda access point of a data call, as listed or by ARN."""
    listed = listed_arns(call, "s3-object-lambda")
    name = first_text(call, "bucketName", "accessPointName")
    named = name if is_arn_of(name, "s3-object-lambda") else ""
    return map(exact, dict.fromkeys(arn for arn in (*listed, named) if arn))


RULES: RuleTable = {(_EXPRESS, operation): _map_zonal for operation in _ZONAL}

COMPLETIONS: CompletionTable = {(source, EVERY_READ): _complete_object for source in (_OUTPOSTS, _OBJECT_LAMBDA)}

READERS: ReaderTable = {
    "s3.amazonaws.com": {"zonalpoint": ReaderType(_read_express_points)},
    _EXPRESS: {
        "bucket": ReaderType(read_buckets),
        "point": ReaderType(_read_express_points),
        "tagged": ReaderType(read_tagged),
    },
    _OUTPOSTS: {
        "bucket": ReaderType(_read_outposts_buckets),
        "object": ReaderType(_read_outposts_objects),
        "point": ReaderType(_read_outposts_points),
    },
    _OBJECT_LAMBDA: {"point": ReaderType(_read_lambda_points)},
}
