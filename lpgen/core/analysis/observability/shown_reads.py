"""Reads that according to AWS leave no record, though this log holds records of them: absence from it is evidence.

AWS adds to the recorded calls of a service before its pages say so. Only the log knows.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-document-history.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.visibility import visibility_from_catalog
from lpgen.core.model import OBSERVED, READ_LEVELS, Action, Category, Visibility
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.tables import Usage

ShownReads = Mapping[str, Mapping[Action, date]]
"""The first day on which the log of an account holds a record of each such action."""

NO_SHOWN_READS: Final[ShownReads] = {}


def shown_reads_from_usage(usage: Usage, catalog: Catalog) -> ShownReads:
    """The reads that leave no record according to AWS and that the logs hold records of, by account.

    Writes may be made by another protocol too, which leaves none: mail, for example, is also sent over SMTP.
    """
    table, found = visibility_from_catalog(catalog), defaultdict[str, dict[Action, date]](dict)
    actions = filter(None, (catalog.canonical(name) for (name,) in distinct_rows(usage.table, ("action",))))
    reads = {action for action in actions if catalog.detail(action).level in READ_LEVELS}
    never = {action for action in reads if table.visibility(action).visibility is Visibility.NEVER}
    names = ("recipient_account", "action", "how", "category", "day")
    for account, name, how, category, day in distinct_rows(usage.table, names) if never else ():
        if name in never and how == OBSERVED and category == Category.MANAGEMENT and day is not None:
            found[account][Action(name)] = min(day, found[account].get(Action(name), day))
    return dict(found)
