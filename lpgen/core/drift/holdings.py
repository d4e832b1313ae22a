"""What a principal holds, and whether it is what was proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lpgen.core.drift.states import KeptProposal, State
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.iam.meaning import says_the_same
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal

PolicyKey = tuple[str, str, str]
"""Kind, group and ARN or name of a policy that a principal holds."""


def _policy_key(policy: AttachedPolicy) -> PolicyKey:
    """What a policy is called where it is held."""
    kind = "inline" if policy.kind is PolicyKind.INLINE else "managed"
    return kind, policy.group, policy.arn or policy.name


def held(principal: Principal) -> Mapping[PolicyKey, AttachedPolicy]:
    """The policies that count for a principal, by what they are called."""
    return {_policy_key(one): one for one in principal.policies}


def _is_as_proposed(principal: Principal, proposal: KeptProposal | None) -> bool:
    """Whether a principal's policies say what was proposed, and nothing else.

    A policy that was to stay attached may say something else since: AWS changes it.
    """
    if proposal is None:
        return False
    then = {one.arn: one.document for one in proposal.left}
    policies = tuple(replace(one, document=then.get(one.arn, one.document)) for one in principal.policies)
    return says_the_same(replace(principal, policies=policies), proposal.documents)


def is_in_place(principal: Principal, *sides: State) -> bool:
    """Whether a principal's policies say what one of the sides proposes for it."""
    return any(_is_as_proposed(principal, side.proposals.get(principal.arn)) for side in sides)


@dataclass(frozen=True, slots=True)
class Pair:
    """One principal on both sides."""

    before: PrincipalGrants
    after: PrincipalGrants

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.after.principal.arn


def is_of_aws(principal: Principal) -> bool:
    """Whether AWS owns it: nobody else can change a service-linked role."""
    return principal.path.startswith("/aws-service-role/")


def pairs_of(before: State, after: State) -> tuple[Pair, ...]:
    """The principals of both sides that are still the same one, without those that AWS owns, sorted by ARN."""
    known = {one.principal.arn: one for one in before.grants}
    return tuple(
        Pair(known[one.principal.arn], one)
        for one in sorted(after.grants, key=lambda one: one.principal.arn)
        if one.principal.arn in known
        and not is_of_aws(one.principal)
        and not is_recreated(known[one.principal.arn].principal, one.principal)
    )


def is_recreated(before: Principal, after: Principal) -> bool:
    """Whether a principal was deleted and made again: IAM gives it another id."""
    return bool(before.principal_id and after.principal_id) and before.principal_id != after.principal_id
