"""The result of an explanation in one plain sentence, or two where the second says what would turn it."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.explanations import ExplainedStatement, ExplainedWall, Explanation, Fit, WallState
from lpgen.core.iam.authorize import RESOURCE_POLICY
from lpgen.core.iam.decision import RESOURCE, Layer, Result
from lpgen.core.model import Effect, PolicyKind


def sentence_of(found: Explanation, *, resource_policy_could_allow: bool) -> str:
    """The result of the request and why, as a sentence; it never says more than is known."""
    match found.result:
        case Result.ALLOWED:
            return _allowed(found)
        case Result.EXPLICITLY_DENIED:
            return _explicitly_denied(found)
        case Result.IMPLICITLY_DENIED:
            opening = " A policy of the resource could allow it; none was given." if resource_policy_could_allow else ""
            return _implicitly_denied(found) + opening
    return _depends(found)


def _allowed(found: Explanation) -> str:
    if found.rule:
        return f"Allowed: {found.rule}."
    others = [wall.name for wall in found.walls if wall.layer in _CAPS]
    through = f", and {_listed(others)} {'lets' if len(others) == 1 else 'let'} it pass" if others else ""
    return f"Allowed by {holes_of(found)}{through}."


def _explicitly_denied(found: Explanation) -> str:
    return f"Explicitly denied by {_refs(_denying(found.walls))}."


def _implicitly_denied(found: Explanation) -> str:
    if found.rule:
        return f"Denied whatever the policies allow: {found.rule}."
    return f"Implicitly denied: nothing in {_listed(found.stops, joint='or')} allows it."


def deciding_facts(found: Explanation) -> str:
    """What the result depends on, in words."""
    missing = {name: f"{name}, whose document is missing" for wall in found.walls for name in wall.missing}
    return _listed([_WORDS.get(key, missing.get(key, key)) for key in found.depends_on])


def _depends(found: Explanation) -> str:
    first = f"Depends on {deciding_facts(found)}."
    allows = [
        one
        for wall in found.walls
        if wall.state is WallState.DEPENDS
        for one in wall.statements
        if one.fit is Fit.MAY_APPLY
        and one.effect is Effect.ALLOW
        and not any(other.fit is Fit.APPLIES and other.effect is Effect.ALLOW for other in wall.statements)
    ]
    denies = [
        one for wall in found.walls for one in wall.statements if one.fit is Fit.MAY_APPLY and one.effect is Effect.DENY
    ]
    if RESOURCE_POLICY in found.depends_on or any(wall.state is WallState.UNKNOWN for wall in found.walls):
        return first
    if denies and not allows:
        return f"{first} It is allowed unless {_refs(denies)} applies."
    if allows and not denies:
        return f"{first} It is allowed only if {_refs(allows)} applies."
    return first


_CAPS = (Layer.BOUNDARY, Layer.SCP, Layer.RCP)
_WORDS = {RESOURCE: "the resource", RESOURCE_POLICY: "the policy of the resource, which wasn't given"}


def _denying(walls: Iterable[ExplainedWall]) -> list[ExplainedStatement]:
    return [
        statement
        for wall in walls
        for statement in wall.statements
        if statement.fit is Fit.APPLIES and statement.effect is Effect.DENY
    ]


def holes_of(found: Explanation) -> str:
    """The statements that let a request through, or may."""
    return _refs(found.holes, with_action=True)


def _refs(statements: Iterable[ExplainedStatement], *, with_action: bool = False) -> str:
    refs = [f"{_action(one) if with_action else ''}{_WHOSE.get(one.ref.kind, '')}{one.ref}" for one in statements]
    if len(refs) <= 2:
        return _listed(refs)
    return f"{refs[0]} and {len(refs) - 1} more statements"


def _action(one: ExplainedStatement) -> str:
    """The hole to the action: the widest pattern is the shortest, near enough."""
    return "NotAction in " if one.not_action else f"{min(one.actions, key=len)} in "


_WHOSE = {PolicyKind.RESOURCE: "the policy of "}


def _listed(texts: Iterable[str], *, joint: str = "and") -> str:
    """Texts in a row, as a sentence has them."""
    found = list(dict.fromkeys(texts))
    return f" {joint} ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))
