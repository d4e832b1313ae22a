"""Who can write a tag, with one concrete request that the decision core allows, and the SCP that stops them.

A condition on `aws:ResourceTag` gives access to everybody who can set the tag, and one on `aws:PrincipalTag` also to
those who can set the tag of the principal or of its sessions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_attribute-based-access-control.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Annotated, Any, Final, NamedTuple

from lpgen.core.analysis.grants.trust import trust_allows
from lpgen.core.arns import account_in_arn
from lpgen.core.documents import RowPart, means
from lpgen.core.globs.match import fold_case, glob_match, has_wildcard, variables_as_wildcards
from lpgen.core.graph.outsiders import outsiders_of
from lpgen.core.graph.requests import STRANGE, Actor, choices
from lpgen.core.graph.world import World
from lpgen.core.guardrails.scp import except_for
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AuthorizationDecision, Request, Result
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import CURRENT_VERSION, Principal, PrincipalKind, Resource, ResourceKind
from lpgen.core.tags.rewrite import TypedAllow
from lpgen.core.tags.use import UseOfTags
from lpgen.core.trust.lines import ASSUME, AWS

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


_Needs = tuple[tuple[str, Context], ...]


class _Write(NamedTuple):
    """A request that would write the tag on a resource, which may be the principal `target`.

    `needs` are the actions on it, with their contexts, that must be allowed too. `has_all_tags`: the resource has no
    tags other than those in the context.
    """

    action: str
    arn: str
    context: Context
    needs: _Needs = ()
    target: Principal | None = None
    has_all_tags: bool = False


def _request_of(write: _Write, actor: Actor) -> RequestPart | None:
    """The request of a write that the policies allow; None if they don't allow it, or what else it needs."""
    found = _completed(write, write.action, write.context, actor)
    return found if all(_completed(write, action, context, actor) for action, context in write.needs) else None


def _completed(write: _Write, action: str, context: Context, actor: Actor) -> RequestPart | None:
    """An allowed request with this context. It may have any values of keys that nothing fixes."""
    owner = account_in_arn(write.arn) or actor.principal.account
    resource, policies = Resource(ResourceKind.ARN, write.arn), actor.policies_on(action, write.arn, owner)
    closed = (_RESOURCE_TAGS,) if write.has_all_tags else ()
    closed = closed if _may_tag_sessions(actor.principal) else (*closed, _PRINCIPAL_TAGS)
    known = {**actor.context_of(resource, write.target), _CREATE_ACTION: (), **context}

    def decided_with(more: Context) -> AuthorizationDecision:
        request = Request(actor.principal.arn, action, resource, {**known, **more}, resource_account=owner)
        return decide(request, policies)

    for _ in range(_ROUNDS):
        decided = decided_with({})
        if decided.result is not Result.DEPENDS:
            break
        free = [key for key in decided.depends_on if ":" in key]
        absent = {key: () for key in free if any(part in fold_case(key) for part in closed)}
        some = [_consistent(choice, known) for choice in choices([*{*free} - {*absent}], policies, actor.principal)]
        found = (choice for choice in some if decided_with({**absent, **choice}).result is Result.ALLOWED)
        known = {**known, **absent, **next(found, {})}
    if decided.result is not Result.ALLOWED:
        return None
    values = {key: some for key, some in known.items() if some}
    return RequestPart(action=action, resource=write.arn, context=dict(sorted(values.items())))


def _taggings(actor: Actor, key: str, values: Iterable[str]) -> list[Context]:
    """Contexts that set a tag: alone, together with keys that the policies name, and with the key in other case,
    which IAM doesn't tell apart in names of condition keys."""
    conditions = (
        condition
        for layer in actor.layers
        for policy in layer
        for statement in policy.statements
        for condition in statement.conditions
        if fold_case(condition.key) == _TAG_KEYS
    )
    named = {value for condition in conditions for value in condition.values if not has_wildcard(value)}
    others = sorted(name for name in named if fold_case(name) != fold_case(key))
    pairs = [(name, value) for name in dict.fromkeys((key, key.lower(), key.title(), key.upper())) for value in values]
    more: list[dict[str, str]] = [{}, *({other: STRANGE} for other in others)]
    return [_tagging({**other, name: value}) for other in more for name, value in pairs]


