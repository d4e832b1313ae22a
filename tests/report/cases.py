"""What the proposal for one principal is made of: verdicts, lines, evidence, checks and documents."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from lpgen.core.backtests import Risk
from lpgen.core.evidence import Evidence, RecordedContext, StatementRef, UnmappedEvent, Use
from lpgen.core.findings import (
    ActionVerdict,
    Advice,
    Assessment,
    Becoming,
    Confidence,
    DangerousUse,
    Detachment,
    DroppedLine,
    PrincipalClass,
    PrincipalDiff,
    Proposal,
    ReplacementDraft,
    UngrantedUse,
    UseFindings,
    Verdict,
    WildcardUse,
)
from lpgen.core.model import (
    AccessLevel,
    Action,
    AttachedPolicy,
    DenialKind,
    Outcome,
    PolicyKind,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
)
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import (
    AppliedRule,
    Check,
    CheckStatus,
    Line,
    LineKind,
    Replacement,
    ReplacementDocument,
    ReplacementStatement,
    Scope,
    Verification,
)
from tests.support.verdicts import verdicts_from

SHOP, SECURITY = "111122223333", "444455556666"
ADMIN = StatementRef("arn:aws:iam::aws:policy/AdministratorAccess", PolicyKind.AWS_MANAGED, "", 0, "")

OWN_ACCESS = Detachment(managed=(), inline=("access",), groups=())

LEVELS = {"Get": AccessLevel.READ, "Describe": AccessLevel.LIST, "List": AccessLevel.LIST, "Tag": AccessLevel.TAGGING}


def own(name: str, index: int = 0, sid: str = "", *, group: str = "") -> StatementRef:
    """A statement of an inline policy."""
    return StatementRef(name, PolicyKind.INLINE, group, index, sid)


def seen(records: int, first: str, last: str, event: str, resource: str = "*") -> Evidence:
    """Evidence between two days."""
    return Evidence(records, f"{first}T06:12:09Z", f"{last}T22:40:51Z", event, resource)


def level_of(action: str) -> AccessLevel:
    """A plausible access level, read off the name."""
    name = action.partition(":")[2]
    if action.startswith("iam:") and not name.startswith(("Get", "List")):
        return AccessLevel.PERMISSIONS_MANAGEMENT
    return next((level for verb, level in LEVELS.items() if name.startswith(verb)), AccessLevel.WRITE)


def verdict(
    action: str,
    kind: Verdict = Verdict.UNUSED,
    *,
    parents: Sequence[StatementRef] = (),
    keep: str = "",
    danger: str = "",
    confidence: Confidence = Confidence.HIGH,
    evidence: Evidence | None = None,
    level: AccessLevel | None = None,
) -> ActionVerdict:
    """A verdict with the reason that goes with its kind."""
    reason = {
        Verdict.USED: "used",
        Verdict.ATTEMPTED: "tried, but no record says whether it was allowed",
        Verdict.UNUSED: "no record, and its use would have shown",
        Verdict.UNOBSERVABLE: _without_data_events(action),
        Verdict.UNGRANTED: "used, but no current policy grants it",
    }[kind]
    if kind is Verdict.UNOBSERVABLE and confidence is Confidence.HIGH:
        confidence = Confidence.MEDIUM
    where = level or level_of(action)
    return ActionVerdict(Action(action), where, kind, reason, keep, confidence, danger, tuple(parents), evidence)


def _without_data_events(action: str) -> str:
    """Why the logs can't show use of a data action."""
    return f"it leaves a data event, and the logs have no data events of {action.partition(':')[0]}.amazonaws.com"


def kept_line(action: str, parent: StatementRef, *resources: str, sign: str) -> Line:
    """A line that stays because the logs can't show its use."""
    why = f"{_without_data_events(action)}; {sign}"
    return Line(Action(action), Scope(resources or ("*",)), parent, LineKind.KEPT, why, "", None)


def used_line(action: str, parent: StatementRef, evidence: Evidence, *resources: str, rule: str = "") -> Line:
    """A line that records of the action need."""
    scope = Scope(resources or ("*",))
    return Line(Action(action), scope, parent, LineKind.OBSERVED, "a record of this action", rule, evidence)


