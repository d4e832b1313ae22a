"""Rules declared a line each: the action that an operation needs and the resources that its parameters name.

One operation a line, `Operation[=Action] token...`; the action has the operation's name unless `=` gives another.

- `db`         a resource of that type that the request names; where it can't be read, any of its type in the account
- `db?`        the same, but left out where the request doesn't name it
- `+db`        created by the call under an id that AWS assigns: any of its type
- `db=path|p2` named at these paths rather than at the type's own (`a.b` walks into `a`, lists are walked); after
               `response:` at a path of the response, where the request names none
- `#Action`    the tagging action that the call needs too where it sets tags, on the line's first resource, or on the
               one that follows a colon (`#AddTags:+db`)
- `@path=svc`  a role that the call hands to the service `svc`; the parameter holds its ARN, in `@name:path=svc` also
               a role's name, in `@profile:path=svc` an instance profile's

A line without types declares an action that takes no resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import NamedTuple, Protocol

from lpgen.core.arns import split_arn
from lpgen.core.events.rules.call import Call, Rule, copies_tags
from lpgen.core.events.rules.inferences import COPIED_TAGS, TAG_ON_CREATE, UNREAD_REQUEST
from lpgen.core.events.rules.passing import ROLE_UNREAD, RoleParameter, role_parameter, roles_at
from lpgen.core.model import NO_RESOURCE, OBSERVED, UNKNOWN_RESOURCE, Action, MappedAction, Resource, ResourceKind

_WILDCARDS = frozenset("*?")
_RESPONSE = "response:"
_OPEN_END = re.compile(r"\*(?:[/:]\*)+$")


class ResourceType(Protocol):
    """How the resources of one type are read off a call."""

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for the type's own), in no order; empty where none can be read."""

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type where the call was made."""


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type whose ARN is filled from request parameters.

    `format` is the ARN's last field with `{}` for each name. `paths` are alternatives separated by `|`, each with as
    many comma-separated paths as the format has holes; `path~text` stands for `text` where the parameter is absent.
    Alternatives after `response:` count where the request names none. A parameter may hold the ARN itself. A `*` in the
    format is an id that AWS assigns. `in_lower_case`: the service stores the names in lower case, however the call
    spells them. `any_account`: the record doesn't show whose it is.
    """

    service: str
    format: str
    paths: str
    region: bool = True
    account: bool = True
    in_lower_case: bool = False
    any_account: bool = False

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for the type's own), in no order; empty where none can be read."""
        found: list[Resource] = []
        for alternative in (paths or self.paths).split("|"):
            if not (found and alternative.startswith(_RESPONSE)):
                every = product(*(_read_names(call, path) for path in alternative.split(",")))
                found += [resource for names in every if (resource := self._fill(call, names)) is not None]
        return tuple(found)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type where the call was made."""
        return self._resource(call, _OPEN_END.sub("*", self.format.replace("{}", "*")))

    def _fill(self, call: Call, names: tuple[str, ...]) -> Resource | None:
        if any(_WILDCARDS.intersection(name) for name in names):
            return None
        if names[-1].startswith("arn:"):
            return self._own_arn(names[-1])
        if len(names) != self.format.count("{}"):  # a path for ARNs that holds something else
            return None
        own = [_strip_arn(name) for name in names]
        return self._resource(call, self.format.format(*(map(str.lower, own) if self.in_lower_case else own)))

    def _own_arn(self, arn: str) -> Resource | None:
        """The ARN as a resource where it is one of this type."""
        fields = split_arn(arn)
        start = self.format.partition("{}")[0].partition("*")[0]
        fits = fields.service == self.service and fields.name.startswith(start)
        return Resource(ResourceKind.ARN, arn) if fits else None

    def _resource(self, call: Call, text: str) -> Resource:
        place = call.of_any_account() if self.any_account else call
        return resource_from_arn(place.arn(self.service, text, region=self.region, account=self.account))


def _read_names(call: Call, path: str) -> tuple[str, ...]:
    """The names at a path, or its default where the request has none; what can't be read has no defaults."""
    if path.startswith(_RESPONSE):
        return call.shown(*path.removeprefix(_RESPONSE).split("."))
    path, tilde, default = path.partition("~")
    found = call.texts(*path.split("."))
    if found or not tilde or call.is_unread or call.has(*path.split(".")) or call.hides(*path.split(".")):
        return found
    return (default,)


def _strip_arn(name: str) -> str:
    """The name that an ARN ends with, where an ARN stands for a name."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name


def resource_from_arn(arn: str) -> Resource:
    """A resource of the kind that its text shows: FOLD with a wildcard in it, else ARN."""
    return Resource(ResourceKind.FOLD if _WILDCARDS.intersection(arn) else ResourceKind.ARN, arn)


def mapped(
    action: str, resources: Iterable[Resource], *, how: str = OBSERVED, context: Mapping[str, str] | None = None
) -> MappedAction:
    """A mapped action on distinct, sorted resources; on an unknown resource where there are none.

    A pattern that the others lie within is not narrowed: each is kept, as the call needs each.
    """
    kept = tuple(sorted(set(resources))) or (UNKNOWN_RESOURCE,)
    return MappedAction(Action(action), kept, how, tuple(sorted((context or {}).items())))


@dataclass(frozen=True, slots=True)
class Declaration:
    """One parsed line: the action, its resource tokens, the tagging action or "" with what it is needed on, and the
    parameters that pass roles."""

    operation: str
    action: str
    tokens: tuple[str, ...]
    tag_action: str
    tagged: str
    roles: tuple[RoleParameter, ...] = ()


class DeclaredLine(NamedTuple):
    """A line that isn't parsed yet, of the service with that prefix: of thousands of lines, few are ever needed."""

    prefix: str
    text: str

    @property
    def operation(self) -> str:
        """The operation that it declares."""
        return self.text.split(None, 1)[0].partition("=")[0]


