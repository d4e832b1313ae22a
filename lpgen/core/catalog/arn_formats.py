"""ARN formats of resource types: whether an ARN or a resource glob can name a resource of a type.

A format is an ARN with `${Name}` placeholders (a few have `*`). A placeholder before the resource part doesn't match a
colon. A placeholder in the resource part matches any text that can't belong to a sibling of another type: in
`table/${TableName}` the name has no `/`, because the service also has `table/${TableName}/index/${IndexName}`. A
sibling that only adds a qualifier, such as `function:${FunctionName}:${Alias}`, doesn't count as another type: policies
name functions with and without a qualifier.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import msgspec

from lpgen.core.globs.match import has_wildcard

# ---------------------------------------------------------------- the automaton

# Decides whether a format and a glob have a text in common, in time linear in the glob.

_DELIMITERS = "/:"


@dataclass(frozen=True, slots=True)
class _StateSpan:
    """A run of any characters except the `excluded` delimiters, with at least one character if `filled`."""

    excluded: str
    filled: bool = False


_Token = str | _StateSpan  # a str is literal text


def _regex_of_tokens(tokens: tuple[_Token, ...]) -> str:
    """A regular expression for the exact texts of a format."""
    return "".join(re.escape(token) if isinstance(token, str) else _regex_of_span(token) for token in tokens)


def _regex_of_span(span: _StateSpan) -> str:
    return (f"[^{re.escape(span.excluded)}]" if span.excluded else ".") + ("+" if span.filled else "*")


class _Machine:
    """A format as an automaton. One integer is its set of states: bit `i` means that `i` steps are done.

    A step is a literal character, the first character of a filled span, or a whole span (which may be empty). Reading a
    text or glob changes the set. The last bit at the end means a match. No text makes this slow.
    """

    __slots__ = ("_barred", "_every", "_last", "_literal", "_stays", "_steps", "_texts")

    def __init__(self, tokens: tuple[_Token, ...]) -> None:
        self._literal: dict[str, int] = {}  # by character: states that only this character advances
        self._barred = dict.fromkeys(_DELIMITERS, 0)  # by delimiter: states whose span excludes it
        self._texts = 0  # states before a literal character
        self._steps = 0  # these, and the states before the first character of a filled span
        self._stays = 0  # states in which a span may continue
        size = 0
        for token in tokens:
            size = self._add_span(size, token) if isinstance(token, _StateSpan) else self._add_text(size, token)
        self._last = 1 << size
        self._every = (self._last << 1) - 1

    def reads(self, text: str) -> bool:
        """Whether an exact text matches the format."""
        states = self._closed(1)
        for char in text:
            states = self._after(states, char)
            if not states:
                return False
        return bool(states & self._last)

    def intersects(self, glob: str) -> bool:
        """Whether some text matches both the format and the glob (`*` and `?`)."""
        states = self._closed(1)
        for char in glob:
            if char == "*":
                states = self._every & -(states & -states)  # all later states can be reached from the earliest one
            elif char == "?":
                states = self._closed((states & self._steps) << 1 | states & self._stays)
            else:
                states = self._after(states, char)
            if not states:
                return False
        return bool(states & self._last)

    def _add_text(self, size: int, text: str) -> int:
        for place, char in enumerate(text, size):
            self._literal[char] = self._literal.get(char, 0) | 1 << place
            self._texts |= 1 << place
        self._steps |= self._texts
        return size + len(text)

    def _add_span(self, size: int, span: _StateSpan) -> int:
        bits = 0b11 << size if span.filled else 1 << size
        for delimiter in span.excluded:
            self._barred[delimiter] |= bits
        if span.filled:
            self._steps |= 1 << size
            size += 1
        self._stays |= 1 << size
        return size + 1

    def _after(self, states: int, char: str) -> int:
        free = states & ~self._barred.get(char, 0)
        moved = states & self._literal.get(char, 0) | free & self._steps & ~self._texts
        return self._closed(moved << 1 | free & self._stays)

    def _closed(self, states: int) -> int:
        """The states, and those that an empty span leads to."""
        while (more := states | (states & self._stays) << 1) != states:
            states = more
        return states


_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\*")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_NEXT_TYPE = re.compile(r"/|:[A-Za-z]")  # what a sibling of another type puts after a placeholder
_RESOURCE_FIELD = 5  # the sixth of `arn:partition:service:region:account:resource`
_REMEMBERED = 128  # answers that a set keeps: callers ask about one resource for many actions
_SHORT = 256  # longer texts use the machine, because they could make a regular expression backtrack

# A bucket's name never has a slash. Only some services with buckets also have formats of objects, which would show
# this.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_NO_SLASH = frozenset({"${BucketName}"})

# Names that can have a slash, regardless of their siblings.
# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
# https://docs.aws.amazon.com/amplify/latest/APIReference/API_Branch.html
_SLASHED = frozenset({"${BudgetName}", "${BranchName}"})


class FurtherFormats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Formats of a service that AWS documents outside the service authorization reference. `types` are by resource
    type; `every` are taken by every resource-level action."""

    source: tuple[str, ...]
    types: dict[str, tuple[str, ...]] = {}
    every: tuple[str, ...] = ()
    why: str = ""


