"""The types of star inheritance: what wildcards gained by themselves as AWS added actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from lpgen.core.evidence import StatementRef
from lpgen.core.model import AccessLevel, Action, ActionPattern

WORST_FIRST: Final = (
    AccessLevel.PERMISSIONS_MANAGEMENT,
    AccessLevel.WRITE,
    AccessLevel.TAGGING,
    AccessLevel.READ,
    AccessLevel.LIST,
)
"""The access levels by what harm an action of each can do."""


@dataclass(frozen=True, slots=True, order=True)
class GainedAction:
    """An action that AWS added. It came after `after` ("" where it isn't known) and by `first_seen`, ISO dates both.

    `used` is None where no usage was given; `danger` says what a holder could do with it, "" for most.
    """

    action: Action
    level: AccessLevel
    first_seen: str
    after: str
    used: bool | None
    danger: str


@dataclass(frozen=True, slots=True)
class StarGrowth:
    """One wildcard that gained actions: a pattern of an Allow, or all that a `NotAction` leaves.

    `owner` is the principal of an inline policy, "" for managed policies and those of groups. `holders` are the ARNs of
    the principals that got something by it, `gained` what any of them got; `stopped` counts the actions that it matches
    and that a Deny, a boundary or an SCP keeps from all of them.
    """

    ref: StatementRef
    owner: str
    pattern: ActionPattern
    not_action: bool
    stands_for: int
    gained: tuple[GainedAction, ...]
    stopped: int
    holders: tuple[str, ...]

    @property
    def levels(self) -> Counter[AccessLevel]:
        """How many actions it gained by access level."""
        return Counter(one.level for one in self.gained)

    @property
    def used(self) -> int:
        """How many of them any holder was seen to use."""
        return sum(bool(one.used) for one in self.gained)

    @property
    def weight(self) -> tuple[int, ...]:
        """The number of actions it gained times its holders, from permissions management down to List."""
        levels = self.levels
        return tuple(levels[level] * len(self.holders) for level in WORST_FIRST)


@dataclass(frozen=True, slots=True)
class StarTotals:
    """Sums over all principals, each action of a principal once. `grants` are pairs of principal and action.

    `undated` counts the actions of the wildcards that are as old as the catalog's dates reach, or older.
    """

    principals: int
    wildcards: int
    grants: int
    actions: int
    used: int | None
    levels: Mapping[AccessLevel, int]
    undated: int


@dataclass(frozen=True, slots=True)
class Stars:
    """The actions that the wildcards of all chosen principals gained, the heaviest first.

    `oldest` is how far back first-seen dates reach. `doubtful_until` is the date of the first release after `since`, if
    the one before is older than `since`: actions first seen then may be older than `since`, and `doubtful_after` says
    from when on. "" without any doubt.
    """

    since: date
    catalog_date: str
    catalog_version: str
    oldest: str
    doubtful_after: str
    doubtful_until: str
    principals: int
    totals: StarTotals
    grown: tuple[StarGrowth, ...]
