"""The types of the analysis: what a principal was granted and used, what to replace it with, and the proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lpgen.core.model import (
    AccessLevel,
    Action,
    ActionPattern,
    DenialKind,
    Outcome,
    PolicyKind,
    Principal,
    Resource,
    SkipReason,
    Statement,
)

# ---------------------------------------------------------------- use, read off the usage table


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a use is known: times are ISO 8601 in UTC, the example is the earliest record's."""

    records: int
    first_seen: str
    last_seen: str
    example_event_id: str
    example_resource: str


@dataclass(frozen=True, slots=True)
class Use:
    """One action of one principal on one resource with one outcome, over all days."""

    action: Action
    resource: Resource
    outcome: Outcome
    how: str
    denial_kind: DenialKind
    error_code: str
    regions: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class UnmappedEvent:
    """Calls whose action is unknown: the event map doesn't know them, or (BAD_RECORD) their record can't be read."""

    event_source: str
    event_name: str
    evidence: Evidence
    reason: SkipReason = SkipReason.UNMAPPED

    @property
    def item(self) -> str:
        """How a decision names it."""
        return " ".join(filter(None, (self.reason, self.event_source, self.event_name)))


@dataclass(frozen=True, slots=True)
class PrincipalUsage:
    """All that the usage and skip tables hold of one principal. `principal_ids` are those its records carry."""

    principal: str
    principal_ids: tuple[str, ...]
    uses: tuple[Use, ...]
    unmapped: tuple[UnmappedEvent, ...]
    regions: tuple[str, ...]


# ---------------------------------------------------------------- coverage


@dataclass(frozen=True, slots=True)
class Gap:
    """Days in a row without a single record, first and last included."""

    first: date
    last: date


class CoverageSource(StrEnum):
    """What says which events were recorded."""

    LOG = "the log itself"
    TRAILS = "the trail settings"


@dataclass(frozen=True, slots=True)
class Hole:
    """Days that an event in the logs takes out of the coverage, first and last included; `why` names the event."""

    first: date
    last: date
    why: str


@dataclass(frozen=True, slots=True)
class AccountCoverage:
    """What was read of one account. `covered_days` counts the window's days less those of the gaps and holes.

    `data_events` are pairs of region and event source whose data events were seen at least once: nothing but the log
    itself says so here, so a source without a single data event counts as not recorded. `known_from` says whether that
    decides, or `trails`: the settings of the trails that record the account, a sentence each. `unseen` are the event
    sources of management events that trails may exclude and that the log holds no record of.
    `changes` are recorded changes of trails that took no day out of the coverage.
    """

    account: str
    first_day: date
    last_day: date
    covered_days: int
    gaps: tuple[Gap, ...]
    regions: tuple[str, ...]
    records: int
    data_events: frozenset[tuple[str, str]]
    holes: tuple[Hole, ...] = ()
    known_from: CoverageSource = CoverageSource.LOG
    trails: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """What was read of all accounts, sorted by account."""

    accounts: tuple[AccountCoverage, ...]

    def account(self, account: str) -> AccountCoverage | None:
        """The coverage of one account, or None where none of its logs was read."""
        return next((one for one in self.accounts if one.account == account), None)

    @property
    def last_day(self) -> date | None:
        """The last day of any record: what reports count from unless told otherwise."""
        return max((one.last_day for one in self.accounts), default=None)


# ---------------------------------------------------------------- grants


@dataclass(frozen=True, slots=True, order=True)
class StatementRef:
    """Which statement of which policy: `policy` is a managed policy's ARN or an inline policy's name."""

    policy: str
    kind: PolicyKind
    group: str
    index: int
    sid: str

    def __str__(self) -> str:
        where = f" of group {self.group}" if self.group else ""
        named = f" ({self.sid})" if self.sid else ""
        return f"{self.policy}{where}, statement {self.index + 1}{named}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement with what it expands to. `problems` are its patterns that the catalog doesn't know."""

    ref: StatementRef
    version: str
    statement: Statement
    actions: frozenset[Action]
    unknown_patterns: tuple[ActionPattern, ...]


