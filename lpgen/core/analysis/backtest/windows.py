"""The windows of a backtest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from lpgen.core.backtests import Window
from lpgen.errors import InvocationError

CURVE_DAYS: Final = (15, 30, 45, 60, 90)
"""The numbers of days to learn on in the learning curve."""

_LOOK_BACKS: Final = 3
LONGEST_TEST: Final = 30
FEWEST_TO_LEARN_ON: Final = 30


def windows_of_days(first: date, last: date, *, train: int, test: int, step: int) -> tuple[Window, ...]:
    """All windows of `train` days to learn on and `test` days to judge on, each `step` days after the one before.

    Raises:
        InvocationError: there are too few days for one window.
    """
    days = (last - first).days + 1
    if days < train + test:
        raise InvocationError(
            f"the logs cover {days:,} days, from {first} to {last}, but a window of {train:,} days to"
            f" learn from and {test:,} days to test on needs {train + test:,}",
            hint="give fewer days with --train or --test, or ingest older logs",
        )
    starts = (first + timedelta(days=at) for at in range(0, days - train - test + 1, step))
    return tuple(_window(start + timedelta(days=train - 1), train, test) for start in starts)


def curve_windows(last: Window, first: date) -> tuple[Window, ...]:
    """The last window with other numbers of days to learn on, if the logs are long enough."""
    fitting = (days for days in CURVE_DAYS if last.learn_last - timedelta(days=days - 1) >= first)
    return tuple(_window(last.learn_last, days, last.judge_days) for days in fitting)


def look_back_windows(first: date, last: date) -> tuple[Window, ...]:
    """The windows in which a review compares replacements made from the first days with the use on the days after them.

    There are three, spread evenly. Each learns on all days before it, at least `FEWEST_TO_LEARN_ON`. There are none if
    the logs have too few days.
    """
    days = (last - first).days + 1
    test = min(LONGEST_TEST, days // 4)
    most = days - test
    fewest = max(FEWEST_TO_LEARN_ON, most - (_LOOK_BACKS - 1) * test)
    if most < fewest:
        return ()
    lengths = {fewest + (most - fewest) * number // (_LOOK_BACKS - 1) for number in range(_LOOK_BACKS)}
    return tuple(_window(first + timedelta(days=train - 1), train, test) for train in sorted(lengths))


def _window(learn_last: date, train: int, test: int) -> Window:
    return Window(learn_last - timedelta(days=train - 1), learn_last, learn_last + timedelta(days=test))
