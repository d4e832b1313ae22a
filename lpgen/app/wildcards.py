"""What wildcards gained: from policies and a catalog to the growth of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lpgen.app.review import refuse_empty_choice
from lpgen.core.analysis.counted_use import counted_usages
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.stars import DEFAULT_SINCE, grow_stars, since_from_text
from lpgen.core.analysis.verdicts.danger import Dangers
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.stars import Stars
from lpgen.core.usage.foreign_callers import arns_by_id, divide_by_log
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot


def stars(
    policies: Sequence[Path],
    catalog: Catalog,
    *,
    data: Path | None = None,
    since: str = DEFAULT_SINCE,
    principal: str = "",
    guards: Guards = NO_GUARDS,
) -> Stars:
    """The actions that each wildcard of the policies gained since a day; without a usage table in `data` use is
    unknown.

    Raises:
        LpgenError: something can't be read, there is no such day, or no such principal.
    """
    day = since_from_text(since, catalog.date)
    principals = read_snapshot(policies).principals
    refuse_empty_choice(principals, principal)
    grants = grants_from_principals(principals, catalog, guards)
    usages = None
    if data is not None and has_ledger(data):
        usage, _ = divide_by_log(read_usage(data), arns_by_id(principals))
        usages = counted_usages(usage, grants, (), Dangers(catalog))
    return grow_stars(grants, usages, catalog, since=day, principal=principal)
