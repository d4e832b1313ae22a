"""What a backtest looks like: goldens, and promises that hold whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lpgen.report.pages.backtest import backtest_sentence
from tests.report.backtests import backtest, calm_backtest, poisoned_backtest
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, PageReader, check_markdown
from tests.report.rendered import render_backtest
from tests.support.law_examples import examples

RENDERINGS: dict[str, Callable[[], str]] = {
    "backtest.txt": lambda: render_backtest(backtest(), "text", width=80),
    "backtest.md": lambda: render_backtest(backtest(), "markdown"),
    "backtest.json": lambda: render_backtest(backtest(), "json"),
    "backtest.html": lambda: render_backtest(backtest(), "html"),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_renderers_print_the_golden_files(name: str) -> None:
    check_golden(name, RENDERINGS[name]())
    assert RENDERINGS[name]() == RENDERINGS[name]()


def test_the_text_starts_with_the_outcome_in_one_sentence() -> None:
    sentence = (
        "In 3 windows of 30 days, the replacements would have denied 3 needs, for 1 of 2 principals. 2 of 2"
        " replacements were called safe, and 1 of these had a denial."
    )
    assert backtest_sentence(backtest()) == sentence
    shown = render_backtest(backtest(), "text", width=80)
    assert " ".join(shown.split()).startswith(sentence)


def test_no_denial_and_no_replacement_are_said_so() -> None:
    assert (
        "no replacement would have denied anything that its principal needed (1 principal)."
        " 1 of 1 replacements were called safe" in backtest_sentence(calm_backtest())
    )
    nobody = replace(backtest(), totals=replace(backtest().totals, replacements=0))
    assert backtest_sentence(nobody) == "In 3 windows of 30 days, no principal had a replacement to judge."


def poisons(texts: list[str]) -> Callable[[str], str]:
    found = cycle(texts)
    return lambda _text: next(found)


hostile = st.lists(st.sampled_from(CORPUS) | st.text(max_size=40), min_size=1, max_size=12)


@settings(max_examples=examples(30), deadline=None)
@given(hostile)
def test_no_format_obeys_hostile_text(texts: list[str]) -> None:
    text = render_backtest(poisoned_backtest(poisons(texts)), "text", width=80)
    assert all(one.isprintable() or one == "\n" for one in text)
    assert max(map(cell_len, text.splitlines())) <= 80
    # A table's columns are aligned by their style.
    check_markdown(render_backtest(poisoned_backtest(poisons(texts)), "markdown"), {"style"})
    shown = render_backtest(poisoned_backtest(poisons(texts)), "json")
    assert shown.isascii()
    json.loads(shown)
    page = PageReader(render_backtest(poisoned_backtest(poisons(texts)), "html"))
    assert "script" not in page.tags
