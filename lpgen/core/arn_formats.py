"""ARN formats of resource types: whether an ARN or a resource glob can name a resource of a type.

A format is an ARN with `${Name}` placeholders (and a few with `*`). Placeholders before the resource part hold no
colon. One in the resource part holds anything, less what would make it swallow a sibling: in
`table/${TableName}` the name holds no `/`, since the service also has `table/${TableName}/index/${IndexName}`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\*")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_DELIMITERS = "/:"
_RESOURCE_FIELD = 5  # the sixth of `arn:partition:service:region:account:resource`

# A bucket's name never holds a slash, and services other than S3 list buckets without listing objects.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_NO_SLASH = frozenset({"${BucketName}", "${Bucket}"})

_ELSEWHERE: dict[str, dict[str, tuple[str, ...]]] = {
    # A log group is named with `:*` in policies, and evaluated as a log stream without a name.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    "logs": {"log-group": ("arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:",)},
    # Accounts may still use the short ARNs, which lack the cluster.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
    "ecs": {
        "container-instance": ("arn:${Partition}:ecs:${Region}:${Account}:container-instance/${ContainerInstanceId}",),
        "service": ("arn:${Partition}:ecs:${Region}:${Account}:service/${ServiceName}",),
        "task": ("arn:${Partition}:ecs:${Region}:${Account}:task/${TaskId}",),
    },
}

_OPEN = {
    # The request's path is the resource, whether or not the authorization reference lists it.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-create-and-manage-api.html
    "apigateway": "arn:${Partition}:apigateway:${Region}:${Account}:/${Path}",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A run of any characters, less those excluded."""

    excluded: str


Token = str | Span  # a str is literal text


class ArnFormat:
    """One ARN format, ready to match."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens = tokens

    @cached_property
    def literals(self) -> int:
        """The number of characters that the format fixes: more means more specific."""
        return sum(len(token) for token in self.tokens if isinstance(token, str))

    @cached_property
    def regex(self) -> str:
        """A regular expression for the exact ARNs of the format."""
        return "".join(re.escape(token) if isinstance(token, str) else _class_of(token) for token in self.tokens)

    def fits(self, arn: str) -> bool:
        """Whether an exact ARN has this format; wildcards count as the characters they are."""
        return self._compiled.fullmatch(arn) is not None

    def intersects(self, glob: str) -> bool:
        """Whether some ARN has this format and matches the glob too (`*` and `?`)."""
        return self._machine.intersects(glob)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, re.DOTALL)

    @cached_property
    def _machine(self) -> _Machine:
        return _Machine(self.tokens)


def formats_of_service(arns: Iterable[str]) -> dict[str, ArnFormat]:
    """Each ARN format of one service, compiled with its siblings in mind."""
    split = {arn: _parts(arn) for arn in arns}
    followers = _followers(split.values())
    return {arn: ArnFormat(_tokens(parts, followers)) for arn, parts in split.items()}


def undocumented_formats(service: str) -> dict[str, tuple[str, ...]]:
    """By resource type: formats that AWS documents, but not in the service authorization reference."""
    return _ELSEWHERE.get(service, {})


def open_formats(service: str) -> tuple[ArnFormat, ...]:
    """Formats that every resource-level action of a service takes, beside those of its resource types."""
    arn = _OPEN.get(service)
    return (ArnFormat(_tokens(_parts(arn), {})),) if arn else ()


def _parts(arn: str) -> tuple[str, ...]:
    """Literal texts and placeholders (or `*`) in turn; literals stand at even places and may be empty."""
    parts: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(arn):
        parts += [arn[end : match.start()], match.group()]
        end = match.end()
    return (*parts, arn[end:])


def _shape(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts with every placeholder made equal: two formats of one shape can't be told apart so far."""
    return tuple("*" if place % 2 else part for place, part in enumerate(parts))


