"""Decides whether policies allow a request, and names the statements that decide.

The decision is total and pure, and never a guess. If it depends on something that the request doesn't show, the
decision names it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lpgen.core.arns import account_in_arn, is_account_id, split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.builtin_rules import free_call, refusal
from lpgen.core.iam.decision import (
    NO,
    UNSTATED,
    YES,
    Answer,
    AuthorizationDecision,
    Layer,
    Match,
    PolicySet,
    Request,
    Result,
    Stop,
    Wall,
    all_of,
    any_of,
    maybe,
    opposite,
)
from lpgen.core.iam.principals import Naming, PrincipalForm, RequestPrincipal, principal_from_text
from lpgen.core.iam.walls import walls_of
from lpgen.core.model import NO_RESOURCE, Effect, ResourceKind

RESOURCE_POLICY = "resource policy"
"""The key that a decision depends on if only an unstated resource policy can allow the request."""


def decide(
    request: Request, policies: PolicySet, *, catalog: Catalog | None = None, deny: bool = True
) -> AuthorizationDecision:
    """The decision on a request under these policies.

    With a catalog, an action without resource-level permissions is evaluated on `*`, no matter what the request names.
    With `deny` false, it is decided as if no statement denied anything.
    """
    request = _without_needless_resource(request, catalog)
    principal = principal_from_text(request.principal)
    if rule := free_call(request, principal):
        return AuthorizationDecision(Result.ALLOWED, (), rule=rule)
    walls = tuple(walls_of(request, principal, policies))
    rule = refusal(request, principal)
    if rule or not deny or not _is_identity_alone(walls, principal, policies):
        return _conclude(request, principal, policies, walls, rule, deny=deny)
    # Requests that match the same statements in the same way get the same decision.
    if walls[0].alone is None:
        walls[0].alone = _conclude(request, principal, policies, walls, rule, deny=True)
    return walls[0].alone


def _is_identity_alone(walls: Sequence[Wall], principal: RequestPrincipal, policies: PolicySet) -> bool:
    """Whether only the match of the identity policies decides, and no other field of the request."""
    only = len(walls) == 1 and walls[0].layer is Layer.IDENTITY
    return only and policies.resource is UNSTATED and principal.form is not PrincipalForm.ROOT


def _conclude(
    request: Request, principal: RequestPrincipal, policies: PolicySet, walls: Sequence[Wall], rule: str, *, deny: bool
) -> AuthorizationDecision:
    """The decision, from the statements of each wall. `rule` is AWS's own rule that denies the request, or "".

    With `deny` false, no statement denies.
    """
    reasons = [reason for wall in walls for reason in wall.reasons]
    denies = [reason for reason in reasons if deny and reason.effect is Effect.DENY]
    denied = any_of([reason.match for reason in denies])
    if denied.answer is Answer.YES:
        certain = tuple(reason for reason in denies if reason.match.answer is Answer.YES)
        return AuthorizationDecision(Result.EXPLICITLY_DENIED, certain)
    allows = [reason for reason in reasons if reason.effect is Effect.ALLOW]
    if rule:
        return AuthorizationDecision(Result.IMPLICITLY_DENIED, tuple(allows), rule=rule)
    needs = _needs(request, principal, policies, walls)
    allowed = all_of([need.match for need in needs])
    if allowed.answer is Answer.NO:
        stops = tuple(stop for need in needs if need.match.answer is Answer.NO for stop in need.stops)
        return AuthorizationDecision(Result.IMPLICITLY_DENIED, tuple(allows), stops=stops)
    both = all_of((allowed, opposite(denied)))
    if both.answer is Answer.YES:
        return AuthorizationDecision(Result.ALLOWED, tuple([r for r in allows if r.match.answer is Answer.YES]))
    return AuthorizationDecision(Result.DEPENDS, tuple(reasons), both.depends_on)


def _without_needless_resource(request: Request, catalog: Catalog | None) -> Request:
    if catalog is None or request.resource.kind is ResourceKind.NONE or not catalog.is_without_resource(request.action):
        return request
    account = request.resource_account
    return Request(request.principal, request.action, NO_RESOURCE, request.context, request.absent_keys, account)


# ---------------------------------------------------------------- what must allow


class _Need(NamedTuple):
    """A condition for allowing a request, and the layers to name if it fails."""

    match: Match
    stops: tuple[Stop, ...]


def _needs(
    request: Request, principal: RequestPrincipal, policies: PolicySet, walls: Sequence[Wall]
) -> tuple[_Need, ...]:
    """The conditions for allowing a request: identity and resource policies, each level of SCPs and RCPs, and the
    endpoint."""
    core = _core_need(request, principal, policies, {wall.layer: wall for wall in walls})
    caps = [wall for wall in walls if wall.layer in (Layer.SCP, Layer.RCP, Layer.ENDPOINT)]
    return (core, *[_Need(wall.allowed(), (Stop(wall.layer, wall.level),)) for wall in caps])


def _core_need(request: Request, principal: RequestPrincipal, policies: PolicySet, walls: dict[Layer, Wall]) -> _Need:
    """Whether identity policies, resource policy, boundary and session policy together allow the request."""
    if not principal.has_identity_policies:
        unstated = policies.resource is UNSTATED
        granted = maybe(RESOURCE_POLICY) if unstated else _allowed_by_resource(walls, Naming.DIRECT)
        return _Need(granted, (Stop(Layer.RESOURCE),))
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html: the root user needs no policy.
    root = principal.form is PrincipalForm.ROOT
    identity = YES if root else walls[Layer.IDENTITY].allowed()
    limits: dict[Layer, Match] = {
        layer: walls[layer].allowed() for layer in (Layer.BOUNDARY, Layer.SESSION) if layer in walls
    }
    if principal.form is PrincipalForm.FEDERATED_SESSION:
        # Without a session policy, it has only the permissions that a resource policy grants to the session itself:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html
        limits.setdefault(Layer.SESSION, NO)
    said = {Layer.IDENTITY: identity, **limits}
    own = all_of(said.values())
    silent = [Stop(layer) for layer, match in said.items() if match.answer is Answer.NO]
    if policies.resource is UNSTATED:
        return _Need(own, tuple(silent))
    direct = _allowed_by_resource(walls, Naming.DIRECT)
    by_role = _allowed_by_resource(walls, Naming.ROLE)
    delegates = _allowed_by_resource(walls, Naming.ACCOUNT)
    if not same_account(request, principal):
        there = any_of((direct, by_role, delegates))
        stop = [Stop(Layer.RESOURCE)] if there.answer is Answer.NO else []
        return _Need(all_of((own, there)), (*silent, *stop))
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html:
    # the boundary and the session policy limit a resource policy's grant to a role, but not its grant to a user or to a
    # session itself.
    counts = delegates if resource_policy_rules(request) else YES
    if counts.answer is Answer.NO:
        silent = [Stop(Layer.RESOURCE)]
    ways = (all_of((own, counts)), all_of((by_role, *limits.values())), direct)
    return _Need(any_of(ways), tuple(silent) or (Stop(Layer.IDENTITY),))


def _allowed_by_resource(walls: Mapping[Layer, Wall], naming: Naming) -> Match:
    """Whether a statement of the resource policy that names the principal in this way allows the request."""
    wall = walls.get(Layer.RESOURCE)
    return wall.allowed_by(naming) if wall else NO


def resource_policy_rules(request: Request) -> bool:
    """Whether identity policies count only if the resource policy delegates to the account.

    This applies to keys (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html) and to roles to
    assume (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html).
    """
    service = request.folded_action.partition(":")[0]
    name = split_arn(request.resource.text).name
    return (service == "kms" and name.startswith("key/")) or (service == "sts" and name.startswith("role/"))


def resource_owner(request: Request) -> str:
    """The account that owns the resource: the one in the request, or else the one in the ARN, or ""."""
    return request.resource_account or account_in_arn(request.resource.text)


def same_account(request: Request, principal: RequestPrincipal) -> bool:
    """Whether the resource is in the principal's account. True if its account isn't known.

    AWS's own resources, such as managed policies in the account `aws`, count as the principal's.
    """
    owner = resource_owner(request)
    return not is_account_id(owner) or not principal.account or owner == principal.account
