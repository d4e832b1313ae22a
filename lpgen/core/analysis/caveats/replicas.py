"""Replicas of used resources in other Regions: resources of the same name, which are used after a failover.

https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.scopes.prefixes import is_whole_type, stem_of
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.globs.match import as_glob, has_wildcard
from lpgen.core.iam.match_resource import resource_contains, resources_intersect
from lpgen.core.model import CURRENT_VERSION, Action
from lpgen.core.options import Options
from lpgen.core.replacements import Line, LineKind

_REGION: Final = re.compile(
    r"(?<![a-z0-9])[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)(?:east|west)?-\d(?![a-z0-9])"
)


@dataclass(frozen=True, slots=True)
class SnapshotResources:
    """The ARNs of resources that a snapshot holds, and the Regions that they name."""

    arns: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


def snapshot_resources(options: Options) -> SnapshotResources:
    """The functions, the buckets with versions, and the resources with a policy, of all Regions that were read."""
    arns = frozenset(
        (
            *(log.function for log in options.function_logs),
            *(policy.resource for policy in options.guards.resource_policies),
            *options.versioned_buckets,
        )
    )
    return SnapshotResources(arns, frozenset(region for arn in arns for region in _REGION.findall(arn)))


def lost_replicas(
    grants: PrincipalGrants,
    lines: Collection[Line],
    scopes: ScopeFinder,
    snapshot: SnapshotResources,
    regions: Collection[str],
) -> Iterator[str]:
    """The resources with the name and, but for the Region, the ARN of one that is used, and which are granted, are
    known to the logs, the snapshot or the policy, and are in no line.

    `scopes` knows the resources that the logs name, in these Regions.
    """
    named = tuple(pattern for grant in grants.allows for pattern in grant.statement.resources)
    known = {*regions, *snapshot.regions, *(region for pattern in named for region in _REGION.findall(pattern))}
    kept: dict[Action, set[str]] = defaultdict(set)
    for line in lines:
        kept[line.action].update(() if line.scope.not_resource else line.scope.resources)

    def is_lost(action: Action, replica: str, region: str) -> bool:
        is_named = any(region in pattern and _meet(pattern, replica) for pattern in named)
        return (
            (is_named or _is_known(scopes, snapshot, action, replica))
            and not any(resource_contains(scope, replica) for scope in kept[action])
            and any(
                _meet(pattern, replica)
                for grant in grants.allows
                if action in grant.actions and not grant.statement.not_resource
                for pattern in grant.statement.resources
            )
        )

    return (
        replica
        for line in lines
        if line.kind is LineKind.OBSERVED and not line.scope.not_resource
        for resource in line.scope.resources
        for replica, region in _namesakes(resource, known)
        if is_lost(line.action, replica, region)
    )


def _namesakes(resource: str, regions: Collection[str]) -> Iterable[tuple[str, str]]:
    """The resource as it would be called in each other Region, with the Region."""
    for region in sorted(set(_REGION.findall(resource))):
        yield from ((resource.replace(region, other), other) for other in sorted({*regions} - {region}))


def _meet(pattern: str, resource: str) -> bool:
    return resources_intersect(as_glob(pattern, CURRENT_VERSION), resource)


def _is_known(scopes: ScopeFinder, snapshot: SnapshotResources, action: Action, resource: str) -> bool:
    """Whether the logs or the snapshot name a resource, or for a fold one below its prefix."""
    stem = stem_of(resource)
    if stem.rstrip("/:") in snapshot.arns:
        return True
    if stem == resource:
        return resource in scopes.population
    is_named = not has_wildcard(stem) and not is_whole_type(resource, action, scopes.catalog)
    return is_named and scopes.population.count(stem) > 0
