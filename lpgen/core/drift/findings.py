"""What a comparison finds: each finding with its severity, and the item by which a person can accept it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Final

import msgspec

from lpgen.core.choices import Severity
from lpgen.core.digests import digest_of_text
from lpgen.core.documents import Message, Parameters, Part, means
from lpgen.core.drift.states import Stamp
from lpgen.core.registry.drift import DriftKind
from lpgen.core.registry.row import Finding, say
from lpgen.core.replacements import Decision, DecisionsStamp

_SEVERITIES: Final = tuple(Severity)
FindingKind = Annotated[DriftKind, means("The kind of the finding.")]


@dataclass(frozen=True, slots=True)
class DriftFinding(Finding):
    """One thing that changed.

    `subject` is what it is about: the ARN of a principal, policy or trail, or an account; `principals` are the ARNs of
    those that it concerns, sorted, and `details` further lines. `ties` are what findings of one cause have in common:
    see `causes_of`. `expired` says who had accepted it for a time that is over, or is "".
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
        """How decisions name it; it stays the same as long as the finding says the same."""
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
    """What changed between two moments: findings, the most severe first, and accepted ones at the end.

    `applied` are the principals whose proposal was put in place since. `notes` are sentences on what couldn't be
    compared. `trend` has the saved states and then now, by date; `expired` are decisions no longer in force. `written`
    has the proposed policies by the ARN of their principal: its folder in an output folder, and their texts, in order.
    `decisions` are those that were taken into account, if any were given.
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
        """How many findings people have accepted."""
        return len(self.findings) - len(self.open)

    @property
    def open(self) -> tuple[DriftFinding, ...]:
        """The findings that nobody has accepted."""
        return tuple(one for one in self.findings if not one.accepted_by)

    def reaches(self, severity: Severity) -> bool:
        """Whether any open finding is as severe, or more."""
        return any(_SEVERITIES.index(one.severity) <= _SEVERITIES.index(severity) for one in self.open)


def finding_order(finding: DriftFinding) -> tuple[object, ...]:
    """Open ones first, then by severity, kind and subject."""
    return (
        bool(finding.accepted_by),
        _SEVERITIES.index(finding.severity),
        tuple(DriftKind).index(finding.kind),
        finding.subject,
        finding.item,
    )


def fingerprint(parts: Iterable[str]) -> str:
    """Eight hex digits that stand for some texts, whatever their order."""
    return digest_of_text("\n".join(sorted(parts)))[:8]