@dataclass
class Case:
    """What one principal's proposal is made of; `proposal()` puts it together."""

    name: str
    principal_class: PrincipalClass = PrincipalClass.ACTIVE
    proposal_text: str = "replace the policies"
    task: str = ""
    account: str = SHOP
    kind: PrincipalKind = PrincipalKind.ROLE
    path: str = "/"
    covered_days: int = 120
    active_days: int = 0
    created: datetime | None = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
    last_used: datetime | None = None
    verdicts: list[ActionVerdict] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    ungranted: list[UngrantedUse] = field(default_factory=list)
    denied: list[Use] = field(default_factory=list)
    unmapped: list[UnmappedEvent] = field(default_factory=list)
    wildcards: list[WildcardUse] = field(default_factory=list)
    caveats: list[Caveat] = field(default_factory=list)
    dropped: list[DroppedLine] = field(default_factory=list)
    dangerous: tuple[DangerousUse, ...] = ()
    detach: Detachment = OWN_ACCESS
    policies: tuple[AttachedPolicy, ...] = ()
    boundary: AttachedPolicy | None = None
    denies: list[dict[str, object]] = field(default_factory=list)
    rules: tuple[AppliedRule, ...] = ()
    refusal: Caveat | None = None
    inline: bool = False
    checks: tuple[Check, ...] | None = None
    sizes: tuple[tuple[str, int], ...] = ()
    in_place: bool = False
    becoming: Becoming | None = None
    risk: Risk | None = None

    @property
    def arn(self) -> str:
        """The principal's ARN."""
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"

    def proposal(self) -> Proposal:
        """The whole proposal, with documents made of the lines and with checks that pass unless told."""
        principal = Principal(
            arn=self.arn,
            principal_id=f"AROA{self.name.upper().replace('-', '')[:12]}",
            account=self.account,
            kind=self.kind,
            name=self.name,
            path=self.path,
            created=self.created,
            last_used=self.last_used,
            policies=self.policies,
            boundary=self.boundary,
            trust=None,
            groups=self.detach.groups,
            instance_profiles=(),
            tags=(),
        )
        diff = PrincipalDiff(
            principal=principal,
            principal_class=self.principal_class,
            use=UseFindings(
                covered_days=self.covered_days,
                active_days=self.active_days,
                days=tuple((verdict.action, _ends(verdict.evidence)) for verdict in self.verdicts if verdict.evidence),
                ungranted=tuple(self.ungranted),
                denied=tuple(self.denied),
                unmapped=tuple(self.unmapped),
                dangerous=self.dangerous,
            ),
            assessment=Assessment(
                verdicts=verdicts_from(sorted(self.verdicts, key=lambda verdict: verdict.action)),
                wildcards=tuple(self.wildcards),
                caveats=tuple(self.caveats),
            ),
            draft=ReplacementDraft(
                lines=tuple(sorted(self.lines, key=lambda line: (line.action, line.scope, line.parent))),
                dropped=tuple(self.dropped),
                detach=self.detach,
                risk=self.risk,
            ),
            advice=Advice(sentence=self.proposal_text, task=self.task or self.proposal_text),
        )
        if self.principal_class not in (PrincipalClass.ACTIVE, PrincipalClass.SSO):
            return Proposal(diff, None, verification=None, becoming=self.becoming)
        documents = () if self.refusal else (self._document(principal, diff.draft.lines),)
        replacement = Replacement(principal, documents, self.rules, self.sizes, self.refusal)
        checks = passed_checks(len(self.lines)) if self.checks is None else self.checks
        verification = None if self.refusal else Verification(self.arn, checks)
        return Proposal(diff, replacement, verification=verification, in_place=self.in_place, becoming=self.becoming)

    def _document(self, principal: Principal, lines: Sequence[Line]) -> ReplacementDocument:
        groups: dict[tuple[str, StatementRef, Scope], list[Line]] = defaultdict(list)
        for line in lines:
            groups[line.action.partition(":")[0], line.parent, line.scope].append(line)
        statements = tuple(
            ReplacementStatement(
                f"{service.title()}{number:010x}",
                tuple(sorted({line.action for line in found})),
                scope,
                parent,
                tuple(found),
            )
            for number, ((service, parent, scope), found) in enumerate(sorted(groups.items()), start=1)
        )
        written: list[dict[str, object]] = [
            {
                "Sid": statement.sid,
                "Effect": "Allow",
                "Action": list(statement.actions),
                "NotResource" if statement.scope.not_resource else "Resource": list(statement.scope.resources),
            }
            for statement in statements
        ]
        document = {"Version": "2012-10-17", "Statement": [*written, *self.denies]}
        text = json.dumps(document, indent=2) + "\n"
        size = len(json.dumps(document, separators=(",", ":")))
        return ReplacementDocument(f"lpgen-{principal.name}-1", self.inline, text, size, statements)


def passed_checks(examined: int) -> tuple[Check, ...]:
    """All checks, passed."""
    names = (
        ("no wildcard action, only known actions", examined),
        ("everything used stays allowed", examined * 2),
        ("replayed requests stay allowed", examined * 2),
        ("nothing new is allowed", examined * 3),
        ("every pair of action and resource has a reason", examined * 3),
        ("every Deny is kept", 1),
        ("fits AWS's limits", 1),
    )
    return tuple(Check(name, CheckStatus.PASSED, number, ()) for name, number in names)


def _ends(evidence: Evidence) -> tuple[date, ...]:
    """The first and the last day of a use: no other is known to have a record."""
    return tuple(sorted({date.fromisoformat(one[:10]) for one in (evidence.first_seen, evidence.last_seen)}))


def use_of(
    action: str,
    resource: str,
    evidence: Evidence,
    *,
    outcome: Outcome = Outcome.ALLOWED,
    wall: DenialKind = DenialKind.NONE,
    error: str = "",
    region: str = "us-east-1",
) -> Use:
    """One use."""
    kind = ResourceKind.NONE if resource == "*" else ResourceKind.ARN
    return Use(
        Action(action), Resource(kind, resource), outcome, "observed", wall, error, (RecordedContext(region),), evidence
    )


def with_detach(proposal: Proposal, *, managed: tuple[str, ...], inline: tuple[str, ...] | None = None) -> Proposal:
    """The proposal, of which the replacement replaces these policies; `inline` of None leaves the inline ones."""
    draft = proposal.diff.draft
    detach = replace(draft.detach, managed=managed, inline=draft.detach.inline if inline is None else inline)
    return replace(proposal, diff=replace(proposal.diff, draft=replace(draft, detach=detach)))
