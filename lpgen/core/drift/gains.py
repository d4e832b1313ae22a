"""How bad it is to have got some actions, and how to say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import Severity
from lpgen.core.model import AccessLevel, Action
from lpgen.core.registry.drift import DriftKind

WORST_FIRST: Final = (
    AccessLevel.PERMISSIONS_MANAGEMENT,
    AccessLevel.WRITE,
    AccessLevel.TAGGING,
    AccessLevel.READ,
    AccessLevel.LIST,
)
"""The access levels by what harm an action of each can do."""

_MOST_DETAILS: Final = 10
_READING: Final = frozenset({AccessLevel.READ, AccessLevel.LIST})


def count_levels(levels: Mapping[AccessLevel, int]) -> str:
    """How many actions of each access level, the worst first: `1 Permissions management, 2 Read`."""
    return ", ".join(f"{levels[level]:,} {level}" for level in WORST_FIRST if levels.get(level))


class Gains:
    """Judges sets of actions by the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.dangers = Dangers(catalog)

    def severity(self, actions: Iterable[Action], kind: DriftKind) -> Severity:
        """That of the worst action, in a finding of the kind."""
        found = tuple(actions)
        dangerous, changing, reading = kind.row.by_gain
        if any(self.dangers.sentence(one) for one in found):
            return dangerous
        return changing if any(self._catalog.detail(one).level not in _READING for one in found) else reading

    def dangerous(self, actions: Iterable[Action]) -> tuple[Action, ...]:
        """The dangerous ones, sorted."""
        return tuple(sorted(one for one in actions if self.dangers.sentence(one)))

    def counted(self, actions: Iterable[Action]) -> str:
        """How many, and of which levels: `3 actions (1 Permissions management, 2 Read)`."""
        levels = Counter(self._catalog.detail(one).level for one in actions)
        total = levels.total()
        return f"{total:,} {'action' if total == 1 else 'actions'}" + (f" ({count_levels(levels)})" if total else "")

    def details(self, actions: Iterable[Action], verb: str) -> tuple[str, ...]:
        """A line for each action, the most dangerous first with what a holder could do, and how many more there are."""
        ordered = sorted(actions, key=lambda one: (self.dangers.rank(one), self._rank(one), one))
        shown = ordered if len(ordered) <= _MOST_DETAILS + 1 else ordered[:_MOST_DETAILS]
        lines = [f"{verb} {one}{self._why(one)}" for one in shown]
        if len(shown) < len(ordered):
            lines.append(f"and {len(ordered) - len(shown):,} more")
        return tuple(lines)

    def _rank(self, action: Action) -> int:
        return WORST_FIRST.index(self._catalog.detail(action).level)

    def _why(self, action: Action) -> str:
        sentence = self.dangers.sentence(action)
        return f": {sentence}" if sentence else ""
