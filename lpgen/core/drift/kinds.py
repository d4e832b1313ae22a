"""All kinds of drift findings in their order, and findings by cause.

A cause connects findings: if nine roles start to use something because of one new application, that is one change, not
nine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.coverage import CoverageDrift
from lpgen.core.drift.disuse import DisuseDrift
from lpgen.core.drift.findings import DriftFinding, DriftKind
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.core.drift.trust import TrustDrift
from lpgen.core.drift.wildcards import WildcardDrift

DRIFT_KINDS: Final[tuple[DriftKind, ...]] = (
    PrincipalDrift.OUTSIDE_TRUST,
    TrustDrift.TRUST_WEAKENED,
    CoverageDrift.COVERAGE_LOST,
    PolicyDrift.POLICY_CHANGED,
    ProposalDrift.NEW_USE,
    PrincipalDrift.NEW_PRINCIPAL,
    WildcardDrift.NEW_WILDCARD,
    WildcardDrift.INHERITED,
    ProposalDrift.NEVER_APPLIED,
    DisuseDrift.ROLE_QUIET,
    DisuseDrift.NEWLY_UNUSED,
    PrincipalDrift.GONE_PRINCIPAL,
)
"""In the order for findings of equal severity."""

SETTLING_COMMANDS: Final[Mapping[DriftKind, frozenset[str]]] = {
    ProposalDrift.NEW_USE: frozenset({"generate"}),
    ProposalDrift.NEVER_APPLIED: frozenset({"generate", "rollout plan"}),
    WildcardDrift.NEW_WILDCARD: frozenset({"generate"}),
    WildcardDrift.INHERITED: frozenset({"generate"}),
    DisuseDrift.NEWLY_UNUSED: frozenset({"generate"}),
}
"""The commands that settle findings of a kind. Most kinds have none."""

DRIFT_ITEM_WORDS: Final = frozenset(word for kind in DRIFT_KINDS for word in kind.item_words)
"""The first words of the items of drift findings in decisions."""

_PLACES: Final = {kind: place for place, kind in enumerate(DRIFT_KINDS)}


def finding_order(finding: DriftFinding) -> tuple[object, ...]:
    """A sort key: open findings first, then by severity, kind and subject."""
    return (
        bool(finding.accepted_by),
        finding.severity.rank,
        _PLACES[finding.kind],
        finding.subject,
        finding.item,
    )


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings of one kind with one cause, the most severe first; never empty."""

    findings: tuple[DriftFinding, ...]

    @property
    def kind(self) -> DriftKind:
        """The kind of all its findings."""
        return self.findings[0].kind

    @property
    def severity(self) -> Severity:
        """The severity of its worst finding."""
        return self.findings[0].severity

    @property
    def concerned(self) -> tuple[str, ...]:
        """The principals concerned, or the subjects of findings without principals, sorted."""
        return tuple(sorted({arn for finding in self.findings for arn in finding.principals or (finding.subject,)}))

    @property
    def tie(self) -> str:
        """The tie that most of its findings share, or "" if it has one finding."""
        if len(self.findings) == 1:
            return ""
        found = Counter(tie for finding in self.findings for tie in finding.ties)
        return min(found, key=lambda tie: (-found[tie], tie))


def causes_of(findings: Iterable[DriftFinding]) -> tuple[Cause, ...]:
    """The findings by cause, the most severe first. Each finding has exactly one cause, whatever their order.

    Findings of a kind have one cause if they share a tie, or if a chain of such findings connects them. Accepted
    findings are never grouped with open ones.
    """
    ordered = sorted(findings, key=finding_order)
    first_with: dict[tuple[object, ...], int] = {}
    root = list(range(len(ordered)))

    def root_of(at: int) -> int:
        while root[at] != at:
            root[at] = at = root[root[at]]
        return at

    for at, finding in enumerate(ordered):
        for tie in finding.ties:
            other = first_with.setdefault((bool(finding.accepted_by), finding.kind, tie), at)
            low, high = sorted((root_of(other), root_of(at)))
            root[high] = low
    found: dict[int, list[DriftFinding]] = defaultdict(list)
    for at, finding in enumerate(ordered):
        found[root_of(at)].append(finding)
    return tuple(Cause(tuple(together)) for together in sorted(found.values(), key=_order))


def _order(together: list[DriftFinding]) -> tuple[object, ...]:
    """A sort key: as for findings, but at equal severity and kind the cause with the most findings comes first."""
    accepted, severity, kind, *rest = finding_order(together[0])
    return accepted, severity, kind, -len(together), *rest
