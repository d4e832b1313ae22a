"""Counted steps: how much the comparisons of patterns may cost before an answer is given up.

People who write policies can make comparisons of their patterns arbitrarily slow. So comparisons count their steps, and
their callers may set a budget. Steps are counted, not timed, and a remembered result costs its steps each time: the
same policies always use up the same budget. A step takes a few microseconds.
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
"""The budget of a step of the analysis for one principal. The largest policies that people write need a hundredth."""


class StepsUsedUpError(LpgenError):
    """The comparisons took more steps than the budget has: nothing is proven."""


@dataclass(slots=True)
class _Steps:
    """The steps that were spent of a budget."""

    budget: float
    spent: int = 0


_steps: ContextVar[_Steps] = ContextVar("_steps")


def spend_steps(count: int) -> None:
    """Counts steps.

    Raises:
        StepsUsedUpError: they are more than the budget has.
    """
    steps = _steps.get(None)
    if steps is None:
        return
    steps.spent += count
    if steps.spent > steps.budget:
        raise StepsUsedUpError(f"comparing the policies takes more than {steps.budget:,} steps")


@contextmanager
def step_budget(budget: float) -> Iterator[_Steps]:
    """Gives what runs inside a budget of its own, which no outer one counts."""
    steps = _Steps(budget)
    token = _steps.set(steps)
    try:
        yield steps
    finally:
        _steps.reset(token)


_P = ParamSpec("_P")
_R = TypeVar("_R")


def remember_steps(maxsize: int) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Like `lru_cache`, for functions that count steps: a remembered answer costs what working it out did."""

    def remembered(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @lru_cache(maxsize=maxsize)
        def answer_and_steps(*arguments: Hashable) -> tuple[_R, int]:
            with step_budget(math.inf) as steps:
                answer = function(*arguments)  # type: ignore[arg-type, call-arg]  # so much a ParamSpec can't say
            return answer, steps.spent

        @wraps(function)
        def call(*arguments: _P.args, **_named: _P.kwargs) -> _R:
            answer, steps = answer_and_steps(*arguments)
            if steps:
                spend_steps(steps)
            return answer

        return call

    return remembered
