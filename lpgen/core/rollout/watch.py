"""What the logs show since a rollout: denials, and the removed actions whose denials they can't show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import pyarrow.compute as pc

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Action, AttachedPolicy, Outcome, PolicyKind, SkipReason, Visibility
from lpgen.core.rollout.denials import Denial, PoliciesSince, denials_since
from lpgen.core.rollout.denied_assumptions import DeniedAssumption, denied_assumptions
from lpgen.core.rollout.plan import PolicyText, PrincipalPlan
from lpgen.core.rollout.plan_rollout import principal_before
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.usage_of_days import usage_of_days

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class _UnseenActions:
    """Removed actions of a service whose denials the logs can't show, with the reason and a few names."""

    service: str
    count: int
    examples: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What the logs show for one principal since its rollout. `logs_until` is their last day, "" if they end earlier.

    `unmapped` are denied calls with an unknown action: pairs of the call and the number of records. `snapshot` is the
    name of the snapshot whose policies show what is restored, or "". `assumptions` are denied requests for sessions of
    a role whose trust policy was narrowed.
    """

    principal: str
    applied_at: str
    logs_until: str
    denials: tuple[Denial, ...]
    unmapped: tuple[tuple[str, int], ...]
    unseen: tuple[_UnseenActions, ...]
    snapshot: str = ""
    assumptions: tuple[DeniedAssumption, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the rollout may have caused a denial that isn't restored."""
        denied: tuple[Denial | DeniedAssumption, ...] = (*self.denials, *self.assumptions)
        return bool(self.unmapped) or any(denial.lost and not denial.restored for denial in denied)


def watch_rollout(
    applied: Mapping[str, str],
    plans: Iterable[PrincipalPlan],
    usage: Usage,
    catalog: Catalog,
    now: PoliciesSince | None = None,
) -> list[Watched]:
    """The denials of each principal since its rollout. `applied` has the times by ARN, ISO 8601 in UTC.

    `now` has the current policies, which show what was restored.
    """
    times = {principal: datetime.fromisoformat(when) for principal, when in applied.items()}
    logs = {since: LogsSince(usage, since, catalog) for since in {time.date() for time in times.values()}}
    return [
        _watch_principal(plan, since, usage, catalog, logs[since.date()], now=now)
        for plan in plans
        if (since := times.get(plan.principal)) is not None
    ]


def _watch_principal(
    plan: PrincipalPlan,
    since: datetime,
    usage: Usage,
    catalog: Catalog,
    logs: LogsSince,
    *,
    now: PoliciesSince | None,
) -> Watched:
    last_day = logs.last_day(plan.account, since)
    removed = _granted(plan, plan.before, catalog) - _granted(plan, plan.after, catalog) if last_day else frozenset()
    return Watched(
        plan.principal,
        since.isoformat(),
        last_day,
        tuple(denials_since(plan, since, usage, now)),
        tuple(_unmapped(plan, since, usage)),
        tuple(logs.unseen(removed, plan.account)),
        now.name if now else "",
        tuple(denied_assumptions(plan, since, usage, now)),
    )


def _unmapped(plan: PrincipalPlan, since: datetime, usage: Usage) -> Iterator[tuple[str, int]]:
    columns = ("principal", "reason", "outcome", "event_source", "event_name", "last_seen", "records")
    found: dict[str, int] = defaultdict(int)
    for principal, reason, outcome, source, name, last, records in table_rows(usage.skips, columns):
        # Among calls from other accounts, only calls that can't be mapped have a caller.
        denied = reason in (SkipReason.UNMAPPED, SkipReason.CROSS_ACCOUNT_CALLER) and outcome == Outcome.DENIED
        if principal == plan.principal and denied and last is not None and last >= since:
            found[f"{source} {name}"] += records
    yield from sorted(found.items())


# ---------------------------------------------------------------- what was taken away


def _granted(plan: PrincipalPlan, texts: Sequence[PolicyText], catalog: Catalog) -> frozenset[Action]:
    policies = tuple(
        AttachedPolicy(PolicyKind.INLINE, text.policy, "", "", None, policy_from_json(text.text, place=text.policy))
        for text in texts
    )
    (grants,) = grants_from_principals([replace(principal_before(plan), policies=policies, boundary=None)], catalog)
    return grants.granted()


# ---------------------------------------------------------------- what the logs cover


class LogsSince:
    """The logs of the days since a rollout."""

    def __init__(self, usage: Usage, since: date, catalog: Catalog) -> None:
        last = max((day for (day,) in distinct_rows(usage.coverage, ("day",)) if day is not None), default=since)
        self._usage = usage_of_days(usage, since, last)
        self._coverage = coverage_from_usage(self._usage)
        self._observability = Observability(catalog, self._coverage, min_days=0)

    def last_day(self, account: str, since: datetime) -> str:
        """The last day of an account's logs, or "" if they end before `since`."""
        covered = self._coverage.account(account)
        if covered is None or (covered.last_day == since.date() and not self._reach(account, since)):
            return ""
        return covered.last_day.isoformat()

    def _reach(self, account: str, since: datetime) -> bool:
        """Whether any record of the account is from `since` or later. Coverage has only whole days."""
        for table, owner in ((self._usage.table, "recipient_account"), (self._usage.skips, "account")):
            last = pc.max(table.filter(pc.equal(table.column(owner), account)).column("last_seen")).as_py()
            if last is not None and last >= since:
                return True
        return False

    def unseen(self, removed: Iterable[Action], account: str) -> Iterator[_UnseenActions]:
        """The removed actions whose denials an account's logs can't show, by service and reason: first events that
        the logs lack, then events that CloudTrail never records."""
        by_service: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
        for action in sorted(removed):
            if why := self._observability.blind_spot(action, account, (), ()):
                never = self._observability.visibility(action) is Visibility.NEVER
                by_service[never, action.partition(":")[0], why].append(action)
        for (_, service, why), actions in sorted(by_service.items()):
            yield _UnseenActions(service, len(actions), tuple(actions[:_EXAMPLES]), why)
