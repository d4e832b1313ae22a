"""S3 calls on resources other than buckets and objects: access points, batch jobs, Storage Lens and Access Grants.

CloudTrail logs them under the event source of S3, and those of directory buckets under that of S3 Express.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.inferences import GRANTS_DIRECTORY
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import exact, exact_or_any, first_text, fold, is_arn_of, mapped, tag_new
from lpgen.core.cloudtrail.rules.s3_arns import FAMILY
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource

_SOURCE = "s3.amazonaws.com"

_NAMES = ("name", "accessPointName")


def read_access_points(call: Call) -> Iterator[Resource]:
    """The access point of a call, by name or ARN."""
    return _read_points(call, "s3")


def _read_lambda_points(call: Call) -> Iterator[Resource]:
    """The Object Lambda access point of a call, by name or ARN."""
    return _read_points(call, "s3-object-lambda")


def _read_points(call: Call, service: str) -> Iterator[Resource]:
    name = first_text(call, *_NAMES)
    if is_arn_of(name, *FAMILY):
        yield exact(name)
    elif name and not name.startswith("arn:"):
        yield exact(call.arn(service, f"accesspoint/{name}"))


def _read_multi_points(call: Call) -> Iterator[Resource]:
    """The Multi-Region Access Point of a call. Its ARN has an alias that AWS assigns, so a plain name gives any.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPointPermissions.html
    """
    name = first_text(call, "mrap", *_NAMES)
    if is_arn_of(name, "s3"):
        yield exact(name)
    elif name.endswith(".mrap"):
        yield exact(call.arn("s3", f"accesspoint/{name}", region=False))
    else:
        yield fold(call.arn("s3", "accesspoint/", region=False), "*")


def read_tagged(call: Call) -> Iterator[Resource]:
    """The resource that a tagging call names by its ARN."""
    name = call.text("resourceArn")
    if is_arn_of(name, *FAMILY):
        yield exact(name)


def _map_create_job(call: Call) -> tuple[MappedAction, ...]:
    """CreateJob, s3:PutJobTagging for the tags of the new job, and the role that runs it.

    Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html and
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-iam-role-policies.html
    """
    own = _map_with_tags(call, "s3:CreateJob", "s3:PutJobTagging", fold(call.arn("s3", "job/"), "*"))
    roles = (*call.texts("roleArn"), *call.texts("createJobRequest", "roleArn"))
    return (*own, *passed_roles(call, roles, "batchoperations.s3.amazonaws.com"))


def _map_put_lens(call: Call) -> tuple[MappedAction, ...]:
    """PutStorageLensConfiguration, with the tagging action for its tags.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage_lens_iam_permissions.html
    """
    config = exact_or_any(call.arn("s3", "storage-lens/"), first_text(call, "configId", "storagelensid"))
    return _map_with_tags(call, "s3:PutStorageLensConfiguration", "s3:PutStorageLensConfigurationTagging", config)


def _map_create_lens_group(call: Call) -> tuple[MappedAction, ...]:
    """CreateStorageLensGroup, with s3:TagResource for its tags."""
    body = "createStorageLensGroupRequest.storageLensGroup.name"
    name = first_text(call, "storageLensGroup.name", body, "name")
    group = exact_or_any(call.arn("s3", "storage-lens-group/"), name)
    return _map_with_tags(call, "s3:CreateStorageLensGroup", "s3:TagResource", group)


def _map_with_tags(call: Call, action: str, tag_action: str, made: Resource) -> tuple[MappedAction, ...]:
    """A creation, with the tagging action if the request has tags at the top level or in the body named after the
    operation."""
    body = (f"{call.operation}Request", "tags")
    tags = tag_new(call, tag_action, (made,)) or tag_new(call, tag_action, (made,), *body)
    return (mapped(action, (NO_RESOURCE,)), *tags)


# ---------------------------------------------------------------- Access Grants

# The one instance per Region, locations with their roles, and grants.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (S3 Access Grants)

_BY_IDENTITY_CENTER: Final[dict[str, tuple[str, ...]]] = {
    "AssociateAccessGrantsIdentityCenter": (
        "sso:CreateApplication",
        "sso:PutApplicationAuthenticationMethod",
        "sso:PutApplicationGrant",
    ),
    "CreateAccessGrantsInstance": (
        "sso:CreateApplication",
        "sso:DescribeInstance",
        "sso:PutApplicationAuthenticationMethod",
        "sso:PutApplicationGrant",
    ),
}
"""The IAM Identity Center actions that a call needs if it names an instance."""


def _complete_instance(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """A call that can name an instance of IAM Identity Center."""
    is_named = call.has("identityCenterArn") or call.has(f"{call.operation}Request", "identityCenterArn")
    return (*actions, *_asked_of_directory(*(_BY_IDENTITY_CENTER[call.operation] if is_named else ())))


def _complete_dissociation(_call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """DissociateAccessGrantsIdentityCenter deletes the application in IAM Identity Center."""
    return (*actions, *_asked_of_directory("sso:DeleteApplication"))


def _complete_grant(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateAccessGrant. For users and groups of a directory, it also looks up the application and the user."""
    grantee = first_text(call, "grantee.granteeType", "createAccessGrantRequest.grantee.granteeType")
    if not grantee.startswith("DIRECTORY_"):
        return actions
    person = ("identitystore:DescribeUser",) if grantee == "DIRECTORY_USER" else ()
    return (*actions, *_asked_of_directory("sso:DescribeInstance", "sso:DescribeApplication", *person))


def _asked_of_directory(*actions: str) -> tuple[MappedAction, ...]:
    """Actions of IAM Identity Center and its identity store. The record doesn't show their resources."""
    return tuple(mapped(action, (UNKNOWN_RESOURCE,), how=GRANTS_DIRECTORY) for action in actions)


RULES: RuleTable = {
    (_SOURCE, "CreateJob"): _map_create_job,
    (_SOURCE, "PutStorageLensConfiguration"): _map_put_lens,
    (_SOURCE, "CreateStorageLensGroup"): _map_create_lens_group,
}

COMPLETIONS: CompletionTable = {
    **{(_SOURCE, operation): _complete_instance for operation in _BY_IDENTITY_CENTER},
    (_SOURCE, "DissociateAccessGrantsIdentityCenter"): _complete_dissociation,
    (_SOURCE, "CreateAccessGrant"): _complete_grant,
}

READERS: ReaderTable = {
    _SOURCE: {
        "point": ReaderType(read_access_points),
        "lambdapoint": ReaderType(_read_lambda_points),
        "multipoint": ReaderType(_read_multi_points),
        "tagged": ReaderType(read_tagged),
        "grants": ReaderType(lambda call: (exact(call.arn("s3", "access-grants/default")),)),
    }
}
