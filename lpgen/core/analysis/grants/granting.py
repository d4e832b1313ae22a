"""Which statements grant an action: the index of one principal's Allows, what these name, and what wildcards match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.patterns import EVERYTHING
from lpgen.core.evidence import Grant, StatementRef
from lpgen.core.findings import WildcardUse
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Action, ActionPattern


@dataclass(frozen=True, slots=True, eq=False)
class Granting:
    """The statements that grant an action, in policy order. Actions granted by the same ones share one value."""

    grants: tuple[Grant, ...]
    refs: tuple[StatementRef, ...]


NOTHING = Granting((), ())
"""The granting statements of an action that none grants."""


def action_is_named_in(grant: Grant, action: Action) -> bool:
    """Whether a pattern of a statement begins with the action's name, as its own does and that of longer ones."""
    return any(pattern.lower().startswith(action.lower()) for pattern in grant.statement.patterns)


def named_services(grant: Grant) -> frozenset[str]:
    """The services that a statement names, in lower case; none where it lists what it doesn't grant."""
    return _services(_patterns(grant))


def services_of_wildcards(grant: Grant) -> frozenset[str]:
    """The services of which a statement names several actions by one pattern, in lower case."""
    return _services(filter(has_wildcard, _patterns(grant)))


def named_actions(grant: Grant) -> frozenset[str]:
    """The actions that a statement names one by one, in lower case."""
    return frozenset(pattern.lower() for pattern in _patterns(grant) if not has_wildcard(pattern))


def _patterns(grant: Grant) -> Sequence[str]:
    return () if grant.statement.not_action else grant.statement.patterns


def _services(patterns: Iterable[str]) -> frozenset[str]:
    services = (pattern.partition(":")[0].lower() for pattern in patterns)
    return frozenset(service for service in services if not has_wildcard(service))


def granting_by_action(allows: Sequence[Grant]) -> Mapping[Action, Granting]:
    """The granting statements of each action; an action that none grants is absent."""
    alike: dict[int, int] = {}  # statements of equal patterns share one set of actions, which is gone through once
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
    """Each wildcard of the Allows in policy order; a `NotAction` counts as one, over all that it grants."""
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
    """Each wildcard of statements with its statement and the actions that it matches today."""
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
