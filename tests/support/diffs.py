"""The comparison of all principals with their use at once, without replacements, as drift makes it in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.observability.signs_in_logs import copied_services, copied_services_from_usage
from lpgen.core.analysis.prepare import prepare_review
from lpgen.core.analysis.reviewer import Batch
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
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
    """The diff of each chosen principal, in order, and of all roles of a permission set with one that is chosen.

    `grants` are those of all principals, chosen or not. `usages` is what counts as use of them, if it isn't what the
    tables show.
    """
    principals = [grant.principal for grant in grants]
    coverage = coverage_from_usage(usage, options.trails, options.trail_source)
    decisions = decisions_in_force(options.decisions, as_of=options.as_of or coverage.last_day or date.min)
    reviewer, head = prepare_review(usage, coverage, principals, catalog, options, decisions=decisions)
    accessed, _ = last_accessed_by_principal(options.last_accessed, principals)
    units, known = units_of_review(principals, options.principal), {grant.principal.arn: grant for grant in grants}
    copies = copied_services_from_usage(usage, catalog)
    copied = copied_services(known, copies)
    batch = Batch(tuple(units), usage, copied, accessed)
    records = reviewer.records_of(batch, known)
    if usages is not None:
        records = {
            arn: replace(one, usage=replace(usages.get(arn, PrincipalUsage(arn)), copied=one.usage.copied))
            for arn, one in records.items()
        }
    found = {diff.principal.arn: diff for diff in reviewer.compare(batch, known, records)}
    return replace(head, principals=tuple(found[arn] for arn in known if arn in found))
