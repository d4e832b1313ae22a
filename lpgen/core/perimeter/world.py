"""What a proposal is decided with: principals, policies, the organization, VPC endpoints, and the calls in the logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import account_in_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import DenyKind
from lpgen.core.evidence import LogCoverage, RecordedContext
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Request, Result
from lpgen.core.iam.walls import statements_covering
from lpgen.core.model import Effect, Policy, Principal, Resource, ResourceKind
from lpgen.core.perimeter.resources import PolicyResource
from lpgen.core.perimeter.use import UseOfResources


class Relation(StrEnum):
    """How a caller is related to a resource."""

    ACCOUNT = "account"
    ORGANIZATION = "organization"
    OUTSIDER = "outsider"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A VPC endpoint: its id, its VPC, and the account that owns it ("" if unknown)."""

    id: str
    vpc: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class PerimeterChoices:
    """The choices. `organization` is None if unknown, and "" if there is none. `break_glass` are ARNs, or patterns of
    them, that no Deny refuses, and `caller` is the principal that will change the policies."""

    organization: str | None = None
    kinds: tuple[DenyKind, ...] = tuple(DenyKind)
    break_glass: tuple[str, ...] = ()
    caller: str = ""
    min_days: int = 90


@dataclass(frozen=True)
class PerimeterWorld:
    """Everything that is known. `own` are the accounts of the organization. `endpoints` is None if unknown.

    `unread` are the accounts for which policies of resources may be missing, None if none were given.
    """

    principals: tuple[Principal, ...]
    guards: Guards
    catalog: Catalog
    choices: PerimeterChoices
    own: frozenset[str]
    use: UseOfResources
    coverage: LogCoverage
    observability: Observability
    endpoints: Mapping[str, Endpoint] | None = None
    unread: frozenset[str] | None = frozenset()
    _able: dict[tuple[str, str], tuple[Principal, ...]] = field(default_factory=dict, init=False, repr=False)

    def relation(self, account: str, resource: PolicyResource) -> Relation:
        """The relation of an account to a resource."""
        if account == resource.account:
            return Relation.ACCOUNT
        return Relation.ORGANIZATION if account in self.own else Relation.OUTSIDER

    def organization_of(self, account: str) -> tuple[str, ...]:
        """The value of `aws:PrincipalOrgID` for principals of an account."""
        organization = self.choices.organization
        return (organization,) if organization and account in self.own else ()

    def in_accounts(self, pattern: str) -> Iterable[str]:
        """A pattern of ARNs for each account that it may name. Anyone can choose a name in an account of their own."""
        head, _, name = pattern.partition("::")
        if account_in_arn(pattern) or not name:
            return (pattern,)
        return (f"{head}::{account}:{name.partition(':')[2]}" for account in sorted(self.own))

    def may(self, principal: Principal, action: str, arn: str, policy: Policy | None = None, owner: str = "") -> bool:
        """Whether a principal may use an action on a resource, called by itself and without a VPC endpoint.

        `policy` is the resource's, and `owner` its account. A request that depends on something unknown counts as
        allowed.
        """
        resource = Resource(ResourceKind.FOLD if "*" in arn else ResourceKind.ARN, arn)
        organization = self.organization_of(principal.account)
        known = known_context(principal, resource, RecordedContext(""))
        owner = owner or account_in_arn(arn) or principal.account
        policies = replace(
            policies_met(principal, "", self.guards), resource=policy, rcps=self.guards.rcps_of(owner) or ()
        )
        keys = {**known, **DIRECT, "aws:PrincipalOrgID": organization}
        request = Request(principal.arn, action, resource, keys, resource_account=owner)
        return decide(request, policies).result in (Result.ALLOWED, Result.DEPENDS)

    def able(self, action: str, account: str) -> tuple[Principal, ...]:
        """The principals of an account whose own policies allow an action on some resource; "" for all of them.

        Only AWS uses service-linked roles.
        """
        if (action, account) not in self._able:
            own = (one for one in self.principals if one.account == account and not one.is_service_linked)
            found = (one for one in own if not action or self._allows(one, action))
            self._able[action, account] = tuple(found)
        return self._able[action, account]

    def _allows(self, principal: Principal, action: str) -> bool:
        return allows(policies_met(principal, "", self.guards).identity, action)


def allows(policies: tuple[Policy, ...], action: str) -> bool:
    """Whether a statement of the policies allows an action on some resource."""
    found = statements_covering(policies, action.lower()).statements
    return any(covering.statement.effect is Effect.ALLOW for covering in found)


DIRECT: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("aws:SourceVpce", "aws:SourceVpc", "aws:VpceOrgID", "aws:VpceAccount", "aws:CalledVia"), ()),
    "aws:ViaAWSService": ("false",),
    "aws:SecureTransport": ("true",),
}
"""The condition keys of a request that a principal makes itself, and without a VPC endpoint."""
