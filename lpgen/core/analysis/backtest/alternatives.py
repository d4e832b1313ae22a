"""Simpler policies that could be written from the same days, for comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lpgen.core.backtests import Alternative
from lpgen.core.evidence import Use
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.model import Action, ResourceKind

_WHOLE = "*"


@dataclass(frozen=True, slots=True)
class SeenUse:
    """A principal's use on the days to learn on: `resources` by action, `*` for one that no record shows."""

    services: frozenset[str]
    resources: Mapping[Action, frozenset[str]]
    folds: Mapping[Action, frozenset[str]]

    def allows(self, alternative: Alternative, use: Use) -> bool:
        """Whether the policies that the alternative writes from this allow a use."""
        if alternative is Alternative.UNTOUCHED:
            return True
        if alternative is Alternative.SERVICES:
            return _service(use.action) in self.services
        seen = self.resources.get(use.action)
        if seen is None or alternative is Alternative.ACTIONS:
            return seen is not None
        named = use.resource.kind in (ResourceKind.ARN, ResourceKind.FOLD)
        return not named or self.allows_place(use.action, use.resource.text)

    def allows_place(self, action: Action, place: str) -> bool:
        """Whether a policy of the exact resources allows an action on a resource."""
        seen = self.resources.get(action, frozenset[str]())
        return (
            place in seen
            or _WHOLE in seen
            or any(resource_contains(fold, place) for fold in self.folds.get(action, ()))
        )

    def kept(self, alternative: Alternative, granted: Mapping[str, frozenset[Action]]) -> int:
        """How many of the granted actions, which are given by service, the alternative keeps."""
        if alternative is Alternative.UNTOUCHED:
            return sum(map(len, granted.values()))
        if alternative is Alternative.SERVICES:
            return sum(len(granted.get(service, ())) for service in self.services)
        return sum(action in granted.get(_service(action), ()) for action in self.resources)


def seen_use(uses: Iterable[Use]) -> SeenUse:
    """The services, resources and folds that appear in the uses."""
    resources: dict[Action, set[str]] = defaultdict(set)
    folds: dict[Action, set[str]] = defaultdict(set)
    for use in uses:
        resources[use.action].add(use.resource.text)
        if use.resource.kind is ResourceKind.FOLD:
            folds[use.action].add(use.resource.text)
    return SeenUse(
        frozenset(map(_service, resources)),
        {action: frozenset(found) for action, found in resources.items()},
        {action: frozenset(found) for action, found in folds.items()},
    )


def actions_by_service(actions: Iterable[Action]) -> dict[str, frozenset[Action]]:
    """The actions by the prefix of their service."""
    found: dict[str, set[Action]] = defaultdict(set)
    for action in actions:
        found[_service(action)].add(action)
    return {service: frozenset(some) for service, some in found.items()}


def _service(action: Action) -> str:
    return action.partition(":")[0]
