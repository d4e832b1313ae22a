"""Who may assume a role, decided on both sides: by the trust policy, and by the policies of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met
from lpgen.core.evidence import RecordedContext
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.model import Effect, Principal, Resource, ResourceKind
from lpgen.core.trust.lines import AWS, TrustLine


@dataclass(frozen=True, slots=True)
class MayAssume:
    """A principal that may assume a role. `depends_on` are the condition keys that still decide."""

    principal: str
    depends_on: tuple[str, ...] = ()


def may_assume(
    role: Principal, lines: Iterable[TrustLine], known: Iterable[Principal], guards: Guards
) -> tuple[MayAssume, ...]:
    """The principals that may assume a role, sorted.

    Each known role and user is decided with its own policies. Other principals are listed as the trust policy names
    them, with the keys of their conditions.
    """
    own = tuple(known)
    accounts = {principal.account for principal in own}
    found = set(_of_known(role, own, guards)) if any(line.kind == AWS for line in lines) else set()
    for line in lines:
        if not line.assumes or (line.account in accounts and line.account):
            continue
        keys = tuple(sorted({condition.key for condition in line.statement.conditions}))
        found.add(MayAssume(line.value, keys))
    return tuple(sorted(found, key=lambda caller: caller.principal))


def _of_known(role: Principal, known: Iterable[Principal], guards: Guards) -> Iterator[MayAssume]:
    resource = Resource(ResourceKind.ARN, role.arn)
    for principal in known:
        policies = policies_met(principal, role.arn, guards)
        if not _may_matter(principal, role, policies):
            continue
        context = known_context(principal, resource, RecordedContext(""))
        request = Request(principal.arn, "sts:AssumeRole", resource, context, resource_account=role.account)
        decision = decide(request, policies)
        if decision.result in (Result.ALLOWED, Result.DEPENDS):
            yield MayAssume(principal.arn, decision.depends_on)


def _may_matter(principal: Principal, role: Principal, policies: PolicySet) -> bool:
    """Whether one of a principal's statements covers the action, or the trust policy names the principal."""
    named = role.trust is not None and any(
        value in (principal.arn, "*") for statement in role.trust.statements for _, value in statement.principals or ()
    )
    return named or any(
        statement.effect is Effect.ALLOW and action_matches(statement, "sts:assumerole")
        for policy in policies.identity
        for statement in policy.statements
    )
