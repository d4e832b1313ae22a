"""S3 Access Grants: its one instance in a Region, locations with their roles, and grants.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (S3 Access Grants)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.inferences import GRANTS_DIRECTORY
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, first_text
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, Resource

_SOURCE: Final = "s3.amazonaws.com"

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
"""The actions in IAM Identity Center that a call needs where it names an instance."""


def _read_instance(call: Call) -> Iterator[Resource]:
    yield exact(call.arn("s3", "access-grants/default"))


def _names_identity_center(call: Call) -> bool:
    return call.has("identityCenterArn") or call.has(f"{call.operation}Request", "identityCenterArn")


def _complete_instance(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """A call that may name an instance of IAM Identity Center."""
    named = _BY_IDENTITY_CENTER[call.operation] if _names_identity_center(call) else ()
    return (*actions, *_asked_of_directory(*named))


def _complete_dissociation(_call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """DissociateAccessGrantsIdentityCenter, which deletes the application in IAM Identity Center."""
    return (*actions, *_asked_of_directory("sso:DeleteApplication"))


def _complete_grant(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateAccessGrant, and for people and groups of a directory the lookups of the application and the person."""
    grantee = first_text(call, "grantee.granteeType", "createAccessGrantRequest.grantee.granteeType")
    if not grantee.startswith("DIRECTORY_"):
        return actions
    person = ("identitystore:DescribeUser",) if grantee == "DIRECTORY_USER" else ()
    return (*actions, *_asked_of_directory("sso:DescribeInstance", "sso:DescribeApplication", *person))


def _asked_of_directory(*actions: str) -> tuple[MappedAction, ...]:
    """Actions of IAM Identity Center and its store; the record doesn't show on what."""
    return tuple(mapped(action, (UNKNOWN_RESOURCE,), how=GRANTS_DIRECTORY) for action in actions)


COMPLETIONS: CompletionTable = {
    **{(_SOURCE, operation): _complete_instance for operation in _BY_IDENTITY_CENTER},
    (_SOURCE, "DissociateAccessGrantsIdentityCenter"): _complete_dissociation,
    (_SOURCE, "CreateAccessGrant"): _complete_grant,
}

READERS: ReaderTable = {_SOURCE: {"grants": ReaderType(_read_instance)}}
