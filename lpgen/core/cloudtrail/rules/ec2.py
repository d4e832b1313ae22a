"""EC2: ids as the rows of its operations read them, tags on create, security group rules, copies, instance profiles."""

from __future__ import annotations

from collections.abc import Iterator

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
from lpgen.core.cloudtrail.rules.ec2_ids import (
    LAUNCHED_INTO,
    Ec2Type,
    ec2_arn,
    ec2_request,
    ec2_response,
    named_resources,
    type_of_id,
    with_shared,
)
from lpgen.core.cloudtrail.rules.inferences import (
    COPIED_TAGS,
    ENDPOINT_DNS,
    LOG_DELIVERY,
    REQUEST_OPTION,
    TAG_ON_CREATE,
)
from lpgen.core.cloudtrail.rules.passing import passed
from lpgen.core.cloudtrail.rules.resources import mapped
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType, ResourceType, read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource, ResourceKind

EVENT_SOURCE = "ec2.amazonaws.com"


class _Ec2Types(dict[str, ResourceType]):
    """Types by name: any that isn't listed is read off ids."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> ResourceType:
        return Ec2Type(name)


_GROUP_PATHS = "groupName|placement.groupName|ModifyInstancePlacementRequest.GroupName"

TYPES = _Ec2Types({"placement-group": NamedType("ec2", "placement-group/{}", _GROUP_PATHS)})


def tag_on_create(call: Call) -> tuple[MappedAction, ...]:
    """ec2:CreateTags on the types that the call's tag specifications name, or that get the tags of the copied resource.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    kinds = sorted({kind for kind in _tagged_types(ec2_request(call)) if call.catalog.arn_formats("ec2", kind)})
    resources = [resource for kind in kinds for resource in _tagged_resources(call, kind)]
    if resources or not copies_tags(ec2_request(call)):
        return (mapped("ec2:CreateTags", resources, how=TAG_ON_CREATE),) if resources else ()
    copied = read_resources(call, TYPES, ("+snapshot",) if "Snapshot" in call.operation else ("+image", "+snapshot"))
    return (mapped("ec2:CreateTags", copied, how=COPIED_TAGS),)


def _tagged_types(request: object) -> Iterator[str]:
    """The resource types of the request's own tag specifications, whatever their spelling and shape.

    Specifications below `LaunchTemplateData` describe later launches and are not looked at.
    """
    if isinstance(request, dict):
        for key in request:
            if str(key).lower().startswith("tagspecification"):
                yield from texts_at(request[key], ("resourceType",))
                yield from texts_at(request[key], ("items", "resourceType"))


def _tagged_resources(call: Call, kind: str) -> tuple[Resource, ...]:
    """The tagged resources: the name that the caller chose where there is one, else any of the type."""
    if kind in ("key-pair", "placement-group"):
        return read_resources(call, TYPES, (kind,))
    return (TYPES[kind].pattern(call),)


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
"""The types of resources in a call that another account may share with the caller's.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html,
https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html,
https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-share.html and
https://docs.aws.amazon.com/vpc/latest/ipam/share-pool-ipam.html
"""