@dataclass(frozen=True, slots=True)
class PrincipalGrants:
    """What a principal's policies say. `missing` names attached policies or boundaries without a document.

    `granted` is every action that some Allow grants, that no Deny refuses outright and that the boundary lets through.
    """

    principal: Principal
    allows: tuple[Grant, ...]
    denies: tuple[Grant, ...]
    boundary_allows: tuple[Grant, ...] | None
    boundary_denies: tuple[Grant, ...]
    missing: tuple[str, ...]
    granted: frozenset[Action]


# ---------------------------------------------------------------- diff


class Verdict(StrEnum):
    """What became of an action of a principal."""

    USED = "used"
    ATTEMPTED = "attempted"  # granted, and only tried with an undetermined outcome
    UNUSED = "unused"  # granted, and use would have shown
    UNOBSERVABLE = "unobservable"  # granted, and the logs could not have shown use
    UNGRANTED = "ungranted"  # used, and no current policy grants it


class Confidence(StrEnum):
    """How sure a removal is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class ActionVerdict:
    """The verdict on one action of one principal, with why.

    `keep` is the reason why an action without seen use stays in the replacement, "" where it goes. `danger` says what a
    holder could do with it, "" for most actions. `evidence` is None without a use or a try.
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


@dataclass(frozen=True, slots=True)
class UngrantedUse:
    """A use that no current policy grants. `explanation` is "" where nothing explains it."""

    use: Use
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class WildcardUse:
    """One wildcard of an Allow: how many actions it stands for today and how many of them were used."""

    ref: StatementRef
    pattern: ActionPattern
    not_action: bool
    expands_to: int
    used: tuple[Action, ...]


class PrincipalClass(StrEnum):
    """What kind of case a principal is; each has its own treatment."""

    ACTIVE = "active"
    UNUSED = "unused"
    NOT_COVERED = "not_covered"  # no log of its account was read
    GRANTS_UNKNOWN = "grants_unknown"
    NO_GRANTS = "no_grants"
    SERVICE_LINKED = "service_linked"
    SSO = "sso"
    NOT_IN_SNAPSHOT = "not_in_snapshot"


class CaveatKind(StrEnum):
    """Why a replacement isn't called safe."""

    UNMAPPED_EVENT = "unmapped_event"
    UNKNOWN_PATTERN = "unknown_pattern"
    GRANTS_UNKNOWN = "grants_unknown"
    SHORT_COVERAGE = "short_coverage"
    YOUNG_PRINCIPAL = "young_principal"
    YOUNG_POLICY = "young_policy"
    COVERAGE_HOLE = "coverage_hole"
    RECREATED = "recreated"
    UNEXPLAINED_USE = "unexplained_use"
    TOO_LARGE = "too_large"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class Caveat:
    """One reason why a replacement isn't called safe. `item` is how a decision names it; `accepted_by` who did."""

    kind: CaveatKind
    message: str
    item: str
    accepted_by: str = ""


@dataclass(frozen=True, slots=True)
class PrincipalDiff:
    """Grants against use of one principal. `proposal` is what to do, in one sentence."""

    principal: Principal
    principal_class: PrincipalClass
    proposal: str
    covered_days: int
    verdicts: tuple[ActionVerdict, ...]
    ungranted: tuple[UngrantedUse, ...]
    denied: tuple[Use, ...]
    unmapped: tuple[UnmappedEvent, ...]
    wildcards: tuple[WildcardUse, ...]
    caveats: tuple[Caveat, ...]
    lines: tuple[Line, ...]
    dropped: tuple[DroppedLine, ...]
    detach: Detachment

    @property
    def open_caveats(self) -> tuple[Caveat, ...]:
        """The caveats that no person has accepted."""
        return tuple(caveat for caveat in self.caveats if not caveat.accepted_by)


@dataclass(frozen=True, slots=True)
class Detachment:
    """What a replacement takes the place of: managed policies to detach, inline ones to delete, groups to leave."""

    managed: tuple[str, ...]
    inline: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DroppedLine:
    """A line that a person's decision keeps out of the replacement."""

    line: Line
    decision: Decision


@dataclass(frozen=True, slots=True)
class Diff:
    """The whole comparison. `as_of` is the day that ages count to; `unlisted` are principals outside the snapshot."""

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
    """How many records were skipped for one reason, with the earliest example's event id."""

    reason: SkipReason
    records: int
    example_event_id: str


