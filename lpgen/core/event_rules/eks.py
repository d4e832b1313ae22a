"""EKS: clusters by name; what lies in a cluster has an id in its ARN that only AWS knows, so its ARN is a pattern.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
Roles that the calls hand over are found by the general rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.event_rules.call import Call, RuleTable
from lpgen.core.event_rules.declared import NamedType, ResourceType, declared_rules, mapped, read_resources
from lpgen.core.event_rules.inferences import TAG_ON_CREATE
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource, ResourceKind

SOURCE = "eks.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _AccessEntryType:
    """The access entry of an IAM principal: its ARN holds the principal's kind, account and bare name."""

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The access entry of the principal in the cluster that the request names."""
        cluster = call.text("clusterName") or call.text("name")
        fields = call.text("principalArn").split(":", 5)
        if not cluster or len(fields) != 6 or fields[2] != "iam" or "*" in "".join((cluster, *fields)):
            return ()
        kind, _, name = fields[5].partition("/")
        entry = f"access-entry/{cluster}/{kind}/{fields[4]}/{name.rpartition('/')[2]}/*"
        return (Resource(ResourceKind.FOLD, call.arn("eks", entry)),)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all access entries of the account and Region."""
        return Resource(ResourceKind.FOLD, call.arn("eks", "access-entry/*"))


TYPES: dict[str, ResourceType] = {
    "cluster": NamedType("eks", "cluster/{}", "clusterName|name"),
    "addon": NamedType("eks", "addon/{}/{}/*", "clusterName,addonName|name,addonName"),
    "capability": NamedType("eks", "capability/{}/*/{}/*", "clusterName,capabilityName|name,capabilityName"),
    "nodegroup": NamedType("eks", "nodegroup/{}/{}/*", "clusterName,nodegroupName|name,nodegroupName"),
    "fargateprofile": NamedType(
        "eks", "fargateprofile/{}/{}/*", "clusterName,fargateProfileName|name,fargateProfileName"
    ),
    "identityproviderconfig": NamedType(
        "eks",
        "identityproviderconfig/{}/{}/{}/*",
        "clusterName,identityProviderConfig.type,identityProviderConfig.name",
    ),
    "podidentityassociation": NamedType(
        "eks", "podidentityassociation/{}/{}", "clusterName,associationId|name,associationId"
    ),
    "eks-anywhere-subscription": NamedType("eks", "eks-anywhere-subscription/{}", "id"),
    "access-entry": _AccessEntryType(),
}

_CLUSTER_OPERATIONS = """
AccessKubernetesApi AssociateEncryptionConfig DeleteCluster DeregisterCluster DescribeCluster DescribeInsight
DescribeInsightsRefresh ListAccessEntries ListAddons ListCapabilities ListFargateProfiles
ListIdentityProviderConfigs ListInsights ListNodegroups ListPodIdentityAssociations MutateViaKubernetesApi
StartInsightsRefresh UpdateClusterConfig UpdateClusterVersion
"""

_LINES = """
CreateAccessEntry                 cluster
CreateAddon                       cluster
CreateCapability                  cluster
CreateFargateProfile              cluster
CreateNodegroup                   cluster
CreatePodIdentityAssociation      cluster
AssociateIdentityProviderConfig   cluster
AssociateAccessPolicy             access-entry
DeleteAccessEntry                 access-entry
DescribeAccessEntry               access-entry
DisassociateAccessPolicy          access-entry
ListAssociatedAccessPolicies      access-entry
UpdateAccessEntry                 access-entry
DeleteAddon                       addon
DescribeAddon                     addon
UpdateAddon                       addon
DeleteCapability                  capability
DescribeCapability                capability
UpdateCapability                  capability
DeleteNodegroup                   nodegroup
DescribeNodegroup                 nodegroup
UpdateNodegroupConfig             nodegroup
UpdateNodegroupVersion            nodegroup
DeleteFargateProfile              fargateprofile
DescribeFargateProfile            fargateprofile
DescribeIdentityProviderConfig    identityproviderconfig
DisassociateIdentityProviderConfig identityproviderconfig
DeletePodIdentityAssociation      podidentityassociation
DescribePodIdentityAssociation    podidentityassociation
UpdatePodIdentityAssociation      podidentityassociation
DescribeUpdate                    cluster nodegroup? addon? capability?
ListUpdates                       cluster nodegroup? addon? capability?
"""

# What the tagging action of a creating call is needed on, in the types' own words.
# https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
_TAGGED = {
    "CreateAccessEntry": "access-entry",
    "CreateAddon": "addon",
    "CreateCapability": "capability",
    "CreateFargateProfile": "fargateprofile",
    "CreateNodegroup": "nodegroup",
    "CreatePodIdentityAssociation": "podidentityassociation=clusterName,associationId",
    "AssociateIdentityProviderConfig": (
        "identityproviderconfig=clusterName,oidc.type~oidc,oidc.identityProviderConfigName"
    ),
}

_DECLARED = declared_rules(
    SOURCE, "eks", TYPES, _LINES + "\n".join(f"{name} cluster" for name in _CLUSTER_OPERATIONS.split())
)


def _map_tagged_creation(call: Call) -> tuple[MappedAction, ...]:
    """A creation within a cluster, and eks:TagResource on what is created where tags are set."""
    actions = _DECLARED[SOURCE, call.operation](call) or ()
    if not call.has("tags"):
        return actions
    tagged = read_resources(call, TYPES, (_TAGGED[call.operation],))
    return (*actions, mapped("eks:TagResource", tagged, how=TAG_ON_CREATE))


def _map_cluster_creation(call: Call) -> tuple[MappedAction, ...]:
    """CreateCluster and RegisterCluster take no resource; their tags go onto the new cluster."""
    created = (mapped(f"eks:{call.operation}", (NO_RESOURCE,)),)
    if not call.has("tags"):
        return created
    return (*created, mapped("eks:TagResource", read_resources(call, TYPES, ("cluster",)), how=TAG_ON_CREATE))


RULES: RuleTable = {
    **_DECLARED,
    **{(SOURCE, operation): _map_tagged_creation for operation in _TAGGED},
    (SOURCE, "CreateCluster"): _map_cluster_creation,
    (SOURCE, "RegisterCluster"): _map_cluster_creation,
}
