"""Caveats about logs: too few days, missing files or Regions, and use that only IAM reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.grants.granting import granted_regions
from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.choices import KeepUnobservable, Severity
from lpgen.core.evidence import AccountCoverage
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.registry.row import IAM_GUIDE, TRAIL_GUIDE, Caveat, CaveatKind, Doubt, Remedy, Row

_COVERED_OF_THEM: Final = ", which cover {counted} of them"


def _short_coverage_step(*, days: int, min_days: int, account: str) -> str:
    """How many more days to ingest."""
    missing = max(1, min_days - days)
    return f"ingest {missing} more {'day' if missing == 1 else 'days'} of logs of account {account}"


def _other_regions_message(*, regions: Sequence[str], leader: str, role: str, region: str, **_: object) -> str:
    """Which Regions the logs hold records of, and what shows that there are others."""
    why = f" and none of {leader}, where global services are recorded"
    if not leader:
        why = f", though IAM says that {role} was last used in {region}"
    return f"the logs have records only of {', '.join(regions)}{why}, so they would not show use in other Regions"


def _young_principal_message(*, kind: str, days: int, counted: int, min_days: int, **_: object) -> str:
    """When a principal was created."""
    when = f"{days} days before the end of the logs{_as_covered(days, counted)}" if days >= 0 else "after the logs' end"
    return (
        f"the {kind} was created {when} (minimum for safe: {min_days} days), so it may not have done all its work yet"
    )


def _young_policy_message(*, policy: str, days: int, counted: int, min_days: int, **_: object) -> str:
    """How old the current version of a policy is."""
    age = f"{max(days, 0)} days old{_as_covered(days, counted)} (minimum for safe: {min_days} days)"
    return f"the current version of {policy} is {age}, so what it grants may not have been used yet"


def _as_covered(days: int, counted: int) -> str:
    return _COVERED_OF_THEM.format(counted=counted) if 0 <= counted < days else ""


def _rare_schedule_message(*, source: str, schedule: str, expression: str, days: int, covered: int, needed: int) -> str:
    """How rarely a schedule starts a role."""
    if not days:
        return f"the {source} {schedule} starts it once, or at times that lpgen can't determine: `{expression}`"
    return (
        f"the {source} {schedule} starts it up to {days} days apart (`{expression}`), and the logs cover {covered} of"
        f" the {needed} days that show two runs"
    )


def _rare_schedule_step(*, days: int, covered: int, needed: int, **_: object) -> str:
    """How many more days to ingest."""
    if not days:
        return "add decisions to keep what it needs then, and accept this"
    return f"ingest {needed - covered} more days of logs, or keep what it needs then and accept this"


def _coverage_hole_message(
    *, service: str, last: date, region: str, is_region_read: bool, is_after_logs: bool, **_: object
) -> str:
    """The date that IAM reports for a use or an attempt, if the logs have no record of it."""
    where = f" in {region}" if region else ""
    unread = "" if is_region_read else ", a Region without any logs"
    if service:
        return (
            f"IAM reports the last attempt to use {service} on {last}{where}{unread}, but the logs have no record of it"
        )
    missing = f"{where}{unread}" if unread else ", but the logs have no record of it"
    return f"IAM says the role was last used on {last}{', after the end of the logs' if is_after_logs else missing}"


def _coverage_hole_step(*, service: str, last: date, unrecorded: str, **_: object) -> str:
    """Where to look for a use that the logs lack. No trail has a call that CloudTrail doesn't record."""
    if unrecorded:
        return f"find out what it was used for on {last}; trails may have no record of it ({unrecorded})"
    what = f"calls to {service}" if service else f"use on {last}"
    return f"find the trail that recorded its {what}, in all Regions, and ingest that trail's logs"


