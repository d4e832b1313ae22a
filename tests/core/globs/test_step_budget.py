"""Comparisons of patterns count their steps, the same each time, and end where the budget ends."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.globs.step_budget import StepsUsedUpError, spend_steps, step_budget
from lpgen.core.globs.tokens import (
    ANY,
    FIELD_ANY,
    FIELD_RUN,
    RUN,
    Tokens,
    match_tokens,
    tokens_contain,
    tokens_intersect,
)
from lpgen.core.iam.match_resource import intersect_resources, resource_contains, resources_intersect
from tests.support.law_examples import examples

PAIRS = [
    ("arn:aws:*" + "*a" * 140 + "b", "arn:aws:*" + "*a" * 140 + "c"),
    ("arn:aws:*" + "*a" * 140, "arn:aws:*" + "*a" * 139),
    ("arn:aws:s3:::" + "*a" * 140 + "*", "arn:aws:s3:::" + "*a*b" * 70 + "*"),
    ("arn:aws:s3:::" + "*a?" * 90 + "*", "arn:aws:s3:::" + "*?a" * 90 + "*"),
    ("arn:aws:s3:::*" + "a" + "?" * 100 + "*b", "arn:aws:s3:::" + "*a*b" * 60),
]
"""Patterns as long as AWS takes them, whose comparison once took seconds."""


def steps_of(one: str, other: str) -> int:
    with step_budget(math.inf) as steps:
        resource_contains(one, other)
        resources_intersect(one, other)
        intersect_resources(one, other)
    return steps.spent


def test_hostile_patterns_are_compared_in_bounded_steps() -> None:
    for pair, other in PAIRS:
        assert steps_of(pair, other) < 60_000, pair
        assert steps_of(other, pair) < 60_000, other


def test_what_is_remembered_costs_the_same_steps() -> None:
    for pair, other in PAIRS:
        fresh, known = pair + "x", other + "y"
        first = steps_of(fresh, known)
        assert first > 1
        assert steps_of(fresh, known) == first


def test_steps_end_where_their_budget_ends() -> None:
    with step_budget(10) as steps:
        spend_steps(10)
        with pytest.raises(StepsUsedUpError, match="more than 10 steps"):
            spend_steps(1)
    assert steps.spent == 11
    spend_steps(1_000_000)  # nobody counts outside a budget
    with step_budget(10) as outer:
        with step_budget(100):
            spend_steps(50)
        spend_steps(10)
    assert outer.spent == 10


TOKENS = st.lists(st.sampled_from([ord("a"), ord(":"), ANY, RUN, FIELD_ANY, FIELD_RUN]), max_size=3).map(tuple)
TEXTS = ["".join(text) for length in range(7) for text in product("a:z", repeat=length)]


@settings(max_examples=examples(60))
@given(TOKENS, TOKENS)
def test_globs_of_all_tokens_are_compared_as_the_texts_they_match(one: Tokens, other: Tokens) -> None:
    """Globs of three tokens differ by a text of six characters if they differ at all."""
    in_one = {text for text in TEXTS if match_tokens(one, text)}
    in_other = {text for text in TEXTS if match_tokens(other, text)}
    assert tokens_contain(one, other) == (in_other <= in_one)
    assert tokens_intersect(one, other) == bool(in_one & in_other)
