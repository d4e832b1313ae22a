"""Principals whose few days at work don't show what they need: people, and roles that change how things are set up.

What a workload does once it does again. A person does something else each time, and so does a deployment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from lpgen.core.analysis.caveats.caveats import grants_everything
from lpgen.core.analysis.grants.trust import is_assumed_by_people
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import OF_APPLICATIONS
from lpgen.core.cloudtrail.visibility import VisibilityTable
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import OBSERVED, READ_LEVELS, Action, Outcome, Principal, PrincipalKind, Visibility
from lpgen.core.registry.caveats import Caveat, CaveatKind

_ENOUGH_DAYS: Final = 5
"""So many days at work show what a person or a deployment role needs."""

_EMERGENCY_DAYS: Final = 2
"""The most days at work of a principal that is there for emergencies, or at its first steps."""

_LEAST_GAP: Final = 7
_UNEVEN: Final = 4
"""How many days the gaps of a clock may differ, since months and weekends do."""

_CHANGES: Final = (
    *("Add", "Associate", "Attach", "Authorize", "Change", "Create", "Delete", "Deregister", "Detach", "Disable"),
    *("Disassociate", "Enable", "Modify", "Publish", "Put", "Register", "Remove", "Replace", "Restore", "Revoke"),
    *("Set", "Tag", "Untag", "Update"),
)
"""The verbs of operations that change how something is set up. Others, such as `Start`, set it to work."""


def days_at_work(usages: Iterable[PrincipalUsage]) -> frozenset[date]:
    """The days on which any of these did or attempted something."""
    uses = (use for usage in usages for use in usage.uses if use.outcome is not Outcome.DENIED)
    return frozenset(day for use in uses for day in use.on)


def few_days_caveats(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    days: Collection[date],
    *,
    is_scheduled: bool,
    table: VisibilityTable,
    catalog: Catalog,
    min_days: int,
) -> Iterator[Caveat]:
    """A caveat for a principal that was at work on too few `days`, those of all roles of its permission set.

    Rights to nearly everything may be for emergencies, which no other day shows; a job that runs so rarely rarely has
    them. What a clock sets to work does the same each time.
    """
    if not usage.days or len(days) >= min(_ENOUGH_DAYS, min_days):
        return
    what = ""
    if len(days) <= _EMERGENCY_DAYS and any(map(grants_everything, grants.allows)):
        what = "everything"
    elif not is_scheduled and not _is_by_clock(days):
        if is_used_by_people(grants.principal):
            what = "people"
        elif _is_of_control_plane(usage, table, catalog):
            what = "control-plane"
    if what:
        yield Caveat.of(CaveatKind.UNPREDICTABLE, case="seldom-used", days=len(days), what=what)


def _is_by_clock(days: Iterable[date]) -> bool:
    """Whether the days are as far apart as those of a monthly or quarterly job."""
    gaps = [(later - earlier).days for earlier, later in pairwise(sorted(days))]
    return len(gaps) > 1 and min(gaps) >= _LEAST_GAP and max(gaps) - min(gaps) <= _UNEVEN


def is_used_by_people(principal: Principal) -> bool:
    """Whether people work as a principal: a user, a role of IAM Identity Center, or one that people may assume."""
    is_theirs = principal.kind is PrincipalKind.USER or is_of_permission_set(principal)
    return is_theirs or is_assumed_by_people(principal)


def _is_of_control_plane(usage: PrincipalUsage, table: VisibilityTable, catalog: Catalog) -> bool:
    """Whether at least half of the actions that a principal used change how something is set up."""
    actions = {use.action for use in usage.uses if use.outcome is Outcome.ALLOWED and use.how == OBSERVED}
    changes = sum(_changes_set_up(action, table, catalog) for action in actions)
    return changes > 0 and changes * 2 >= len(actions)


def _changes_set_up(action: Action, table: VisibilityTable, catalog: Catalog) -> bool:
    service, _, name = action.partition(":")
    is_write = catalog.detail(action).level not in READ_LEVELS and name.startswith(_CHANGES)
    is_managed = table.visibility(action).visibility is Visibility.MANAGEMENT
    return is_write and is_managed and service not in OF_APPLICATIONS
