"""A backtest with something of each kind, for the renderers' tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from lpgen.core.analysis.backtest.totals import backtest_of_principals
from lpgen.core.analysis.backtest.windows import curve_windows, windows_of_days
from lpgen.core.backtests import (
    Alternative,
    AlternativeResult,
    Backtest,
    DenialCause,
    DeniedNeed,
    JudgedWindow,
    PrincipalBacktest,
    Reach,
)
from lpgen.core.model import Action
from tests.report.hostile import poison
from tests.support.worlds import catalog

ROLE = "arn:aws:iam::111122223333:role/app/storefront-api"
CALM = "arn:aws:iam::444455556666:role/audit-reader"
IDLE = "arn:aws:iam::444455556666:role/yearly-report"
FIRST = date(2026, 6, 3)
WINDOWS = windows_of_days(FIRST, FIRST + timedelta(days=133), train=90, test=30, step=7)
CURVE = curve_windows(WINDOWS[-1], FIRST)


def principal(arn: str, *needs: DeniedNeed, granted: int = 120, judged: bool = True) -> PrincipalBacktest:
    """A principal that is denied these needs in the last window alone."""
    records = sum(need.records for need in needs)
    windows = tuple(
        JudgedWindow(
            window, window != WINDOWS[0], *((len(needs), records) if window == WINDOWS[-1] else (0, 0)), 90, 12
        )
        for window in WINDOWS
    )
    curve = tuple(JudgedWindow(window, window.learn_days > 30, len(needs), records, 90, 12) for window in CURVE)
    simple = {
        which: AlternativeResult(len(needs) * at, at / 4, 3 * at) for at, which in enumerate(reversed(Alternative))
    }
    found = PrincipalBacktest(arn, granted, 16, windows, curve, needs, simple, Reach(12, 9, 3, 8, 6, 1))
    return found if judged else replace(found, windows=(), curve=())


def backtest() -> Backtest:
    """One principal with a denial of each cause, one without any, and one without a replacement."""
    needs = [
        DeniedNeed(Action(action), resource, cause, 3 * at, FIRST + timedelta(days=110), f"event-{at}", at)
        for at, (action, resource, cause) in enumerate(
            (
                ("sqs:PurgeQueue", "arn:aws:sqs:us-east-1:111122223333:jobs", DenialCause.NEW_ACTION),
                ("s3:GetObject", "arn:aws:s3:::data/in/*", DenialCause.NEW_RESOURCE),
                ("sqs:CreateQueue", "arn:aws:sqs:us-east-1:111122223333:jobs-2026-10", DenialCause.NEW_NAME),
            ),
            start=1,
        )
    ]
    found = [principal(ROLE, *needs), principal(CALM), principal(IDLE, judged=False)]
    whole = backtest_of_principals(found, WINDOWS, CURVE, catalog())
    return replace(
        whole,
        catalog_version="2026.09.26",
        catalog_date="2026-09-26",
        problems=("policies.json: the document of deploy can't be read",),
    )


def calm_backtest() -> Backtest:
    """A backtest without a denial."""
    return backtest_of_principals([principal(CALM)], WINDOWS, CURVE, catalog())


def poisoned_backtest(change: Callable[[str], str]) -> Backtest:
    """The backtest with every text in it changed."""
    found: Backtest = poison(backtest(), change)
    return found
