"""The views that every output form of a review shares, computed once from the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Final

from lpgen.core.analysis.verdicts.inverse_actions import Undoing, lost_undoings
from lpgen.core.findings import UNSEEN, Confidence, PrincipalClass, PrincipalDiff, Proposal, Report
from lpgen.core.model import Action
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Line, LineKind
from lpgen.report.counts import (
    Counts,
    Matrix,
    confidence_of_removal,
    counts_of_proposal,
    has_documents,
    matrix_from_verdicts,
    replacement_lines,
)
from lpgen.report.groups import (
    DangerGroup,
    DeniedGroup,
    KeptGroup,
    RuleGroup,
    actions_by_kind,
    danger_groups,
    denied_groups,
    kept_groups,
    rule_groups,
)

if TYPE_CHECKING:
    from lpgen.report.entries import Entry

CLASS_ORDER: Final = (
    PrincipalClass.ACTIVE,
    PrincipalClass.SSO,
    PrincipalClass.UNUSED,
    PrincipalClass.UNSEEN,
    PrincipalClass.GRANTS_UNKNOWN,
    PrincipalClass.NOT_COVERED,
    PrincipalClass.BREAK_GLASS,
    PrincipalClass.LEFT_TO_AWS,
    PrincipalClass.SERVICE_LINKED,
    PrincipalClass.NO_GRANTS,
    PrincipalClass.NOT_IN_SNAPSHOT,
)
"""Sections in the order in which a reader can do something about them."""


_NO_ENTRIES: Final[Mapping[str, Entry]] = {}


class PrincipalView:
    """One principal's proposal with facts derived from it, each once and only when asked for.

    `has_namesakes` says that another account of the report has a principal of the same name. `entry` has the known
    facts about a proposal that is an outline.
    """

    def __init__(self, proposal: Proposal, *, has_namesakes: bool = False, entry: Entry | None = None) -> None:
        self.proposal: Final = proposal
        self.has_namesakes: Final = has_namesakes
        self._entry = entry

    @property
    def diff(self) -> PrincipalDiff:
        """The comparison that the proposal rests on."""
        return self.proposal.diff

    @cached_property
    def has_documents(self) -> bool:
        """Whether there is a replacement to put in place."""
        return has_documents(self.proposal)

    @cached_property
    def counts(self) -> Counts:
        """The numbers of its actions."""
        if self._entry is not None:
            return self._entry.counts
        return counts_of_proposal(self.proposal, self.kinds, self.confidence, self.left)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the replacement, sorted."""
        return replacement_lines(self.proposal)

    @cached_property
    def left(self) -> frozenset[Action]:
        """The actions granted by policies left attached in addition to the replacement."""
        return self.diff.left_actions if self.has_documents else frozenset()

    @cached_property
    def staying(self) -> frozenset[Action]:
        """The actions in the replacement, and those that policies left attached grant."""
        return self.left.union(line.action for line in self.lines)

    @cached_property
    def kept_unseen(self) -> int:
        """How many granted actions stay though no record shows their use."""
        if self._entry is not None:
            return self._entry.kept_unseen
        return sum(one.verdict in UNSEEN and action in self.staying for action, one in self.diff.verdicts.judged())

    @cached_property
    def confidence(self) -> Mapping[Confidence, int]:
        """How many removals are how sure."""
        return confidence_of_removal(self.proposal, self.staying)

    @cached_property
    def matrix(self) -> Matrix:
        """Granted against used, by service and access level."""
        return matrix_from_verdicts(self.diff.verdicts)

    @cached_property
    def dangers(self) -> tuple[DangerGroup, ...]:
        """The dangerous grants without seen use, removed ones first."""
        return danger_groups(self.diff.verdicts, self.staying)

    @cached_property
    def lost_undoings(self) -> tuple[Undoing, ...]:
        """Used actions that it could no longer undo; empty where nothing changes."""
        if not self.has_documents or self.proposal.in_place:
            return ()
        return lost_undoings(self.diff.verdicts, self.staying)

    @cached_property
    def denied(self) -> tuple[DeniedGroup, ...]:
        """The denied attempts, by wall and action."""
        return denied_groups(self.diff.denied)

    @cached_property
    def kept(self) -> tuple[KeptGroup, ...]:
        """Actions kept only because the logs can't show their use."""
        return kept_groups(self.lines, LineKind.KEPT)

    @cached_property
    def for_review(self) -> tuple[KeptGroup, ...]:
        """Actions kept because an unexplained use may be a mapping error."""
        return kept_groups(self.lines, LineKind.REVIEW)

    @cached_property
    def decided(self) -> tuple[KeptGroup, ...]:
        """Actions kept because a person decided so."""
        return kept_groups(self.lines, LineKind.DECIDED)

    @cached_property
    def shared(self) -> tuple[KeptGroup, ...]:
        """Actions kept because a role of the same permission set needs them in another account."""
        return kept_groups(self.lines, LineKind.SHARED)

    @cached_property
    def kinds(self) -> Mapping[LineKind, frozenset[Action]]:
        """The actions of the replacement, each once, by why they are kept."""
        return actions_by_kind(self.lines)

    @cached_property
    def rules(self) -> tuple[RuleGroup, ...]:
        """The scoping rules that were applied."""
        return rule_groups(self.proposal.replacement.rules) if self.proposal.replacement else ()

    @cached_property
    def caveats(self) -> tuple[Caveat, ...]:
        """Why it isn't called safe, accepted reasons left out; for a replacement in place, what still needs a look."""
        if self.proposal.in_place:
            return tuple(one for one in self.proposal.caveats if one.kind in _IN_PLACE)
        return self.proposal.caveats

    @property
    def has_decided(self) -> bool:
        """Whether anything in the replacement is there because a person decided so."""
        return self._entry.has_decided if self._entry is not None else bool(self.decided)

    @property
    def accepted(self) -> tuple[Caveat, ...]:
        """The reasons that a person has accepted."""
        return tuple(caveat for caveat in self.diff.caveats if caveat.accepted_by)


