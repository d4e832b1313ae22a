"""Which statements grant an action: the index of one principal's Allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lpgen.core.grounds import Grant, StatementRef
from lpgen.core.model import Action


@dataclass(frozen=True, slots=True, eq=False)
class Granting:
    """The statements that grant an action, in policy order. Actions granted by the same ones share one value."""

    grants: tuple[Grant, ...]
    refs: tuple[StatementRef, ...]


NOTHING = Granting((), ())
"""What grants an action that no statement grants."""


def granting_by_action(allows: Sequence[Grant]) -> Mapping[Action, Granting]:
    """What grants each action; an action that nothing grants is absent."""
    masks: dict[Action, int] = {}
    for at, grant in enumerate(allows):
        bit = 1 << at
        for action in grant.actions:
            masks[action] = masks.get(action, 0) | bit
    by_mask = {mask: _granting(allows, mask) for mask in set(masks.values())}
    return {action: by_mask[mask] for action, mask in masks.items()}


def _granting(allows: Sequence[Grant], mask: int) -> Granting:
    grants = tuple(grant for at, grant in enumerate(allows) if mask >> at & 1)
    return Granting(grants, tuple(grant.ref for grant in grants))
