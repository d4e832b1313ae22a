"""IAM: names become ARNs, with their path if the record shows it. Tags on create need the tagging action.

A request names an entity without its path. The path is known only if the request creates the entity, if the response
has its ARN, or if the caller names itself. Otherwise the root path is assumed.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import PASS_ROLE
from lpgen.core.cloudtrail.rules.resources import mapped, resource_from_arn, tag_new
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource, ResourceKind

_SOURCE = "iam.amazonaws.com"


def _iam_type(shape: str, paths: str) -> NamedType:
    return NamedType("iam", shape, paths, region=False)


@dataclass(frozen=True, slots=True)
class _UserType:
    """The user that the request names, or the caller if the request names no user or the caller."""

    named: NamedType

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The user's resource. Empty if no user is named and the caller isn't a user."""
        identity = call.record.userIdentity
        own = identity.arn if identity and identity.type == "IAMUser" else None
        name = call.text(paths or self.named.paths)
        if own and (not name or own.rpartition("/")[2] == name) and f":{call.account}:" in own:
            return (Resource(ResourceKind.ARN, own),)
        return self.named.read(call, paths)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all users of the account."""
        return self.named.pattern(call)


_TYPES: dict[str, ResourceType] = {
    "instance-profile": _iam_type("instance-profile/{}", "instanceProfileName"),
    "role": _iam_type("role/{}", "roleName"),
    "user": _UserType(_iam_type("user/{}", "userName")),
}


@dataclass(frozen=True, slots=True)
class _CreateRule:
    """A new entity in a path, and its tags.

    `answer` is the path of its ARN in the response. `shape` and `name` give the ARN if there is no response.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """

    shape: str
    name: str
    answer: tuple[str, ...]
    tag_action: str = ""

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        created = (self._created(call),)
        tags = tag_new(call, self.tag_action, created) if self.tag_action else ()
        return (mapped(f"iam:{call.operation}", created), *tags)

    def _created(self, call: Call) -> Resource:
        arn = next(iter(call.shown(*self.answer)), "")
        name = call.text(self.name)
        if not arn and name and not has_wildcard(name):
            inner = f"{call.text('path').strip('/')}/{name}".lstrip("/")
            arn = call.arn("iam", f"{self.shape}/{inner}", region=False)
        return resource_from_arn(arn or call.arn("iam", f"{self.shape}/*", region=False))


def _map_oidc_creation(call: Call) -> tuple[MappedAction, ...]:
    """CreateOpenIDConnectProvider. The ARN has the provider's URL without its scheme."""
    host = call.text("url").removeprefix("https://").rstrip("/")
    name = "*" if not host or has_wildcard(host) else host
    created = (resource_from_arn(call.arn("iam", f"oidc-provider/{name}", region=False)),)
    tags = tag_new(call, "iam:TagOpenIDConnectProvider", created)
    return (mapped("iam:CreateOpenIDConnectProvider", created), *tags)


def _map_profile_role(call: Call) -> tuple[MappedAction, ...]:
    """AddRoleToInstanceProfile needs iam:PassRole on the role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
    """
    return (
        mapped("iam:AddRoleToInstanceProfile", read_resources(call, _TYPES, ("instance-profile",))),
        mapped("iam:PassRole", read_resources(call, _TYPES, ("role",)), how=PASS_ROLE),
    )


def _map_service_linked_role(call: Call) -> tuple[MappedAction, ...]:
    """CreateServiceLinkedRole, on the role in the response, or else on any role of the service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
    """
    service = call.text("aWSServiceName")
    arn = next(iter(call.shown("role", "arn")), "")
    pattern = call.arn("iam", f"role/aws-service-role/{service or '*'}/*", region=False)
    context = {"iam:AWSServiceName": service} if service else {}
    return (mapped("iam:CreateServiceLinkedRole", (resource_from_arn(arn or pattern),), context=context),)


