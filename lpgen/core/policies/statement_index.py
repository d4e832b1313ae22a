"""Which statements of a policy cover an action: asked of the same policies for one request after another."""

from __future__ import annotations

from lpgen.core.model import Policy, Statement
from lpgen.core.policies.match import fold_case
from lpgen.core.policies.match_statement import action_matches

_MOST_POLICIES = 4096
"""How many policies are remembered: what a request meets is a few of them, and the next requests meet the same."""


def statements_covering(policy: Policy, folded_action: str) -> tuple[Statement, ...]:
    """The statements whose `Action` or `NotAction` covers an action given in lower case, in the policy's order."""
    index = _known.get(id(policy))
    if index is None:
        if len(_known) >= _MOST_POLICIES:
            _known.clear()
        index = _known[id(policy)] = _StatementIndex(policy)
    return index.covering(folded_action)


class _StatementIndex:
    """The statements of one policy by the service that they name, and by each action that was asked for."""

    __slots__ = ("_by_action", "_by_service", "_policy", "_prefixes")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._prefixes = tuple(_service_prefixes(statement) for statement in policy.statements)
        self._by_service: dict[str, tuple[Statement, ...]] = {}
        self._by_action: dict[str, tuple[Statement, ...]] = {}

    def covering(self, folded_action: str) -> tuple[Statement, ...]:
        found = self._by_action.get(folded_action)
        if found is None:
            near = self._of_service(folded_action.partition(":")[0])
            found = tuple(statement for statement in near if action_matches(statement, folded_action))
            self._by_action[folded_action] = found
        return found

    def _of_service(self, service: str) -> tuple[Statement, ...]:
        """The statements that may cover an action of the service."""
        found = self._by_service.get(service)
        if found is None:
            pairs = zip(self._policy.statements, self._prefixes, strict=True)
            found = tuple(one for one, prefixes in pairs if one.not_action or "*" in prefixes or service in prefixes)
            self._by_service[service] = found
        return found


# Policies are known by what they are, not by what they say: to hash one takes longer than to ask all its statements.
# INVARIANT: each index holds its policy, so that no other can have its id.
_known: dict[int, _StatementIndex] = {}


def _service_prefixes(statement: Statement) -> frozenset[str]:
    """What stands before the colon of each pattern, in lower case; IAM allows no wildcard there but `*` alone."""
    return frozenset(fold_case(pattern).partition(":")[0] for pattern in statement.patterns)
