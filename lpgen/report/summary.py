"""What a report says of each principal, and of all of them: values small enough to hold for a whole organization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from math import inf
from typing import Annotated, Final

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.backtests import ExpectedDenials, Reach
from lpgen.core.choices import KeepUnobservable, Severity, UnobservableKind
from lpgen.core.documents import Count, RowPart, means
from lpgen.core.findings import OutsideTrust, PrincipalClass, Recreation, Report
from lpgen.core.model import Principal
from lpgen.core.registry.row import Caveat
from lpgen.report.blocks import NO_OPTIONS, Given, plural


class Counts(RowPart, kw_only=True):
    """Numbers of distinct actions. What depends on a replacement is 0 where there is none.

    `granted` is `used + attempted + unused + unobservable`, and with a replacement also `kept + removed`. The numbers
    `all_KIND` and `signed_KIND` count the unobservable actions of a kind that each choice of `--keep-unobservable`
    keeps; `none` keeps none of them. The `reach` numbers are those of `lpgen.core.backtests.Reach`.
    """

    granted: Annotated[Count, means("Granted actions: used, attempted, unused and unobservable ones.")]
    used: Annotated[Count, means("Granted actions that were used.")]
    attempted: Annotated[Count, means("Granted actions that were only attempted, with an undetermined outcome.")]
    unused: Annotated[Count, means("Granted actions that weren't used, though use would have shown.")]
    unobservable: Annotated[Count, means("Granted actions whose use the logs could not have shown.")]
    ungranted: Annotated[Count, means("Used actions that no policy grants.")]
    kept: Annotated[Count, means("Granted actions that stay, in the replacement or in policies left attached.")]
    kept_unseen: Annotated[Count, means("Kept actions that no record shows in use or attempted.")]
    removed: Annotated[Count, means("Granted actions that aren't kept.")]
    dangerous: Annotated[Count, means("Dangerous ones of the removed actions that no record shows in use.")]
    dangerous_unused: Annotated[Count, means("Dangerous grants without seen use, removed or kept.")]
    reach_places: Annotated[Count, means("Pairs of one of its actions and a resource that others use with it.")]
    reach_old: Annotated[Count, means("How many of these the old policies allow.")]
    reach_new: Annotated[Count, means("How many of these the replacement allows.")]
    reach_pinned_places: Annotated[Count, means("Such pairs of data, secrets, keys and roles.")]
    reach_pinned_old: Annotated[Count, means("How many of the pinned pairs the old policies allow.")]
    reach_pinned_new: Annotated[Count, means("How many of the pinned pairs the replacement allows.")]
    all_data_events: Annotated[Count, means("Unobservable actions with data events that `all` keeps.")]
    all_other_protocol: Annotated[Count, means("Unobservable actions of another protocol that `all` keeps.")]
    all_inside_call: Annotated[Count, means("Unobservable actions inside other calls that `all` keeps.")]
    all_internal: Annotated[Count, means("Unobservable internal actions that `all` keeps.")]
    all_unclassified: Annotated[Count, means("Other unobservable actions that `all` keeps.")]
    signed_data_events: Annotated[Count, means("Unobservable actions with data events that `signed` keeps.")]
    signed_other_protocol: Annotated[Count, means("Unobservable actions of another protocol that `signed` keeps.")]
    signed_inside_call: Annotated[Count, means("Unobservable actions inside other calls that `signed` keeps.")]
    signed_internal: Annotated[Count, means("Unobservable internal actions that `signed` keeps.")]
    signed_unclassified: Annotated[Count, means("Other unobservable actions that `signed` keeps.")]

    @property
    def reach(self) -> Reach:
        """How far the old policies reach and the replacements do."""
        return Reach(*(getattr(self, f"reach_{field.name}") for field in fields(Reach)))

    def kept_by(self, choice: KeepUnobservable, kind: UnobservableKind) -> int:
        """How many unobservable actions of a kind a choice keeps."""
        return 0 if choice is KeepUnobservable.NONE else int(getattr(self, field_of_choice(choice, kind)))

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


NO_COUNTS: Final = Counts(**dict.fromkeys(Counts.__struct_fields__, 0))


def field_of_choice(choice: KeepUnobservable, kind: UnobservableKind) -> str:
    """The name of the count of the actions of a kind that a choice keeps."""
    return f"{choice}_{kind.replace('-', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalSummary:
    """What a report says of one principal, without its policies, verdicts and lines.

    `advice` is the proposal in one sentence, and `task` what to do where nothing is replaced. `is_replaced` says that
    a replacement was made, `refusal` why it can't be put in place ("": it can), and `in_place` that the policies say
    what it says already. `caveats` are the open reasons not to call it safe, and `accepted` those that a person has
    accepted. `failed` says that it failed its verification. `left` are the ARNs of the policies left attached.
    `has_decided` says that decisions keep or drop anything, and `recreated` that it was deleted and created again.
    `has_namesakes` says that another account of the report has
    a principal of the same name.
    """

    principal: Principal
    principal_class: PrincipalClass
    advice: str
    task: str
    counts: Counts
    caveats: tuple[Caveat, ...]
    accepted: tuple[Caveat, ...] = ()
    expected: ExpectedDenials | None = None
    is_replaced: bool = False
    refusal: str = ""
    in_place: bool = False
    safe: bool = False
    failed: bool = False
    left: tuple[str, ...] = ()
    has_decided: bool = False
    recreated: Recreation | None = None
    has_namesakes: bool = False

    @property
    def arn(self) -> str:
        """The principal's ARN."""
        return self.principal.arn

    @property
    def has_documents(self) -> bool:
        """Whether there is a replacement to put in place: one was made, and it wasn't refused."""
        return self.is_replaced and not self.refusal

    @property
    def open_caveats(self) -> tuple[Caveat, ...]:
        """The open reasons; for a replacement in place, those that still need a look."""
        return tuple(caveat for caveat in self.caveats if caveat.kind in _IN_PLACE) if self.in_place else self.caveats

    @property
    def dangers_left(self) -> int:
        """How many dangerous grants that no record shows are left by what can be put in place now."""
        return self.counts.dangerous_unused - (self.counts.dangerous if self.safe or self.in_place else 0)

    @property
    def unusual(self) -> tuple[Caveat, ...]:
        """The unusual use."""
        return tuple(caveat for caveat in self.caveats if caveat.kind is DangerCaveat.UNUSUAL_USE)


