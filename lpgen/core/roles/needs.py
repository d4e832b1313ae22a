"""What principals need, as pairs of an action and a scope, and how much a shared policy exceeds the need of each.

The need of a principal is what its replacement keeps. All questions about merges count these pairs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import or_
from typing import Final

from lpgen.core.analysis.scopes.scopes import NAMED_KINDS
from lpgen.core.evidence import Grant, PrincipalGrants, Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.globs.match import has_wildcard, holds_variable
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.iam.policy import conditions_at_least_as_strict
from lpgen.core.model import CURRENT_VERSION, Action, Condition, Principal, PrincipalKind, Resource, Statement
from lpgen.core.principal_names import words_of_name
from lpgen.core.replacements import UNSEEN_KINDS, Line, Replacement, Scope

_NUMBER: Final = re.compile(r"\d+")
_OF_ITSELF: Final = (":user/${aws:username}", ":mfa/${aws:username}", ":user/*${aws:username}")
_MOST_BEYOND: Final = 5
"""A merge may give each member at most this part of the shared pairs beyond its own need: a fifth."""

_FEW_BEYOND: Final = 2
_MOST_OF_FEW: Final = 3
"""Or this many pairs, if they are at most a third and the member needs their actions nowhere else. A small job with one
more call is the same job, but the same calls on other resources are another job."""

LOGGING: Final = frozenset({"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"})
"""Where a program writes its own log shows no job."""


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """An action on a resource pattern, or on all resources but `excepted`, under conditions."""

    action: Action
    resource: str
    excepted: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


Need = frozenset[Pair]


def need_of(diff: PrincipalDiff, grants: PrincipalGrants) -> Need:
    """What a replacement keeps: its lines, and the AWS managed policies that stay attached."""
    left = {policy.arn for policy in diff.draft.left}
    return _of_lines(diff.draft.lines, grants) | frozenset(
        pairs_of(grant for grant in grants.allows if grant.ref.policy in left)
    )


def used_part(diff: PrincipalDiff, grants: PrincipalGrants) -> Need:
    """The pairs of a replacement that recorded use or a person asks for. They show what job a principal does."""
    return _of_lines((line for line in diff.draft.lines if line.kind not in UNSEEN_KINDS), grants)


def recorded_part(need: Need, uses: Iterable[Use]) -> Need:
    """A need with the recorded resources in place of the wider scopes that follow from them.

    Pairs without recorded resources stay as they are.
    """
    recorded: dict[Action, set[Resource]] = defaultdict(set)
    for use in uses:
        if use.is_done:
            recorded[use.action].add(use.resource)

    def narrowed(pair: Pair) -> Iterable[Pair]:
        inside = (resource for resource in recorded[pair.action] if is_within(resource, pair))
        return [replace(pair, resource=resource.text) for resource in inside] or [pair]

    return frozenset(found for pair in need for found in narrowed(pair))


def is_within(resource: Resource, pair: Pair) -> bool:
    """Whether a recorded resource is known and part of the scope of a pair."""
    return resource.kind in NAMED_KINDS and not pair.excepted and _holds(pair.resource, resource.text)


def _holds(pattern: str, resource: str) -> bool:
    return not holds_variable(pattern, CURRENT_VERSION) and resource_contains(pattern, resource)


def _of_lines(lines: Iterable[Line], grants: PrincipalGrants) -> Need:
    """The pairs of lines. A user's management of itself isn't a need of a role."""
    found = {pair for line, pairs in lines_with_pairs(lines, grants) for pair in pairs}
    is_user = grants.principal.kind is PrincipalKind.USER
    return frozenset(pair for pair in found if not (is_user and pair.resource.endswith(_OF_ITSELF)))


def lines_with_pairs(lines: Iterable[Line], grants: PrincipalGrants) -> list[tuple[Line, list[Pair]]]:
    """Each line with its pairs, one for each resource of its scope."""
    parents = {grant.ref: grant.statement for grant in grants.allows}
    return [(line, _pairs(line.action, line.scope, parents[line.parent])) for line in lines]


def written_pairs(replacement: Replacement, grants: PrincipalGrants) -> list[Pair]:
    """The pairs of the statements that a replacement writes, which may be wider than its lines."""
    parents = {grant.ref: grant.statement for grant in grants.allows}
    statements = (statement for document in replacement.documents for statement in document.statements)
    return [
        pair
        for statement in statements
        for action in statement.actions
        for pair in _pairs(action, statement.scope, parents[statement.parent])
    ]


def pairs_of(grants: Iterable[Grant]) -> Iterable[Pair]:
    """The pairs that Allow statements grant."""
    for grant in grants:
        for action in grant.actions:
            yield from _pairs(action, grant.statement, grant.statement)


def _pairs(action: Action, scope: Scope | Statement, statement: Statement) -> list[Pair]:
    if scope.not_resource:
        return [Pair(action, "", scope.resources, statement.conditions)]
    return [Pair(action, resource, (), statement.conditions) for resource in scope.resources]


def covers(outer: Pair, inner: Pair) -> bool:
    """Whether a pair allows everything that another one does."""
    if outer == inner:
        return True
    if outer.action != inner.action or not conditions_at_least_as_strict(inner.conditions, outer.conditions):
        return False
    if inner.excepted or outer.excepted:
        return outer.resource == "*" or inner.excepted == outer.excepted
    # The meaning of a variable depends on the principal.
    return outer.resource == inner.resource or _holds(outer.resource, inner.resource)


def uncovered(need: Iterable[Pair], held: Iterable[Pair]) -> list[Pair]:
    """The pairs of a need that no held pair covers."""
    by_action: dict[Action, list[Pair]] = defaultdict(list)
    for pair in held:
        by_action[pair.action].append(pair)
    return [pair for pair in need if not any(covers(outer, pair) for outer in by_action[pair.action])]


def templates_of(need: Need, principal: Principal) -> Need:
    """The need with the principal's own name, number and account in scopes replaced by marks.

    The mark of a name keeps its first word, so it is equal only for names such as `orders-1` and `orders-2`. All log
    groups that programs write to are alike.
    """
    first = next(iter(words_of_name(principal.name)), "")
    numbers = _NUMBER.findall(principal.name)
    marks = [(principal.name, f"<{first}>"), *((number, f"<#{first}>") for number in numbers)]
    tests = [(re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])"), mark) for text, mark in marks]

    def marked(resource: str) -> str:
        *place, name = resource.replace(principal.account, "<account>").split(":", 5)
        for test, mark in tests:
            name = test.sub(mark, name)
        return ":".join((*place, name))

    return frozenset(
        replace(
            pair,
            resource="" if pair.action in LOGGING else marked(pair.resource),
            excepted=tuple(map(marked, pair.excepted)),
        )
        for pair in need
    )


class Overlap:
    """How much the needs of some principals overlap. A group is a set of bits, one for each principal."""

    def __init__(self, needs: Sequence[Need], is_harmful: Callable[[Action], bool]) -> None:
        pairs = sorted(frozenset().union(*needs))
        bits = {pair: 1 << at for at, pair in enumerate(pairs)}
        by_action: dict[Action, list[Pair]] = defaultdict(list)
        for pair in pairs:
            by_action[pair.action].append(pair)
        covered = {
            outer: reduce(or_, (bits[pair] for pair in by_action[outer.action] if covers(outer, pair)))
            if has_wildcard(outer.resource) or outer.excepted
            else bits[outer]
            for outer in pairs
        }
        whole = (1 << len(pairs)) - 1
        self._harmful = reduce(or_, (bits[pair] for pair in pairs if is_harmful(pair.action)), 0)
        self._own = [reduce(or_, map(bits.__getitem__, need), 0) for need in needs]
        self._lacked = [whole & ~reduce(or_, map(covered.__getitem__, need), 0) for need in needs]
        of_action = {action: reduce(or_, map(bits.__getitem__, some)) for action, some in by_action.items()}
        self._of_actions = [reduce(or_, (of_action[pair.action] for pair in need), 0) for need in needs]
        self._measured = cache(self._measure)

    def over_grant(self, group: int) -> int:
        """How many pairs a shared policy allows beyond the needs of the members, member by member."""
        return self._measured(group)[0]

    def harmful(self, group: int) -> int:
        """How many of these have a dangerous action."""
        return self._measured(group)[1]

    def is_near(self, group: int) -> bool:
        """Whether no member gets much beyond its own need: a fifth of the shared pairs, or two of other actions."""
        return self._measured(group)[2]

    def _measure(self, group: int) -> tuple[int, int, bool]:
        members = [at for at in range(len(self._own)) if group >> at & 1]
        shared = reduce(or_, (self._own[at] for at in members))
        gained = [shared & self._lacked[at] for at in members]
        most, size = max(extra.bit_count() for extra in gained), shared.bit_count()
        is_other = not any(extra & self._of_actions[at] for extra, at in zip(gained, members, strict=True))
        return (
            sum(extra.bit_count() for extra in gained),
            sum((extra & self._harmful).bit_count() for extra in gained),
            most * _MOST_BEYOND <= size or (is_other and most <= _FEW_BEYOND and most * _MOST_OF_FEW <= size),
        )
