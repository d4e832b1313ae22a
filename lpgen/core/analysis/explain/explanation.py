"""The explanation of one request: the walls that it meets, the holes in them, the walls that stop it, and the unknowns.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.analysis.explain.answers import sentence_of
from lpgen.core.analysis.explain.wall import Held, explain_wall, wall_state
from lpgen.core.analysis.grants.applicable_policies import policies_met, request_of
from lpgen.core.arns import NO_ARN, split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import StatementRef
from lpgen.core.explanations import ExplainedWall, Explanation, Question, SeenUses, WallState
from lpgen.core.guards import Guards, Levels
from lpgen.core.iam.authorize import RESOURCE_POLICY, decide, resource_owner, resource_policy_rules, same_account
from lpgen.core.iam.builtin_rules import free_call
from lpgen.core.iam.decision import UNSTATED, AuthorizationDecision, Layer, PolicySet, Request, Result, Stop, Wall
from lpgen.core.iam.principals import principal_from_text
from lpgen.core.iam.walls import walls_of
from lpgen.core.model import (
    CURRENT_VERSION,
    Action,
    ActionPattern,
    AttachedPolicy,
    Effect,
    Policy,
    PolicyKind,
    Principal,
    ResourceKind,
    Statement,
)


def explain(question: Question, guards: Guards, catalog: Catalog, *, seen: SeenUses | None = None) -> Explanation:
    """The answer to a question, under the policies of the snapshot and the supplied guards.

    lpgen doesn't guess: if a deciding policy wasn't supplied, or its document is missing from the snapshot, the result
    is DEPENDS unless no content of that policy could change it.
    """
    case = _Case.of(question, guards, catalog)
    walls = () if case.is_free else tuple(_explained_walls(case, catalog))
    decision = _settle(case)
    result, depends_on = decision.result, decision.depends_on
    if result is Result.DEPENDS and case.needs_resource_policy:
        depends_on = tuple(sorted({*depends_on, RESOURCE_POLICY}))
    turning = decision.result is Result.IMPLICITLY_DENIED and not decision.rule and _resource_policy_could_allow(case)
    stops = lacking = _stops(decision.stops, walls)
    if result is Result.EXPLICITLY_DENIED:
        lacking = _stops(decide(case.request, case.policies, deny=False).stops, walls)
    found = Explanation(
        question,
        result,
        "",
        depends_on,
        decision.rule,
        stops,
        tuple(replace(wall, state=WallState.SHUT) if wall.name in stops else wall for wall in walls),
        () if case.is_free else tuple(_unread(case, result, resource_policy_could_allow=turning)),
        seen,
        "" if decision.rule else _needs(case),
        lacking,
        case.may_have_resource_policy and not case.is_free,
    )
    return replace(found, sentence=sentence_of(found, resource_policy_could_allow=turning))


_OTHER_ACCOUNT: Final = "the other account"


def _stops(stops: Iterable[Stop], walls: tuple[ExplainedWall, ...]) -> tuple[str, ...]:
    """The names of the walls without an Allow. A resource of another account that can't have a policy isn't a wall."""
    names = {(wall.layer, wall.level): wall.name for wall in walls}
    return tuple(dict.fromkeys(names.get((stop.layer, stop.level), _OTHER_ACCOUNT) for stop in stops))


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with its request and the policies that apply to it."""

    question: Question
    guards: Guards
    principal: Principal
    request: Request
    policies: PolicySet
    written: PolicySet
    of_resource: str
    knows_rcps: bool

    @classmethod
    def of(cls, question: Question, guards: Guards, catalog: Catalog) -> _Case:
        principal = guards.bounded(question.principal)
        request = request_of(principal, question.action, question.resource, context=question.context, guards=guards)
        policies = policies_met(principal, question.resource.text, guards)
        found = guards.policy_of(question.resource.text)
        # The only resource policy in IAM is a role's trust policy, which is only about assuming the role.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
        if request.folded_action.startswith("iam:"):
            own = same_account(request, principal_from_text(principal.arn))
            policies, found = replace(policies, resource=UNSTATED if own else None), None
        rcps = guards.rcps_of(resource_owner(request) or principal.account)
        policies = replace(policies, rcps=rcps or ())
        trimmed = _without_other_types(policies, question, catalog)
        of_resource = found.resource if found else ""
        return cls(question, guards, principal, request, trimmed, policies, of_resource, rcps is not None)

    @property
    def is_free(self) -> bool:
        return bool(free_call(self.request, principal_from_text(self.principal.arn)))

    @property
    def held(self) -> tuple[AttachedPolicy, ...]:
        """The identity policies whose documents are known, in the order of the policy set."""
        return tuple(policy for policy in self.principal.policies if policy.document is not None)

    @property
    def missing(self) -> tuple[str, ...]:
        """The identity policies without a document."""
        return tuple(policy.arn or policy.name for policy in self.principal.policies if policy.document is None)

    @property
    def missing_boundary(self) -> str:
        boundary = self.principal.boundary
        return (boundary.arn or boundary.name) if boundary is not None and boundary.document is None else ""

    @property
    def may_have_resource_policy(self) -> bool:
        """Whether the resource may have a policy that wasn't supplied."""
        takes = self.request.resource.kind is not ResourceKind.NONE
        return takes and self.policies.resource is UNSTATED and not self.request.folded_action.startswith("iam:")

    @property
    def needs_resource_policy(self) -> bool:
        """Whether the result depends on a missing resource policy: it must allow, or delegate to the account."""
        if not self.may_have_resource_policy:
            return False
        unnamed = self.request.resource.kind is not ResourceKind.ARN
        ruled = self.request.folded_action.startswith(_ON_KEYS_AND_ROLES) if unnamed else False
        principal = principal_from_text(self.principal.arn)
        return ruled or resource_policy_rules(self.request) or not same_account(self.request, principal)


