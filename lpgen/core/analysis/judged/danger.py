"""What a holder of an action could do to rights, logs and data: the grants to look at first."""

from __future__ import annotations

import msgspec

from lpgen.core.actions.catalog import Catalog
from lpgen.core.actions.catalog_table import read_catalog_table
from lpgen.core.model import AccessLevel, Action


class _Table(msgspec.Struct, frozen=True):
    source: str
    actions: dict[str, str]


class Dangers:
    """Says of an action what makes it dangerous."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._sentences = read_catalog_table(catalog.source, "dangerous", _Table).actions
        self._places = {action: place for place, action in enumerate(self._sentences)}

    def rank(self, action: Action) -> int:
        """Where the action stands among all, the worst first: those with a line of their own in the order of the table,
        then other dangerous ones, then the rest."""
        known = len(self._places)
        return self._places.get(action, known if self.sentence(action) else known + 1)

    def sentence(self, action: Action) -> str:
        """What a holder could do with the action, or "" where it is not dangerous by itself.

        Actions of the level Permissions management are dangerous without a line of their own.
        """
        known = self._sentences.get(action)
        if known is None:
            manages = self._catalog.detail(action).level is AccessLevel.PERMISSIONS_MANAGEMENT
            known = self._sentences[action] = "changes who may do what" if manages else ""
        return known
