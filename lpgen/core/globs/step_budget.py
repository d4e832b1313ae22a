"""Step budgets: the limit for comparisons of patterns.

Policy authors can make comparisons of their patterns arbitrarily slow. So comparisons count steps, and callers can set
a budget. Steps are counted, not timed, and a cached result costs its steps each time. So the same policies always use
the same budget. A step takes a few microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Final, ParamSpec, TypeVar

from lpgen.errors import LpgenError

PRINCIPAL_STEPS: Final = 10_000_000
"""The budget of an analysis step for one principal. The largest policies in practice need a hundredth of it."""


class StepsUsedUpError(LpgenError):
    """The comparisons took more steps than the budget has, so nothing is proven."""


@dataclass(slots=True)
class _Steps:
    """A budget, and the steps that were spent."""

    budget: float
    spent: int = 0


_steps: ContextVar[_Steps] = ContextVar("_steps")


def spend_steps(count: int) -> None:
    """Counts steps.

    Raises:
        StepsUsedUpError: the budget has fewer steps.
    """
    steps = _steps.get(None)
    if steps is None:
        return
    steps.spent += count
    if steps.spent > steps.budget:
        raise StepsUsedUpError(f"comparing the policies takes more than {steps.budget:,} steps")


@contextmanager
def step_budget(budget: float) -> Iterator[_Steps]:
    """Gives the code inside a budget. Outer budgets don't count its steps."""
    steps = _Steps(budget)
    token = _steps.set(steps)
    try:
        yield steps
    finally:
        _steps.reset(token)


_P = ParamSpec("_P")
_R = TypeVar("_R")


def remember_steps(maxsize: int) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Like `lru_cache`, for functions that count steps. A cached answer costs as many steps as computing it."""

    def remembered(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @lru_cache(maxsize=maxsize)
        def answer_and_steps(*arguments: Hashable) -> tuple[_R, int]:
            with step_budget(math.inf) as steps:
                answer = function(*arguments)  # type: ignore[arg-type, call-arg]  # a ParamSpec can't express this
            return answer, steps.spent

        @wraps(function)
        def call(*arguments: _P.args, **_named: _P.kwargs) -> _R:
            answer, steps = answer_and_steps(*arguments)
            if steps:
                spend_steps(steps)
            return answer

        return call

    return remembered
