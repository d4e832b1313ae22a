"""The supplied policies that apply besides a principal's own: boundary, SCPs, RCPs and resource policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.model import AttachedPolicy, Policy, Principal

Levels = tuple[tuple[Policy, ...], ...]
"""The policies attached to each level of an organization, from its root down to the account."""


@dataclass(frozen=True, slots=True)
class AccountLevels:
    """The SCPs or RCPs that one account inherits and has, by level; the account "" means every other account."""

    account: str
    levels: Levels


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The policy of one resource: a bucket's, a key's, a role's trust policy. `account` owns it, "" if unknown.

    `head` has the members of the document besides its statements, as written, if they are known.
    """

    resource: str
    account: str
    policy: Policy
    head: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """The supplied policies. `boundary` replaces the boundary in the snapshot for every principal.

    `rcps` are only for explanations: they deny the same requests under the old and the new policies.
    """

    boundary: AttachedPolicy | None = None
    scps: tuple[AccountLevels, ...] = ()
    resource_policies: tuple[ResourcePolicy, ...] = ()
    rcps: tuple[AccountLevels, ...] = ()
    _by_resource: dict[str, ResourcePolicy] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_resource", {policy.resource: policy for policy in self.resource_policies})

    def bounded(self, principal: Principal) -> Principal:
        """The principal with its effective boundary."""
        return principal if self.boundary is None else replace(principal, boundary=self.boundary)

    def scps_of(self, principal: Principal) -> Levels:
        """The levels of SCPs that limit a principal, empty if none were supplied.

        SCPs don't apply to service-linked roles.
        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
        """
        return () if principal.is_service_linked else self.scps_of_account(principal.account)

    def scps_of_account(self, account: str) -> Levels:
        """The levels of SCPs of an account, empty if none were supplied."""
        found = {scp.account: scp.levels for scp in self.scps}
        return found.get(account, found.get("", ()))

    def rcps_of(self, account: str) -> Levels | None:
        """The levels of RCPs on the resources of an account; None if they weren't supplied.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
        """
        found = {rcp.account: rcp.levels for rcp in self.rcps}
        return found.get(account, found.get(""))

    def policy_of(self, resource: str) -> ResourcePolicy | None:
        """The supplied policy of a resource, or for an object the policy of its bucket."""
        return self._by_resource.get(resource) or self._by_resource.get(_governing(resource))

    def owner_of(self, resource: str) -> str:
        """The account that owns a resource, by its supplied policy or its ARN, or ""."""
        policy = self.policy_of(resource)
        return (policy.account if policy else "") or account_in_arn(resource)

    def with_trust(self, principals: Iterable[Principal]) -> Guards:
        """These guards with the trust policies of the roles of a snapshot; supplied policies take precedence."""
        supplied = {policy.resource for policy in self.resource_policies}
        trusts = (
            ResourcePolicy(principal.arn, principal.account, principal.trust)
            for principal in principals
            if principal.trust is not None and principal.arn not in supplied
        )
        return replace(self, resource_policies=(*self.resource_policies, *trusts))


NO_GUARDS: Final = Guards()


def _governing(resource: str) -> str:
    """The ARN of the resource that has the policy: an object's bucket, else the resource itself.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
    """
    return resource.partition("/")[0] if split_arn(resource).service == "s3" else resource
