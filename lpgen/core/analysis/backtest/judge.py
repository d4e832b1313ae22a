"""The judgement of one principal's replacements from several windows, and of simpler policies, by its later use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lpgen.core.analysis.backtest.dated_uses import AllowedUse, DatedUse, allowed_uses, cause_of_denial, denied_uses
from lpgen.core.analysis.grants.aws_policies import actions_of_left
from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.reach import NO_PLACES, Places, places_of_others, reach_of_lines
from lpgen.core.analysis.verify import documents_of_replacement
from lpgen.core.backtests import (
    NO_REACH,
    Alternative,
    AlternativeResult,
    DenialCause,
    DeniedNeed,
    JudgedWindow,
    PastDenials,
    PrincipalBacktest,
    Reach,
    Window,
    average,
)
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, Use
from lpgen.core.findings import ActionFact, PrincipalDiff, Proposal
from lpgen.core.guards import Guards
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.model import Action, ResourceKind

# ---------------------------------------------------------------- simpler policies, for comparison

_WHOLE: Final = "*"


@dataclass(frozen=True, slots=True)
class _LearnedUse:
    """A principal's use on the days to learn on: `resources` by action, `*` for an unrecorded resource."""

    services: frozenset[str]
    resources: Mapping[Action, frozenset[str]]
    folds: Mapping[Action, frozenset[str]]

    def allows(self, alternative: Alternative, use: Use) -> bool:
        """Whether the alternative's policies from this use allow another use."""
        if alternative is Alternative.UNTOUCHED:
            return True
        if alternative is Alternative.SERVICES:
            return _service(use.action) in self.services
        seen = self.resources.get(use.action)
        if seen is None or alternative is Alternative.ACTIONS:
            return seen is not None
        named = use.resource.kind in (ResourceKind.ARN, ResourceKind.FOLD)
        return not named or self.allows_place(use.action, use.resource.text)

    def allows_place(self, action: Action, place: str) -> bool:
        """Whether a policy of the exact resources allows an action on a resource."""
        seen = self.resources.get(action, frozenset[str]())
        return (
            place in seen
            or _WHOLE in seen
            or any(resource_contains(fold, place) for fold in self.folds.get(action, ()))
        )

    def kept(self, alternative: Alternative, granted: Mapping[str, frozenset[Action]]) -> int:
        """The number of granted actions, given by service, that the alternative keeps."""
        if alternative is Alternative.UNTOUCHED:
            return sum(map(len, granted.values()))
        if alternative is Alternative.SERVICES:
            return sum(len(granted.get(service, ())) for service in self.services)
        return sum(action in granted.get(_service(action), ()) for action in self.resources)


def _learned_use(uses: Iterable[Use]) -> _LearnedUse:
    """The services, resources and folds that appear in the uses."""
    resources: dict[Action, set[str]] = defaultdict(set)
    folds: dict[Action, set[str]] = defaultdict(set)
    for use in uses:
        resources[use.action].add(use.resource.text)
        if use.resource.kind is ResourceKind.FOLD:
            folds[use.action].add(use.resource.text)
    return _LearnedUse(
        frozenset(map(_service, resources)),
        {action: frozenset(found) for action, found in resources.items()},
        {action: frozenset(found) for action, found in folds.items()},
    )


def _actions_by_service(actions: Iterable[Action]) -> dict[str, frozenset[Action]]:
    """The actions by the prefix of their service."""
    found: dict[str, set[Action]] = defaultdict(set)
    for action in actions:
        found[_service(action)].add(action)
    return {service: frozenset(some) for service, some in found.items()}


def _service(action: Action) -> str:
    return action.partition(":")[0]


# ---------------------------------------------------------------- the replacements

_Need = tuple[Action, str]


@dataclass(slots=True)
class _Denials:
    """The findings on one denied need. `records` are by use and day."""

    cause: DenialCause
    windows: int = 0
    first: tuple[date, str] = (date.max, "")
    records: dict[tuple[int, date], int] = field(default_factory=dict)


