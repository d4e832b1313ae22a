"""What all findings of one kind share: a row of the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from lpgen.core.choices import Severity

Words = str | Callable[..., str]
"""A text with parameters in braces, or, where the parameters decide what is said, a function of them."""

Parameters = Mapping[str, Any]

LAST = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of finding.

    `parameters` are the names and types of what differs between two findings of the kind. `message` is a sentence
    without a full stop, `step` what to do about it, as a clause, and `item` how a decision names it, where a decision
    can accept it at all (`acceptable`). Kinds with a lower `rank` come first, equal ones in the order of the registry.

    `title`, `help` (Markdown) and `source` (an address) describe the kind, `severity` is that of most of its findings,
    and `score` is like CVSS or "". `by_gain` is the severity of gaining a dangerous action, one that changes something
    and one that only reads, for kinds that are as bad as what is gained.
    """

    parameters: Mapping[str, type] = field(default_factory=dict)
    message: Words = ""
    step: Words = ""
    item: Words = ""
    acceptable: bool = True
    rank: int = LAST
    title: str = ""
    help: str = ""
    source: str = ""
    score: str = ""
    severity: Severity = Severity.MEDIUM
    by_gain: tuple[Severity, Severity, Severity] = (Severity.MEDIUM, Severity.MEDIUM, Severity.MEDIUM)


class Kind(StrEnum):
    """A kind of finding: the word that outputs have for it, and its row."""

    row: Row

    def __new__(cls, word: str, row: Row) -> Self:
        """A member, defined as its word and its row."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.row = row
        return member

    def check(self, parameters: Parameters) -> None:
        """Raises TypeError where parameters aren't those of the row."""
        expected = self.row.parameters
        wrong = [name for name, one in parameters.items() if not isinstance(one, expected.get(name, ()))]
        if wrong or parameters.keys() != expected.keys():
            raise TypeError(f"{self!r} takes {expected}, not {dict(parameters)}")


def say(words: Words, parameters: Parameters) -> str:
    """What the words of a row say with these parameters."""
    return words.format_map(parameters) if isinstance(words, str) else words(**parameters)
