"""Principals that do the same job: which of them could share a role, and what fewer roles would cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.catalog.danger import Dangers
from lpgen.core.guards import Guards
from lpgen.core.model import READ_LEVELS, Action, Principal
from lpgen.core.replacements import Replacement
from lpgen.core.roles.candidates import Candidates, Reviewed
from lpgen.core.roles.model import Against, AgainstKind, Curve, CurvePoint, Merge, MergeKind, Method, against, state_of
from lpgen.core.roles.needs import Overlap, templates_of
from lpgen.core.roles.partitions import MOST_EXACT, Measures, best_partition, cheapest_partitions
from lpgen.core.roles.shared import Making, share, shared_name

_IAM: Final = "iam:"


@dataclass(frozen=True, slots=True)
class Weighing:
    """How alike the needs of candidates are: as they are, and with their own names replaced by marks (`alike`, and
    `used` of the part that shows their job)."""

    group: Candidates
    real: Overlap
    alike: Overlap
    used: Overlap

    def may_merge(self, bits: int) -> bool:
        """Whether the members do nearly the same and need nearly the same, and none gains a dangerous action."""
        return self.real.harmful(bits) == 0 and self.used.is_near(bits) and self.alike.is_near(bits)

    @property
    def measures(self) -> Measures:
        """The cost of groups, and whether they may be merged."""
        return Measures(self.real.over_grant, self.may_merge)


def weigh(group: Candidates, dangers: Dangers) -> Weighing:
    """The overlap of the needs of candidates. Everything that changes IAM is harmful to gain."""

    def is_harmful(action: Action) -> bool:
        changes_iam = action.startswith(_IAM) and dangers.catalog.detail(action).level not in READ_LEVELS
        return changes_iam or dangers.is_dangerous(action)

    alike = [templates_of(one.need, one.principal) for one in group.members]
    used = [templates_of(one.used, one.principal) for one in group.members]
    needs = [one.need for one in group.members]
    return Weighing(group, *(Overlap(some, is_harmful) for some in (needs, alike, used)))


def curve_of(weighed: Weighing) -> Curve:
    """The least over-grant for each number of roles."""
    members, real = weighed.group.members, weighed.real
    points = [
        CurvePoint(
            roles=len(groups),
            over_grant=sum(map(real.over_grant, groups)),
            harmful=sum(map(real.harmful, groups)),
        )
        for groups in cheapest_partitions(len(members), weighed.measures)
    ]
    return Curve(
        account=weighed.group.account,
        kind=weighed.group.kind,
        members=tuple(one.principal.arn for one in members),
        method=Method.EXACT if len(members) <= MOST_EXACT else Method.GREEDY,
        points=tuple(points),
    )


def merges_of(weighed: Weighing, taken: Iterable[str], making: Making) -> Iterator[Merge]:
    """The proposals for candidates. `taken` are the names of roles and users that exist in the account."""
    members = weighed.group.members
    for bits in best_partition(len(members), weighed.measures):
        if bits & (bits - 1):
            some = [one for at, one in enumerate(members) if bits >> at & 1]
            yield _merge(weighed, bits, some, taken, making)


def _merge(weighed: Weighing, bits: int, members: Sequence[Reviewed], taken: Iterable[str], making: Making) -> Merge:
    group, arns = weighed.group, [one.principal.arn for one in members]
    principals = [one.principal for one in members]
    name = shared_name(principals, taken) if group.account else principals[0].name
    shared = share(members, name, making)
    found = (*_against_members(group, members, making), *shared.against)
    over_grant = weighed.real.over_grant(bits)
    is_role_in_one = group.account and group.kind is not MergeKind.PERMISSION_SET
    return Merge(
        name=name,
        kind=group.kind,
        account=group.account if is_role_in_one else "",
        state=state_of(found),
        members=tuple(arns),
        roles_saved=len(members) - 1,
        over_grant=over_grant,
        own_names=max(0, over_grant - weighed.alike.over_grant(bits)),
        harmful=weighed.real.harmful(bits),
        against=found,
        policy=documents_of(shared.replacement),
        left=tuple(policy.arn for policy in shared.replacement.left),
        trust=shared.trust,
    )


def _against_members(group: Candidates, members: Sequence[Reviewed], making: Making) -> Iterator[Against]:
    few = min(one.diff.use.covered_days for one in members)
    if few < making.options.min_days:
        yield against(AgainstKind.FEW_DAYS, detail=few)
    if unsafe := [one.principal.arn for one in members if not one.proposal.safe]:
        yield against(AgainstKind.UNSAFE_REPLACEMENT, unsafe)
    if named := [one.principal.arn for one in members if is_named_elsewhere(one.principal, making.options.guards)]:
        yield against(AgainstKind.NAMED_ELSEWHERE, named)
    if not group.account and not group.environment:
        yield against(AgainstKind.ENVIRONMENT_UNKNOWN)
    if users := [one.principal.arn for one in members if uses_user_variables(one)]:
        yield against(AgainstKind.USER_VARIABLES, users)


def is_named_elsewhere(principal: Principal, guards: Guards) -> bool:
    """Whether the policy of a resource, or the trust policy of another role, names a principal."""
    return any(
        json.dumps(principal.arn) in statement.text
        for found in guards.resource_policies
        if found.policy is not None and found.resource != principal.arn
        for statement in found.policy.statements
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


def documents_of(replacement: Replacement) -> tuple[dict[str, Any], ...]:
    """The documents of a replacement as JSON values."""
    return tuple(json.loads(document.text) for document in replacement.documents)


def names_by_account(principals: Iterable[Principal]) -> Mapping[str, frozenset[str]]:
    """The names of the principals of each account."""
    found: dict[str, set[str]] = {}
    for principal in principals:
        found.setdefault(principal.account, set()).add(principal.name)
    return {account: frozenset(names) for account, names in found.items()}
