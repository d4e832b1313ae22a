"""The types of a comparison: verdicts, caveats, and the complete result for a principal."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple, overload

from lpgen.core.backtests import NO_REACH, Reach, Risk
from lpgen.core.choices import KeepUnobservable, Severity, UnobservableKind
from lpgen.core.evidence import Evidence, LogCoverage, PrincipalUsage, StatementRef, UnmappedEvent, Use
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.model import AccessLevel, Action, ActionPattern, Principal, SkipReason
from lpgen.core.registry.row import Caveat, Finding
from lpgen.core.replacements import Decision, DecisionsStamp, LeftPolicy, Line, Replacement, Verification
from lpgen.core.snapshots import SnapshotStamp


class Verdict(StrEnum):
    """The verdict on an action of a principal."""

    USED = "used"
    ATTEMPTED = "attempted"  # granted and only attempted, with an undetermined outcome
    UNUSED = "unused"  # granted, and the logs would have shown use
    UNOBSERVABLE = "unobservable"  # granted, and the logs can't show use
    UNGRANTED = "ungranted"  # used, and no current policy grants it


UNSEEN: Final = frozenset({Verdict.UNUSED, Verdict.UNOBSERVABLE})
"""The verdicts on granted actions without a seen use or attempt."""


class Confidence(StrEnum):
    """The confidence in a removal."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ActionVerdict(NamedTuple):
    """The verdict on one action of one principal, with why.

    `keep` is the reason why an action without seen use is kept in the replacement, "" if it is removed. `danger` says
    what a holder could do with it, "" for most actions. `evidence` is None without a use or an attempt. (A named tuple,
    because a large organization has millions of them and it takes a third of the time to create.)
    """

    action: Action
    level: AccessLevel
    verdict: Verdict
    reason: str
    keep: str
    confidence: Confidence
    danger: str
    grants: tuple[StatementRef, ...]
    evidence: Evidence | None


class ActionFact(NamedTuple):
    """The facts about an action that don't depend on the principal: its level, and its danger as a sentence or ""."""

    level: AccessLevel
    danger: str


class Unobservable(NamedTuple):
    """Why logs don't show use of an action, and which choices for that kind would keep it."""

    kind: UnobservableKind
    held_by: tuple[KeepUnobservable, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A verdict with its reasons, shared by many actions of a principal, and compared by identity.

    `unobservable` is set if the logs can't show use."""

    verdict: Verdict
    reason: str
    _: KW_ONLY
    keep: str
    confidence: Confidence
    grants: tuple[StatementRef, ...]
    evidence: Evidence | None
    unobservable: Unobservable | None = None


class Verdicts(Sequence[ActionVerdict]):
    """The verdicts on one principal's actions, in the order of the actions.

    A principal has thousands of verdicts, and most of them differ only in the action. So this stores only a number per
    action, which takes less than a tenth of the memory, and creates each verdict on request.
    """

    __slots__ = ("_actions", "_judgements", "_numbers", "facts")

    facts: Final[Mapping[Action, ActionFact]]
    """The facts about each action that don't depend on the principal."""

    def __init__(self, judged: Iterable[tuple[Action, Judgement]], facts: Mapping[Action, ActionFact]) -> None:
        """`facts` has the facts about every action. It isn't copied."""
        numbers: dict[Judgement, int] = {}
        pairs = [(action, numbers.setdefault(judgement, len(numbers))) for action, judgement in judged]
        self._actions = tuple([action for action, _ in pairs])
        self._numbers = array("I", [number for _, number in pairs])
        self._judgements = tuple(numbers)
        self.facts = facts

    def __len__(self) -> int:
        return len(self._actions)

    @overload
    def __getitem__(self, at: int) -> ActionVerdict: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[ActionVerdict, ...]: ...
    def __getitem__(self, at: int | slice) -> ActionVerdict | tuple[ActionVerdict, ...]:
        if isinstance(at, slice):
            return tuple(self[number] for number in range(*at.indices(len(self))))
        return self.verdict_on(self._actions[at], self._judgements[self._numbers[at]])

    def __iter__(self) -> Iterator[ActionVerdict]:
        return itertools.starmap(self.verdict_on, self.judged())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Verdicts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._actions)

    def judged(self) -> Iterator[tuple[Action, Judgement]]:
        """Each action with its judgement, which is cheaper than the verdict."""
        return zip(self._actions, map(self._judgements.__getitem__, self._numbers), strict=True)

    def by_kind(self) -> Counter[tuple[UnobservableKind, KeepUnobservable]]:
        """The number of unobservable actions of each kind that each choice would keep."""
        found: Counter[tuple[UnobservableKind, KeepUnobservable]] = Counter()
        for number, count in Counter(self._numbers).items():
            if (fact := self._judgements[number].unobservable) is not None:
                found.update(dict.fromkeys(((fact.kind, choice) for choice in fact.held_by), count))
        return found

    def by_verdict(self) -> Counter[Verdict]:
        """The number of actions with each verdict."""
        found: Counter[Verdict] = Counter()
        for number, count in Counter(self._numbers).items():
            found[self._judgements[number].verdict] += count
        return found

    def dangerous_unseen(self) -> Iterator[ActionVerdict]:
        """The verdicts on dangerous grants without seen use."""
        facts = self.facts
        for action, judgement in self.judged():
            if judgement.verdict in UNSEEN and facts[action].danger:
                yield self.verdict_on(action, judgement)

    def statements(self) -> frozenset[StatementRef]:
        """The statements that grant any of the actions."""
        return frozenset(ref for judgement in self._judgements for ref in judgement.grants)

    def granted_by(self, policies: Collection[str]) -> frozenset[Action]:
        """The actions that any of these policies, given by ARN or name, grants."""
        by_them = {
            judgement for judgement in self._judgements if any(ref.policy in policies for ref in judgement.grants)
        }
        return (
            frozenset(action for action, judgement in self.judged() if judgement in by_them) if by_them else frozenset()
        )

    def verdict_on(self, action: Action, judgement: Judgement) -> ActionVerdict:
        """The verdict of a judgement on this action."""
        level, danger = self.facts[action]
        return ActionVerdict(
            action,
            level,
            judgement.verdict,
            judgement.reason,
            judgement.keep,
            judgement.confidence,
            danger,
            judgement.grants,
            judgement.evidence,
        )


