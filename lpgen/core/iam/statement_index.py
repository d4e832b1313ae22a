"""Which statements of some policies cover an action: asked of the same policies for one request after another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from lpgen.core.globs.match import fold_case
from lpgen.core.iam.decision import Layer, Match, Wall
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.model import ActionPattern, Policy, Statement

_MOST_SETS = 256
"""How many sets of policies are remembered: what a request meets is a few, and the next requests meet the same."""


class _Covering(NamedTuple):
    """A statement that covers an action, with the place of its policy among those asked, and their version."""

    place: int
    version: str
    statement: Statement


class _Covered:
    """All statements that cover an action, in the policies' order, and the walls they made of requests so far.

    Which wall it is turns on its layer, its level, and how each of the statements matches.
    """

    __slots__ = ("statements", "walls")

    def __init__(self, statements: tuple[_Covering, ...]) -> None:
        self.statements = statements
        self.walls: dict[tuple[Layer, int, tuple[Match, ...]], Wall] = {}


def statements_covering(policies: Sequence[Policy], folded_action: str) -> _Covered:
    """The statements whose `Action` or `NotAction` covers an action given in lower case."""
    key = tuple(map(id, policies))
    index = _known.get(key)
    if index is None:
        if len(_known) >= _MOST_SETS:
            _known.clear()
        index = _known[key] = _StatementIndex(policies)
    found = index.by_action.get(folded_action)
    return index.covering(folded_action) if found is None else found


class _StatementIndex:
    """The statements of some policies by the service that they name, and by each action that was asked for."""

    __slots__ = ("_by_service", "_policies", "_statements", "by_action")

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = tuple(policies)
        self._statements = tuple(
            (_Covering(place, policy.version, statement), _service_prefixes(statement.patterns))
            for place, policy in enumerate(policies)
            for statement in policy.statements
        )
        self._by_service: dict[str, tuple[_Covering, ...]] = {}
        self.by_action: dict[str, _Covered] = {}

    def covering(self, folded_action: str) -> _Covered:
        near = self._of_service(folded_action.partition(":")[0])
        found = _Covered(tuple(one for one in near if action_matches(one.statement, folded_action)))
        self.by_action[folded_action] = found
        return found

    def _of_service(self, service: str) -> tuple[_Covering, ...]:
        """The statements that may cover an action of the service."""
        found = self._by_service.get(service)
        if found is None:
            found = tuple(
                one
                for one, prefixes in self._statements
                if one.statement.not_action or "*" in prefixes or service in prefixes
            )
            self._by_service[service] = found
        return found


# Policies are looked up by identity, not by content: hashing one takes longer than checking all its statements.
# INVARIANT: each index holds its policies, so no others can have their ids.
_known: dict[tuple[int, ...], _StatementIndex] = {}


@lru_cache(maxsize=8192)
def _service_prefixes(patterns: tuple[ActionPattern, ...]) -> frozenset[str]:
    """The text before the colon of each pattern, in lower case; the only wildcard that IAM allows there is `*`."""
    return frozenset(fold_case(pattern).partition(":")[0] for pattern in patterns)
