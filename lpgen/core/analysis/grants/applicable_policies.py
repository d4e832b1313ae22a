"""The requests of recorded uses, and the policies that apply to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lpgen.core.arns import account_in_arn
from lpgen.core.evidence import RecordedContext
from lpgen.core.guards import Guards
from lpgen.core.iam.decision import UNSTATED, PolicySet, Request
from lpgen.core.model import Action, Policy, Principal, PrincipalKind, Resource, ResourceKind


def policies_met(
    principal: Principal, resource: str, guards: Guards, *, identity: Iterable[Policy] | None = None
) -> PolicySet:
    """The known policies that apply to a principal's request on a resource.

    `identity` are the identity policies, by default those of the snapshot. Resource policies that are not supplied are
    treated as unknown. Session and endpoint policies are ignored.
    """
    boundary = guards.bounded(principal).boundary
    held = (policy.document for policy in principal.policies)
    policy = guards.policy_of(resource)
    return PolicySet(
        identity=tuple(policy for policy in (held if identity is None else identity) if policy is not None),
        boundary=() if boundary is None or boundary.document is None else (boundary.document,),
        scps=guards.scps_of(principal),
        resource=UNSTATED if policy is None else policy.policy,
    )


def request_of(
    principal: Principal, action: str, resource: Resource, *, context: Mapping[str, tuple[str, ...]], guards: Guards
) -> Request:
    """The request of a principal, in a context that may be incomplete."""
    return Request(principal.arn, action, resource, context, resource_account=guards.owner_of(resource.text))


def recorded_request(
    principal: Principal, action: Action, resource: Resource, seen: RecordedContext, guards: Guards
) -> Request:
    """The request of a principal in the context that a record shows."""
    return request_of(principal, action, resource, context=known_context(principal, resource, seen), guards=guards)


def known_context(principal: Principal, resource: Resource, seen: RecordedContext) -> dict[str, tuple[str, ...]]:
    """The condition keys whose values a record determines.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    context: dict[str, tuple[str, ...]] = {
        "aws:PrincipalArn": (principal.arn,),
        "aws:PrincipalAccount": (principal.account,),
        "aws:PrincipalType": ("AssumedRole" if principal.kind is PrincipalKind.ROLE else "User",),
        "aws:PrincipalIsAWSService": ("false",),
    }
    if principal.kind is PrincipalKind.USER:
        context["aws:username"] = (principal.name,)
    owner = account_in_arn(resource.text)
    if resource.kind is ResourceKind.ARN and owner:
        context["aws:ResourceAccount"] = (owner,)
    if seen.region:
        context["aws:RequestedRegion"] = (seen.region,)
    if seen.vpc_endpoint:
        context["aws:SourceVpce"] = (seen.vpc_endpoint,)
    return {**context, **dict(seen.values)}