@dataclass(frozen=True, slots=True)
class UngrantedUse:
    """A use that no current policy grants. `explanation` is "" if nothing explains it."""

    use: Use
    reason: str
    _: KW_ONLY
    explanation: str


@dataclass(frozen=True, slots=True)
class DangerousUse:
    """A dangerous action that a principal used: its harm, the days of use, and the evidence."""

    action: Action
    harm: str
    _: KW_ONLY
    on: tuple[date, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class WildcardUse:
    """One wildcard of an Allow: how many actions it matches today, and the used ones."""

    ref: StatementRef
    pattern: ActionPattern
    _: KW_ONLY
    not_action: bool
    expands_to: int
    used: tuple[Action, ...]


class PrincipalClass(StrEnum):
    """The class of a principal, which decides its treatment."""

    ACTIVE = "active"
    UNUSED = "unused"
    UNSEEN = "unseen"  # no record shows its use, but IAM or a service that assumed it does
    BREAK_GLASS = "break_glass"  # for emergencies, according to the decisions file
    NOT_COVERED = "not_covered"  # no log of its account was read
    GRANTS_UNKNOWN = "grants_unknown"
    NO_GRANTS = "no_grants"
    SERVICE_LINKED = "service_linked"
    SSO = "sso"
    LEFT_TO_AWS = "left_to_aws"  # AWS wrote its policies, and everything that they allow is kept
    NOT_IN_SNAPSHOT = "not_in_snapshot"


GENERATED_CLASSES: Final = frozenset({PrincipalClass.ACTIVE, PrincipalClass.SSO})
"""The classes for which replacements are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detachment:
    """The policies and groups to replace: managed policies to detach, inline policies to delete, groups to leave."""

    managed: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recreation:
    """A principal that was deleted and created again with the same name, on a day or None if that isn't known.

    `records` is the number of records of earlier principals, which don't count.
    """

    created: date | None
    records: int

    @property
    def text(self) -> str:
        """This fact as a clause."""
        day = f" on {self.created}" if self.created else ""
        what, verb = ("record", "doesn't") if self.records == 1 else ("records", "don't")
        return _RECREATED.format(day=day, records=self.records, what=what, verb=verb)


_RECREATED: Final = "deleted and created again{day}; {records:,} {what} of the deleted one {verb} count"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFindings:
    """The findings from one principal's records.

    `covered_days` is the number of days that the logs of its account cover, `active_days` the number of days on which
    it was active, 0 if not counted. `days` are, by action, the sorted days with records that aren't denials.
    `dangerous` are the dangerous actions that it used. `recreated` is set if records of an earlier principal of its
    name are ignored.
    """

    covered_days: int = 0
    active_days: int = 0
    days: tuple[tuple[Action, tuple[date, ...]], ...] = ()
    ungranted: tuple[UngrantedUse, ...] = ()
    denied: tuple[Use, ...] = ()
    unmapped: tuple[UnmappedEvent, ...] = ()
    dangerous: tuple[DangerousUse, ...] = ()
    recreated: Recreation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The verdicts on one principal's grants, its wildcards, and why its replacement may not be safe."""

    verdicts: Verdicts
    wildcards: tuple[WildcardUse, ...] = ()
    caveats: tuple[Caveat, ...] = ()

    @property
    def open_caveats(self) -> tuple[Caveat, ...]:
        """The caveats that nobody has accepted."""
        return tuple(caveat for caveat in self.caveats if not caveat.accepted_by)


class RestsOn(StrEnum):
    """The evidence for the removals of a replacement."""

    LOGS = "logs"
    LAST_ACCESSED = "last-accessed"  # in the first month: only IAM's report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementDraft:
    """The lines of one principal's replacement, and the policies that it replaces.

    `left` are the policies left attached; `lines` and `detach` exclude them. `dropped` are lines that decisions drop.
    `risk` says how likely it is to deny something soon, None without a backtest. `reach` says how far the old
    policies and the lines reach beyond the principal's own resources. `tracked_days` is for how many days service last
    accessed proves the removals of a first-month replacement, 0 if they rest on the logs, and `days_to_logs` after how
    many more days of logs they can.
    """

    lines: tuple[Line, ...] = ()
    dropped: tuple[DroppedLine, ...] = ()
    left: tuple[LeftPolicy, ...] = ()
    detach: Detachment = Detachment()
    risk: Risk | None = None
    reach: Reach = NO_REACH
    tracked_days: int = 0
    days_to_logs: int = 0

    @property
    def rests_on(self) -> RestsOn:
        """The evidence for its removals."""
        return RestsOn.LAST_ACCESSED if self.tracked_days else RestsOn.LOGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice for one principal, as a sentence and as a clause."""

    sentence: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalDiff:
    """Granted vs. used for one principal."""

    principal: Principal
    principal_class: PrincipalClass
    use: UseFindings
    assessment: Assessment
    draft: ReplacementDraft
    advice: Advice

    @property
    def left_actions(self) -> frozenset[Action]:
        """The actions that the policies left attached grant."""
        return self.assessment.verdicts.granted_by({policy.arn for policy in self.draft.left})


@dataclass(frozen=True, slots=True)
class DroppedLine:
    """A line that a person's decision drops from the replacement."""

    line: Line
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The whole comparison. `as_of` is the reference date for ages; `unlisted` are principals outside the snapshot."""

    as_of: date
    catalog_date: str
    catalog_version: str
    coverage: LogCoverage
    skips: tuple[SkipCount, ...]
    principals: tuple[PrincipalDiff, ...]
    unlisted: tuple[PrincipalUsage, ...]
    expired: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class SkipCount:
    """The number of records skipped for one reason, with the earliest example's event id."""

    reason: SkipReason
    records: int
    _: KW_ONLY
    example_event_id: str


_NOTHING: Final = "nothing: its policies already match the replacement"


@dataclass(frozen=True, slots=True)
class OpenWay:
    """A combination of permissions that gains rights: the way's id, what it does, and its actions.

    `gains` is how many principals, groups and kinds of administrative rights it gains, `example` the first of them
    (an ARN or `admin:ACCOUNT`), and `left` how many it still gains after the principal's replacement. `if_exists`: it
    needs compute, and no inventory says whether it exists.
    """

    rule: str
    does: str
    actions: tuple[Action, ...]
    gains: int
    example: str
    left: int
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Reachable:
    """How many other principals a principal can become, and the nodes on its shortest path to administrative rights,
    from itself to `admin:ACCOUNT`; none if there is no path."""

    principals: int
    to_admin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Becoming:
    """What a principal can become over open edges of the network, see `lpgen.core.graph`.

    `after` is with its own replacement, while all others keep their policies; None without a replacement.
    """

    today: Reachable
    after: Reachable | None
    ways: tuple[OpenWay, ...] = ()

    @property
    def loses_admin(self) -> bool:
        """Whether the replacement cuts every path to administrative rights."""
        return bool(self.today.to_admin) and self.after is not None and not self.after.to_admin


@dataclass(frozen=True, slots=True)
class Proposal:
    """The complete result for one principal. `replacement` and `verification` are None if its class gets none.

    `in_place` means that its policies already mean the same as the replacement, so there is nothing to do. `becoming`
    is None if the network of principals wasn't asked for.
    """

    diff: PrincipalDiff
    replacement: Replacement | None
    _: KW_ONLY
    verification: Verification | None
    in_place: bool = False
    becoming: Becoming | None = None

    @property
    def advice(self) -> str:
        """The proposal, in one sentence."""
        return _NOTHING if self.in_place else self.diff.advice.sentence

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """The open caveats of the replacement; empty if it is safe."""
        found: list[Caveat] = []
        if self.replacement is not None and self.replacement.refused_for is not None:
            found.append(self.replacement.refused_for)
        elif self.verification is not None and self.verification.caveat is not None:
            found.append(self.verification.caveat)
        return (*found, *(caveat for caveat in self.diff.assessment.open_caveats if caveat not in found))

    @property
    def safe(self) -> bool:
        """Whether there is a replacement without open caveats."""
        return self.replacement is not None and self.verification is not None and not self.caveats


@dataclass(frozen=True, slots=True)
class OutsideTrust(Finding):
    """An outsider who may assume the role `principal`, an ARN."""

    _: KW_ONLY
    principal: str
    severity: Severity


class SavingKind(StrEnum):
    """The proposals for roles that save something."""

    MERGE = "merge"
    SPLIT = "split"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Saving:
    """What a proposal for roles saves. `roles` or permission sets replace the `principals`, sorted ARNs.

    `saved` is how many roles fewer there are (merge), how many used pairs of action and scope the roles lack together
    (split), or how many access keys nobody needs any longer (user).
    """

    kind: SavingKind
    principals: tuple[str, ...]
    roles: int
    saved: int


@dataclass(frozen=True, slots=True)
class Report:
    """The input of the renderers of review and generate. `problems` are gaps of the snapshot.

    `min_days` is how many covered days are enough. `guards` are the policies that it took into account other than the
    principals' own. `snapshot` is the source of some of the files; its gaps are among the problems. `unread_files` is
    the number of log files that couldn't be read and weren't replaced. All files are from the folder or bucket
    `log_place` ("": none). `generation` is the name of the usage tables. `trust` lists the outsiders that may assume
    roles, the worst first. `decisions` are the decisions that it took into account, if any. `max_risk` is the highest
    risk of a safe replacement, None without a backtest. `savings` are the proposals for roles that save most.
    """

    diff: Diff
    proposals: tuple[Proposal, ...]
    _: KW_ONLY
    problems: tuple[str, ...]
    min_days: int
    guards: Guards = NO_GUARDS
    snapshot: SnapshotStamp | None = None
    unread_files: int = 0
    log_place: str = ""
    generation: str = ""
    trust: tuple[OutsideTrust, ...] = ()
    decisions: DecisionsStamp | None = None
    max_risk: float | None = None
    savings: tuple[Saving, ...] = ()

    @property
    def resource_counts(self) -> tuple[int, int]:
        """The numbers of known trust policies of roles and of other known resource policies."""
        known = self.guards.resource_policies
        trusts = sum(":role/" in policy.resource for policy in known)
        return trusts, len(known) - trusts

    @property
    def open_trust(self) -> tuple[OutsideTrust, ...]:
        """The outside trust that no decision accepts."""
        return tuple(trust for trust in self.trust if not trust.accepted_by)
