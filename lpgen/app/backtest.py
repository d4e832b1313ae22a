"""The backtest of a data folder: from usage and policies to what past replacements would have denied."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import engine_for_units, load_ground, refuse_empty_choice
from lpgen.core.analysis.backtest.backtest import Backtester, learnings_of_windows
from lpgen.core.analysis.backtest.totals import backtest_of_principals
from lpgen.core.analysis.backtest.windows import curve_windows, look_back_windows, windows_of_days
from lpgen.core.analysis.counted_use import suspecting_counter
from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.reach import places_from_usage
from lpgen.core.analysis.reviewer import Batch, Batches
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.analysis.verdicts import ActionFacts
from lpgen.core.backtests import Backtest, PrincipalBacktest
from lpgen.core.catalog.danger import Dangers
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.usage.usage_of_days import covered_days, usage_of_days
from lpgen.edge.collector import collector_paused
from lpgen.edge.engine import results_of

_LOG: Final = logging.getLogger("lpgen")
BATCH_UNITS: Final = 8
"""The number of principals or permission sets in a batch."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days to learn from, the days to test, and the days from one window to the next.

    With `look_back`, the windows are the windows of a review instead.
    """

    train: int = 90
    test: int = 30
    step: int = 7
    look_back: bool = False


def backtest(inputs: AnalysisInputs, days: Days) -> Backtest:
    """The denials that replacements made from past days would have caused on later days of the logs.

    Raises:
        LpgenError: something can't be read, the logs are too short, or the options choose no principal.
    """
    ground, catalog = load_ground(inputs), inputs.catalog
    principals, usage = ground.outlines, ground.usage
    options = replace(inputs.options, guards=ground.guards)
    refuse_empty_choice(principals, options.principal)
    first, last = covered_days(usage)
    windows = look_back_windows(first, last) if days.look_back else ()
    windows = windows or windows_of_days(first, last, train=days.train, test=days.test, step=days.step)
    curve = curve_windows(windows[-1], first)
    decisions = decisions_in_force(options.decisions, as_of=last)
    counter = suspecting_counter(usage, ground.slices, principals, decisions, Dangers(catalog))
    learnings = learnings_of_windows(
        usage,
        (*windows, *curve),
        principals,
        catalog,
        options,
        facts=ActionFacts(catalog),
        suspicion=counter.suspicion,
        whole=ground.whole,
    )
    units = units_of_review(principals, options.principal)
    accessed, strays = last_accessed_by_principal(options.last_accessed, principals)
    places = places_from_usage(usage_of_days(usage, windows[-1].learn_first, windows[-1].learn_last))
    work = _BatchBacktester(Backtester(windows, curve, learnings, counter, places))
    batches = Batches(units, BATCH_UNITS, ground.slices, {}, accessed, ground.whole)
    chosen = engine_for_units(inputs.engine, len(units), BATCH_UNITS)
    _LOG.info("testing replacements of past days for %d principals", sum(map(len, units)))
    found = [backtest for batch in results_of(chosen, work, batches) for backtest in batch]
    whole = backtest_of_principals(found, windows, curve, catalog)
    return replace(whole, problems=(*ground.problems, *inputs.problems, *strays))


@dataclass(frozen=True, slots=True)
class _BatchBacktester:
    """A worker's task for a batch."""

    backtester: Backtester

    def __call__(self, batch: Batch) -> list[PrincipalBacktest]:
        with collector_paused():
            return self.backtester(batch)
