"""Edges: who can gain whose rights, decided with all policies that apply.

An edge exists only if a concrete request for each step of a documented way is found that the decision core allows, or
that depends on named condition keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from lpgen.core.arns import split_arn
from lpgen.core.graph.requests import STRANGE, Actor, Answer, UsedStatement, best, joined
from lpgen.core.graph.ways import ANY, ASSUME_ROLE, COMPUTE, GROUP, NEW, OBJECTS, POLICY, SELF, TARGET, Step, Way
from lpgen.core.graph.world import World, federated_providers
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import AttachedPolicy, Group, Policy, PolicyKind, Principal, PrincipalKind

ADMINISTRATOR: Final = "administrator"
"""The rule of edges from and to administrative rights."""

_NEW_PROFILE: Final = tuple(
    Step(action, "new iam:instance-profile") for action in ("iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile")
)
_NAMED_BY_KEY: Final = {"lambda:CreateEventSourceMapping": "lambda:FunctionArn"}
"""Actions without resource types, and the condition key that names their resource."""

_PASSWORD: Final = {"iam:CreateLoginProfile": False, "iam:UpdateLoginProfile": True}
"""Actions that work only for a user without a password, or with one.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateLoginProfile.html
"""


class EdgeState(StrEnum):
    """Whether an edge is open, or depends on the values of condition keys, which the policies don't show."""

    OPEN = "open"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Edge:
    """A way for `source` to gain the rights of `target`, both ARNs or `admin:ACCOUNT`. A source may be an outsider.

    `rule` is the way's id. `through` is an existing resource that runs with the target, or "". `if_exists`: the way
    needs compute or a password, and no inventory says whether it exists. `rcp_unknown`: RCPs could deny a step, and
    none were given.
    """

    source: str
    target: str
    rule: str
    depends_on: tuple[str, ...] = ()
    statements: tuple[UsedStatement, ...] = ()
    through: str = ""
    if_exists: bool = False
    rcp_unknown: bool = False

    @property
    def state(self) -> EdgeState:
        """Open, or depends."""
        return EdgeState.DEPENDS if self.depends_on else EdgeState.OPEN


def admin_of(account: str) -> str:
    """The node for administrative rights in an account."""
    return f"admin:{account}"


def is_admin(node: str) -> bool:
    """Whether a node means administrative rights in an account."""
    return node.startswith(admin_of(""))


Target = Principal | Group | str
"""What a way gains: a principal, a group, or the ARN of a resource."""


class _Found(NamedTuple):
    """The answer for all steps of a way, and the existing compute that it goes through, or ""."""

    answer: Answer
    through: str


