"""The resource types of EC2, and the resources and instance profiles in its requests. The prefix of an id shows its
type.

Older operations log `{"instancesSet": {"items": [{"instanceId": …}]}}`, newer ones wrap the request as
`{"DeleteFlowLogsRequest": {"FlowLogId": {"content": …, "tag": 1}}}`. So ids are searched at any depth. ARNs:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-resources-for-iam-policies
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import ANY_ACCOUNT, Call, texts_at
from lpgen.core.cloudtrail.rules.passing import passed
from lpgen.core.cloudtrail.rules.resources import is_literal, resource_from_arn
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType
from lpgen.core.model import MappedAction, Resource, ResourceKind


class _Ids(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The catalog's table `ec2_ids`. Keys are in lower case.

    `type_by_key` has the keys (singular) of names that the caller chose, and of ids that don't show their type.
    `with_hyphens` are prefixes of ids with hyphens. `foreign` are types of other services, each with the service and
    the pattern of all resources of the type. Values below `silent_keys` aren't resources of the action: free text,
    tags, filters, the contents of a launch template, the peers in security group rules and the other side of a peering.
    """

    source: tuple[str, ...]
    type_by_prefix: dict[str, str]
    with_hyphens: frozenset[str]
    type_by_key: dict[str, str]
    foreign: dict[str, tuple[str, str]]
    silent_keys: frozenset[str]


def _ids(call: Call) -> _Ids:
    return call.catalog.table("ec2_ids", _Ids)


_NO_ACCOUNT = frozenset({"image", "snapshot"})
_CONTAINERS = frozenset({"items", "item", "content"})


@dataclass(frozen=True, slots=True)
class _Ec2Type:
    """A resource type of EC2, recognized by the prefix of ids."""

    name: str

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources of this type that the request names, below the keys in `paths` (lower case, separated by `|`)
        if given."""
        keys = frozenset(paths.split("|")) if paths else None
        for part in _parts_to_read(call):
            found = tuple(
                resource
                for key, kind, resource in resources_below(call, part)
                if kind == self.name and (keys is None or key in keys)
            )
            if found:
                return found
        return (self.pattern(call),) if self.name == "launch-template" and names_template(call) else ()

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type in the call's Region and account."""
        foreign = _ids(call).foreign.get(self.name)
        if foreign:
            service, text = foreign
            return resource_from_arn(call.arn(service, text, region=service != "iam"))
        return resource_from_arn(ec2_arn(call, self.name, "*"))


_CREATING = ("Create", "Copy", "Import", "Export", "Allocate", "Register", "Request", "Purchase", "Run", "Start")
"""Verbs of operations whose response names the new resource, which had no id when the call was authorized."""

_EXISTED = frozenset({"CreateLaunchTemplateVersion"})
"""Operations with such a verb whose response names an existing resource: here, the template of the new version."""


def _parts_to_read(call: Call) -> tuple[object, ...]:
    """The parts to search for ids, in order: the request, and the response if the call creates nothing."""
    if call.operation.startswith(_CREATING) and call.operation not in _EXISTED:
        return (ec2_request(call),)
    return (ec2_request(call), ec2_response(call))


def ec2_arn(call: Call, kind: str, name: str, *, region: str = "") -> str:
    """The ARN of an EC2 resource. It has no account for images and snapshots, and no Region for IPAM resources."""
    if kind.startswith("ipam") and kind != "ipam-pool-allocation":
        return call.arn("ec2", f"{kind}/{name}", region=False)
    if region and region != call.region:
        call = Call(call.record, call.operation, call.partition, region, call.account, call.catalog)
    return call.arn("ec2", f"{kind}/{name}", account=kind not in _NO_ACCOUNT)


LAUNCHED_INTO = ("capacity-reservation", "security-group", "subnet")
"""The types that instances and network interfaces are launched into. Other accounts can share them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservation-sharing.html and
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-sharing.html
"""


def with_shared(call: Call, resources: Iterable[Resource], kinds: Iterable[str]) -> tuple[Resource, ...]:
    """The resources. Those of some types are added as any account's, because the record doesn't show the account that
    shares them, which is in the ARN.

    Ids are globally unique, so this covers only what the call named. Subnets:
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html, where
    https://github.com/terraform-aws-modules/terraform-aws-iam/issues/227 decodes a denial on the owner's ARN. Transit
    gateways, which are checked as the owner's and as the caller's:
    https://github.com/aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway/issues/37
    """
    own, starts = tuple(resources), tuple(f"{kind}/" for kind in kinds)
    exact = (resource.text for resource in own if resource.kind is ResourceKind.ARN)
    shared = (arn.replace(f":{call.account}:", f":{ANY_ACCOUNT}:") for arn in exact if _is_own(call, arn, starts))
    return (*own, *map(resource_from_arn, shared))


