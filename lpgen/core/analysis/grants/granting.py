"""Statements of policies: which ones grant an action, what they name, and their scope and Regions.

No scope here is wider than the old statement, and none excludes a part of the use that it may have granted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.patterns import EVERYTHING
from lpgen.core.evidence import Grant, StatementRef
from lpgen.core.findings import WildcardUse
from lpgen.core.globs.match import as_glob, has_wildcard, holds_variable
from lpgen.core.iam.match_resource import (
    intersect_resources,
    resource_contains,
    resource_match,
    resources_intersect,
    resources_meet,
)
from lpgen.core.iam.policy import statement_depends_on_version
from lpgen.core.model import CURRENT_VERSION, Action, ActionPattern, Resource, ResourceKind
from lpgen.core.replacements import Scope


@dataclass(frozen=True, slots=True, eq=False)
class Granting:
    """The statements that grant an action, in policy order. Actions of the same statements share one value."""

    grants: tuple[Grant, ...]
    refs: tuple[StatementRef, ...]


NOTHING = Granting((), ())
"""The value for an action that no statement grants."""


def action_is_named_in(grant: Grant, action: Action) -> bool:
    """Whether a pattern of a statement begins with the action's name."""
    return any(pattern.lower().startswith(action.lower()) for pattern in grant.statement.patterns)


def named_services(grant: Grant) -> frozenset[str]:
    """The services that a statement names, in lower case; none for a `NotAction`."""
    return _services(_patterns(grant))


def services_of_wildcards(grant: Grant) -> frozenset[str]:
    """The services with a wildcard in a statement, in lower case."""
    return _services(filter(has_wildcard, _patterns(grant)))


def named_actions(grant: Grant) -> frozenset[str]:
    """The actions that a statement names individually, in lower case."""
    return frozenset(pattern.lower() for pattern in _patterns(grant) if not has_wildcard(pattern))


def _patterns(grant: Grant) -> Sequence[str]:
    return () if grant.statement.not_action else grant.statement.patterns


def _services(patterns: Iterable[str]) -> frozenset[str]:
    services = (pattern.partition(":")[0].lower() for pattern in patterns)
    return frozenset(service for service in services if not has_wildcard(service))


def granting_by_action(allows: Sequence[Grant]) -> Mapping[Action, Granting]:
    """The granting statements of each granted action."""
    alike: dict[int, int] = {}  # statements of equal patterns share one set of actions, which is read once
    for at, grant in enumerate(allows):
        alike[id(grant.actions)] = alike.get(id(grant.actions), 0) | 1 << at
    masks: dict[Action, int] = {}
    for mask in alike.values():
        actions = allows[mask.bit_length() - 1].actions
        if masks.keys().isdisjoint(actions):
            masks.update(dict.fromkeys(actions, mask))
            continue
        for action in actions:
            masks[action] = masks.get(action, 0) | mask
    by_mask = {mask: _granting(allows, mask) for mask in set(masks.values())}
    return {action: by_mask[mask] for action, mask in masks.items()}


def _granting(allows: Sequence[Grant], mask: int) -> Granting:
    grants = tuple(grant for at, grant in enumerate(allows) if mask >> at & 1)
    return Granting(grants, tuple(grant.ref for grant in grants))


# ---------------------------------------------------------------- wildcards


def wildcards_of_grants(
    grants: Iterable[Grant], used: Iterable[Action], *, catalog: Catalog
) -> tuple[WildcardUse, ...]:
    """Each wildcard of the Allows in policy order. A `NotAction` counts as one wildcard."""
    seen = frozenset(used)
    return tuple(
        WildcardUse(
            grant.ref,
            pattern,
            not_action=grant.statement.not_action,
            expands_to=len(actions),
            used=tuple(sorted(actions & seen)),
        )
        for grant, pattern, actions in each_wildcard(grants, catalog)
    )


def each_wildcard(
    grants: Iterable[Grant], catalog: Catalog
) -> Iterator[tuple[Grant, ActionPattern, frozenset[Action]]]:
    """Each wildcard of statements, with its statement and the actions that it matches today."""
    for grant in grants:
        if grant.statement.not_action:
            yield grant, ActionPattern(", ".join(grant.statement.patterns)), grant.actions
            continue
        for pattern in grant.statement.patterns:
            if has_wildcard(pattern):
                yield grant, pattern, catalog.expand([pattern]).actions


def grants_everything(grant: Grant) -> bool:
    """Whether a statement names no service."""
    return grant.statement.not_action or any(pattern in EVERYTHING for pattern in grant.statement.patterns)


ANY_REGION: Final = ""
"""Any Region: only a trail of all Regions records all of them."""


def narrow_scope(grant: Grant, action: Action, resource: Resource, *, catalog: Catalog) -> Scope | None:
    """The part of a grant that covers one action on one resource, or None if the grant can't have allowed it.

    An exact ARN remains exact. A fold becomes its intersection with the grant, or else the grant's pattern. A pattern
    with a policy variable is copied, because its value at the time of the call is unknown. An unknown resource keeps
    the whole scope.
    """
    if action not in grant.actions:
        return None
    if resource.kind is ResourceKind.NONE:
        return _scope_of_none(grant, action, catalog)
    if resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return whole_scope(grant, action, catalog=catalog)
    if grant.statement.not_resource:
        return _scope_outside(grant, resource)
    return _scope_inside(grant, resource)


