"""Requests that a principal could make: the search for one that the decision core allows.

A step of a way is possible if one concrete request for it is allowed. Where the caller chooses the resource, the
candidates are what all its policies name together. Where it chooses the value of a condition key, such as the Region or
the session's name, the candidates are the values in the conditions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met
from lpgen.core.arns import ARN_FIELDS, split_arn
from lpgen.core.evidence import RecordedContext
from lpgen.core.globs.match import fold_case, has_wildcard, literal_head, variables_as_wildcards
from lpgen.core.graph.ways import ASSUME_ROLE
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import RESOURCE_POLICY, decide
from lpgen.core.iam.decision import UNSTATED, AuthorizationDecision, Layer, PolicySet, Request, Result
from lpgen.core.iam.match_resource import intersect_resources, resource_contains
from lpgen.core.iam.walls import statements_covering
from lpgen.core.model import (
    NO_RESOURCE,
    Effect,
    Policy,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
    Statement,
)
from lpgen.core.trust.lines import ASSUME

STRANGE: Final = "lpgen"
"""A name that no policy mentions."""

_TAGS: Final = ("aws:requesttag/", "aws:tagkeys", "sts:transitivetagkeys")
_LIMITED_BY_BOUNDARY: Final = frozenset(
    f"iam:{verb}{kind}Policy" for kind in ("Role", "User") for verb in ("Attach", "Detach", "Put", "Delete")
)
"""Actions whose key `iam:PermissionsBoundary` is the boundary that the principal has.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

_SHORTEST: Final = "900"
"""The least value of `sts:DurationSeconds`. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

_REGION: Final = "us-east-1"
_MOST_CANDIDATES: Final = 24
_MOST_CHOICES: Final = 64

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
_CHOSEN_KEYS: Final = (
    "aws:requestedregion",
    "aws:requesttag/",
    "aws:tagkeys",
    "sts:rolesessionname",
    "sts:externalid",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
    "sts:durationseconds",
)
"""Condition keys whose value the caller chooses."""

DIRECT: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:SecureTransport": ("true",),
    "aws:ViaAWSService": ("false",),
    "kms:GrantIsForAWSResource": ("false",),
    **dict.fromkeys(("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "kms:ViaService"), ()),
}
"""The condition keys of a request that the caller makes itself, and not an AWS service for it.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

TAG_KEYS: Final = frozenset(("aws:resourcetag", "iam:resourcetag", "aws:principaltag", "aws:requesttag"))
"""Condition keys that a tag's name follows, in lower case."""


class UsedStatement(NamedTuple):
    """A statement that opens an edge: its layer, its policy's name (or the resource with the policy), and its Sid, or
    its number from 1."""

    layer: Layer
    policy: str
    statement: str


