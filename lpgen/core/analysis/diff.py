"""The comparison of all principals at once, without replacements, for drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from lpgen.core.analysis.caveats.decisions import decisions_in_force
from lpgen.core.analysis.observability.access_holes import seen_services_from_usage
from lpgen.core.analysis.observability.copied_calls import copied_services, copied_services_from_usage
from lpgen.core.analysis.prepare import prepare_review
from lpgen.core.analysis.review import PrincipalRecords, review_principal
from lpgen.core.analysis.synthesis.permission_sets import share_lines, units_of_review
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.findings import Diff
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.options import Options
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage


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
    decisions = decisions_in_force(options.decisions, as_of=options.as_of or coverage.last_day or date.min)
    reviewer, head = prepare_review(usage, coverage, principals, catalog, options, decisions=decisions)
    counted = reviewer.counter.count(usage, grants) if usages is None else usages
    dropped = reviewer.dropped.count(usage, grants) if reviewer.dropped else {}
    accessed, _ = last_accessed_by_principal(options.last_accessed, principals)
    seen = seen_services_from_usage(usage, catalog) if accessed else {}
    copied = copied_services_from_usage(usage, catalog)

    def records(arn: str) -> PrincipalRecords:
        found = replace(counted.get(arn, PrincipalUsage(arn)), copied=copied_services(arn, copied))
        return PrincipalRecords(
            found, dropped[arn].uses if arn in dropped else (), accessed.get(arn), seen.get(arn, ())
        )

    wanted = {one.arn for unit in units_of_review(principals, options.principal) for one in unit}
    reviewed = [one for one in grants if one.principal.arn in wanted]
    diffs = [review_principal(one, records(one.principal.arn), reviewer.ground) for one in reviewed]
    shared = share_lines(diffs, reviewed, reviewer.strangers, decisions, catalog, listed=reviewer.accounts)
    return replace(head, principals=shared)
