"""One wall of an explanation: its statements that cover the action, their matching parts, and why some don't count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import StatementRef
from lpgen.core.explanations import ConditionState, ExplainedStatement, Fit, WallState
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.conditions import condition_match
from lpgen.core.iam.decision import Answer, Reason, Request, Wall, any_of
from lpgen.core.iam.match_statement import action_matches, patterns_match, resource_matches
from lpgen.core.iam.principals import Naming, RequestPrincipal, naming_of
from lpgen.core.model import ActionPattern, Effect, Policy, Statement


@dataclass(frozen=True, slots=True)
class Held:
    """A policy of a wall, as evaluated and as written. `ref` is the reference of its statements without their number.

    `names_principals` is true for resource policies, whose statements count only for the principals that they name.
    `bounded` says that the principal has a permissions boundary, which matters to `NotPrincipal`.
    """

    ref: StatementRef
    policy: Policy
    written: Policy
    names_principals: bool = False
    bounded: bool = False


def wall_state(wall: Wall, *, missing: bool) -> WallState:
    """The answer of a wall to the request. With a policy `missing`, only an explicit Deny is certain."""
    denied = any_of(reason.match for reason in wall.denies)
    allowed = wall.allowed()
    if denied.answer is Answer.YES:
        return WallState.DENIES
    if missing:
        return WallState.UNKNOWN
    if denied.answer is Answer.MAYBE or allowed.answer is Answer.MAYBE:
        return WallState.DEPENDS
    return WallState.OPEN if allowed.answer is Answer.YES else WallState.SHUT


def explain_wall(
    wall: Wall, held: Sequence[Held], request: Request, principal: RequestPrincipal, *, catalog: Catalog
) -> tuple[ExplainedStatement, ...]:
    """The statements that cover the action: applicable Denies, applicable Allows, then the others and why they don't
    apply."""
    reasons = {(reason.policy, reason.statement): reason for reason in wall.reasons}
    found = [
        _explain_statement(policy, at, reasons.get((place, statement.index)), request, principal, catalog=catalog)
        for place, policy in enumerate(held)
        for at, statement in enumerate(policy.policy.statements)
        if action_matches(statement, request.folded_action)
    ]
    return tuple(sorted(found, key=_order))


def _order(statement: ExplainedStatement) -> tuple[bool, bool, bool]:
    return not statement.counts, statement.effect is Effect.ALLOW, statement.fit is Fit.MAY_APPLY


def _explain_statement(
    held: Held, at: int, reason: Reason | None, request: Request, principal: RequestPrincipal, *, catalog: Catalog
) -> ExplainedStatement:
    statement, version = held.policy.statements[at], held.policy.version
    naming = naming_of(statement, principal, bounded=held.bounded) if held.names_principals else None
    actions = _actions_matched(statement, request.folded_action)
    return ExplainedStatement(
        replace(held.ref, index=statement.index, sid=statement.sid),
        statement.effect,
        _fit(statement, version, request, reason=reason, naming=naming),
        actions,
        statement.not_action,
        _actions_today(actions, catalog, negated=statement.not_action),
        _resources_matched(statement, version, request) or held.written.statements[at].resources,
        statement.not_resource,
        tuple(
            ConditionState(condition, condition_match(condition, version, request).answer)
            for condition in statement.conditions
        ),
        reason.match.depends_on if reason else (),
        _named(statement, naming),
    )


_NOT_EXCLUDED: Final = "through NotPrincipal, which doesn't exclude it"


def _named(statement: Statement, naming: Naming | None) -> str:
    if naming is None or naming is Naming.NONE:
        return ""
    return _NOT_EXCLUDED if statement.not_principal else naming.value


def _fit(statement: Statement, version: str, request: Request, *, reason: Reason | None, naming: Naming | None) -> Fit:
    if reason is not None:
        return Fit.APPLIES if reason.match.answer is Answer.YES else Fit.MAY_APPLY
    if naming is Naming.NONE:
        return Fit.OTHER_PRINCIPAL
    if resource_matches(statement, version, request).answer is Answer.NO:
        return Fit.OTHER_RESOURCE
    return Fit.CONDITION


def _actions_matched(statement: Statement, folded_action: str) -> tuple[ActionPattern, ...]:
    """The patterns that cover the action; all patterns of a `NotAction`."""
    if statement.not_action:
        return statement.patterns
    return _patterns_matched(statement.patterns, folded_action)


@lru_cache(maxsize=1024)  # AWS's policies have thousands of patterns, and many principals share them
def _patterns_matched(patterns: tuple[ActionPattern, ...], folded_action: str) -> tuple[ActionPattern, ...]:
    return tuple(pattern for pattern in patterns if patterns_match((pattern,), folded_action))


def _actions_today(actions: Iterable[ActionPattern], catalog: Catalog, *, negated: bool) -> int:
    patterns = tuple(actions)
    if negated:
        return len(catalog.expand_not(patterns).actions)
    if not any(map(has_wildcard, patterns)):
        return 1
    return len(catalog.expand(patterns).actions)


def _resources_matched(statement: Statement, version: str, request: Request) -> tuple[str, ...]:
    if statement.not_resource:
        return statement.resources
    return tuple(
        resource
        for resource in statement.resources
        if _pattern_answer(statement, resource, version, request) is not Answer.NO
    )


def _pattern_answer(statement: Statement, pattern: str, version: str, request: Request) -> Answer:
    return resource_matches(replace(statement, resources=(pattern,)), version, request).answer
