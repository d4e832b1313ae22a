"""The spine from usage and policies to replacements and their proof. Read it top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Generic

from lpgen.app.inputs import IN_THIS_PROCESS, AnalysisInputs
from lpgen.app.savings import Noted, Notes, NoteTaker, account_names
from lpgen.core.analysis.backtest.backtest import forecaster_of_review
from lpgen.core.analysis.decisions import decisions_in_force, stamp_of_decisions, with_acceptance
from lpgen.core.analysis.grants.principal_grants import GrantsOnDemand
from lpgen.core.analysis.grants.trust import outside_trust, own_accounts
from lpgen.core.analysis.idle_decisions import idle_decisions
from lpgen.core.analysis.observability.signs_in_logs import copied_services_from_usage
from lpgen.core.analysis.prepare import keep_coverage, prepare_review
from lpgen.core.analysis.reach import Places, places_from_usage
from lpgen.core.analysis.reviewer import Batch, Batches, Reviewer
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.compute import Inventory, listed_types, pods_by_role, unread_accounts
from lpgen.core.drift.kinds import DRIFT_ITEM_WORDS
from lpgen.core.evidence import LogCoverage, PrincipalUsage
from lpgen.core.findings import OutsideTrust, Proposal, Report
from lpgen.core.graph.becoming import Becomings
from lpgen.core.graph.world import World
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.keeping import Keep, make_again
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.model import Principal, PrincipalKind, SkipReason
from lpgen.core.options import Options, is_chosen
from lpgen.core.principal_names import hint_of_name, is_named
from lpgen.core.replacements import Decision
from lpgen.core.roles.candidates import sets_in_several_accounts
from lpgen.core.trust.evidence import TrustEvidence, with_use
from lpgen.core.trust.roles import TrustProposal, propose_trust
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.foreign_callers import arns_by_id, divide_by_log
from lpgen.core.usage.row_slices import RowSlices, TableSlices, ValueRuns, find_value_runs
from lpgen.core.usage.tables import SIGNS_SCHEMA, Usage
from lpgen.edge.catalog.files import digest_catalog
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.kept_values import FEWEST_ROWS, kept_values
from lpgen.edge.data_folder.ledger import count_unread_files, find_log_place
from lpgen.edge.data_folder.usage_files import read_current_usage
from lpgen.edge.engine import Engine, Result, results_of
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.readers.credentials import read_iam_extras
from lpgen.edge.readers.iam_pages import digest_policy_files
from lpgen.edge.readers.iam_snapshot import OutlinedPolicies, outline_policies, read_snapshot
from lpgen.edge.readers.snapshot_files import read_passwords
from lpgen.errors import CatalogError, DataError, InvocationError, SnapshotError, quote_input

_LOG: Final = logging.getLogger("lpgen")

BATCH_UNITS: Final = 16
"""The number of principals or permission sets in a batch."""

BATCHES_PER_WORKER: Final = 2
"""The fewest batches for a local process: fewer are done before a process has started."""


def analyse(inputs: AnalysisInputs, *, network: bool = True) -> Report:
    """The whole comparison of a data folder with policies: verdicts, replacements and their proof.

    With `network`, also what each principal can become.

    Raises:
        LpgenError: the data folder or a policy file can't be read, or the options choose no principal.
    """
    return open_review(inputs, network=network, savings=True).whole_report()


def open_review(inputs: AnalysisInputs, *, network: bool = False, savings: bool = False) -> Review:
    """The review of a data folder and policies, ready to be made principal by principal.

    With `network`, also of what each principal can become. With `savings`, also of the proposals for roles that save
    most, unless the options choose some principals.

    Raises:
        LpgenError: the data folder or a policy file can't be read, or the options choose no principal.
    """
    _LOG.info("reading %s", inputs.data)
    review = review_of_ground(load_ground(inputs, kept=True), inputs, savings=savings and not inputs.options.principal)
    unread = any(skip.reason is SkipReason.UNREADABLE_FILE for skip in review.report.diff.skips)
    files = count_unread_files(inputs.data) if unread else 0
    if network and review.size:
        _LOG.info("finding out what principals can become")
        review = replace(review, reviewer=replace(review.reviewer, becoming_of=_becomings(inputs).of))
    return replace(review, report=replace(review.report, unread_files=files, log_place=find_log_place(inputs.data)))


def _becomings(inputs: AnalysisInputs) -> Becomings:
    read, options = read_snapshot(inputs.policies, all_versions=True), inputs.options
    gaps = unread_accounts(options.snapshot.gaps if options.snapshot else ())
    listed = Inventory(options.compute, inputs.catalog.facts(listed_types), gaps) if options.compute else None
    passwords = read_passwords(inputs.files.login_profiles)
    return Becomings(World(read.principals, read.groups, inputs.catalog, options.guards, listed, passwords=passwords))


def _note_taker(inputs: AnalysisInputs, outlines: Sequence[Principal]) -> NoteTaker:
    extras = read_iam_extras((*inputs.files.credentials, *inputs.policies), read_passwords(inputs.files.login_profiles))
    return NoteTaker(account_names(inputs.options), sets_in_several_accounts(outlines), extras)


def review_of_ground(ground: Ground, inputs: AnalysisInputs, *, savings: bool = False) -> Review:
    """The review of loaded usage and principals, with `savings` also of the proposals for roles that save most. The
    report's `unread_files` is 0.

    Raises:
        InvocationError: the options choose no principal.
    """
    principals, keep, catalog = ground.outlines, ground.keep, inputs.catalog
    options = replace(inputs.options, guards=ground.guards)
    if principals or ground.sources:
        refuse_empty_choice(principals, options.principal)
    coverage = keep_coverage(keep, ground.usage, options)
    decisions = current_decisions(coverage, options)
    reviewer, diff = prepare_review(
        ground.usage, coverage, principals, catalog, options, decisions=decisions, whole=ground.whole, keep=keep
    )
    _LOG.info("testing replacements of past days")
    forecast = forecaster_of_review(reviewer, ground.usage, principals, options, whole=ground.whole, keep=keep)
    places = keep(Places, (), lambda: places_from_usage(ground.usage))
    reviewer = replace(reviewer, forecast=forecast, ground=replace(reviewer.ground, places=places))
    accessed, strays = last_accessed_by_principal(options.last_accessed, principals)
    gaps = options.snapshot.problems if options.snapshot else ()
    idle = tuple(idle_decisions(decisions, principals, ground.grants, catalog, drift_words=DRIFT_ITEM_WORDS))
    if not principals:
        diff = replace(diff, unlisted=_chosen_users(diff.unlisted, options.principal))
    report = Report(
        diff,
        (),
        problems=(*ground.problems, *inputs.problems, *strays, *(decision.text for decision in idle), *gaps),
        min_days=options.min_days,
        max_risk=options.max_risk,
        guards=ground.guards,
        snapshot=options.snapshot,
        generation=ground.generation,
        trust=_trust(principals, coverage, options, decisions),
        decisions=stamp_of_decisions(options.decisions_file, decisions, (decision.closest for decision in idle)),
    )
    units = units_of_review(principals, options.principal)
    engine = engine_for_units(inputs.engine, len(units), BATCH_UNITS)
    copied = copied_services_from_usage(ground.usage, catalog)
    signs = TableSlices(ground.usage.signs, "principal", SIGNS_SCHEMA) if savings else None
    batches = Batches(units, BATCH_UNITS, ground.slices, copied, accessed, ground.whole, signs)
    chosen = [principal for unit in units for principal in unit if is_chosen(principal, options.principal)]
    accounts = frozenset(principal.account for principal in chosen)
    trust = dict(_narrowed_trust(ground, coverage, options, catalog)) if options.trust else {}
    notes = Notes(_note_taker(inputs, principals)) if savings else None
    return Review(report, reviewer, batches, engine, accounts, len(chosen), trust, notes)


def _chosen_users(users: Sequence[PrincipalUsage], pattern: str) -> tuple[PrincipalUsage, ...]:
    """The principals in the logs that match a pattern.

    Raises:
        InvocationError: none matches.
    """
    found = tuple(user for user in users if is_named(user.principal, pattern))
    if pattern and not found:
        hint = hint_of_name(pattern, [user.principal for user in users])
        raise InvocationError(f"no principal in the logs matches {quote_input(pattern)}", hint=hint)
    return found


def _trust(
    principals: Sequence[Principal], coverage: LogCoverage, options: Options, decisions: Sequence[Decision]
) -> tuple[OutsideTrust, ...]:
    """The outside principals that may assume the chosen roles, with the decisions that accept them."""
    own = own_accounts(principals, options.guards, options.snapshot, coverage)
    organization = options.snapshot.organization if options.snapshot else ""
    chosen = (principal for principal in principals if is_chosen(principal, options.principal))
    found = outside_trust(chosen, own, organization)
    return tuple(
        accepted for trust in found for accepted in with_acceptance([trust], decisions, principal=trust.principal)
    )


def _narrowed_trust(
    ground: Ground, coverage: LogCoverage, options: Options, catalog: Catalog
) -> Iterator[tuple[str, TrustProposal]]:
    """The narrowed trust policies of the chosen roles, by ARN."""
    evidence = trust_evidence_of(ground, coverage, options, catalog)
    for role in ground.outlines:
        if role.kind is PrincipalKind.ROLE and is_chosen(role, options.principal):
            proposal, _ = propose_trust(role, evidence)
            if proposal is not None:
                yield role.arn, proposal


def trust_evidence_of(ground: Ground, coverage: LogCoverage, options: Options, catalog: Catalog) -> TrustEvidence:
    """The evidence that narrows trust policies, without facts that only findings need."""
    decisions = current_decisions(coverage, options)
    known = TrustEvidence(
        frozenset(),
        frozenset(),
        {},
        ids=options.github_ids,
        min_days=options.min_days,
        decisions=decisions,
        quotas=options.trust_quotas,
        pods=pods_by_role(options.compute, options.snapshot.gaps if options.snapshot else ()),
    )
    return with_use(known, ground.usage, coverage, ground.outlines, catalog, options.trails)


def engine_for_units(engine: Engine, units: int, size: int) -> Engine:
    """The engine for a number of units in batches of a size. Uses fewer local processes for few batches."""
    if not isinstance(engine, LocalEngine):
        return engine
    workers = min(engine.workers, units // (BATCHES_PER_WORKER * size))
    return replace(engine, workers=workers) if workers > 1 else IN_THIS_PROCESS


@dataclass(frozen=True, slots=True)
class Review:
    """A review that is made principal by principal. `report` has everything except the proposals, `accounts` are the
    accounts of the principals to review, and `size` is the number of these principals. `narrowed_trust` are the
    narrowed trust policies by ARN of the role, if the options ask for them. `notes` are about the principals of the
    last `map`, if they were asked for."""

    report: Report
    reviewer: Reviewer
    batches: Iterable[Batch]
    engine: Engine
    accounts: frozenset[str]
    size: int
    narrowed_trust: Mapping[str, TrustProposal]
    notes: Notes | None = None

    def map(self, fn: Callable[[Proposal], Result]) -> Iterator[Result]:
        """The result of a function for each proposal, computed where the proposal is made, in any order.

        Raises:
            EngineError: the engine's cluster was lost, or its workers can't run lpgen.
        """
        done = 0
        taker = self.notes.begin() if self.notes else None
        for found in results_of(self.engine, _ProposalMap(self.reviewer, fn, taker), self.batches):
            done += len(found)
            _LOG.info("reviewed %d of %d principals", done, self.size)
            for result, noted in found:
                if self.notes and noted:
                    self.notes.add(noted)
                yield result

    def head(self) -> Report:
        """The report without proposals, after they were made."""
        savings = self.notes.savings(self.reviewer.ground.judge.finder.dangers) if self.notes else ()
        return replace(report_of_proposals(self.report, ()), savings=savings)

    def whole_report(self) -> Report:
        """The report with all proposals, sorted by ARN.

        They are made in this process, because sending a proposal takes as long as making it.
        """
        here = replace(self, engine=IN_THIS_PROCESS)
        proposals = tuple(sorted(here.map(lambda proposal: proposal), key=lambda proposal: proposal.diff.principal.arn))
        return report_of_proposals(self.head(), proposals)


@dataclass(frozen=True, slots=True)
class _ProposalMap(Generic[Result]):
    """A worker's task for a batch: a function of each proposal, and notes of its principal."""

    reviewer: Reviewer
    fn: Callable[[Proposal], Result]
    taker: NoteTaker | None

    def __call__(self, batch: Batch) -> list[tuple[Result, Noted | None]]:
        with collector_paused():
            return [
                (self.fn(found.proposal), self.taker.note(self.reviewer, found, batch) if self.taker else None)
                for found in self.reviewer.propose_recorded(batch)
            ]


