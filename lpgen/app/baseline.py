"""Saving a baseline: from a review to what is kept of it, principal by principal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import chain
from pathlib import Path

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import load_ground, review_of_ground
from lpgen.core.analysis.reviewer import Batch
from lpgen.core.analysis.verify import documents_of_replacement
from lpgen.core.drift.members import same_policies
from lpgen.core.drift.states import Figures, KeptProposal, Stamp, figures_of_principals, sum_figures
from lpgen.core.findings import Proposal
from lpgen.core.model import Principal
from lpgen.edge.data_folder.baseline_folder import (
    Baseline,
    BaselineFiles,
    ProposalShelf,
    find_baseline,
    open_baseline,
    save_baseline,
)
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import open_snapshot
from lpgen.errors import BaselineError


def save(inputs: AnalysisInputs, name: str, *, saved: datetime, boundary: Path | None = None) -> tuple[Path, Stamp]:
    """Save a review's inputs and proposals under a name, and return the folder and its stamp.

    Raises:
        LpgenError: the name is taken or invalid, or something can't be read or written.
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    data, options, files = inputs.data, inputs.options, inputs.files
    ground = load_ground(inputs)
    review = review_of_ground(ground, inputs)
    diff, waiting = review.report.diff, _Waiting(_newest_baseline(data))
    shelf, figures = ProposalShelf(), list[Figures]()
    for counted, kept, waits in replace(review, batches=waiting.watch(review.batches)).map(_kept_of_proposal):
        figures.append(counted)
        if kept is not None:
            since = waiting.since.get(kept.principal, diff.as_of) if waits else None
            shelf.add(replace(kept, waiting_since=since))
    snapshot = options.snapshot.name if options.snapshot else ""
    total = sum_figures(figures, diff.coverage)
    stamp = Stamp(name, diff.as_of, diff.catalog_version, diff.catalog_date, snapshot, total)
    folder = save_baseline(
        data,
        stamp,
        BaselineFiles(ground.sources, files.trails, files.scps, boundary, files.trail_source),
        usage=read_usage(data),
        known_actions=inputs.catalog.actions(),
        proposals=(shelf[arn] for arn in sorted(shelf)),
        saved=saved,
    )
    return folder, stamp


def _kept_of_proposal(proposal: Proposal) -> tuple[Figures, KeptProposal | None, bool]:
    """The figures of a principal, its proposal, and whether that is safe and not in place."""
    figures = figures_of_principals([proposal.diff])
    documents = documents_of_replacement(proposal.replacement) if proposal.replacement else ()
    if not documents:
        return figures, None, False
    left = proposal.replacement.left if proposal.replacement else ()
    kept = KeptProposal(proposal.diff.principal.arn, documents, None, _dangerous(proposal), left)
    return figures, kept, proposal.safe and not proposal.in_place


def _dangerous(proposal: Proposal) -> int:
    """The number of dangerous grants without seen use that the replacement removes."""
    staying = proposal.diff.left_actions.union(line.action for line in proposal.diff.draft.lines)
    return sum(verdict.action not in staying for verdict in proposal.diff.assessment.verdicts.dangerous_unseen())


# ---------------------------------------------------------------- proposals that wait


class _Waiting:
    """The days since which proposals wait, for principals whose policies haven't changed since an earlier baseline."""

    def __init__(self, earlier: Baseline | None) -> None:
        self.since: dict[str, date] = {}
        self._proposals = earlier.proposals if earlier else {}
        self._snapshot = open_snapshot(earlier.files.policies) if earlier else None
        self._known = frozenset(self._snapshot.arns() if self._snapshot else ())

    def watch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, unchanged. Looks at each principal on the way."""
        for batch in batches:
            for principal in chain.from_iterable(batch.units):
                before = self._proposals.get(principal.arn)
                if before is not None and before.waiting_since and self._is_unchanged(principal):
                    self.since[principal.arn] = before.waiting_since
            yield batch

    def _is_unchanged(self, now: Principal) -> bool:
        if self._snapshot is None or now.arn not in self._known:
            return False
        before = self._snapshot.read(now.arn)
        return before.principal_id == now.principal_id and same_policies(before, now)


def _newest_baseline(data: Path) -> Baseline | None:
    try:
        return open_baseline(find_baseline(data))
    except BaselineError:
        return None
