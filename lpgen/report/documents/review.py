"""The review as JSON, schema `lpgen.review/1`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Annotated, Literal, TypeVar

import msgspec

from lpgen.core.choices import Severity
from lpgen.core.documents import CatalogPart, Count, DecisionsPart, Message, Parameters, Part, RowPart, means
from lpgen.core.evidence import UnmappedEvent
from lpgen.core.findings import SavingKind
from lpgen.core.model import AccessLevel, Outcome, PrincipalKind, SkipReason
from lpgen.core.replacements import LineKind, ReplacementDocument
from lpgen.report.documents.inputs import (
    CoveragePart,
    GuardsPart,
    SnapshotPart,
    part_from_coverage,
    part_from_guards,
    part_from_snapshot,
)
from lpgen.report.documents.layout import (
    JsonRow,
    LaidOut,
    lay_out_item,
    lay_out_line,
    lay_out_parts,
    members_of,
    row_text,
    written_rows,
)
from lpgen.report.documents.parts import (
    AcceptedBy,
    AcceptedPart,
    ActionName,
    Arn,
    AsOf,
    CheckPart,
    Days,
    DecisionPart,
    DroppedPart,
    EvidencePart,
    LeftPart,
    NotResources,
    PrincipalHead,
    Resources,
    Share,
    StatementPart,
    Texts,
    UngrantedPart,
    UsePart,
    part_from_decisions,
    part_from_view,
    parts_from_uses,
    scope_members,
    with_evidence,
)
from lpgen.report.documents.verdict_rows import VerdictPart, written_verdicts
from lpgen.report.plan import StepKind, document_file, plan_note, plan_steps
from lpgen.report.summary import Counts, PartedReview, ReviewSummary
from lpgen.report.views import PrincipalView, sorted_levels

_Policy = TypeVar("_Policy", bound="PolicyPart")

# ---------------------------------------------------------------- one principal


class LevelPart(RowPart, kw_only=True):
    """The actions of one access level."""

    granted: Annotated[Count, means("Number of granted actions.")]
    seen: Annotated[Count, means("Number of granted actions that were used or attempted.")]


class ConfidencesPart(RowPart, kw_only=True):
    """The number of removals of each confidence."""

    high: Annotated[Count, means("Removals with high confidence.")]
    medium: Annotated[Count, means("Removals with medium confidence.")]
    low: Annotated[Count, means("Removals with low confidence.")]


class ServicePart(RowPart, kw_only=True):
    """The granted actions of a service."""

    service: Annotated[str, means("The service.")]
    levels: Annotated[dict[AccessLevel, LevelPart], means("The number of actions, by access level.")]


class DangerousUsePart(EvidencePart):
    """A dangerous action that was used."""

    action: ActionName
    harm: Annotated[str, means("Its effect.")]
    on: Annotated[tuple[date, ...], means("The days on which it was used.")] = msgspec.field(name="days")


class WildcardPart(RowPart, kw_only=True):
    """A wildcard in an Allow."""

    pattern: Annotated[str, means("The pattern.")]
    not_action: Annotated[bool, means("Whether it is in `NotAction`.")]
    expands_to: Annotated[Count, means("Number of actions that it matches today.")]
    used: Annotated[Texts, means("The matching actions that were used.")]
    ref: Annotated[StatementPart, means("Its statement.")] = msgspec.field(name="statement")


class LostUndoingPart(RowPart, kw_only=True):
    """A used action that could no longer be undone."""

    action: Annotated[str, means("The action that was used and is kept.")]
    undone_by: Annotated[str, means("Its inverse, which has no recorded use and is removed.")]


class UnmappedPart(EvidencePart):
    """Calls that can't be mapped to an action."""

    event_source: Annotated[str, means("The service, as CloudTrail names it.")]
    event_name: Annotated[str, means("The operation.")]


class PolicyPart(RowPart, kw_only=True):
    """A document of a replacement."""

    file: Annotated[str, means("Its file in the principal's folder.")]
    name: Annotated[str, means("The name proposed for it.")]
    type: Annotated[Literal["inline", "managed"], means("Whether it is an inline or a managed policy.")]
    size: Annotated[Count, means("Its size, as IAM counts it.")] = msgspec.field(name="characters")