_ON_KEYS_AND_ROLES: Final = ("kms:", "sts:assumerole", "sts:setsourceidentity", "sts:tagsession")
"""Actions on keys and on roles to assume, whose policies always matter, even if the question names no resource."""


def _without_other_types(policies: PolicySet, question: Question, catalog: Catalog) -> PolicySet:
    """The policies, except the resource's, without resources that the action doesn't take.

    So a question about any resource doesn't depend on a bucket if the action is on objects.
    """
    if question.resource.kind is not ResourceKind.UNKNOWN or not question.known:
        return policies
    action = Action(question.action)

    def trim(policy: Policy) -> Policy:
        return replace(policy, statements=tuple(map(trim_statement, policy.statements)))

    def trim_statement(statement: Statement) -> Statement:
        fitting = tuple(resource for resource in statement.resources if catalog.takes_resource(action, resource))
        return statement if statement.not_resource else replace(statement, resources=fitting)

    return replace(
        policies,
        identity=tuple(map(trim, policies.identity)),
        boundary=tuple(map(trim, policies.boundary)),
        scps=tuple(tuple(map(trim, level)) for level in policies.scps),
        rcps=tuple(tuple(map(trim, level)) for level in policies.rcps),
    )


# ---------------------------------------------------------------- the decision


def _anything(effect: Effect, *, principals: tuple[tuple[str, str], ...] | None = None) -> Policy:
    statement = Statement(0, "", effect, (ActionPattern("*"),), False, ("*",), False, (), principals, False, "")
    return Policy(CURRENT_VERSION, (statement,))


_ALLOWS_ALL: Final = _anything(Effect.ALLOW)
_ALLOWS_EVERYONE: Final = _anything(Effect.ALLOW, principals=(("AWS", "*"),))
"""The most that an unknown policy may allow. At worst, it denies."""


def _settle(case: _Case) -> AuthorizationDecision:
    """The decision; it is DEPENDS if unknown policies could change it."""
    decision = decide(case.request, case.policies)
    if decision.result is Result.EXPLICITLY_DENIED or decision.rule:
        return decision
    if not (case.missing or case.missing_boundary or case.needs_resource_policy):
        return decision
    policies = case.policies
    if case.missing:
        policies = replace(policies, identity=(*policies.identity, _ALLOWS_ALL))
    if case.missing_boundary:
        policies = replace(policies, boundary=(_ALLOWS_ALL,))
    if case.needs_resource_policy:
        policies = replace(policies, resource=_ALLOWS_EVERYONE)
    best = decide(case.request, policies)
    if best.result is Result.IMPLICITLY_DENIED:
        return best
    named = (*case.missing, *filter(None, (case.missing_boundary,)))
    keys = {*decision.depends_on, *best.depends_on, *named}
    return replace(best, result=Result.DEPENDS, depends_on=tuple(sorted(keys)), stops=())


def _resource_policy_could_allow(case: _Case) -> bool:
    """Whether a resource policy that wasn't supplied could allow what the other policies don't."""
    if not case.may_have_resource_policy:
        return False
    best = decide(case.request, replace(case.policies, resource=_ALLOWS_EVERYONE))
    return best.result in (Result.ALLOWED, Result.DEPENDS)


# ---------------------------------------------------------------- the walls


def _explained_walls(case: _Case, catalog: Catalog) -> Iterator[ExplainedWall]:
    walls = {(wall.layer, wall.level): wall for wall in _walls(case)}
    for (layer, level), wall in walls.items():
        held = tuple(_held(case, layer, level))
        missing = case.missing if layer is Layer.IDENTITY else ()
        yield ExplainedWall(
            layer,
            level,
            wall_state(wall, missing=bool(missing)),
            explain_wall(wall, held, case.request, principal_from_text(case.principal.arn), catalog=catalog),
            len(held),
            missing,
            case.of_resource if layer is Layer.RESOURCE else "",
        )
        if layer is Layer.IDENTITY and case.missing_boundary:
            yield ExplainedWall(Layer.BOUNDARY, 0, WallState.UNKNOWN, (), 0, (case.missing_boundary,))


