"""IAM's grammar for `Action` and `NotAction`, and its case-insensitive match against action names.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lpgen.core.model import ActionPattern

_PREFIX = re.compile(r"[A-Za-z0-9-]+")
_NAME = re.compile(r"[A-Za-z0-9*?_-]+")

EVERYTHING = ("*", "*:*")
"""The two patterns that mean every action of every service."""


_NO_COLON = "an action needs a service prefix and a colon, such as `s3:GetObject`"
_WILD_PREFIX = "a service prefix can't have wildcards"
_BAD_PREFIX = "a service prefix consists of letters, digits and hyphens"
_BAD_NAME = "an action's name consists of letters, digits, hyphens, `*` and `?`"


@dataclass(frozen=True, slots=True)
class ParsedPattern:
    """A valid pattern: service prefix and name glob, both in lower case; ("*", "*") for everything."""

    prefix: str
    name: str


def parse_pattern(pattern: ActionPattern) -> ParsedPattern | str:
    """The parsed pattern, or a sentence that says why IAM's grammar rejects it."""
    if pattern in EVERYTHING:
        return ParsedPattern("*", "*")
    prefix, colon, name = pattern.partition(":")
    if not colon:
        return _NO_COLON
    if "*" in prefix or "?" in prefix:
        return _WILD_PREFIX
    if not _PREFIX.fullmatch(prefix):
        return _BAD_PREFIX
    if not _NAME.fullmatch(name):
        return _BAD_NAME
    return ParsedPattern(prefix.lower(), name.lower())
