"""From a question to its explanation, or to the explanations of several principals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lpgen.core.analysis.explain.answers import who_can
from lpgen.core.analysis.explain.explanation import explain as explain_question
from lpgen.core.analysis.explain.question import WrittenQuestion, read_questions
from lpgen.core.analysis.explain.use import seen_uses
from lpgen.core.analysis.grants.trust import outside_trust, own_accounts
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.explanations import Explanation, WhoCan
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.snapshots import SnapshotStamp
from lpgen.core.usage.foreign_callers import arns_by_id, name_foreign_callers
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.snapshot_folder import find_snapshot
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot


def explain(
    asked: WrittenQuestion,
    policies: Sequence[Path],
    catalog: Catalog,
    *,
    data: Path | None = None,
    guards: Guards = NO_GUARDS,
    snapshot: SnapshotStamp | None = None,
) -> Explanation | WhoCan:
    """What lets one request through or what stops it, and what a data folder shows about its use.

    For a glob that matches several principals, who can make the request. A folder with only snapshots shows nothing
    about use, as if there were no folder. `snapshot` is the snapshot that policies and guards come from, if any.

    Raises:
        LpgenError: something can't be read, or the question can't be understood.
    """
    principals = read_snapshot(policies).principals
    questions = read_questions(asked, principals, catalog)
    seen = None
    if data is not None and (has_ledger(data) or find_snapshot(data) is None):
        usage = name_foreign_callers(read_usage(data), arns_by_id(principals))
        seen = seen_uses(questions, usage, principals, catalog)
    trusting = guards.with_trust(principals)
    found = [explain_question(question, trusting, catalog, seen=next(seen) if seen else None) for question in questions]
    if len(found) == 1:
        return found[0]
    own, organization = own_accounts(principals, guards, snapshot), snapshot.organization if snapshot else ""
    return who_can(
        asked.principal, found, outside_trust((question.principal for question in questions), own, organization)
    )
