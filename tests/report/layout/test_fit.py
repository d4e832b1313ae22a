"""Lines that fit a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lpgen.report.layout.wrap import fit_lines


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("short", "short"),
        ("one two three", "one two\n  three"),
        ("  one two three", "  one two\n    three"),
        ("an-unbroken-word-of-some-length", "an-unbroken-word-of-some-length"),
        ("one two\n\nthree four five", "one two\n\nthree four\n  five"),
        ("", ""),
    ],
)
def test_fit_lines_breaks_at_spaces_and_hangs(text: str, fitted: str) -> None:
    assert fit_lines(text, 10) == fitted


@given(st.text(st.sampled_from("ab -/\n"), max_size=60), st.integers(8, 40))
def test_fit_lines_loses_no_word_and_breaks_none(text: str, width: int) -> None:
    fitted = fit_lines(text, width)
    assert fitted.split() == text.split()
    for line in fitted.split("\n"):
        assert cell_len(line) <= width or len(line.split()) <= 1 or line in text.split("\n")
