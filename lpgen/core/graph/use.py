"""Use of edges: when a way was last used, whether covered days show no use, or why use can't be seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import account_in_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.graph.edges import ADMINISTRATOR, Edge
from lpgen.core.graph.outsiders import is_assumed_by
from lpgen.core.graph.ways import COMPUTE, TARGET, Step, Way
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.model import Outcome
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.lines import ASSUME
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.principal_usage import IamNames
from lpgen.core.usage.tables import Usage


class UseState(StrEnum):
    """Whether an edge was used."""

    USED = "used"
    NEVER = "never"
    UNSEEN = "unseen"


_NO_LOGS: Final = "there are no logs of the account"
_NOT_ONE_CALL: Final = "administrative rights aren't one call"


@dataclass(frozen=True, slots=True)
class EdgeUse:
    """The use of an edge: the last day, the number of covered days without use, or why use can't be seen."""

    state: UseState
    last_used: date | None = None
    covered_days: int = 0
    reason: str = ""


class UseOfEdges:
    """Looks up the use of edges in the tables of a data folder. Without them, no use can be seen."""

    def __init__(
        self,
        ways: Iterable[Way],
        catalog: Catalog,
        *,
        usage: Usage | None = None,
        observability: Observability | None = None,
        evidence: TrustEvidence | None = None,
        names: IamNames | None = None,
    ) -> None:
        self._ways: Mapping[str, Way] = {way.id: way for way in ways}
        self._catalog = catalog
        self._observability = observability
        self._coverage = evidence.coverage if evidence else None
        self._own = evidence.own if evidence else frozenset()
        self._assumptions = evidence.by_role if evidence else {}
        self._assumed: dict[tuple[str, str], date] = {}
        for role, assumptions in evidence.by_role.items() if evidence else ():
            for seen in assumptions:
                if seen.succeeded and seen.principal:
                    pair = (seen.principal, role)
                    self._assumed[pair] = max(seen.day, self._assumed.get(pair, seen.day))
        self._days: dict[tuple[str, str], dict[str, date]] = defaultdict(dict)
        if usage is not None:
            self._add_days(usage, names)

    def _add_days(self, usage: Usage, names: IamNames | None) -> None:
        actions = {step.action for way in self._ways.values() for step in way.steps}
        columns = ("principal", "action", "resource", "day", "outcome")
        for principal, action, resource, day, outcome in distinct_rows(usage.table, columns):
            if action in actions and outcome != Outcome.DENIED and day is not None:
                known, full = self._days[principal, action], names.full_arn(action, resource) if names else resource
                known[full] = max(day, known.get(full, day))

    def of(self, edge: Edge) -> EdgeUse:
        """The use of an edge. Used: each step on the target or its compute was. Never used: the logs would show one of
        them and don't."""
        if edge.rule == ADMINISTRATOR:
            return EdgeUse(UseState.UNSEEN, reason=_NOT_ONE_CALL)
        way = self._ways[edge.rule]
        steps = [step for step in way.steps if step.place in (TARGET, COMPUTE)] or list(way.steps)
        unused, days = [], []
        for step in steps:
            day = self._last_day(edge, step)
            if day is None:
                unused.append(step)
            else:
                days.append(day)
        if not unused:
            return EdgeUse(UseState.USED, last_used=min(days))
        blind = [self._blind_spot(edge, step) for step in unused]
        covered = [number for why, number in blind if not why]
        if covered:
            return EdgeUse(UseState.NEVER, covered_days=max(covered))
        return EdgeUse(UseState.UNSEEN, reason=blind[0][0])

    def _last_day(self, edge: Edge, step: Step) -> date | None:
        if step.action in ASSUME.values():
            pair = (edge.source, edge.target)
            return self._assumed.get(pair) or self._last_assumed_from_outside(*pair)
        wanted = edge.through if step.place == COMPUTE else edge.target if step.place == TARGET else ""
        return max(self._days_on(edge.source, step.action, wanted), default=None)

    def _last_assumed_from_outside(self, source: str, role: str) -> date | None:
        if account_in_arn(source) in self._own and "-provider/" not in source:
            return None
        seen = (
            one for one in self._assumptions.get(role, ()) if one.succeeded and is_assumed_by(source, one, self._own)
        )
        return max((one.day for one in seen), default=None)

    def _days_on(self, principal: str, action: str, resource: str) -> Iterator[date]:
        for used, day in self._days.get((principal, action), {}).items():
            if not resource or used == "*" or resource_contains(used, resource):
                yield day

    def _blind_spot(self, edge: Edge, step: Step) -> tuple[str, int]:
        """Why the logs couldn't show a step, or "", and the number of covered days."""
        account = account_in_arn(edge.target if step.action in ASSUME.values() else edge.source)
        covered = self._coverage.account(account) if self._coverage else None
        action = self._catalog.canonical(step.action)
        if covered is None or action is None or self._observability is None:
            return _NO_LOGS, 0
        return self._observability.blind_spot(action, account, (), ()), covered.covered_days
