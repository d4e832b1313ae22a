"""Prepare a review before its first principal: the inputs that all principals share, and the logs' other callers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from lpgen.core.analysis.caveats.inputs import ReviewGround
from lpgen.core.analysis.caveats.replicas import snapshot_resources
from lpgen.core.analysis.counted_use import UseCounter, current_ids
from lpgen.core.analysis.explained_use import Explanations
from lpgen.core.analysis.grants.left_attached import LeftAttached
from lpgen.core.analysis.observability.missed_uses import MissedUseFinder
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.regions import unread_uses
from lpgen.core.analysis.reviewer import Reviewer, whole_already
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.analysis.shared_use import SharedUse, facts_of_shared_use, shared_use_from_usage
from lpgen.core.analysis.suspicion import Suspicion
from lpgen.core.analysis.verdicts.verdicts import ActionFacts, Judge
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import Diff, SkipCount
from lpgen.core.function_logs import log_groups_by_role
from lpgen.core.keeping import Keep, make_again
from lpgen.core.model import Principal, SkipReason
from lpgen.core.options import Options
from lpgen.core.replacements import Decision
from lpgen.core.schedules import schedules_by_role
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage


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
    """The reviewer of the policies' principals, and the part of the comparison that concerns none of them.

    `decisions` are those in force. `principals` may be outlines, from which `whole` reads the principals. `keep` is of
    this usage: where it has the shared use, only the skips are read. `suspicion` is that of all days, where the usage
    has only some.
    """
    shared = keep(
        SharedUse,
        facts_of_shared_use(options, decisions),
        lambda: shared_use_from_usage(
            usage, principals, catalog, options, decisions=decisions, whole=whole, suspicion=suspicion
        ),
    )
    ground = _review_ground(shared, coverage, principals, catalog, options, decisions=decisions)
    dangers = ground.judge.finder.dangers
    counter = UseCounter(current_ids(principals), shared.names, decisions, dangers, suspicion=shared.suspicion)
    dropped = None if shared.dropped is None else replace(counter, names=shared.dropped, dropped=True)
    reviewer = Reviewer(
        ground,
        replace(options, last_accessed=(), trails=(), schedules=(), versioned_buckets=(), function_logs=()),
        counter,
        dropped,
        frozenset(one.account for one in principals),
        tuple(one.principal for one in shared.unlisted),
    )
    diff = Diff(
        ground.as_of,
        catalog.date,
        catalog.version,
        ground.coverage,
        _skip_counts(usage),
        (),
        shared.unlisted,
        tuple(one for one in options.decisions if one not in decisions),
    )
    return reviewer, diff


def keep_coverage(keep: Keep, usage: Usage, options: Options) -> LogCoverage:
    """The coverage of a usage, with the options' trails, as it is kept or else as its tables show it."""
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
    groups = log_groups_by_role(options.function_logs)
    finder = MissedUseFinder(catalog, observability, principals, shared.peers, options.versioned_buckets, groups)
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
            options.scope,
            frozenset(one.account for one in coverage.accounts) | {one.account for one in principals},
            finder.dangers.sentence,
        ),
        LeftAttached(catalog),
        schedules_by_role(options.schedules),
        snapshot_resources(options),
    )


def _skip_counts(usage: Usage) -> tuple[SkipCount, ...]:
    """How many records were skipped for each reason, with the earliest example."""
    found: dict[str, tuple[int, str, str]] = {}
    names = ("reason", "records", "first_seen", "example_event_id")
    for reason, records, first, event_id in table_rows(usage.skips, names):
        count, when, example = found.get(reason, (0, "9", ""))
        earlier = min((when, example), (str(first or "9"), event_id))
        found[reason] = (count + records, *earlier)
    return tuple(SkipCount(SkipReason(reason), count, example) for reason, (count, _, example) in sorted(found.items()))