class LogsCaveat(CaveatKind):
    """What isn't safe because the logs are short or incomplete, or the principal or a policy is young."""

    SHORT_COVERAGE = Row(
        "short_coverage",
        "The logs cover too few days to call a removal safe.",
        parameters={"days": int, "min_days": int, "account": str},
        message="the logs cover {days} days, fewer than {min_days}, so rare use may be missing",
        step=_short_coverage_step,
        doubt=Doubt.LOGS,
        to_do="ingest more days, or accept it with a decision.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
        severity=Severity.LOW,
        remedy=Remedy.INGEST,
    )
    INCOMPLETE_LOGS = Row(
        "incomplete_logs",
        "The logs seem incomplete: days, files or Regions are missing.",
        parameters={
            "case": str,
            "days": int,
            "min_days": int,
            "thin": int,
            "regions": tuple,
            "leader": str,
            "role": str,
            "region": str,
        },
        message={
            "thin-days": "the logs cover {days} days, fewer than {min_days}, and {thin} more days have too few callers"
            " and services to be complete",
            "missing-files": "calls that AWS makes at regular intervals are recorded irregularly, as if most log files"
            " were missing",
            "other-regions": _other_regions_message,
        },
        step={
            "thin-days": "look for missing log files of these days and ingest them, or accept this if the account was"
            " quiet",
            "missing-files": "compare the log files with those in the trail's bucket, and ingest all of them",
            "other-regions": "ingest the logs of all Regions, or give the settings of a trail that records them all"
            " with --trails",
        },
        item="{case}",
        doubt=Doubt.LOGS,
        help="Some days have far fewer callers and services than others, AWS's regular calls are recorded irregularly, "
        "or no record is from the Region in which global services such as IAM record their events.",
        to_do="look for missing log files, of all Regions, and ingest them, or give the trail's settings (`--trails`).",
        source=f"{TRAIL_GUIDE}/cloudtrail-concepts.html",
        remedy=Remedy.INGEST,
    )
    YOUNG = Row(
        "young",
        "The principal or one of its policies is too new to call a removal safe.",
        parameters={
            "case": str,
            "kind": str,
            "policy": str,
            "days": int,
            "counted": int,
            "min_days": int,
            "until": date,
        },
        message={"young-principal": _young_principal_message, "young-policy": _young_policy_message},
        step="wait until the logs reach {until}",
        item={"young-principal": "{case}", "young-policy": "{case} {policy}"},
        doubt=Doubt.YOUNG,
        help="It may not have done all its work yet, or used what the policy newly grants.",
        to_do="wait, or accept it with a decision.",
        severity=Severity.LOW,
    )
    RARE_SCHEDULE = Row(
        "rare_schedule",
        "A schedule starts the role too rarely for the logs to show two runs.",
        parameters={"source": str, "schedule": str, "expression": str, "days": int, "covered": int, "needed": int},
        message=_rare_schedule_message,
        step=_rare_schedule_step,
        item="rare-schedule {schedule}",
        doubt=Doubt.LOGS,
        help="lpgen can't see schedules in instances, clusters and tools outside AWS.",
        to_do="ingest more days, or keep what it needs then and accept this with a decision.",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html",
        remedy=Remedy.INGEST,
    )
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
        to_do="find the trail that recorded the call, in all Regions, and ingest that trail's logs.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.INGEST,
    )