def _followers(formats: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], set[str]]:
    """By the shape of a format up to and with a placeholder: the characters that follow it ("" at the end)."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for parts in formats:
        for place in range(1, len(parts), 2):
            found[_shape(parts[: place + 1])].add(parts[place + 1][:1])
    return found


def _tokens(parts: tuple[str, ...], followers: Mapping[tuple[str, ...], set[str]]) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for place, part in enumerate(parts):
        if place % 2:
            tokens.append(_span(parts[: place + 1], followers))
        elif part:
            tokens.append(part)
    return tuple(tokens)


def _span(parts: tuple[str, ...], followers: Mapping[tuple[str, ...], set[str]]) -> Span:
    if "".join(_shape(parts)).count(":") < _RESOURCE_FIELD:
        return Span(":")
    if parts[-1] == "*":
        return Span("")
    nexts = followers.get(_shape(parts), set())
    excluded = {char for char in nexts if char and char in _DELIMITERS} if len(nexts) > 1 else set()
    return Span("".join(sorted(excluded | ({"/"} if parts[-1] in _NO_SLASH else set()))))


def _class_of(span: Span) -> str:
    return f"[^{re.escape(span.excluded)}]*" if span.excluded else ".*"


# ---------------------------------------------------------------- matching


class FormatSet:
    """Several formats as one question: can this text name a resource of one of them?"""

    def __init__(self, formats: Iterable[ArnFormat]) -> None:
        self._formats = tuple(formats)
        self._exact = re.compile("|".join(f"(?:{form.regex})" for form in self._formats) or r"(?!)", re.DOTALL)

    def can_name(self, resource: str) -> bool:
        """Whether an exact ARN fits a format, or some ARN fits both a format and the glob.

        `*`, `?` and policy variables stand for any text, so the answer errs on the side of True.
        """
        glob = glob_of_resource(resource)
        if not has_wildcard(glob):
            return self._exact.fullmatch(glob) is not None
        return any(form.intersects(glob) for form in self._formats)


def glob_of_resource(resource: str) -> str:
    """A policy's resource with each policy variable as `*`: a glob that matches whatever the variables become."""
    return _VARIABLE.sub("*", resource)


def has_wildcard(glob: str) -> bool:
    """Whether a text has `*` or `?`."""
    return "*" in glob or "?" in glob


class _Machine:
    """A format as an automaton whose set of states is one integer: bit `i` means that `i` characters or spans are read.

    Reading a glob moves the set; the format and the glob share a text if the last bit is set at the end. The time is
    linear in the glob, so that no glob from a policy can make it slow.
    """

    __slots__ = ("_chars", "_every", "_last", "_literal", "_loops", "_skips", "_stays")

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._literal: dict[str, int] = defaultdict(int)  # by character: states that it advances
        self._loops: dict[str, int] = {}  # by delimiter: spans that may not hold it
        self._chars = 0  # states before a literal character
        self._stays = 0  # states before a span
        size = 0
        for delimiter in _DELIMITERS:
            self._loops[delimiter] = 0
        for token in tokens:
            if isinstance(token, Span):
                self._add_span(size, token)
                size += 1
            else:
                for char in token:
                    self._literal[char] |= 1 << size
                    self._chars |= 1 << size
                    size += 1
        self._literal = dict(self._literal)
        self._last = 1 << size
        self._every = (self._last << 1) - 1

    def _add_span(self, place: int, span: Span) -> None:
        self._stays |= 1 << place
        for delimiter in span.excluded:
            self._loops[delimiter] |= 1 << place

    def intersects(self, glob: str) -> bool:
        """Whether some text fits both the format and the glob."""
        states = self._closed(1)
        for char in glob:
            if char == "*":
                states = self._every & -(states & -states)  # from the earliest state on, every later one can be reached
            elif char == "?":
                states = self._closed((states & self._chars) << 1 | states & self._stays)
            else:
                stay = states & self._stays & ~self._loops.get(char, 0)
                states = self._closed((states & self._literal.get(char, 0)) << 1 | stay)
            if not states:
                return False
        return bool(states & self._last)

    def _closed(self, states: int) -> int:
        """The states with those that a span of no characters leads to. Two spans never stand side by side for long."""
        while (more := states | (states & self._stays) << 1) != states:
            states = more
        return states