class Edges:
    """Finds the edges of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._roles_of: dict[tuple[str, str, tuple[str, ...]], tuple[Principal, ...]] = {}
        self._escalating: dict[tuple[str, object], bool] = {}
        self._assumed: dict[str, tuple[tuple[Principal, Answer], ...]] = {}
        self._steps = {way.id: _by_resource(way) for way in world.ways}

    def all(self) -> Iterator[Edge]:
        """Every edge, by source."""
        for principal in self._world.principals:
            yield from self.of(principal)
        for group in self._world.groups:
            yield from self.of(_as_principal(group))
        yield from self._of_administrators()
        unknown = not self._world.guards.rcps
        for source, role, rule, answer in self._world.admissions:
            yield Edge(source, role, rule, answer.depends_on, answer.statements, rcp_unknown=unknown)

    def _of_administrators(self) -> Iterator[Edge]:
        """The edges from administrative rights to the principals and resources of their account."""
        for principal in self._world.by_arn.values():
            yield Edge(admin_of(principal.account), principal.arn, ADMINISTRATOR)
        for resource in self._world.resources:
            owner = self._world.guards.owner_of(resource)
            if owner:
                yield Edge(admin_of(owner), resource, ADMINISTRATOR)

    def of(self, principal: Principal) -> Iterator[Edge]:
        """The edges from one principal."""
        return self._by_ways(self._world.ways, self._world.actor(principal))

    def _by_ways(self, ways: Iterable[Way], actor: Actor) -> Iterator[Edge]:
        if _is_administrator(actor):
            yield Edge(actor.principal.arn, admin_of(actor.principal.account), ADMINISTRATOR)
        for way in ways:
            yield from self._by_way(way, actor)

    def _by_way(self, way: Way, actor: Actor) -> Iterator[Edge]:
        if all(self._may_matter(actor, step) for step in way.steps):
            apart = self._apart_from_target(way, actor)
            if apart is not None:
                for target in self._targets(way, actor):
                    yield from self._edges(way, actor, target, apart)

    def _may_matter(self, actor: Actor, step: Step) -> bool:
        """Whether a step may be allowed: by the principal's own policies, or by a resource policy."""
        service = step.action.partition(":")[0]
        return bool(actor.patterns(step.action)) or step.action == ASSUME_ROLE or service in actor.facts.with_policies

    # ---------------------------------------------------------------- what a way could gain

    def _targets(self, way: Way, actor: Actor) -> Iterable[Target]:
        """What a way could gain, by cheap tests."""
        world, own = self._world, actor.principal
        on_target = [step for step in way.steps if step.place == TARGET]
        if way.caller and way.caller != own.kind:
            return ()
        if way.shape == "identity-center":
            # Only principals that sign in by Identity Center gain a permission set.
            reserved = [role for role in world.by_arn.values() if is_of_permission_set(role)]
            return [own] * (own in reserved) if way.gains == "permissions" else reserved * (own in reserved)
        if way.gains == "resource":
            owners = {arn: world.guards.owner_of(arn) for arn in world.resources if world.fits(way, arn)}
            return [arn for arn, owner in owners.items() if way.account != "own" or owner in ("", own.account)]
        if way.gains == "group":
            return [group for group in world.groups if group.account == own.account]
        if way.gains == "permissions" and not on_target:
            return [own]
        if any(step.action == ASSUME_ROLE for step in on_target):
            roles = self._assumable(actor)
            return roles if len(way.steps) == 1 else [role for role in roles if role.account == own.account]
        allowed = self._allowed_on(actor, on_target[0].action) if on_target else world.by_arn
        if way.trusts or way.compute:
            return [role for role in self._roles_with(way, own) if role.arn in allowed]
        kinds = {PrincipalKind(way.gains)} if way.gains != "permissions" else set(PrincipalKind)
        for step in on_target:
            kinds &= {kind for kind in PrincipalKind if world.takes(step.action, kind.value)}
        others = (world.by_arn[arn] for arn in allowed if arn != own.arn)
        return [other for other in others if other.kind in kinds and other.account == own.account]

    def _allowed_on(self, actor: Actor, action: str) -> Mapping[str, object]:
        """The ARNs of the principals on which a principal's own policies may allow an action."""
        patterns = actor.patterns(action)
        if "*" in patterns:
            return self._world.by_arn
        return dict.fromkeys(arn for pattern in patterns for arn in self._world.matching(pattern))

    def _assumable(self, actor: Actor) -> list[Principal]:
        """The roles whose trust policies may let a principal in."""
        own, trusting = actor.principal, self._world.trusting
        found = {arn: None for name in (own.arn, "*") for arn in trusting.get(name, ())}
        accounts = (own.account, f"arn:{_partition(own)}:iam::{own.account}:root")
        by_account = {arn for name in accounts for arn in trusting.get(name, ())}
        found |= dict.fromkeys(arn for arn in self._allowed_on(actor, ASSUME_ROLE) if arn in by_account)
        return [self._world.by_arn[arn] for arn in found if arn != own.arn]

    def _roles_with(self, way: Way, own: Principal) -> tuple[Principal, ...]:
        """The roles of an account that a service of the way may assume. With an inventory, those of its compute."""
        key = (own.account, way.compute, way.trusts)
        if key not in self._roles_of:
            self._roles_of[key] = tuple(
                role
                for role in self._world.by_arn.values()
                if role.kind is PrincipalKind.ROLE
                and role.account == own.account
                and (not way.compute or self._world.existing(way.compute, role=role.arn) != ())
                and (not way.trusts or self._trust(way, role) is not None)
            )
        return self._roles_of[key]

    def _trust(self, way: Way, role: Principal) -> Answer | None:
        return best(self._world.trusts(role, service) for service in way.trusts)

    # ---------------------------------------------------------------- one way, one target

    def _edges(self, way: Way, actor: Actor, target: Target, apart: Answer) -> Iterator[Edge]:
        own = actor.principal
        found = self._decide(way, actor, target, apart)
        if found is None or not self._gains(way, actor, target):
            return
        if way.caller and isinstance(target, Group):
            yield from self._as_member(way, own, target, found.answer)
            return
        edge = Edge(
            own.arn,
            admin_of(own.account) if way.gains == "permissions" else _arn_of(target),
            way.id,
            found.answer.depends_on,
            found.answer.statements,
            found.through,
            self._may_not_exist(way, own.account),
            not self._world.guards.rcps and any(self._is_under_rcps(step) for step in way.steps),
        )
        if way.shape != "stack-set":
            yield edge
        elif isinstance(target, Principal):
            # The stack set's administration role is passed, and assumes the gained role.
            for role, answer in self._assumed_by(target):
                keys = tuple(sorted({*edge.depends_on, *answer.depends_on}))
                yield replace(edge, target=role.arn, depends_on=keys, through=target.arn)

    def _as_member(self, way: Way, own: Principal, group: Group, answer: Answer) -> Iterator[Edge]:
        """The edges that a user gains in a group. What limits the user still does."""
        member = replace(own, policies=(*own.policies, *group.policies))
        others = (way for way in self._world.ways if way.gains != "group")
        for edge in self._by_ways(others, self._world.actor(member)):
            both = joined((answer, Answer(edge.depends_on, edge.statements)))
            if both is not None:
                yield replace(edge, rule=way.id, depends_on=both.depends_on, statements=both.statements)

    def _apart_from_target(self, way: Way, actor: Actor) -> Answer | None:
        """The answer for the steps that are the same for every target, or None if one can't be allowed."""
        steps = [some for some in self._steps[way.id] if not self._depends_on_target(way, some[0])]
        return joined(self._best(way, some, actor, actor.principal)[0] for some in steps)

    def _depends_on_target(self, way: Way, step: Step) -> bool:
        if step.place == GROUP:
            return way.gains == "group"
        inside = way.exists.startswith("eks:") or way.shape == "provider"
        return inside or step.place in (TARGET, COMPUTE, POLICY, OBJECTS)

    def _may_not_exist(self, way: Way, account: str) -> bool:
        """Whether a way needs compute or a password, and no inventory says whether it exists."""
        types = way.existing_types & self._world.inventory_types
        unlisted = way.shape == "existing-compute" and not way.exists
        changed = account not in self._world.passwords and True in _passwords_of(way)
        return unlisted or changed or any(self._world.existing(type_, account=account) is None for type_ in types)

    def _decide(self, way: Way, actor: Actor, target: Target, apart: Answer) -> _Found | None:
        """The answer for all steps of a way, or None if one can't be allowed. `apart` is that for the other steps."""
        answers: list[Answer | None] = [apart]
        if isinstance(target, Principal):
            if way.exists and self._world.existing(way.exists, role=target.arn) == ():
                return None
            users = self._world.passwords.get(target.account)
            if users is not None and any(had != (target.arn in users) for had in _passwords_of(way)):
                return None
            if way.needs_instance_profile and not target.instance_profiles:
                passed = any(step.action == "iam:PassRole" for step in way.steps)
                answers.append(
                    self._answer(actor, _NEW_PROFILE, f"{_iam(actor)}:instance-profile/{STRANGE}") if passed else None
                )
        through = ""
        for some in self._steps[way.id]:
            if self._depends_on_target(way, some[0]):
                answer, arn = self._best(way, some, actor, target)
                if answer is None:
                    return None
                answers.append(answer)
                if some[0].place == COMPUTE and self._world.existing(some[0].type, role=_arn_of(target)) is not None:
                    through = arn
        if way.trusts and isinstance(target, Principal):
            answers.append(self._trust(way, target))
        answer = joined(answers)
        return None if answer is None else _Found(answer, through)

    def _best(self, way: Way, steps: Sequence[Step], actor: Actor, target: Target) -> tuple[Answer | None, str]:
        """The best answer for steps with the same `on`, and its resource."""
        options = {arn: self._answer(actor, steps, arn) for arn in self._candidates(way, steps, actor, target)}
        chosen = best(options.values())
        return chosen, next((arn for arn, answer in options.items() if answer is chosen), "")

    def _answer(self, actor: Actor, steps: Iterable[Step], arn: str) -> Answer | None:
        known = self._world.by_arn.get(arn)
        return joined(_answer_step(actor, step, arn, known) for step in steps)

    def _candidates(self, way: Way, steps: Sequence[Step], actor: Actor, target: Target) -> Iterable[str]:
        """The ARNs on which steps with the same `on` could be made."""
        world, own, step = self._world, actor.principal, steps[0]
        arn = _arn_of(target)
        actions = [step.action for step in steps]
        if step.place == TARGET:
            return (world.iam_resources("iam:user", own.account) or ()) if isinstance(target, Group) else (arn,)
        if step.place == GROUP:
            members = [group.arn for group in world.groups if own.arn in group.members]
            return (arn,) if isinstance(target, Group) else members
        if step.place == SELF:
            return (own.arn,) if world.takes(step.action, own.kind.value) else ()
        if step.place == POLICY:
            return [held.arn for held in _policies(own, target) if held.kind is PolicyKind.CUSTOMER_MANAGED]
        if step.place == OBJECTS:
            return actor.candidates([f"{arn}/*"], actions)
        if way.shape == "provider" and isinstance(target, Principal):
            return federated_providers(target, step.type.partition(":")[2])
        known = world.existing(step.type, role=arn if step.place == COMPUTE else "", account=own.account)
        if known is None and step.place == ANY:
            known = world.iam_resources(step.type, own.account, step.context.get("iam:PassedToService", ""))
        if known is not None and step.place != NEW:
            return known
        if step.place in (COMPUTE, NEW, ANY):
            globs = world.globs(step.type, _partition(own), own.account)
            inside = world.existing(way.exists, role=arn) if way.exists.startswith("eks:") else None
            return actor.candidates(globs if inside is None else _in_clusters(globs, inside), actions)
        return ("",)

    def _is_under_rcps(self, step: Step) -> bool:
        return step.on != "*" and step.action.partition(":")[0] in self._world.rcp_services

    # ---------------------------------------------------------------- ways whose steps don't say what is gained

    def _gains(self, way: Way, actor: Actor, target: Target) -> bool:
        """Whether the steps of a way really gain what it promises."""
        holder = target if isinstance(target, Principal) else actor.principal
        if way.shape == "boundary":
            return holder.boundary is not None and self._escalates(replace(holder, boundary=None), "boundary")
        if way.shape == "policy-version":
            return any(
                self._escalates(_with_document(holder, held.arn, other), (held.arn, at))
                for held in holder.policies
                for at, other in enumerate(held.other_versions)
                if actor.answer("iam:SetDefaultPolicyVersion", held.arn, {})
            )
        return True

    def _escalates(self, principal: Principal, variant: object) -> bool:
        """Whether a principal with changed policies has administrative rights, or can give them to itself."""
        key = (principal.arn, variant)
        if key not in self._escalating:
            actor = self._world.actor(principal)
            plain = [way for way in self._world.ways if way.gains == "permissions" and not way.shape]
            self._escalating[key] = _is_administrator(actor) or any(
                not edge.depends_on for way in plain for edge in self._by_way(way, actor)
            )
        return self._escalating[key]

    def _assumed_by(self, role: Principal) -> tuple[tuple[Principal, Answer], ...]:
        """The roles that a role may assume."""
        if role.arn not in self._assumed:
            actor = self._world.actor(role)
            found = [(other, actor.answer(ASSUME_ROLE, other.arn, {}, other)) for other in self._assumable(actor)]
            self._assumed[role.arn] = tuple((other, answer) for other, answer in found if answer is not None)
        return self._assumed[role.arn]


