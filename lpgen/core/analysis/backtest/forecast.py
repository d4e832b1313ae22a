"""The denials expected of a replacement in the next days: the backtest that a review makes of each principal.

It looks back: replacements made from the first days of the logs are judged on the days after them. Each principal is
judged by its own past, so a review of one gives the same result for it as a review of all. Where its past is short, it
borrows from `_PRIOR`, which was measured on many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.backtest.backtest import Learning, judge_batch, learnings_of_windows
from lpgen.core.analysis.backtest.expected_denials import DenialCount, Prior, expected_denials
from lpgen.core.analysis.backtest.windows import look_back_windows
from lpgen.core.analysis.caveats.replacement import FEWEST_DAYS
from lpgen.core.analysis.counted_use import UseCounter
from lpgen.core.analysis.reviewer import Batch, Reviewer, whole_already
from lpgen.core.backtests import Forecast, PastDenials
from lpgen.core.evidence import LogCoverage, PrincipalGrants
from lpgen.core.keeping import Keep, make_again
from lpgen.core.model import Principal
from lpgen.core.options import Options
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.usage_of_days import covered_days

_PRIOR: Final = Prior(0.005, 2.5)
"""The prior for a principal before its own past counts: on `bench.corpus` (seed 1), 98.8 % of the replacements called
safe denied nothing in 30 days, and all of them 0.06 needs on average."""


@dataclass(frozen=True, slots=True)
class Forecaster:
    """Forecasts the denials of batches, whose usage has all days.

    `limit` is how many are few enough to be safe; None means that no backtest is wanted.
    """

    learnings: tuple[Learning, ...]
    counter: UseCounter
    coverage: LogCoverage
    limit: float | None

    def __call__(self, batch: Batch, grants: Mapping[str, PrincipalGrants]) -> dict[str, Forecast]:
        """The forecast for each principal of a batch, by ARN."""
        windows = [learning.window for learning in self.learnings]
        benches = judge_batch(batch, grants, self.learnings, self.counter, noted=windows)
        past = {arn: bench.past_denials() for arn, bench in benches.items()}
        return {arn: self._forecast(held.principal, past.get(arn)) for arn, held in grants.items()}

    def _forecast(self, principal: Principal, past: PastDenials | None) -> Forecast:
        coverage = self.coverage.account(principal.account)
        days = coverage.covered_days if coverage else 0
        if self.limit is None or past is None or days < FEWEST_DAYS:
            return Forecast(self.limit)
        expected = expected_denials(_PRIOR, DenialCount(past.needs, past.days))
        return Forecast(self.limit, past, expected)


def forecaster_of_review(
    reviewer: Reviewer,
    usage: Usage,
    principals: Sequence[Principal],
    options: Options,
    *,
    whole: Callable[[Principal], Principal] = whole_already,
    keep: Keep = make_again,
) -> Forecaster:
    """The forecaster for the principals of a review of this usage, as far as its options want a forecast."""
    coverage, judge, limit = reviewer.ground.coverage, reviewer.ground.judge, options.max_expected_denials
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
    )
    return Forecaster(learnings, reviewer.counter, coverage, limit)
