"""Who can write a tag: for each, one concrete request that the decision core allows.

A condition on `aws:ResourceTag` gives access to everybody who can set the tag, and one on `aws:PrincipalTag` also to
those who can set the tag of the principal or of its sessions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_attribute-based-access-control.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Annotated, Final

from lpgen.core.analysis.grants.trust import ALLOW_ALL, trust_allows
from lpgen.core.arns import account_in_arn
from lpgen.core.documents import RowPart, means
from lpgen.core.globs.match import fold_case, glob_match, has_wildcard, variables_as_wildcards
from lpgen.core.graph.requests import STRANGE, Actor, KnownFacts, choices
from lpgen.core.graph.world import World
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AuthorizationDecision, Request, Result
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal, PrincipalKind, Resource, ResourceKind
from lpgen.core.tags.rewrite import TypedAllow
from lpgen.core.tags.use import UseOfTags
from lpgen.core.trust.lines import ASSUME

Context = Mapping[str, tuple[str, ...]]

_MOST_TRIED: Final = 256
_ROUNDS: Final = 3
_REQUEST_TAG: Final = "aws:RequestTag/"
_REQUEST_TAGS: Final = fold_case(_REQUEST_TAG)
_RESOURCE_TAGS: Final = ":resourcetag/"
_TAG_KEYS: Final = "aws:tagkeys"
_PRINCIPAL_TAGS: Final = "aws:principaltag/"
_TAG_SESSION: Final = "sts:TagSession"
_CREATE_ACTION: Final = "ec2:CreateAction"
"""The key of requests that tag while creating.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

# https://docs.aws.amazon.com/singlesignon/latest/userguide/configure-abac.html
SESSION_ATTRIBUTES: Final = (
    "sso:CreateInstanceAccessControlAttributeConfiguration",
    "sso:UpdateInstanceAccessControlAttributeConfiguration",
)
"""The actions that choose which attributes IAM Identity Center passes as session tags."""

TAG_OF_KIND: Final = {PrincipalKind.ROLE: "iam:TagRole", PrincipalKind.USER: "iam:TagUser"}


class RequestPart(RowPart, kw_only=True):
    """A request that the policies allow."""

    action: Annotated[str, means("The action.")]
    resource: Annotated[str, means("The ARN of the resource.")]
    context: Annotated[dict[str, tuple[str, ...]], means("The values of its condition keys. It has no others.")]


class TagWriter(RowPart, kw_only=True):
    """Somebody who can write the tag."""

    principal: Annotated[str, means("The ARN of the principal or identity provider.")]
    action: Annotated[str, means("The action that writes the tag.")]
    resource: Annotated[str, means("The ARN of a resource on which it can.")]
    manager: Annotated[bool, means("Whether it is a tag manager.")]
    request: Annotated[RequestPart, means("Such a request.")]


@dataclass(frozen=True)
class Written:
    """A tag that gives access: its key and values, the statement whose resources have it, the resources that it shuts
    out, and the accounts of principals and resources. With `holders`, their own tags give access too. `others` are
    further values of the tag."""

    key: str
    values: tuple[str, ...]
    allow: TypedAllow
    excluded: tuple[str, ...]
    accounts: frozenset[str]
    holders: tuple[Principal, ...] = ()
    others: tuple[str, ...] = ()


class _Asker(Actor):
    """A principal that looks for one request that is allowed. It may have any values of keys that nothing fixes."""

    def allowed(
        self, action: str, arn: str, context: Context, target: Principal | None = None, *, has_all_tags: bool = False
    ) -> RequestPart | None:
        """A request of an action with this context that its policies allow, or None.

        `has_all_tags`: the resource has no tags besides those in the context.
        """
        owner = account_in_arn(arn) or self.principal.account
        resource, policies = Resource(ResourceKind.ARN, arn), self.policies_on(action, arn, owner)
        closed = (_RESOURCE_TAGS,) if has_all_tags else ()
        closed = closed if _may_tag_sessions(self.principal) else (*closed, _PRINCIPAL_TAGS)
        known = {**self.context_of(resource, target), _CREATE_ACTION: (), **context}

        def decided_with(more: Context) -> AuthorizationDecision:
            request = Request(self.principal.arn, action, resource, {**known, **more}, resource_account=owner)
            return decide(request, policies)

        for _ in range(_ROUNDS):
            decided = decided_with({})
            if decided.result is not Result.DEPENDS:
                break
            free = [key for key in decided.depends_on if ":" in key]
            absent = {key: () for key in free if any(part in fold_case(key) for part in closed)}
            some = [_consistent(choice, known) for choice in choices([*{*free} - {*absent}], policies, self.principal)]
            found = (one for one in some if decided_with({**absent, **one}).result is Result.ALLOWED)
            known = {**known, **absent, **next(found, {})}
        if decided.result is not Result.ALLOWED:
            return None
        values = {key: some for key, some in known.items() if some}
        return RequestPart(action=action, resource=arn, context=dict(sorted(values.items())))

    def taggings(self, key: str, values: Iterable[str]) -> list[Context]:
        """Contexts that set a tag: alone, together with keys that its policies name, and with the key in other case,
        which IAM doesn't tell apart in names of condition keys."""
        named = {
            value
            for layer in self.layers
            for policy in layer
            for statement in policy.statements
            for condition in statement.conditions
            if fold_case(condition.key) == _TAG_KEYS
            for value in condition.values
            if fold_case(value) != fold_case(key) and not has_wildcard(value)
        }
        keys = dict.fromkeys((key, key.lower(), key.title(), key.upper()))
        alone = [_tagging(spelled, value) for spelled in keys for value in values]
        return [*alone, *(_joined(one, other) for other in sorted(named) for one in alone)]


