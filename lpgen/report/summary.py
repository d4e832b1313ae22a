"""Summaries of each principal and of a whole review. They are small enough to hold for a whole organization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from math import inf
from typing import Annotated, Final

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.backtests import Reach, Risk
from lpgen.core.choices import KeepUnobservable, Severity, UnobservableKind
from lpgen.core.documents import Count, RowPart, means
from lpgen.core.findings import Becoming, OutsideTrust, PrincipalClass, Recreation, Report, RestsOn
from lpgen.core.model import Principal
from lpgen.core.registry.row import Caveat
from lpgen.report.blocks import NO_OPTIONS, Given, plural


class Counts(RowPart, kw_only=True):
    """Numbers of distinct actions. Numbers that depend on a replacement are 0 if there is none.

    `granted` is `used + attempted + unused + unobservable`. With a replacement it is also `kept + removed`. `all_KIND`
    and `signed_KIND` count the unobservable actions of a kind that each choice of `--keep-unobservable` keeps; `none`
    keeps none. The `reach` numbers are from `lpgen.core.backtests.Reach`.
    """

    granted: Annotated[Count, means("Granted actions: used, attempted, unused and unobservable ones.")]
    used: Annotated[Count, means("Granted actions that were used.")]
    attempted: Annotated[Count, means("Granted actions that were only attempted, with an unknown outcome.")]
    unused: Annotated[Count, means("Granted actions that weren't used. The logs would have shown use.")]
    unobservable: Annotated[Count, means("Granted actions whose use the logs can't show.")]
    ungranted: Annotated[Count, means("Used actions that no policy grants.")]
    kept: Annotated[Count, means("Granted actions in the replacement or in policies left attached.")]
    kept_unseen: Annotated[Count, means("Kept actions without recorded use or attempt.")]
    removed: Annotated[Count, means("Granted actions that aren't kept.")]
    dangerous: Annotated[Count, means("Removed dangerous actions without recorded use.")]
    dangerous_unused: Annotated[Count, means("Dangerous grants without recorded use, removed or kept.")]
    reach_places: Annotated[
        Count, means("Pairs of an action of the principal and a resource that others use with this action.")
    ]
    reach_old: Annotated[Count, means("Number of these pairs that the old policies allow.")]
    reach_new: Annotated[Count, means("Number of these pairs that the replacement allows.")]
    reach_pinned_places: Annotated[Count, means("Pairs whose resource is data, a secret, a key or a role.")]
    reach_pinned_old: Annotated[Count, means("Number of these pinned pairs that the old policies allow.")]
    reach_pinned_new: Annotated[Count, means("Number of these pinned pairs that the replacement allows.")]
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
        """The reach of the old policies and of the replacements."""
        return Reach(*(getattr(self, f"reach_{field.name}") for field in fields(Reach)))

    def kept_by(self, choice: KeepUnobservable, kind: UnobservableKind) -> int:
        """The number of unobservable actions of a kind that a choice keeps."""
        return 0 if choice is KeepUnobservable.NONE else int(getattr(self, field_of_choice(choice, kind)))

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


NO_COUNTS: Final = Counts(**dict.fromkeys(Counts.__struct_fields__, 0))


def field_of_choice(choice: KeepUnobservable, kind: UnobservableKind) -> str:
    """The name of the field that counts the actions of a kind that a choice keeps."""
    return f"{choice}_{kind.replace('-', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalSummary:
    """One principal in a report, without its policies, verdicts and lines.

    `advice` is the proposal in one sentence. `task` is what to do if nothing is replaced. `is_replaced` means that a
    replacement was made. `refusal` is why it can't be put in place ("": it can). `in_place` means that the policies
    already have the meaning of the replacement. `caveats` are the open reasons not to call it safe, and `accepted` are
    the accepted ones. `failed` means that the verification failed. `left` are the ARNs of the policies left attached.
    `has_decided` means that a decision keeps or drops something. `recreated` is set if the principal was deleted and
    created again. `has_namesakes` means that another account in the report has a principal of the same name.
    `becoming` is what it can become, without the ways, or None if that wasn't asked for. `rests_on` is the evidence for
    the removals. For a first-month replacement, IAM's report proves them for `tracked_days`, and after `days_to_logs`
    more days of logs, a replacement can rest on the logs.
    """

    principal: Principal
    principal_class: PrincipalClass
    advice: str
    task: str
    counts: Counts
    caveats: tuple[Caveat, ...]
    accepted: tuple[Caveat, ...] = ()
    risk: Risk | None = None
    is_replaced: bool = False
    refusal: str = ""
    in_place: bool = False
    safe: bool = False
    failed: bool = False
    left: tuple[str, ...] = ()
    has_decided: bool = False
    recreated: Recreation | None = None
    has_namesakes: bool = False
    becoming: Becoming | None = None
    rests_on: RestsOn = RestsOn.LOGS
    tracked_days: int = 0
    days_to_logs: int = 0

    @property
    def is_first_month(self) -> bool:
        """Whether it has a first-month replacement to put in place."""
        return self.rests_on is RestsOn.LAST_ACCESSED and self.has_documents and not self.in_place

    @property
    def arn(self) -> str:
        """The principal's ARN."""
        return self.principal.arn

    @property
    def has_documents(self) -> bool:
        """Whether a replacement was made and not refused."""
        return self.is_replaced and not self.refusal

    @property
    def open_caveats(self) -> tuple[Caveat, ...]:
        """The open reasons. For a replacement in place, only the reasons that still matter."""
        return tuple(caveat for caveat in self.caveats if caveat.kind in _IN_PLACE) if self.in_place else self.caveats

    @property
    def dangers_left(self) -> int:
        """The number of dangerous grants without recorded use that remain once a safe replacement is in place."""
        return self.counts.dangerous_unused - (self.counts.dangerous if self.safe or self.in_place else 0)

    @property
    def cuts_admin(self) -> bool:
        """Whether a replacement to put in place cuts every path to administrative rights."""
        return bool(self.becoming and self.becoming.loses_admin and self.has_documents and not self.in_place)

    @property
    def unusual(self) -> tuple[Caveat, ...]:
        """The caveats about unusual use."""
        return tuple(caveat for caveat in self.caveats if caveat.kind is DangerCaveat.UNUSUAL_USE)


