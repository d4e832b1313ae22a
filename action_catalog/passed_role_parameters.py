"""Finds the request parameters that pass a role to an AWS service. The call then also needs `iam:PassRole`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re
from typing import Final

from action_catalog.service_models import Operation, Parameter

_ROLE: Final = re.compile(
    r"role(arn)?(update|s)?$|iamrolefor\w+arn$|rolename$|rolearnlist$|iaminstanceprofile(arn)?$|instanceprofilearn$",
    re.IGNORECASE,
)

# Verbs of operations that only name a role: to search for it, to remove it, or to describe something.
_NO_PASS_VERB: Final = re.compile(
    r"^(?:Describe|List|Get|Search|Batch(?:Get|Delete|Describe|Import)|Delete|Query|Lookup|Remove|Disassociate|Detach|"
    r"Assume|Decode|Stop|Cancel|Untag|Tag|Check|Evaluate|Filter|Revoke|Deregister|Test|Validate|Simulate)"
)

# Services whose role parameters name a role as the object of the call or as an identity.
_NO_PASS_SERVICE: Final = frozenset(
    {
        "account-access",
        # The job execution role is assumed with the cluster's own identity, not passed.
        # https://docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/iam-execution-role.html
        "emr-containers",
        "accessanalyzer",
        "iam",
        "iam-toolbox",
        "kms",
        "organizations",
        "securityhub",
        "signin",
        "sso",
        "sso-admin",
        "sts",
        "workmail",
    }
)

# Parts of paths where a role isn't an IAM role of the account, or is removed.
_NO_PASS_PATH: Final = re.compile(
    r"crossaccount|geographic|snowflakerole|snowflakeparameters|accesscontrolrole|removeiamrole|consumeraccount|"
    r"rolegroupassignment|"
    r"impersonation|principalrole|usersrole|memberrole|userrole|createdelegationrequests|defaultprocessowners|"
    r"^roles\.|targetlocations|guestrole|ldap|backendrole|dbrole|databaserole|externalid|findings|federatedrole|"
    r"roletype",
    re.IGNORECASE,
)


# Operations that name a role but don't pass it, according to the tables of API operations of these services:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_rum.html (and so on)
_NO_PASS_OPERATION: Final = frozenset(
    {
        ("customer-profiles", "PutIntegration"),
        ("finspace", "CreateKxCluster"),
        ("license-manager", "CreateToken"),
        ("rtbfabric", "CreateResponderGateway"),
        ("rtbfabric", "UpdateResponderGateway"),
        ("rum", "CreateAppMonitor"),
        ("rum", "UpdateAppMonitor"),
    }
)

# Parameters that take the name of a role or instance profile instead of an ARN.
_NAMED: Final = {
    ("batch", "computeResources.instanceRole"): "profile",
    ("emr", "AutoScalingRole"): "name",
    ("emr", "ExecutionEngine.ExecutionRoleArn"): "name",
    ("emr", "JobFlowRole"): "profile",
    ("emr", "ServiceRole"): "name",
    ("glue", "JobUpdate.Role"): "name",
    ("glue", "Role"): "name",
    ("macie2", "retrievalConfiguration.roleName"): "name",
    ("resiliencehub", "permissionModel.invokerRoleName"): "name",
}


def find_role_parameters(operation: Operation, depends: bool) -> list[str]:
    """The paths of an operation's parameters that pass a role.

    `depends`: the action depends on `iam:PassRole` according to the service authorization reference. Then verbs that
    usually pass no role also count.
    """
    if (operation.service, operation.name) in _NO_PASS_OPERATION:
        return []
    if operation.service in _NO_PASS_SERVICE or (not depends and _NO_PASS_VERB.match(operation.name)):
        return []
    paths = [".".join(item.path) for item in operation.parameters if _passes(item)]
    named = [_NAMED.get((operation.service, path)) for path in paths]
    return [f"{kind}:{path}" if kind else path for kind, path in zip(named, paths, strict=True)]


def _passes(parameter: Parameter) -> bool:
    if parameter.enumerated or not _ROLE.search(parameter.name):
        return False
    return _NO_PASS_PATH.search(".".join(parameter.path)) is None
