"""What calls show of the existence of the resources that they name, and who made a resource.

A caller can make up a name, and some calls succeed all the same: deletes of what isn't there, reads of lists of names
that leave out what is missing, and creates of what is there already. `lenient_calls.json` lists them with AWS's pages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from lpgen.core.analysis.scopes.creations import is_creation_of, may_create
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.evidence import PrincipalUsage
from lpgen.core.model import Action, Outcome
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.tables import Usage


class _Call(msgspec.Struct, frozen=True):
    page: str
    why: str
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LenientCalls:
    """The actions whose calls succeed whether or not what they name exists. `creates` have the Regions in which they
    succeed for what exists already, none for all."""

    of_anything: frozenset[str]
    creates: Mapping[str, tuple[str, ...]]


def lenient_calls(source: CatalogSource) -> LenientCalls:
    """The lenient calls of a catalog."""
    table = read_catalog_table(source, "lenient_calls", dict[str, dict[str, _Call]])
    creates = table.pop("idempotent_creates")
    of_anything = frozenset[str]().union(*table.values())
    return LenientCalls(of_anything, {action: call.regions for action, call in creates.items()})


Makers = Mapping[str, str]
"""By resource the principal that named it first with success, for resources that some call may have created."""

_COLUMNS: Final = ("principal", "resource", "outcome", "error_code", "first_seen")


def makers_from_usage(usage: Usage) -> Makers:
    """Who named each resource first, of those that a call may have created."""
    rows = distinct_rows(usage.table, ("action", "resource"))
    created = {resource for action, resource in rows if may_create(Action(action), resource)}
    first: dict[str, tuple[datetime, str]] = {}
    for principal, resource, outcome, error, moment in table_rows(usage.table, _COLUMNS) if created else ():
        if resource in created and outcome == Outcome.ALLOWED and not error and moment is not None:
            seen = moment, principal
            first[resource] = min(seen, first.get(resource, seen))
    return {resource: principal for resource, (_, principal) in first.items()}


def made_resources(usage: PrincipalUsage, makers: Makers, creates: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The resources that a principal certainly made: its call succeeded and would have failed for what exists, and
    nobody named them earlier."""
    return frozenset(
        use.resource.text
        for use in usage.uses
        if is_creation_of(use) and makers.get(use.resource.text) == usage.principal
        if use.action not in creates or (creates[use.action] and not set(creates[use.action]).intersection(use.regions))
    )
