"""Wrapping by hand gives the lines that rich gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from lpgen.report.layout.wrap import wrap_ascii

CONSOLE = Console(width=80, legacy_windows=False, _environ={})
TEXTS = st.lists(
    st.one_of(
        st.text("abc-:/*", min_size=1, max_size=9), st.text("x", min_size=8, max_size=40), st.text(" ", max_size=9)
    ),
    max_size=12,
).map(" ".join)


@given(TEXTS, st.integers(min_value=1, max_value=30))
def test_ascii_is_wrapped_as_rich_wraps_it(text: str, width: int) -> None:
    by_rich = [part.plain.rstrip() for part in Text(text).wrap(CONSOLE, width, overflow="fold")]
    assert wrap_ascii(text, width) == by_rich