def _is_own(call: Call, arn: str, starts: tuple[str, ...]) -> bool:
    """Whether an ARN is of one of the types and has the call's account."""
    fields = split_arn(arn)
    return fields.account == call.account and fields.name.startswith(starts)


def ec2_request(call: Call) -> object:
    """The request parameters without the `OperationRequest` wrapper of newer operations."""
    return call.request.get(f"{call.operation}Request", call.request)


def ec2_response(call: Call) -> object:
    """The response elements without the `OperationResponse` wrapper of newer operations."""
    return call.response.get(f"{call.operation}Response", call.response)


def names_template(call: Call) -> bool:
    """Whether the request names a launch template by name. The ARN of a template doesn't have its name."""
    return any(key == "launchtemplatename" for key, _ in _texts_below(ec2_request(call), "", _ids(call).silent_keys))


def named_resources(call: Call) -> Iterator[tuple[str, str, Resource]]:
    """The key (lower case), type and resource of everything that the request names by id, key name or ARN."""
    return resources_below(call, ec2_request(call))


def resources_below(call: Call, value: object) -> Iterator[tuple[str, str, Resource]]:
    """The key (lower case), type and resource of everything named below a part of a request or response."""
    ids = _ids(call)
    for key, text in _texts_below(value, "", ids.silent_keys):
        if text.startswith("arn:"):
            yield key, _arn_kind(text, ids), Resource(ResourceKind.ARN, text)
        elif kind := ids.type_by_key.get(key.removesuffix("s")) or type_of_id(call, text):
            yield key, kind, Resource(ResourceKind.ARN, ec2_arn(call, kind, text))


def tagged_types(request: object) -> Iterator[str]:
    """The resource types in the request's tag specifications, in any spelling and shape.

    Specifications below `LaunchTemplateData` describe later launches and are ignored.
    """
    if isinstance(request, dict):
        for key in request:
            if str(key).lower().startswith("tagspecification"):
                yield from texts_at(request[key], ("resourceType",))
                yield from texts_at(request[key], ("items", "resourceType"))


def _texts_below(value: object, key: str, silent: frozenset[str]) -> Iterator[tuple[str, str]]:
    """All strings without wildcards below a value, each with the nearest meaningful key, in lower case."""
    if isinstance(value, str):
        if value and "*" not in value and "?" not in value:
            yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts_below(item, key, silent)
    elif isinstance(value, dict):
        for name in value:  # not `items`: skipped values must not count as read
            lowered = str(name).lower()
            if lowered not in silent:
                yield from _texts_below(value[name], key if lowered in _CONTAINERS else lowered, silent)


def _arn_kind(arn: str, ids: _Ids) -> str:
    """The type that an ARN shows, such as `role` or `transit-gateway`. "" for other services than those that EC2
    requests name."""
    fields = split_arn(arn)
    kind = fields.name.partition("/")[0].partition(":")[0]
    service = ids.foreign.get(kind, ("ec2", ""))[0]
    return kind if fields.service == service else ""


def type_of_id(call: Call, text: str) -> str:
    """The EC2 resource type that an id such as `tgw-rtb-0123` has, or ""."""
    ids, head = _ids(call), text.partition("-")[0]
    if head in ids.with_hyphens:
        return ids.type_by_prefix[head]
    prefix, _, rest = text.rpartition("-")
    return ids.type_by_prefix.get(prefix, "") if rest.isalnum() else ""


# ---------------------------------------------------------------- types by name


class Ec2Types(dict[str, ResourceType]):
    """Types by name. A type that isn't listed is recognized by ids."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> ResourceType:
        return _Ec2Type(name)


_GROUP_PATHS = "groupName|placement.groupName|ModifyInstancePlacementRequest.GroupName"

EC2_TYPES: Final = Ec2Types({"placement-group": NamedType("ec2", "placement-group/{}", _GROUP_PATHS)})


# ---------------------------------------------------------------- instance profiles


def pass_profiles(call: Call, value: object) -> tuple[MappedAction, ...]:
    """iam:PassRole on the instance profiles named below a part of a request or response.

    The profile's ARN replaces the role's, because only a snapshot of IAM shows the role of a profile.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    """
    own = call.arn("iam", "instance-profile/", region=False)
    arns = [name if name.startswith("arn:") else own + name for name in _profiles_below(value)]
    return passed(call, {Resource(ResourceKind.ARN, arn) for arn in arns if is_literal(arn)}, "ec2.amazonaws.com")


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