def _joined(tagging: Context, other: str) -> Context:
    keys = tuple(sorted({*tagging["aws:TagKeys"], other}))
    return {**tagging, f"{_REQUEST_TAG}{other}": (STRANGE,), "aws:TagKeys": keys}


def _consistent(choice: Context, known: Context) -> dict[str, tuple[str, ...]]:
    """The chosen values, with an address for each range, and with the keys of all chosen tags."""
    found = {key: tuple(map(_address, some)) if fold_case(key).endswith("ip") else some for key, some in choice.items()}
    names = {key.partition("/")[2] for key, some in choice.items() if some and fold_case(key).startswith(_REQUEST_TAGS)}
    return {**found, "aws:TagKeys": tuple(sorted({*known.get("aws:TagKeys", ()), *names}))} if names else found


def _address(text: str) -> str:
    return text.partition("/")[0]


class TagWriters:
    """Finds who can write tags in a world. `managers` are ARNs and patterns of ARNs."""

    def __init__(self, world: World, use: UseOfTags, managers: Collection[str]) -> None:
        self._world, self._use, self._managers = world, use, managers

    @cached_property
    def _askers(self) -> tuple[_Asker, ...]:
        return tuple(_Asker(principal, self._world.known_facts) for principal in self._world.by_arn.values())

    def of(self, tag: Written, managers: Collection[str]) -> tuple[TagWriter, ...]:
        """Who can write a tag, sorted. `managers` are further tag managers."""
        found: dict[tuple[str, str], RequestPart] = {}
        for who, request in self._all(tag):
            found.setdefault((who, request.action), request)
        return tuple(
            TagWriter(
                principal=who,
                action=action,
                resource=request.resource,
                manager=who in managers or any(glob_match(glob, who) for glob in self._managers),
                request=request,
            )
            for (who, action), request in sorted(found.items())
        )

    def _all(self, tag: Written) -> Iterator[tuple[str, RequestPart]]:
        for asker in self._askers:
            if asker.principal.account in tag.accounts:
                yield from self._on_resources(asker, tag)
            yield from self._on_holders(asker, tag)
        for holder in tag.holders:
            yield from self._on_sessions(holder, tag)

    # ---------------------------------------------------------------- tags of resources

    def _on_resources(self, asker: _Asker, tag: Written) -> Iterator[tuple[str, RequestPart]]:
        types = tag.allow.types
        for action in types.writes(tag.allow.type):
            if not types.removes(action) and asker.patterns(action):
                found = (
                    asker.allowed(action, arn, {**tags, **tagging}, has_all_tags=is_listed)
                    for arn, tags, is_listed in self._places(asker, action, tag)
                    for tagging in asker.taggings(tag.key, tag.values)
                )
                yield from ((asker.principal.arn, request) for request in islice(filter(None, found), 1))

    def _places(self, asker: _Asker, action: str, tag: Written) -> Iterator[tuple[str, Context, bool]]:
        """Resources without access so far, each with its tags, and whether AWS lists it.

        A listed resource also comes without the tag, if the principal can remove it first.
        """
        own, allow, types = asker.patterns(action), tag.allow, tag.allow.types
        listed = (arn for arn in tag.excluded if any(resource_contains(pattern, arn) for pattern in own))
        prefixes = {f"{prefix}:ResourceTag/" for prefix in ("aws", allow.service)}
        bare: Context = {f"{prefix}{tag.key}": () for prefix in prefixes}
        ending = f"/{fold_case(tag.key)}"
        removing = [one for one in types.writes(allow.type) if types.removes(one)]
        for arn in islice(listed, _MOST_TRIED):
            known = self._use.tags_of(arn)
            tags = {f"{prefix}{one.key}": (one.value,) for one in known.values() for prefix in prefixes}
            yield arn, tags, True
            remove = {**tags, "aws:TagKeys": (tag.key,)}
            if fold_case(tag.key) in known and any(
                asker.allowed(one, arn, remove, has_all_tags=True) for one in removing
            ):
                others = {name: some for name, some in tags.items() if not fold_case(name).endswith(ending)}
                yield arn, {**others, **bare}, True
        globs = tuple(map(variables_as_wildcards, allow.narrowed))
        yield from ((arn, bare, False) for arn in asker.candidates(globs, (action,)) if not self._use.is_listed(arn))

    # ---------------------------------------------------------------- tags of principals and sessions

    def _on_holders(self, asker: _Asker, tag: Written) -> Iterator[tuple[str, RequestPart]]:
        contexts = asker.taggings(tag.key, (*tag.others, STRANGE)) if tag.holders else []
        for holder in tag.holders:
            for found in self._ways_to_holder(asker, holder, contexts):
                yield from ((asker.principal.arn, request) for request in islice(filter(None, found), 1))

    def _ways_to_holder(
        self, asker: _Asker, holder: Principal, contexts: Sequence[Context]
    ) -> Iterator[Iterator[RequestPart | None]]:
        """The requests that may set the tag of a principal or of its sessions, by way."""
        action = TAG_OF_KIND[holder.kind]
        if asker.principal.account == holder.account and asker.patterns(action):
            yield (asker.allowed(action, holder.arn, context, holder) for context in contexts)
        if _may_tag_sessions(holder):
            yield (
                asker.allowed(_TAG_SESSION, holder.arn, context, holder)
                for context in contexts
                if asker.allowed(ASSUME["AWS"], holder.arn, context, holder)
            )
        if is_of_permission_set(holder):
            globs = self._world.globs("sso:Instance", holder.arn.split(":")[1], "")
            for one in filter(asker.patterns, SESSION_ATTRIBUTES):
                yield (asker.allowed(one, arn, {}) for arn in asker.candidates(globs, (one,)))

    def _on_sessions(self, role: Principal, tag: Written) -> Iterator[tuple[str, RequestPart]]:
        """The identity providers and other accounts that may pass the tag to sessions of a role.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
        """
        guards = replace(self._world.known_facts.guards, scps=(), boundary=None)
        facts = replace(self._world.known_facts, guards=guards)
        own = {principal.account for principal in self._world.principals}
        for who, action in _trusted_outside(role, own) if _may_tag_sessions(role) else ():
            asker = _Stranger(who, facts)
            both = (
                asker.allowed(_TAG_SESSION, role.arn, context, role)
                for context in asker.taggings(tag.key, (*tag.others, STRANGE))
                if asker.allowed(action, role.arn, context, role)
            )
            yield from ((who, request) for request in islice(filter(None, both), 1))


