"""A person's choices about the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lpgen.core.choices import ENOUGH_DAYS, MAX_RISK, KeepByKind, KeepUnobservable, ScopeChoice, keep_each
from lpgen.core.compute import Compute
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.last_accessed import AccessReport
from lpgen.core.model import Principal
from lpgen.core.principal_names import is_named
from lpgen.core.replacements import Decision
from lpgen.core.snapshots import SnapshotStamp
from lpgen.core.trails import Trail, TrailSource
from lpgen.core.workloads import FunctionLogs, PollerUse, Schedule


def is_chosen(principal: Principal, glob: str) -> bool:
    """Whether a glob matches one of a principal's names (see `names_of_principal`); "" chooses all."""
    return is_named(principal.arn, glob)


@dataclass(frozen=True, slots=True)
class Options:
    """The choices that review, generate and verify share.

    `as_of` None means the day of the last record. `principal` is a glob for names of principals; "" means all. `trails`
    are the settings of the trails that wrote the logs. `last_accessed` has reports of service last accessed data.
    `guards` are the policies other than the principals' own. `schedules` are schedules that run as roles.
    `versioned_buckets` are the ARNs of buckets with versioning. `function_logs` are the log groups of functions.
    `event_sources` are the resources that event source mappings and pipes use.
    `trust_quotas` are the quotas for the size of trust policies, by account. `compute` are the resources that run with
    a role. All of them are optional. `snapshot` is the source of some of the inputs, and `decisions_file` the name of
    the decisions file. `attached_quota` is how many managed policies may be attached to one role or user. A replacement
    is safe only if at most this share of such replacements deny anything in 30 days: `max_risk`. None means that there
    is no backtest, so no replacement is safe. `trust` means that narrowed trust policies are written too,
    with `github_ids`: the ids of owner and repository by name.
    """

    keep_unobservable: KeepByKind = field(default_factory=lambda: keep_each(KeepUnobservable.SIGNED))
    min_days: int = ENOUGH_DAYS
    as_of: date | None = None
    inline: bool = False
    decisions: tuple[Decision, ...] = ()
    principal: str = ""
    trails: tuple[Trail, ...] = ()
    last_accessed: tuple[AccessReport, ...] = ()
    guards: Guards = NO_GUARDS
    schedules: tuple[Schedule, ...] = ()
    versioned_buckets: tuple[str, ...] = ()
    function_logs: tuple[FunctionLogs, ...] = ()
    event_sources: tuple[PollerUse, ...] = ()
    trust_quotas: Mapping[str, int] = field(default_factory=dict, hash=False)
    compute: tuple[Compute, ...] = ()
    snapshot: SnapshotStamp | None = None
    trail_source: TrailSource = TrailSource.NAMED
    attached_quota: int = ATTACHED_POLICIES_LIMIT
    scope: ScopeChoice = ScopeChoice.AUTO
    max_risk: float | None = MAX_RISK
    decisions_file: str = ""
    trust: bool = False
    github_ids: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
