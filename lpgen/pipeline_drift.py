"""The spine of what is watched over time: star inheritance, baselines and drift. Read it top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.diff import counted_usages
from lpgen.core.analysis.grants import grants_from_principals
from lpgen.core.analysis.stars import DEFAULT_SINCE, grow_stars, since_from_text
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.options import is_chosen
from lpgen.core.stars import Stars
from lpgen.edge.iam_snapshot import read_snapshot
from lpgen.edge.ledger import has_ledger
from lpgen.edge.usage_files import read_usage
from lpgen.errors import InvocationError, quote_input

# ---------------------------------------------------------------- what wildcards gained


def stars(
    policies: Sequence[Path],
    catalog: Catalog,
    *,
    data: Path | None = None,
    since: str = DEFAULT_SINCE,
    principal: str = "",
    guards: Guards = NO_GUARDS,
) -> Stars:
    """What each wildcard of the policies gained since a day; without a usage table in `data` nothing is known of use.

    Raises:
        LpgenError: something can't be read, there is no such day, or no such principal.
    """
    day = since_from_text(since, catalog.date)
    principals = read_snapshot(policies).principals
    if not any(is_chosen(one, principal) for one in principals):
        sought = f"matches {quote_input(principal)}" if principal else "is there"
        raise InvocationError(f"no principal of the policies {sought}", hint="use an ARN, a name, or a glob")
    grants = grants_from_principals(principals, catalog, guards)
    usages = counted_usages(read_usage(data), grants, ()) if data is not None and has_ledger(data) else None
    return grow_stars(grants, usages, catalog, since=day, principal=principal)
