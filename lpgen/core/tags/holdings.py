"""The policies that can be changed, and the use of resources by their statements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
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

    def has(self, held: AttachedPolicy) -> bool:
        """Whether a policy of a holder is this one."""
        own = self.policy
        return (held.arn or (held.group, held.name)) == (own.arn or (own.group, own.name))

    def is_too_large(self, document: Policy) -> bool:
        """Whether a new document exceeds IAM's quota. The inline policies of a principal or group share one."""
        if self.policy.kind is PolicyKind.CUSTOMER_MANAGED:
            return policy_size(document) > MANAGED_POLICY_LIMIT
        first, group = self.holders[0], self.policy.group
        limit = USER_INLINE_LIMIT if first.kind is PrincipalKind.USER else ROLE_INLINE_LIMIT
        shared = (held for held in first.policies if held.kind is PolicyKind.INLINE and held.group == group)
        others = sum(policy_size(held.document) for held in shared if held.document and held.name != self.policy.name)
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
            yield Holding(policy, policy.document, tuple({holder.arn: holder for _, holder in pairs}.values()))


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

    def values(self, key: str) -> tuple[str, ...]:
        """The values of a tag of the used resources."""
        tags = (self.tag(resource, key) for resource in self.used)
        return tuple(sorted({tag.value for tag in tags if tag and not tag.is_ambiguous}))

    def shut_out(self, key: str, values: Collection[str]) -> tuple[str, ...]:
        """The listed resources within the patterns that a condition certainly shuts out."""
        tags = ((arn, self.tag(arn, key)) for arn in self.near)
        return tuple(arn for arn, tag in tags if tag is None or set(tag.values).isdisjoint(values))

    # ---------------------------------------------------------------- the key

    def best_key(self) -> str:
        """The key that qualifies and shuts out most, or "" if none shuts out anything."""
        spelled = Counter(tag.key for resource in self.used for tag in self.world.use.tags_of(resource).values())
        keys = {fold_case(key): key for key, _ in sorted(spelled.items(), key=lambda pair: (pair[1], pair[0]))}
        ranked = []
        for key in filter(self._qualifies, keys.values()) if len(self.used) >= _LEAST_USED else ():
            is_ambiguous = any(tag.is_ambiguous for resource in self.used if (tag := self.tag(resource, key)))
            if shut := self.shut_out(key, self.values(key)):
                ranked.append((is_ambiguous, -len(shut), key))
        return min(ranked)[-1] if ranked else ""

    def _qualifies(self, key: str) -> bool:
        """Whether every used resource with known tags has the key, and the values group them. A value that reads as a
        variable can't be written."""
        folded, values, wanted = fold_case(key), self.values(key), {*map(fold_case, self.world.keys)}
        is_offered = not wanted or folded in wanted
        if not is_offered or folded.startswith(_RESERVED) or self.allow.has_condition_on(key):
            return False
        lacking = [resource for resource in self.used if self.tag(resource, key) is None]
        is_written = all(value and "${" not in value for value in (key, *values))
        most = min(_MOST_VALUES, (len(self.used) - len(lacking)) // _LEAST_PER_VALUE)
        return is_written and 0 < len(values) <= most and not any(map(self.world.use.is_listed, lacking))