def _walls(case: _Case) -> Iterator[Wall]:
    return walls_of(case.request, principal_from_text(case.principal.arn), case.policies)


def _held(case: _Case, layer: Layer, level: int) -> Iterator[Held]:
    """The policies of a wall with the names of their statements, in the order in which reasons number them."""
    evaluated, written = case.policies, case.written
    if layer is Layer.IDENTITY:
        yield from map(Held, map(_ref_of, case.held), evaluated.identity, written.identity)
    elif layer is Layer.BOUNDARY and case.principal.boundary is not None:
        yield from map(Held, (_ref_of(case.principal.boundary),), evaluated.boundary, written.boundary)
    elif layer is Layer.SCP:
        yield from _held_levels("SCP {place} of level {level}", PolicyKind.SCP, level, evaluated.scps, written.scps)
    elif layer is Layer.RCP:
        yield from _held_levels("RCP {place} of level {level}", PolicyKind.RCP, level, evaluated.rcps, written.rcps)
    elif isinstance(evaluated.resource, Policy):
        ref = StatementRef(case.of_resource, PolicyKind.RESOURCE, "", 0, "")
        policy = evaluated.resource
        yield Held(ref, policy, policy, names_principals=True, bounded=bool(evaluated.boundary))


def _held_levels(ref: str, kind: PolicyKind, level: int, evaluated: Levels, written: Levels) -> Iterator[Held]:
    pairs = zip(evaluated[level], written[level], strict=True)
    for place, (policy, original) in enumerate(pairs, start=1):
        yield Held(StatementRef(ref.format(place=place, level=level + 1), kind, "", 0, ""), policy, original)


def _ref_of(policy: AttachedPolicy) -> StatementRef:
    return StatementRef(policy.arn or policy.name, policy.kind, policy.group, 0, "")


_TWO_ACCOUNTS: Final = (
    "Two accounts: the principal's own policies and the resource's policy must both allow the request."
)
_KEY_OR_ROLE: Final = "The policy of a key or role must allow it, or leave it to the policies of its account."
_NO_POLICY: Final = "No policy of a resource applies, so the principal's own policies must allow it."
_EITHER: Final = "Same account{as_far}: an Allow in the principal's own policies or in the resource's policy is enough."
_AS_FAR: Final = ", as far as the ARN shows"


def _needs(case: _Case) -> str:
    """Whose Allow is needed, as a sentence.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    if not same_account(case.request, principal_from_text(case.principal.arn)):
        return _TWO_ACCOUNTS
    if resource_policy_rules(case.request):
        return _KEY_OR_ROLE
    if not (case.may_have_resource_policy or isinstance(case.policies.resource, Policy)):
        return _NO_POLICY
    return _EITHER.format(as_far=_AS_FAR if _is_ownerless(case) else "")


# ---------------------------------------------------------------- unknowns


_RESOURCE_POLICY: Final = (
    "the policy of the resource, if it has one, could allow or deny the request: give it with --resource-policies"
)
_REQUIRED_POLICY: Final = (
    "the policy of the resource must also allow the request, or delegate to the account: give it with"
    " --resource-policies"
)
_KEY_GRANTS: Final = "a grant on the key could allow the request: lpgen doesn't read grants"
_OWNER: Final = "the ARN doesn't show the account of the resource: lpgen assumes the principal's own"
_SCPS: Final = "each level of the organization's SCPs must also allow the request: give them with --scps"
_RCPS: Final = "the organization's RCPs on the resource could deny the request: give them with --rcps"
_OTHER_POLICIES: Final = (
    "session policies and VPC endpoint policies could deny the request: lpgen doesn't read them here"
)


def _unread(case: _Case, result: Result, *, resource_policy_could_allow: bool) -> Iterator[str]:
    """The missing inputs that could change the result, one clause each."""
    denied = result in (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)
    if case.may_have_resource_policy and (resource_policy_could_allow or not denied):
        yield _REQUIRED_POLICY if case.needs_resource_policy else _RESOURCE_POLICY
    # https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    if case.request.folded_action.startswith("kms:") and result is not Result.EXPLICITLY_DENIED:
        yield _KEY_GRANTS
    if denied:
        return
    if _is_ownerless(case):
        yield _OWNER
    if not case.policies.scps and not case.principal.is_service_linked:
        yield _SCPS
    if not case.knows_rcps:
        yield _RCPS
    yield _OTHER_POLICIES


def _is_ownerless(case: _Case) -> bool:
    resource = split_arn(case.request.resource.text)
    if case.request.resource.kind is not ResourceKind.ARN or resource is NO_ARN or resource.service == "iam":
        return False
    return not case.request.resource_account and not resource.account
