"""The backtest of a batch of principals, and the forecast of how likely each replacement is to deny something.

A backtest takes one window after another, which keeps memory flat. A review looks back: it judges replacements made
from the first days of the logs on the days after them. It judges each principal by its own past, so a review of one
principal gives the same result for it as a review of all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lpgen.core.analysis.backtest.dated_uses import dated_uses_from_usage
from lpgen.core.analysis.backtest.judge import Bench
from lpgen.core.analysis.backtest.windows import look_back_windows
from lpgen.core.analysis.caveats.replacement import FEWEST_DAYS
from lpgen.core.analysis.counted_use import UseCounter
from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.evidence_classes import class_of_past, risk_of_class
from lpgen.core.analysis.observability.signs_in_logs import copied_services, copied_services_from_usage
from lpgen.core.analysis.prepare import keep_coverage, prepare_review
from lpgen.core.analysis.reach import NO_PLACES, Places
from lpgen.core.analysis.reviewer import Batch, Reviewer, whole_already
from lpgen.core.analysis.suspicion import Suspicion
from lpgen.core.analysis.verdicts import ActionFacts
from lpgen.core.backtests import Forecast, PastDenials, PrincipalBacktest, Window
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import ScopeChoice
from lpgen.core.evidence import LogCoverage, PrincipalGrants
from lpgen.core.keeping import Keep, KeepOf, make_again
from lpgen.core.last_accessed import known_on
from lpgen.core.model import Principal
from lpgen.core.options import Options, is_chosen
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.thin_days import LONGEST_QUIET_DAYS
from lpgen.core.usage.usage_of_days import covered_days, usage_of_days


@dataclass(frozen=True, slots=True)
class _Learning:
    """The reviewer of principals for a window's days to learn on, without proofs.

    `copied` are the services that principals called on these days according to copies of calls.
    """

    window: Window
    reviewer: Reviewer
    copied: Mapping[str, frozenset[str]]

    def batch(self, whole: Batch) -> Batch:
        """The part of a batch of all days that belongs to the days to learn on."""
        usage = usage_of_days(whole.usage, self.window.learn_first, self.window.learn_last)
        copied = copied_services([principal.arn for unit in whole.units for principal in unit], self.copied)
        accessed = {arn: known_on(report, self.window.learn_last) for arn, report in whole.accessed.items()}
        return Batch(whole.units, usage, copied, accessed)


def learnings_of_windows(
    usage: Usage,
    windows: Iterable[Window],
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    facts: ActionFacts,
    suspicion: Suspicion,
    whole: Callable[[Principal], Principal] = whole_already,
    keep: Keep = make_again,
    weighs: bool = True,
) -> tuple[_Learning, ...]:
    """One `_Learning` per distinct window, with the results of its days to learn on, which all principals share.

    All share `facts` and the `suspicion` of all days. Fewer covered days are enough than in a review, because a few
    days without records at either end of the window aren't a gap. Schedules are ignored, because the schedules of that
    time aren't known. So are first-month replacements, because the reports of that time aren't known.
    """
    learnings = []
    for window in dict.fromkeys(windows):
        learned = usage_of_days(usage, window.learn_first, window.learn_last)
        enough = min(options.min_days, max(window.learn_days - 2 * LONGEST_QUIET_DAYS, 1))
        scope = ScopeChoice.EVIDENCE if options.scope is ScopeChoice.AUTO else options.scope
        then = replace(options, as_of=window.learn_last, min_days=enough, last_accessed=(), schedules=(), scope=scope)
        kept = KeepOf(keep, (window.learn_first, window.learn_last))
        reviewer, _ = prepare_review(
            learned,
            keep_coverage(kept, learned, then),
            principals,
            catalog,
            then,
            decisions=decisions_in_force(options.decisions, as_of=window.learn_last),
            whole=whole,
            keep=kept,
            suspicion=suspicion,
        )
        ground = reviewer.ground
        ground = replace(ground, judge=replace(ground.judge, facts=facts), drafts=True, weighs=weighs)
        copied = copied_services_from_usage(learned, catalog)
        learnings.append(_Learning(window, replace(reviewer, ground=ground), copied))
    return tuple(learnings)


@dataclass(frozen=True, slots=True)
class Backtester:
    """Backtests batches, whose usage has all days.

    `windows` are the windows to judge, `curve` the windows of the learning curve. `learnings` has each window once.
    `counter` decides which rows of all days count as use. `places` are the places of the last window's days to learn
    on.
    """

    windows: tuple[Window, ...]
    curve: tuple[Window, ...]
    learnings: tuple[_Learning, ...]
    counter: UseCounter
    places: Places = NO_PLACES

    def __call__(self, batch: Batch) -> list[PrincipalBacktest]:
        """The backtests of the chosen principals of a batch."""
        reviewer = self.learnings[0].reviewer
        grants = reviewer.grants_of(batch)
        benches = _judge_batch(batch, grants, self.learnings, self.counter, noted=self.windows, places=self.places)
        chosen = reviewer.options.principal
        found = [bench for bench in benches.values() if is_chosen(bench.grants.principal, chosen)]
        return [bench.result(self.windows, self.curve) for bench in found]


def _judge_batch(
    batch: Batch,
    grants: Mapping[str, PrincipalGrants],
    learnings: Iterable[_Learning],
    counter: UseCounter,
    *,
    noted: Collection[Window],
    places: Places = NO_PLACES,
) -> dict[str, Bench]:
    """The benches of a batch's principals by ARN, each with its replacements of all windows judged.

    In the windows `noted`, each denied need is recorded.
    """
    benches: dict[str, Bench] = {}
    for learning in learnings:
        reviewer, window = learning.reviewer, learning.window
        if not benches:
            judge, guards = reviewer.ground.judge, reviewer.options.guards
            uses = dated_uses_from_usage(batch.usage, counter)
            benches = {
                arn: Bench(held, uses.get(arn, ()), judge.facts, judge.finder.catalog, guards, places)
                for arn, held in grants.items()
            }
        for proposal in reviewer.propose(learning.batch(batch), grants):
            benches[proposal.diff.principal.arn].judge(proposal, window, notes=window in noted)
    return benches


# ---------------------------------------------------------------- the forecast of a review


@dataclass(frozen=True, slots=True)
class _Forecaster:
    """Forecasts the denials of batches, whose usage has all days.

    `limit` is the highest risk of a safe replacement; None means no backtest.
    """

    learnings: tuple[_Learning, ...]
    counter: UseCounter
    coverage: LogCoverage
    limit: float | None

    def __call__(self, batch: Batch, grants: Mapping[str, PrincipalGrants]) -> dict[str, Forecast]:
        """The forecast for each principal of a batch, by ARN."""
        windows = [learning.window for learning in self.learnings]
        benches = _judge_batch(batch, grants, self.learnings, self.counter, noted=windows)
        past = {arn: bench.past_denials() for arn, bench in benches.items()}
        return {arn: self._forecast(held.principal, past.get(arn)) for arn, held in grants.items()}

    def _forecast(self, principal: Principal, past: PastDenials | None) -> Forecast:
        coverage = self.coverage.account(principal.account)
        days = coverage.covered_days if coverage else 0
        if self.limit is None or past is None or days < FEWEST_DAYS:
            return Forecast(self.limit)
        return Forecast(self.limit, past, risk_of_class(class_of_past(past, days)))


def forecaster_of_review(
    reviewer: Reviewer,
    usage: Usage,
    principals: Sequence[Principal],
    options: Options,
    *,
    whole: Callable[[Principal], Principal] = whole_already,
    keep: Keep = make_again,
) -> _Forecaster:
    """The forecaster for the principals of a review of this usage.

    Without a limit in the options, it forecasts nothing.
    """
    coverage, judge, limit = reviewer.ground.coverage, reviewer.ground.judge, options.max_risk
    windows = look_back_windows(*covered_days(usage)) if coverage.accounts and limit is not None else ()
    learnings = learnings_of_windows(
        usage,
        windows,
        principals,
        judge.finder.catalog,
        options,
        facts=judge.facts,
        suspicion=reviewer.counter.suspicion,
        whole=whole,
        keep=keep,
        weighs=False,
    )
    return _Forecaster(learnings, reviewer.counter, coverage, limit)
