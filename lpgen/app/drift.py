"""The spine of drift: from a baseline and the current state to what changed. Read it top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import (
    BATCH_UNITS,
    Ground,
    current_decisions,
    engine_for_units,
    load_ground,
    refuse_empty_choice,
)
from lpgen.core.analysis.counted_use import UseCounter, use_counter
from lpgen.core.analysis.decisions import decisions_in_force, stamp_of_decisions
from lpgen.core.analysis.grants.principal_grants import GrantsOnDemand, grants_from_principals
from lpgen.core.analysis.grants.trust import own_accounts
from lpgen.core.analysis.observability.signs_in_logs import copied_services_from_usage
from lpgen.core.analysis.prepare import prepare_review
from lpgen.core.analysis.reviewer import Batch, Batches, Reviewer
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.drift.comparison import DriftOptions, DriftParts, StateComparison, accept_findings, comparison_of
from lpgen.core.drift.coverage import region_days_from_usage
from lpgen.core.drift.findings import Drift
from lpgen.core.drift.members import Member
from lpgen.core.drift.proposals import Novelty
from lpgen.core.drift.states import Figures, KeptProposal, Stamp, State, figures_of_principals, knows_scps, sum_figures
from lpgen.core.drift.wildcards import Growth, find_growth
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.folders import folder_of_principal
from lpgen.core.guards import Guards
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.model import Principal, Resource
from lpgen.core.options import Options, is_chosen
from lpgen.core.replacements import Decision
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.event_time import date_from_age, window_from_text
from lpgen.core.usage.foreign_callers import arns_by_id, divide_by_log
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.baseline_folder import Baseline, find_baseline, list_baselines, open_baseline
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.engine import results_of
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.iam_snapshot import open_snapshot, read_snapshot
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.edge.replacement_files import open_replacements, read_replacement

_LOG: Final = logging.getLogger("lpgen")


def drift(inputs: AnalysisInputs, *, since: str = "", choice: DriftOptions, proposed: Sequence[Path] = ()) -> Drift:
    """The changes since a baseline, with accepted changes marked, and the trend of all baselines up to now.

    `proposed` are output folders of `generate`. Their replacements count as proposed too.

    Raises:
        LpgenError: there is no such baseline, or something can't be read.
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    data, catalog, options = inputs.data, inputs.catalog, inputs.options
    baseline = open_baseline(find_baseline(data, since))
    ground = load_ground(inputs)
    reviewer, after = _state_now(ground, catalog, options)
    then = _side_of_baseline(baseline, catalog, options.decisions)
    comparison = comparison_of(then.state, after, catalog, choice, reviewer.ground.judge.finder.peers)
    folders = {
        replacement.principal: replacement.folder
        for folder in proposed
        for replacement in open_replacements(folder)
        if not replacement.is_trust_only
    }
    proposals = _Proposals(baseline.proposals, folders, {outline.arn: outline for outline in ground.outlines})
    units = units_of_review(ground.outlines, "")
    engine = engine_for_units(inputs.engine, len(units), BATCH_UNITS)
    work = _BatchComparison(comparison, reviewer, then.members)
    parts, figures, done = DriftParts(), list[Figures](), 0
    for found, counted in results_of(engine, work, _batches(units, ground, then, proposals, options, catalog)):
        parts.merge(found)
        figures.append(counted)
        done += counted.principals
        _LOG.info("compared %d of %d principals", done, len(ground.outlines))
    novelty = parts.novelty()
    if novelty.resources:
        for new in results_of(engine, _Recall(then.members, tuple(novelty.resources)), then.batches()):
            novelty.keep(new)
    stamp = replace(after.stamp, figures=sum_figures(figures, after.coverage))
    whole = replace(comparison.conclude(parts, novelty), after=stamp)
    whole = accept_findings(whole, options.decisions, as_of=stamp.as_of)
    trend = (*(baseline.stamp for baseline in list_baselines(data) if baseline.stamp.as_of <= stamp.as_of), stamp)
    decisions = stamp_of_decisions(options.decisions_file, decisions_in_force(options.decisions, as_of=stamp.as_of))
    return replace(whole, trend=trend, written=proposals.written, decisions=decisions)


