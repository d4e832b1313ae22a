"""Grants: the statements of each principal's policies, with every pattern expanded against the catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final, overload

from lpgen.core.analysis.grants.aws_policies import is_aws_policy
from lpgen.core.catalog.catalog import Catalog, Expansion
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.evidence import Grant, Limit, PrincipalGrants, StatementRef
from lpgen.core.guards import NO_GUARDS, Guards, Levels
from lpgen.core.model import ActionPattern, AttachedPolicy, Effect, PolicyKind, Principal

BOUNDARY: Final = "the permissions boundary"
"""The name of the limit that a principal's boundary sets."""


def grants_from_principals(
    principals: Iterable[Principal], catalog: Catalog, guards: Guards = NO_GUARDS
) -> tuple[PrincipalGrants, ...]:
    """The grants of each principal, sorted by ARN.

    Every `Allow` and `Deny` of inline, attached, group and boundary policies and of SCPs, expanded against the catalog.
    Conditions are kept with the statement and not evaluated here.
    """
    expander = _Expander(catalog)
    return tuple(
        _principal_grants(guards.bounded(principal), guards.scps_of(principal), expander)
        for principal in sorted(principals, key=lambda principal: principal.arn)
    )


class GrantsOnDemand(Sequence[PrincipalGrants]):
    """The grants of principals, read and expanded on each request.

    The grants of thousands of principals would take most of the memory.

    `outlines` are the principals without their policies, sorted by ARN, and `read` reads one by its ARN.
    """

    def __init__(
        self, outlines: tuple[Principal, ...], read: Callable[[str], Principal], catalog: Catalog, guards: Guards
    ) -> None:
        self.outlines = outlines
        self._read, self._catalog, self._guards = read, catalog, guards

    def whole(self, outline: Principal) -> Principal:
        """The principal of an outline, with its effective boundary. Both share their common parts."""
        found = self._read(outline.arn)
        return self._guards.bounded(replace(outline, policies=found.policies, boundary=found.boundary, tags=found.tags))

    def __len__(self) -> int:
        return len(self.outlines)

    @overload
    def __getitem__(self, at: int) -> PrincipalGrants: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[PrincipalGrants, ...]: ...
    def __getitem__(self, at: int | slice) -> PrincipalGrants | tuple[PrincipalGrants, ...]:
        if isinstance(at, slice):
            return grants_from_principals(map(self.whole, self.outlines[at]), self._catalog, self._guards)
        return grants_from_principals([self.whole(self.outlines[at])], self._catalog, self._guards)[0]

    def __iter__(self) -> Iterator[PrincipalGrants]:
        return iter(self[:])


class _Expander:
    # Thousands of roles share a few policies. Expanding `*` for each role would take minutes and gigabytes.
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[tuple[ActionPattern, ...], bool], Expansion] = {}

    @cached_property
    def _retired(self) -> Collection[str]:
        """The prefixes of services that AWS retired. Users' catalogs may lack the table."""
        source = self._catalog.source
        known = source.has_table("retired_services")
        return read_catalog_table(source, "retired_services", dict[str, str]).keys() if known else ()

    def is_left_over(self, pattern: ActionPattern, ref: StatementRef) -> bool:
        """Whether AWS's own policy still names a service that AWS retired. It grants nothing, and isn't a misspelling.

        https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html
        """
        return is_aws_policy(ref.policy) and pattern.partition(":")[0].lower() in self._retired

    def expand(self, patterns: tuple[ActionPattern, ...], *, negated: bool) -> Expansion:
        key = (patterns, negated)
        if key not in self._known:
            expand = self._catalog.expand_not if negated else self._catalog.expand
            self._known[key] = expand(patterns)
        return self._known[key]


def _principal_grants(principal: Principal, scps: Levels, expander: _Expander) -> PrincipalGrants:
    allows, denies = _by_effect(grant for policy in principal.policies for grant in _policy_grants(policy, expander))
    limits = tuple(_limits(principal, scps, expander))
    return PrincipalGrants(principal, allows, denies, limits, _missing(principal))


_SCP_LEVEL: Final = "level {number} of the SCPs"


def _limits(principal: Principal, scps: Levels, expander: _Expander) -> Iterator[Limit]:
    if principal.boundary is not None:
        yield Limit(BOUNDARY, *_by_effect(_policy_grants(principal.boundary, expander)))
    for number, level in enumerate(scps, start=1):
        policies = (
            AttachedPolicy(PolicyKind.SCP, f"SCP {place} of level {number}", "", "", None, policy)
            for place, policy in enumerate(level, start=1)
        )
        found = _by_effect(grant for policy in policies for grant in _policy_grants(policy, expander))
        yield Limit(_SCP_LEVEL.format(number=number), *found)


def _by_effect(grants: Iterable[Grant]) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    found = tuple(grants)
    return (
        tuple(grant for grant in found if grant.statement.effect is Effect.ALLOW),
        tuple(grant for grant in found if grant.statement.effect is Effect.DENY),
    )


def _policy_grants(policy: AttachedPolicy, expander: _Expander) -> Iterable[Grant]:
    if policy.document is None:
        return
    for statement in policy.document.statements:
        ref = StatementRef(policy.arn or policy.name, policy.kind, policy.group, statement.index, statement.sid)
        expansion = expander.expand(statement.patterns, negated=statement.not_action)
        unknown = (problem.pattern for problem in expansion.problems)
        kept = tuple(pattern for pattern in unknown if not expander.is_left_over(pattern, ref))
        yield Grant(ref, policy.document.version, statement, expansion.actions, kept)


def _missing(principal: Principal) -> tuple[str, ...]:
    attached = [*principal.policies, *([principal.boundary] if principal.boundary else [])]
    return tuple(sorted(policy.arn or policy.name for policy in attached if policy.document is None))