class CountedPolicyPart(PolicyPart, kw_only=True):
    """A document of a replacement, and its number of statements."""

    statements: Annotated[Count, means("Number of statements.")]


class LinePart(RowPart, kw_only=True):
    """One action on one scope, narrowed from one old statement."""

    action: ActionName
    resources: Resources = msgspec.UNSET
    not_resources: NotResources = msgspec.UNSET
    parent: Annotated[StatementPart, means("The old statement that it narrows.")]
    kind: Annotated[LineKind, means("Why it is in the replacement.")]
    why: Annotated[str, means("The reason in words.")]
    rule: Annotated[str, means('The scoping rule. "": none.')]
    evidence: Annotated[EvidencePart | None, means("The recorded use; null: none.")]


class KeptPart(RowPart, kw_only=True):
    """Actions of one service that are kept for one reason."""

    service: Annotated[str, means("The service.")]
    why: Annotated[str, means("The reason.")]
    actions: Annotated[Texts, means("The actions.")]


class RulePart(RowPart, kw_only=True):
    """An applied scoping rule."""

    rule: Annotated[str, means("Its name.")]
    adds: Annotated[str, means("What it adds to the scopes.")]
    tightens: Annotated[str, means("How to narrow them again.")]
    records: Annotated[Count, means("Number of records that it is based on.")]
    patterns: Annotated[Texts, means("Every pattern that it wrote.")]


class ReplacementPart(Part, kw_only=True):
    """The policies that replace the old ones."""

    refusal: Annotated[str | None, means("Why no documents were written; null: documents were written.")]
    left_attached: Annotated[tuple[LeftPart, ...], means("The policies of AWS that stay attached.")]
    documents: Annotated[tuple[CountedPolicyPart, ...], means("The documents.")]
    lines: Annotated[tuple[LinePart, ...], means("The lines in the documents.")]
    kept: Annotated[tuple[KeptPart, ...], means("Actions kept only because the logs can't show their use.")]
    for_review: Annotated[tuple[KeptPart, ...], means("Actions kept because of an unexplained use.")]
    decided: Annotated[tuple[KeptPart, ...], means("Actions kept by decisions.")]
    shared: Annotated[tuple[KeptPart, ...], means("Actions that the permission set needs in another account.")]
    rules: Annotated[tuple[RulePart, ...], means("The applied scoping rules.")]
    characters_by_service: Annotated[dict[str, Count], means("The size of the statements for each service.")]


class StepPart(RowPart, kw_only=True):
    """A step to put a replacement in place."""

    kind: Annotated[StepKind, means("The kind of the step.")]
    name: Annotated[str, means("The policy, group or boundary.")]
    file: Annotated[str, means('The file of a new document. "": the step is about an old policy.')]
    characters: Annotated[Count, means("The size of a new document.")]


class StepsPart(Part, kw_only=True):
    """The steps that put a replacement in place."""

    steps: Annotated[tuple[StepPart, ...], means("The steps, in order.")]
    note: Annotated[str, means("What to know before these steps.")]


class OpenWayPart(RowPart, kw_only=True):
    """A combination of permissions that gains the rights of other principals."""

    rule: Annotated[str, means("The ID of the way in the catalog.")]
    does: Annotated[str, means("What a holder of the permissions could do.")]
    actions: Annotated[Texts, means("The actions that it needs together.")]
    gains: Annotated[Count, means("How many principals, groups and administrative rights it gains.")]
    example: Annotated[str, means("The first of them: an ARN, or `admin:` and an account ID.")]
    left: Annotated[Count, means("How many of them it still gains after the replacement.")]
    if_exists: Annotated[bool, means("Whether it needs compute, and no inventory says whether it exists.")]


class ReachablePart(RowPart, kw_only=True):
    """What a principal can become over open ways, its own and those of the principals that it becomes."""

    principals: Annotated[Count, means("How many other principals it can become.")]
    to_admin: Annotated[
        Texts, means("The shortest path to administrative rights, from the principal itself. Empty: there is none.")
    ]


