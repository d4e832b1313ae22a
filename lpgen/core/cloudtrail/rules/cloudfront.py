"""CloudFront calls that need additional actions: tags on creation, copies, aliases, domains.

CloudTrail logs most operations with an API version after the name. It is removed before rules run.
Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/logging_using_cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import (
    ALIAS_CONFLICT,
    ALIAS_MOVE,
    DISTRIBUTION_COPY,
    DOMAIN_MOVE,
    EDGE_FUNCTION,
    TAG_ON_CREATE,
    TENANT_DISTRIBUTION,
    VPC_ORIGIN,
)
from lpgen.core.cloudtrail.rules.resources import exact, exact_or_any, fold, is_arn_of, mapped
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "cloudfront.amazonaws.com"

_DISTRIBUTION = NamedType("cloudfront", "distribution/{}", "id", region=False)


def _map_create_with_tags(call: Call) -> tuple[MappedAction, ...]:
    """CreateDistributionWithTags: the creation, and cloudfront:TagResource on the new distribution.

    Source: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistributionWithTags.html
    """
    streaming = "Streaming" in call.operation
    action = "CreateStreamingDistributionWithTags" if streaming else "CreateDistribution"
    return (
        mapped(f"cloudfront:{action}", (NO_RESOURCE,)),
        mapped("cloudfront:TagResource", _read_made(call, streaming=streaming), how=TAG_ON_CREATE),
        *_map_config(call, ("distributionConfigWithTags", "distributionConfig"), is_new=True),
    )


def _map_distribution(call: Call) -> tuple[MappedAction, ...]:
    """CreateDistribution and UpdateDistribution, with the actions that their settings need."""
    is_new = call.operation == "CreateDistribution"
    own = mapped(f"cloudfront:{call.operation}", (NO_RESOURCE,) if is_new else _DISTRIBUTION.read(call, "id"))
    return (own, *_map_config(call, ("distributionConfig",), is_new=is_new))


def _map_config(call: Call, path: tuple[str, ...], *, is_new: bool) -> Iterator[MappedAction]:
    """The actions that a distribution's settings need: reading VPC origins, running functions, and a connection group
    for tenants.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudfront.html (operations)
    """
    origins = call.texts(*path, "origins", "items", "vpcOriginConfig", "vpcOriginId")
    if origins:
        named = (exact(call.arn("cloudfront", f"vpcorigin/{origin}", region=False)) for origin in origins)
        yield mapped("cloudfront:GetVpcOrigin", named, how=VPC_ORIGIN)
    yield from _map_functions(call, path)
    if is_new and call.text(*path, "connectionMode") == "tenant-only":
        yield mapped("cloudfront:CreateConnectionGroup", (NO_RESOURCE,), how=TENANT_DISTRIBUTION)


def _map_functions(call: Call, path: tuple[str, ...]) -> Iterator[MappedAction]:
    """Reading the Lambda@Edge functions that cache behaviors run.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    behaviors = (("defaultCacheBehavior",), ("cacheBehaviors", "items"))
    arns = {
        arn
        for behavior in behaviors
        for arn in call.texts(*path, *behavior, "lambdaFunctionAssociations", "items", "lambdaFunctionARN")
        if is_arn_of(arn, "lambda")
    }
    if arns:
        yield mapped("lambda:GetFunction", [exact(arn) for arn in sorted(arns)], how=EDGE_FUNCTION)


def _read_made(call: Call, *, streaming: bool) -> Iterator[Resource]:
    """The distribution in the response, or else any distribution of its kind."""
    kind = "streaming-distribution" if streaming else "distribution"
    paths = product(("distribution", "streamingDistribution"), ("aRN", "arn"))
    arns = (arn for path in paths for arn in call.shown(*path) if is_arn_of(arn, "cloudfront"))
    made = next(arns, "")
    yield exact(made) if made else fold(call.arn("cloudfront", f"{kind}/", region=False), "*")


def _map_copy(call: Call) -> tuple[MappedAction, ...]:
    """CopyDistribution reads the primary distribution and creates its copy.

    Source: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CopyDistribution.html
    """
    primary = _DISTRIBUTION.read(call, "primaryDistributionId")
    return (
        mapped("cloudfront:CopyDistribution", primary),
        mapped("cloudfront:GetDistribution", primary, how=DISTRIBUTION_COPY),
        mapped("cloudfront:CreateDistribution", (NO_RESOURCE,), how=DISTRIBUTION_COPY),
    )