def _state_now(ground: Ground, catalog: Catalog, options: Options) -> tuple[Reviewer, State]:
    """The reviewer of the current principals, and the state that they share, without the figures."""
    options = replace(options, guards=ground.guards)
    coverage = coverage_from_usage(ground.usage, options.trails, options.trail_source)
    reviewer, diff = prepare_review(
        ground.usage,
        coverage,
        ground.outlines,
        catalog,
        options,
        decisions=current_decisions(coverage, options),
        whole=ground.whole,
    )
    snapshot = options.snapshot.name if options.snapshot else ""
    state = State(
        Stamp("now", diff.as_of, diff.catalog_version, diff.catalog_date, snapshot),
        catalog.actions(),
        ground.outlines,
        coverage,
        region_days_from_usage(ground.usage),
        options.trails,
        knows_scps(options.guards, ground.outlines),
        own_accounts(ground.outlines, options.guards, options.snapshot, coverage),
        options.snapshot.organization if options.snapshot else "",
    )
    return reviewer, state


@dataclass(frozen=True, slots=True)
class _Records:
    """Some principals of the earlier state, with all their records."""

    principals: tuple[Principal, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class _Members:
    """Makes members of the earlier state, without proposals, from their records."""

    counter: UseCounter
    catalog: Catalog
    guards: Guards

    def count(self, records: _Records) -> tuple[tuple[PrincipalGrants, ...], dict[str, PrincipalUsage]]:
        """The grants and, by ARN, the usage."""
        grants = grants_from_principals(records.principals, self.catalog, self.guards)
        return grants, self.counter.count(records.usage, grants)


@dataclass(frozen=True, slots=True)
class _EarlierSide:
    """The earlier state. Its principals and usage are read on demand."""

    state: State
    members: _Members
    usage: Usage
    slices: RowSlices
    grants: GrantsOnDemand
    outlines: Mapping[str, Principal]

    def records(self, arns: Collection[str]) -> _Records:
        """The records of some principals, including principals that aren't in the policies."""
        known = (self.outlines[arn] for arn in sorted(arns) if arn in self.outlines)
        return _Records(tuple(map(self.grants.whole, known)), self.slices.rows_of(arns))

    def batches(self) -> Iterator[_Records]:
        """The records of all principals with use."""
        arns = sorted({arn for (arn,) in distinct_rows(self.usage.table, ("principal",))})
        for start in range(0, len(arns), BATCH_UNITS):
            yield self.records(arns[start : start + BATCH_UNITS])


def _side_of_baseline(baseline: Baseline, catalog: Catalog, decisions: Sequence[Decision]) -> _EarlierSide:
    files, stamp = baseline.files, baseline.saved.stamp
    snapshot = open_snapshot(files.policies)
    outlines = snapshot.outlines()
    guards, trails = read_guards(files.boundary, files.scps, None), read_trails(files.trails)
    usage, _ = divide_by_log(baseline.usage(stored=True), arns_by_id(outlines))
    counter = use_counter(usage, outlines, decisions_in_force(decisions, as_of=stamp.as_of), Dangers(catalog))
    coverage = coverage_from_usage(usage, trails, files.trail_source)
    state = State(
        stamp,
        baseline.known_actions,
        outlines,
        coverage,
        region_days_from_usage(usage),
        trails,
        knows_scps(guards, outlines),
        own_accounts(outlines, guards, None, coverage),
    )
    return _EarlierSide(
        state,
        _Members(counter, catalog, guards),
        usage,
        RowSlices(usage),
        GrantsOnDemand(outlines, snapshot.read, catalog, guards),
        {outline.arn: outline for outline in outlines},
    )


# ---------------------------------------------------------------- principal by principal


@dataclass(frozen=True, slots=True)
class _ChangeBatch:
    """Some current principals, their earlier states if they existed, and their proposals in the baseline and since."""

    now: Batch
    then: _Records
    proposals: Mapping[str, tuple[KeptProposal | None, KeptProposal | None]]


def _batches(
    units: Sequence[tuple[Principal, ...]],
    ground: Ground,
    then: _EarlierSide,
    proposals: _Proposals,
    options: Options,
    catalog: Catalog,
) -> Iterator[_ChangeBatch]:
    accessed, _ = last_accessed_by_principal(options.last_accessed, ground.outlines)
    copied = copied_services_from_usage(ground.usage, catalog)
    for now in Batches(units, BATCH_UNITS, ground.slices, copied, accessed, ground.whole):
        arns = [principal.arn for unit in now.units for principal in unit]
        records = then.records([arn for arn in arns if arn in then.outlines])
        yield _ChangeBatch(now, records, {arn: (proposals.then.get(arn), proposals.since(arn)) for arn in arns})


@dataclass(frozen=True, slots=True)
class _BatchComparison:
    """A worker's task for a batch: what changed, and the current figures."""

    comparison: StateComparison
    reviewer: Reviewer
    earlier: _Members

    def __call__(self, batch: _ChangeBatch) -> tuple[DriftParts, Figures]:
        with collector_paused():
            grants = self.reviewer.grants_of(batch.now)
            records = self.reviewer.records_of(batch.now, grants)
            diffs = self.reviewer.compare(batch.now, grants, records)
            now = [
                # Copied calls count only for verdicts.
                Member(grants[arn], replace(records[arn].usage, copied=()), batch.proposals[arn][1], diff.use.ungranted)
                for diff in diffs
                for arn in (diff.principal.arn,)
            ]
            earlier_grants, usages = self.earlier.count(batch.then)
            then = {
                arn: Member(grant, usages.get(arn, PrincipalUsage(arn)), batch.proposals[arn][0])
                for grant in earlier_grants
                for arn in (grant.principal.arn,)
            }
            return self.comparison.compare(then, now), figures_of_principals(diffs)


@dataclass(frozen=True, slots=True)
class _Recall:
    """A worker's task for a batch of the earlier state: which of some resources are new to it."""

    earlier: _Members
    asked: tuple[Resource, ...]

    def __call__(self, records: _Records) -> Novelty:
        with collector_paused():
            novelty = Novelty(self.asked)
            for usage in self.earlier.count(records)[1].values():
                novelty.discard(use.resource for use in usage.uses)
            return novelty


# ---------------------------------------------------------------- proposals


@dataclass(frozen=True, slots=True)
class _Proposals:
    """The proposals of a baseline and the proposals made since, each read on demand.

    `folders` are the principals' folders in the output of `generate`, `outlines` the current principals.
    """

    then: Mapping[str, KeptProposal]
    folders: Mapping[str, Path]
    outlines: Mapping[str, Principal]

    def since(self, principal: str) -> KeptProposal | None:
        """The proposal made since the baseline."""
        if principal not in self.folders:
            return None
        found = read_replacement(self.folders[principal])
        return KeptProposal(principal, found.held, None, 0, found.left)

    def written(self, principal: str) -> tuple[str, tuple[str, ...]] | None:
        """The newest proposal as `generate` writes it: the principal's folder and the texts of the policies."""
        proposal = self.since(principal) or self.then.get(principal)
        if proposal is None or principal not in self.outlines:
            return None
        own = proposal.documents[: len(proposal.documents) - len(proposal.left)]
        return folder_of_principal(self.outlines[principal]), tuple(
            policy_to_json(policy, indent=2) + "\n" for policy in own
        )


# ---------------------------------------------------------------- what wildcards gained


def wildcard_growth(inputs: AnalysisInputs, since: str, *, data: Path | None) -> Growth:
    """The actions that each wildcard of the policies gained since a date, which can be an age of the catalog.

    Without a data folder that has a usage table, use is unknown.

    Raises:
        LpgenError: something can't be read, the date is invalid, or no principal matches.
    """
    catalog, options = inputs.catalog, inputs.options
    window = window_from_text(date_from_age(since, date.fromisoformat(catalog.date)), catalog.date)
    principals = read_snapshot(inputs.policies).principals
    refuse_empty_choice(principals, options.principal)
    grants = grants_from_principals(principals, catalog, options.guards)
    usages = None
    if data is not None and has_ledger(data):
        usage, _ = divide_by_log(read_usage(data), arns_by_id(principals))
        usages = use_counter(usage, principals, (), Dangers(catalog)).count(usage, grants)
    chosen = [grant for grant in grants if is_chosen(grant.principal, options.principal)]
    return find_growth(chosen, usages, catalog, since=date.fromisoformat(window.since[:10]))