def report_of_proposals(report: Report, proposals: tuple[Proposal, ...]) -> Report:
    """The report with these proposals, sorted by ARN."""
    diff = replace(report.diff, principals=tuple(proposal.diff for proposal in proposals))
    return replace(report, diff=diff, proposals=proposals)


@dataclass(frozen=True, slots=True)
class Ground:
    """The loaded inputs of an analysis. `slices` are the usage by principal, `problems` the snapshot's gaps as
    sentences.

    `guards` are the given guards and the trust policies of the snapshot's roles. `generation` is the name of the usage
    tables, `sources` are the policy files. `keep` caches what is computed from these inputs.
    """

    usage: Usage
    slices: RowSlices
    grants: GrantsOnDemand
    problems: tuple[str, ...]
    guards: Guards = NO_GUARDS
    generation: str = ""
    sources: tuple[Path, ...] = ()
    keep: Keep = make_again

    @property
    def outlines(self) -> tuple[Principal, ...]:
        """The principals of the policies, sorted by ARN, without their policies."""
        return self.grants.outlines

    def whole(self, outline: Principal) -> Principal:
        """The principal of an outline, with its policies."""
        return self.grants.whole(outline)


def load_ground(inputs: AnalysisInputs, *, kept: bool = False) -> Ground:
    """The usage of a data folder, with its large tables in temporary files, and the grants of every principal of the
    policies.

    With `kept`, results that take long to compute are cached in the data folder.

    Raises:
        LpgenError: something can't be read, or the data folder holds no record of any day.
    """
    data, policies, catalog, guards = inputs.data, inputs.policies, inputs.catalog, inputs.options.guards
    generation, usage = read_current_usage(data, stored=True)
    if all(day is None for (day,) in table_rows(usage.coverage, ("day",))):
        raise DataError(f"`{data}` holds no records, so everything would look unused", hint="ingest logs with records")
    keep: Keep = make_again
    if kept and usage.table.num_rows >= FEWEST_ROWS:
        keep = _keep(data, generation, policies, catalog)

    def read_outlines() -> OutlinedPolicies:
        found = outline_policies(policies)
        if keep is not make_again and keep != _keep(data, generation, policies, catalog):
            raise SnapshotError("the policies were changed while they were read", hint="run the command again")
        return found

    outlined = keep(OutlinedPolicies, (), read_outlines)
    runs = keep(ValueRuns, (), lambda: find_value_runs(usage.table, "principal"))
    named, elsewhere = divide_by_log(usage, arns_by_id(outlined.outlines), callers=runs.values())
    return Ground(
        named,
        RowSlices(named, runs if named is usage else None, elsewhere),
        GrantsOnDemand(outlined.outlines, outlined.store().read, catalog, guards),
        tuple(f"{problem.place}: {problem.message}" for problem in outlined.problems),
        guards.with_trust(outlined.outlines),
        generation,
        tuple(map(Path, outlined.sources)),
        keep,
    )


