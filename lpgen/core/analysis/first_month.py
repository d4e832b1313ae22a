"""The first month: a replacement that rests on IAM's service last accessed, while the logs cover few days.

It keeps the old resources, and removes only actions that the report shows as never tried for long enough.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from lpgen.core.analysis.caveats.inputs import PrincipalRecords, ReviewGround
from lpgen.core.analysis.caveats.principal_class import was_active
from lpgen.core.analysis.caveats.replacement import FEWEST_DAYS
from lpgen.core.analysis.grants.granting import Granting, whole_scope
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.analysis.observability.missed_use_finder import MissedUses
from lpgen.core.analysis.synthesis.covering import lines_for_grants
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import AccountCoverage
from lpgen.core.last_accessed import TRACKED_DAYS, LastAccessed
from lpgen.core.model import Action, Principal
from lpgen.core.replacements import WHOLE_GRANT, Line, LineKind

FEWEST_COVERED_DAYS: Final = 14
"""Logs of fewer days say too little about what a principal does, and who else used it."""

FEWEST_TRACKED_DAYS: Final = 180
"""How long the report must show an action as never tried: work that recurs twice a year shows in that time."""

ACTIONS_SINCE: Final = date(2023, 9, 28)
"""On this day, AWS announced action last accessed information for more services. Attempts before it don't count for
single actions: IAM tracked few of them.
https://aws.amazon.com/blogs/security/review-last-accessed-information-to-identify-unused-ec2-iam-and-lambda-permissions-and-tighten-access-for-iam-roles
"""

KEPT: Final = "in the first month, only actions that IAM's report shows as never tried are removed"


@dataclass(frozen=True, slots=True)
class FirstMonth:
    """The removed actions of a first-month replacement, with the number of days for which the report proves each.

    It is empty if the replacement rests on the logs. After `days_to_logs` more days of logs, it can.
    """

    removed: Mapping[Action, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    days_to_logs: int = 0

    @property
    def days(self) -> int:
        """The fewest days for which the report proves a removal, or 0."""
        return min(self.removed.values(), default=0)

    def keeps(self, action: Action) -> str:
        """Why it keeps an action without a sign of use, as a clause, or ""."""
        return KEPT if self.removed and action not in self.removed else ""

    def lines(self, observed: ObservedUse, wanted: Iterable[Line], catalog: Catalog) -> Iterator[Line]:
        """The `wanted` lines, and all others except those of removed actions. Lines of use get their old scope."""
        if not self.removed:
            yield from wanted
            return
        parents = {grant.ref: grant for grant in observed.grants.allows}
        for line in wanted:
            whole = whole_scope(parents[line.parent], line.action, catalog=catalog) if line.evidence else None
            yield replace(line, scope=whole, rule=WHOLE_GRANT) if whole else line
        for action, granting in observed.granting.items():
            if action not in self.removed:
                yield from lines_for_grants(granting.grants, action, kind=LineKind.KEPT, why=KEPT, catalog=catalog)


NO_FIRST_MONTH: Final = FirstMonth()


def first_month(
    missed: MissedUses, records: PrincipalRecords, ground: ReviewGround, wanted: Collection[Action]
) -> FirstMonth:
    """The actions that an active principal's report proves unused; none with too few days of logs, or with enough.

    `wanted` are the actions that a replacement made from the logs would keep. Attempts of any outcome that the logs
    show, and actions that AWS may check inside other calls, aren't removed either.
    """
    observed = missed.observed
    principal, accessed = observed.grants.principal, observed.accessed
    coverage, changes = ground.coverage.account(principal.account), ground.explanations.changes
    enough = max(FEWEST_DAYS, ground.judge.min_days)
    if not ground.first_month or accessed is None or coverage is None or not _is_in_time(coverage, accessed, enough):
        return NO_FIRST_MONTH
    if principal.created is None or not was_active(records.usage) or changes.of(principal):
        return NO_FIRST_MONTH
    tried = {*wanted, *missed.found, *(use.action for use in records.usage.uses)}
    removed: dict[Action, int] = {}
    for action, granting in observed.granting.items():
        service = accessed.report.service(action.partition(":")[0])
        if service is None or action in tried or not missed.never_tried(action):
            continue
        if service.last is None and service.service in records.seen_services:
            continue  # the first attempt came after the report
        first = max(_granted_since(principal, granting), date.min if service.last is None else ACTIONS_SINCE)
        days = min((min(accessed.report.made, accessed.as_of) - first).days, TRACKED_DAYS)
        if days >= FEWEST_TRACKED_DAYS:
            removed[action] = days
    return FirstMonth(removed, enough - coverage.covered_days)


def _is_in_time(coverage: AccountCoverage, accessed: LastAccessed, enough: int) -> bool:
    """Whether the logs cover some days, but not enough to rest on, and continue the report without a gap."""
    is_early = FEWEST_COVERED_DAYS <= coverage.covered_days < enough
    return is_early and accessed.is_fresh and accessed.report.made >= coverage.first_day


def _granted_since(principal: Principal, granting: Granting) -> date:
    """The first day on which all statements that grant an action certainly existed.

    IAM has no date for inline policies and for attachments, so recorded changes rule a principal out.
    """
    refs = {(ref.policy, ref.group) for ref in granting.refs}
    granting_policies = (policy for policy in principal.policies if (policy.arn or policy.name, policy.group) in refs)
    policies = [*granting_policies, *([principal.boundary] if principal.boundary else [])]
    moments = (principal.created, *(policy.created for policy in policies))
    return max(moment.date() for moment in moments if moment)