class Bench:
    """Judges the replacements of one principal. Results that don't depend on the window are computed once."""

    def __init__(
        self,
        grants: PrincipalGrants,
        uses: Iterable[DatedUse],
        facts: Mapping[Action, ActionFact],
        catalog: Catalog,
        guards: Guards,
        places: Places = NO_PLACES,
    ) -> None:
        self.grants, self._catalog, self._places = grants, catalog, places
        self._granted = grants.granted()
        self._dangerous = frozenset(action for action in self._granted if facts[action].danger)
        self._uses = allowed_uses(grants.principal, uses, catalog, guards)
        self._needs: dict[_Need, _Denials] = {}
        self._judged: dict[Window, JudgedWindow] = {}
        self._last: tuple[Window, PrincipalDiff] | None = None

    def judge(self, proposal: Proposal, window: Window, *, notes: bool) -> None:
        """Judge the proposal made at the end of the days to learn on, if it is a replacement.

        With `notes`, each denied need is recorded.
        """
        replacement = proposal.replacement
        if replacement is None or replacement.refused_for is not None:
            return
        statements = [statement for document in replacement.documents for statement in document.statements]
        kept = actions_of_left(self.grants, replacement.left).union(*(statement.actions for statement in statements))
        first, last = window.judge_first, window.judge_last
        written = documents_of_replacement(replacement)
        denied = list(denied_uses(self._uses, written, self._catalog, first=first, last=last))
        if notes:
            self._note(denied, kept, window)
            self._last = window, proposal.diff
        self._judged[window] = JudgedWindow(
            window,
            not proposal.caveats,
            len({_need(use) for use in denied}),
            sum(use.dated.records[at] for use in denied for at in use.dated.places(first, last)),
            len(self._granted - kept),
            len(self._dangerous - kept),
        )

    def _note(self, denied: Iterable[AllowedUse], kept: frozenset[Action], window: Window) -> None:
        met: set[_Need] = set()
        for use in denied:
            need = _need(use)
            known = self._needs.setdefault(need, _Denials(cause_of_denial(use, kept)))
            known.windows += need not in met
            met.add(need)
            for at in use.dated.places(window.judge_first, window.judge_last):
                day = use.dated.days[at]
                known.records[id(use), day] = use.dated.records[at]
                known.first = min(known.first, (day, use.dated.event_ids[at]))

    def past_denials(self) -> PastDenials:
        """The denials that the replacements of all windows would have caused."""
        judged, needs = tuple(self._judged.values()), tuple(self._denied_needs())
        return PastDenials(
            len(judged),
            sum(window.window.judge_days for window in judged),
            len(needs),
            sum(window.denied_needs > 0 for window in judged),
            bool(judged) and judged[-1].denied_needs > 0,
            max(needs, key=lambda need: (need.windows, need.records), default=None),
            len({day for use in self._uses for day in use.dated.days}),
            len(set(map(_need, self._uses))),
        )

    def _denied_needs(self) -> Iterable[DeniedNeed]:
        """The recorded needs, sorted."""
        for (action, resource), need in sorted(self._needs.items()):
            yield DeniedNeed(action, resource, need.cause, sum(need.records.values()), *need.first, need.windows)

    def result(self, windows: Iterable[Window], curve: Iterable[Window]) -> PrincipalBacktest:
        """The results in the windows, and on the learning curve."""
        judged = tuple(self._judged[window] for window in windows if window in self._judged)
        reach = self._reach(*self._last) if self._last else NO_REACH
        return PrincipalBacktest(
            self.grants.principal.arn,
            len(self._granted),
            len(self._dangerous),
            judged,
            tuple(self._judged[window] for window in curve if window in self._judged),
            tuple(self._denied_needs()),
            self._alternatives([window.window for window in judged], reach),
            reach,
        )

    def _reach(self, window: Window, diff: PrincipalDiff) -> Reach:
        uses = (use.dated.use for use in self._used_in(window.learn_first, window.learn_last))
        account, granting = self.grants.principal.account, granting_by_action(self.grants.allows)
        left = {policy.arn for policy in diff.draft.left}
        return reach_of_lines(self._places, account, uses, granting, diff.draft.lines, left)

    def _alternatives(self, windows: Sequence[Window], reach: Reach) -> dict[Alternative, AlternativeResult]:
        """The denials and removals that simpler policies from the same days would have caused."""
        by_service = _actions_by_service(self._granted)
        needs: dict[Alternative, set[_Need]] = {which: set() for which in Alternative}
        shares: dict[Alternative, list[float]] = {which: [] for which in Alternative}
        for window in windows:
            seen = _learned_use(use.dated.use for use in self._used_in(window.learn_first, window.learn_last))
            later = self._used_in(window.judge_first, window.judge_last)
            for which in Alternative:
                needs[which].update(_need(use) for use in later if not seen.allows(which, use.dated.use))
                removed = len(self._granted) - seen.kept(which, by_service)
                shares[which].append(removed / len(self._granted) if self._granted else 0.0)
        reaches = self._reach_of_alternatives(windows[-1], reach) if windows else {}
        return {
            which: AlternativeResult(len(needs[which]), average(shares[which]), reaches.get(which, 0))
            for which in Alternative
        }

    def _reach_of_alternatives(self, window: Window, reach: Reach) -> dict[Alternative, int]:
        uses = [use.dated.use for use in self._used_in(window.learn_first, window.learn_last)]
        seen = _learned_use(uses)
        places = places_of_others(self._places, self.grants.principal.account, uses)
        exact = sum(seen.allows_place(action, place) for action, place in places)
        everywhere = dict.fromkeys((Alternative.ACTIONS, Alternative.SERVICES), reach.places)
        return {Alternative.EXACT: exact, Alternative.UNTOUCHED: reach.old, **everywhere}

    def _used_in(self, first: date, last: date) -> list[AllowedUse]:
        return [use for use in self._uses if use.dated.places(first, last)]


def _need(use: AllowedUse) -> _Need:
    return use.dated.use.action, use.dated.use.resource.text