def declared_lines(prefix: str, lines: str) -> tuple[DeclaredLine, ...]:
    """A service's lines; empty ones and those that begin with `//` are passed over."""
    return tuple(DeclaredLine(prefix, line) for line in lines.splitlines() if line and not line.startswith("//"))


@cache
def _parse_line(line: DeclaredLine) -> Declaration:
    """The declaration that a line holds."""
    prefix, words = line.prefix, line.text.split()
    operation, _, action = words[0].partition("=")
    tokens = tuple(word for word in words[1:] if word[0] not in "#@")
    tags = next((word[1:] for word in words[1:] if word.startswith("#")), "")
    tag_action, tagged = _split_tagging(tags)
    roles = [word[1:].partition("=") for word in words[1:] if word.startswith("@")]
    return Declaration(
        operation=operation,
        action=_qualify(prefix, action or operation),
        tokens=tokens,
        tag_action=_qualify(prefix, tag_action) if tags else "",
        tagged=tagged or next(iter(tokens), ""),
        roles=tuple(role_parameter(path, service) for path, _, service in roles),
    )


def _split_tagging(word: str) -> tuple[str, str]:
    """The action and the token of `Action:token` or `service:Action:token`; the token is "" where there is none.

    Services are spelled in lower case and actions begin with a capital, which tells a service from an action.
    """
    service, colon, rest = word.partition(":")
    if colon and not service[:1].isupper():
        action, _, token = rest.partition(":")
        return f"{service}:{action}", token
    return service, rest


def _qualify(prefix: str, name: str) -> str:
    return name if ":" in name else f"{prefix}:{name}"


def read_resources(call: Call, types: Mapping[str, ResourceType], tokens: Iterable[str]) -> tuple[Resource, ...]:
    """The resources that the tokens of a declaration stand for in a call; NO_RESOURCE where there are no tokens."""
    tokens = tuple(tokens)
    if not tokens:
        return (NO_RESOURCE,)
    return tuple(resource for token in tokens for resource in _read_token(call, types, token))


def _read_token(call: Call, types: Mapping[str, ResourceType], token: str) -> tuple[Resource, ...]:
    if token.startswith("+"):
        return (types[token[1:]].pattern(call),)
    name, _, paths = token.partition("=")
    kind = types[name.removesuffix("?")]
    found = kind.read(call, paths)
    if found or (name.endswith("?") and not _is_hidden(call, kind, paths)):
        return found
    return (kind.pattern(call),)


def _is_hidden(call: Call, kind: ResourceType, paths: str) -> bool:
    """Whether AWS hides a parameter that would name a resource of a type."""
    texts = paths or (kind.paths if isinstance(kind, NamedType) else "")
    return any(call.hides(*text.partition("~")[0].split(".")) for text in re.split("[|,]", texts))


def _has_tags(call: Call) -> bool:
    return call.has("tags") or call.has("tagList")


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """The rule that a declared line makes."""

    line: DeclaredLine
    types: Mapping[str, ResourceType] = field(repr=False)
    has_tags: Callable[[Call], bool] = _has_tags

    @property
    def declaration(self) -> Declaration:
        """What the line declares."""
        return _parse_line(self.line)

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        """The declared action on the resources that the call names, the tagging action and the roles it passes."""
        line = self.declaration
        actions = [mapped(line.action, read_resources(call, self.types, line.tokens))]
        if line.tag_action and (how := self._how_tagged(call)):
            tagged = read_resources(call, self.types, (line.tagged,) if line.tagged else ())
            actions.append(mapped(line.tag_action, tagged, how=how))
        if line.roles:
            actions.extend((ROLE_UNREAD,) if call.is_unread else roles_at(call, line.roles))
        return tuple(actions)

    def _how_tagged(self, call: Call) -> str:
        """How the call comes to set tags; "" where it sets none."""
        if call.is_unread:
            return UNREAD_REQUEST
        return TAG_ON_CREATE if self.has_tags(call) else COPIED_TAGS if copies_tags(call.request) else ""


def declared_rules(
    source: str,
    prefix: str,
    types: Mapping[str, ResourceType],
    lines: str,
    *,
    has_tags: Callable[[Call], bool] = _has_tags,
) -> dict[tuple[str, str], Rule]:
    """The rules of a service's lines, by event source and operation."""
    return {(source, line.operation): DeclaredRule(line, types, has_tags) for line in declared_lines(prefix, lines)}
