"""Service last accessed: IAM's report of a principal's last attempt to use each service that its policies allow.

IAM counts every attempt in the last 400 days, including denied attempts and the data plane. It doesn't track
`iam:PassRole`.

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
"""The number of days that IAM tracks, also for the last use of roles."""

_FRESH_DAYS: Final = 30
"""A report that is this many days older than the end of the logs isn't evidence that a service was never used."""

_TRIED: Final = "IAM reports the last attempt to use {service} on {day}"
_SERVICE_UNTRIED: Final = f"IAM reports no attempt to use {{service}} in the {TRACKED_DAYS} days before {{day}}"
_ACTION_UNTRIED: Final = f"IAM tracks {{action}} and reports no attempt in the {TRACKED_DAYS} days before {{day}}"

_RENAME: Final = "rename it to ACCOUNT-KIND-NAME.json, or list it in index.json"
_SEVERAL: Final = f"several principals have this name; {_RENAME}"
_NOBODYS: Final = f"it belongs to no principal of the policies; {_RENAME}"
_ANOTHERS: Final = "it is about {entity}, not about {principal}"

_UNTRACKED: Final = frozenset({"iam:PassRole"})


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """One service of a report. `last` is None without an attempt; `region` is the Region of the last attempt, or "".

    `actions` are the tracked actions, by name in lower case, each with its last attempt or None; empty in a report with
    service granularity.
    """

    service: str
    last: date | None
    region: str
    actions: tuple[tuple[str, date | None], ...]


@dataclass(frozen=True)
class AccessReport:
    """One report. `stem` is its file name without `.json`, `arn` the principal in the index, or "".

    `entity` is the role or user that the report names for an attempt, "" if it names none. `made` is the day on which
    IAM completed it.
    """

    file: str
    stem: str
    arn: str
    entity: str
    made: date
    services: tuple[ServiceAccess, ...]

    def service(self, service: str) -> ServiceAccess | None:
        """Its entry for a service, or None if it doesn't list it, which isn't evidence."""
        return self._by_service.get(service)

    @cached_property
    def _by_service(self) -> Mapping[str, ServiceAccess]:
        """The services by name. The first of two equal names counts."""
        return {access.service: access for access in reversed(self.services)}


def known_on(report: AccessReport, day: date) -> AccessReport:
    """The report as of an earlier day, as far as this report shows it.

    A service or action with a later attempt may have had earlier ones, so the result omits it.
    """
    services = tuple(
        replace(access, actions=tuple((name, last) for name, last in access.actions if last is None or last <= day))
        for access in report.services
        if access.last is None or access.last <= day
    )
    return replace(report, made=min(report.made, day), services=services)


@dataclass(frozen=True, slots=True)
class LastAccessed:
    """One principal's report in the analysis of the days from `since` to `as_of`."""

    report: AccessReport
    as_of: date
    since: date = date.min

    @property
    def is_fresh(self) -> bool:
        """Whether a service without an attempt counts as unused at the end of the logs."""
        return (self.as_of - self.report.made).days <= _FRESH_DAYS

    def reports_on(self, action: Action) -> bool:
        """Whether it is fresh and lists the action's service, with or without an attempt."""
        return self.is_fresh and self.report.service(action.partition(":")[0]) is not None

    def tried(self, service: str) -> str:
        """Its sign of use for a service, as a clause, or "". Attempts before the analyzed days don't count."""
        found = self.report.service(service)
        if found is None or found.last is None or found.last < self.since:
            return ""
        return _TRIED.format(service=service, day=found.last)

    def never(self, action: Action, visibility: Visibility) -> str:
        """Why it is evidence that an action was not used, as a clause, or "".

        A service without an attempt is evidence for all its actions. A tracked action without an attempt is evidence
        only for itself, if its calls are management events: IAM tracks no other actions.
        """
        prefix, _, name = action.partition(":")
        service = self.report.service(prefix)
        if service is None or action in _UNTRACKED or not self.is_fresh:
            return ""
        if service.last is None:
            return _SERVICE_UNTRIED.format(service=prefix, day=self.report.made)
        if visibility is Visibility.MANAGEMENT and dict(service.actions).get(name.lower(), self.as_of) is None:
            return _ACTION_UNTRIED.format(action=action, day=self.report.made)
        return ""


def last_accessed_by_principal(
    reports: Iterable[AccessReport], principals: Iterable[Principal]
) -> tuple[dict[str, AccessReport], tuple[str, ...]]:
    """The reports by principal ARN, and a sentence for each that can't be used.

    A report is about the ARN in the index. Without an index, its file has the name of an output folder
    (`111122223333-role-app`) or, if only one principal has it, the bare name. The later of two reports about one
    principal counts.
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
        return _SEVERAL
    if not arns or arns[0] not in known:
        return _NOBODYS
    if report.entity and report.entity != arns[0]:
        return _ANOTHERS.format(entity=report.entity, principal=arns[0])
    return ""
