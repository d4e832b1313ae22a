"""The parts that several documents share: evidence, statements, caveats, uses, checks, decisions, counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec

from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.documents import Count, DecisionsPart, Message, Parameters, Part, RiskPart, RowPart, means
from lpgen.core.evidence import Evidence, Use
from lpgen.core.findings import DroppedLine, PrincipalClass, RestsOn
from lpgen.core.model import AccessLevel, DenialKind, Outcome, PolicyKind, ResourceKind
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import CheckStatus, DecisionKind, DecisionsStamp, Scope
from lpgen.report.summary import PrincipalSummary
from lpgen.report.views import PrincipalView

if TYPE_CHECKING:
    from lpgen.core.registry.row import CaveatKind
else:  # a schema needs an enumeration of all words
    CaveatKind = StrEnum("CaveatKind", {kind.name: kind.value for kind in CAVEAT_KINDS})
    CaveatKind.__doc__ = "Why a replacement isn't called safe."

Amount = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Texts = tuple[str, ...]
_Seen = TypeVar("_Seen", bound="EvidencePart")
_Head = TypeVar("_Head", bound="PrincipalHead")
Levels = dict[AccessLevel, Count]


def every(keys: type[StrEnum]) -> msgspec.Meta:
    """The requirement that an object has all of these keys."""
    return msgspec.Meta(min_length=len(keys))


Arn = Annotated[str, means("The ARN of the role or user.")]
PrincipalId = Annotated[str, means("Its unique ID.")]
ActionName = Annotated[str, means("The action.")]
Resources = Annotated[Texts | msgspec.UnsetType, means("The resources, or patterns of them.")]
NotResources = Annotated[Texts | msgspec.UnsetType, means("Patterns of resources: all except these.")]
AcceptedBy = Annotated[str, means('Who accepted it, and why. "": nobody did.')]
Days = Annotated[Count, means("Number of days that the logs cover.")]
AsOf = Annotated[date, means("The reference date for ages.")]

# ---------------------------------------------------------------- evidence


class EvidencePart(RowPart, kw_only=True):
    """The records of a use. Without recorded use, records is 0 and texts are empty."""

    records: Annotated[Count, means("Number of records that show it.")]
    first_seen: Annotated[str, means("When it was first seen, as ISO 8601 in UTC.")]
    last_seen: Annotated[str, means("When it was last seen, as ISO 8601 in UTC.")]
    example_event_id: Annotated[str, means("The ID of the earliest record.")]
    example_resource: Annotated[str, means("The resource in this record.")]


class UsePart(EvidencePart):
    """One action on one resource with one outcome."""

    action: ActionName
    resource: Annotated[str, means("The resource.")]
    resource_kind: Annotated[ResourceKind, means("How well the resource is known.")]
    outcome: Annotated[Outcome, means("The outcome.")]
    how: Annotated[str, means("How the record shows the action.")]
    denial_kind: Annotated[DenialKind, means("What denied it.")] = msgspec.field(name="wall")
    error_code: Annotated[str, means('The error that the record shows. "": none.')]
    regions: Annotated[Texts, means("The Regions of the records.")]


class UngrantedPart(UsePart, kw_only=True):
    """A use without a grant."""

    reason: Annotated[str, means("Why it counts as ungranted.")]
    explanation: Annotated[str | None, means("What may have allowed it; null: unexplained.")]


_NO_EVIDENCE: Final = Evidence(0, "", "", "", "")


def with_evidence(kind: type[_Seen], evidence: Evidence | None, *sources: object, **given: object) -> _Seen:
    """A part with the members of evidence, which are empty if there is none."""
    return kind.from_attributes(*sources, evidence or _NO_EVIDENCE, **given)


def part_from_use(use: Use, kind: type[_Seen], *sources: object, **given: object) -> _Seen:
    """A part with the members of a use."""
    resource = {"resource": use.resource.text, "resource_kind": use.resource.kind}
    return with_evidence(kind, use.evidence, *sources, use, **resource, **given)


def parts_from_uses(uses: Iterable[Use]) -> tuple[UsePart, ...]:
    """The uses, in the order given."""
    return tuple(part_from_use(use, UsePart) for use in uses)


# ---------------------------------------------------------------- statements


class StatementFields(Part, kw_only=True):
    """A statement and its policy."""

    policy: Annotated[str, means("The ARN of a managed policy, or the name of an inline one.")]
    kind: Annotated[PolicyKind, means("The kind of the policy.")]
    group: Annotated[str, means('The group that has the policy. "": the principal itself has it.')]
    number: Annotated[Count, means("The number of the statement, from 1.")] = msgspec.field(name="statement")
    sid: Annotated[str, means('Its Sid. "": none.')]


class StatementPart(StatementFields, RowPart, kw_only=True):
    """A statement and its policy, on one line."""


def scope_members(scope: Scope) -> dict[str, Any]:
    """`resources`, or `not_resources` if the scope is all except these. The other key is left out."""
    found, other = ("not_resources", "resources") if scope.not_resource else ("resources", "not_resources")
    return {found: scope.resources, other: msgspec.UNSET}


# ---------------------------------------------------------------- proposals


class CaveatPart(RowPart, kw_only=True):
    """A reason not to call a replacement safe."""

    kind: Annotated[CaveatKind, means("The kind of the reason.")]
    message: Message
    parameters: Parameters
    item: Annotated[str | None, means("The item for a decision that accepts it; null: it can't be accepted.")]
    step: Annotated[str, means("What to do about it.")] = msgspec.field(name="next_step")


class AcceptedPart(RowPart, kw_only=True):
    """A reason that a person has accepted."""

    kind: Annotated[CaveatKind, means("The kind of the reason.")]
    message: Message
    parameters: Parameters
    item: Annotated[str, means("The item in the decision that accepts it.")]
    accepted_by: AcceptedBy


class ProposalPart(Part, kw_only=True):
    """The proposal for a principal, and whether it is called safe."""

    principal_class: Annotated[PrincipalClass, means("The class of the principal.")] = msgspec.field(name="class")
    advice: Annotated[str, means("What to do, in one sentence.")] = msgspec.field(name="proposal")
    in_place: Annotated[bool, means("Whether its policies already have the meaning of the replacement.")]
    safe: Annotated[bool | None, means("Whether the replacement is called safe; null: there is no replacement.")]
    not_safe_because: Annotated[tuple[CaveatPart, ...], means("The reasons why not, without accepted ones.")]
    risk: Annotated[RiskPart | None, means("The forecast; null: no backtest ran, or there is no replacement.")]
    rests_on: Annotated[RestsOn | None, means("The evidence for its removals; null: there is no replacement.")]
    tracked_days: Annotated[
        Count, means("For how many days service last accessed proves the removals, 0 if they rest on the logs.")
    ]


class PrincipalHead(ProposalPart):
    """The first members of a principal, before its proposal."""

    principal: Arn
    principal_id: PrincipalId


def part_from_summary(summary: PrincipalSummary, kind: type[_Head], *sources: object, **given: object) -> _Head:
    """A part with the members of a principal and its proposal."""
    return kind.from_attributes(
        *sources,
        summary,
        summary.principal,
        principal=summary.arn,
        safe=summary.safe if summary.is_replaced else None,
        not_safe_because=tuple(map(_part_from_caveat, summary.caveats)),
        risk=summary.risk if summary.is_replaced else None,
        rests_on=summary.rests_on if summary.is_replaced else None,
        **given,
    )


def part_from_view(view: PrincipalView, kind: type[_Head], *sources: object, **given: object) -> _Head:
    """A part with the members of a principal, its proposal and its details."""
    diff, verification = view.diff, view.proposal.verification
    return part_from_summary(
        view.summary,
        kind,
        *sources,
        view,
        diff.use,
        diff.assessment,
        dropped=_parts_from_dropped(diff.draft.dropped),
        ungranted=[
            part_from_use(found.use, UngrantedPart, found, explanation=found.explanation or None)
            for found in diff.use.ungranted
        ],
        checks=verification and verification.checks,
        **given,
    )


def _part_from_caveat(caveat: Caveat) -> CaveatPart:
    return CaveatPart.from_attributes(caveat, item=caveat.item if caveat.kind.row.acceptable else None)


# ---------------------------------------------------------------- checks and decisions


class CheckPart(Part, kw_only=True):
    """A check of a verification."""

    name: Annotated[str, means("What is checked.")]
    status: Annotated[CheckStatus, means("Its outcome.")]
    examined: Annotated[Count, means("Number of examined items.")]
    findings: Annotated[Texts, means("A sentence for each that failed or couldn't be proven.")]


class DecisionPart(RowPart, kw_only=True):
    """A decision by a person. An empty text means any."""

    kind: Annotated[DecisionKind, means("The kind of the decision.")] = msgspec.field(name="do")
    principal: Annotated[str, means("A glob of principals.")]
    action: Annotated[str, means("A glob of actions.")]
    resource: Annotated[str, means("A glob of resources.")]
    item: Annotated[str, means("The item that it accepts.")]
    since: Annotated[str, means("The first day of the use.")]
    until: Annotated[str, means("The last day of the use.")]
    reason: Annotated[str, means("The reason.")]
    owner: Annotated[str, means("The owner of the decision.")]
    expires: Annotated[str, means('The last day on which it applies. "": it never expires.')]


def part_from_decisions(stamp: DecisionsStamp | None, accepted: int) -> DecisionsPart | None:
    """The decisions of a report, and the number of reasons or findings that they accept."""
    if stamp is None:
        return None
    in_force = {kind.value: stamp.in_force.count(kind) for kind in DecisionKind}
    return DecisionsPart(file=stamp.file, **in_force, accepted=accepted)


class DroppedPart(EvidencePart):
    """A line that a decision drops from a replacement."""

    action: ActionName
    resources: Resources
    not_resources: NotResources
    parent: Annotated[StatementPart, means("The old statement that it narrows.")]
    reason: Annotated[str, means("The reason.")]
    owner: Annotated[str, means("The owner of the decision.")]
    expires: Annotated[str, means('The last day of the decision. "": it never expires.')]


def _parts_from_dropped(lines: Iterable[DroppedLine]) -> tuple[DroppedPart, ...]:
    """The lines that decisions drop from a replacement."""
    return tuple(
        DroppedPart(
            action=dropped.line.action,
            **scope_members(dropped.line.scope),
            parent=StatementPart.from_attributes(dropped.line.parent),
            reason=dropped.decision.reason,
            owner=dropped.decision.owner,
            expires=dropped.decision.expires,
            **asdict(dropped.line.evidence or _NO_EVIDENCE),
        )
        for dropped in lines
    )


# ---------------------------------------------------------------- files


class LeftPart(RowPart, kw_only=True):
    """A policy of AWS that stays attached."""

    arn: Annotated[str, means("Its ARN.")]
    version: Annotated[str | None, means("The id of its version; null: unknown.")]
    sha256: Annotated[Digest, means("The SHA-256 of its document as JSON with sorted keys.")]
