"""What a glob matches, contains and meets: documented cases, and laws against brute force."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.globs import match
from lpgen.core.globs.tokens import match_tokens, tokens_from_glob
from lpgen.core.iam import match_resource
from lpgen.core.model import CURRENT_VERSION
from tests.support.law_examples import examples

CASES = json.loads((Path(__file__).parents[2] / "cases" / "match.json").read_text())

small_globs = st.text(alphabet="ab:*?", max_size=6)
small_texts = st.text(alphabet="ab:/*?.\n", max_size=8)
tiny_globs = st.text(alphabet="ab*?", max_size=4)
WORDS = ["".join(word) for size in range(8) for word in itertools.product("abz", repeat=size)]


def matches_by_regex(pattern: str, text: str) -> bool:
    """An oracle that shares nothing with the code under test."""
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", named(CASES["glob"]))
def test_glob_matches_as_documented(case: dict[str, Any]) -> None:
    for text in case.get("matches", []):
        assert match.glob_match(case["pattern"], text, ignore_case=case.get("ignore_case", False)), text
    for text in case.get("not", []):
        assert not match.glob_match(case["pattern"], text, ignore_case=case.get("ignore_case", False)), text


@pytest.mark.parametrize("case", named(CASES["resource"]))
def test_resource_matches_as_documented(case: dict[str, Any]) -> None:
    for text in case.get("matches", []):
        assert match_resource.resource_match(case["pattern"], text), text
    for text in case.get("not", []):
        assert not match_resource.resource_match(case["pattern"], text), text


@pytest.mark.parametrize("case", named(CASES["contains"]))
def test_containment_is_decided(case: dict[str, Any]) -> None:
    assert match.pattern_contains(case["outer"], case["inner"]) is case["contains"]


@pytest.mark.parametrize("case", named(CASES["resource_contains"]))
def test_resource_containment_is_decided(case: dict[str, Any]) -> None:
    assert match_resource.resource_contains(case["outer"], case["inner"]) is case["contains"]


@pytest.mark.parametrize("case", named(CASES["intersection"]))
def test_intersection_is_one_glob_or_none(case: dict[str, Any]) -> None:
    for a, b in ((case["a"], case["b"]), (case["b"], case["a"])):
        assert match.intersect_patterns(a, b) == case["glob"]
        assert match.patterns_intersect(a, b) is case["meets"]


@pytest.mark.parametrize("case", named(CASES["resource_intersection"]))
def test_resource_intersection_goes_field_by_field(case: dict[str, Any]) -> None:
    for a, b in ((case["a"], case["b"]), (case["b"], case["a"])):
        assert match_resource.intersect_resources(a, b) == case["glob"]
        assert match_resource.resources_intersect(a, b) is case["meets"]


@pytest.mark.parametrize("case", named(CASES["variables"]))
def test_variables_are_found_and_stand_for_anything(case: dict[str, Any]) -> None:
    assert match.holds_variable(case["text"], CURRENT_VERSION) is case["variable"]
    assert match.variables_as_wildcards(case["text"]) == case["wildcards"]


@given(small_globs, small_texts)
def test_glob_agrees_with_an_oracle(pattern: str, text: str) -> None:
    expected = matches_by_regex(pattern, text)
    assert match.glob_match(pattern, text) is expected
    assert match_tokens(tokens_from_glob(pattern), text) is expected
    assert match.glob_match(match.normalize_glob(pattern), text) is expected


@given(st.text(max_size=12), st.text(max_size=12))
def test_glob_takes_any_text(pattern: str, text: str) -> None:
    assert match.glob_match(pattern, text) is matches_by_regex(pattern, text)
    assert match.glob_match(text.replace("*", "").replace("?", ""), text.replace("*", "").replace("?", ""))


@settings(max_examples=examples(300), deadline=None)
@given(tiny_globs, tiny_globs)
def test_containment_equals_brute_force(outer: str, inner: str) -> None:
    """A counterexample for globs of this size, if there is any, has at most seven letters, some of them fresh."""
    counterexample = next((w for w in WORDS if matches_by_regex(inner, w) and not matches_by_regex(outer, w)), None)
    assert match.pattern_contains(outer, inner) is (counterexample is None), counterexample


@settings(max_examples=examples(200), deadline=None)
@given(tiny_globs, tiny_globs)
def test_intersection_equals_brute_force(a: str, b: str) -> None:
    shared = [w for w in WORDS if matches_by_regex(a, w) and matches_by_regex(b, w)]
    assert match.patterns_intersect(a, b) is bool(shared)
    both = match.intersect_patterns(a, b)
    if both is not None:
        assert [w for w in WORDS if matches_by_regex(both, w)] == shared


@given(small_globs, small_globs, small_texts)
def test_resource_algebra_is_sound(a: str, b: str, text: str) -> None:
    a, b, text = "arn:aws:s3:" + a, "arn:aws:s3:" + b, "arn:aws:s3:" + text
    in_a, in_b = match_resource.resource_match(a, text), match_resource.resource_match(b, text)
    if match_resource.resource_contains(a, b):
        assert in_a or not in_b
    if in_a and in_b:
        assert match_resource.resources_intersect(a, b)
    both = match_resource.intersect_resources(a, b)
    if both is not None and match_resource.resource_match(both, text):
        assert in_a
        assert in_b
    if in_a:
        assert match.glob_match(match_resource.complete_arn(a), text), "a plain glob matches at least as much"


def test_containment_gives_up_on_the_safe_side() -> None:
    """The first holds too, but to see it takes more sets of states than are searched."""
    tail = "a" + "?" * 18
    assert not match.pattern_contains("*a" + "?" * 100 + "*b", "*a*b" * 60)
    assert match.pattern_contains("?*" + tail, "*b*" + tail), "sets that others are part of aren't searched"
    assert match.pattern_contains("?*a?", "*b*a?")
    assert match.pattern_contains("*" + tail, "*b*" + tail), "what wildcards take up plainly is found at any size"


def test_matching_never_backtracks_catastrophically() -> None:
    began = process_time()
    assert not match.glob_match("*a" * 60 + "b", "a" * 20_000)
    assert not match_resource.resource_match("arn:aws:s3:" + "*a" * 30 + "b:1:x", "arn:aws:s3:" + "a" * 20_000)
    match.pattern_contains("*a" + "?" * 40 + "b", "*a*b*c?d*")
    match.patterns_intersect("*a?b" * 20, "*b?a" * 20)
    assert process_time() - began < 10


_EC2 = "arn:aws:ec2:eu-west-1:111122223333:"
_ELB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:"


RESOLVER = "arn:aws:route53resolver:us-east-1"


@pytest.mark.parametrize(
    ("pattern", "seen", "meets"),
    [
        ("arn:aws:ec2:*:*:snapshot/*", _EC2 + "volume/*", False),
        ("arn:aws:ec2:*:*:volume/*", _EC2 + "volume/*", True),
        ("arn:aws:ec2:eu-west-1:*:*/*", _EC2 + "volume/*", True),
        ("arn:aws:ec2:*", _EC2 + "volume/*", True),
        ("*", _EC2 + "volume/*", True),
        ("arn:aws:ec2:us-*:*:volume/*", _EC2 + "volume/*", False),
        # A key's name may hold a colon, and a key of an object anything.
        ("arn:aws:ec2:*:*:snapshot/*", _EC2 + "key-pair/*", True),
        ("arn:aws:s3:*:*:logs/*", "arn:aws:s3:::data/a/*", True),
        ("arn:aws:elasticloadbalancing:*:*:loadbalancer/net/*/*", _ELB + "loadbalancer/app/web/*", False),
        # Whose it is may be open.
        ("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:eu-west-1:*:subnet/subnet-1", False),
        ("arn:aws:ec2:*::image/*", "arn:aws:ec2:eu-west-1:*:subnet/subnet-1", False),
        (_EC2 + "subnet/*", "arn:aws:ec2:eu-west-1:*:subnet/subnet-1", True),
        ("arn:aws:ec2:*:111122223333:*", "arn:aws:ec2:eu-west-1:*:subnet/subnet-1", True),
        ("arn:aws:organizations::111122223333:ou/*", "arn:aws:organizations::*:account/o-*/444455556666", False),
        ("arn:aws:organizations::111122223333:account/*", "arn:aws:organizations::*:account/o-*/444455556666", True),
        ("arn:aws:identitystore:::user/*", "arn:aws:identitystore::*:identitystore/d-1234567890", False),
        ("arn:aws:identitystore::*:identitystore/*", "arn:aws:identitystore::*:identitystore/d-1234567890", True),
        ("arn:aws:networkmanager::*:attachment/*", "arn:aws:networkmanager::*:core-network/core-network-1", False),
        ("arn:aws:route53resolver:*:*:resolver-endpoint/*", f"{RESOLVER}:*:resolver-rule/rslvr-rr-1", False),
        ("arn:aws:route53resolver:*:444455556666:*", f"{RESOLVER}:*:resolver-rule/rslvr-rr-1", True),
        ("*", f"{RESOLVER}:*:resolver-rule/rslvr-rr-1", True),
    ],
)
def test_resources_meet_only_in_what_can_be_a_resource(pattern: str, seen: str, *, meets: bool) -> None:
    """Ids hold no colon: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html"""
    assert match_resource.resources_meet(pattern, seen) is meets
