"""Principals that do the same job: which of them could share a role, and what fewer roles would cost."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Final, Generic

from lpgen.core.analysis.generate import generate_policy
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.analysis.synthesis.covering import merge_lines
from lpgen.core.analysis.verify import verify_generated
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.documents import RiskPart
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, StatementRef, Use
from lpgen.core.findings import PrincipalDiff, ReplacementDraft
from lpgen.core.guards import Guards
from lpgen.core.iam.limits import TRUST_POLICY_LIMIT
from lpgen.core.iam.policy import policy_from_json, text_without_sid
from lpgen.core.identity_center import is_of_permission_set, permission_set_of
from lpgen.core.model import CURRENT_VERSION, READ_LEVELS, Action, AttachedPolicy, PolicyKind, Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.principal_names import parts_of_name
from lpgen.core.replacements import Decision, Replacement
from lpgen.core.roles.candidates import Candidates, Likeness, M, Reviewed, candidates_of
from lpgen.core.roles.model import Against, AgainstKind, Curve, CurvePoint, Merge, RoleSettings, against, state_of
from lpgen.core.roles.names import Names
from lpgen.core.roles.needs import LOGGING, Overlap, pairs_of, templates_of, uncovered
from lpgen.core.roles.partitions import MOST_EXACT, partitions

_SHARED: Final = ("", "-shared")
_FALLBACK: Final = "shared-role"
_IAM: Final = "iam:"
_OF_AWS: Final = "aws:"


@dataclass(frozen=True, slots=True)
class Making:
    """What it takes to make a role and its policy: the catalog, the options of the review, the current decisions, what
    finds scopes, and free names."""

    catalog: Catalog
    options: Options
    decisions: tuple[Decision, ...]
    scopes: ScopeFinder
    names: Names


@dataclass(frozen=True, slots=True)
class Weighing(Generic[M]):
    """How alike the needs of candidates are: as they are, and with their own names replaced by marks (`alike`, and
    `used` of the part that shows their job). And with which actions each changes something."""

    group: Candidates[M]
    real: Overlap
    alike: Overlap
    used: Overlap
    changes: tuple[frozenset[Action], ...]

    def may_merge(self, bits: int) -> bool:
        """Whether the members do nearly the same and need nearly the same, and none gains a dangerous action, or any
        action that changes something: who only reads must not be able to delete.

        Namesakes in several accounts each keep a role of their own account, so there the accounts in scopes are equal.
        """
        if len({actions for at, actions in enumerate(self.changes) if bits >> at & 1}) > 1:
            return False
        gained = self.real if self.group.alike.account else self.alike
        return gained.harmful(bits) == 0 and self.used.is_near(bits) and self.alike.is_near(bits)

    def shared(self) -> Iterator[tuple[int, list[M]]]:
        """The members of each shared role: the fewest groups, and of these the ones with the least over-grant."""
        members = self.group.members
        for bits in partitions(len(members), self.real.over_grant, self.may_merge)[-1]:
            if bits & (bits - 1):
                yield bits, [one for at, one in enumerate(members) if bits >> at & 1]


def weigh_all(found: Mapping[str, Likeness], load: Callable[[str], M], dangers: Dangers) -> Iterator[Weighing[M]]:
    """The weighed candidates: those of each account, then the roles of one name in several accounts. A role that could
    share one in its account is in no group for several accounts.

    `found` says by ARN what others must have in common with a principal, and `load` gives the principals of groups.
    """
    merged = set[str]()
    for weighed in _weigh_groups(found, load, dangers):
        merged |= {one.principal.arn for _, members in weighed.shared() for one in members}
        yield weighed
    rest = {arn: alike.across_accounts(arn) for arn, alike in found.items() if alike.kind == "role"}
    yield from _weigh_groups({arn: rest[arn] for arn in rest.keys() - merged}, load, dangers)


def _weigh_groups(found: Mapping[str, Likeness], load: Callable[[str], M], dangers: Dangers) -> Iterator[Weighing[M]]:
    groups: dict[Likeness, list[str]] = defaultdict(list)
    for arn in sorted(found):
        groups[found[arn]].append(arn)
    for alike in sorted(groups, key=lambda alike: (alike.account, alike.kind, groups[alike][0])):
        if len(groups[alike]) > 1:
            yield from (weigh(group, dangers) for group in candidates_of(alike, list(map(load, groups[alike]))))


def weigh(group: Candidates[M], dangers: Dangers) -> Weighing[M]:
    """The overlap of the needs of candidates. Everything that changes IAM is harmful to gain."""

    def changes_something(action: Action) -> bool:
        return dangers.catalog.detail(action).level not in READ_LEVELS

    def is_harmful(action: Action) -> bool:
        return dangers.is_dangerous(action) or (action.startswith(_IAM) and changes_something(action))

    alike = [templates_of(one.need, one.principal) for one in group.members]
    used = [templates_of(one.used, one.principal) for one in group.members]
    needs = [one.need for one in group.members]
    changes = tuple(frozenset(pair.action for pair in need if changes_something(pair.action)) for need in needs)
    real, alike_needs, used_needs = (Overlap(some, is_harmful) for some in (needs, alike, used))
    return Weighing(group, real, alike_needs, used_needs, changes)


def curve_of(weighed: Weighing[M]) -> Curve:
    """The least over-grant for each number of roles."""
    members, real = weighed.group.members, weighed.real
    return Curve(
        account=weighed.group.alike.account,
        kind=weighed.group.alike.kind,
        members=tuple(one.principal.arn for one in members),
        method="exact" if len(members) <= MOST_EXACT else "greedy",
        points=tuple(
            CurvePoint(
                roles=len(groups), over_grant=sum(map(real.over_grant, groups)), harmful=sum(map(real.harmful, groups))
            )
            for groups in partitions(len(members), real.over_grant, lambda _group: True)
        ),
    )


def merge_of(weighed: Weighing[Reviewed], bits: int, members: Sequence[Reviewed], making: Making) -> Merge:
    """The proposal for members of a group, which are also given as a set of bits."""
    alike, principals = weighed.group.alike, [one.principal for one in members]
    is_set = alike.kind in ("permission-set", "person")  # people may share a permission set
    name = shared_name(principals, making.names, is_set=is_set) if alike.account else principals[0].name
    role = _role_with_all(principals, name)
    replacement, fault = _shared_replacement(role, members, making)
    found = [*against_members(members, making)]
    if names := [one.principal.arn for one in members if uses_user_variables(one)]:
        found.append(against(AgainstKind.USER_VARIABLES, names))
    if alike.account and (gained := _gained_resources(members)):
        found.append(against(AgainstKind.OWN_RESOURCES, gained, detail=min(gained.values())))
    if not alike.account and not alike.environment:
        found.append(against(AgainstKind.ENVIRONMENT_UNKNOWN))
    if fault:
        found.append(against(AgainstKind.UNPROVEN, detail=fault))
    trust = _shared_trust(principals) if role.trust else None
    size = len(json.dumps(trust, separators=(",", ":")))
    if size > making.options.trust_quotas.get(role.account, TRUST_POLICY_LIMIT):
        found.append(against(AgainstKind.TOO_LARGE, detail=size))
    return Merge(
        name=name,
        kind=alike.kind,
        account="" if alike.kind == "permission-set" else alike.account,
        state=state_of(found),
        members=tuple(one.arn for one in principals),
        roles_saved=len(members) - 1,
        over_grant=weighed.real.over_grant(bits),
        harmful=weighed.real.harmful(bits),
        against=tuple(found),
        policy=documents_of(replacement),
        left=tuple(policy.arn for policy in replacement.left),
        trust=trust,
        settings=settings_of(principals),
        risk=risk_of(members),
    )


def against_members(members: Iterable[Reviewed], making: Making) -> Iterator[Against]:
    """What objects to new roles in place of these principals, whatever the roles allow."""
    days = {one.principal.arn: one.diff.use.covered_days for one in members}
    tests: Mapping[AgainstKind, Callable[[Reviewed], bool]] = {
        AgainstKind.FEW_DAYS: lambda one: days[one.principal.arn] < making.options.min_days,
        AgainstKind.UNSAFE_REPLACEMENT: lambda one: not one.proposal.safe,
        AgainstKind.NAMED_ELSEWHERE: lambda one: is_named_elsewhere(one.principal, making.options.guards),
    }
    for kind, is_found in tests.items():
        if names := [one.principal.arn for one in members if is_found(one)]:
            yield against(kind, names, detail=min(days.values()))


def _gained_resources(members: Sequence[Reviewed]) -> dict[str, str]:
    """For each member, by ARN, a resource that it could use in a shared role but can't use today, if there is any.

    A number in a name may be that of a copy or of a customer. Writing to a log group shows nothing of what is in it.
    Denies and boundaries don't matter: all members have the same.
    """
    needs = frozenset().union(*(one.need for one in members))
    named = [pair for pair in needs if pair.resource not in ("", "*") and pair.action not in LOGGING]
    gained = {one.principal.arn: uncovered(named, (*one.need, *pairs_of(one.grants.allows))) for one in members}
    return {arn: min(pairs).resource for arn, pairs in gained.items() if pairs}


def is_named_elsewhere(principal: Principal, guards: Guards) -> bool:
    """Whether the policy of a resource, or the trust policy of another role, names a principal, a session of it, or its
    id."""
    sessions = f"::{principal.account}:assumed-role/{principal.name}/"
    marks = [json.dumps(principal.arn), *([sessions] if principal.kind is PrincipalKind.ROLE else [])]
    marks += [principal.principal_id] if principal.principal_id else []
    return any(
        mark in statement.text
        for found in guards.resource_policies
        if found.policy is not None and found.resource != principal.arn
        for statement in found.policy.statements
        for mark in marks
    )


def uses_user_variables(one: Reviewed) -> bool:
    """Whether the need of a principal depends on a variable that only users have.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-infotouse
    """
    texts = (
        text.lower()
        for pair in one.need
        for text in (pair.resource, *(value for found in pair.conditions for value in (found.key, *found.values)))
    )
    return any("aws:username" in text for text in texts)


def settings_of(old: Sequence[Principal]) -> RoleSettings:
    """What a new role keeps: the tags that all old ones have, and the path and boundary of the first.

    Only AWS can set tags that begin with `aws:`.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    first, is_set = old[0], is_of_permission_set(old[0])
    shared = () if is_set else set.intersection(*(set(one.tags) for one in old))
    return RoleSettings(
        path="" if is_set else first.path,
        boundary=first.boundary.arn or first.boundary.name if first.boundary else "",
        tags={key: value for key, value in sorted(shared) if not key.lower().startswith(_OF_AWS)},
    )


