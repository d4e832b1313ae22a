"""What is found once for a whole review, before the first principal: the ground, and what the logs say of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.counted_use import UseCounter, drops_days, use_counter
from lpgen.core.analysis.diff import review_ground, skip_counts_from_usage
from lpgen.core.analysis.granted.policy_changes import POLICY_CHANGES, PolicyChanges
from lpgen.core.analysis.grants import grants_from_principals
from lpgen.core.analysis.reviewer import Reviewer
from lpgen.core.findings import Diff
from lpgen.core.grounds import LogCoverage, PrincipalUsage
from lpgen.core.model import Principal
from lpgen.core.options import Options
from lpgen.core.replacements import Decision
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.principal_usage import unmapped_callers
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage


def prepare_review(
    usage: Usage,
    coverage: LogCoverage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: tuple[Decision, ...],
) -> tuple[Reviewer, Diff]:
    """What reviews the principals of the policies, and the comparison as far as it is about none of them.

    `decisions` are those in force.
    """
    slices = RowSlices(usage)
    counter = use_counter(usage, principals, decisions)
    listed = {one.arn for one in principals}
    seen = {*column_values(usage.table.column("principal")), *unmapped_callers(usage)}
    strangers = sorted(seen - listed)
    unlisted = counter.count(slices.rows_of(strangers), ())
    changes = _policy_changes(usage, slices, counter, principals, catalog=catalog, options=options)
    ground = review_ground(usage, coverage, principals, catalog, options, decisions=decisions, changes=changes)
    reviewer = Reviewer(
        ground,
        replace(options, last_accessed=(), trails=()),
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
        skip_counts_from_usage(usage),
        (),
        tuple(unlisted[arn] for arn in strangers),
        tuple(one for one in options.decisions if one not in decisions),
    )
    return reviewer, diff


def _policy_changes(
    usage: Usage,
    slices: RowSlices,
    counter: UseCounter,
    principals: Sequence[Principal],
    *,
    catalog: Catalog,
    options: Options,
) -> PolicyChanges:
    """The changes of policies that count as use, whoever made them."""
    rows = zip(column_values(usage.table.column("principal")), column_values(usage.table.column("action")), strict=True)
    makers = sorted({principal for principal, action in rows if action in POLICY_CHANGES})
    known = {one.arn: one for one in principals}

    def usages(arn: str) -> Iterable[PrincipalUsage]:
        grants = grants_from_principals([known[arn]] if arn in known else [], catalog, options.guards)
        return counter.count(slices.rows_of([arn]), grants).values()

    return PolicyChanges(one for arn in makers for one in usages(arn))
