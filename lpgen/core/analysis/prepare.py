"""The preparation of a review: the inputs that all principals share, and the other callers in the logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lpgen.core.analysis.caveats.inputs import ReviewGround, snapshot_resources, unread_uses
from lpgen.core.analysis.counted_use import UseCounter, current_ids, suspecting_counter, use_counter
from lpgen.core.analysis.explained_use import (
    POLICY_CHANGES,
    Explanations,
    KeyGrants,
    PolicyChanges,
    key_grants_from_table,
    policy_changes_from_usages,
)
from lpgen.core.analysis.grants.aws_policies import LeftAttached
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.pollers import pollers_from_options
from lpgen.core.analysis.observability.rare_needs import Peers, peers_from_usage
from lpgen.core.analysis.observability.signs_in_logs import ShownReads, shown_reads_from_usage
from lpgen.core.analysis.reviewer import Reviewer, whole_already
from lpgen.core.analysis.scopes.named_resources import lenient_calls
from lpgen.core.analysis.scopes.prefixes import Population, population_from_usage
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.analysis.suspicion import Suspicion
from lpgen.core.analysis.verdicts import ActionFacts, Judge
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import ScopeChoice
from lpgen.core.evidence import LogCoverage, PrincipalGrants, PrincipalUsage
from lpgen.core.findings import Diff, SkipCount
from lpgen.core.keeping import Keep, make_again
from lpgen.core.model import Principal, SkipReason
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.trails import TrailChange
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import IamNames, unmapped_callers
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage
from lpgen.core.workloads import log_groups_by_role, schedules_by_role


def prepare_review(
    usage: Usage,
    coverage: LogCoverage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: tuple[Decision, ...],
    whole: Callable[[Principal], Principal] = whole_already,
    keep: Keep = make_again,
    suspicion: Suspicion | None = None,
) -> tuple[Reviewer, Diff]:
    """The reviewer of the policies' principals, and the part of the diff that concerns none of them.

    `decisions` are the current ones. `principals` may be outlines, from which `whole` reads the principals. `keep`
    belongs to this usage: if it has the shared use, only the skips are read. `suspicion` is the suspicion of all days,
    if the usage has only some of them.
    """
    shared = keep(
        SharedUse,
        _facts_of_shared_use(options, decisions),
        lambda: _shared_use_from_usage(
            usage, principals, catalog, options, decisions=decisions, whole=whole, suspicion=suspicion
        ),
    )
    ground = _review_ground(shared, coverage, principals, catalog, options, decisions=decisions)
    dangers = ground.judge.finder.dangers
    counter = UseCounter(current_ids(principals), shared.names, decisions, dangers, suspicion=shared.suspicion)
    dropped = None if shared.dropped is None else replace(counter, names=shared.dropped, dropped=True)
    reviewer = Reviewer(
        ground,
        replace(
            options,
            last_accessed=(),
            trails=(),
            schedules=(),
            versioned_buckets=(),
            function_logs=(),
            event_sources=(),
            compute=(),
        ),
        counter,
        dropped,
        frozenset(principal.account for principal in principals),
        tuple(usage.principal for usage in shared.unlisted),
    )
    diff = Diff(
        as_of=ground.as_of,
        catalog_date=catalog.date,
        catalog_version=catalog.version,
        coverage=ground.coverage,
        skips=_skip_counts(usage),
        principals=(),
        unlisted=shared.unlisted,
        expired=tuple(decision for decision in options.decisions if decision not in decisions),
    )
    return reviewer, diff


def keep_coverage(keep: Keep, usage: Usage, options: Options) -> LogCoverage:
    """The coverage of a usage with the options' trails: the kept one, or else the coverage that its tables show."""
    facts = (options.trails, options.trail_source)
    return keep(LogCoverage, facts, lambda: coverage_from_usage(usage, *facts))


def _review_ground(
    shared: SharedUse,
    coverage: LogCoverage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: tuple[Decision, ...],
) -> ReviewGround:
    """The inputs for reviewing each of the principals."""
    recorded = options.trails, shared.trail_changes, shared.shown_reads
    observability = Observability(catalog, coverage, *recorded, min_days=options.min_days)
    finder = MissedUseFinder(
        catalog,
        observability,
        principals,
        shared.peers,
        options.versioned_buckets,
        log_groups_by_role(options.function_logs),
        pollers_from_options(options),
    )
    return ReviewGround(
        Judge(ActionFacts(catalog), finder, options.keep_unobservable, options.min_days),
        coverage,
        Explanations(shared.key_grants, shared.policy_changes, options.guards),
        unread_uses(principals, coverage),
        decisions,
        options.as_of or coverage.last_day or date.min,
        ScopeFinder(
            shared.population,
            catalog,
            coverage.last_day,
            ScopeChoice.EVIDENCE if options.scope is ScopeChoice.AUTO else options.scope,
            frozenset(account.account for account in coverage.accounts)
            | {principal.account for principal in principals},
            finder.dangers.sentence,
        ),
        LeftAttached(catalog),
        schedules_by_role(options.schedules),
        snapshot_resources(options),
        first_month=options.scope is ScopeChoice.AUTO,
    )


