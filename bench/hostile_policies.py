"""Policies that are made to take long: AWS accepts them, and a review of them must end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Statements = list[dict[str, Any]]
Shape = Callable[[int], Statements]
"""The statements of a policy with so many patterns, or so many wildcards in them."""

_PATTERNS: Final = 20


def _allow(resources: str | list[str], actions: str | list[str] = "s3:GetObject") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _starred(unit: str, prefix: str) -> Shape:
    def statements(size: int) -> Statements:
        return [_allow([prefix + unit * size + chr(ord("b") + number) for number in range(_PATTERNS)], "*")]

    return statements


def bucket(number: int) -> str:
    """The ARN of an object that an exact statement names."""
    return f"arn:aws:s3:::bucket-{number:06}/key"


SHAPES: Final[Mapping[str, Shape]] = {
    "statements of one resource": lambda size: [_allow(bucket(number)) for number in range(size)],
    "a statement of many resources": lambda size: [_allow([bucket(number) for number in range(size)])],
    "statements of a prefix": lambda size: [_allow(f"{bucket(number)}*") for number in range(size)],
    "20 patterns of stars in fields": _starred("*a", "arn:aws:*"),
    "20 patterns of stars": _starred("*a", "arn:aws:s3:::*"),
    "20 patterns of stars and question marks": _starred("*a?", "arn:aws:s3:::*"),
}