# ---------------------------------------------------------------- replacement


class LineKind(StrEnum):
    """Why a line is in a replacement."""

    OBSERVED = "observed"
    INFERRED = "inferred"
    ATTEMPTED = "attempted"
    KEPT = "kept"  # the logs could not have shown its use
    REVIEW = "review"  # kept because an unexplained use may be a mapping error
    DECIDED = "decided"  # a person's decision


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A statement's `Resource`, or its `NotResource` where `not_resource` is true."""

    resources: tuple[str, ...]
    not_resource: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One action on one scope, narrowed from one statement, with why. `rule` names the scoping rule, or is ""."""

    action: Action
    scope: Scope
    parent: StatementRef
    kind: LineKind
    why: str
    rule: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class ReplacementStatement:
    """One new Allow with the lines it came from. All lines have the statement's parent."""

    sid: str
    actions: tuple[Action, ...]
    scope: Scope
    parent: StatementRef
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReplacementDocument:
    """One policy document to create. `text` is JSON laid out for people; `size` is in IAM characters."""

    name: str
    inline: bool
    text: str
    size: int
    statements: tuple[ReplacementStatement, ...]


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A scoping rule that was applied: what it wrote, for how many records, and what that adds."""

    rule: str
    pattern: str
    records: int
    adds: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """The policies proposed for one principal. `refusal` is why there are none, or ""."""

    principal: Principal
    documents: tuple[ReplacementDocument, ...]
    rules: tuple[AppliedRule, ...]
    bytes_by_service: tuple[tuple[str, int], ...]
    refusal: str


# ---------------------------------------------------------------- proof


class CheckStatus(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `examined` things looked at, and a sentence for each that failed or couldn't be proven."""

    name: str
    status: CheckStatus
    examined: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """The checks on one replacement; without any check it has failed."""

    principal: str
    checks: tuple[Check, ...]

    @property
    def status(self) -> CheckStatus:
        """FAILED if any check failed or there is none, UNPROVEN if any is unproven, else PASSED."""
        statuses = {check.status for check in self.checks}
        if not statuses or CheckStatus.FAILED in statuses:
            return CheckStatus.FAILED
        return CheckStatus.UNPROVEN if CheckStatus.UNPROVEN in statuses else CheckStatus.PASSED


@dataclass(frozen=True, slots=True)
class Proposal:
    """All there is to say of one principal. `replacement` and `verification` are None where its class gets none."""

    diff: PrincipalDiff
    replacement: Replacement | None
    verification: Verification | None

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """Why the replacement isn't called safe, accepted reasons left out; empty where it is safe."""
        found = list(self.diff.open_caveats)
        if self.replacement is not None and self.replacement.refusal:
            found.append(Caveat(CaveatKind.TOO_LARGE, self.replacement.refusal, "too-large"))
        elif self.verification is not None and self.verification.status is not CheckStatus.PASSED:
            names = ", ".join(one.name for one in self.verification.checks if one.status is not CheckStatus.PASSED)
            found.append(
                Caveat(
                    CaveatKind.VERIFICATION, f"{self.verification.status}: {names or 'no check ran'}", "verification"
                )
            )
        return tuple(found)

    @property
    def safe(self) -> bool:
        """Whether there is a replacement and nothing speaks against it."""
        return self.replacement is not None and self.verification is not None and not self.caveats


@dataclass(frozen=True, slots=True)
class Report:
    """What review and generate render. `problems` are gaps of the snapshot; `min_days` is what counts as enough."""

    diff: Diff
    proposals: tuple[Proposal, ...]
    problems: tuple[str, ...]
    min_days: int


# ---------------------------------------------------------------- decisions


class DecisionKind(StrEnum):
    """What a person decided."""

    KEEP = "keep"
    DROP = "drop"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision. Patterns are globs; dates are ISO, inclusive; "" means any (or never for `expires`)."""

    kind: DecisionKind
    principal: str
    action: str
    resource: str
    item: str
    since: str
    until: str
    reason: str
    owner: str
    expires: str
