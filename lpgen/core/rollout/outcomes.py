"""How the rollout of a principal, or the undoing of it, ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """How it ended."""

    APPLIED = "applied"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"  # a call failed, and the principal is as it was
    STUCK = "stuck"  # a call failed, and so did taking back
    NOT_REACHED = "not_reached"  # another principal failed before
    UNDONE = "undone"
    UNDONE_IN_PART = "undone_in_part"  # the principal is as it was, and something that lpgen made is left
    LEFT = "left"  # something that others made would be lost, and the principal isn't as it was
    UNDONE_BUT = "undone_but"  # what lpgen did is undone, and others have changed something meanwhile
    GONE = "gone"  # the principal was deleted meanwhile, and nothing that lpgen made for it is left


@dataclass(frozen=True, slots=True)
class RolloutOutcome:
    """How one principal's ended, with sentences about it."""

    principal: str
    kind: OutcomeKind
    why: tuple[str, ...] = ()
