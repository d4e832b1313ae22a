"""A rollout plan as JSON, schema `lpgen.rollout/2`, and what was denied since, schema `lpgen.rollout-watch/1`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from lpgen.core.digests import digest_of_text
from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.model import DenialKind
from lpgen.core.rollout.calls import Call
from lpgen.core.rollout.plan import NewDocument, PolicyText, PrincipalPlan, Refusal
from lpgen.core.rollout.plan_document import (
    CallPart,
    NewDocumentPart,
    PeakPart,
    PlanDocument,
    PolicyTextPart,
    PrincipalPlanPart,
    RefusalPart,
    SourcePart,
)
from lpgen.core.rollout.source import RolloutPlan, Source
from lpgen.core.rollout.watch import Denial, LostLine, Watched
from lpgen.core.rollout.watch_blind import UnseenActions
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import ActionName, Arn, Texts


def rollout_json(plan: RolloutPlan) -> str:
    """The plan as JSON text."""
    return lay_out(
        PlanDocument(
            as_of=plan.as_of,
            catalog=plan.catalog,
            attached_quota=plan.attached_quota,
            source=_part_from_source(plan.source),
            principals=tuple(map(_part_from_plan, plan.principals)),
        )
    )


def _part_from_source(source: Source) -> SourcePart:
    return SourcePart(
        trust=source.trust,
        inputs=source.digests.inputs.to_facts(),
        files=dict(sorted(source.digests.files.items())),
        report=source.digests.report,
        digest=source.digests.root,
        signature=source.signature or None,
        summary=dict(source.summary),
    )


def _part_from_plan(plan: PrincipalPlan) -> PrincipalPlanPart:
    return PrincipalPlanPart(
        principal=plan.principal,
        principal_id=plan.principal_id,
        account=plan.account,
        kind=plan.kind,
        name=plan.name,
        safe=plan.safe,
        folder=plan.folder,
        policies_sha256=plan.sha256,
        boundary=plan.boundary or None,
        left_attached=plan.left,
        refusals=tuple(map(_part_from_refusal, plan.refusals)),
        notes=plan.notes,
        calls=tuple(map(_part_from_call, plan.calls)),
        inverse=tuple(map(_part_from_call, plan.inverse)),
        peak=PeakPart.from_attributes(plan.peak),
        documents=tuple(map(_part_from_document, plan.documents)),
        before=tuple(map(_part_from_text, plan.before)),
        after=tuple(map(_part_from_text, plan.after)),
        permission_set=plan.permission_set or None,
        code=plan.code or None,
    )


def _part_from_refusal(refusal: Refusal) -> RefusalPart:
    return RefusalPart(kind=refusal.kind, why=refusal.why, override=refusal.override or None)


def _part_from_call(call: Call) -> CallPart:
    return CallPart(operation=call.operation, policy=call.policy, parameters=call.parameters())


def _part_from_document(document: NewDocument) -> NewDocumentPart:
    return NewDocumentPart(
        file=document.file,
        name=document.name,
        type="inline" if document.inline else "managed",
        sha256=digest_of_text(document.text),
        narrows=document.narrows,
        document=document.text,
    )


def _part_from_text(text: PolicyText) -> PolicyTextPart:
    return PolicyTextPart(policy=text.policy, type="inline" if text.inline else "managed", document=text.text)


# ---------------------------------------------------------------- denials since

_OneOrSeveral = str | tuple[str, ...]


class RestorePart(RowPart, kw_only=True, rename="pascal"):
    """A statement of a policy."""

    effect: Annotated[Literal["Allow"], means("Its effect.")]
    action: Annotated[str, means("Its action.")]
    resource: Annotated[_OneOrSeveral | msgspec.UnsetType, means("Its resources.")] = msgspec.UNSET
    not_resource: Annotated[_OneOrSeveral | msgspec.UnsetType, means("All resources but these.")] = msgspec.UNSET
    condition: Annotated[
        dict[str, dict[str, _OneOrSeveral]] | msgspec.UnsetType, means("Its conditions, by operator and key.")
    ] = msgspec.UNSET


class LostPart(RowPart, kw_only=True):
    """A removed statement that allowed what is denied now."""

    policy: Annotated[str, means("The ARN of a managed policy, or the name of an inline one.")]
    statement: Annotated[Count, means("The number of the statement, from 1.")]
    sid: Annotated[str, means('Its Sid. "": none.')]
    restore: Annotated[RestorePart, means("The statement to restore, which is never wider.")]


class DenialPart(Part, kw_only=True):
    """What was denied since the rollout."""

    action: ActionName
    resource: Annotated[str | None, means("The resource; null: the record doesn't show it.")]
    denial_kind: Annotated[DenialKind, means("What denied it.")]
    records: Annotated[Count, means("How many records show it.")]
    some_from_before: Annotated[bool, means("Whether some of the records may be from before the rollout.")]
    last_seen: Annotated[str, means("When it was last seen.")]
    example_event_id: Annotated[str, means("The id of one of the records.")]
    denied_before_too: Annotated[bool, means("Whether it was denied before the rollout too.")]
    why: Annotated[str, means('What else denies it. "": the lost statements.')]
    restored: Annotated[bool, means("Whether newer policies allow it again.")]
    lost: Annotated[tuple[LostPart, ...], means("The removed statements that allowed it.")]


class UnmappedCallPart(RowPart, kw_only=True):
    """A denied call whose action isn't known."""

    call: Annotated[str, means("The call.")]
    records: Annotated[Count, means("How many records show it.")]


