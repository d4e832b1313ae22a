"""IAM Identity Center and its identity store, by the ARNs and ids that their calls name.

The calls of the access portal (GetRoleCredentials and the like) share the event source and need no IAM permission.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamidentitycenter.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentitystore.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.listed import arn_type
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, resource_from_arn
from lpgen.core.model import MappedAction, Resource

_SOURCE = "sso.amazonaws.com"


def _sso_type(shape: str, paths: str) -> NamedType:
    return NamedType("sso", shape, paths, region=False, account=False)


@dataclass(frozen=True, slots=True)
class _NewInInstanceType:
    """A resource that a call makes within an instance: its ARN holds the instance's id and one that AWS chooses."""

    kind: str
    account: bool = False

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The pattern of the resources of the kind in the instance that the request names."""
        instance = call.text("instanceArn").rpartition("/")[2]
        fits = instance.startswith("ssoins-") and "*" not in instance
        return (self._resource(call, f"{instance}/*"),) if fits else ()

    def pattern(self, call: Call) -> Resource:
        """The pattern of all that is of the kind."""
        return self._resource(call, "*")

    def _resource(self, call: Call, name: str) -> Resource:
        return resource_from_arn(call.arn("sso", f"{self.kind}/{name}", region=False, account=self.account))


_TYPES: dict[str, ResourceType] = {
    "account": _sso_type("account/{}", "targetId|accountId"),
    "instance": _sso_type("instance/{}", "instanceArn"),
    "set": _sso_type("permissionSet/{}", "permissionSetArn"),
    "new-set": _NewInInstanceType("permissionSet"),
    "provider": arn_type("sso", "applicationProviderArn"),
    "new-application": _NewInInstanceType("application", account=True),
    "new-issuer": _NewInInstanceType("trustedTokenIssuer", account=True),
}


_STORE_TYPES: dict[str, ResourceType] = {
    # Its id is unique in the world; a delegated administrator names that of the management account.
    # https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_IdentityStore.html
    "store": NamedType("identitystore", "identitystore/{}", "identityStoreId", region=False, any_account=True),
    "user": NamedType("identitystore", "user/{}", "userId|memberId.userId", region=False, account=False),
    "group": NamedType("identitystore", "group/{}", "groupId|groupIds", region=False, account=False),
    "membership": NamedType("identitystore", "membership/{}", "membershipId", region=False, account=False),
}


def _map_application_listing(call: Call) -> tuple[MappedAction, ...] | None:
    """ListApplications: the access portal's call of this name has no instance and needs no permission.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
    """
    return None if call.has("instanceArn") else ()


RULES: RuleTable = {
    (_SOURCE, "ListApplications"): _map_application_listing,
}

READERS: ReaderTable = {_SOURCE: _TYPES, "identitystore.amazonaws.com": _STORE_TYPES}
