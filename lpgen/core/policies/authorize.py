"""The decision: a request and policies in, allowed or denied out, with the statements that decided.

It is total and pure, and it never guesses: where the outcome turns on something that the request doesn't show, the
decision says on what. It knows identity policies and the permissions boundary.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from lpgen.core.actions.catalog import Catalog
from lpgen.core.actions.patterns import parse_pattern
from lpgen.core.model import (
    CURRENT_VERSION,
    NO_RESOURCE,
    ActionPattern,
    Effect,
    Policy,
    Resource,
    ResourceKind,
    Statement,
)
from lpgen.core.policies.conditions import conditions_match
from lpgen.core.policies.decision import (
    NO,
    RESOURCE,
    YES,
    Answer,
    Decision,
    Layer,
    Match,
    Reason,
    Request,
    Result,
    all_of,
    any_of,
    match_of,
    maybe,
    opposite,
)
from lpgen.core.policies.glob_tokens import match_tokens, tokens_contain, tokens_intersect
from lpgen.core.policies.match import fold_case, glob_match, variables_as_wildcards
from lpgen.core.policies.match_resource import (
    bind_fields,
    resource_contains,
    resource_match,
    resource_tokens,
    resources_intersect,
)
from lpgen.core.policies.policy_variables import Filled, Gap, fill_in


def decide(
    request: Request,
    identity_policies: Sequence[Policy],
    *,
    boundary: Policy | None = None,
    catalog: Catalog | None = None,
) -> Decision:
    """What becomes of a request under identity policies and, if there is one, a permissions boundary.

    With a catalog, an action without resource-level permissions is evaluated on `*` whatever the request names.
    """
    request = _without_needless_resource(request, catalog)
    layers = [(Layer.IDENTITY, tuple(identity_policies))]
    if boundary is not None:
        layers.append((Layer.BOUNDARY, (boundary,)))
    reasons = [reason for layer, policies in layers for reason in _reasons(layer, policies, request)]
    denies = [reason for reason in reasons if reason.effect is Effect.DENY]
    allows = {layer: _allows(layer, reasons) for layer, _ in layers}
    denied = any_of(reason.match for reason in denies)
    allowed = all_of(any_of(reason.match for reason in found) for found in allows.values())
    all_allows = [reason for found in allows.values() for reason in found]
    if denied.answer is Answer.YES:
        certain = tuple(reason for reason in denies if reason.match.answer is Answer.YES)
        return Decision(Result.EXPLICITLY_DENIED, certain)
    if allowed.answer is Answer.NO:
        silent = tuple(layer for layer, found in allows.items() if not found)
        return Decision(Result.IMPLICITLY_DENIED, tuple(all_allows), layers_without_allow=silent)
    both = all_of((allowed, opposite(denied)))
    if both.answer is Answer.YES:
        return Decision(Result.ALLOWED, tuple(r for r in all_allows if r.match.answer is Answer.YES))
    return Decision(Result.DEPENDS, tuple(reasons), both.depends_on)


def _allows(layer: Layer, reasons: Iterable[Reason]) -> list[Reason]:
    return [reason for reason in reasons if reason.layer is layer and reason.effect is Effect.ALLOW]


def _reasons(layer: Layer, policies: Iterable[Policy], request: Request) -> Iterable[Reason]:
    """The statements of a layer that match or may match."""
    for place, policy in enumerate(policies):
        for statement in policy.statements:
            match = statement_matches(statement, policy.version, request)
            if match.answer is not Answer.NO:
                yield Reason(layer, place, statement.index, statement.sid, statement.effect, match)


def _without_needless_resource(request: Request, catalog: Catalog | None) -> Request:
    if catalog is None or request.resource.kind is ResourceKind.NONE:
        return request
    action = catalog.canonical(request.action)
    if action is None or not catalog.takes_no_resource(action):
        return request
    return replace(request, resource=NO_RESOURCE)


# ---------------------------------------------------------------- one statement


def statement_matches(statement: Statement, version: str, request: Request) -> Match:
    """Whether a statement of a policy of this language version applies to a request, whatever its effect.

    Action, resource and conditions are asked; principals aren't. A resource of kind NONE is matched by `*` alone.
    """
    if not action_matches(statement, request.folded_action):
        return NO
    resource = resource_matches(statement, version, request)
    if resource.answer is Answer.NO or not statement.conditions:
        return resource
    return all_of((resource, conditions_match(statement.conditions, version, request)))


def action_matches(statement: Statement, folded_action: str) -> bool:
    """Whether a statement's `Action` or `NotAction` covers an action given in lower case."""
    return _one_matches(statement.patterns, folded_action) is not statement.not_action


@lru_cache(maxsize=262_144)
def _one_matches(patterns: tuple[ActionPattern, ...], folded_action: str) -> bool:
    return any(glob_match(glob, folded_action) for glob in _action_globs(patterns))


@lru_cache(maxsize=8192)
def _action_globs(patterns: tuple[ActionPattern, ...]) -> tuple[str, ...]:
    """The valid patterns in lower case; what IAM's grammar refuses matches nothing."""
    return tuple(fold_case(pattern) for pattern in patterns if not isinstance(parse_pattern(pattern), str))


def resource_matches(statement: Statement, version: str, request: Request) -> Match:
    """Whether a statement's `Resource` or `NotResource` covers the request's resource.

    A variable without a value makes the statement inapplicable, in either form. A statement without the element (a
    trust policy's) covers the resource it hangs on.
    """
    if not statement.resources and statement.principals is not None:
        return YES
    negated = statement.not_resource
    matches = [_pattern_match(pattern, version, request, negated=negated) for pattern in statement.resources]
    if not statement.not_resource:
        return any_of(match or NO for match in matches)
    if None in matches:
        return NO
    return opposite(any_of(match for match in matches if match is not None))


def _pattern_match(pattern: str, version: str, request: Request, *, negated: bool) -> Match | None:
    """Whether one resource pattern covers the request's resource, or None where its variable has no value."""
    resource = request.resource
    if version != CURRENT_VERSION or "${" not in pattern:
        return _plain_match(pattern, resource)
    filled = fill_in(pattern, version, request)
    if isinstance(filled, Filled):
        return _filled_match(filled, resource)
    if filled.gap is Gap.MISSING:
        return None
    at_most = _plain_match(variables_as_wildcards(pattern), resource)
    if at_most.answer is Answer.NO and not negated:
        return NO
    # In `NotResource` even a pattern that no value could make match is in doubt: without a value the statement falls.
    return maybe(*filled.keys, *at_most.depends_on)


def _plain_match(pattern: str, resource: Resource) -> Match:
    if pattern == "*":
        return YES
    if resource.kind in (ResourceKind.ARN, ResourceKind.NONE):
        return match_of(resource_match(pattern, resource.text))
    if resource.kind is not ResourceKind.FOLD:
        return YES if resource_contains(pattern, "*") else maybe(RESOURCE)
    if resource_contains(pattern, resource.text):
        return YES
    return maybe(RESOURCE) if resources_intersect(pattern, resource.text) else NO


def _filled_match(filled: Filled, resource: Resource) -> Match:
    tokens = bind_fields(filled.as_tokens())
    if resource.kind in (ResourceKind.ARN, ResourceKind.NONE):
        return match_of(match_tokens(tokens, resource.text))
    others = resource_tokens(resource.text)
    if tokens_contain(tokens, others):
        return YES
    return maybe(RESOURCE) if tokens_intersect(tokens, others) else NO
