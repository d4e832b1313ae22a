"""Holes in the logs that service last accessed shows: an attempt inside the log window that left no record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from lpgen.core.analysis.grants.granting import NOTHING, Granting
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import EventSources
from lpgen.core.evidence import AccountCoverage, PrincipalGrants, PrincipalUsage
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import Action, SkipReason
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.usage.tables import Usage


def seen_services_from_usage(usage: Usage, catalog: Catalog) -> Mapping[str, Collection[str]]:
    """The prefixes of the services that any record within the window shows each principal to have called.

    Refused calls, calls that need no permission and calls that can't be mapped count: IAM counts them as tries too.
    """
    sources = EventSources.from_catalog(catalog.source)
    found: dict[str, set[str]] = defaultdict(set)
    names = ("principal", "event_source", "action")
    for principal, source, action in set(zip(*(usage.table.column(one).to_pylist() for one in names), strict=True)):
        found[principal] |= {action.partition(":")[0], *sources.resolve(source).prefixes}
    names = ("principal", "event_source", "reason")
    for principal, source, reason in set(zip(*(usage.skips.column(one).to_pylist() for one in names), strict=True)):
        if principal and reason not in _NO_CALLS:
            found[principal] |= set(sources.resolve(source).prefixes)
    return found


_NO_CALLS: Final = frozenset({SkipReason.OUT_OF_WINDOW, SkipReason.SERVICE_CALLER})


def explained_services(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    accessed: LastAccessed,
    *,
    granting: Mapping[Action, Granting],
    observability: Observability,
) -> frozenset[str]:
    """The services that IAM saw tried and the logs need not show, as one of their granted actions is a blind spot."""
    found: set[str] = set()
    for action in grants.granted():
        service = action.partition(":")[0]
        if service not in found and accessed.tried(service):
            granted_by = granting.get(action, NOTHING).grants
            if observability.blind_spot(action, grants.principal.account, usage.regions, granted_by):
                found.add(service)
    return frozenset(found)


def access_hole_caveats(
    accessed: LastAccessed,
    seen: Collection[str],
    coverage: AccountCoverage | None,
    *,
    explained: Collection[str],
) -> Iterable[Caveat]:
    """A caveat for each service that IAM reports as tried on a covered day and that has no call in the logs.

    `explained` are the services with actions that the logs can't show and that are kept: their calls may be those.
    """
    if coverage is None:
        return
    for one in accessed.report.services:
        if one.last is None or not coverage.first_day <= one.last <= coverage.last_day:
            continue
        if one.service not in seen and one.service not in explained:
            yield Caveat.of(
                CaveatKind.COVERAGE_HOLE,
                service=one.service,
                last=one.last,
                region=one.region,
                is_region_read=not one.region or one.region in coverage.regions,
                is_after_logs=False,
                unrecorded="",
            )
