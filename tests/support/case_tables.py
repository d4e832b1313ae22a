"""Tests over tables: one test checks every row, which costs far less than a test a row."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

PROPERTY: Final = "cases"
"""The property of a test's report that holds how many cases it checked."""

_SHOWN: Final = 400
"""How many characters of each failure are shown."""

Test = TypeVar("Test", bound=Callable[..., None])


def each_case(
    names: str, cases: Collection[object], *, ids: Callable[..., str] | None = None
) -> Callable[[Test], Test]:
    """A decorator that runs a test for every case, as `pytest.mark.parametrize` does, in one item.

    It fails with the name and the error of every case that fails, and where there are no cases. The cases share the
    test's fixtures, so it suits tests that change nothing.

    `names` are the parameters that a case fills, separated by commas; where there are several, a case is the sequence
    of their values. `ids` makes the name of a case from the values; without it the values are the name.
    """
    parameters = [name.strip() for name in names.split(",")]
    name_of = ids or (lambda *row: ", ".join(map(str, row)))
    rows = [(case,) if len(parameters) == 1 else _row(case, len(parameters)) for case in cases]

    def decorate(test: Test) -> Test:
        def check_cases(record_property: Callable[[str, object], None], **fixtures: object) -> None:
            record_property(PROPERTY, len(rows))
            failures = []
            for row in rows:
                try:
                    test(**dict(zip(parameters, row, strict=True)), **fixtures)
                except Exception as error:
                    failures.append((name_of(*row), error))
            _fail_with(failures, len(rows))

        check_cases.__name__, check_cases.__doc__, check_cases.__module__ = test.__name__, test.__doc__, test.__module__
        check_cases.__signature__ = _signature_without(test, parameters)  # type: ignore[attr-defined]
        return check_cases  # type: ignore[return-value]

    return decorate


def _row(case: object, width: int) -> tuple[object, ...]:
    assert isinstance(case, Sequence), case
    assert len(case) == width, case
    return tuple(case)


def _signature_without(test: Callable[..., None], parameters: Collection[str]) -> inspect.Signature:
    """What pytest reads: the fixtures of the test, and the one that this module needs."""
    kept = [value for name, value in inspect.signature(test).parameters.items() if name not in parameters]
    own = inspect.Parameter("record_property", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([own, *kept])


def _fail_with(failures: Sequence[tuple[str, Exception]], tried: int) -> None:
    assert tried, "there are no cases"
    if failures:
        shown = "\n".join(f"  {name}: {type(error).__name__}: {str(error)[:_SHOWN]}" for name, error in failures)
        raise AssertionError(f"{len(failures)} of {tried} cases failed:\n{shown}") from failures[0][1]