_IN_PLACE: Final = frozenset({CaveatKind.UNUSUAL_USE, CaveatKind.COVERAGE_HOLE})
"""Caveats that matter though a replacement is in place: unusual use, and attempts that the logs miss."""


@dataclass(frozen=True, slots=True)
class Section:
    """The principals of one class, the most dangerous and then the widest first."""

    principal_class: PrincipalClass
    views: tuple[PrincipalView, ...]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A report in reading order. `made` are the principals with a replacement, refused ones included."""

    report: Report
    sections: tuple[Section, ...]
    totals: Counts

    @property
    def views(self) -> tuple[PrincipalView, ...]:
        """Every principal in reading order."""
        return tuple(view for section in self.sections for view in section.views)

    @property
    def made(self) -> tuple[PrincipalView, ...]:
        """The principals for which a replacement was made or refused."""
        return tuple(view for view in self.views if view.proposal.replacement is not None)

    @property
    def to_make(self) -> tuple[PrincipalView, ...]:
        """Those of them whose replacement isn't in place already."""
        return tuple(view for view in self.made if not view.proposal.in_place)

    @property
    def to_replace(self) -> tuple[PrincipalView, ...]:
        """Those of them that have a replacement to put in place: it wasn't refused."""
        return tuple(view for view in self.to_make if view.has_documents)


def review_view(report: Report, entries: Mapping[str, Entry] = _NO_ENTRIES) -> ReviewView:
    """The report in reading order: by class, then principals with unusual use, the worst first, then by possible harm,
    by width and by name.

    `entries` are those of outlines, by ARN.
    """
    held = Counter(_name_in_account(one) for one in report.proposals)
    views = [
        PrincipalView(one, has_namesakes=held[_name_in_account(one)] > 1, entry=entries.get(one.diff.principal.arn))
        for one in report.proposals
    ]
    sections = tuple(
        Section(principal_class, found)
        for principal_class in CLASS_ORDER
        if (found := _in_class(views, principal_class))
    )
    return ReviewView(report, sections, sum((view.counts for view in views), Counts()))


def _name_in_account(proposal: Proposal) -> str:
    """Kind, path and name, which principals of several accounts may share."""
    return proposal.diff.principal.arn.split(":", 5)[-1]


def _in_class(views: Iterable[PrincipalView], principal_class: PrincipalClass) -> tuple[PrincipalView, ...]:
    members = (view for view in views if view.diff.principal_class is principal_class)
    return tuple(sorted(members, key=_reading_order))


def _reading_order(view: PrincipalView) -> tuple[float, int, int, str]:
    unusual = (one.parameters["rank"] for one in view.caveats if one.kind is CaveatKind.UNUSUAL_USE)
    return min(unusual, default=inf), -view.counts.dangerous_unused, -view.counts.granted, view.diff.principal.arn