class BecomingPart(Part, kw_only=True):
    """What a principal can become."""

    today: Annotated[ReachablePart, means("With its policies of today.")]
    after: Annotated[
        ReachablePart | None,
        means("With its replacement, while others keep their policies; null: there is no replacement."),
    ]
    ways: Annotated[tuple[OpenWayPart, ...], means("The combinations of its own permissions.")]


class _PlacedPrincipal(PrincipalHead):
    account: Annotated[str, means("The ID of its account.")]
    kind: Annotated[PrincipalKind, means("Whether it is a role or a user.")]


class PrincipalPart(_PlacedPrincipal, kw_only=True):
    """One principal of the review."""

    accepted: Annotated[tuple[AcceptedPart, ...], means("The reasons that decisions accept.")]
    covered_days: Days
    active_days: Annotated[Count, means("Number of days with recorded activity. 0: not counted.")]
    counts: Annotated[Counts, means("The numbers of its actions.")]
    becoming: Annotated[BecomingPart | None, means("What it can become; null: with `--no-graph`.")]
    removal_confidence: Annotated[ConfidencesPart, means("The number of removals of each confidence.")]
    statements: Annotated[tuple[StatementPart, ...], means("The old statements that `granted_by` refers to.")]
    services: Annotated[tuple[ServicePart, ...], means("The granted actions, by service.")]
    verdicts: Annotated[tuple[VerdictPart, ...], means("The verdicts, one per action.")]
    dangerous_use: Annotated[tuple[DangerousUsePart, ...], means("The dangerous actions that were used.")]
    wildcards: Annotated[tuple[WildcardPart, ...], means("The wildcards of its policies.")]
    lost_undoings: Annotated[tuple[LostUndoingPart, ...], means("Used actions that it could no longer undo.")]
    ungranted: Annotated[tuple[UngrantedPart, ...], means("Use that no policy grants.")]
    denied: Annotated[tuple[UsePart, ...], means("Denied attempts.")]
    unmapped: Annotated[tuple[UnmappedPart, ...], means("Calls that can't be mapped to an action.")]
    replacement: Annotated[ReplacementPart | None, means("Its replacement; null: there is none.")]
    plan: Annotated[StepsPart, means("The steps that put the replacement in place.")]
    dropped: Annotated[tuple[DroppedPart, ...], means("Lines that decisions drop from the replacement.")]
    checks: Annotated[tuple[CheckPart, ...] | None, means("The verification; null: nothing was verified.")]


def _part_from_principal(view: PrincipalView) -> PrincipalPart:
    """One principal of the review."""
    diff, proposal = view.diff, view.proposal
    verdicts = diff.assessment.verdicts
    statements = sorted(verdicts.statements() | {wildcard.ref for wildcard in diff.assessment.wildcards})
    at = {ref: number for number, ref in enumerate(statements)}
    part = part_from_view(
        view,
        PrincipalPart,
        becoming=proposal.becoming,
        removal_confidence={level.value: number for level, number in view.confidence.items()},
        statements=statements,
        services=(),
        verdicts=(),
        dangerous_use=[with_evidence(DangerousUsePart, use.evidence, use) for use in diff.use.dangerous],
        denied=parts_from_uses(diff.use.denied),
        unmapped=_parts_from_unmapped(diff.use.unmapped),
        replacement=_replacement_of_view(view),
        plan=StepsPart.from_attributes(steps=plan_steps(proposal), note=plan_note(proposal)),
    )
    return msgspec.structs.replace(
        part, services=_services_of_view(view), verdicts=written_verdicts(verdicts, view.staying, at)
    )


def _services_of_view(view: PrincipalView) -> tuple[ServicePart, ...]:
    rows = (
        _written_service(service, tuple((level, row[level].granted, row[level].seen) for level in sorted_levels(row)))
        for service, row in view.matrix.items()
    )
    return written_rows(rows, ServicePart)


@lru_cache(maxsize=1 << 16)  # principals share many rows
def _written_service(service: str, levels: tuple[tuple[AccessLevel, int, int], ...]) -> str:
    counts = {level: LevelPart(granted=granted, seen=seen) for level, granted, seen in levels}
    return row_text(ServicePart(service=service, levels=counts))


