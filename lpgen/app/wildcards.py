"""What wildcards gained: from policies and a catalog to the growth of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lpgen.app.review import refuse_empty_choice
from lpgen.core.analysis.counted_use import counted_usages
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.drift.growth import Growth, find_growth
from lpgen.core.guards import Guards
from lpgen.core.options import is_chosen
from lpgen.core.usage.event_time import date_from_age, window_from_text
from lpgen.core.usage.foreign_callers import arns_by_id, divide_by_log
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot


def wildcard_growth(
    policies: Sequence[Path], catalog: Catalog, guards: Guards, *, data: Path | None, since: str, principal: str
) -> Growth:
    """The actions that each wildcard of the policies gained since a day, which is a date or an age of the catalog;
    without a usage table in `data` use is unknown.

    Raises:
        LpgenError: something can't be read, there is no such day, or no such principal.
    """
    window = window_from_text(date_from_age(since, date.fromisoformat(catalog.date)), catalog.date)
    principals = read_snapshot(policies).principals
    refuse_empty_choice(principals, principal)
    grants = grants_from_principals(principals, catalog, guards)
    usages = None
    if data is not None and has_ledger(data):
        usage, _ = divide_by_log(read_usage(data), arns_by_id(principals))
        usages = counted_usages(usage, grants, (), Dangers(catalog))
    chosen = [holder for holder in grants if is_chosen(holder.principal, principal)]
    return find_growth(chosen, usages, catalog, since=date.fromisoformat(window.since[:10]))