_IN_PLACE: Final = frozenset({DangerCaveat.UNUSUAL_USE, LogsCaveat.COVERAGE_HOLE})
"""Caveats that matter even with a replacement in place: unusual use, and attempts that the logs miss."""

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
    """A reason to look at a principal first: outsiders can assume it, or it shows unusual, dangerous use."""

    principal: PrincipalSummary
    severity: Severity
    message: str
    trust: OutsideTrust | None = None


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """A review without the details of its principals. `report` has no proposals.

    `dangers` are the unaccepted ways in for outsiders, and unusual use. They are sorted by severity, then by how many
    people they are open to, then by the danger of the principal. `principals` are sorted by risk: first principals in
    danger, then those whose replacement cuts a path to administrative rights, then those with the most dangerous and
    the widest grants. Principals that need no action come last.
    `trust_only` is the number of roles with a written trust policy and no replacement.
    """

    report: Report
    principals: tuple[PrincipalSummary, ...]
    dangers: tuple[Danger, ...]
    trust_only: int = 0

    @property
    def trust(self) -> tuple[OutsideTrust, ...]:
        """The unaccepted ways in for outsiders, the worst first."""
        return tuple(danger.trust for danger in self.dangers if danger.trust)

    @property
    def assumable(self) -> tuple[PrincipalSummary, ...]:
        """The roles that outsiders can assume, the worst first."""
        return tuple({danger.principal.arn: danger.principal for danger in self.dangers if danger.trust}.values())

    @property
    def counts(self) -> Counts:
        """The sums over the principals with a replacement, or over all principals if none has one."""
        return sum_counts(self.with_documents or self.principals)

    @property
    def replaced(self) -> tuple[PrincipalSummary, ...]:
        """The principals for which a replacement was made or refused."""
        return tuple(principal for principal in self.principals if principal.is_replaced)

    @property
    def with_documents(self) -> tuple[PrincipalSummary, ...]:
        """The principals with a replacement that wasn't refused."""
        return tuple(summary for summary in self.replaced if summary.has_documents)

    @property
    def open(self) -> tuple[PrincipalSummary, ...]:
        """The principals with a replacement, made or refused, that isn't in place yet."""
        return tuple(summary for summary in self.replaced if not summary.in_place)

    @property
    def to_replace(self) -> tuple[PrincipalSummary, ...]:
        """The principals with a replacement to put in place."""
        return tuple(summary for summary in self.open if summary.has_documents)

    @property
    def safe(self) -> tuple[PrincipalSummary, ...]:
        """The principals with a safe replacement to put in place."""
        return tuple(summary for summary in self.to_replace if summary.safe)

    @property
    def first_month(self) -> tuple[PrincipalSummary, ...]:
        """The principals with a first-month replacement to put in place."""
        return tuple(summary for summary in self.to_replace if summary.is_first_month)

    @property
    def unusual(self) -> tuple[PrincipalSummary, ...]:
        """The principals with unusual use, the worst first."""
        return tuple(principal for principal in self.principals if principal.unusual)

    @property
    def accepted(self) -> int:
        """The number of caveats and of ways in for outsiders that decisions accept."""
        ways = sum(bool(trust.accepted_by) for trust in self.report.trust)
        return ways + sum(len(principal.accepted) for principal in self.principals)

    @property
    def accounts_without_logs(self) -> tuple[str, ...]:
        """The accounts with principals but without logs, sorted."""
        read = {account.account for account in self.report.diff.coverage.accounts}
        return tuple(sorted({principal.principal.account for principal in self.principals} - read))


def sum_counts(principals: Iterable[PrincipalSummary]) -> Counts:
    """The sums over some principals."""
    return sum((principal.counts for principal in principals), NO_COUNTS)


def summary_of_review(report: Report, principals: Iterable[PrincipalSummary]) -> ReviewSummary:
    """The summary of a review with these principals, which may be in any order."""
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
    message = f"{worst['action']}{more} {verb} unusual for it, first seen on {worst['first']}"
    return Danger(summary, DangerCaveat.UNUSUAL_USE.row.severity, message)


def _name_in_account(summary: PrincipalSummary) -> str:
    """The kind, path and name, which principals in several accounts may share."""
    return summary.arn.split(":", 5)[-1]


_OPEN_TO: Final = ("everyone", "provider", "organization", "account")
"""Kinds of outsiders. Kinds that include more people come first."""


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


def _harm(summary: PrincipalSummary) -> tuple[bool, bool, int, int, str]:
    idle = summary.in_place or summary.principal_class in _NOTHING_TO_DO
    return idle, not summary.cuts_admin, -summary.counts.dangerous_unused, -summary.counts.granted, summary.arn


@dataclass(frozen=True, slots=True)
class PartedReview:
    """A review whose principals were already written. `text_of` reads the text of a principal by its ARN.

    Commands on the page have the options `given`.
    """

    summary: ReviewSummary
    text_of: Callable[[str], str]
    given: Given = NO_OPTIONS