def _answer_step(actor: Actor, step: Step, arn: str, known: Principal | None) -> Answer | None:
    key = _NAMED_BY_KEY.get(step.action)
    return actor.answer(step.action, "" if key else arn, {**step.context, key: arn} if key else step.context, known)


def _passwords_of(way: Way) -> set[bool]:
    """Whether the gained user must have a password (True) or none (False), if a way says so."""
    return {_PASSWORD[step.action] for step in way.steps if step.place == TARGET and step.action in _PASSWORD}


def _in_clusters(globs: Iterable[str], associations: Iterable[str]) -> list[str]:
    """The patterns, limited to the clusters of EKS Pod Identity associations."""
    clusters = dict.fromkeys(association.split("/")[1] for association in associations)
    return [glob.replace("/*", f"/{cluster}", 1) for glob in globs for cluster in clusters]


def _by_resource(way: Way) -> tuple[tuple[Step, ...], ...]:
    """The steps of a way, those about the same resource together."""
    found: dict[str, list[Step]] = defaultdict(list)
    for step in way.steps:
        found[step.on].append(step)
    return tuple(map(tuple, found.values()))


def _is_administrator(actor: Actor) -> bool:
    """Whether the principal's policies allow every action on every resource, and nothing stops changes in IAM."""
    if not actor.has_every_permission:
        return False
    probes = (("iam:CreateUser", "user"), ("iam:AttachUserPolicy", "user"), ("iam:AttachRolePolicy", "role"))
    found = joined(actor.answer(action, f"{_iam(actor)}:{kind}/{STRANGE}", {}) for action, kind in probes)
    return found is not None and not found.depends_on


def _arn_of(target: Target) -> str:
    return target if isinstance(target, str) else target.arn


def _policies(own: Principal, target: Target) -> tuple[AttachedPolicy, ...]:
    return (target if isinstance(target, Principal) else own).policies


def _with_document(principal: Principal, arn: str, document: Policy) -> Principal:
    """A principal after another version of one of its policies became the default."""
    changed = (replace(held, document=document) if held.arn == arn else held for held in principal.policies)
    return replace(principal, policies=tuple(changed))


def _iam(actor: Actor) -> str:
    """The start of the ARNs of IAM in a principal's account."""
    return f"arn:{_partition(actor.principal)}:iam::{actor.principal.account}"


def _partition(principal: Principal) -> str:
    return split_arn(principal.arn).partition or "aws"


def _as_principal(group: Group) -> Principal:
    """A group as if it were a user with only the group's policies."""
    return Principal(group.arn, "", group.account, PrincipalKind.USER, group.name, group.path, policies=group.policies)