def _tagging(key: str, value: str) -> Context:
    return {f"{_REQUEST_TAG}{key}": (value,), "aws:TagKeys": (key,)}


def _may_tag_sessions(role: Principal) -> bool:
    return any(action_matches(statement, _TAG_SESSION.lower()) for statement in trust_allows(role))


class _Stranger(_Asker):
    """An identity provider, or a principal of another account, which lets it do everything. Its tags are unknown."""

    def __init__(self, who: str, facts: KnownFacts) -> None:
        own = AttachedPolicy(PolicyKind.INLINE, "", "", "", None, ALLOW_ALL)
        kind = PrincipalKind.USER if ":user/" in who else PrincipalKind.ROLE
        super().__init__(Principal(who, "", account_in_arn(who), kind, "", "/", policies=(own,)), facts)

    def context_of(self, resource: Resource, target: Principal | None) -> dict[str, tuple[str, ...]]:
        is_provider = "-provider/" in self.principal.arn
        return {} if is_provider else super().context_of(resource, target)


def _trusted_outside(role: Principal, own: Collection[str]) -> Iterable[tuple[str, str]]:
    for statement in trust_allows(role):
        for kind, value in statement.principals or ():
            if kind == "Federated":
                yield value, ASSUME["saml" if ":saml-provider/" in value else "web"]
            elif kind == "AWS" and (account := account_in_arn(value)) and account not in own:
                yield value if ":root" not in value else f"arn:aws:iam::{account}:role/{STRANGE}", ASSUME["AWS"]


def names_of(writers: Sequence[TagWriter]) -> tuple[str, ...]:
    """The writers that aren't tag managers, sorted."""
    return tuple(sorted({one.principal for one in writers if not one.manager}))