def _tagging(tags: Mapping[str, str]) -> Context:
    return {**{f"{_REQUEST_TAG}{key}": (value,) for key, value in tags.items()}, "aws:TagKeys": tuple(sorted(tags))}


def _consistent(choice: Context, known: Context) -> dict[str, tuple[str, ...]]:
    """The chosen values, with an address for each range, and with the keys of all chosen tags."""
    found = {key: tuple(map(_address, some)) if fold_case(key).endswith("ip") else some for key, some in choice.items()}
    names = {key.partition("/")[2] for key, some in choice.items() if some and fold_case(key).startswith(_REQUEST_TAGS)}
    return {**found, "aws:TagKeys": tuple(sorted({*known.get("aws:TagKeys", ()), *names}))} if names else found


def _address(text: str) -> str:
    return text.partition("/")[0]


def _may_tag_sessions(role: Principal) -> bool:
    return any(action_matches(statement, _TAG_SESSION.lower()) for statement in trust_allows(role))


_Way = tuple[Actor, Iterable[_Write]]
"""A principal with the writes of one action that it may make. It takes one that is allowed."""


class TagWriters:
    """Finds who can write tags in a world. `managers` are ARNs and patterns of ARNs."""

    def __init__(self, world: World, use: UseOfTags, managers: Collection[str]) -> None:
        self._world, self._use, self._managers = world, use, managers

    @cached_property
    def _actors(self) -> tuple[Actor, ...]:
        return tuple(map(self._world.actor, self._world.by_arn.values()))

    def of(self, tag: Written, managers: Collection[str]) -> tuple[TagWriter, ...]:
        """Who can write a tag, sorted. `managers` are further tag managers."""
        found: dict[tuple[str, str], RequestPart] = {}
        for actor, writes in chain(self._on_resources(tag), *(self._on_holder(holder, tag) for holder in tag.holders)):
            request = next(filter(None, (_request_of(write, actor) for write in writes)), None)
            if request:
                found.setdefault((actor.principal.arn, request.action), request)
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

    # ---------------------------------------------------------------- tags of resources

    def _on_resources(self, tag: Written) -> Iterator[_Way]:
        types = tag.allow.types
        setting = [action for action in types.writes(tag.allow.type) if not types.removes(action)]
        for actor in self._actors:
            for action in setting if actor.principal.account in tag.accounts else ():
                if actor.patterns(action):
                    yield actor, self._on_resource(actor, action, tag)

    def _on_resource(self, actor: Actor, action: str, tag: Written) -> Iterator[_Write]:
        """The writes on resources without access so far, with the tags that they have. A listed resource also comes
        without the tag, which somebody may remove first."""
        patterns, allow, types = actor.patterns(action), tag.allow, tag.allow.types
        removing = [other for other in types.writes(allow.type) if types.removes(other)]
        places: list[tuple[str, Context, _Needs]] = []
        listed = (arn for arn in tag.excluded if any(resource_contains(pattern, arn) for pattern in patterns))
        for arn in islice(listed, _MOST_TRIED):
            for tags in self._use.possible_tags(arn):
                bare = {key: None if fold_case(key) == fold_case(tag.key) else value for key, value in tags.items()}
                known, without = (_resource_tags(some, allow.service) for some in (tags, bare))
                removed = {**known, "aws:TagKeys": (tag.key,)}
                places += [(arn, known, ()), *((arn, without, ((remove, removed),)) for remove in removing)]
        bare_tag = _resource_tags({tag.key: None}, allow.service)
        globs = tuple(map(variables_as_wildcards, allow.narrowed))
        places += [(arn, bare_tag, ()) for arn in actor.candidates(globs, (action,)) if not self._use.is_listed(arn)]
        taggings = _taggings(actor, tag.key, tag.values)
        for arn, known, needs in places:
            is_listed = self._use.is_listed(arn)
            yield from (_Write(action, arn, {**known, **some}, needs, has_all_tags=is_listed) for some in taggings)

    # ---------------------------------------------------------------- tags of principals and sessions

    def _on_holder(self, holder: Principal, tag: Written) -> Iterator[_Way]:
        """The ways to write the tag of a principal or of its sessions, or to change what IAM Identity Center passes.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
        """
        action, values, arn = TAG_OF_KIND[holder.kind], (*tag.others, STRANGE), holder.arn
        for actor in self._actors:
            if actor.principal.account == holder.account and actor.patterns(action):
                taggings = _taggings(actor, tag.key, values)
                yield actor, (_Write(action, arn, some, target=holder) for some in taggings)
            if is_of_permission_set(holder):
                globs = self._world.globs("sso:Instance", arn.split(":")[1], "")
                for change in filter(actor.patterns, SESSION_ATTRIBUTES):
                    yield actor, (_Write(change, instance, {}) for instance in actor.candidates(globs, (change,)))
        known = {principal.arn for principal in self._world.principals}
        assuming = (
            *((actor, ASSUME[AWS]) for actor in self._actors),
            *outsiders_of(holder, known, self._world.known_facts),
        )
        for actor, assume in assuming if _may_tag_sessions(holder) else ():
            taggings = _taggings(actor, tag.key, values)
            yield actor, (_Write(_TAG_SESSION, arn, some, ((assume, some),), holder) for some in taggings)


