"""Redshift: the credentials of a database, whose user the call may create and put into groups.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import DATABASE_CREDENTIALS
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, mapped, read_resources
from lpgen.core.model import MappedAction

_SOURCE = "redshift.amazonaws.com"


_TYPES: dict[str, ResourceType] = {
    "dbgroup": NamedType("redshift", "dbgroup:{}/{}", "clusterIdentifier,dbGroups"),
    "dbname": NamedType("redshift", "dbname:{}/{}", "clusterIdentifier,dbName"),
    "dbuser": NamedType("redshift", "dbuser:{}/{}", "clusterIdentifier,dbUser"),
}


def _map_credentials(call: Call) -> tuple[MappedAction, ...]:
    """GetClusterCredentials, which may also create its user and join groups.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
    """
    user = read_resources(call, _TYPES, ("dbuser",))
    actions = [mapped("redshift:GetClusterCredentials", (*user, *read_resources(call, _TYPES, ("dbname?",))))]
    if call.has("autoCreate"):
        actions.append(mapped("redshift:CreateClusterUser", user, how=DATABASE_CREDENTIALS))
    if call.has("dbGroups"):
        groups = read_resources(call, _TYPES, ("dbgroup",))
        actions.append(mapped("redshift:JoinGroup", groups, how=DATABASE_CREDENTIALS))
    return tuple(actions)


RULES: RuleTable = {(_SOURCE, "GetClusterCredentials"): _map_credentials}