def _map_service_linked_deletion(call: Call) -> tuple[MappedAction, ...]:
    """DeleteServiceLinkedRole and its status. The task id has the service and the role."""
    task = call.text("deletionTaskId") or next(iter(call.shown("deletionTaskId")), "")
    fields = task.split("/")
    if len(fields) >= 4 and fields[1] == "aws-service-role":
        name = "/".join(fields[1:4])
    else:
        name = f"aws-service-role/*/{call.text('roleName') or '*'}"
    return (mapped(f"iam:{call.operation}", (resource_from_arn(call.arn("iam", f"role/{name}", region=False)),)),)


def _map_named_entity(call: Call) -> tuple[MappedAction, ...]:
    """An operation that takes the ARN of a role, user, group or policy in one parameter."""
    texts = (*call.texts("policySourceArn"), *call.texts("arn"))
    arns = (text for text in texts if ":iam::" in text and not has_wildcard(text))
    return (mapped(f"iam:{call.operation}", map(resource_from_arn, arns)),)


def _map_access_report(call: Call) -> tuple[MappedAction, ...]:
    """GenerateOrganizationsAccessReport, on the path of an organization's entity."""
    path = call.text("entityPath")
    name = path if path and not has_wildcard(path) else "*"
    report = resource_from_arn(call.arn("iam", f"access-report/{name}", region=False))
    return (mapped("iam:GenerateOrganizationsAccessReport", (report,)),)


def _map_access_key(call: Call) -> tuple[MappedAction, ...]:
    """GetAccessKeyLastUsed, on the owner of the key, which only the response names."""
    owners = [resource_from_arn(call.arn("iam", f"user/{name}", region=False)) for name in call.shown("userName")]
    return (mapped("iam:GetAccessKeyLastUsed", owners or (_TYPES["user"].pattern(call),)),)


_SPECIAL: dict[str, Rule] = {
    "CreateGroup": _CreateRule("group", "groupName", ("group", "arn")),
    "CreateInstanceProfile": _CreateRule(
        "instance-profile", "instanceProfileName", ("instanceProfile", "arn"), "iam:TagInstanceProfile"
    ),
    "CreatePolicy": _CreateRule("policy", "policyName", ("policy", "arn"), "iam:TagPolicy"),
    "CreateRole": _CreateRule("role", "roleName", ("role", "arn"), "iam:TagRole"),
    "CreateSAMLProvider": _CreateRule("saml-provider", "name", ("sAMLProviderArn",), "iam:TagSAMLProvider"),
    "CreateUser": _CreateRule("user", "userName", ("user", "arn"), "iam:TagUser"),
    "CreateVirtualMFADevice": _CreateRule(
        "mfa", "virtualMFADeviceName", ("virtualMFADevice", "serialNumber"), "iam:TagMFADevice"
    ),
    "UploadServerCertificate": _CreateRule(
        "server-certificate",
        "serverCertificateName",
        ("serverCertificateMetadata", "arn"),
        "iam:TagServerCertificate",
    ),
    "CreateOpenIDConnectProvider": _map_oidc_creation,
    "AddRoleToInstanceProfile": _map_profile_role,
    "CreateServiceLinkedRole": _map_service_linked_role,
    "DeleteServiceLinkedRole": _map_service_linked_deletion,
    "GetServiceLinkedRoleDeletionStatus": _map_service_linked_deletion,
    "SimulatePrincipalPolicy": _map_named_entity,
    "GetContextKeysForPrincipalPolicy": _map_named_entity,
    "GenerateServiceLastAccessedDetails": _map_named_entity,
    "ListPoliciesGrantingServiceAccess": _map_named_entity,
    "GenerateOrganizationsAccessReport": _map_access_report,
    "GetAccessKeyLastUsed": _map_access_key,
}


RULES: RuleTable = {(_SOURCE, operation): rule for operation, rule in _SPECIAL.items()}

READERS: ReaderTable = {_SOURCE: _TYPES}