def name_of_statement(sid: str, index: int) -> str:
    """A statement's Sid, or its number from 1."""
    return sid or str(index + 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that is allowed if the keys `depends_on` have the right values, and the statements that decide."""

    depends_on: tuple[str, ...] = ()
    statements: tuple[UsedStatement, ...] = ()


def joined(answers: Iterable[Answer | None]) -> Answer | None:
    """The answer for several requests that are all needed; None if one of them is denied."""
    keys: set[str] = set()
    statements: dict[UsedStatement, None] = {}
    for answer in answers:
        if answer is None:
            return None
        keys.update(answer.depends_on)
        statements.update(dict.fromkeys(answer.statements))
    return Answer(tuple(sorted(keys)), tuple(statements))


def best(answers: Iterable[Answer | None]) -> Answer | None:
    """The first answer that depends on nothing, else the first one, else None."""
    found = None
    for answer in answers:
        if answer is not None and not answer.depends_on:
            return answer
        found = found or answer
    return found


@dataclass(frozen=True)
class KnownFacts:
    """What all requests of a world share: the guards with the trust policies of roles, the condition keys of tags in
    any policy (in lower case), the services whose resources RCPs limit, and condition keys of every request."""

    guards: Guards
    tag_keys: frozenset[str]
    rcp_services: frozenset[str]
    context: Mapping[str, str]

    @cached_property
    def keys_of_sessions(self) -> Mapping[str, tuple[str, ...]]:
        """The actions that assuming a role also needs if the request has some condition keys."""
        tags = tuple(key for key in self.tag_keys if key.startswith("aws:requesttag/"))
        return {"sts:TagSession": tags, "sts:SetSourceIdentity": ("sts:SourceIdentity",)}

    @cached_property
    def with_policies(self) -> Mapping[str, Sequence[str]]:
        """The ARNs of resources with a resource policy, without roles, by the prefix of their service."""
        found: dict[str, list[str]] = defaultdict(list)
        for policy in self.guards.resource_policies:
            found[split_arn(policy.resource).service].append(policy.resource)
        found.pop("iam", None)
        return found


class Actor:
    """A principal that makes requests, under all policies that apply to it."""

    def __init__(self, principal: Principal, facts: KnownFacts) -> None:
        self.principal = principal
        self.facts = facts
        self._guards = facts.guards
        self._known = {key: (value,) for key, value in facts.context.items()}
        self._policies = policies_met(principal, "", facts.guards)
        self._held = [held for held in principal.policies if held.document is not None]
        self._candidates: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}
        self._allowed_on: dict[str, tuple[str, ...]] = {}
        self._answers: dict[tuple[str, str, tuple[tuple[str, str], ...]], Answer | None] = {}

    def patterns(self, action: str) -> tuple[str, ...]:
        """The resource patterns on which its identity policies may allow an action."""
        found = self._allowed_on.get(action)
        if found is None:
            found = self._allowed_on[action] = tuple(dict.fromkeys(self._patterns(self._policies.identity, action)))
        return found

    @cached_property
    def has_every_permission(self) -> bool:
        """Whether one of its statements allows every action on every resource, without a condition."""
        return any(
            statement.effect is Effect.ALLOW
            and not statement.not_action
            and not statement.conditions
            and "*" in statement.resources
            and not statement.not_resource
            and any(pattern in ("*", "*:*") for pattern in statement.patterns)
            for policy in self._policies.identity
            for statement in policy.statements
        )

    @cached_property
    def layers(self) -> tuple[tuple[Policy, ...], ...]:
        """The policies that must all allow its requests: its own, its boundary, and each level of SCPs."""
        own = self._policies
        return tuple(layer for layer in (own.identity, own.boundary, *own.scps) if layer)

    def answer(
        self, action: str, arn: str, context: Mapping[str, str], known: Principal | None = None
    ) -> Answer | None:
        """The answer to a request on a resource ("" for an action without one), or None if it is denied.

        `known` is the principal that is the resource, if it is one.
        """
        key = (action, arn, tuple(sorted(context.items())))
        if key not in self._answers:
            self._answers[key] = self._decide(action, arn, context, known)
        return self._answers[key]

    def _decide(self, action: str, arn: str, context: Mapping[str, str], target: Principal | None) -> Answer | None:
        resource = Resource(ResourceKind.ARN, arn) if arn else NO_RESOURCE
        known = {**self.context_of(resource, target), **{key: (value,) for key, value in context.items()}}
        if action == ASSUME_ROLE:
            for also, limited in self.facts.keys_of_sessions.items():
                if limited and self.answer(also, arn, {}, target) is None:
                    known |= dict.fromkeys(limited, ())
        if target is not None and action in _LIMITED_BY_BOUNDARY:
            held = target.boundary
            known["iam:PermissionsBoundary"] = (held.arn,) if held else ()
        owner = self._guards.owner_of(arn)
        policies = self.policies_on(action, arn, owner)

        def decide_with(choice: Mapping[str, tuple[str, ...]]) -> AuthorizationDecision:
            request = Request(self.principal.arn, action, resource, {**known, **choice}, resource_account=owner)
            return decide(request, policies)

        found = decide_with({})
        chosen = [key for key in found.depends_on if self._chooses(key, action)]
        for choice in choices(chosen, policies, self.principal):
            other = decide_with(choice)
            if other.result is Result.ALLOWED:
                found = other
                break
            if other.result is Result.DEPENDS and not any(self._chooses(key, action) for key in other.depends_on):
                found = other
        if found.result not in (Result.ALLOWED, Result.DEPENDS):
            return None
        unknown = policies.resource is UNSTATED and owner not in ("", self.principal.account)
        keys = {*found.depends_on, *((RESOURCE_POLICY,) if unknown else ())}
        return Answer(tuple(sorted(keys)), tuple(self._used_statements(found, arn)))

    def _chooses(self, key: str, action: str) -> bool:
        """Whether the caller chooses the value of a key. Session tags also need `sts:TagSession`."""
        folded = fold_case(key)
        if action in ASSUME.values() and folded.startswith(_TAGS):
            return False
        return any(folded == known or (known.endswith("/") and folded.startswith(known)) for known in _CHOSEN_KEYS)

    def policies_on(self, action: str, arn: str, owner: str) -> PolicySet:
        """The policies that apply to its requests of an action on a resource of an account."""
        found = policies_met(self.principal, arn, self._guards)
        service = action.partition(":")[0]
        rcps = self._guards.rcps_of(owner) if service in self.facts.rcp_services and owner else None
        # A role's trust policy is a resource policy for STS only.
        trust = service == "iam" or (service == "sts" and found.resource is UNSTATED)
        return replace(self._policies, resource=None if trust else found.resource, rcps=rcps or ())

    def context_of(self, resource: Resource, target: Principal | None) -> dict[str, tuple[str, ...]]:
        """The condition keys whose values are known: of the principal, the resource and their tags."""
        is_user = self.principal.kind is PrincipalKind.USER
        found = known_context(self.principal, resource, RecordedContext(""))
        found |= {**self._known, **DIRECT}
        region = split_arn(resource.text).region
        if region:
            found["aws:RequestedRegion"] = (region,)
        if not is_user:
            found["aws:username"] = ()
        own, others = _lowered(self.principal.tags), _lowered(target.tags if target else ())
        for key in self.facts.tag_keys:
            prefix, _, name = key.partition("/")
            if prefix == "aws:requesttag":
                continue
            values = own if prefix == "aws:principaltag" else others
            # A session can bring more tags than its role has.
            is_known = is_user if prefix == "aws:principaltag" else target is not None
            if name in values or is_known:
                found[key] = (values[name],) if name in values else ()
        return found

    def _used_statements(self, decided: AuthorizationDecision, arn: str) -> Iterator[UsedStatement]:
        for reason in decided.reasons:
            if reason.effect is not Effect.ALLOW:
                continue
            name = self._held[reason.policy].name if reason.layer is Layer.IDENTITY else ""
            if reason.layer is Layer.BOUNDARY and self.principal.boundary:
                name = self.principal.boundary.name
            if reason.layer is Layer.RESOURCE:
                name = arn
            if reason.layer in (Layer.IDENTITY, Layer.BOUNDARY, Layer.RESOURCE):
                yield UsedStatement(reason.layer, name, name_of_statement(reason.sid, reason.statement))

    # ---------------------------------------------------------------- candidates

    def candidates(self, globs: Iterable[str], actions: Sequence[str]) -> tuple[str, ...]:
        """ARNs on which the actions could be allowed: one for each part of these globs that all policies name alike.

        Globs are ARN patterns of resource types. The parts without a name get one that no policy mentions.
        """
        key = (tuple(globs), tuple(actions))
        if key not in self._candidates:
            self._candidates[key] = self._search(*key)
        return self._candidates[key]

    def _search(self, globs: tuple[str, ...], actions: tuple[str, ...]) -> tuple[str, ...]:
        found = list(dict.fromkeys(globs))
        for layer in self.layers:
            for action in actions:
                patterns = tuple(self._patterns(layer, action))
                if not patterns:
                    continue
                parts = (_common(glob, pattern) for glob in found for pattern in patterns)
                found = list(islice(dict.fromkeys(part for part in parts if part), _MOST_CANDIDATES))
        named = [
            resource
            for glob in globs
            for resource in self.facts.with_policies.get(split_arn(glob).service, ())
            if resource_contains(glob, resource)
        ]
        return tuple(dict.fromkeys((*(concrete_arn(glob, self.principal.account) for glob in found), *named)))

    def _patterns(self, layer: Sequence[Policy], action: str) -> Iterator[str]:
        for statement in _allows(layer, fold_case(action)):
            if statement.not_resource or not statement.resources:
                yield "*"
                continue
            for pattern in statement.resources:
                yield _without_variables(pattern, self.principal)


@lru_cache(maxsize=65536)
def _common(glob: str, pattern: str) -> str | None:
    """One pattern for the resources of a type that a policy's pattern matches, or None.

    A pattern may have fewer parts in its name than the type's format. Then it is the result.
    """
    if pattern == "*":
        return glob
    own, other = split_arn(glob), split_arn(pattern)
    if other.service and not all(_may_agree(a, b) for a, b in zip(own[:4], other[:4], strict=True)):
        return None
    heads = literal_head(own.name), literal_head(other.name)
    if other.service and not (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])):
        return None
    return intersect_resources(glob, pattern) or (pattern if heads[1].startswith(heads[0]) and other.service else None)


def _may_agree(a: str, b: str) -> bool:
    return a == b or has_wildcard(a) or has_wildcard(b)


def _allows(policies: Sequence[Policy], folded_action: str) -> Iterator[Statement]:
    found = statements_covering(policies, folded_action).statements
    return (covering.statement for covering in found if covering.statement.effect is Effect.ALLOW)


def _lowered(tags: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {fold_case(key): value for key, value in tags}


def _without_variables(pattern: str, principal: Principal) -> str:
    """A pattern with the caller's name and account filled in, and `*` for other variables."""
    filled = pattern.replace("${aws:username}", principal.name).replace("${aws:PrincipalAccount}", principal.account)
    return variables_as_wildcards(filled)


@lru_cache(maxsize=65536)
def concrete_arn(glob: str, account: str) -> str:
    """One ARN that a glob matches, in this account and a common Region unless the glob names others."""
    if not has_wildcard(glob):
        return glob
    fields = glob.split(":", ARN_FIELDS - 1)
    if len(fields) == ARN_FIELDS:
        usual = ("arn", "aws", fields[2], _REGION, account)
        places = [own if field == "*" else field for field, own in zip(fields, usual, strict=False)]
        glob = ":".join([*places, fields[-1]])
    return glob.replace("*", STRANGE).replace("?", STRANGE[0])


# ---------------------------------------------------------------- keys that the caller chooses


def choices(keys: Sequence[str], policies: PolicySet, principal: Principal) -> Iterator[dict[str, tuple[str, ...]]]:
    """Values for these keys: those in the conditions of any policy, none, and one that no policy names."""
    if not keys:
        return
    layers = (policies.identity, policies.boundary, *policies.scps, *policies.rcps)
    documents = [policy for layer in layers for policy in layer]
    documents += [policies.resource] if isinstance(policies.resource, Policy) else []
    values: dict[str, dict[tuple[str, ...], None]] = {key: {} for key in keys}
    folded = {fold_case(key): key for key in keys}
    for document in documents:
        for statement in document.statements:
            for condition in statement.conditions:
                key = folded.get(fold_case(condition.key))
                if key is not None:
                    filled = (_without_variables(value, principal) for value in condition.values)
                    values[key].update(dict.fromkeys((concrete_arn(value, ""),) for value in filled))
    options = [(*found, (_SHORTEST,), (STRANGE,), ()) for found in values.values()]
    for combination in islice(product(*options), _MOST_CHOICES):
        yield dict(zip(keys, combination, strict=True))
