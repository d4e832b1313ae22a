"""One service of the catalog with its indexes: actions by name, and its resource types ready to match."""

from __future__ import annotations

from functools import cached_property

from lpgen.core.catalog.arn_formats import (
    ANY_ARN,
    ArnFormat,
    FormatSet,
    FurtherFormats,
    formats_of_service,
    glob_of_resource,
)
from lpgen.core.catalog.rows import ActionRow, ServiceRow, names_from_json, service_from_json
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Action


class CatalogService:
    """A service, read on demand: naming its actions reads nothing else of them."""

    def __init__(self, prefix: str, text: bytes, further: FurtherFormats) -> None:
        self._prefix = prefix
        self._text = text
        self._further = further
        self._sets: dict[tuple[str, ...], FormatSet] = {}

    @cached_property
    def rows(self) -> dict[Action, ActionRow]:
        """Each action's row."""
        return {Action(f"{self._prefix}:{row.name}"): row for row in self._row.actions}

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """All actions, sorted."""
        names = names_from_json(self._text, prefix=self._prefix)
        return tuple(sorted(Action(f"{self._prefix}:{name}") for name in names))

    @cached_property
    def by_lower(self) -> dict[str, Action]:
        """Each action by its name in lower case, sorted."""
        return {action.lower(): action for action in self.actions}

    def arn_formats(self, resource_type: str) -> tuple[str, ...]:
        """The ARN formats of a resource type as the source states them; empty for an unknown type."""
        return self._documented.get(resource_type, ())

    def conditions_of_type(self, resource_type: str) -> tuple[str, ...]:
        """The condition keys of a resource type as the source states them; empty for an unknown type."""
        return next((row.conditions for row in self._row.resources if row.type == resource_type), ())

    def can_name(self, row: ActionRow, resource: str) -> bool:
        """Whether an ARN or glob can name a resource of one of the action's types."""
        types = tuple(use.type for use in row.resources)
        return bool(types) and self._format_set(types).can_name(resource)

    def can_name_type(self, resource_type: str, resource: str) -> bool:
        """Whether an ARN or glob can name a resource of a type."""
        return self._format_set((resource_type,)).can_name(resource)

    def can_make(self, action: Action, resource: str) -> bool:
        """Whether an ARN or glob can name what an action's name says it makes: `CreateCluster` makes a `cluster`."""
        made = action.partition(":Create")[2].lower()
        types = tuple(row.type for row in self._row.resources if "".join(filter(str.isalnum, row.type)).lower() == made)
        return bool(types) and self._format_set(types).can_name(resource)

    def best_type(self, row: ActionRow, arn: str) -> str:
        """The action's resource type whose most literal format an ARN fits, or "".

        A glob is taken by its letters first, then as a glob; one that says nothing fits no type.
        """
        types = {use.type for use in row.resources}
        ranked = [(name, form) for name, form in self._by_literals if name in types]
        exact = next((name for name, form in ranked if form.fits(arn)), "")
        glob = glob_of_resource(arn)
        if exact or not has_wildcard(glob) or not glob.strip("*"):
            return exact
        return next((name for name, form in ranked if form.intersects(glob)), "")

    # ------------------------------------------------------------ internals

    @cached_property
    def _row(self) -> ServiceRow:
        return service_from_json(self._text, prefix=self._prefix)

    @cached_property
    def _documented(self) -> dict[str, tuple[str, ...]]:
        return {row.type: row.arns for row in self._row.resources}

    @cached_property
    def _formats(self) -> dict[str, tuple[ArnFormat, ...]]:
        """The compiled formats of each type, with those that AWS documents elsewhere."""
        by_type = {name: (*arns, *self._further.types.get(name, ())) for name, arns in self._documented.items()}
        compiled = formats_of_service(arn for arns in by_type.values() for arn in arns)
        return {name: tuple(compiled[arn] for arn in arns) for name, arns in by_type.items()}

    @cached_property
    def _by_literals(self) -> tuple[tuple[str, ArnFormat], ...]:
        """Types with their formats, the most literal first; of equal ones by name."""
        pairs = [(name, form) for name, forms in self._formats.items() for form in forms]
        return tuple(sorted(pairs, key=lambda pair: (-pair[1].literals, pair[0])))

    def _format_set(self, types: tuple[str, ...]) -> FormatSet:
        found = self._sets.get(types)
        if found is None:
            forms = [form for name in types for form in self._formats.get(name) or (ANY_ARN,)]
            every = formats_of_service(self._further.every).values()
            found = self._sets[types] = FormatSet([*forms, *every])
        return found
