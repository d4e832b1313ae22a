"""S3 Access Grants: its one instance in a Region, locations with their roles, and grants.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html (S3 Access Grants)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped
from lpgen.core.events.rules.inferences import GRANTS_DIRECTORY
from lpgen.core.events.rules.listed import ReaderType, exact, first_text
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, Resource

_SOURCE: Final = "s3.amazonaws.com"

# The principal that assumes a location's role:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-location-register.html
_SERVICE = "access-grants.s3.amazonaws.com"

_LINES = f"""
AssociateAccessGrantsIdentityCenter grants
CreateAccessGrant +grant
CreateAccessGrantsInstance grants
CreateAccessGrantsLocation +location @iAMRoleArn={_SERVICE} @createAccessGrantsLocationRequest.iAMRoleArn={_SERVICE}
DeleteAccessGrant grant
DeleteAccessGrantsInstance grants
DeleteAccessGrantsInstanceResourcePolicy grants
DeleteAccessGrantsLocation location
DissociateAccessGrantsIdentityCenter grants
GetAccessGrant grant
GetAccessGrantsInstance grants
GetAccessGrantsInstanceForPrefix grants
GetAccessGrantsInstanceResourcePolicy grants
GetAccessGrantsLocation location
GetDataAccess grants
ListAccessGrants grants
ListAccessGrantsLocations grants
ListCallerAccessGrants grants
PutAccessGrantsInstanceResourcePolicy grants
UpdateAccessGrantsLocation location @iAMRoleArn={_SERVICE} @updateAccessGrantsLocationRequest.iAMRoleArn={_SERVICE}
"""

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
"""What a call needs in IAM Identity Center where it names an instance of it."""


def _read_instance(call: Call) -> Iterator[Resource]:
    yield exact(call.arn("s3", "access-grants/default"))


def _names_identity_center(call: Call) -> bool:
    return call.has("identityCenterArn") or call.has(f"{call.operation}Request", "identityCenterArn")


def _with_identity_center(own: Rule) -> Rule:
    """The rule, and what the call needs of IAM Identity Center where it names an instance."""

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        named = _BY_IDENTITY_CENTER[call.operation] if _names_identity_center(call) else ()
        return (*(own(call) or ()), *_asked_of_directory(*named))

    return map_call


def _map_dissociate(call: Call) -> tuple[MappedAction, ...]:
    """DissociateAccessGrantsIdentityCenter, which deletes the application in IAM Identity Center."""
    own = mapped("s3:DissociateAccessGrantsIdentityCenter", _read_instance(call))
    return (own, *_asked_of_directory("sso:DeleteApplication"))


def _map_create_grant(call: Call) -> tuple[MappedAction, ...]:
    """CreateAccessGrant, and for people and groups of a directory the lookups of the application and the person."""
    own = mapped("s3:CreateAccessGrant", (_TYPES["grant"].pattern(call),))
    grantee = first_text(call, "grantee.granteeType", "createAccessGrantRequest.grantee.granteeType")
    if not grantee.startswith("DIRECTORY_"):
        return (own,)
    person = ("identitystore:DescribeUser",) if grantee == "DIRECTORY_USER" else ()
    return (own, *_asked_of_directory("sso:DescribeInstance", "sso:DescribeApplication", *person))


def _asked_of_directory(*actions: str) -> tuple[MappedAction, ...]:
    """Actions of IAM Identity Center and its store; the record doesn't show on what."""
    return tuple(mapped(action, (UNKNOWN_RESOURCE,), how=GRANTS_DIRECTORY) for action in actions)


_TYPES: dict[str, ResourceType] = {
    "grants": ReaderType(_read_instance),
    "grant": NamedType("s3", "access-grants/default/grant/{}", "accessGrantId|id"),
    "location": NamedType("s3", "access-grants/default/location/{}", "accessGrantsLocationId|id"),
}

_DECLARED: dict[tuple[str, str], Rule] = declared_rules(_SOURCE, "s3", _TYPES, _LINES)

RULES: RuleTable = {
    **_DECLARED,
    **{(_SOURCE, name): _with_identity_center(_DECLARED[_SOURCE, name]) for name in _BY_IDENTITY_CENTER},
    (_SOURCE, "DissociateAccessGrantsIdentityCenter"): _map_dissociate,
    (_SOURCE, "CreateAccessGrant"): _map_create_grant,
}
