"""The spine from one request to its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lpgen.core.analysis.explain.explanation import explain as explain_question
from lpgen.core.analysis.explain.question import Asked, read_question
from lpgen.core.analysis.explain.use import seen_uses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.explanations import Explanation
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.usage.foreign_callers import arns_by_id, name_foreign_callers
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.snapshot_folder import find_snapshot
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot


def explain(
    asked: Asked, policies: Sequence[Path], catalog: Catalog, *, data: Path | None = None, guards: Guards = NO_GUARDS
) -> Explanation:
    """Which hole in which wall lets one request through, or what stops it, and what a data folder shows of its use.

    A folder that holds only snapshots shows nothing about use, as if there were none.

    Raises:
        LpgenError: something can't be read, or the question can't be understood.
    """
    principals = read_snapshot(policies).principals
    question = read_question(asked, principals, catalog)
    has_logs = data is not None and (has_ledger(data) or find_snapshot(data) is None)
    seen = None
    if data is not None and has_logs:
        usage = name_foreign_callers(read_usage(data), arns_by_id(principals))
        seen = seen_uses(question, usage, principals, catalog)
    return explain_question(question, guards.with_trust(principals), catalog, seen=seen)
