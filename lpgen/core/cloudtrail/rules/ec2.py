"""EC2: tags on create, launches, security group rules, copies, instance profiles, flow logs and endpoints.

Launches are RunInstances, spot requests, spot fleets and fleets.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances and the resource
types of the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from lpgen.core.cloudtrail.rules.call import (
    EVERY_READ,
    Call,
    CompletionTable,
    Rule,
    RuleTable,
    copies_tags,
    texts_at,
    values_at,
)
from lpgen.core.cloudtrail.rules.ec2_types import (
    EC2_TYPES,
    LAUNCHED_INTO,
    Ec2Types,
    ec2_arn,
    ec2_request,
    ec2_response,
    named_resources,
    names_template,
    pass_profiles,
    resources_below,
    tagged_types,
    type_of_id,
    with_shared,
)
from lpgen.core.cloudtrail.rules.inferences import (
    COPIED_TAGS,
    ENDPOINT_DNS,
    LOG_DELIVERY,
    REQUEST_OPTION,
    SSM_IMAGE_ALIAS,
    TAG_ON_CREATE,
)
from lpgen.core.cloudtrail.rules.passing import passed, passed_roles
from lpgen.core.cloudtrail.rules.resources import mapped
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType, read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource, ResourceKind

_SOURCE = "ec2.amazonaws.com"


def _tag_on_create(call: Call) -> tuple[MappedAction, ...]:
    """ec2:CreateTags on the types in the call's tag specifications, or on the types that get the tags of the copied
    resource.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    kinds = sorted({kind for kind in tagged_types(ec2_request(call)) if call.catalog.arn_formats("ec2", kind)})
    resources = [resource for kind in kinds for resource in _tagged_resources(call, kind)]
    if resources:
        return (mapped("ec2:CreateTags", resources, how=TAG_ON_CREATE),)
    if not copies_tags(ec2_request(call)):
        return ()
    copies = ("+snapshot",) if "Snapshot" in call.operation else ("+image", "+snapshot")
    return (mapped("ec2:CreateTags", read_resources(call, EC2_TYPES, copies), how=COPIED_TAGS),)


def _tagged_resources(call: Call, kind: str) -> tuple[Resource, ...]:
    """The tagged resources: by the name that the caller chose, or else any resource of the type."""
    if kind in ("key-pair", "placement-group"):
        return read_resources(call, EC2_TYPES, (kind,))
    return (EC2_TYPES[kind].pattern(call),)


_SHARED: dict[str, tuple[str, ...]] = {
    "AllocateIpamPoolCidr": ("ipam-pool",),
    "AssociateVpcCidrBlock": ("ipam-pool",),
    "CreateNetworkInterface": LAUNCHED_INTO,
    "CreateSecurityGroup": ("vpc",),
    "CreateTrafficMirrorSession": ("traffic-mirror-target",),
    "CreateTransitGatewayVpcAttachment": ("transit-gateway",),
    "CreateVpc": ("ipam-pool",),
    "ModifyInstanceAttribute": LAUNCHED_INTO,
    "ModifyInstanceCapacityReservationAttributes": LAUNCHED_INTO,
    "ModifyNetworkInterfaceAttribute": LAUNCHED_INTO,
    "ModifyTrafficMirrorSession": ("traffic-mirror-target",),
}
"""By operation: the types of resources that another account can share with the caller's account.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html,
https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html,
https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-share.html and
https://docs.aws.amazon.com/vpc/latest/ipam/share-pool-ipam.html
"""