def _skip_counts(usage: Usage) -> tuple[SkipCount, ...]:
    """The number of skipped records for each reason, with the earliest example."""
    found: dict[str, tuple[int, str, str]] = {}
    names = ("reason", "records", "first_seen", "example_event_id")
    for reason, records, first, event_id in table_rows(usage.skips, names):
        count, when, example = found.get(reason, (0, "9", ""))
        earlier = min((when, example), (str(first or "9"), event_id))
        found[reason] = (count + records, *earlier)
    return tuple(
        SkipCount(SkipReason(reason), count, example_event_id=example)
        for reason, (count, _, example) in sorted(found.items())
    )


@dataclass(frozen=True, slots=True)
class SharedUse:
    """The part of a usage that concerns all principals.

    `suspicion` uses all rows of the usage, or more days than it has. `unlisted` are the principals that the policies
    don't have, sorted by ARN. `names` are the full names of roles and users, `dropped` the names in the use that
    decisions drop by its day.
    """

    suspicion: Suspicion
    unlisted: tuple[PrincipalUsage, ...]
    names: IamNames
    dropped: IamNames | None
    policy_changes: PolicyChanges
    key_grants: KeyGrants
    trail_changes: tuple[TrailChange, ...]
    peers: Peers
    population: Population
    shown_reads: ShownReads


def _facts_of_shared_use(options: Options, decisions: Iterable[Decision]) -> object:
    """The inputs of the shared use of a usage, besides the policies and the catalog."""
    speaking = tuple(
        decision for decision in decisions if decision.kind is DecisionKind.KEEP or _drops_days([decision])
    )
    return speaking, options.guards.boundary, options.guards.scps, bool(options.trails)


def _drops_days(decisions: Iterable[Decision]) -> bool:
    """Whether a decision drops use on only some days."""
    return any(decision.kind is DecisionKind.DROP and (decision.since or decision.until) for decision in decisions)


def _shared_use_from_usage(
    usage: Usage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: Sequence[Decision],
    whole: Callable[[Principal], Principal],
    suspicion: Suspicion | None = None,
) -> SharedUse:
    """The shared use of a usage. `principals` may be outlines, from which `whole` reads the principals.

    `suspicion` is the suspicion of all days, if the usage has only some of them.
    """
    slices, dangers = RowSlices(usage), Dangers(catalog)
    if suspicion is None:
        counter = suspecting_counter(usage, slices, principals, decisions, dangers)
    else:
        counter = replace(use_counter(usage, principals, decisions, dangers), suspicion=suspicion)
    listed = {principal.arn for principal in principals}
    seen = {*(row for (row,) in distinct_rows(usage.table, ("principal",))), *unmapped_callers(usage)}
    unknown_principals = sorted(seen - listed)
    unlisted = counter.count(slices.rows_of(unknown_principals), ())
    known = {principal.arn: principal for principal in principals}

    def grants(arn: str) -> tuple[PrincipalGrants, ...]:
        return grants_from_principals([whole(known[arn])] if arn in known else [], catalog, options.guards)

    return SharedUse(
        counter.suspicion,
        tuple(unlisted[arn] for arn in unknown_principals),
        counter.names,
        use_counter(usage, principals, decisions, dangers, dropped=True).names if _drops_days(decisions) else None,
        _policy_changes(usage, slices, counter, grants),
        key_grants_from_table(usage.table),
        trail_changes_from_usage(usage) if options.trails else (),
        peers_from_usage(usage, counter.belief_test, principals),
        population_from_usage(usage, counter.belief_test, lenient_calls(catalog.source).of_anything),
        shown_reads_from_usage(usage, catalog),
    )


def _policy_changes(
    usage: Usage, slices: RowSlices, counter: UseCounter, grants: Callable[[str], Iterable[PrincipalGrants]]
) -> PolicyChanges:
    """The counted changes of policies by any caller."""
    rows = distinct_rows(usage.table, ("principal", "action"))
    makers = sorted({principal for principal, action in rows if action in POLICY_CHANGES})
    return policy_changes_from_usages(
        usage for arn in makers for usage in counter.count(slices.rows_of([arn]), grants(arn)).values()
    )
