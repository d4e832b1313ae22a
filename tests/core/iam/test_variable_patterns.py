"""Patterns with policy variables, whose values the request chooses: colons, wildcards and `${` among them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lpgen.core.globs.match import as_glob, holds_variable
from lpgen.core.iam.decision import AbsentKeys, Answer, Request
from lpgen.core.iam.match_resource import resource_contains, resource_match, resources_intersect
from lpgen.core.iam.match_statement import resource_matches
from lpgen.core.iam.policy import statement_from_parts
from lpgen.core.model import CURRENT_VERSION, Resource, ResourceKind
from tests.support.law_examples import examples
from tests.support.variable_patterns import Values, contexts, patterns, resources, wider_patterns


def matches(pattern: str, resource: str, context: Values) -> bool:
    statement = statement_from_parts(sid="", actions=["sns:Publish"], resources=[pattern])
    given_values = {key: (value,) for key, value in context.items()}
    request = Request("", "sns:Publish", Resource(ResourceKind.ARN, resource), given_values, AbsentKeys.MISSING)
    return resource_matches(statement, CURRENT_VERSION, request).answer is Answer.YES


@settings(max_examples=examples(1500), deadline=None)
@given(st.data(), patterns, contexts)
def test_the_glob_of_a_pattern_matches_whatever_the_pattern_matches_under_any_values(
    data: st.DataObject, pattern: str, context: Values
) -> None:
    glob = as_glob(pattern, CURRENT_VERSION)
    for resource in data.draw(st.lists(resources(pattern, context), min_size=3, max_size=3)):
        assert not matches(pattern, resource, context) or resource_match(glob, resource), (glob, resource)


@settings(max_examples=examples(1500), deadline=None)
@given(st.data(), patterns, contexts)
def test_containment_has_no_counterexample_under_any_values(data: st.DataObject, inner: str, context: Values) -> None:
    outer = data.draw(st.one_of(wider_patterns(inner), wider_patterns(inner), patterns))
    assume(not holds_variable(outer, CURRENT_VERSION))
    if not resource_contains(outer, as_glob(inner, CURRENT_VERSION)):
        return
    for resource in data.draw(st.lists(resources(inner, context), min_size=3, max_size=3)):
        assert not matches(inner, resource, context) or resource_match(outer, resource), (outer, resource)


@settings(max_examples=examples(1000), deadline=None)
@given(st.data(), patterns, contexts)
def test_a_pattern_meets_every_pattern_that_it_shares_a_resource_with_under_some_values(
    data: st.DataObject, pattern: str, context: Values
) -> None:
    resource = data.draw(resources(pattern, context))
    other = data.draw(wider_patterns(resource))
    if matches(pattern, resource, context) and resource_match(other, resource):
        assert resources_intersect(as_glob(pattern, CURRENT_VERSION), other)


@pytest.mark.parametrize(
    ("outer", "inner", "value", "resource"),
    [
        (
            "arn:aws:sns:us-*-1:123456789012:*",
            "arn:aws:sns:us-${v}-1:123456789012:*",
            "x-1:999999999999:a",
            "arn:aws:sns:us-x-1:999999999999:a-1:123456789012:topic",
        ),
        # a colon in a value moves the wildcards that follow into the field of the name, where they run freely
        ("arn:aws:sns:*:12*4:t", "arn:aws:sns:${v}:12*4:t", "us:1", "arn:aws:sns:us:1:12:9:4:t"),
        ("arn:aws:sns:*:12?4:t", "arn:aws:sns:${v}:12?4:t", "us:1", "arn:aws:sns:us:1:12:4:t"),
        ("arn:aws:s*s:a:b:t", "arn:aws:s${v}s:a:b:t", ":a:b:t:", "arn:aws:s:a:b:t:s:a:b:t"),
        ("arn:a*s:sns:a:b:t", "arn:a${v}s:sns:a:b:t", "ws:sns:c:d:t", "arn:aws:sns:c:d:ts:sns:a:b:t"),
        ("arn:aws:sns:a:1*2:t", "arn:aws:sns:a:1${v, '9:x'}2:t", None, "arn:aws:sns:a:19:x2:t"),
        # the value brings the colons of the ARN
        ("*x", "${v}x", "arn:aws:", "arn:aws:x:a:b:t"),
    ],
)
def test_a_variable_before_the_fifth_colon_is_contained_only_where_its_colons_are(
    outer: str, inner: str, value: str | None, resource: str
) -> None:
    context = {} if value is None else {"v": value}
    assert matches(inner, resource, context)
    assert not resource_match(outer, resource)
    assert not resource_contains(outer, as_glob(inner, CURRENT_VERSION))


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("arn:aws:s3:::home/*", "arn:aws:s3:::home/${aws:username}/*"),
        ("arn:aws:s3:::home/*/x", "arn:aws:s3:::home/${aws:username}/x"),
        ("arn:aws:sns:us-*", "arn:aws:sns:us-${v}-1:123456789012:*"),
        ("arn:aws:sns", "arn:aws:sns:${v}:123456789012:${w}"),
        ("*", "${v}"),
    ],
)
def test_a_variable_is_contained_where_whatever_it_holds_is(outer: str, inner: str) -> None:
    assert resource_contains(outer, as_glob(inner, CURRENT_VERSION))