def _map_update_with_staging(call: Call) -> tuple[MappedAction, ...]:
    """UpdateDistributionWithStagingConfig reads the staging distribution and updates the primary one.

    Source: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateDistributionWithStagingConfig.html
    """
    return (
        mapped("cloudfront:UpdateDistribution", _DISTRIBUTION.read(call, "id")),
        mapped("cloudfront:GetDistribution", _DISTRIBUTION.read(call, "stagingDistributionId"), how=DISTRIBUTION_COPY),
    )


_ALIAS_CALLS = {
    # Updates the distribution that gets the alias.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html (operations)
    "AssociateAlias": ("targetDistributionId", "cloudfront:UpdateDistribution", ALIAS_MOVE),
    # Reads the distribution whose certificate shows that the caller owns the alias.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html
    "ListConflictingAliases": ("distributionId", "cloudfront:GetDistribution", ALIAS_CONFLICT),
}
"""Calls about an alias: the parameter with the distribution, and the additional action on it."""


def _map_alias(call: Call) -> tuple[MappedAction, ...]:
    parameter, action, how = _ALIAS_CALLS[call.operation]
    distribution = _DISTRIBUTION.read(call, parameter)
    return (mapped(f"cloudfront:{call.operation}", distribution), mapped(action, distribution, how=how))


_DOMAIN_CALLS = {
    "ListDomainConflicts": ("domainControlValidationResource", "Get", ALIAS_CONFLICT),
    "UpdateDomainAssociation": ("targetResource", "Update", DOMAIN_MOVE),
}
"""Calls about a domain: the parameter with the distribution or tenant, and the verb of the additional action on it."""


def _map_domain(call: Call) -> tuple[MappedAction, ...]:
    """A call about a domain, and the additional action on the distribution or tenant that it names.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudfront.html (operations)
    """
    parameter, verb, how = _DOMAIN_CALLS[call.operation]
    distributions = _DISTRIBUTION.read(call, f"{parameter}.distributionId")
    tenants = _TYPES["tenant"].read(call, f"{parameter}.distributionTenantId")
    actions = [mapped(f"cloudfront:{call.operation}", (*distributions, *tenants))]
    if distributions:
        actions.append(mapped(f"cloudfront:{verb}Distribution", distributions, how=how))
    if tenants:
        actions.append(mapped(f"cloudfront:{verb}DistributionTenant", tenants, how=how))
    return tuple(actions)


_MADE = {
    "CreateAnycastIpList": "anycast-ip-list/",
    "CreateConnectionFunction": "connection-function/",
    "CreateConnectionGroup": "connection-group/",
    "CreateDistributionTenant": "distribution-tenant/",
    "CreateFunction": "function/",
    "CreateKeyValueStore": "key-value-store/",
    "CreateTrustStore": "trust-store/",
    "CreateVpcOrigin": "vpcorigin/",
}
"""The start of the new resource's name in an ARN. For functions and stores a name follows, for the others an id."""


def _map_create(call: Call) -> tuple[MappedAction, ...]:
    """A creation, which has no resource, and cloudfront:TagResource on the new resource if the call sets tags."""
    own = mapped(f"cloudfront:{call.operation}", (NO_RESOURCE,))
    if not (call.has("tags", "items") or call.has("tags", "tagSet")):
        return (own,)
    kind = _MADE[call.operation]
    named = kind in ("function/", "key-value-store/")
    made = exact_or_any(call.arn("cloudfront", kind, region=False), call.text("name") if named else "")
    return (own, mapped("cloudfront:TagResource", (made,), how=TAG_ON_CREATE))


_TYPES: dict[str, ResourceType] = {
    "distribution": _DISTRIBUTION,
    "tenant": NamedType("cloudfront", "distribution-tenant/{}", "id", region=False),
}

RULES: RuleTable = {
    (_SOURCE, "CreateDistributionWithTags"): _map_create_with_tags,
    (_SOURCE, "CreateStreamingDistributionWithTags"): _map_create_with_tags,
    (_SOURCE, "CreateDistribution"): _map_distribution,
    (_SOURCE, "UpdateDistribution"): _map_distribution,
    **{(_SOURCE, operation): _map_alias for operation in _ALIAS_CALLS},
    **{(_SOURCE, operation): _map_domain for operation in _DOMAIN_CALLS},
    (_SOURCE, "CopyDistribution"): _map_copy,
    (_SOURCE, "UpdateDistributionWithStagingConfig"): _map_update_with_staging,
    **{(_SOURCE, operation): _map_create for operation in _MADE},
}
