"""What the logs since a rollout can't show: until when they reach, and which removed actions' denials stay unseen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import pyarrow.compute as pc

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import Action, Visibility
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.usage_of_days import usage_of_days

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class UnseenActions:
    """Removed actions of a service whose denials the logs can't show, with why, and a few by name."""

    service: str
    count: int
    examples: tuple[str, ...]
    why: str


class LogsSince:
    """The logs of the days since a rollout."""

    def __init__(self, usage: Usage, since: date, catalog: Catalog) -> None:
        last = max((day for (day,) in distinct_rows(usage.coverage, ("day",)) if day is not None), default=since)
        self._usage = usage_of_days(usage, since, last)
        self._coverage = coverage_from_usage(self._usage)
        self._observability = Observability(catalog, self._coverage, min_days=0)

    def last_day(self, account: str, since: datetime) -> str:
        """The last day of an account's logs, "" where they end before a moment."""
        covered = self._coverage.account(account)
        if covered is None or (covered.last_day == since.date() and not self._reach(account, since)):
            return ""
        return covered.last_day.isoformat()

    def _reach(self, account: str, since: datetime) -> bool:
        """Whether any record of the account is as new; coverage knows days alone."""
        for table, owner in ((self._usage.table, "recipient_account"), (self._usage.skips, "account")):
            last = pc.max(table.filter(pc.equal(table.column(owner), account)).column("last_seen")).as_py()
            if last is not None and last >= since:
                return True
        return False

    def unseen(self, removed: Iterable[Action], account: str) -> Iterator[UnseenActions]:
        """The removed actions whose denials an account's logs can't show, by service and why: first what the logs
        lack, then what CloudTrail never records."""
        by_service: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
        for action in sorted(removed):
            if why := self._observability.blind_spot(action, account, (), ()):
                never = self._observability.visibility(action) is Visibility.NEVER
                by_service[never, action.partition(":")[0], why].append(action)
        for (_, service, why), actions in sorted(by_service.items()):
            yield UnseenActions(service, len(actions), tuple(actions[:_EXAMPLES]), why)