def find_too_few_days(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where the logs cover too few days, or where days or files seem incomplete.

    A first-month replacement rests on the days of IAM's report instead.
    """
    coverage, covered, min_days = inputs.context.coverage, inputs.context.covered_days, inputs.ground.judge.min_days
    thin = sum((hole.last - hole.first).days + 1 for hole in coverage.thin) if coverage else 0
    is_proven = inputs.context.tracked_days >= min_days
    if not is_proven and covered + thin < min_days:
        account = inputs.grants.principal.account
        yield Caveat.of(LogsCaveat.SHORT_COVERAGE, days=covered, min_days=min_days, account=account)
    elif not is_proven and covered < min_days:
        yield Caveat.of(LogsCaveat.INCOMPLETE_LOGS, case="thin-days", days=covered, min_days=min_days, thin=thin)
    if coverage and coverage.lacks_files:
        yield Caveat.of(LogsCaveat.INCOMPLETE_LOGS, case="missing-files")


def find_youth(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for a young principal, and for each policy whose current version is young."""
    principal = inputs.grants.principal
    for age in _youth(principal.created, inputs):
        yield Caveat.of(LogsCaveat.YOUNG, case="young-principal", kind=principal.kind, **age)
    policies = {(policy.arn or policy.name, policy.group): policy for policy in principal.policies}
    for policy in policies.values():
        for age in _youth(policy.created, inputs):
            yield Caveat.of(LogsCaveat.YOUNG, case="young-policy", policy=policy.arn or policy.name, **age)


def _youth(created: datetime | None, inputs: CaveatInputs) -> Iterator[dict[str, int | date]]:
    """The age of something that is too young, and the day until which it is; the days that the logs miss don't
    count."""
    if created is None:
        return
    as_of, min_days = inputs.ground.as_of, inputs.ground.judge.min_days
    days = (as_of - created.date()).days
    counted = min(inputs.context.coverage.age(created.date(), as_of), days) if inputs.context.coverage else days
    if counted < min_days:
        until = as_of + timedelta(min(min_days - counted, (date.max - as_of).days))
        yield {"days": days, "counted": counted, "min_days": min_days, "until": until}


def find_rare_schedules(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each schedule of a role if the logs are too short to show two of its runs."""
    covered = max(inputs.context.covered_days, inputs.context.tracked_days)
    for schedule in inputs.ground.schedules.get(inputs.grants.principal.arn, ()):
        days = schedule.longest_days or 0
        if not days or covered < 2 * days:
            yield Caveat.of(
                LogsCaveat.RARE_SCHEDULE,
                source=schedule.source,
                schedule=schedule.name,
                expression=schedule.expression,
                days=days,
                covered=covered,
                needed=2 * days,
            )


def find_other_regions(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where other Regions may be in use, unless every statement is limited to Regions in the logs.

    Logs of all Regions would have a record of the Region in which global services record. Logs of one Region are
    incomplete if a role was used in another Region.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
    """
    coverage, unread = inputs.context.coverage, inputs.ground.unread.get(inputs.grants.principal.account)
    if coverage is None:
        return
    regions = [granted_regions(grant) for grant in inputs.grants.allows]
    if all(granted and granted <= {*coverage.regions} for granted in regions):
        return
    leader = missing_home_region(coverage)
    is_others = (
        unread is not None and unread.role != inputs.grants.principal.arn
    )  # a role's own use is reported as a hole
    if leader or is_others:
        yield Caveat.of(
            LogsCaveat.INCOMPLETE_LOGS,
            case="other-regions",
            regions=coverage.regions,
            leader=leader,
            role=unread.role.rpartition("/")[2] if unread else "",
            region=unread.region if unread else "",
        )


def find_unseen_last_use(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where the logs have no record of a role's last use, or none of its Region."""
    principal, coverage = inputs.grants.principal, inputs.context.coverage
    if principal.last_used is None or coverage is None:
        return
    region = principal.last_used_region
    is_after_logs = principal.last_used.date() > coverage.last_day
    is_region_read = not region or region in coverage.regions
    is_inside = _is_inside(principal.last_used, coverage)
    is_unread = is_inside and not is_region_read
    has_records = bool(inputs.records.usage.uses or inputs.records.usage.unmapped or inputs.records.usage.copied)
    if is_unread or ((is_after_logs or is_inside) and not has_records):
        yield Caveat.of(
            LogsCaveat.COVERAGE_HOLE,
            service="",
            last=principal.last_used.date(),
            region=region,
            is_region_read=is_region_read,
            is_after_logs=is_after_logs,
            unrecorded="" if is_unread or is_after_logs else inputs.context.unrecorded,
        )


def _is_inside(moment: datetime, coverage: AccountCoverage) -> bool:
    """Whether a moment is within the days of an account's logs."""
    return coverage.first_day <= moment.date() <= coverage.last_day


def find_unseen_attempts(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each service with an attempt that IAM reports on a covered day and no call in the logs.

    Kept actions that the logs can't show explain attempts on their service.
    """
    accessed, coverage = inputs.missed.observed.accessed, inputs.context.coverage
    if accessed is None or coverage is None:
        return
    explained = _explained_services(inputs, accessed)
    for service in accessed.report.services:
        if service.last is None or not coverage.first_day <= service.last <= coverage.last_day:
            continue
        if service.service not in inputs.records.seen_services and service.service not in explained:
            yield Caveat.of(
                LogsCaveat.COVERAGE_HOLE,
                service=service.service,
                last=service.last,
                region=service.region,
                is_region_read=not service.region or service.region in coverage.regions,
                is_after_logs=False,
                unrecorded="",
            )


def _explained_services(inputs: CaveatInputs, accessed: LastAccessed) -> Collection[str]:
    """The services with attempts that IAM reports and the logs need not show: a granted action is a blind spot."""
    found: set[str] = set()
    if set(inputs.ground.judge.keep.values()) == {KeepUnobservable.NONE}:
        return found
    observed, observability = inputs.missed.observed, inputs.finder.observability
    account, regions = observed.grants.principal.account, observed.usage.regions
    callers = inputs.missed.unrecorded.callers
    for action in observed.granted:
        service = action.partition(":")[0]
        is_new = service not in found and accessed.tried(service)
        if is_new and observability.blind_spot(action, account, regions, observed.grants_of(action), callers):
            found.add(service)
    return found
