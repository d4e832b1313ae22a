"""Principals whose next use doesn't follow from what they did, by whom their trust policy names and what they do.

- CloudFormation changes and takes down with its role what templates say, and the next template says something else.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
- People who may do nearly everything do something else each time.
- Another account with a policy that AWS wrote for auditors is a scanner, and its next release reads more.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
- Who makes backups restores them after a loss.
- Resources of the same name in several Regions are mostly replicas, which are used after a failover.
  https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lpgen.core.analysis.caveats.caveats import grants_everything
from lpgen.core.analysis.caveats.few_days import is_used_by_people
from lpgen.core.analysis.grants.aws_policies import aws_policy_name
from lpgen.core.analysis.grants.trust import trusted_accounts, trusted_services
from lpgen.core.analysis.scopes.prefixes import is_whole_type, stem_of
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.globs.match import as_glob, has_wildcard
from lpgen.core.iam.match_resource import resource_contains, resources_intersect
from lpgen.core.model import CURRENT_VERSION, Action, Principal
from lpgen.core.options import Options
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Line, LineKind

_ANY_TEMPLATE: Final = "cloudformation.amazonaws.com"
_FOR_AUDITORS: Final = frozenset({"ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"})
_BACKS_UP: Final = re.compile(r"(?:Create|Start|Copy)\w*(?:Backup|Snapshot)")
_RESTORES: Final = re.compile(r"(?:Create|Restore)\w*From\w*(?:Backup|Snapshot)|StartRestore")
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
            *(one.function for one in options.function_logs),
            *(one.resource for one in options.guards.resource_policies),
            *options.versioned_buckets,
        )
    )
    return SnapshotResources(arns, frozenset(region for arn in arns for region in _REGION.findall(arn)))


def unpredictable_caveats(
    grants: PrincipalGrants,
    lines: Collection[Line],
    scopes: ScopeFinder,
    snapshot: SnapshotResources,
    regions: Iterable[str],
) -> Iterator[Caveat]:
    """A caveat for each reason why a principal may soon need what its replacement of these lines removes.

    `scopes` knows the resources that the logs name, in these Regions.
    """
    if not lines:
        return
    removed = grants.granted().difference(line.action for line in lines)
    for case, what in (
        *(_by_trust(grants) if removed else ()),
        *_restores(lines, removed),
        *_replicas(grants, lines, scopes, snapshot, {*regions, *snapshot.regions}),
    ):
        yield Caveat.of(CaveatKind.UNPREDICTABLE, case=case, what=what)


def policies_for_audits(principal: Principal) -> list[str]:
    """The names of the policies of a principal that AWS wrote for who reads everything, sorted."""
    return sorted(one.name for one in principal.policies if aws_policy_name(one.arn) in _FOR_AUDITORS)


def _by_trust(grants: PrincipalGrants) -> Iterator[tuple[str, str]]:
    principal = grants.principal
    if is_used_by_people(principal) and any(map(grants_everything, grants.allows)):
        yield "administrator", ""
    if _ANY_TEMPLATE in trusted_services(principal):
        yield "stacks", "CloudFormation"
    policies = policies_for_audits(principal)
    others = sorted(trusted_accounts(principal) - {principal.account})
    if policies and others:
        yield "auditor", f"account {others[0]} reads with {policies[0]}"


def _restores(lines: Iterable[Line], removed: Collection[Action]) -> Iterator[tuple[str, str]]:
    for action in sorted({line.action for line in lines if line.kind is LineKind.OBSERVED}):
        service, _, operation = action.partition(":")
        if _BACKS_UP.match(operation):
            lost = [one for one in removed if one.startswith(f"{service}:") and _RESTORES.match(one.split(":")[1])]
            if lost:
                yield "restore", f"{action}, and could no longer do {min(lost, key=lambda one: (len(one), one))}"
                return


def _replicas(
    grants: PrincipalGrants,
    lines: Iterable[Line],
    scopes: ScopeFinder,
    snapshot: SnapshotResources,
    regions: Iterable[str],
) -> Iterator[tuple[str, str]]:
    """The first resource with the name and, but for the Region, the ARN of one that is used, and which is granted, is
    known to the logs, the snapshot or the policy, and is in no line."""
    named = tuple(pattern for grant in grants.allows for pattern in grant.statement.resources)
    known = {*regions, *(region for pattern in named for region in _REGION.findall(pattern))}
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

    lost = (
        replica
        for line in lines
        if line.kind is LineKind.OBSERVED and not line.scope.not_resource
        for resource in line.scope.resources
        for replica, region in _namesakes(resource, known)
        if is_lost(line.action, replica, region)
    )
    yield from (("failover", replica) for replica in islice(lost, 1))


def _namesakes(resource: str, regions: Collection[str]) -> Iterator[tuple[str, str]]:
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