def risk_of(members: Iterable[Reviewed]) -> RiskPart | None:
    """The highest forecast of replacements; None if one has none."""
    risks = [one.diff.draft.risk for one in members]
    known = [risk for risk in risks if risk]
    worst = max(known, key=lambda risk: (risk.share, risk.needs)) if len(known) == len(risks) else None
    return RiskPart.from_attributes(worst) if worst else None


def documents_of(replacement: Replacement) -> tuple[dict[str, Any], ...]:
    """The documents of a replacement as JSON values."""
    return tuple(json.loads(document.text) for document in replacement.documents)


# ---------------------------------------------------------------- the shared policy


def shared_name(members: Sequence[Principal], names: Names, *, is_set: bool) -> str:
    """A new name for a shared role or permission set: the first parts that all names have in common."""
    sets = (permission_set_of(member.arn) for member in members)
    parts = [parts_of_name(of.name if of else member.name) for of, member in zip(sets, members, strict=True)]
    common = takewhile(lambda some: len({*some}) == 1, zip(*parts, strict=False))
    stem = "".join(some[0] for some in common).rstrip("-_.") or _FALLBACK
    return names.take(members[0].account, stem, _SHARED, is_set=is_set)


def _shared_replacement(role: Principal, members: Sequence[Reviewed], making: Making) -> tuple[Replacement, str]:
    """The policy of a role that has the policies of all members and made all their calls, and why it isn't proven.

    It is made and verified like the replacement of one principal.
    """
    guards = making.options.guards
    (grants,) = grants_from_principals([role], making.catalog, guards)
    lines = [
        replace(line, parent=replace(ref, policy=_owner(ref, member.principal) + ref.policy))
        for member in members
        for line in member.diff.draft.lines
        for ref in (line.parent,)
    ]
    left = {policy.arn: policy for member in members for policy in member.diff.draft.left}
    draft = ReplacementDraft(lines=merge_lines(lines, grants.allows), left=tuple(left.values()))
    diff = replace(members[0].diff, principal=role, draft=draft)
    return made(diff, grants, [use for member in members for use in member.usage.uses], making)


