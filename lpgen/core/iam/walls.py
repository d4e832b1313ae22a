"""The walls of a request: the answer of each set of policies that applies to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from lpgen.core.globs.match import fold_case
from lpgen.core.iam.decision import Answer, Layer, Match, PolicySet, Reason, Request, Wall
from lpgen.core.iam.match_statement import action_matches, covering_matches
from lpgen.core.iam.principals import Naming, RequestPrincipal, naming_of
from lpgen.core.model import ActionPattern, Policy, Statement

_MOST_SETS = 256
"""Cache size. A request needs a few sets of policies, and the following requests need the same."""


class _Covering(NamedTuple):
    """A statement that covers an action, with the index of its policy and the policy's version."""

    place: int
    version: str
    statement: Statement


class _Covered:
    """All statements that cover an action, in the order of policies, and the walls from requests so far.

    A wall depends on its layer, its level, and how each statement matches.
    """

    __slots__ = ("statements", "walls")

    def __init__(self, statements: tuple[_Covering, ...]) -> None:
        self.statements = statements
        self.walls: dict[tuple[Layer, int, tuple[Match, ...]], Wall] = {}


def statements_covering(policies: Sequence[Policy], folded_action: str) -> _Covered:
    """The statements whose `Action` or `NotAction` covers an action given in lower case."""
    key = tuple(map(id, policies))
    index = _known.get(key)
    if index is None:
        if len(_known) >= _MOST_SETS:
            _known.clear()
        index = _known[key] = _StatementIndex(policies)
    found = index.by_action.get(folded_action)
    return index.covering(folded_action) if found is None else found


class _StatementIndex:
    """The statements of some policies, by service and by requested action."""

    __slots__ = ("_by_service", "_policies", "_statements", "by_action")

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = tuple(policies)
        self._statements = tuple(
            (_Covering(place, policy.version, statement), _service_prefixes(statement.patterns))
            for place, policy in enumerate(policies)
            for statement in policy.statements
        )
        self._by_service: dict[str, tuple[_Covering, ...]] = {}
        self.by_action: dict[str, _Covered] = {}

    def covering(self, folded_action: str) -> _Covered:
        near = self._of_service(folded_action.partition(":")[0])
        found = _Covered(tuple(covering for covering in near if action_matches(covering.statement, folded_action)))
        self.by_action[folded_action] = found
        return found

    def _of_service(self, service: str) -> tuple[_Covering, ...]:
        """The statements that can cover an action of the service."""
        found = self._by_service.get(service)
        if found is None:
            found = tuple(
                covering
                for covering, prefixes in self._statements
                if covering.statement.not_action or "*" in prefixes or service in prefixes
            )
            self._by_service[service] = found
        return found


# Policies are looked up by identity, not by content, because hashing a policy takes longer than checking its
# statements. INVARIANT: each index keeps its policies alive, so no other objects can have their ids.
_known: dict[tuple[int, ...], _StatementIndex] = {}


@lru_cache(maxsize=8192)
def _service_prefixes(patterns: tuple[ActionPattern, ...]) -> frozenset[str]:
    """The text before the colon of each pattern, in lower case. The only wildcard that IAM allows there is `*`."""
    return frozenset(fold_case(pattern).partition(":")[0] for pattern in patterns)


def walls_of(request: Request, principal: RequestPrincipal, policies: PolicySet) -> Iterator[Wall]:
    """The walls that apply to the request, depending on its principal and resource."""
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

    They don't apply to service-linked roles, services that assume one, and retiring grants. RCPs support only some
    services. lpgen has no list of them, because the list grows and a new service must not be missed.
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
    """The wall of a VPC endpoint. A statement without `Principal` applies to everyone.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    found = _wall(Layer.ENDPOINT, policies, request)
    kept = []
    for reason in found.reasons:
        statement = policies[reason.policy].statements[reason.statement]
        if statement.principals is None or naming_of(statement, principal, bounded=False) is not Naming.NONE:
            kept.append(reason)
    return Wall(Layer.ENDPOINT, 0, tuple(kept))
