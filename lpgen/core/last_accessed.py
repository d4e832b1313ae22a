"""Service last accessed: when a principal last tried each service that its policies allow, according to IAM.

IAM counts every attempt, denied ones too, data plane included, for 400 days back. `iam:PassRole` isn't tracked.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

from lpgen.core.model import Action, Principal, Visibility

TRACKED_DAYS: Final = 400
"""How many days IAM looks back, for the last use of roles too."""

_FRESH_DAYS: Final = 30
"""A report older than this before the end of the logs is no longer evidence that a service was never tried."""

_UNTRACKED: Final = frozenset({"iam:PassRole"})


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """One service of a report. `last` is None where it was never tried; `region` is that of the last attempt, or "".

    `actions` are the tracked actions, by name in lower case, each with its last attempt or None; empty in a report of
    service granularity.
    """

    service: str
    last: date | None
    region: str
    actions: tuple[tuple[str, date | None], ...]


@dataclass(frozen=True)
class AccessReport:
    """One report. `stem` is its file's name without `.json`, `arn` the principal that the index gives for it, or "".

    `entity` is the role or user that the report names as having tried a service, "" where it names none. `made` is the
    day on which IAM completed it.
    """

    file: str
    stem: str
    arn: str
    entity: str
    made: date
    services: tuple[ServiceAccess, ...]

    def service(self, service: str) -> ServiceAccess | None:
        """Its entry on a service, or None where it doesn't list it (which says nothing)."""
        return self._by_service.get(service)

    @cached_property
    def _by_service(self) -> Mapping[str, ServiceAccess]:
        """The services by name; of two alike the first counts."""
        return {access.service: access for access in reversed(self.services)}


def known_on(report: AccessReport, day: date) -> AccessReport:
    """The report as it would have been on an earlier day, as far as this one shows.

    A service or action tried since may have been tried before too, so the result leaves it out.
    """
    services = tuple(
        replace(access, actions=tuple((name, last) for name, last in access.actions if last is None or last <= day))
        for access in report.services
        if access.last is None or access.last <= day
    )
    return replace(report, made=min(report.made, day), services=services)


@dataclass(frozen=True, slots=True)
class LastAccessed:
    """The meaning of one principal's report for the analysis of the days from `since` to `as_of`."""

    report: AccessReport
    as_of: date
    since: date = date.min

    @property
    def is_fresh(self) -> bool:
        """Whether a service that it doesn't show still counts as not tried at the end of the logs."""
        return (self.as_of - self.report.made).days <= _FRESH_DAYS

    def reports_on(self, action: Action) -> bool:
        """Whether it is fresh and lists the action's service: when that was last tried, or that it wasn't."""
        return self.is_fresh and self.report.service(action.partition(":")[0]) is not None

    def tried(self, service: str) -> str:
        """The sign of use that it gives for a service, as a clause, or ""; none from before the analyzed days."""
        found = self.report.service(service)
        if found is None or found.last is None or found.last < self.since:
            return ""
        return f"IAM dates the last attempt to use {service} to {found.last}"

    def never(self, action: Action, visibility: Visibility) -> str:
        """Why it is evidence that an action was not used, as a clause, or "".

        A service that was never tried is evidence for all its actions. A tracked action that was never tried is
        evidence only for itself, where its calls are management events: IAM tracks no others by action.
        """
        prefix, _, name = action.partition(":")
        service = self.report.service(prefix)
        if service is None or action in _UNTRACKED or not self.is_fresh:
            return ""
        if service.last is None:
            return f"IAM knows of no try of {prefix} in {TRACKED_DAYS} days up to {self.report.made}"
        if visibility is Visibility.MANAGEMENT and dict(service.actions).get(name.lower(), self.as_of) is None:
            return f"IAM tracks {action} and knows of no try in {TRACKED_DAYS} days up to {self.report.made}"
        return ""


def last_accessed_by_principal(
    reports: Iterable[AccessReport], principals: Iterable[Principal]
) -> tuple[dict[str, AccessReport], tuple[str, ...]]:
    """The reports by principal ARN, and a sentence for each that can't be used.

    A report is about the ARN that the index gives; else its file is named like an output folder
    (`111122223333-role-app`) or, where only one principal has it, by the bare name. Of two about one principal the
    later counts.
    """
    reports = sorted(reports, key=lambda report: (report.made, report.file))
    if not reports:
        return {}, ()
    by_arn = {principal.arn: principal for principal in principals}
    names: dict[str, list[str]] = {}
    for principal in by_arn.values():
        for stem in (report_stem(principal), _safe_name(principal.name)):
            names.setdefault(stem, []).append(principal.arn)
    found: dict[str, AccessReport] = {}
    problems: list[str] = []
    for report in reports:
        arns = [report.arn] if report.arn else names.get(report.stem, [])
        problem = _misfit(report, arns, by_arn)
        if problem:
            problems.append(f"{report.file}: {problem}")
        else:
            found[arns[0]] = report
    return found, tuple(sorted(problems))


def report_stem(principal: Principal) -> str:
    """The file name of a principal's report, without `.json`; output folders have the same name."""
    return f"{principal.account or 'no-account'}-{principal.kind}-{_safe_name(principal.name)}"


def _safe_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "_+=,.@-" else "_" for letter in name) or "_"


def _misfit(report: AccessReport, arns: list[str], known: dict[str, Principal]) -> str:
    """Why a report belongs to no principal of the policies, or ""."""
    if len(arns) > 1:
        return "several principals have this name; call it ACCOUNT-KIND-NAME.json, or list it in index.json"
    if not arns or arns[0] not in known:
        return "it belongs to no principal of the policies; call it ACCOUNT-KIND-NAME.json, or list it in index.json"
    if report.entity and report.entity != arns[0]:
        return f"it is about {report.entity}, not about {arns[0]}"
    return ""
