"""Kinds of findings, each with a row that says what all its findings share, and what a single finding adds."""

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
"""So many names are listed in a sentence; of more their number is."""

_Words = str | Callable[..., str]
"""A text with parameters in braces, or a function of the parameters."""

Words = _Words | Mapping[str, _Words]
"""Words, or words by the parameter `case`."""


class Doubt(StrEnum):
    """What makes every removal of a principal unsure."""

    NONE = "none"
    LOGS = "logs"  # too few covered days, or a hole in them
    YOUNG = "young"  # the principal or one of its policies is too young to have been used in full


class Remedy(StrEnum):
    """What clears up the findings of a kind."""

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

    `parameters` are the names and types of what differs between two findings of the kind; which of them a finding has
    may depend on its `case`. `message` is a sentence without a full stop, `step` says what to do about it, as a clause,
    and `item` is its name in decisions (the word itself where it is ""), if a decision can accept it at all
    (`acceptable`). Kinds with a lower `rank` come first, equal ones in the order of the registry. `doubt`, maybe by
    `case`, says whether it makes every removal of its principal unsure, and `remedy`, also maybe by `case`, what clears
    it up.

    `help`, `to_do` (the step where that is "") and `source` (an address) describe the kind, `severity` is that of most
    of its findings, `score` is like CVSS or "", and `precision`, from low to very-high, says how often it is a real
    finding. `by_gain` is the severity of gaining a dangerous action, one that changes something and one that only
    reads, for kinds that are as bad as what is gained.
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
        """What the kind means and what to do about it, in Markdown."""
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
        """The id of its rule, by which people filter and dismiss: it never changes."""
        return self.replace("_", "-")

    @property
    def item_words(self) -> frozenset[str]:
        """The words that the items of its findings may begin with; empty if no decision can accept them."""
        item, message = self.row.item, self.row.message
        texts = item.values() if isinstance(item, Mapping) else (item,)
        words = {text.partition(" ")[0] if isinstance(text, str) and text else self.replace("_", "-") for text in texts}
        if "{case}" in words and isinstance(message, Mapping):
            words = words - {"{case}"} | {*message}
        return frozenset(words if self.row.acceptable else ())


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind and its parameters; its row says the rest. `accepted_by` says which person accepted it and why, or is "".

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
        """What was found, as a sentence without a full stop."""
        return say(self.kind.row.message, self.parameters)

    @property
    def step(self) -> str:
        """What to do about it, as a clause without a full stop."""
        return say(self.kind.row.step, self.parameters)

    @property
    def item(self) -> str:
        """How a decision names it."""
        return say(self.kind.row.item, self.parameters) or self.kind.rule

    @property
    def doubt(self) -> Doubt:
        """Whether it makes every removal of its principal unsure."""
        return Doubt(say(self.kind.row.doubt, self.parameters))

    @property
    def remedy(self) -> Remedy:
        """What clears it up."""
        return Remedy(say(self.kind.row.remedy, self.parameters))


def say(words: Words, parameters: Mapping[str, Any]) -> str:
    """What the words of a row say with these parameters."""
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
