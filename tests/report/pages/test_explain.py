"""What `lpgen explain` prints: goldens, and promises that hold whatever texts an explanation holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.explanations import Explanation
from lpgen.core.iam.decision import Result
from lpgen.core.model import Resource, ResourceKind
from tests.report.explanations import denied, everything, unread
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, check_markdown, check_terminal_text, poison
from tests.report.rendered import render_explanation
from tests.support.law_examples import examples

RENDERINGS: dict[str, Callable[[], str]] = {
    "explanation.txt": lambda: render_explanation(everything(), "text", width=80),
    "explanation.md": lambda: render_explanation(everything(), "markdown"),
    "explanation.json": lambda: render_explanation(everything(), "json"),
    "explanation-denied.txt": lambda: render_explanation(denied(), "text", width=80),
    "explanation-unread.txt": lambda: render_explanation(unread(), "text", width=80),
    "explanation-unread.json": lambda: render_explanation(unread(), "json"),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_render_explanation_prints_the_golden_page(name: str) -> None:
    check_golden(name, RENDERINGS[name]())


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_render_explanation_shows_every_wall_and_statement(form: str) -> None:
    found = everything()
    page = re.sub(r"\s+", " ", render_explanation(found, form, width=160).replace("`", ""))
    for wall in found.walls:
        assert wall.name[1:] in page
        for statement in wall.statements:
            assert f"{statement.ref.policy}" in page
            assert f"statement {statement.ref.index + 1}" in page
            assert all(state.condition.key in page for state in statement.conditions if statement.counts)


def test_render_explanation_says_what_to_give_for_a_decision() -> None:
    page = re.sub(r"\s+", " ", render_explanation(everything(), "text", width=80))
    assert "--context aws:MultiFactorAuthPresent=VALUE, an exact RESOURCE, --resource-policies DIR" in page
    assert "To decide it" not in render_explanation(denied(), "text")


def test_render_explanation_says_where_the_logs_contradict_the_answer() -> None:
    assert "The logs show otherwise: allowed in 12 records" in render_explanation(denied(), "text")
    assert "The logs show otherwise" not in render_explanation(everything(), "text")
    allowed = replace(everything(), result=Result.ALLOWED)
    assert "denied in 1 record by service control policy" in render_explanation(allowed, "text", width=160)
    assert "The logs show otherwise" not in render_explanation(replace(denied(), result=Result.ALLOWED), "text")
    silent = replace(denied(), seen=None)
    assert "The logs show otherwise" not in render_explanation(silent, "text")


def test_render_explanation_counts_the_records_of_several_resources_at_most() -> None:
    found = denied()
    assert found.seen is not None
    (use,) = found.seen.uses
    other = replace(use, use=replace(use.use, resource=Resource(ResourceKind.ARN, "arn:aws:ec2:us-east-1:1:volume/a")))
    for uses, said in (((use, use), "24 records"), ((use, other), "up to 24 records")):
        page = render_explanation(replace(found, seen=replace(found.seen, uses=uses)), "text")
        assert f"Used: {said}, last on" in page


def test_render_explanation_refuses_an_unknown_format() -> None:
    with pytest.raises(ValueError, match="sarif"):
        render_explanation(everything(), "sarif")


# ---------------------------------------------------------------- hostile texts

hostile = st.sampled_from(CORPUS) | st.text(max_size=40)
slow = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def poisoned(texts: list[str]) -> Explanation:
    supply = cycle(texts)
    found: Explanation = poison(everything(), lambda text: text + next(supply))
    context = {key + next(supply): (next(supply),) for key in found.question.context}
    return replace(found, question=replace(found.question, context=context))


@given(st.lists(hostile, min_size=1, max_size=7), st.integers(20, 200), st.booleans())
@slow
def test_render_explanation_lets_no_text_act_on_the_terminal(texts: list[str], width: int, color: bool) -> None:
    check_terminal_text(render_explanation(poisoned(texts), "text", width=width, color=color), width, color=color)


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_render_explanation_lets_no_text_act_on_the_page(texts: list[str]) -> None:
    check_markdown(render_explanation(poisoned(texts), "markdown"))


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_render_explanation_json_keeps_every_text_and_stays_ascii(texts: list[str]) -> None:
    found = poisoned(texts)
    text = render_explanation(found, "json")
    assert text.isascii()
    assert json.loads(text)["sentence"] == found.sentence
