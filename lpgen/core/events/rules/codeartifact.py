"""CodeArtifact: domains, repositories and packages, in the account that owns the domain.

The ARN of a package without a namespace has an empty part in its place.
https://docs.aws.amazon.com/codeartifact/latest/ug/packages-status.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodeartifact.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, read_resources
from lpgen.core.model import NO_RESOURCE, MappedAction

SOURCE = "codeartifact.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "domain": NamedType("codeartifact", "domain/{}", "domain"),
    "group": NamedType("codeartifact", "package-group/{}/*", "domain"),
    "package": NamedType("codeartifact", "package/{}/{}/{}/{}/{}", "domain,repository,format,namespace~,package"),
    "repository": NamedType("codeartifact", "repository/{}/{}", "domain,repository"),
    "target": NamedType(
        "codeartifact", "package/{}/{}/{}/{}/{}", "domain,destinationRepository,format,namespace~,package"
    ),
    "target-repository": NamedType("codeartifact", "repository/{}/{}", "domain,destinationRepository"),
}

_LINES = """
AssociateExternalConnection      repository
CopyPackageVersions              target target-repository
CreateDomain                     #TagResource:domain
CreatePackageGroup               #TagResource:group
CreateRepository                 #TagResource:repository
DeleteDomain                     domain
DeleteDomainPermissionsPolicy    domain
DeletePackage                    package
DeletePackageVersions            package
DeleteRepository                 repository
DeleteRepositoryPermissionsPolicy repository
DescribeDomain                   domain
DescribePackage                  package
DescribePackageVersion           package
DescribeRepository               repository
DisassociateExternalConnection   repository
DisposePackageVersions           package
GetDomainPermissionsPolicy       domain
GetPackageVersionAsset           package
GetPackageVersionReadme          package
GetRepositoryEndpoint            repository
GetRepositoryPermissionsPolicy   repository
ListPackageGroups                domain
ListPackageVersionAssets         package
ListPackageVersionDependencies   package
ListPackageVersions              package
ListPackages                     repository
ListRepositoriesInDomain         domain
PublishPackageVersion            package
PutDomainPermissionsPolicy       domain
PutPackageOriginConfiguration    package
PutRepositoryPermissionsPolicy   repository
UpdatePackageVersionsStatus      package
UpdateRepository                 repository
"""


@dataclass(frozen=True, slots=True)
class _InDomain:
    """A rule whose resources lie in the account that owns the domain, which a call may name."""

    rule: Rule

    def __call__(self, call: Call) -> tuple[MappedAction, ...] | None:
        owner = call.text("domainOwner")
        return self.rule(replace(call, account=owner) if owner.isdigit() else call)


def _map_token(call: Call) -> tuple[MappedAction, ...]:
    """GetAuthorizationToken: the domain's own token is made of one of STS.

    https://docs.aws.amazon.com/codeartifact/latest/ug/tokens-authentication.html
    """
    domain = read_resources(call, TYPES, ("domain",))
    return (
        mapped("codeartifact:GetAuthorizationToken", domain),
        mapped("sts:GetServiceBearerToken", (NO_RESOURCE,)),
    )


_RULES: RuleTable = {
    **declared_rules(SOURCE, "codeartifact", TYPES, _LINES),
    (SOURCE, "GetAuthorizationToken"): _map_token,
}

RULES: RuleTable = {key: _InDomain(rule) for key, rule in _RULES.items()}
