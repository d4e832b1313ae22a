"""Policy variables: `${key}` and `${key, 'default'}` filled in from a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lpgen.core.globs.match import VARIABLE, VARIABLE_ESCAPES
from lpgen.core.globs.tokens import Tokens, literal_tokens, tokens_from_glob
from lpgen.core.iam.decision import Request


class UnfilledReason(StrEnum):
    """Why the variables in a text can't be replaced."""

    UNKNOWN = "unknown"  # the request doesn't show the key
    MISSING = "missing"  # the request doesn't have the key: the text matches nothing


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A text with variables that have no value. `keys` are their keys. MISSING takes precedence over UNKNOWN."""

    gap: UnfilledReason
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A text in parts: text from the policy, where wildcards count, and values of variables, which are literal."""

    parts: tuple[tuple[str, bool], ...]  # text, and whether it is literal

    def as_text(self) -> str:
        """The text, all of it literal."""
        return "".join([text for text, _ in self.parts])

    def as_tokens(self) -> Tokens:
        """The glob, with literal values of variables.

        AWS doesn't say what a `*` in a value means. As a literal, a caller's own tag or name can never widen a policy.
        """
        tokens: list[int] = []
        for text, literal in self.parts:
            tokens.extend(literal_tokens(text) if literal else tokens_from_glob(text))
        return tuple(tokens)


@lru_cache(maxsize=4096)
def as_written(text: str) -> Filled:
    """A policy text without variables."""
    return Filled(((text, False),))


def fill_in(text: str, request: Request) -> Filled | Unfilled:
    """A policy text with its variables replaced by values from a request."""
    parts: list[tuple[str, bool]] = []
    gaps: dict[UnfilledReason, list[str]] = {}
    end = 0
    for found in VARIABLE.finditer(text):
        key, default = found.groups()
        name = found.group()[2:-1] if key is None else key
        value = _value(name, default, request)
        if isinstance(value, UnfilledReason):
            gaps.setdefault(value, []).append(name.strip())
        else:
            parts += [(text[end : found.start()], False), (value, True)]
        end = found.end()
    for gap in (UnfilledReason.MISSING, UnfilledReason.UNKNOWN):
        if gap in gaps:
            return Unfilled(gap, tuple(gaps[gap]))
    return Filled((*(part for part in parts if part[0]), (text[end:], False)))


def _value(name: str, default: str | None, request: Request) -> str | UnfilledReason:
    if name in VARIABLE_ESCAPES:
        return name
    values = request.values_of(name.strip())
    if values is None:
        return UnfilledReason.UNKNOWN
    if len(values) == 1:
        return values[0]
    if not values and default is not None:
        return default
    return UnfilledReason.MISSING  # a key with several values can't be a variable