def _complete(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """Any operation of EC2: the named resources can be shared, and the new resources can get tags."""
    shared = _SHARED.get(call.operation)
    if shared:
        actions = tuple(mapped(action.action, with_shared(call, action.resources, shared)) for action in actions)
    return (*actions, *_tag_on_create(call))


def _read_tagged(call: Call) -> Iterator[Resource]:
    """The resources that CreateTags and DeleteTags name. An id of an unknown kind gives an unknown resource."""
    named = [resource for _, kind, resource in named_resources(call) if kind]
    yield from named
    if len(call.texts("resourcesSet", "items", "resourceId")) > len(named):
        yield UNKNOWN_RESOURCE


def _map_group_rules(call: Call) -> tuple[MappedAction, ...]:
    """AuthorizeSecurityGroup*: the group that changes, not the peers in its rules, and the new rules if they are
    tagged."""
    tags = _tag_on_create(call)
    groups = read_resources(call, EC2_TYPES, ("security-group",))
    rules = [EC2_TYPES["security-group-rule"].pattern(call)] if tags else []
    return (mapped(f"ec2:{call.operation}", [*groups, *rules]), *tags)


def _map_peering_acceptance(call: Call) -> tuple[MappedAction, ...]:
    """AcceptVpcPeeringConnection: the peering, and the accepter's VPC from the response, or else any VPC.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html
    """
    shown = texts_at(ec2_response(call), ("vpcPeeringConnection", "accepterVpcInfo", "vpcId"))
    vpcs = [Resource(ResourceKind.ARN, ec2_arn(call, "vpc", name)) for name in shown if type_of_id(call, name) == "vpc"]
    peerings = read_resources(call, EC2_TYPES, ("vpc-peering-connection",))
    return (mapped("ec2:AcceptVpcPeeringConnection", [*peerings, *(vpcs or [EC2_TYPES["vpc"].pattern(call)])]),)


def _map_copy(call: Call) -> tuple[MappedAction, ...]:
    """CopySnapshot and CopyImage: the source in its own Region, and the types that the copy creates.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/copy-ami-permissions.html and
    https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
    """
    created = ("+snapshot",) if call.operation == "CopySnapshot" else ("+image", "+snapshot")
    source = call.text("sourceSnapshotId") or call.text("sourceImageId")
    kind = type_of_id(call, source)
    resources = list(read_resources(call, EC2_TYPES, created))
    if kind in ("snapshot", "image"):
        arn = ec2_arn(call, kind, source, region=call.text("sourceRegion"))
        resources.append(Resource(ResourceKind.ARN, arn))
    return (mapped(f"ec2:{call.operation}", resources), *_tag_on_create(call))


def _map_profile_association(call: Call) -> tuple[MappedAction, ...]:
    """AssociateIamInstanceProfile and ReplaceIamInstanceProfileAssociation pass the profile's role to EC2."""
    instances = read_resources(call, EC2_TYPES, ("instance",))
    return (mapped(f"ec2:{call.operation}", instances), *pass_profiles(call, ec2_request(call)))


_LOGGED_TYPES = ("natgateway", "network-interface", "subnet", "transit-gateway", "transit-gateway-attachment", "vpc")


def _map_flow_logs(call: Call) -> tuple[MappedAction, ...]:
    """CreateFlowLogs passes the role that delivers to CloudWatch Logs, or sets up delivery to S3 or Firehose.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html and
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    """
    destination = next(iter(texts_at(ec2_request(call), ("LogDestinationType",))), "cloud-watch-logs")
    delivery = mapped("logs:CreateLogDelivery", (NO_RESOURCE,), how=LOG_DELIVERY)
    roles = {
        Resource(ResourceKind.ARN, text)
        for path in (("DeliverLogsPermissionArn",), ("DeliverCrossAccountRole",))
        for text in texts_at(ec2_request(call), path)
    }
    tokens = (*(f"{kind}?" for kind in _LOGGED_TYPES), "+vpc-flow-log")
    return (
        mapped("ec2:CreateFlowLogs", read_resources(call, EC2_TYPES, tokens)),
        *(() if destination == "cloud-watch-logs" else (delivery,)),
        *passed(call, roles, "vpc-flow-logs.amazonaws.com"),
        *_tag_on_create(call),
    )


# The parameters with Regions, and the types that a call makes reachable from other Regions.
_REGION_KEYS = ("ServiceRegion", "SupportedRegion", "SupportedRegions", "AddSupportedRegion", "AddSupportedRegions")
_ACROSS_REGIONS = {
    "CreateVpcEndpoint": ("route-table?", "security-group?", "subnet?", "vpc", "vpc-endpoint"),
    "CreateVpcEndpointServiceConfiguration": ("vpc-endpoint-service",),
    "ModifyVpcEndpointServiceConfiguration": ("vpc-endpoint-service",),
}


def _map_across_regions(call: Call) -> tuple[MappedAction, ...]:
    """Endpoints and endpoint services. Another Region needs vpce:AllowMultiRegion on the endpoint or the service.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    tokens = _ACROSS_REGIONS[call.operation]
    paths = product(_REGION_KEYS, ((), ("content",)))
    named = (text for key, below in paths for text in texts_at(ec2_request(call), (key, *below)))
    across = any(text != call.region for text in named)
    reached = read_resources(call, EC2_TYPES, tokens[-1:])
    allowed = (mapped("vpce:AllowMultiRegion", reached, how=REQUEST_OPTION),) if across else ()
    own = mapped(f"ec2:{call.operation}", read_resources(call, EC2_TYPES, tokens))
    return (own, *allowed, *_tag_on_create(call), *_endpoint_dns(call))


def _endpoint_dns(call: Call) -> Iterator[MappedAction]:
    """The association with a hosted zone for the private DNS of an interface endpoint, unless the call turns it off.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    """
    request = ec2_request(call)
    is_interface = call.operation == "CreateVpcEndpoint" and "Interface" in texts_at(request, ("VpcEndpointType",))
    if is_interface and False not in values_at(request, ("PrivateDnsEnabled",)):
        yield mapped("route53:AssociateVPCWithHostedZone", (UNKNOWN_RESOURCE,), how=ENDPOINT_DNS)


# ---------------------------------------------------------------- launches

_NAMED_TYPES = frozenset(
    {
        "capacity-reservation",
        "elastic-gpu",
        "group",
        "image",
        "key-pair",
        "launch-template",
        "license-configuration",
        "network-interface",
        "security-group",
        "snapshot",
        "subnet",
    }
)
_SSM_ALIAS = "resolve:ssm:"


def _map_run_instances(call: Call) -> tuple[MappedAction, ...]:
    """RunInstances on the types that it always takes and on all resources that it names, with tags, profile and image
    alias."""
    profiles = pass_profiles(call, call.request) or pass_profiles(call, call.response)
    return (
        mapped("ec2:RunInstances", with_shared(call, tuple(_run_resources(call)), LAUNCHED_INTO)),
        *_launch_tags(call),
        *profiles,
        *_read_image_alias(call),
    )


def _run_resources(call: Call) -> Iterator[Resource]:
    named = _resources_by_type(call, call.request)
    for resources in named.values():
        yield from resources
    yield from read_resources(call, EC2_TYPES, ("+instance", "+volume", "placement-group?=placement.groupName"))
    if call.text("instanceMarketOptions", "marketType") == "spot":
        yield EC2_TYPES["spot-instances-request"].pattern(call)
    if _creates_interface(call):
        yield EC2_TYPES["network-interface"].pattern(call)
    yield from _launched_with(call, named)


def _launched_with(call: Call, named: dict[str, set[Resource]]) -> Iterator[Resource]:
    """The resources from defaults or a launch template: from the response, or else as a pattern."""
    shown = _resources_by_type(call, call.response)
    wanted = ["image", *(["subnet", "security-group"] if _creates_interface(call) else [])]
    for kind in wanted:
        if kind not in named:
            yield from shown.get(kind) or {EC2_TYPES[kind].pattern(call)}
    if "launch-template" in named or call.has("launchTemplate"):
        yield from shown.get("key-pair", ())
        if "launch-template" not in named:
            yield EC2_TYPES["launch-template"].pattern(call)


def _launch_tags(call: Call) -> tuple[MappedAction, ...]:
    """ec2:CreateTags on the resources that the request tags, and on an unknown resource if a launch template may tag
    some.

    IAM evaluates the tags of a template like those of the request.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    tags = _tag_on_create(call)
    if not call.has("launchTemplate"):
        return tags
    keys = texts_at(call.response, ("instancesSet", "items", "tagSet", "items", "key"))
    if not tags and all(key.startswith("aws:") for key in keys):
        return ()
    resources = [resource for tag in tags for resource in tag.resources]
    return (mapped("ec2:CreateTags", [*resources, UNKNOWN_RESOURCE], how=TAG_ON_CREATE),)


def _creates_interface(call: Call) -> bool:
    """Whether the launch creates a network interface. It does, unless all interfaces that it names already exist."""
    interfaces = values_at(call.request, ("networkInterfaceSet", "items"))
    return not interfaces or any(not any(values_at(item, ("networkInterfaceId",))) for item in interfaces)


def _resources_by_type(call: Call, value: object) -> dict[str, set[Resource]]:
    found: dict[str, set[Resource]] = {}
    for _, kind, resource in resources_below(call, value):
        if kind in _NAMED_TYPES:
            found.setdefault(kind, set()).add(resource)
    return found


def _read_image_alias(call: Call) -> tuple[MappedAction, ...]:
    """ssm:GetParameters, if the image is given as a parameter.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
    """
    aliases = [text for text in call.texts("instancesSet", "items", "imageId") if text.startswith(_SSM_ALIAS)]
    names = [text.removeprefix(_SSM_ALIAS) for text in aliases if not has_wildcard(text)]
    parameters = {_parameter_resource(call, name) for name in names}
    return (mapped("ssm:GetParameters", parameters, how=SSM_IMAGE_ALIAS),) if parameters else ()


def _parameter_resource(call: Call, name: str) -> Resource:
    """The parameter that an alias such as `/golden/linux:3` refers to. The version isn't part of the ARN."""
    if name.startswith("arn:"):
        return Resource(ResourceKind.ARN, name)
    own = not name.startswith("/aws/")
    arn = call.arn("ssm", "parameter/" + name.partition(":")[0].removeprefix("/"), account=own)
    return Resource(ResourceKind.ARN, arn)


_SPOT_TYPES = _NAMED_TYPES - {"capacity-reservation", "group", "license-configuration", "elastic-gpu"}


def _map_spot_instances(call: Call) -> tuple[MappedAction, ...]:
    """RequestSpotInstances on all resources that it names, with its tags and instance profile."""
    return _map_request(call, _SPOT_TYPES - {"launch-template"}, ("spot-instances-request",))


def _map_spot_fleet(call: Call) -> tuple[MappedAction, ...]:
    """RequestSpotFleet, which also passes the fleet's role.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-fleet-prerequisites.html
    """
    roles = passed_roles(call, call.texts("spotFleetRequestConfig", "iamFleetRole"), "spotfleet.amazonaws.com")
    return (*_map_request(call, _SPOT_TYPES - {"network-interface"}, ("spot-fleet-request",)), *roles)


def _map_fleet(call: Call) -> tuple[MappedAction, ...]:
    """CreateFleet on the fleet, the instances that it launches and all resources that it names."""
    return _map_request(
        call, frozenset({"capacity-reservation", "image", "launch-template", "subnet"}), ("fleet", "instance")
    )


def _map_request(call: Call, kinds: frozenset[str], created: Iterable[str]) -> tuple[MappedAction, ...]:
    request = ec2_request(call)
    named = [resource for _, kind, resource in resources_below(call, request) if kind in kinds]
    patterns = [EC2_TYPES[kind].pattern(call) for kind in created]
    if "launch-template" in kinds and names_template(call):
        patterns.append(EC2_TYPES["launch-template"].pattern(call))
    return (
        mapped(f"ec2:{call.operation}", with_shared(call, [*named, *patterns], LAUNCHED_INTO)),
        *_tag_on_create(call),
        *pass_profiles(call, request),
    )


_SPECIAL: dict[str, Rule] = {
    "AcceptVpcPeeringConnection": _map_peering_acceptance,
    "AuthorizeSecurityGroupIngress": _map_group_rules,
    "AuthorizeSecurityGroupEgress": _map_group_rules,
    "CopySnapshot": _map_copy,
    "CopyImage": _map_copy,
    "AssociateIamInstanceProfile": _map_profile_association,
    "ReplaceIamInstanceProfileAssociation": _map_profile_association,
    "CreateFlowLogs": _map_flow_logs,
    **dict.fromkeys(_ACROSS_REGIONS, _map_across_regions),
    "RunInstances": _map_run_instances,
    "RequestSpotInstances": _map_spot_instances,
    "RequestSpotFleet": _map_spot_fleet,
    "CreateFleet": _map_fleet,
}

RULES: RuleTable = {(_SOURCE, operation): rule for operation, rule in _SPECIAL.items()}

COMPLETIONS: CompletionTable = {(_SOURCE, EVERY_READ): _complete}

READERS: ReaderTable = {
    _SOURCE: Ec2Types({**EC2_TYPES, "tagged": ReaderType(_read_tagged)}),
    "ec2-instance-connect.amazonaws.com": EC2_TYPES,
    "ebs.amazonaws.com": {"snapshot": NamedType("ec2", "snapshot/{}", "snapshotId", account=False)},
}