def _parts_from_unmapped(events: Iterable[UnmappedEvent]) -> list[UnmappedPart]:
    return [with_evidence(UnmappedPart, event.evidence, event) for event in events]


def _replacement_of_view(view: PrincipalView) -> ReplacementPart | None:
    replacement = view.proposal.replacement
    if replacement is None:
        return None
    part = ReplacementPart.from_attributes(
        view,
        refusal=replacement.refusal or None,
        left_attached=[LeftPart.from_attributes(policy, version=policy.version or None) for policy in replacement.left],
        documents=[
            part_from_document(document, number, CountedPolicyPart, statements=len(document.statements))
            for number, document in enumerate(replacement.documents, start=1)
        ],
        lines=[LinePart.from_attributes(line, **scope_members(line.scope)) for line in view.lines],
        characters_by_service={},
    )
    return msgspec.structs.replace(part, characters_by_service=JsonRow(replacement.bytes_by_service))


def part_from_document(document: ReplacementDocument, number: int, kind: type[_Policy], **given: object) -> _Policy:
    """A part with the members of a document, whose number counts from 1."""
    form = "inline" if document.inline else "managed"
    return kind.from_attributes(document, file=document_file(number), type=form, **given)


# ---------------------------------------------------------------- all of them


class TotalsPart(Counts):
    """The sums over the principals with a replacement, or over all principals if none has one."""

    principals: Annotated[Count, means("Number of principals.")]
    replacements: Annotated[Count, means("Number of principals with a replacement.")]
    refused: Annotated[Count, means("Number of principals with a refused replacement: no documents were written.")]
    safe: Annotated[Count, means("Number of principals with a safe replacement that isn't in place yet.")]
    in_place: Annotated[Count, means("Number of principals with a replacement that is already in place.")]


def part_from_totals(review: ReviewSummary) -> TotalsPart:
    """The sums over all principals."""
    replaced = review.replaced
    return TotalsPart.from_attributes(
        review.counts,
        principals=len(review.principals),
        replacements=len(review.with_documents),
        refused=len(replaced) - len(review.with_documents),
        safe=len(review.safe),
        in_place=sum(principal.in_place for principal in replaced),
    )


class OutsideTrustPart(RowPart, kw_only=True):
    """Outsiders that can assume a role."""

    principal: Annotated[str, means("The ARN of the role.")]
    severity: Annotated[Severity, means("The severity.")]
    case: Annotated[Literal["everyone", "account", "organization", "provider"], means("The kind of outsiders.")]
    who: Annotated[str, means("Who they are.")]
    conditions: Annotated[str, means('The keys of the conditions that must be met. "": none.')]
    message: Message
    parameters: Parameters
    item: Annotated[str, means("The item for a decision that accepts it.")]
    accepted_by: AcceptedBy


class SavingPart(RowPart, kw_only=True):
    """What a proposal of `lpgen roles` saves."""

    kind: Annotated[SavingKind, means("Whether to merge roles, to split a role, or to replace a user.")]
    principals: Annotated[Texts, means("The ARNs of the roles or of the user, sorted.")]
    roles: Annotated[Count, means("How many roles or permission sets replace them.")]
    saved: Annotated[
        Count,
        means(
            "How many roles fewer there are (merge), how many used pairs of action and scope the roles lack together "
            "(split), or how many access keys nobody needs any longer (user)."
        ),
    ]


class SkipPart(RowPart, kw_only=True):
    """Records that don't count as usage, by reason."""

    reason: Annotated[SkipReason, means("The reason.")]
    records: Annotated[Count, means("Number of records.")]
    example_event_id: Annotated[str, means("The ID of the earliest record.")]


class UnlistedPart(Part, kw_only=True):
    """A principal that is in the logs but not in the authorization details."""

    principal: Arn
    principal_ids: Annotated[Texts, means("The unique IDs in its records.")]
    regions: Annotated[Texts, means("The Regions of its records.")]
    uses: Annotated[tuple[UsePart, ...], means("Its uses.")]
    denied: Annotated[tuple[UsePart, ...], means("Its denied attempts.")]
    unmapped: Annotated[tuple[UnmappedPart, ...], means("Its calls that can't be mapped to an action.")]


