"""Launching EC2 instances: RunInstances with all it names, spot requests, spot fleets and fleets.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances and the resource
types of the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at
from lpgen.core.cloudtrail.rules.ec2 import EVENT_SOURCE, TYPES, pass_profiles, tag_on_create
from lpgen.core.cloudtrail.rules.ec2_ids import LAUNCHED_INTO, ec2_request, names_template, resources_below, with_shared
from lpgen.core.cloudtrail.rules.inferences import SSM_IMAGE_ALIAS, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import mapped
from lpgen.core.cloudtrail.rules.types import read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, Resource, ResourceKind

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
    """RunInstances on the types it always takes and on all that it names, with its tags, profile and image alias."""
    profiles = pass_profiles(call, call.request) or pass_profiles(call, call.response)
    return (
        mapped("ec2:RunInstances", with_shared(call, _run_resources(call), LAUNCHED_INTO)),
        *_launch_tags(call),
        *profiles,
        *_read_image_alias(call),
    )


def _run_resources(call: Call) -> Iterator[Resource]:
    named = _resources_by_type(call, call.request)
    for resources in named.values():
        yield from resources
    yield from read_resources(call, TYPES, ("+instance", "+volume", "placement-group?=placement.groupName"))
    if call.text("instanceMarketOptions", "marketType") == "spot":
        yield TYPES["spot-instances-request"].pattern(call)
    if _creates_interface(call):
        yield TYPES["network-interface"].pattern(call)
    yield from _launched_with(call, named)


def _launched_with(call: Call, named: dict[str, set[Resource]]) -> Iterator[Resource]:
    """The resources left to defaults or to a launch template: from the response, else as a pattern."""
    shown = _resources_by_type(call, call.response)
    wanted = ["image", *(["subnet", "security-group"] if _creates_interface(call) else [])]
    for kind in wanted:
        if kind not in named:
            yield from shown.get(kind) or {TYPES[kind].pattern(call)}
    if "launch-template" in named or call.has("launchTemplate"):
        yield from shown.get("key-pair", ())
        if "launch-template" not in named:
            yield TYPES["launch-template"].pattern(call)


def _launch_tags(call: Call) -> tuple[MappedAction, ...]:
    """ec2:CreateTags on the resources that the request tags; with a launch template also on those it may tag, which no
    record shows.

    Tags of a template are evaluated like those of the request.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    tags = tag_on_create(call)
    if not call.has("launchTemplate"):
        return tags
    keys = texts_at(call.response, ("instancesSet", "items", "tagSet", "items", "key"))
    if not tags and all(key.startswith("aws:") for key in keys):
        return ()
    resources = [resource for tag in tags for resource in tag.resources]
    return (mapped("ec2:CreateTags", [*resources, UNKNOWN_RESOURCE], how=TAG_ON_CREATE),)


def _creates_interface(call: Call) -> bool:
    """Whether the launch makes a network interface: yes unless each interface it names exists already."""
    interfaces = call.request.get("networkInterfaceSet")
    items = interfaces.get("items") if isinstance(interfaces, dict) else None
    if not isinstance(items, list) or not items:
        return True
    return any(not isinstance(item, dict) or not item.get("networkInterfaceId") for item in items)


def _resources_by_type(call: Call, value: object) -> dict[str, set[Resource]]:
    found: dict[str, set[Resource]] = {}
    for _, kind, resource in resources_below(call, value):
        if kind in _NAMED_TYPES:
            found.setdefault(kind, set()).add(resource)
    return found


def _read_image_alias(call: Call) -> tuple[MappedAction, ...]:
    """ssm:GetParameters where the image is given as a parameter.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
    """
    aliases = [text for text in call.texts("instancesSet", "items", "imageId") if text.startswith(_SSM_ALIAS)]
    names = [text.removeprefix(_SSM_ALIAS) for text in aliases if not has_wildcard(text)]
    parameters = {_parameter_resource(call, name) for name in names}
    return (mapped("ssm:GetParameters", parameters, how=SSM_IMAGE_ALIAS),) if parameters else ()


def _parameter_resource(call: Call, name: str) -> Resource:
    """The parameter that an alias such as `/golden/linux:3` refers to; its version is no part of the ARN."""
    if name.startswith("arn:"):
        return Resource(ResourceKind.ARN, name)
    own = not name.startswith("/aws/")
    arn = call.arn("ssm", "parameter/" + name.partition(":")[0].removeprefix("/"), account=own)
    return Resource(ResourceKind.ARN, arn)


_SPOT_TYPES = _NAMED_TYPES - {"capacity-reservation", "group", "license-configuration", "elastic-gpu"}


def _map_spot_instances(call: Call) -> tuple[MappedAction, ...]:
    """RequestSpotInstances on all that it names, with its tags and instance profile."""
    return _map_request(call, _SPOT_TYPES - {"launch-template"}, ("spot-instances-request",))


def _map_spot_fleet(call: Call) -> tuple[MappedAction, ...]:
    """RequestSpotFleet, which also hands over the fleet's role.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-fleet-prerequisites.html
    """
    roles = passed_roles(call, call.texts("spotFleetRequestConfig", "iamFleetRole"), "spotfleet.amazonaws.com")
    return (*_map_request(call, _SPOT_TYPES - {"network-interface"}, ("spot-fleet-request",)), *roles)


def _map_fleet(call: Call) -> tuple[MappedAction, ...]:
    """CreateFleet on the fleet, the instances it launches and all that it names."""
    return _map_request(
        call, frozenset({"capacity-reservation", "image", "launch-template", "subnet"}), ("fleet", "instance")
    )


def _map_request(call: Call, kinds: frozenset[str], created: Iterable[str]) -> tuple[MappedAction, ...]:
    request = ec2_request(call)
    named = [resource for _, kind, resource in resources_below(call, request) if kind in kinds]
    patterns = [TYPES[kind].pattern(call) for kind in created]
    if "launch-template" in kinds and names_template(call):
        patterns.append(TYPES["launch-template"].pattern(call))
    return (
        mapped(f"ec2:{call.operation}", with_shared(call, [*named, *patterns], LAUNCHED_INTO)),
        *tag_on_create(call),
        *pass_profiles(call, request),
    )


RULES: RuleTable = {
    (EVENT_SOURCE, "RunInstances"): _map_run_instances,
    (EVENT_SOURCE, "RequestSpotInstances"): _map_spot_instances,
    (EVENT_SOURCE, "RequestSpotFleet"): _map_spot_fleet,
    (EVENT_SOURCE, "CreateFleet"): _map_fleet,
}