def _complete(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """An operation whose action has its own name: the named resources may be shared, and the new ones may get tags."""
    shared = _SHARED.get(call.operation)
    if shared:
        actions = tuple(mapped(action.action, with_shared(call, action.resources, shared)) for action in actions)
    return (*actions, *tag_on_create(call))


def _read_tagged(call: Call) -> Iterator[Resource]:
    """The resources that CreateTags and DeleteTags name; an id of a kind that isn't known gives an unknown resource."""
    named = [resource for _, kind, resource in named_resources(call) if kind]
    yield from named
    if len(call.texts("resourcesSet", "items", "resourceId")) > len(named):
        yield UNKNOWN_RESOURCE


def _map_group_rules(call: Call) -> tuple[MappedAction, ...]:
    """AuthorizeSecurityGroup*: the group that is changed, not its rules' peers, and new rules where they are tagged."""
    tags = tag_on_create(call)
    groups = read_resources(call, TYPES, ("security-group",))
    rules = [TYPES["security-group-rule"].pattern(call)] if tags else []
    return (mapped(f"ec2:{call.operation}", [*groups, *rules]), *tags)


def _map_peering_acceptance(call: Call) -> tuple[MappedAction, ...]:
    """AcceptVpcPeeringConnection: the peering, and the accepter's VPC as the response shows it, else any.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html
    """
    shown = texts_at(ec2_response(call), ("vpcPeeringConnection", "accepterVpcInfo", "vpcId"))
    vpcs = [Resource(ResourceKind.ARN, ec2_arn(call, "vpc", name)) for name in shown if type_of_id(call, name) == "vpc"]
    peerings = read_resources(call, TYPES, ("vpc-peering-connection",))
    return (mapped("ec2:AcceptVpcPeeringConnection", [*peerings, *(vpcs or [TYPES["vpc"].pattern(call)])]),)


def _map_copy(call: Call) -> tuple[MappedAction, ...]:
    """CopySnapshot and CopyImage: the source in its own Region, and the types that the copy creates.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/copy-ami-permissions.html and
    https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
    """
    created = ("+snapshot",) if call.operation == "CopySnapshot" else ("+image", "+snapshot")
    source = call.text("sourceSnapshotId") or call.text("sourceImageId")
    kind = type_of_id(call, source)
    resources = list(read_resources(call, TYPES, created))
    if kind in ("snapshot", "image"):
        arn = ec2_arn(call, kind, source, region=call.text("sourceRegion"))
        resources.append(Resource(ResourceKind.ARN, arn))
    return (mapped(f"ec2:{call.operation}", resources), *tag_on_create(call))


def pass_profiles(call: Call, value: object) -> tuple[MappedAction, ...]:
    """iam:PassRole on the instance profiles named below a part of a request or response.

    The profile's ARN takes the place of the role in it, which only a snapshot of IAM shows.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    """
    profiles = {
        Resource(ResourceKind.ARN, arn)
        for name in _profiles_below(value)
        if not has_wildcard(arn := _profile_arn(call, name))
    }
    return passed(call, profiles, "ec2.amazonaws.com")


def _profile_arn(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else call.arn("iam", f"instance-profile/{name}", region=False)


def _profiles_below(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _profiles_below(item)
    elif isinstance(value, dict):
        for key in value:
            if str(key).lower() == "iaminstanceprofile":
                item = value[key]
                arns = tuple(texts_at(item, ("arn",)))
                yield from arns or texts_at(item, ("name",))
                yield from texts_at(item, ())
            elif key != "LaunchTemplateData":
                yield from _profiles_below(value[key])


def _map_profile_association(call: Call) -> tuple[MappedAction, ...]:
    """AssociateIamInstanceProfile and ReplaceIamInstanceProfileAssociation hand the profile's role to the instance."""
    instances = read_resources(call, TYPES, ("instance",))
    return (mapped(f"ec2:{call.operation}", instances), *pass_profiles(call, ec2_request(call)))


_FLOW_LOG_TOKENS = (
    "natgateway?",
    "network-interface?",
    "subnet?",
    "transit-gateway?",
    "transit-gateway-attachment?",
    "vpc?",
    "+vpc-flow-log",
)


_LOG_DELIVERY = mapped("logs:CreateLogDelivery", (NO_RESOURCE,), how=LOG_DELIVERY)


def _map_flow_logs(call: Call) -> tuple[MappedAction, ...]:
    """CreateFlowLogs hands over the role that delivers to CloudWatch Logs, or sets up delivery to S3 or Firehose.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html and
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    """
    destination = next(iter(texts_at(ec2_request(call), ("LogDestinationType",))), "cloud-watch-logs")
    delivery = () if destination == "cloud-watch-logs" else (_LOG_DELIVERY,)
    roles = {
        Resource(ResourceKind.ARN, text)
        for path in (("DeliverLogsPermissionArn",), ("DeliverCrossAccountRole",))
        for text in texts_at(ec2_request(call), path)
    }
    return (
        mapped("ec2:CreateFlowLogs", read_resources(call, TYPES, _FLOW_LOG_TOKENS)),
        *delivery,
        *passed(call, roles, "vpc-flow-logs.amazonaws.com"),
        *tag_on_create(call),
    )


# Regions that a request names, and the resources that it makes reachable from them.
_REGION_KEYS = ("ServiceRegion", "SupportedRegion", "SupportedRegions", "AddSupportedRegion", "AddSupportedRegions")
_ACROSS_REGIONS = {
    "CreateVpcEndpoint": ("route-table?", "security-group?", "subnet?", "vpc", "vpc-endpoint"),
    "CreateVpcEndpointServiceConfiguration": ("vpc-endpoint-service",),
    "ModifyVpcEndpointServiceConfiguration": ("vpc-endpoint-service",),
}


def _map_across_regions(call: Call) -> tuple[MappedAction, ...]:
    """Endpoints and endpoint services: another Region needs vpce:AllowMultiRegion on the endpoint or the service.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    tokens = _ACROSS_REGIONS[call.operation]
    named = (text for key in _REGION_KEYS for text in _region_names(ec2_request(call), key))
    across = any(text != call.region for text in named)
    reached = read_resources(call, TYPES, tokens[-1:])
    allowed = (mapped("vpce:AllowMultiRegion", reached, how=REQUEST_OPTION),) if across else ()
    own = mapped(f"ec2:{call.operation}", read_resources(call, TYPES, tokens))
    return (own, *allowed, *tag_on_create(call), *_endpoint_dns(call))


def _endpoint_dns(call: Call) -> Iterator[MappedAction]:
    """The link with a hosted zone that private DNS of an interface endpoint makes, unless the call turns it off.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    """
    request = ec2_request(call)
    is_interface = "Interface" in texts_at(request, ("VpcEndpointType",))
    if (
        call.operation == "CreateVpcEndpoint"
        and is_interface
        and False not in values_at(request, ("PrivateDnsEnabled",))
    ):
        yield mapped("route53:AssociateVPCWithHostedZone", (UNKNOWN_RESOURCE,), how=ENDPOINT_DNS)


def _region_names(request: object, key: str) -> Iterator[str]:
    yield from texts_at(request, (key,))
    yield from texts_at(request, (key, "content"))


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
}


RULES: RuleTable = {(EVENT_SOURCE, operation): rule for operation, rule in _SPECIAL.items()}

COMPLETIONS: CompletionTable = {(EVENT_SOURCE, EVERY_READ): _complete}

READERS: ReaderTable = {
    EVENT_SOURCE: _Ec2Types({**TYPES, "tagged": ReaderType(_read_tagged)}),
    "ec2-instance-connect.amazonaws.com": TYPES,
    "ebs.amazonaws.com": {"snapshot": NamedType("ec2", "snapshot/{}", "snapshotId", account=False)},
}