def _keep(data: Path, generation: str, policies: Sequence[Path], catalog: Catalog) -> Keep:
    """The cache for these tables, policies and catalog, if each can be identified."""
    try:
        return kept_values(data, generation, (digest_policy_files(policies), digest_catalog(catalog)))
    except (CatalogError, SnapshotError):
        return make_again


def refuse_empty_choice(principals: Iterable[Principal], pattern: str) -> None:
    """Refuse a choice of no principal.

    Raises:
        InvocationError: the pattern matches none of the principals, or there is none.
    """
    known = [principal.arn for principal in principals]
    if not any(is_named(arn, pattern) for arn in known):
        if not pattern:
            raise InvocationError(
                "the policies contain no role or user", hint="give the account's policies, or run `lpgen snapshot`"
            )
        what = f"no principal in the policies matches {quote_input(pattern)}"
        raise InvocationError(what, hint=hint_of_name(pattern, known))


def current_decisions(coverage: LogCoverage, options: Options) -> tuple[Decision, ...]:
    """The decisions that count on the reference date for ages: `as_of`, or else the day of the last record.

    Raises:
        InvocationError: the date is before the first record.
    """
    first = min((account.first_day for account in coverage.accounts), default=None)
    if options.as_of and first and options.as_of < first:
        raise InvocationError(
            f"`--as-of {options.as_of}` is before the first record ({first})",
            hint="give a later date, or omit the option to use the day of the last record",
        )
    return decisions_in_force(options.decisions, as_of=options.as_of or coverage.last_day or date.min)
