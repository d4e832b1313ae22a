"""Who may assume a role, decided on both sides: by the trust policy, and by the policies of the caller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met
from lpgen.core.analysis.observability.trail_coverage import literal_start
from lpgen.core.evidence import RecordedContext
from lpgen.core.globs.match import fold_case
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.conditions import conditions_match
from lpgen.core.iam.decision import Answer, Match, PolicySet, Request, Result
from lpgen.core.iam.match_statement import action_matches, resource_matches
from lpgen.core.model import Condition, Effect, Policy, Principal, Resource, ResourceKind, Statement
from lpgen.core.trust.lines import AWS, TrustLine

_Versioned = tuple[str, Statement]
"""A statement and the language version of its policy."""

_Test = tuple[str, Condition, tuple[str, ...]]
"""A condition whose outcome differs between callers of one kind and account, with the language version and the starts
of the ARNs of callers for which it may differ."""

_PRINCIPAL_ARN: Final = "aws:principalarn"
_OF_CALLER: Final = frozenset({_PRINCIPAL_ARN, "aws:username"})
"""The condition keys whose values differ between callers of one kind and account."""


@dataclass(frozen=True, slots=True)
class MayAssume:
    """A principal that may assume a role. `depends_on` are the condition keys that still decide."""

    principal: str
    depends_on: tuple[str, ...] = ()


class Callers:
    """The known roles and users, grouped by what their policies say about assuming roles.

    All callers of a group get the same decision about a role, unless its trust policy names one or tests its name.
    """

    def __init__(self, known: Iterable[Principal], guards: Guards) -> None:
        self._guards = guards
        groups: dict[Hashable, list[Principal]] = defaultdict(list)
        for principal in known:
            groups[_group_of(principal, policies_met(principal, "", guards))].append(principal)
        allows = (_allows(policies_met(group[0], "", guards)) for group in groups.values())
        self._groups = [(group, some, _starts(some)) for group, some in zip(groups.values(), allows, strict=True)]
        self.accounts = frozenset(group[0].account for group in groups.values())

    def of_role(self, role: Principal) -> Iterator[MayAssume]:
        """The known roles and users that may assume a role, or may do so."""
        policy = self._guards.policy_of(role.arn)
        trusts = tuple(_statements(trust for trust in (role.trust, policy.policy if policy else None) if trust))
        named = {value for _, statement in trusts for _, value in statement.principals or ()}
        is_open = "*" in named or any(statement.not_principal for _, statement in trusts)
        tests, arn = tuple(dict.fromkeys(_tests(trusts))), role.arn.lower()
        for group, allows, starts in self._groups:
            asks = bool(allows) and (is_open or (arn.startswith(starts) and _reaches(group[0], allows, role)))
            decisions: dict[Hashable, tuple[str, ...] | None] = {}
            for principal in group:
                is_named = principal.arn in named
                if not asks and not is_named and "*" not in named:
                    continue
                alike = (principal.arn if is_named else "", _results(tests, principal, role) if tests else ())
                if alike not in decisions:
                    decision = decide(_request(principal, role), policies_met(principal, role.arn, self._guards))
                    may = decision.result in (Result.ALLOWED, Result.DEPENDS)
                    decisions[alike] = decision.depends_on if may else None
                if (depends_on := decisions[alike]) is not None:
                    yield MayAssume(principal.arn, depends_on)


def may_assume(role: Principal, lines: Iterable[TrustLine], callers: Callers) -> tuple[MayAssume, ...]:
    """The principals that may assume a role, sorted.

    Each known role and user is decided with its own policies. Other principals are listed as the trust policy names
    them, with the keys of their conditions.
    """
    found = list(callers.of_role(role)) if any(line.kind == AWS for line in lines) else []
    others = set()
    for line in lines:
        if not line.assumes or (line.account in callers.accounts and line.account):
            continue
        keys = tuple(sorted({condition.key for condition in line.statement.conditions}))
        others.add(MayAssume(line.value, keys))
    return tuple(sorted([*found, *others], key=attrgetter("principal")))


def _request(principal: Principal, role: Principal) -> Request:
    resource = Resource(ResourceKind.ARN, role.arn)
    context = known_context(principal, resource, RecordedContext(""))
    return Request(principal.arn, "sts:AssumeRole", resource, context, resource_account=role.account)


def _statements(policies: Iterable[Policy]) -> Iterator[_Versioned]:
    return ((policy.version, statement) for policy in policies for statement in policy.statements)


def _about_roles(policies: Iterable[Policy]) -> tuple[_Versioned, ...]:
    """The statements that cover the action."""
    return tuple(found for found in _statements(policies) if action_matches(found[1], "sts:assumerole"))


def _tests(statements: Iterable[_Versioned]) -> Iterator[_Test]:
    for version, statement in statements:
        for condition in statement.conditions:
            key, varies = fold_case(condition.key), any("${" in value for value in condition.values)
            if key in _OF_CALLER or varies:
                is_of_arn = key == _PRINCIPAL_ARN and not varies
                yield version, condition, tuple(map(_start, condition.values)) if is_of_arn else ("",)


def _start(pattern: str) -> str:
    """The text that all that a pattern matches starts with, in lower case. Finding it is faster than to match."""
    return literal_start(pattern).lower()


def _starts(statements: Iterable[_Versioned]) -> tuple[str, ...]:
    """The start of each ARN of a resource that one of the statements may cover."""
    return tuple(
        "" if statement.not_resource else _start(pattern)
        for _, statement in statements
        for pattern in statement.resources
    )


def _allows(policies: PolicySet) -> tuple[_Versioned, ...]:
    return tuple(found for found in _about_roles(policies.identity) if found[1].effect is Effect.ALLOW)


def _reaches(principal: Principal, allows: Iterable[_Versioned], role: Principal) -> bool:
    """Whether one of a caller's statements covers a role."""
    request = _request(principal, role)
    return any(resource_matches(allow, version, request).answer is not Answer.NO for version, allow in allows)


def _results(tests: Iterable[_Test], principal: Principal, role: Principal) -> tuple[Match | None, ...]:
    """The outcome of each condition for a caller, or None if no value can match its ARN."""
    arn = principal.arn.lower()
    return tuple(
        conditions_match((condition,), version, _request(principal, role)) if arn.startswith(starts) else None
        for version, condition, starts in tests
    )


def _group_of(principal: Principal, policies: PolicySet) -> Hashable:
    """What decides for a caller: its kind, and what its policies and their limits say about the action. Its own name
    counts if they have variables."""
    parts = [_about_roles(some) for some in (policies.identity, policies.boundary, *policies.scps)]
    every = [found for part in parts for found in part]
    varies = any("${" in statement.text for _, statement in every)
    said = tuple((version, one.effect, one.resources, one.not_resource, one.conditions) for version, one in every)
    lengths = (bool(policies.boundary), *(len(part) for part in parts))
    tests = _results(tuple(_tests(every)), principal, principal)
    name = principal.arn if varies else principal.arn.partition(":iam:")[0]
    return principal.account, principal.kind, principal.is_service_linked, name, said, lengths, tests