def made(diff: PrincipalDiff, grants: PrincipalGrants, uses: Iterable[Use], making: Making) -> tuple[Replacement, str]:
    """The policy of a role that doesn't exist yet and whose sessions made calls, and why it isn't proven."""
    replacement = generate_policy(diff, grants, making.catalog, making.options)
    usage, guards = PrincipalUsage(grants.principal.arn, uses=tuple(uses)), making.options.guards
    verified = verify_generated(replacement, grants, usage, making.catalog, decisions=making.decisions, guards=guards)
    caveat = verified.caveat if verified else None
    return replacement, replacement.refusal or (caveat.message if caveat else "")


def renamed(role: Principal, name: str) -> Principal:
    """A role with another name that doesn't exist yet."""
    arn = f"{role.arn[: role.arn.index(':iam::')]}:iam::{role.account}:role{role.path}{name}"
    return replace(role, arn=arn, name=name, principal_id="")


def _role_with_all(members: Sequence[Principal], name: str) -> Principal:
    """A role that has the policies of all members, and, if they are roles, their trust."""
    first = members[0]
    owned = [
        replace(policy, name=_owner(policy, member) + policy.name) for member in members for policy in member.policies
    ]
    role = replace(
        first,
        kind=PrincipalKind.ROLE,
        groups=(),
        policies=tuple({(policy.kind, policy.group, policy.arn or policy.name): policy for policy in owned}.values()),
        tags=tuple(settings_of(members).tags.items()),
        trust=policy_from_json(_shared_trust(members), place=name) if first.trust else None,
    )
    return renamed(role, name)


def _owner(found: AttachedPolicy | StatementRef, owner: Principal) -> str:
    """What comes before the name of an inline policy, because those of two members may have one name."""
    return f"{owner.arn}/" if found.kind is PolicyKind.INLINE else ""


def _shared_trust(members: Iterable[Principal]) -> dict[str, Any]:
    """All statements of the trust policies, each once, without Sids, which would have to differ."""
    found = (statement for member in members if member.trust for statement in member.trust.statements)
    texts = dict.fromkeys(text_without_sid(statement.text) for statement in found)
    return {"Version": CURRENT_VERSION, "Statement": list(map(json.loads, texts))}