class ReviewHead(Part, kw_only=True, tag_field="schema", tag="lpgen.review/1"):
    """A review without its principals."""

    as_of: AsOf
    catalog: Annotated[CatalogPart, means("The action catalog.")]
    min_days: Annotated[Count, means("Number of covered days that are enough.")]
    max_risk: Annotated[Share | None, means("The highest risk of a safe replacement; null: no backtest.")]
    totals: Annotated[TotalsPart, means("The sums over the principals with a replacement.")]
    savings: Annotated[
        tuple[SavingPart, ...],
        means("The three proposals of `lpgen roles` that save most. Empty if `--principal` chooses some principals."),
    ]
    outside_trust: Annotated[tuple[OutsideTrustPart, ...], means("Outsiders that can assume roles, the worst first.")]
    coverage: Annotated[CoveragePart, means("The logs that were read.")]
    guards: Annotated[GuardsPart, means("The policies given in addition to the principals' own.")]
    snapshot: Annotated[
        SnapshotPart | None, means("The snapshot that input files are from; null: all files were named.")
    ]
    decisions: Annotated[DecisionsPart | None, means("The decisions; null: none were given.")]
    skips: Annotated[tuple[SkipPart, ...], means("Records that don't count as usage.")]
    problems: Annotated[Texts, means("Problems in the input files.")]
    expired_decisions: Annotated[tuple[DecisionPart, ...], means("Expired decisions.")]
    not_in_snapshot: Annotated[tuple[UnlistedPart, ...], means("Principals that aren't in the authorization details.")]


class ReviewDocument(ReviewHead, kw_only=True, tag_field="schema", tag="lpgen.review/1"):
    """What `lpgen review --format json` prints."""

    principals: Annotated[
        tuple[PrincipalPart, ...],
        means("The principals, by risk: outsiders who can assume them, unusual use, then dangerous grants."),
    ]


def review_json(parted: PartedReview) -> Iterator[str]:
    """The review as JSON text, in parts, because the whole text may be too long to hold at once."""
    principals = (LaidOut(parted.text_of(principal.arn)) for principal in parted.summary.principals)
    return lay_out_parts({**members_of(_head_of_review(parted.summary)), "principals": principals})


def review_lines(parted: PartedReview) -> Iterator[str]:
    """The review as JSON lines: first the review without its principals, then one principal per line, by ARN."""
    yield lay_out_line(_head_of_review(parted.summary))
    yield from map(parted.text_of, sorted(principal.arn for principal in parted.summary.principals))


def principal_json(view: PrincipalView) -> str:
    """One principal in the JSON text."""
    return lay_out_item(_part_from_principal(view))


def principal_line(view: PrincipalView) -> str:
    """One principal as a JSON line."""
    return lay_out_line(_part_from_principal(view))


def _head_of_review(review: ReviewSummary) -> ReviewHead:
    report, diff = review.report, review.report.diff
    return ReviewHead.from_attributes(
        diff,
        report,
        catalog=CatalogPart.from_attributes(diff),
        totals=part_from_totals(review),
        outside_trust=[
            OutsideTrustPart.from_attributes(
                trust, **{key: trust.parameters[key] for key in ("case", "who")}, conditions=trust.parameters["limits"]
            )
            for trust in report.trust
        ],
        savings=[SavingPart.from_attributes(saving) for saving in report.savings],
        coverage=part_from_coverage(diff.coverage),
        guards=part_from_guards(report),
        snapshot=part_from_snapshot(report.snapshot),
        decisions=part_from_decisions(report.decisions, review.accepted),
        expired_decisions=diff.expired,
        not_in_snapshot=[
            UnlistedPart.from_attributes(
                usage,
                uses=parts_from_uses(use for use in usage.uses if use.outcome is not Outcome.DENIED),
                denied=parts_from_uses(usage.denied),
                unmapped=_parts_from_unmapped(usage.unmapped),
            )
            for usage in diff.unlisted
        ],
    )
