"""Caveats about holes in the logs: use or attempts that IAM reports for covered days and that left no record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import KeepUnobservable
from lpgen.core.cloudtrail.operation_rows import EventSources
from lpgen.core.evidence import AccountCoverage
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import SkipReason
from lpgen.core.registry.row import IAM_GUIDE, Caveat, CaveatKind, Doubt, Remedy, Row
from lpgen.core.usage.tables import Usage

_NO_CALLS: Final = frozenset({SkipReason.OUT_OF_WINDOW, SkipReason.SERVICE_CALLER})


def _coverage_hole_message(
    *, service: str, last: date, region: str, is_region_read: bool, is_after_logs: bool, **_: object
) -> str:
    """When IAM dates a use or an attempt that the logs lack."""
    where = f" in {region}" if region else ""
    unread = "" if is_region_read else ", a Region without any logs"
    if service:
        return (
            f"IAM dates the last attempt to use {service} to {last}{where}{unread}, but the logs hold no record of it"
        )
    missing = f"{where}{unread}" if unread else ", but the logs hold no record of it"
    return f"IAM says the role was last used on {last}{', after the end of the logs' if is_after_logs else missing}"


def _coverage_hole_step(*, service: str, last: date, unrecorded: str, **_: object) -> str:
    """Where to look for a use that the logs lack: no trail holds what CloudTrail doesn't record."""
    if unrecorded:
        return f"find out what its use of {last} was; a trail may not hold it ({unrecorded})"
    what = f"calls of {service}" if service else f"use of {last}"
    return f"find the trail that holds its {what}, every Region included, and ingest its logs"


class HoleCaveat(CaveatKind):
    """What the logs lack of the use that IAM reports."""

    COVERAGE_HOLE = Row(
        "coverage_hole",
        "IAM reports use that the logs don't show.",
        parameters={
            "service": str,
            "last": date,
            "region": str,
            "is_region_read": bool,
            "is_after_logs": bool,
            "unrecorded": str,
        },
        message=_coverage_hole_message,
        step=_coverage_hole_step,
        item=lambda *, service, **_: f"coverage-hole {service}".rstrip(),
        doubt=Doubt.LOGS,
        help="Records are missing from the logs, and a replacement made from them may deny what the principal needs.",
        to_do="find the trail that holds the call, every Region included, and ingest its logs.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.INGEST,
    )


def find_unseen_last_use(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where the logs hold no record of a role's last use, or none of its Region."""
    principal, coverage = inputs.principal, inputs.coverage
    if principal.last_used is None or coverage is None:
        return
    region = principal.last_used_region
    is_after_logs = principal.last_used.date() > coverage.last_day
    is_region_read = not region or region in coverage.regions
    is_inside = _is_inside(principal.last_used, coverage)
    is_unread = is_inside and not is_region_read
    has_records = bool(inputs.usage.uses or inputs.usage.unmapped or inputs.usage.copied)
    if is_unread or ((is_after_logs or is_inside) and not has_records):
        yield Caveat.of(
            HoleCaveat.COVERAGE_HOLE,
            service="",
            last=principal.last_used.date(),
            region=region,
            is_region_read=is_region_read,
            is_after_logs=is_after_logs,
            unrecorded="" if is_unread or is_after_logs else inputs.unrecorded,
        )


def _is_inside(moment: datetime, coverage: AccountCoverage) -> bool:
    """Whether a moment is within the days of an account's logs."""
    return coverage.first_day <= moment.date() <= coverage.last_day


def find_unseen_attempts(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each service that IAM reports as tried on a covered day and that has no call in the logs.

    Kept actions that the logs can't show explain attempts on their service.
    """
    accessed, coverage = inputs.missed.observed.accessed, inputs.coverage
    if accessed is None or coverage is None:
        return
    explained = _explained_services(inputs, accessed)
    for service in accessed.report.services:
        if service.last is None or not coverage.first_day <= service.last <= coverage.last_day:
            continue
        if service.service not in inputs.records.seen_services and service.service not in explained:
            yield Caveat.of(
                HoleCaveat.COVERAGE_HOLE,
                service=service.service,
                last=service.last,
                region=service.region,
                is_region_read=not service.region or service.region in coverage.regions,
                is_after_logs=False,
                unrecorded="",
            )


def _explained_services(inputs: CaveatInputs, accessed: LastAccessed) -> Collection[str]:
    """The services that IAM saw tried and the logs need not show, as one of their granted actions is a blind spot."""
    found: set[str] = set()
    if set(inputs.ground.judge.keep.values()) == {KeepUnobservable.NONE}:
        return found
    observed, observability = inputs.missed.observed, inputs.finder.observability
    account, regions = observed.grants.principal.account, observed.usage.regions
    for action in observed.grants.granted():
        service = action.partition(":")[0]
        is_new = service not in found and accessed.tried(service)
        if is_new and observability.blind_spot(action, account, regions, observed.grants_of(action)):
            found.add(service)
    return found


def seen_services_from_usage(usage: Usage, catalog: Catalog) -> Mapping[str, Collection[str]]:
    """The prefixes of the services that any record within the window shows each principal to have called.

    Refused calls, calls that need no permission and calls that can't be mapped count: IAM counts them as tries too.
    """
    sources = EventSources.from_catalog(catalog.source)
    found: dict[str, set[str]] = defaultdict(set)
    names = ("principal", "event_source", "action")
    for principal, source, action in set(zip(*(usage.table.column(name).to_pylist() for name in names), strict=True)):
        found[principal] |= {action.partition(":")[0], *sources.resolve(source).prefixes}
    names = ("principal", "event_source", "reason")
    for principal, source, reason in set(zip(*(usage.skips.column(name).to_pylist() for name in names), strict=True)):
        if principal and reason not in _NO_CALLS:
            found[principal] |= set(sources.resolve(source).prefixes)
    return found
