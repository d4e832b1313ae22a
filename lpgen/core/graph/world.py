"""The world of a network: principals, groups, policies, compute, and what the catalog knows about resource types."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, takewhile
from typing import Final

from lpgen.core.analysis.grants.trust import trust_allows
from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.compute import Compute, Inventory
from lpgen.core.globs.match import fold_case, literal_head
from lpgen.core.graph.outsiders import SERVICE_RULE, Admission, find_admissions
from lpgen.core.graph.requests import TAG_KEYS, Actor, Answer, KnownFacts, concrete_arn
from lpgen.core.graph.ways import ASSUME_ROLE, TARGET, Way, read_ways
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.model import Group, Principal, PrincipalKind, Resource, ResourceKind

_VARIABLE: Final = re.compile(r"\$\{([^},]+)")
_LAUNCH_TEMPLATE: Final = "ec2:launch-template"


@dataclass(frozen=True)
class World:
    """What is known: principals, groups, policies, and compute (None: no inventory, so any may exist).

    `resources` are the ARNs of resources and `services` the AWS services that a question names. `facts` are condition
    keys of every request, such as the organization. `passwords` are the users with a console password, by account.
    """

    principals: tuple[Principal, ...]
    groups: tuple[Group, ...]
    catalog: Catalog
    guards: Guards = NO_GUARDS
    compute: Inventory | None = None
    resources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    passwords: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _matches: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _trusted: dict[tuple[str, str], Answer | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    _iam: dict[tuple[str, str, str], tuple[str, ...] | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    # ---------------------------------------------------------------- ways and actors

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """The ways that policies decide. The others gain a part, or need facts that no input has."""
        return tuple(way for way in self.catalog.facts(read_ways).ways if way.is_decided)

    @cached_property
    def rcp_services(self) -> frozenset[str]:
        """The prefixes of services whose resources RCPs limit."""
        return frozenset(self.catalog.facts(read_ways).rcp_services)

    @cached_property
    def known_facts(self) -> KnownFacts:
        """What all requests share."""
        trusting = self.guards.with_trust(self.principals)
        return KnownFacts(trusting, frozenset(self._tag_keys(trusting)), self.rcp_services, self.facts)

    def actor(self, principal: Principal) -> Actor:
        """A principal that makes requests in this world."""
        return Actor(principal, self.known_facts)

    def _tag_keys(self, guards: Guards) -> Iterator[str]:
        """The condition keys for tags in all policies, in lower case."""
        documents = [held.document for principal in self.principals for held in principal.policies]
        documents += [held.document for group in self.groups for held in group.policies]
        documents += [principal.boundary.document for principal in self.principals if principal.boundary]
        documents += [policy.policy for policy in guards.resource_policies]
        for levels in (*guards.scps, *guards.rcps):
            documents += [document for level in levels.levels for document in level]
        for document in {id(document): document for document in documents if document}.values():
            for statement in document.statements:
                named = _VARIABLE.findall(statement.text)
                keys = (fold_case(key) for key in (*(condition.key for condition in statement.conditions), *named))
                yield from (key for key in keys if key.partition("/")[0] in TAG_KEYS)

    # ---------------------------------------------------------------- principals

    @cached_property
    def by_arn(self) -> Mapping[str, Principal]:
        """The principals that may be gained, by ARN. Only AWS can use or change service-linked roles."""
        found = sorted(self.principals, key=lambda principal: principal.arn)
        return {principal.arn: principal for principal in found if not principal.is_service_linked}

    @cached_property
    def _arns(self) -> list[str]:
        return list(self.by_arn)

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The ARNs of principals that a resource pattern matches."""
        if pattern not in self._matches:
            head = literal_head(pattern)
            near = islice(self._arns, bisect_left(self._arns, head), None)
            within = takewhile(lambda arn: arn.startswith(head), near)
            self._matches[pattern] = tuple(arn for arn in within if resource_contains(pattern, arn))
        return self._matches[pattern]

    @cached_property
    def trusting(self) -> Mapping[str, tuple[str, ...]]:
        """The roles by each principal that an Allow of their trust policy names. "*" has those with NotPrincipal."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for role in self.by_arn.values():
            for statement in trust_allows(role):
                names = ["*"] if statement.not_principal else [value for _, value in statement.principals or ()]
                for name in names:
                    found[name][role.arn] = None
        return {name: tuple(arns) for name, arns in found.items()}

    @cached_property
    def admissions(self) -> tuple[Admission, ...]:
        """The roles that outsiders may assume. AWS services count only if the question names them, because most roles
        trust one."""
        roles = [role for role in self.by_arn.values() if role.trust is not None]
        known = frozenset(principal.arn for principal in self.principals)
        called = [
            Admission(service, role.arn, SERVICE_RULE, answer)
            for service in self.services
            for role in roles
            if (answer := self.trusts(role, service)) is not None
        ]
        return (*find_admissions(roles, known, self.known_facts), *called)

    @cached_property
    def outsiders(self) -> tuple[str, ...]:
        """The nodes of the outsiders that may assume a role, sorted."""
        return tuple(sorted({found.outsider for found in self.admissions}))

    def trusts(self, role: Principal, service: str) -> Answer | None:
        """The answer to whether a service may assume a role, or None.

        Compute is in the same account. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        """
        key = (role.arn, service)
        if key not in self._trusted:
            facts = {key: (value,) for key, value in self.facts.items()}
            context = {**facts, "aws:SourceAccount": (role.account,), "aws:PrincipalIsAWSService": ("true",)}
            resource = Resource(ResourceKind.ARN, role.arn)
            policies = PolicySet(resource=role.trust, rcps=self.guards.rcps_of(role.account) or ())
            request = Request(service, ASSUME_ROLE, resource, context, resource_account=role.account)
            decided = decide(request, policies)
            for arn in _any_sources(role):
                other = replace(request, context={**context, "aws:SourceArn": (arn,)})
                found = decide(other, policies)
                decided = found if found.result is Result.ALLOWED else decided
            allowed = decided.result in (Result.ALLOWED, Result.DEPENDS)
            self._trusted[key] = Answer(decided.depends_on) if allowed else None
        return self._trusted[key]

    # ---------------------------------------------------------------- resources

    def takes(self, action: str, type_: str) -> bool:
        """Whether an action takes a resource type of its service."""
        known = self.catalog.canonical(action)
        return known is not None and any(used.type == type_ for used in self.catalog.detail(known).resources)

    def globs(self, type_: str, partition: str, account: str) -> tuple[str, ...]:
        """The patterns of ARNs of a resource type such as `lambda:function`."""
        prefix, _, name = type_.partition(":")
        return self.catalog.arn_patterns(prefix, name, partition=partition, account=account)

    @cached_property
    def inventory_types(self) -> frozenset[str]:
        """The resource types that an inventory of compute lists."""
        return frozenset(
            {type_ for way in self.ways for type_ in (way.compute, way.exists) if type_} | {_LAUNCH_TEMPLATE}
        )

    @cached_property
    def _inventory(self) -> Mapping[str, tuple[Compute, ...]]:
        found: dict[str, list[Compute]] = defaultdict(list)
        globs = {type_: self.globs(type_, "*", "*") for type_ in self.inventory_types}
        for compute in self.compute.resources if self.compute else ():
            service = split_arn(compute.arn).service
            for type_, patterns in globs.items():
                if type_.startswith(f"{service}:") and any(resource_contains(glob, compute.arn) for glob in patterns):
                    found[type_].append(compute)
        return {type_: tuple(some) for type_, some in found.items()}

    def existing(self, type_: str, *, role: str = "", account: str = "") -> tuple[str, ...] | None:
        """The ARNs of existing compute of a type, of one role or account if given; None if no inventory says."""
        if self.compute is None or type_ not in self.inventory_types:
            return None
        found = tuple(
            compute.arn
            for compute in self._inventory.get(type_, ())
            if role in ("", compute.role) and account in ("", account_in_arn(compute.arn))
        )
        listed = self.compute.types is None or type_ in self.compute.types
        whole = listed and (account or account_in_arn(role)) not in self.compute.unread
        return found if found or whole else None

    def iam_resources(self, type_: str, account: str, service: str = "") -> tuple[str, ...] | None:
        """The ARNs of an account's groups, users, instance profiles, or roles that a service may assume, by type. None
        for other types."""
        key = (type_, account, service)
        if key not in self._iam:
            self._iam[key] = self._find_iam_resources(*key)
        return self._iam[key]

    def _find_iam_resources(self, type_: str, account: str, service: str) -> tuple[str, ...] | None:
        near = [principal for principal in self.by_arn.values() if principal.account == account]
        if type_ == "iam:group":
            return tuple(group.arn for group in self.groups if group.account == account)
        if type_ == "iam:instance-profile":
            return tuple(sorted({arn for principal in near for arn in principal.instance_profiles}))
        if type_ == "iam:user":
            return tuple(principal.arn for principal in near if principal.kind is PrincipalKind.USER)
        if type_ == "iam:role":
            return tuple(role.arn for role in near if role.trust and (not service or self.trusts(role, service)))
        return None

    def holds_data(self, arn: str) -> bool:
        """Whether a way gains the content of resources of this type."""
        return any(self.fits(way, arn) for way in self.ways if way.gains == "resource")

    def fits(self, way: Way, arn: str) -> bool:
        """Whether all steps of a way take a resource of this type."""
        catalog = self.catalog
        for step in way.steps:
            action = catalog.canonical(step.action)
            if action is None or split_arn(arn).service != action.partition(":")[0]:
                return False
            if step.place == TARGET and not catalog.takes_resource(action, arn):
                return False
        return True


def _any_sources(role: Principal) -> Iterator[str]:
    """An ARN for each condition of a trust policy that admits all resources of a service in the role's account.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    for statement in role.trust.statements if role.trust else ():
        for condition in statement.conditions:
            for value in condition.values if fold_case(condition.key) == "aws:sourcearn" else ():
                fields = split_arn(value)
                if fields.name == "*" and fields.account in ("*", role.account):
                    yield concrete_arn(value, role.account)


def federated_providers(role: Principal, type_: str) -> tuple[str, ...]:
    """The ARNs of the identity providers of a type, such as `saml-provider`, that a role's trust policy allows."""
    return tuple(
        value
        for statement in trust_allows(role)
        for kind, value in statement.principals or ()
        if kind == "Federated" and split_arn(value).name.startswith(f"{type_}/")
    )