_IN_PLACE: Final = frozenset({DangerCaveat.UNUSUAL_USE, LogsCaveat.COVERAGE_HOLE})
"""Caveats that matter though a replacement is in place: unusual use, and attempts that the logs miss."""

_NOTHING_TO_DO: Final = frozenset(
    {
        PrincipalClass.BREAK_GLASS,
        PrincipalClass.LEFT_TO_AWS,
        PrincipalClass.SERVICE_LINKED,
        PrincipalClass.NO_GRANTS,
        PrincipalClass.NOT_IN_SNAPSHOT,
    }
)


@dataclass(frozen=True, slots=True)
class Danger:
    """Why to look at a principal before all others: outsiders can assume it, or something dangerous was unusual."""

    principal: PrincipalSummary
    severity: Severity
    message: str
    trust: OutsideTrust | None = None


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """A review without the details of its principals. `report` has no proposals.

    `dangers` are the ways in for outsiders that no decision accepts, and the unusual use. The worst come first, and of
    equally bad ones those that are open to more people, and those of more dangerous principals. `principals` are sorted
    by harm: those in danger, and then those with the most dangerous and the widest grants. Those about whom there is
    nothing to do come last.
    """

    report: Report
    principals: tuple[PrincipalSummary, ...]
    dangers: tuple[Danger, ...]

    @property
    def trust(self) -> tuple[OutsideTrust, ...]:
        """The ways in for outsiders that no decision accepts, the worst first."""
        return tuple(danger.trust for danger in self.dangers if danger.trust)

    @property
    def assumable(self) -> tuple[PrincipalSummary, ...]:
        """The roles that outsiders can assume, those with the worst way in first."""
        return tuple({danger.principal.arn: danger.principal for danger in self.dangers if danger.trust}.values())

    @property
    def counts(self) -> Counts:
        """The numbers of all principals with a replacement together, or of all principals where none has one."""
        return sum_counts(self.with_documents or self.principals)

    @property
    def replaced(self) -> tuple[PrincipalSummary, ...]:
        """The principals for which a replacement was made or refused."""
        return tuple(principal for principal in self.principals if principal.is_replaced)

    @property
    def with_documents(self) -> tuple[PrincipalSummary, ...]:
        """Those of them whose replacement wasn't refused."""
        return tuple(summary for summary in self.replaced if summary.has_documents)

    @property
    def open(self) -> tuple[PrincipalSummary, ...]:
        """Those of them whose replacement isn't in place already."""
        return tuple(summary for summary in self.replaced if not summary.in_place)

    @property
    def to_replace(self) -> tuple[PrincipalSummary, ...]:
        """Those of them that have a replacement to put in place: it wasn't refused."""
        return tuple(summary for summary in self.open if summary.has_documents)

    @property
    def safe(self) -> tuple[PrincipalSummary, ...]:
        """Those of them whose replacement is called safe."""
        return tuple(summary for summary in self.to_replace if summary.safe)

    @property
    def unusual(self) -> tuple[PrincipalSummary, ...]:
        """The principals with unusual use, the worst first."""
        return tuple(principal for principal in self.principals if principal.unusual)

    @property
    def accepted(self) -> int:
        """How many reasons not to call a replacement safe, and ways into roles from outside, decisions accept."""
        ways = sum(bool(trust.accepted_by) for trust in self.report.trust)
        return ways + sum(len(principal.accepted) for principal in self.principals)

    @property
    def accounts_without_logs(self) -> tuple[str, ...]:
        """The accounts of principals of which no log was read, sorted."""
        read = {account.account for account in self.report.diff.coverage.accounts}
        return tuple(sorted({principal.principal.account for principal in self.principals} - read))


