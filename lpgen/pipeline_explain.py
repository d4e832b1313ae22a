"""The spine from one request to its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.explain import explain as explain_question
from lpgen.core.analysis.explain_use import seen_uses
from lpgen.core.analysis.question import Asked, read_question
from lpgen.core.explanations import Explanation
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.edge.iam_snapshot import read_snapshot
from lpgen.edge.usage_files import read_usage


def explain(
    asked: Asked, policies: Sequence[Path], catalog: Catalog, *, data: Path | None = None, guards: Guards = NO_GUARDS
) -> Explanation:
    """Which hole in which wall lets one request through, or what stops it, and what a data folder shows of its use.

    Raises:
        LpgenError: something can't be read, or the question can't be understood.
    """
    principals = read_snapshot(policies).principals
    question = read_question(asked, principals, catalog)
    seen = None if data is None else seen_uses(question, read_usage(data), principals, catalog)
    return explain_question(question, guards.with_trust(principals), catalog, seen=seen)
