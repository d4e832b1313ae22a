"""The inputs of the review of a principal: those that all reviews share, its records, and those of its caveats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lpgen.core.analysis.explained_use import Explanations
from lpgen.core.analysis.grants.aws_policies import LeftAttached
from lpgen.core.analysis.grants.granting import regions_in
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder, MissedUses
from lpgen.core.analysis.observability.signs_of_use import SignOfLife
from lpgen.core.analysis.reach import NO_PLACES, Places
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.analysis.verdicts import Judge, SeenActions
from lpgen.core.backtests import Forecast
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import AccountCoverage, CoverageSource, LogCoverage, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.findings import UngrantedUse
from lpgen.core.last_accessed import AccessReport
from lpgen.core.model import Action, Principal
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, LeftPolicy, Line
from lpgen.core.workloads import Schedule


@dataclass(frozen=True, slots=True)
class SnapshotResources:
    """The ARNs of resources that a snapshot holds, and the Regions that they name."""

    arns: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


def snapshot_resources(options: Options) -> SnapshotResources:
    """The functions, the buckets with versions, and the resources with a policy, of all Regions that were read."""
    arns = frozenset(
        (
            *(log.function for log in options.function_logs),
            *(policy.resource for policy in options.guards.resource_policies),
            *options.versioned_buckets,
        )
    )
    return SnapshotResources(arns, frozenset(region for arn in arns for region in regions_in(arn)))


@dataclass(frozen=True, slots=True)
class _UnreadUse:
    """The last use of a role that IAM reports, in another Region than the only one in the logs."""

    role: str
    region: str


def unread_uses(principals: Iterable[Principal], coverage: LogCoverage) -> Mapping[str, _UnreadUse]:
    """By account, a use which shows that the logs cover only one Region while others are in use.

    The last day of the logs may be incomplete and doesn't count. Accounts that only trail settings decide are left out.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    found: dict[str, _UnreadUse] = {}
    accounts = {read.account: read for read in coverage.accounts if read.known_from is not CoverageSource.TRAILS}
    for role in principals:
        read, region = accounts.get(role.account), role.last_used_region
        if read is None or role.last_used is None or len(read.regions) != 1 or region in ("", *read.regions):
            continue
        if read.first_day <= role.last_used.date() < read.last_day:
            found.setdefault(role.account, _UnreadUse(role.arn, region))
    return found


@dataclass(frozen=True, slots=True)
class ReviewGround:
    """The inputs that the reviews of all principals share.

    `unread` has by account a use which shows that its logs cover only one Region. `left` selects the policies left
    attached. `schedules` are those that start a role, `snapshot` has resources that exist. `places` are the resources
    that all principals use, for measuring reach. With `drafts`, a review finds only the caveats and lines of
    replacements, which is all that a backtest needs. Without `weighs`, it finds only the lines: a look back doesn't ask
    whether earlier replacements were safe. With `first_month`, a replacement rests on service last accessed while the
    logs cover few days.
    """

    judge: Judge
    coverage: LogCoverage
    explanations: Explanations
    unread: Mapping[str, _UnreadUse]
    decisions: tuple[Decision, ...]
    as_of: date
    scopes: ScopeFinder
    left: LeftAttached
    schedules: Mapping[str, Sequence[Schedule]]
    snapshot: SnapshotResources
    places: Places = NO_PLACES
    drafts: bool = False
    weighs: bool = True
    first_month: bool = False


@dataclass(frozen=True, slots=True)
class PrincipalRecords:
    """The records of one principal.

    `usage` is its counted use, `dropped` the use that decisions drop by its day. `seen_services` are the services that
    any record shows it to have called. They matter only with `accessed`, IAM's report of its last use. `forecast` has
    the denials expected of its replacement, None for drafts. `days` are the active days of all roles of its permission
    set.
    """

    usage: PrincipalUsage
    dropped: tuple[Use, ...] = ()
    accessed: AccessReport | None = None
    seen_services: Collection[str] = ()
    forecast: Forecast | None = None
    days: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class PrincipalContext:
    """The facts that decide the class of a principal and the proposal for it.

    `covered_days` is how many days of its account the logs cover. `break_glass` is the name in the decision which says
    that it is for emergencies, or "". `life` shows use that no record shows. `lines` are those of its replacement,
    `left` the policies left attached. `unrecorded` says which of its use leaves no record, or is "". `tracked_days` is
    for how many days IAM's report proves the removals of a first-month replacement, or 0.
    """

    grants: PrincipalGrants
    usage: PrincipalUsage
    coverage: AccountCoverage | None
    covered_days: int
    as_of: date
    break_glass: str
    life: SignOfLife | None
    lines: tuple[Line, ...] = ()
    left: tuple[LeftPolicy, ...] = ()
    unrecorded: str = ""
    tracked_days: int = 0


@dataclass(frozen=True, slots=True)
class CaveatInputs:
    """The inputs of the detectors of one principal's caveats.

    `grants` are without the policies left attached, whose actions are `left`; `granted` are the actions that they
    allow. `kept` are the actions of the replacement's lines. `seen` are the actions that records show. `missed` has the
    observed use and the use that the logs may have missed. `contradicted` are the uses that its policies would have
    denied.
    """

    ground: ReviewGround
    records: PrincipalRecords
    context: PrincipalContext
    grants: PrincipalGrants
    granted: frozenset[Action]
    left: frozenset[Action]
    kept: frozenset[Action]
    seen: SeenActions
    missed: MissedUses
    contradicted: tuple[UngrantedUse, ...]
    finder: MissedUseFinder
    catalog: Catalog
