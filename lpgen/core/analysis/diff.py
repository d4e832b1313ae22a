"""The diff: the reviews of all principals, and what several of them have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.counted_use import counted_usages, drops_days
from lpgen.core.analysis.granted.explained_use import Explanations
from lpgen.core.analysis.granted.key_grants import KeyGrants
from lpgen.core.analysis.granted.policy_changes import PolicyChanges
from lpgen.core.analysis.judged.verdicts import ActionFacts, Judge
from lpgen.core.analysis.observability.access_holes import seen_services_from_usage
from lpgen.core.analysis.observability.copied_calls import copied_services, copied_services_from_usage
from lpgen.core.analysis.observability.missed_uses import MissedUseFinder
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.regions import unread_uses
from lpgen.core.analysis.review import PrincipalRecords, ReviewGround, review_principal
from lpgen.core.analysis.safe.decisions import decisions_in_force
from lpgen.core.analysis.written.permission_sets import share_lines, units_of_review
from lpgen.core.findings import Diff, SkipCount
from lpgen.core.grounds import LogCoverage, PrincipalGrants, PrincipalUsage
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.model import Principal, SkipReason
from lpgen.core.options import Options
from lpgen.core.replacements import Decision
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage


def diff_usage(
    usage: Usage,
    grants: Sequence[PrincipalGrants],
    catalog: Catalog,
    options: Options,
    *,
    usages: Mapping[str, PrincipalUsage] | None = None,
) -> Diff:
    """A verdict per principal and action, sorted by principal, with the lines that a replacement needs.

    With a chosen role of a permission set come all roles of that set, since they share their lines.

    `grants` are those of all principals, chosen or not: they say which roles instance profiles hold, and who is listed.
    `usages` is what counts as use of them, where it was worked out before.

    Only records of the principal id that the snapshot has count for a principal; those of an earlier role or user of
    the same name are named in a caveat.
    """
    principals = [one.principal for one in grants]
    coverage = coverage_from_usage(usage, options.trails, options.trail_source)
    as_of = options.as_of or coverage.last_day or date.min
    decisions = decisions_in_force(options.decisions, as_of=as_of)
    usages = counted_usages(usage, grants, decisions) if usages is None else usages
    changes = PolicyChanges(usages.values())
    ground = review_ground(usage, coverage, principals, catalog, options, decisions=decisions, changes=changes)
    accessed, _ = last_accessed_by_principal(options.last_accessed, principals)
    seen = seen_services_from_usage(usage, catalog) if accessed else {}
    copied = copied_services_from_usage(usage, catalog)
    dropped = counted_usages(usage, grants, decisions, dropped=True) if drops_days(decisions) else {}

    def records(arn: str) -> PrincipalRecords:
        found = replace(usages.get(arn, PrincipalUsage(arn)), copied=copied_services(arn, copied))
        return PrincipalRecords(
            found, dropped[arn].uses if arn in dropped else (), accessed.get(arn), seen.get(arn, ())
        )

    listed = {one.arn for one in principals}
    strangers = [arn for arn in usages if arn not in listed]
    wanted = {one.arn for unit in units_of_review(principals, options.principal) for one in unit}
    reviewed = [one for one in grants if one.principal.arn in wanted]
    diffs = [review_principal(one, records(one.principal.arn), ground) for one in reviewed]
    accounts = {one.account for one in principals}
    return Diff(
        ground.as_of,
        catalog.date,
        catalog.version,
        ground.coverage,
        skip_counts_from_usage(usage),
        share_lines(diffs, reviewed, strangers, decisions, catalog, listed=accounts),
        tuple(usages[arn] for arn in strangers),
        tuple(one for one in options.decisions if one not in decisions),
    )


def review_ground(
    usage: Usage,
    coverage: LogCoverage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: tuple[Decision, ...],
    changes: PolicyChanges,
) -> ReviewGround:
    """What each of the principals is reviewed on. `changes` are the changes of policies that count as use."""
    trail_changes = trail_changes_from_usage(usage) if options.trails else ()
    observability = Observability(catalog, coverage, options.trails, trail_changes, min_days=options.min_days)
    finder = MissedUseFinder(catalog, observability, principals)
    return ReviewGround(
        Judge(ActionFacts(catalog), finder, options.keep_unobservable, options.min_days),
        coverage,
        Explanations(KeyGrants(usage.table), changes, options.guards),
        unread_uses(principals, coverage),
        decisions,
        options.as_of or coverage.last_day or date.min,
    )


def skip_counts_from_usage(usage: Usage) -> tuple[SkipCount, ...]:
    """How many records were skipped for each reason, with the earliest example."""
    found: dict[str, tuple[int, str, str]] = {}
    names = ("reason", "records", "first_seen", "example_event_id")
    columns = (column_values(usage.skips.column(name)) for name in names)
    for reason, records, first, event_id in zip(*columns, strict=True):
        count, when, example = found.get(reason, (0, "9", ""))
        earlier = min((when, example), (str(first or "9"), event_id))
        found[reason] = (count + records, *earlier)
    return tuple(SkipCount(SkipReason(reason), count, example) for reason, (count, _, example) in sorted(found.items()))