def whole_scope(grant: Grant, action: Action, *, catalog: Catalog) -> Scope | None:
    """The grant's scope for an action, without patterns that name no resource it takes; None if none is left."""
    if catalog.takes_no_resource(action):
        return _scope_of_none(grant, action, catalog)
    if grant.statement.not_resource:
        return Scope(tuple(sorted(set(grant.statement.resources))), not_resource=True)
    return _scope_of_patterns(
        pattern for pattern in grant.statement.resources if catalog.takes_resource(action, pattern)
    )


def _scope_of_patterns(patterns: Iterable[str]) -> Scope | None:
    fitting = tuple(sorted(set(patterns)))
    return Scope(fitting) if fitting else None


def unlisted_scope(grant: Grant, action: Action) -> Scope | None:
    """A grant's patterns that can name a resource of an action's service, or None.

    AWS authorizes some actions on resources though its reference lists no type for them. An allowed call that nothing
    grants on `*` shows this.
    """
    own = f"arn:*:{action.partition(':')[0]}:*"
    named = () if grant.statement.not_resource else grant.statement.resources
    return _scope_of_patterns(pattern for pattern in named if resources_meet(as_glob(pattern, grant.version), own))


def is_plain(arn: str) -> bool:
    """Whether an ARN matches only itself in a policy. Real names may contain `*`, `?` and `$`."""
    return not any(character in arn for character in "*?$")


def _scope_of_none(grant: Grant, action: Action, catalog: Catalog) -> Scope | None:
    # A request without a resource is evaluated against `*`, which only patterns of stars match. AWS's reference doesn't
    # always say whether a request that creates something has a resource. If in doubt, the pattern is kept.
    matches = any(resource_match(pattern, "*") for pattern in grant.statement.resources)
    if grant.statement.not_resource:
        return None if matches else Scope(tuple(sorted(set(grant.statement.resources))), not_resource=True)
    if matches:
        return Scope(("*",))
    return _scope_of_patterns(pattern for pattern in grant.statement.resources if catalog.may_make(action, pattern))


def _scope_inside(grant: Grant, resource: Resource) -> Scope | None:
    exact = resource.kind is ResourceKind.ARN
    plain = not exact or is_plain(resource.text)
    kept: set[str] = set()
    for pattern in grant.statement.resources:
        glob = as_glob(pattern, grant.version)
        if not (resource_match(glob, resource.text) if exact else resources_meet(glob, resource.text)):
            continue
        if holds_variable(pattern, grant.version) or not plain:
            kept.add(pattern)
        elif exact or resource_contains(pattern, resource.text):
            return Scope((resource.text,))
        else:
            kept.add(intersect_resources(pattern, resource.text) or pattern)
    return Scope(tuple(sorted(kept))) if kept else None


def _scope_outside(grant: Grant, resource: Resource) -> Scope | None:
    exact = resource.kind is ResourceKind.ARN
    # A variable without a value in the request may void the statement, so no resource is certainly outside it.
    touches = exact and not is_plain(resource.text)
    for pattern in grant.statement.resources:
        if holds_variable(pattern, grant.version):
            touches = True
        elif resource_match(pattern, resource.text) if exact else resource_contains(pattern, resource.text):
            return None
        else:
            touches = touches or (not exact and resources_intersect(pattern, resource.text))
    if touches:
        return Scope(tuple(sorted(set(grant.statement.resources))), not_resource=True)
    return Scope((resource.text,))


def language_version(grant: Grant) -> str:
    """The language version for a copy of the statement: the old one only if `${` would change its meaning."""
    return grant.version if statement_depends_on_version(grant.statement) else CURRENT_VERSION


# ---------------------------------------------------------------- Regions


def granted_regions(grant: Grant) -> set[str]:
    """The Regions that a statement is limited to, by condition or by its ARNs; empty if it isn't limited."""
    by_condition = _regions_by_condition(grant)
    if by_condition is not None:
        return by_condition
    regions = {region for _, region in named_regions(grant)}
    return set() if ANY_REGION in regions else regions


def named_regions(grant: Grant) -> list[tuple[str, str]]:
    """The resources of a statement, each with the Region that its condition or the ARN limits it to, or
    `ANY_REGION`."""
    by_condition = _regions_by_condition(grant) or ()
    only = next(iter(by_condition)) if len(by_condition) == 1 else ANY_REGION
    is_open = grant.statement.not_resource
    return [
        (pattern, only or (ANY_REGION if is_open else region_in_pattern(pattern)))
        for pattern in grant.statement.resources
    ]


def _regions_by_condition(grant: Grant) -> set[str] | None:
    """The Regions that a statement's condition limits it to, empty if it has wildcards or variables; None without a
    condition."""
    for condition in grant.statement.conditions:
        if condition.key.lower() == "aws:requestedregion" and condition.operator == "StringEquals":
            return set() if any(map(_is_open, condition.values)) else set(condition.values)
    return None


def region_in_pattern(resource: str) -> str:
    """The Region that a resource's pattern names, else `ANY_REGION`."""
    region = resource.split(":", 4)[3] if resource.count(":") >= 3 else ANY_REGION  # the rest may be missing
    return ANY_REGION if _is_open(region) else region


def _is_open(region: str) -> bool:
    return has_wildcard(region) or "${" in region


_REGION: Final = re.compile(
    r"(?<![a-z0-9])[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)(?:east|west)?-\d(?![a-z0-9])"
)


def regions_in(text: str) -> list[str]:
    """The names of Regions in a text, in order."""
    return _REGION.findall(text)
