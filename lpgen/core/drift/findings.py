"""The findings of a comparison, and the severity and description of gained actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import Severity
from lpgen.core.digests import digest_of_text
from lpgen.core.documents import Message, Parameters, Part, means
from lpgen.core.drift.states import Stamp
from lpgen.core.model import AccessLevel, Action
from lpgen.core.registry.row import Finding, Kind, say
from lpgen.core.replacements import Decision, DecisionsStamp


class DriftKind(Kind):
    """The kinds of findings, in the order for equal severity."""

    @property
    def rule(self) -> str:
        """The id of its rule."""
        return f"drift-{self}"


FindingKind = Annotated[str, msgspec.Meta(title="DriftKind", description="The kind of the finding.")]
"""The word for a kind. Schemas list all words under this title."""


@dataclass(frozen=True, slots=True)
class DriftFinding(Finding):
    """One change.

    `subject` is the ARN of a principal, policy or trail, or an account. `principals` are the ARNs of the principals
    concerned, sorted, and `details` are further lines. Findings with one cause share a tie in `ties` (see `causes_of`).
    `expired` has the text of an expired decision that accepted it, or "".
    """

    kind: DriftKind
    _: KW_ONLY
    severity: Severity
    subject: str
    principals: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()
    expired: str = ""

    @property
    def item(self) -> str:
        """The name of the finding in decisions. It is the same as long as the finding is the same."""
        return say(self.kind.row.item, {**self.parameters, "subject": self.subject})


class FindingPart(Part, kw_only=True):
    """A finding of drift."""

    kind: FindingKind
    severity: Annotated[Severity, means("How much it matters.")]
    subject: Annotated[str, means("The ARN of a principal, policy or trail, or an account.")]
    principals: Annotated[tuple[str, ...], means("The principals concerned.")]
    message: Message
    parameters: Parameters
    details: Annotated[tuple[str, ...], means("Further lines about it.")]
    step: Annotated[str, means("What to do about it.")] = msgspec.field(name="next_step")


def _nothing_written(_principal: str) -> None:
    """No principal has a proposed policy."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The changes between two moments: findings, the most severe first, with accepted findings at the end.

    `applied` are the principals whose proposal was put in place since. `notes` are sentences on what couldn't be
    compared. `trend` has the saved states and the current state, by date. `expired` are expired decisions. `written`
    returns the proposed policies of a principal by its ARN: the folder in an output folder, and their texts, in order.
    `decisions` describes the decisions that were taken into account, if any were given.
    """

    before: Stamp
    after: Stamp
    findings: tuple[DriftFinding, ...]
    applied: tuple[str, ...]
    notes: tuple[str, ...]
    trend: tuple[Stamp, ...] = ()
    expired: tuple[Decision, ...] = ()
    written: Callable[[str], tuple[str, tuple[str, ...]] | None] = field(default=_nothing_written, compare=False)
    decisions: DecisionsStamp | None = None

    @property
    def accepted(self) -> int:
        """The number of accepted findings."""
        return len(self.findings) - len(self.open)

    @property
    def open(self) -> tuple[DriftFinding, ...]:
        """The findings that aren't accepted."""
        return tuple(finding for finding in self.findings if not finding.accepted_by)

    def reaches(self, severity: Severity) -> bool:
        """Whether any open finding has this severity or a higher one."""
        return any(finding.severity.rank <= severity.rank for finding in self.open)


def fingerprint(parts: Iterable[str]) -> str:
    """Eight hex digits that identify some texts, whatever their order."""
    return digest_of_text("\n".join(sorted(parts)))[:8]


# ---------------------------------------------------------------- what was gained

_WORST_FIRST: Final = (
    AccessLevel.PERMISSIONS_MANAGEMENT,
    AccessLevel.WRITE,
    AccessLevel.TAGGING,
    AccessLevel.READ,
    AccessLevel.LIST,
)
"""The access levels by the harm that their actions can do."""

_MOST_DETAILS: Final = 10
_READING: Final = frozenset({AccessLevel.READ, AccessLevel.LIST})


def count_levels(levels: Mapping[AccessLevel, int]) -> str:
    """How many actions of each access level, the worst first: `1 Permissions management, 2 Read`."""
    return ", ".join(f"{levels[level]:,} {level}" for level in _WORST_FIRST if levels.get(level))


class Gains:
    """Judges sets of actions by the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.dangers = Dangers(catalog)

    def severity(self, actions: Iterable[Action], kind: DriftKind) -> Severity:
        """The severity of the worst action, in a finding of this kind."""
        found = tuple(actions)
        dangerous, changing, reading = kind.row.by_gain
        if any(self.dangers.sentence(action) for action in found):
            return dangerous
        return changing if any(self._catalog.detail(action).level not in _READING for action in found) else reading

    def dangerous(self, actions: Iterable[Action]) -> tuple[Action, ...]:
        """The dangerous actions, sorted."""
        return tuple(sorted(action for action in actions if self.dangers.sentence(action)))

    def counted(self, actions: Iterable[Action]) -> str:
        """The number of actions by level: `3 actions (1 Permissions management, 2 Read)`."""
        levels = Counter(self._catalog.detail(action).level for action in actions)
        total = levels.total()
        return f"{total:,} {'action' if total == 1 else 'actions'}" + (f" ({count_levels(levels)})" if total else "")

    def details(self, actions: Iterable[Action], verb: str) -> tuple[str, ...]:
        """A line for each action, the most dangerous first, with its danger, and the number of further actions."""
        ordered = sorted(actions, key=lambda action: (self.dangers.rank(action), self._rank(action), action))
        shown = ordered if len(ordered) <= _MOST_DETAILS + 1 else ordered[:_MOST_DETAILS]
        lines = [f"{verb} {action}{self._why(action)}" for action in shown]
        if len(shown) < len(ordered):
            lines.append(f"and {len(ordered) - len(shown):,} more")
        return tuple(lines)

    def _rank(self, action: Action) -> int:
        return _WORST_FIRST.index(self._catalog.detail(action).level)

    def _why(self, action: Action) -> str:
        sentence = self.dangers.sentence(action)
        return f": {sentence}" if sentence else ""
