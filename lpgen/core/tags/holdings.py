"""The policies that can be changed, and the use of resources by their statements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from lpgen.core.globs.match import fold_case
from lpgen.core.iam.limits import GROUP_INLINE_LIMIT, MANAGED_POLICY_LIMIT, ROLE_INLINE_LIMIT, USER_INLINE_LIMIT
from lpgen.core.iam.policy import policy_size
from lpgen.core.model import AttachedPolicy, Policy, PolicyKind, Principal, PrincipalKind, ResourceKind
from lpgen.core.tags.model import TagWorld
from lpgen.core.tags.rewrite import TypedAllow
from lpgen.core.tags.use import KnownTag, TagUse

_LEAST_USED: Final = 3
_MOST_VALUES: Final = 5
_LEAST_PER_VALUE: Final = 2
_RESERVED: Final = "aws:"


@dataclass(frozen=True, slots=True)
class Holding:
    """A policy that can be changed, and everybody who has it."""

    policy: AttachedPolicy
    document: Policy
    holders: tuple[Principal, ...]

    def is_too_large(self, document: Policy) -> bool:
        """Whether a new document exceeds IAM's quota. The inline policies of a principal or group share one."""
        if self.policy.kind is PolicyKind.CUSTOMER_MANAGED:
            return policy_size(document) > MANAGED_POLICY_LIMIT
        first, group = self.holders[0], self.policy.group
        limit = USER_INLINE_LIMIT if first.kind is PrincipalKind.USER else ROLE_INLINE_LIMIT
        shared = (one for one in first.policies if one.kind is PolicyKind.INLINE and one.group == group)
        others = sum(policy_size(one.document) for one in shared if one.document and one.name != self.policy.name)
        return policy_size(document) + others > (GROUP_INLINE_LIMIT if group else limit)


def holdings(principals: Iterable[Principal]) -> Iterator[Holding]:
    """The policies that somebody can change, with everybody who has them. Only AWS changes its own policies."""
    found: dict[tuple[str, ...], list[tuple[AttachedPolicy, Principal]]] = defaultdict(list)
    for principal in principals:
        for held in () if principal.is_service_linked else principal.policies:
            owner = (principal.account, held.group) if held.group else (principal.arn,)
            key = (held.arn,) if held.arn else (*owner, held.name)
            if held.document is not None and held.kind is not PolicyKind.AWS_MANAGED:
                found[key].append((held, principal))
    for pairs in found.values():
        policy, _ = pairs[0]
        if policy.document is not None:
            yield Holding(policy, policy.document, tuple({one.arn: one for _, one in pairs}.values()))


class TypedUse:
    """What those who have a policy use of one type of resources by one of its statements."""

    def __init__(self, holding: Holding, allow: TypedAllow, world: TagWorld) -> None:
        self.holding, self.allow, self.world = holding, allow, world
        self.uses: dict[str, dict[TagUse, set[date]]] = {}
        for holder in holding.holders:
            some = world.use.uses.get(holder.arn, {})
            self.uses[holder.arn] = {use: days for use, days in some.items() if self._is_within(use)}

    def _is_within(self, use: TagUse) -> bool:
        within = use.kind is not ResourceKind.ARN or self.allow.matches(use.resource)
        return use.type == self.allow.type and use.action in self.allow.actions and within

    @cached_property
    def used(self) -> Mapping[str, frozenset[date]]:
        """The used resources with their days."""
        found: dict[str, set[date]] = defaultdict(set)
        for holder in self.holding.holders:
            for resource, days in self.used_by(holder).items():
                found[resource] |= days
        return {resource: frozenset(found[resource]) for resource in sorted(found)}

    def used_by(self, holder: Principal) -> Mapping[str, set[date]]:
        """The resources that a principal used, with the days. To create a resource isn't to use it."""
        found: dict[str, set[date]] = defaultdict(set)
        for use, days in self.uses[holder.arn].items():
            if use.action in self.allow.heeding and not use.creates:
                found[use.resource] |= days
        return found

    @cached_property
    def near(self) -> tuple[str, ...]:
        """The listed resources within the patterns."""
        return tuple(arn for arn in self.world.use.listed[self.allow.type] if self.allow.matches(arn))

    def tag(self, resource: str, key: str) -> KnownTag | None:
        """The tag of a resource, if it is known."""
        return self.world.use.tags_of(resource).get(fold_case(key))

    # ---------------------------------------------------------------- the key

    def best_key(self) -> str:
        """The key that qualifies and shuts out most, or "" if none shuts out anything."""
        keys = self._keys() if len(self.used) >= _LEAST_USED else []
        return next(
            (key for key in keys if not all(self.is_allowed(arn, key, self.values(key)) for arn in self.near)), ""
        )

    def _keys(self) -> list[str]:
        """The keys that qualify, the one that shuts out most first."""
        known = [resource for resource in self.used if self.world.use.is_listed(resource)]
        spelled = Counter(tag.key for resource in self.used for tag in self.world.use.tags_of(resource).values())
        found = {fold_case(key): key for key, _ in sorted(spelled.items(), key=lambda pair: (pair[1], pair[0]))}
        wanted = {*map(fold_case, self.world.keys)} or found.keys()
        ranked = []
        for folded, key in found.items():
            tags = [self.tag(resource, key) for resource in known]
            is_offered = folded in wanted and not folded.startswith(_RESERVED) and not self.allow.has_condition_on(key)
            if is_offered and None not in tags and self._groups(key):
                shut = sum(not self.is_allowed(arn, key, self.values(key)) for arn in self.near)
                ranked.append((any(tag and tag.is_ambiguous for tag in tags), -shut, key))
        return [key for _, _, key in sorted(ranked)]

    def values(self, key: str) -> tuple[str, ...]:
        """The values of a tag of the used resources."""
        tags = (self.tag(resource, key) for resource in self.used)
        return tuple(sorted({tag.value for tag in tags if tag and not tag.is_ambiguous}))

    def _groups(self, key: str) -> bool:
        """Whether the values of a tag group the used resources. A value that reads as a variable can't be written."""
        values, number = self.values(key), sum(self.tag(resource, key) is not None for resource in self.used)
        is_written = all(value and "${" not in value for value in (key, *values))
        return 0 < len(values) <= min(_MOST_VALUES, number // _LEAST_PER_VALUE) and is_written

    def is_allowed(self, resource: str, key: str, values: Sequence[str]) -> bool:
        """Whether a condition may allow a resource."""
        tag = self.tag(resource, key)
        return tag is not None and (tag.value in values or tag.is_ambiguous)
