"""The answer of each set of policies that applies to a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lpgen.core.iam.decision import Answer, Layer, Reason, Request, Wall
from lpgen.core.iam.match_statement import covering_matches
from lpgen.core.iam.policy_set import PolicySet
from lpgen.core.iam.principals import Naming, RequestPrincipal, naming_of
from lpgen.core.iam.statement_index import statements_covering
from lpgen.core.model import Policy


def walls_of(request: Request, principal: RequestPrincipal, policies: PolicySet) -> Iterator[Wall]:
    """The walls that the request meets; which do turns on who makes it, and on what."""
    if principal.has_identity_policies:
        yield _wall(Layer.IDENTITY, policies.identity, request)
        if policies.boundary:
            yield _wall(Layer.BOUNDARY, policies.boundary, request)
        if policies.session is not None:
            yield _wall(Layer.SESSION, (policies.session,), request)
    # SCPs apply to the organization's own principals, except service-linked roles.
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    if policies.scps and principal.has_identity_policies and not principal.service_linked:
        for level, scps in enumerate(policies.scps):
            yield _wall(Layer.SCP, scps, request, level=level)
    if policies.rcps and not _beyond_rcps(request, principal):
        for level, rcps in enumerate(policies.rcps):
            yield _wall(Layer.RCP, rcps, request, level=level)
    if isinstance(policies.resource, Policy):
        yield _resource_wall(policies.resource, request, principal, bounded=bool(policies.boundary))
    if policies.endpoint:
        yield _endpoint_wall(policies.endpoint, request, principal)


def _beyond_rcps(request: Request, principal: RequestPrincipal) -> bool:
    """Whether RCPs don't apply to a request.

    They don't apply to service-linked roles, services that assume one, and the retiring of grants. An RCP reaches only
    some services; lpgen keeps no list of them, as the list grows and a new service must not be missed.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#actions-not-restricted-by-rcps
    """
    assumed = request.folded_action.startswith("sts:") and ":role/aws-service-role/" in request.resource.text
    return principal.service_linked or assumed or request.folded_action == "kms:retiregrant"


def _wall(layer: Layer, policies: Sequence[Policy], request: Request, *, level: int = 0) -> Wall:
    covered = statements_covering(policies, request.folded_action)
    matches = tuple([covering_matches(statement, version, request) for _, version, statement in covered.statements])
    wall = covered.walls.get((layer, level, matches))
    if wall is None:
        reasons = (
            Reason(layer, place, statement.index, statement.sid, statement.effect, match, level)
            for (place, _, statement), match in zip(covered.statements, matches, strict=True)
            if match.answer is not Answer.NO
        )
        wall = covered.walls[layer, level, matches] = Wall(layer, level, tuple(reasons))
    return wall


def _resource_wall(policy: Policy, request: Request, principal: RequestPrincipal, *, bounded: bool) -> Wall:
    found = _wall(Layer.RESOURCE, (policy,), request)
    named = [naming_of(policy.statements[reason.statement], principal, bounded=bounded) for reason in found.reasons]
    kept = [(reason, naming) for reason, naming in zip(found.reasons, named, strict=True) if naming is not Naming.NONE]
    return Wall(Layer.RESOURCE, 0, tuple(reason for reason, _ in kept), tuple(naming for _, naming in kept))


def _endpoint_wall(policies: Sequence[Policy], request: Request, principal: RequestPrincipal) -> Wall:
    """The wall of a VPC endpoint; a statement without `Principal` concerns everyone.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    found = _wall(Layer.ENDPOINT, policies, request)
    kept = []
    for reason in found.reasons:
        statement = policies[reason.policy].statements[reason.statement]
        if statement.principals is None or naming_of(statement, principal, bounded=False) is not Naming.NONE:
            kept.append(reason)
    return Wall(Layer.ENDPOINT, 0, tuple(kept))
