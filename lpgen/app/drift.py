"""The spine of comparisons over time: wildcard growth, baselines and drift. Read it top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from lpgen.app.review import decisions_on_ground, load_ground, refuse_empty_choice
from lpgen.core.analysis.caveats.decisions import decisions_in_force
from lpgen.core.analysis.counted_use import counted_usages
from lpgen.core.analysis.diff import diff_usage
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.stars import DEFAULT_SINCE, grow_stars, since_from_text
from lpgen.core.analysis.verify import documents_of_replacement
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.drift.between import DriftOptions, accept_findings, drift_between
from lpgen.core.drift.figures import figures_from_diff, region_days_from_usage
from lpgen.core.drift.findings import Drift
from lpgen.core.drift.policies import same_policies
from lpgen.core.drift.states import KeptProposal, Stamp, State
from lpgen.core.findings import Proposal, Report
from lpgen.core.folders import folder_of_principal
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.model import Principal
from lpgen.core.options import Options
from lpgen.core.replacements import Decision
from lpgen.core.stars import Stars
from lpgen.core.usage.foreign_callers import arns_by_id, name_foreign_callers
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.data_folder.baseline_folder import (
    Baseline,
    BaselineFiles,
    find_baseline,
    list_baselines,
    open_baseline,
    save_baseline,
)
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.edge.replacement_files import read_replacements
from lpgen.errors import BaselineError

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
        usages = counted_usages(name_foreign_callers(read_usage(data), arns_by_id(principals)), grants, ())
    return grow_stars(grants, usages, catalog, since=day, principal=principal)


# ---------------------------------------------------------------- a state to its baseline


def save(
    report: Report, data: Path, files: BaselineFiles, catalog: Catalog, *, name: str, saved: datetime
) -> tuple[Path, Stamp]:
    """Freeze a report's inputs and proposals under a name, and return the folder and its stamp.

    Raises:
        LpgenError: the name is taken or none, or something can't be read or written.
    """
    snapshot = report.snapshot.name if report.snapshot else ""
    diff = report.diff
    stamp = Stamp(name, diff.as_of, diff.catalog_version, diff.catalog_date, snapshot, figures_from_diff(diff))
    folder = save_baseline(
        data,
        stamp,
        _found_files(files),
        usage=read_usage(data),
        known_actions=catalog.actions(),
        proposals=tuple(_kept_proposals(report, _newest_baseline(data))),
        saved=saved,
    )
    return folder, stamp


def _found_files(files: BaselineFiles) -> BaselineFiles:
    """The files with folders of policies as the files in them that hold any."""
    sources = read_snapshot(files.policies).sources
    return BaselineFiles(
        tuple(map(Path, sources)), files.trails, files.scps, files.boundary, trail_source=files.trail_source
    )


def _newest_baseline(data: Path) -> Baseline | None:
    try:
        return open_baseline(find_baseline(data))
    except BaselineError:
        return None


def _kept_proposals(report: Report, earlier: Baseline | None) -> Iterator[KeptProposal]:
    known = {one.arn: one for one in read_snapshot(earlier.files.policies).principals} if earlier else {}
    for proposal in report.proposals:
        principal = proposal.diff.principal
        documents = documents_of_replacement(proposal.replacement) if proposal.replacement else ()
        if not documents:
            continue
        left = proposal.replacement.left if proposal.replacement else ()
        before = earlier.proposals.get(principal.arn) if earlier else None
        if not proposal.safe or proposal.in_place:
            waiting = None
        elif before is not None and before.waiting_since and _unchanged(known.get(principal.arn), principal):
            waiting = before.waiting_since
        else:
            waiting = report.diff.as_of
        yield KeptProposal(principal.arn, documents, waiting, _dangerous(proposal), left)


def _unchanged(before: Principal | None, now: Principal) -> bool:
    return before is not None and before.principal_id == now.principal_id and same_policies(before, now)


def _dangerous(proposal: Proposal) -> int:
    """How many dangerous grants without seen use the replacement removes."""
    staying = proposal.diff.left_actions.union(line.action for line in proposal.diff.lines)
    return sum(one.action not in staying for one in proposal.diff.verdicts.dangerous_unseen())


# ---------------------------------------------------------------- a baseline and now to the drift


def drift(
    data: Path,
    policies: Sequence[Path],
    catalog: Catalog,
    *,
    since: str = "",
    options: Options,
    choice: DriftOptions,
    proposed: Sequence[Path] = (),
) -> Drift:
    """The changes since a baseline, with those that people accepted marked, and the trend of all baselines up to now.

    `proposed` are output folders of `generate`: the replacements in them count as proposed too.

    Raises:
        LpgenError: there is no such baseline, or something can't be read.
    """
    baseline = open_baseline(find_baseline(data, since))
    now = replace(_state_now(data, policies, catalog, options), proposals=_proposals_of_folders(proposed))
    before = _state_of_baseline(baseline, catalog, options.decisions)
    found = accept_findings(drift_between(before, now, catalog, choice), options.decisions, as_of=now.stamp.as_of)
    trend = (*(one.stamp for one in list_baselines(data) if one.stamp.as_of <= now.stamp.as_of), now.stamp)
    return replace(found, trend=trend, written=dict(_written_policies(before, now)))


def _written_policies(before: State, now: State) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """The proposed policies as `generate` writes them: each principal's folder and texts; later proposals count."""
    proposals = {**before.proposals, **now.proposals}
    for principal in (one.principal for one in now.grants):
        proposal = proposals.get(principal.arn)
        if proposal is not None:
            own = proposal.documents[: len(proposal.documents) - len(proposal.left)]
            texts = tuple(policy_to_json(one, indent=2) + "\n" for one in own)
            yield principal.arn, (folder_of_principal(principal), texts)


def _state_now(data: Path, policies: Sequence[Path], catalog: Catalog, options: Options) -> State:
    ground = load_ground(data, policies, catalog, options.guards)
    grants = tuple(ground.grants)
    usages = counted_usages(ground.usage, grants, decisions_on_ground(ground, options))
    guarded = replace(options, guards=ground.guards)
    diff = diff_usage(ground.usage, grants, catalog, guarded, usages=usages)
    snapshot = options.snapshot.name if options.snapshot else ""
    return State(
        Stamp("now", diff.as_of, diff.catalog_version, diff.catalog_date, snapshot, figures_from_diff(diff)),
        catalog.actions(),
        grants,
        usages,
        diff.coverage,
        region_days_from_usage(ground.usage),
        options.trails,
        {},
        {one.principal.arn: one.ungranted for one in diff.principals},
    )


def _proposals_of_folders(folders: Sequence[Path]) -> dict[str, KeptProposal]:
    """The proposals in output folders of `generate`; for a principal in several, the last counts."""
    return {
        one.principal: KeptProposal(one.principal, one.held, None, 0, one.left)
        for folder in folders
        for one in read_replacements(folder)
    }


def _state_of_baseline(baseline: Baseline, catalog: Catalog, decisions: Sequence[Decision]) -> State:
    files, stamp = baseline.files, baseline.saved.stamp
    principals = read_snapshot(files.policies).principals
    usage = name_foreign_callers(baseline.usage(), arns_by_id(principals))
    grants = grants_from_principals(principals, catalog, read_guards(files.boundary, files.scps, None))
    trails = read_trails(files.trails)
    return State(
        stamp,
        baseline.known_actions,
        grants,
        counted_usages(usage, grants, decisions_in_force(decisions, as_of=stamp.as_of)),
        coverage_from_usage(usage, trails, files.trail_source),
        region_days_from_usage(usage),
        trails,
        baseline.proposals,
    )
