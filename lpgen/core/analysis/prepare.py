"""Prepare a review before its first principal: the inputs that all principals share, and the logs' other callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from lpgen.core.analysis.counted_use import UseCounter, drops_days, use_counter
from lpgen.core.analysis.grants.explained_use import Explanations
from lpgen.core.analysis.grants.key_grants import KeyGrants
from lpgen.core.analysis.grants.left_attached import LeftAttached
from lpgen.core.analysis.grants.policy_changes import POLICY_CHANGES, PolicyChanges
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.missed_uses import MissedUseFinder
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.peer_use import peers_from_usage
from lpgen.core.analysis.observability.regions import unread_uses
from lpgen.core.analysis.review import ReviewGround
from lpgen.core.analysis.reviewer import Reviewer, whole_already
from lpgen.core.analysis.scopes.population import population_from_usage
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.analysis.verdicts.danger import Dangers
from lpgen.core.analysis.verdicts.verdicts import ActionFacts, Judge
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import LogCoverage, PrincipalGrants
from lpgen.core.findings import Diff, SkipCount
from lpgen.core.model import Principal, SkipReason
from lpgen.core.options import Options
from lpgen.core.replacements import Decision
from lpgen.core.schedules import schedules_by_role
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.principal_usage import unmapped_callers
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage


def prepare_review(
    usage: Usage,
    coverage: LogCoverage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: tuple[Decision, ...],
    whole: Callable[[Principal], Principal] = whole_already,
) -> tuple[Reviewer, Diff]:
    """The reviewer of the policies' principals, and the part of the comparison that concerns none of them.

    `decisions` are those in force. `principals` may be outlines, from which `whole` reads the principals.
    """
    slices = RowSlices(usage)
    counter = use_counter(usage, principals, decisions)
    listed = {one.arn for one in principals}
    seen = {*(one for (one,) in distinct_rows(usage.table, ("principal",))), *unmapped_callers(usage)}
    strangers = sorted(seen - listed)
    unlisted = counter.count(slices.rows_of(strangers), ())
    known = {one.arn: one for one in principals}

    def grants(arn: str) -> tuple[PrincipalGrants, ...]:
        return grants_from_principals([whole(known[arn])] if arn in known else [], catalog, options.guards)

    changes = _policy_changes(usage, slices, counter, grants)
    ground = _review_ground(usage, coverage, principals, catalog, options, counter=counter, changes=changes)
    reviewer = Reviewer(
        ground,
        replace(options, last_accessed=(), trails=(), schedules=()),
        counter,
        use_counter(usage, principals, decisions, dropped=True) if drops_days(decisions) else None,
        frozenset(one.account for one in principals),
        tuple(strangers),
    )
    diff = Diff(
        ground.as_of,
        catalog.date,
        catalog.version,
        ground.coverage,
        _skip_counts(usage),
        (),
        tuple(unlisted[arn] for arn in strangers),
        tuple(one for one in options.decisions if one not in decisions),
    )
    return reviewer, diff


def _policy_changes(
    usage: Usage,
    slices: RowSlices,
    counter: UseCounter,
    grants: Callable[[str], Iterable[PrincipalGrants]],
) -> PolicyChanges:
    """The changes of policies that count as use, by any caller."""
    rows = distinct_rows(usage.table, ("principal", "action"))
    makers = sorted({principal for principal, action in rows if action in POLICY_CHANGES})
    return PolicyChanges(one for arn in makers for one in counter.count(slices.rows_of([arn]), grants(arn)).values())


def _review_ground(
    usage: Usage,
    coverage: LogCoverage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    counter: UseCounter,
    changes: PolicyChanges,
) -> ReviewGround:
    """The inputs for reviewing each of the principals. `changes` are the changes of policies that count as use."""
    trail_changes = trail_changes_from_usage(usage) if options.trails else ()
    observability = Observability(catalog, coverage, options.trails, trail_changes, min_days=options.min_days)
    peers = peers_from_usage(usage, counter.row_test, Dangers(catalog))
    finder = MissedUseFinder(catalog, observability, principals, peers)
    return ReviewGround(
        Judge(ActionFacts(catalog), finder, options.keep_unobservable, options.min_days),
        coverage,
        Explanations(KeyGrants(usage.table), changes, options.guards),
        unread_uses(principals, coverage),
        counter.decisions,
        options.as_of or coverage.last_day or date.min,
        ScopeFinder(population_from_usage(usage), catalog, coverage.last_day, options.scope),
        LeftAttached(catalog),
        schedules_by_role(options.schedules),
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
