"""Decides whether a policy statement applies to a request, with a three-valued answer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lpgen.core.catalog.patterns import parse_pattern
from lpgen.core.globs.match import fold_case, glob_matcher, has_wildcard, holds_variable, variables_as_wildcards
from lpgen.core.globs.tokens import match_tokens, tokens_contain, tokens_intersect
from lpgen.core.iam.conditions import conditions_match
from lpgen.core.iam.decision import (
    NO,
    RESOURCE,
    YES,
    Answer,
    Match,
    Request,
    all_of,
    any_of,
    match_of,
    maybe,
    opposite,
)
from lpgen.core.iam.match_resource import (
    bind_fields,
    resource_contains,
    resource_match,
    resource_matcher,
    resource_tokens,
    resources_meet,
)
from lpgen.core.iam.policy_variables import Filled, UnfilledReason, fill_in
from lpgen.core.model import ActionPattern, Resource, ResourceKind, Statement


def covering_matches(statement: Statement, version: str, request: Request) -> Match:
    """Whether a statement that covers the request's action applies to the request, regardless of its effect.

    It checks the resource and the conditions, but not principals. `version` is the policy's language version. Only `*`
    matches a resource of kind NONE.
    """
    resource = resource_matches(statement, version, request)
    if resource.answer is Answer.NO or not statement.conditions:
        return resource
    met = conditions_match(statement.conditions, version, request)
    return met if resource.answer is Answer.YES else all_of((resource, met))


def action_matches(statement: Statement, folded_action: str) -> bool:
    """Whether a statement's `Action` or `NotAction` covers an action given in lower case."""
    return patterns_match(statement.patterns, folded_action) is not statement.not_action


def patterns_match(patterns: tuple[ActionPattern, ...], folded_action: str) -> bool:
    """Whether one of the patterns matches an action given in lower case."""
    names, globs = _names_and_globs(patterns)
    return folded_action in names or any(matches(folded_action) for matches in globs)


@lru_cache(maxsize=8192)
def _names_and_globs(patterns: tuple[ActionPattern, ...]) -> tuple[frozenset[str], tuple[Callable[[str], bool], ...]]:
    """The valid patterns in lower case: names, and matchers for globs. Patterns that IAM rejects match nothing."""
    valid = tuple(fold_case(pattern) for pattern in patterns if not isinstance(parse_pattern(pattern), str))
    names = frozenset(pattern for pattern in valid if not has_wildcard(pattern))
    return names, tuple(glob_matcher(pattern) for pattern in valid if has_wildcard(pattern))


def resource_matches(statement: Statement, version: str, request: Request) -> Match:
    """Whether a statement's `Resource` or `NotResource` covers the request's resource.

    In either element, a pattern with a variable that has no value matches no resource. A statement without the element
    (in a trust policy) covers the resource that has the policy.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
    """
    if not statement.resources and statement.principals is not None:
        return YES
    patterns, resource, covered = statement.resources, request.resource, NO
    if resource.kind is ResourceKind.ARN or resource.kind is ResourceKind.NONE:
        fixed, patterns = _fixed_and_varying(patterns, version)
        for matches in fixed:
            if matches(resource.text):
                covered, patterns = YES, ()
                break
    if patterns:
        covered = any_of([_pattern_match(pattern, version, request) for pattern in patterns])
    return opposite(covered) if statement.not_resource else covered


@lru_cache(maxsize=8192)
def _fixed_and_varying(
    patterns: tuple[str, ...], version: str
) -> tuple[tuple[Callable[[str], bool], ...], tuple[str, ...]]:
    """The matchers of patterns that don't depend on the request, and the other patterns."""
    varying = tuple(pattern for pattern in patterns if holds_variable(pattern, version))
    return tuple(resource_matcher(pattern) for pattern in patterns if pattern not in varying), varying


def _pattern_match(pattern: str, version: str, request: Request) -> Match:
    """Whether one resource pattern covers the request's resource."""
    resource = request.resource
    if not holds_variable(pattern, version):
        return _plain_match(pattern, resource)
    filled = fill_in(pattern, request)
    if isinstance(filled, Filled):
        return _filled_match(filled, resource)
    if filled.gap is UnfilledReason.MISSING:
        return NO
    at_most = _plain_match(variables_as_wildcards(pattern), resource)
    return NO if at_most.answer is Answer.NO else maybe(*filled.keys, *at_most.depends_on)


def _plain_match(pattern: str, resource: Resource) -> Match:
    if pattern == "*":
        return YES
    if resource.kind in (ResourceKind.ARN, ResourceKind.NONE):
        return match_of(resource_match(pattern, resource.text))
    if resource.kind is not ResourceKind.FOLD:
        return YES if resource_contains(pattern, "*") else maybe(RESOURCE)
    if resource_contains(pattern, resource.text):
        return YES
    return maybe(RESOURCE) if resources_meet(pattern, resource.text) else NO


def _filled_match(filled: Filled, resource: Resource) -> Match:
    tokens = bind_fields(filled.as_tokens())
    if resource.kind in (ResourceKind.ARN, ResourceKind.NONE):
        return match_of(match_tokens(tokens, resource.text))
    others = resource_tokens(resource.text)
    if tokens_contain(tokens, others):
        return YES
    return maybe(RESOURCE) if tokens_intersect(tokens, others) else NO
