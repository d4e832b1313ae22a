"""The harm that an action can do to permissions, logs and data. It shows which grants and uses to check first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.model import AccessLevel, Action


class SuspectWhen(StrEnum):
    """When use of a kind can be suspicious. Some kinds also occur in ordinary work."""

    ALWAYS = "always"
    FEW_OF_ITS_DAYS = "on few of its days"
    AFTER_DENIALS = "after denials"


class _DangerKind(msgspec.Struct, frozen=True):
    """A kind of harm: its effect, its actions with their AWS pages, and an access level whose other actions count too.

    `spares_made` excludes resources that the principal created itself. `spares_itself` excludes changes to the
    principal itself: a user who rotates their own key gains nothing.
    """

    does: str
    actions: dict[str, str]
    counts: SuspectWhen = SuspectWhen.ALWAYS
    spares_made: bool = False
    spares_itself: bool = False
    level: str = ""
    source: str = ""


class _DangerTable(msgspec.Struct, frozen=True):
    source: str
    actions: dict[str, str]
    families: tuple[tuple[str, ...], ...]
    kinds: dict[str, _DangerKind]


Habit = tuple[str, str]
"""A kind of harm, and the service whose actions cause it."""


OF_APPLICATIONS: Final = frozenset({"kms", "logs", "sts"})
"""The services whose write management events are ordinary work of applications."""

_CHANGES_PERMISSIONS: Final = "changes permissions"
_FEW_DAYS: Final = 2
_WEEK: Final = timedelta(7)


def is_regular(days: Collection[date]) -> bool:
    """Whether use on these days is regular: on more than two days, and not within one week."""
    return len(days) > _FEW_DAYS and max(days) - min(days) >= _WEEK


class Dangers:
    """Describes why actions are dangerous."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        table = read_catalog_table(catalog.source, "dangerous", _DangerTable)
        self._sentences = table.actions
        self.kinds = table.kinds
        self._kinds = {action: name for name, kind in table.kinds.items() for action in kind.actions}
        self._kinds_of_levels = {kind.level: name for name, kind in table.kinds.items() if kind.level}
        self._families = {service: family[0] for family in table.families for service in family}
        self._places = {action: place for place, action in enumerate(self._sentences)}

    def rank(self, action: Action) -> int:
        """The action's rank, the worst first: actions with their own line, in the table's order, then other dangerous
        actions, then the rest."""
        known = len(self._places)
        return self._places.get(action, known if self.sentence(action) else known + 1)

    def sentence(self, action: Action) -> str:
        """The harm that the action can do, or "" if it isn't dangerous by itself.

        All actions with the level Permissions management are dangerous, even without their own line.
        """
        known = self._sentences.get(action)
        if known is None:
            manages = self.catalog.detail(action).level is AccessLevel.PERMISSIONS_MANAGEMENT
            known = self._sentences[action] = _CHANGES_PERMISSIONS if manages else ""
        return known

    def family(self, service: str) -> str:
        """The first of the services that belong together with this one, or the service itself."""
        return self._families.get(service, service)

    def habit(self, action: Action) -> Habit | None:
        """The kind of harm that an intruder can do with the action, and the action's service, or None."""
        kind = self._kinds.get(action)
        if kind is None:
            level = self.catalog.detail(action).level if self.catalog.canonical(action) else ""
            kind = self._kinds[action] = self._kinds_of_levels.get(level, "")
        return (kind, action.partition(":")[0]) if kind else None

    def harm(self, action: Action) -> str:
        """The effect of its use: its own sentence, or that of its kind, or ""."""
        habit = self.habit(action)
        return self.sentence(action) or (self.kinds[habit[0]].does if habit else "")

    def is_worst(self, action: Action) -> bool:
        """Whether it has its own line, or is of a kind that is always suspicious."""
        return self._counts(action) is SuspectWhen.ALWAYS or bool(self.sentence(action))

    def is_dangerous(self, action: Action) -> bool:
        """Whether its use is dangerous regardless of what came before."""
        return self._counts(action) in (SuspectWhen.ALWAYS, SuspectWhen.FEW_OF_ITS_DAYS) or bool(self.sentence(action))

    def _counts(self, action: Action) -> SuspectWhen | None:
        habit = self.habit(action)
        return self.kinds[habit[0]].counts if habit else None