def _resource_tags(tags: Mapping[str, str | None], service: str) -> Context:
    """The condition keys of a resource's tags. None: it lacks the tag."""
    keys = {f"{prefix}:ResourceTag/{key}": value for prefix in ("aws", service) for key, value in tags.items()}
    return {key: () if value is None else (value,) for key, value in keys.items()}


def names_of(writers: Sequence[TagWriter]) -> tuple[str, ...]:
    """The writers that aren't tag managers, sorted."""
    return tuple(sorted({writer.principal for writer in writers if not writer.manager}))


# ---------------------------------------------------------------- the guard


def guard(tag: Written, managers: Collection[str]) -> dict[str, Any]:
    """An SCP that leaves a tag to its tag managers. It denies only requests whose `aws:TagKeys` has the key, in any
    case, like condition keys.

    EC2 may still tag what a call creates: that gives nobody access to an existing resource.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_tagging.html
    """
    allow, tagged = tag.allow, {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [tag.key]}}
    existing = {"Null": {"ec2:CreateAction": "true"}} if allow.service == "ec2" else {}
    resources = allow.types.globs(allow.type, allow.partition)
    denied: list[tuple[str, Iterable[str], Iterable[str], dict[str, Any]]] = [
        ("LpgenTag", allow.types.writes(allow.type), resources, {**tagged, **existing})
    ]
    if tag.holders:
        kinds = {TAG_OF_KIND[holder.kind] for holder in tag.holders}
        actions = {*kinds, *(action.replace("iam:Tag", "iam:Untag") for action in kinds), _TAG_SESSION}
        denied.append(("LpgenPrincipalTag", actions, {holder.arn for holder in tag.holders}, tagged))
    if any(map(is_of_permission_set, tag.holders)):
        denied.append(("LpgenSessionTag", SESSION_ATTRIBUTES, ["*"], {}))
    excepted = except_for(managers)
    statements = [
        {"Sid": sid, "Effect": "Deny", "Action": sorted(actions), "Resource": sorted(arns)}
        | ({"Condition": {**condition, **excepted}} if condition or excepted else {})
        for sid, actions, arns, condition in denied
    ]
    return {"Version": CURRENT_VERSION, "Statement": statements}