class UnseenPart(RowPart, kw_only=True):
    """Removed actions whose denial would leave no record."""

    service: Annotated[str, means("Their service.")]
    actions: Annotated[Count, means("How many there are.")]
    examples: Annotated[Texts, means("Some of them.")]
    why: Annotated[str, means("Why a denial would leave no record.")]


class WatchedPart(Part, kw_only=True):
    """What the logs show of one principal since its rollout."""

    principal: Arn
    applied_at: Annotated[str, means("When its replacement was put in place.")]
    logs_until: Annotated[str | None, means("The last day of the logs; null: they end before.")]
    denials: Annotated[tuple[DenialPart, ...], means("What was denied.")]
    unmapped: Annotated[tuple[UnmappedCallPart, ...], means("Denied calls whose action isn't known.")]
    unseen: Annotated[tuple[UnseenPart, ...], means("Removed actions whose denial would leave no record.")]


class WatchDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.rollout-watch/1"):
    """What `lpgen rollout watch --format json` prints."""

    principals: Annotated[tuple[WatchedPart, ...], means("The principals that were rolled out.")]


def watch_json(watched: Sequence[Watched]) -> str:
    """The denials since a rollout as JSON text."""
    return lay_out(WatchDocument(principals=tuple(map(_part_from_watched, watched))))


def _part_from_watched(watched: Watched) -> WatchedPart:
    return WatchedPart(
        principal=watched.principal,
        applied_at=watched.applied_at,
        logs_until=watched.logs_until or None,
        denials=tuple(map(_part_from_denial, watched.denials)),
        unmapped=tuple(UnmappedCallPart(call=call, records=records) for call, records in watched.unmapped),
        unseen=tuple(map(_part_from_unseen, watched.unseen)),
    )


def _part_from_unseen(unseen: UnseenActions) -> UnseenPart:
    return UnseenPart(service=unseen.service, actions=unseen.count, examples=tuple(unseen.examples), why=unseen.why)


def _part_from_denial(denial: Denial) -> DenialPart:
    return DenialPart(
        action=denial.action,
        resource=denial.resource or None,
        denial_kind=denial.kind,
        records=denial.records,
        some_from_before=denial.straddles,
        last_seen=denial.last_seen,
        example_event_id=denial.example_event_id,
        denied_before_too=denial.before_too,
        why=denial.why,
        restored=denial.restored,
        lost=tuple(map(_part_from_lost, denial.lost)),
    )


def _part_from_lost(lost: LostLine) -> LostPart:
    restore = msgspec.convert(json.loads(lost.restore), RestorePart)
    return LostPart(policy=lost.policy, statement=lost.statement, sid=lost.sid, restore=restore)
