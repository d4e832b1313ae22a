"""The resources of the S3 family: buckets, objects and access points.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html (which resource an
action takes) and https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html (access points).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_plus

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.resources import exact, first_text, fold, is_arn_of
from lpgen.core.model import Resource

FAMILY = ("s3", "s3express", "s3-outposts", "s3-object-lambda")
"""The ARN services of the family."""

_BUCKET_TYPES = ("AWS::S3::Bucket", "AWS::S3Express::DirectoryBucket", "AWS::S3Outposts::Bucket")
_OBJECT_TYPES = ("AWS::S3::Object", "AWS::S3Express::Object", "AWS::S3Outposts::Object")
_ACCESS_POINT_TYPES = ("AWS::S3::AccessPoint", "AWS::S3ObjectLambda::AccessPoint")
_ALIAS_ENDINGS = ("-s3alias", "--ol-s3", "--xa-s3")
_NO_OBJECT_RESOURCES = ("s3express", "s3-object-lambda")


def read_buckets(call: Call) -> Iterator[Resource]:
    """The bucket that a call names, and the access point if the record shows one."""
    return map(exact, _find_containers(call))


def read_objects(call: Call) -> Iterator[Resource]:
    """The objects that a call names by key."""
    return _read_keys(call, call.texts("key"))


def read_deleted_objects(call: Call) -> Iterator[Resource]:
    """The objects in the body of DeleteObjects. CloudTrail rarely logs the body: then all objects of the bucket."""
    return _read_keys(call, call.texts("delete", "objects", "key") or call.texts("delete", "object", "key"))


def _read_keys(call: Call, keys: tuple[str, ...]) -> Iterator[Resource]:
    """The objects with these keys. Without keys, the objects that the record lists, or else all objects."""
    listed = () if keys else _list_arns(call, _OBJECT_TYPES)
    yield from map(exact, listed)
    for container in _find_containers(call):
        yield from (exact(_object_arn(container, key)) for key in keys)
        if not keys and not listed:
            yield _fold_objects(container)


def _fold_objects(container: str) -> Resource:
    """All objects of a bucket or access point."""
    first = _object_arn(container, "")
    return exact(first) if first == container else fold(first, "*")


def read_copy_source(call: Call) -> Iterator[Resource]:
    """The object that a copy reads, from the encoded `x-amz-copy-source`."""
    path, _ = split_copy_source(call)
    if path.startswith("arn:"):
        if is_arn_of(path, "s3", "s3-outposts"):
            yield exact(path)
        return
    bucket, _, key = path.partition("/")
    if bucket and key:
        yield exact(_object_arn(_bucket_arn(call, bucket), key))


def split_copy_source(call: Call) -> tuple[str, str]:
    """The decoded path and the version id ("" for the current version) of a copy's source.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html (the value is URL-encoded, may begin
    with a slash, may be an access point ARN, and may end in `?versionId=`).
    """
    path, _, query = first_text(call, "x-amz-copy-source", "copySource").partition("?")
    version = query.removeprefix("versionId=") if query.startswith("versionId=") else ""
    return unquote_plus(path).removeprefix("/"), version


def _bucket_arn(call: Call, bucket: str) -> str:
    """The ARN of a bucket or access point with this name, alias or ARN."""
    if bucket.startswith("arn:"):
        return bucket
    if bucket.endswith(".mrap"):
        return call.arn("s3", f"accesspoint/{bucket}", region=False)
    if bucket.endswith("--x-s3"):
        return call.arn("s3express", f"bucket/{bucket}")
    if bucket.endswith("--xa-s3"):
        return call.arn("s3express", f"accesspoint/{bucket}")
    return call.arn("s3", bucket, region=False, account=False)


def _object_arn(container: str, key: str) -> str:
    """The ARN of an object in a bucket or access point, or the container's ARN if actions don't take objects."""
    _, _, service, _, _, name = container.split(":", 5)
    if service in _NO_OBJECT_RESOURCES:
        return container
    is_access_point = name.startswith("accesspoint/") or service == "s3-outposts"
    return f"{container}/object/{key}" if is_access_point else f"{container}/{key}"


def _find_containers(call: Call) -> tuple[str, ...]:
    """The ARNs of the call's bucket and access point, without duplicates.

    Both must allow a request through an access point, so the call needs both.
    """
    through = _list_arns(call, _ACCESS_POINT_TYPES)
    name = first_text(call, "bucketName", "bucket")
    if not name or (through and name.endswith(_ALIAS_ENDINGS)):
        return through + _list_arns(call, _BUCKET_TYPES)
    arn = _bucket_arn(call, name)
    if not is_arn_of(arn, *FAMILY):
        return through
    buckets = _list_arns(call, _BUCKET_TYPES) if ":accesspoint/" in arn else ()
    return tuple(dict.fromkeys((arn, *through, *buckets)))


def _list_arns(call: Call, types: tuple[str, ...]) -> tuple[str, ...]:
    """The listed ARNs of these types. In S3 records, an entry's type distinguishes buckets from objects."""
    return tuple(
        entry.ARN
        for entry in call.record.resources or ()
        if entry.ARN and entry.type in types and is_arn_of(entry.ARN, *FAMILY)
    )
