"""What `lpgen explain` prints for several principals: goldens, the screen's size, and no text that acts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.explanations import WhoCan
from tests.report.explanations import many, who
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, check_markdown, check_terminal_text, poison
from tests.report.rendered import render_who_can
from tests.support.law_examples import examples


def render(found: WhoCan, form: str, *, width: int = 80, color: bool = False) -> str:
    return str(render_who_can(found, form, width=width, color=color))


RENDERINGS: dict[str, Callable[[], str]] = {
    "who-can.txt": lambda: render(who(), "text"),
    "who-can.md": lambda: render(who(), "markdown"),
    "who-can.json": lambda: render(who(), "json"),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_render_who_can_prints_the_golden_page(name: str) -> None:
    check_golden(name, RENDERINGS[name]())


@pytest.mark.parametrize("width", [72, 80, 100, 160])
def test_render_who_can_fits_one_screen_and_says_how_many_more_there_are(width: int) -> None:
    text = render(many(2_000), "text", width=width)
    assert 30 <= text.count("\n") <= 40
    assert "2,000 of 4,000 principals can make the request, 2,000 might, and 0 can't." in " ".join(text.split())
    shown = len(re.findall(r"^- role/app/allowed-", text, re.MULTILINE))
    assert shown >= 4
    assert f"and {2_000 - shown:,} more principals; --format json has them all" in text


def test_render_who_can_json_has_every_principal() -> None:
    found = json.loads(render(many(300), "json"))
    assert len(found["principals"]) == 600


def test_render_who_can_names_the_account_only_where_there_are_several() -> None:
    assert "111122223333 role" not in render(who(), "text")
    first, *others = who().answers
    there = replace(first.question.principal, account="444455556666")
    moved = replace(first, question=replace(first.question, principal=there))
    assert "111122223333 role" in render(replace(who(), answers=(moved, *others)), "text")


def test_render_who_can_names_whom_the_logs_contradict() -> None:
    assert "The logs show otherwise: records show that it was allowed for role/app/refused." in render(who(), "text")


# ---------------------------------------------------------------- hostile texts

hostile = st.sampled_from(CORPUS) | st.text(max_size=40)
slow = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def poisoned(texts: list[str]) -> WhoCan:
    supply = cycle(texts)
    found: WhoCan = poison(who(), lambda text: text + next(supply))
    questions = (
        replace(answer.question, context={key: (key,) for key in answer.question.given}) for answer in found.answers
    )
    answers = tuple(
        replace(explanation, question=question) for explanation, question in zip(found.answers, questions, strict=True)
    )
    return replace(found, answers=answers)


@given(st.lists(hostile, min_size=1, max_size=7), st.integers(20, 200), st.booleans())
@slow
def test_render_who_can_lets_no_text_act_on_the_terminal(texts: list[str], width: int, color: bool) -> None:
    check_terminal_text(render(poisoned(texts), "text", width=width, color=color), width, color=color)


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_render_who_can_lets_no_text_act_on_the_page(texts: list[str]) -> None:
    check_markdown(render(poisoned(texts), "markdown"))


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_render_who_can_json_keeps_every_text_and_stays_ascii(texts: list[str]) -> None:
    found = poisoned(texts)
    text = render(found, "json")
    assert text.isascii()
    listed = json.loads(text)["principals"]
    assert [one["sentence"] for one in listed] == [answer.sentence for answer in found.answers]
