"""Kinds of findings, each with a row of its shared texts, and the findings with their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from types import UnionType
from typing import Any, Final, Self

from lpgen.core.choices import Severity

IAM_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
TRAIL_GUIDE: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide"

MOST_NAMED: Final = 5
"""List at most this many names in a sentence; above that, give the number of the others."""

_Words = str | Callable[..., str]
"""A text with parameters in braces, or a function of the parameters."""

Words = _Words | Mapping[str, _Words]
"""Words, or words by the parameter `case`."""


class Doubt(StrEnum):
    """The reason why every removal of a principal is uncertain."""

    NONE = "none"
    LOGS = "logs"  # too few covered days, or a hole in them
    YOUNG = "young"  # the principal or one of its policies may be too young to have been fully used


class Remedy(StrEnum):
    """The remedy for the findings of a kind."""

    DECIDE = "decide"  # a person knows whether it matters
    LOOK = "look"  # the details of each principal say what to do
    INGEST = "ingest"  # logs that are missing
    SNAPSHOT = "snapshot"  # policies or service last accessed that are missing
    CATALOG = "catalog"  # a newer one, or a correct name
    BACKTEST = "backtest"  # what would have been denied
    REPEAT = "repeat"  # the same review, without an option that left something out


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of finding. `word` is its name in outputs, and `title` is its title for people.

    `parameters` are the names and types of a finding's parameters, which may depend on its `case`. `message` is a
    sentence without a full stop. `step` says what to do, as a clause. `item` is its name in decisions (the word itself
    if ""), if a decision can accept it (`acceptable`). Kinds with a lower `rank` come first, equal ranks in the order
    of the registry. `doubt` says whether it makes every removal of its principal uncertain, and `remedy` how to resolve
    it; both may depend on `case`.

    `help`, `to_do` (the step if "") and `source` (a URL) describe the kind. `severity` is the severity of most of its
    findings, and `score` is like CVSS or "". `precision`, from low to very-high, says how often it is a true finding.
    `by_gain` is the severity of gaining a dangerous action, a writing action and a reading action, for kinds whose
    severity depends on the gain.
    """

    word: str
    title: str
    _: KW_ONLY
    parameters: Mapping[str, type | UnionType] = field(default_factory=dict)
    message: Words = ""
    step: Words = ""
    item: Words = ""
    acceptable: bool = True
    rank: int = 99
    doubt: Doubt | Mapping[str, Doubt] = Doubt.NONE
    remedy: Remedy | Mapping[str, Remedy] = Remedy.DECIDE
    help: str = ""
    to_do: str = ""
    source: str = f"{IAM_GUIDE}/best-practices.html"
    severity: Severity = Severity.MEDIUM
    score: str = ""
    precision: str = "high"
    by_gain: tuple[Severity, Severity, Severity] = (Severity.MEDIUM, Severity.MEDIUM, Severity.MEDIUM)

    @property
    def description(self) -> str:
        """The meaning of the kind and what to do about it, in Markdown."""
        to_do = self.to_do or (f"{self.step}." if self.step else "")
        return "\n\n".join(filter(None, (self.help, to_do and f"**What to do:** {to_do}")))


class Kind(StrEnum):
    """A kind of finding; each member is its row, and equal to the row's word."""

    row: Row

    def __new__(cls, row: Row) -> Self:
        """A member, defined by its row."""
        member = str.__new__(cls, row.word)
        member._value_ = row.word
        member.row = row
        return member

    @property
    def rule(self) -> str:
        """The id of its rule, for filters and dismissals. It never changes."""
        return self.replace("_", "-")

    @property
    def item_words(self) -> frozenset[str]:
        """The possible first words of its findings' items; empty if no decision can accept them."""
        item, message = self.row.item, self.row.message
        texts = item.values() if isinstance(item, Mapping) else (item,)
        words = {text.partition(" ")[0] if isinstance(text, str) and text else self.replace("_", "-") for text in texts}
        if "{case}" in words and isinstance(message, Mapping):
            words = words - {"{case}"} | {*message}
        return frozenset(words if self.row.acceptable else ())


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind and its parameters. `accepted_by` says who accepted it and why, or is "".

    Raises:
        TypeError: the parameters aren't those of the kind.
    """

    kind: Kind
    parameters: Mapping[str, Any] = field(default_factory=dict)
    accepted_by: str = ""

    def __post_init__(self) -> None:
        expected = self.kind.row.parameters
        wrong = [name for name, value in self.parameters.items() if not isinstance(value, expected.get(name, ()))]
        missing = expected.keys() - self.parameters.keys() if "case" not in expected else ()
        if wrong or missing:
            raise TypeError(f"{self.kind!r} takes {dict(expected)}, not {dict(self.parameters)}")

    @property
    def message(self) -> str:
        """The finding as a sentence without a full stop."""
        return say(self.kind.row.message, self.parameters)

    @property
    def step(self) -> str:
        """What to do about it, as a clause without a full stop."""
        return say(self.kind.row.step, self.parameters)

    @property
    def item(self) -> str:
        """Its name in decisions."""
        return say(self.kind.row.item, self.parameters) or self.kind.rule

    @property
    def doubt(self) -> Doubt:
        """Whether it makes every removal of its principal uncertain."""
        return Doubt(say(self.kind.row.doubt, self.parameters))

    @property
    def remedy(self) -> Remedy:
        """How to resolve it."""
        return Remedy(say(self.kind.row.remedy, self.parameters))


def say(words: Words, parameters: Mapping[str, Any]) -> str:
    """The text of a row with these parameters."""
    if isinstance(words, Mapping):
        words = words[parameters["case"]]
    return words.format_map(parameters) if isinstance(words, str) else words(**parameters)


def name_some(names: Sequence[str]) -> str:
    """A few names, and the number of the others."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


class CaveatKind(Kind):
    """Why a replacement isn't called safe."""


@dataclass(frozen=True, slots=True)
class Caveat(Finding):
    """One reason why a replacement isn't called safe."""

    kind: CaveatKind

    @classmethod
    def of(cls, kind: CaveatKind, /, **parameters: Any) -> Self:
        """A caveat that nobody has accepted."""
        return cls(kind, parameters)
