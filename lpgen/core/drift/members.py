"""One principal on each side of a comparison: its policies and use, and whether the policies are as proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lpgen.core.drift.states import KeptProposal
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.findings import UngrantedUse
from lpgen.core.iam.policy import meaning_of, says_the_same
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal


@dataclass(frozen=True, slots=True)
class Member:
    """One principal on one side.

    Grants of both sides are expanded with one catalog, so growth of the catalog doesn't look like a policy change. The
    `proposal` of the earlier side is from that time, the one of the later side was made since. `ungranted` are the uses
    that no policy grants; only the later side needs them.
    """

    grants: PrincipalGrants
    usage: PrincipalUsage
    proposal: KeptProposal | None = None
    ungranted: tuple[UngrantedUse, ...] = ()


# ---------------------------------------------------------------- what it holds

PolicyKey = tuple[str, str, str]
"""The kind, group, and ARN or name of a policy of a principal."""


def held(principal: Principal) -> Mapping[PolicyKey, AttachedPolicy]:
    """The policies that apply to a principal, by key."""
    return {
        ("inline" if policy.kind is PolicyKind.INLINE else "managed", policy.group, policy.arn or policy.name): policy
        for policy in principal.policies
    }


def says_the_same_policy(policy: AttachedPolicy, other: AttachedPolicy) -> bool:
    """Whether two policies mean the same."""
    return meaning_of(policy.document) == meaning_of(other.document)


def same_policies(before: Principal, after: Principal) -> bool:
    """Whether a principal has the same policies as before."""
    old, new = held(before), held(after)
    return old.keys() == new.keys() and all(says_the_same_policy(old[key], new[key]) for key in old)


def _is_as_proposed(principal: Principal, proposal: KeptProposal | None) -> bool:
    """Whether a principal's policies are exactly as proposed.

    Policies that stay attached may differ, because AWS may have changed them since.
    """
    if proposal is None:
        return False
    then = {policy.arn: policy.document for policy in proposal.left}
    policies = tuple(replace(policy, document=then.get(policy.arn, policy.document)) for policy in principal.policies)
    return says_the_same(replace(principal, policies=policies), proposal.documents)


@dataclass(frozen=True)
class Pair:
    """One principal on both sides."""

    then: Member
    now: Member

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.after.principal.arn

    @property
    def before(self) -> PrincipalGrants:
        """Its earlier grants."""
        return self.then.grants

    @property
    def after(self) -> PrincipalGrants:
        """Its later grants."""
        return self.now.grants

    @cached_property
    def is_in_place(self) -> bool:
        """Whether its policies are as either side proposes."""
        return self._holds_proposal(self.after.principal)

    @property
    def was_in_place(self) -> bool:
        """Whether its earlier policies were as either side proposes."""
        return self._holds_proposal(self.before.principal)

    def _holds_proposal(self, principal: Principal) -> bool:
        return any(_is_as_proposed(principal, side.proposal) for side in (self.then, self.now))


def pairs_of(then: Mapping[str, Member], now: Iterable[Member]) -> list[Pair]:
    """The members that are the same principal on both sides, without principals that AWS owns, sorted by ARN."""
    pairs = (Pair(then[member.grants.principal.arn], member) for member in now if member.grants.principal.arn in then)
    found = (pair for pair in pairs if not pair.after.principal.is_service_linked)
    return sorted(
        (pair for pair in found if not is_recreated(pair.before.principal, pair.after.principal)),
        key=lambda pair: pair.arn,
    )


def is_recreated(before: Principal, after: Principal) -> bool:
    """Whether a principal was deleted and created again: its id differs."""
    return bool(before.principal_id and after.principal_id) and before.principal_id != after.principal_id
