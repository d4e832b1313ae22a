"""Answers: the result of an explanation as a sentence, and the order of answers for several principals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.explanations import ExplainedStatement, ExplainedWall, Explanation, Fit, Used, WallState, WhoCan
from lpgen.core.findings import OutsideTrust
from lpgen.core.iam.authorize import RESOURCE_POLICY
from lpgen.core.iam.decision import RESOURCE, Layer, Result
from lpgen.core.model import Effect, PolicyKind

_FACTS: Final = {RESOURCE: "the resource", RESOURCE_POLICY: "the policy of the resource, which wasn't given"}
_WHOSE: Final = {PolicyKind.RESOURCE: "the policy of "}
_RULED_OUT: Final = "Denied regardless of the policies: {rule}."
_NO_ALLOW: Final = "Implicitly denied: no Allow in {walls} matches."
_COULD_ALLOW: Final = " A policy of the resource could allow it; none was given."
_UNLESS: Final = " It is allowed unless {denies} applies."
_ONLY_IF: Final = " It is allowed only if {allows} applies."
_CAP_ALLOWS: Final = ", and {cap} allows it"
_CAPS_ALLOW: Final = ", and {caps} allow it"
_NO_DOCUMENT: Final = "{policy}, whose document is missing"
_MANY_STATEMENTS: Final = "{first} and {others} more statements"

_CAPS: Final = (Layer.BOUNDARY, Layer.SCP, Layer.RCP)


def sentence_of(found: Explanation, *, resource_policy_could_allow: bool) -> str:
    """The result of the request and why. A second sentence may say what would change the result."""
    match found.result:
        case Result.ALLOWED if found.rule:
            return f"Allowed: {found.rule}."
        case Result.ALLOWED:
            return f"Allowed by {holes_of(found)}{_through(found.walls)}."
        case Result.EXPLICITLY_DENIED:
            return f"Explicitly denied by {_refs(_having(found.walls, Effect.DENY, Fit.APPLIES))}."
        case Result.IMPLICITLY_DENIED if found.rule:
            denied = _RULED_OUT.format(rule=found.rule)
        case Result.IMPLICITLY_DENIED:
            denied = _NO_ALLOW.format(walls=_listed(found.stops, joint="or"))
        case _:
            return f"Depends on {deciding_facts(found)}." + _turning(found)
    return denied + (_COULD_ALLOW if resource_policy_could_allow else "")


def _through(walls: Iterable[ExplainedWall]) -> str:
    names = [wall.name for wall in walls if wall.layer in _CAPS]
    if len(names) == 1:
        return _CAP_ALLOWS.format(cap=names[0])
    return _CAPS_ALLOW.format(caps=_listed(names)) if names else ""


def deciding_facts(found: Explanation) -> str:
    """The facts that the result depends on, as text."""
    missing = {name: _NO_DOCUMENT.format(policy=name) for wall in found.walls for name in wall.missing}
    return _listed([_FACTS.get(key, missing.get(key, key)) for key in found.depends_on])


def _turning(found: Explanation) -> str:
    """The sentence about the statements that decide a result that depends, or "" if unknown facts decide it."""
    if RESOURCE_POLICY in found.depends_on or any(wall.state is WallState.UNKNOWN for wall in found.walls):
        return ""
    undecided = (wall for wall in found.walls if wall.state is WallState.DEPENDS)
    allows = _having(
        (wall for wall in undecided if not _having((wall,), Effect.ALLOW, Fit.APPLIES)), Effect.ALLOW, Fit.MAY_APPLY
    )
    denies = _having(found.walls, Effect.DENY, Fit.MAY_APPLY)
    if denies and not allows:
        return _UNLESS.format(denies=_refs(denies))
    return _ONLY_IF.format(allows=_refs(allows)) if allows and not denies else ""


def _having(walls: Iterable[ExplainedWall], effect: Effect, fit: Fit) -> list[ExplainedStatement]:
    """The statements of the walls with this effect and fit."""
    return [
        statement
        for wall in walls
        for statement in wall.statements
        if statement.fit is fit and statement.effect is effect
    ]


def holes_of(found: Explanation) -> str:
    """The statements that let a request through, or may."""
    return _refs(found.holes, with_action=True)


def _refs(statements: Iterable[ExplainedStatement], *, with_action: bool = False) -> str:
    refs = [
        f"{_action_of(statement) if with_action else ''}{_WHOSE.get(statement.ref.kind, '')}{statement.ref}"
        for statement in statements
    ]
    return _listed(refs) if len(refs) <= 2 else _MANY_STATEMENTS.format(first=refs[0], others=len(refs) - 1)


def _action_of(statement: ExplainedStatement) -> str:
    """The pattern that covers the action: the shortest is usually the widest."""
    return "NotAction in " if statement.not_action else f"{min(statement.actions, key=len)} in "


def _listed(texts: Iterable[str], *, joint: str = "and") -> str:
    """The texts as a list in a sentence."""
    found = list(dict.fromkeys(texts))
    return f" {joint} ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


# ---------------------------------------------------------------- several principals

_RESULTS: Final = (Result.ALLOWED, Result.DEPENDS, Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)
_USED: Final = tuple(Used)
_SEVERITIES: Final = tuple(Severity)

_OTHER_CALLERS: Final = "callers that aren't in the given policies, such as other accounts, services and root users"


def who_can(asked: str, answers: Iterable[Explanation], trust: Sequence[OutsideTrust]) -> WhoCan:
    """The answers for the principals that the glob `asked` matches, the most urgent first.

    `trust` has the outsiders that roles trust, the worst first.

    Allowed principals come first, then those for which it depends, then the others. Within these groups:

    1. Roles that someone outside can assume, because an outsider has the permission. The worst come first.
    2. Principals with an Allow in their own or the resource's policies. Only a policy that wasn't given could allow the
       others.
    3. By use: first permissions that were never used, because their removal breaks nothing, then those whose use the
       logs can't show, then used permissions, the longest ago first.
    """
    worst = {trusted.principal: _SEVERITIES.index(trusted.severity) for trusted in reversed(trust)}

    def rank(answer: Explanation) -> tuple[object, ...]:
        arn, seen = answer.question.principal.arn, answer.seen
        return (
            _RESULTS.index(answer.result),
            worst.get(arn, len(_SEVERITIES)),
            not answer.holes,
            _USED.index(seen.used) if seen else 0,
            seen.last if seen else "",
            arn,
        )

    found = tuple(sorted(answers, key=rank))
    unread = dict.fromkeys(clause for answer in found for clause in answer.unread)
    return WhoCan(asked, found, tuple(trust), (*unread, _OTHER_CALLERS))