def sum_counts(principals: Iterable[PrincipalSummary]) -> Counts:
    """The numbers of some principals together."""
    return sum((principal.counts for principal in principals), NO_COUNTS)


def summary_of_review(report: Report, principals: Iterable[PrincipalSummary]) -> ReviewSummary:
    """The summary of a review with these principals, in any order."""
    found = tuple(principals)
    held = Counter(map(_name_in_account, found))
    named = [replace(summary, has_namesakes=held[_name_in_account(summary)] > 1) for summary in found]
    known = {summary.arn: summary for summary in named}
    outside = [_outsiders(known[trust.principal], trust) for trust in report.open_trust if trust.principal in known]
    dangers = sorted((*outside, *(_unusual(summary) for summary in named if summary.unusual)), key=_rank)
    worst = {danger.principal.arn: number for number, danger in reversed(list(enumerate(dangers)))}
    ordered = sorted(named, key=lambda summary: (worst.get(summary.arn, inf), _harm(summary)))
    return ReviewSummary(report, tuple(ordered), tuple(dangers))


def _outsiders(summary: PrincipalSummary, trust: OutsideTrust) -> Danger:
    dangerous = summary.counts.dangerous_unused
    more = f"; it has {plural(dangerous, 'dangerous grant')}" if dangerous else ""
    return Danger(summary, trust.severity, f"{trust.message}{more}", trust)


def _unusual(summary: PrincipalSummary) -> Danger:
    worst, *others = (caveat.parameters for caveat in summary.unusual)
    more = f" and {plural(len(others), 'other action')}" if others else ""
    verb = "are" if others else "is"
    message = f"{worst['action']}{more} {verb} unusual for it, first used so on {worst['first']}"
    return Danger(summary, DangerCaveat.UNUSUAL_USE.row.severity, message)


def _name_in_account(summary: PrincipalSummary) -> str:
    """Kind, path and name, which principals of several accounts may share."""
    return summary.arn.split(":", 5)[-1]


_OPEN_TO: Final = ("everyone", "provider", "organization", "account")
"""Kinds of outsiders, those of the most people first."""


def _rank(danger: Danger) -> tuple[int, int, float, int, str, str]:
    unusual = min((caveat.parameters["rank"] for caveat in danger.principal.unusual), default=inf)
    return (
        tuple(Severity).index(danger.severity),
        _OPEN_TO.index(danger.trust.parameters["case"]) if danger.trust else -1,
        unusual,
        -danger.principal.counts.dangerous_unused,
        danger.principal.arn,
        danger.message,
    )


def _harm(summary: PrincipalSummary) -> tuple[bool, int, int, str]:
    idle = summary.in_place or summary.principal_class in _NOTHING_TO_DO
    return idle, -summary.counts.dangerous_unused, -summary.counts.granted, summary.arn


@dataclass(frozen=True, slots=True)
class PartedReview:
    """A review whose principals' parts were written where they were made, and are read by ARN when they are needed.

    Commands on the page have the options `given`.
    """

    summary: ReviewSummary
    text_of: Callable[[str], str]
    given: Given = NO_OPTIONS