NO_FURTHER_FORMATS = FurtherFormats(())


class ArnFormat:
    """An ARN format that is ready to match."""

    def __init__(self, tokens: tuple[_Token, ...]) -> None:
        self.tokens = tokens

    @cached_property
    def literals(self) -> int:
        """The number of fixed characters in the format. More means more specific."""
        return sum(len(token) for token in self.tokens if isinstance(token, str))

    @cached_property
    def regex(self) -> str:
        """A regular expression for the exact ARNs of the format."""
        return _regex_of_tokens(self.tokens)

    def fits(self, arn: str) -> bool:
        """Whether an exact ARN has this format. Wildcards count as plain characters."""
        return self._compiled.fullmatch(arn) is not None if len(arn) <= _SHORT else self._machine.reads(arn)

    def intersects(self, glob: str) -> bool:
        """Whether some ARN has this format and also matches the glob (`*` and `?`)."""
        return self._machine.intersects(glob)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, re.DOTALL)

    @cached_property
    def _machine(self) -> _Machine:
        return _Machine(self.tokens)


def formats_of_service(arns: Iterable[str]) -> dict[str, ArnFormat]:
    """The ARN formats of one service, compiled together because siblings restrict placeholders."""
    split = {arn: _parts(arn) for arn in arns}
    followers = _followers(split.values())
    return {arn: ArnFormat(_tokens(parts, followers)) for arn, parts in split.items()}


ANY_ARN = ArnFormat(("arn:", _StateSpan("")))
"""The format of a resource type without known formats: any ARN fits."""


def _parts(arn: str) -> tuple[str, ...]:
    """Literal texts and placeholders (or `*`) in turn. Literals are at even indexes and can be empty."""
    parts: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(arn):
        parts += [arn[end : match.start()], match.group()]
        end = match.end()
    return (*parts, arn[end:])


def _shape(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts with `*` for every placeholder. Formats with the same shape can't be distinguished so far."""
    return tuple("*" if place % 2 else part for place, part in enumerate(parts))


def _followers(formats: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], set[str]]:
    """By the shape of a format up to and including a placeholder: the literal texts that follow it ("" at the end)."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for parts in formats:
        for place in range(1, len(parts), 2):
            found[_shape(parts[: place + 1])].add(parts[place + 1])
    return found


def _tokens(parts: tuple[str, ...], followers: Mapping[tuple[str, ...], set[str]]) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    for place, part in enumerate(parts):
        if place % 2:
            tokens.append(_span(parts[: place + 1], followers))
        elif part:
            tokens.append(part)
    return tuple(tokens)


def _span(parts: tuple[str, ...], followers: Mapping[tuple[str, ...], set[str]]) -> _StateSpan:
    name, before = parts[-1], "".join(_shape(parts))
    if before.count(":") < _RESOURCE_FIELD:
        # S3 omits the account in the ARNs of buckets and objects, but not in others.
        return _StateSpan(":", filled=name == "${Account}" and before.startswith("arn:*:s3:"))
    if name == "*":
        return _StateSpan("")
    nexts = followers.get(_shape(parts), set())
    excluded = {text[0] for text in nexts if _NEXT_TYPE.match(text)} if len(nexts) > 1 else set()
    if name in _NO_SLASH:
        excluded.add("/")
    return _StateSpan("".join(sorted(excluded - ({"/"} if name in _SLASHED else set()))))


# ---------------------------------------------------------------- matching


class FormatSet:
    """Several formats, to decide whether a text can name a resource of one of them."""

    def __init__(self, formats: Iterable[ArnFormat]) -> None:
        self._formats = tuple(formats)
        self._exact = re.compile("|".join(f"(?:{form.regex})" for form in self._formats) or r"(?!)", re.DOTALL)
        self._known = lru_cache(maxsize=_REMEMBERED)(self._decide)

    def can_name(self, resource: str) -> bool:
        """Whether an exact ARN fits a format, or some ARN fits both a format and the glob.

        `*`, `?` and policy variables match any text, so the answer can be True too often.
        """
        return self._known(resource)

    def _decide(self, resource: str) -> bool:
        glob = glob_of_resource(resource)
        if len(glob) <= _SHORT and not has_wildcard(glob):
            return self._exact.fullmatch(glob) is not None
        return any(form.intersects(glob) for form in self._formats)


def glob_of_resource(resource: str) -> str:
    """A policy's resource with `*` for each policy variable: a glob that matches any values of the variables."""
    return _VARIABLE.sub("*", resource) if "${" in resource else resource
