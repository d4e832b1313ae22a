"""The additions and removals between two catalogs."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import Action


@dataclass(frozen=True, slots=True)
class CatalogChanges:
    """Services and actions that only one of two catalogs holds, sorted."""

    services_added: tuple[str, ...]
    services_removed: tuple[str, ...]
    actions_added: tuple[Action, ...]
    actions_removed: tuple[Action, ...]


def changes_between(before: Catalog, after: Catalog) -> CatalogChanges:
    """The additions in `after` and the removals from `before`. An action spelled in another case is both."""
    return CatalogChanges(
        services_added=tuple(sorted(set(after.prefixes()) - set(before.prefixes()))),
        services_removed=tuple(sorted(set(before.prefixes()) - set(after.prefixes()))),
        actions_added=tuple(sorted(after.actions() - before.actions())),
        actions_removed=tuple(sorted(before.actions() - after.actions())),
    )
