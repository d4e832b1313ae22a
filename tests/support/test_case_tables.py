"""Tests over tables check every case, and say which ones failed."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from tests.support.case_tables import PROPERTY, each_case


def run(test: Callable[..., None], **fixtures: object) -> list[tuple[str, object]]:
    """Calls a decorated test as pytest does, and returns the properties that it recorded."""
    recorded: list[tuple[str, object]] = []
    test(record_property=lambda *pair: recorded.append(pair), **fixtures)
    return recorded


def test_each_case_names_every_case_that_fails() -> None:
    @each_case("number", [1, 2, 3, 4])
    def is_odd(number: int) -> None:
        assert number % 2, f"{number} is even"

    with pytest.raises(AssertionError, match="2 of 4 cases failed") as failure:
        run(is_odd)
    assert "  2: AssertionError: 2 is even" in str(failure.value)
    assert "  4: AssertionError: 4 is even" in str(failure.value)


def test_each_case_goes_on_after_any_error() -> None:
    tried = []

    @each_case("left, right", [(1, 0), (4, 2)], ids=lambda left, right: f"{left}/{right}")
    def divides(left: int, right: int) -> None:
        tried.append(left)
        assert left // right

    with pytest.raises(AssertionError, match="1 of 2 cases failed:\n  1/0: ZeroDivisionError"):
        run(divides)
    assert tried == [1, 4]


def test_each_case_fails_without_cases() -> None:
    @each_case("number", [])
    def passes(number: int) -> None:
        assert number

    with pytest.raises(AssertionError, match="no cases"):
        run(passes)


def test_each_case_records_how_many_cases_it_checked() -> None:
    @each_case("number", range(1, 6))
    def passes(number: int) -> None:
        assert number

    assert run(passes) == [(PROPERTY, 5)]


def test_each_case_leaves_fixtures_and_parameters_to_pytest() -> None:
    @each_case("number", [1])
    def uses(number: int, tmp_path: object, family: str) -> None:
        assert (number, tmp_path, family) == (1, "folder", "s3")

    assert set(inspect.signature(uses).parameters) == {"record_property", "tmp_path", "family"}
    run(uses, tmp_path="folder", family="s3")
