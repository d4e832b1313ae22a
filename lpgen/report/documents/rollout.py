"""A rollout plan as JSON, schema `lpgen.rollout/2`, and the denials since, schema `lpgen.rollout-watch/1`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from lpgen.core.digests import digest_of_text
from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.model import AssumptionMethod, DenialKind
from lpgen.core.rollout.calls import IamCall
from lpgen.core.rollout.denials import Denial
from lpgen.core.rollout.plan import PolicyText, PrincipalPlan
from lpgen.core.rollout.plan_document import (
    CallPart,
    NewDocumentPart,
    PlanDocument,
    PolicyTextPart,
    PrincipalPlanPart,
    RefusalPart,
    SourcePart,
)
from lpgen.core.rollout.source import RolloutPlan
from lpgen.core.rollout.watch import Watched
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import ActionName, Arn, Texts


def rollout_json(plan: RolloutPlan) -> str:
    """The plan as JSON text."""
    source, digests = plan.source, plan.source.digests
    written = SourcePart.from_attributes(
        source,
        inputs=digests.inputs.to_facts(),
        files=dict(sorted(digests.files.items())),
        report=digests.report,
        digest=digests.root,
        signature=source.signature or None,
    )
    document = PlanDocument.from_attributes(
        plan, source=written, principals=tuple(map(_part_from_plan, plan.principals))
    )
    return lay_out(document)


def _part_from_plan(plan: PrincipalPlan) -> PrincipalPlanPart:
    return PrincipalPlanPart.from_attributes(
        plan,
        boundary=plan.boundary or None,
        refusals=[RefusalPart.from_attributes(refusal, override=refusal.override or None) for refusal in plan.refusals],
        calls=tuple(map(_part_from_call, plan.calls)),
        inverse=tuple(map(_part_from_call, plan.inverse)),
        documents=[
            NewDocumentPart.from_attributes(
                document, type=_form(inline=document.inline), sha256=digest_of_text(document.text)
            )
            for document in plan.documents
        ],
        before=tuple(map(_part_from_text, plan.before)),
        after=tuple(map(_part_from_text, plan.after)),
        permission_set=plan.permission_set or None,
        code=plan.code or None,
        trust=plan.trust or UNSET,
    )


def _part_from_call(call: IamCall) -> CallPart:
    return CallPart.from_attributes(call, parameters=call.parameters())


def _part_from_text(text: PolicyText) -> PolicyTextPart:
    return PolicyTextPart.from_attributes(text, type=_form(inline=text.inline))


def _form(*, inline: bool) -> str:
    return "inline" if inline else "managed"


# ---------------------------------------------------------------- denials since

_OneOrSeveral = str | tuple[str, ...]


class RestorePart(RowPart, kw_only=True, rename="pascal"):
    """A statement of a policy."""

    effect: Annotated[Literal["Allow"], means("Its effect.")]
    action: Annotated[str, means("Its action.")]
    resource: Annotated[_OneOrSeveral | UnsetType, means("Its resources.")] = UNSET
    not_resource: Annotated[_OneOrSeveral | UnsetType, means("All resources except these.")] = UNSET
    condition: Annotated[
        dict[str, dict[str, _OneOrSeveral]] | UnsetType, means("Its conditions, by operator and key.")
    ] = UNSET


class LostPart(RowPart, kw_only=True):
    """A removed statement that allowed a call that is now denied."""

    policy: Annotated[str, means("The ARN of a managed policy, or the name of an inline one.")]
    statement: Annotated[Count, means("The number of the statement, from 1.")]
    sid: Annotated[str, means('Its Sid. "": none.')]
    restore: Annotated[RestorePart, means("The statement to restore, which is never wider.")]


class DenialPart(Part, kw_only=True):
    """A denial since the rollout."""

    action: ActionName
    resource: Annotated[str | None, means("The resource; null: not in the record.")]
    kind: Annotated[DenialKind, means("What denied it.")] = field(name="denial_kind")
    records: Annotated[Count, means("Number of records that show it.")]
    straddles: Annotated[bool, means("Whether some records may be from before the rollout.")] = field(
        name="some_from_before"
    )
    last_seen: Annotated[str, means("When it was last seen.")]
    example_event_id: Annotated[str, means("The ID of one of the records.")]
    before_too: Annotated[bool, means("Whether it was also denied before the rollout.")] = field(
        name="denied_before_too"
    )
    why: Annotated[str, means('What else denies it. "": only the lost statements.')]
    restored: Annotated[bool, means("Whether newer policies allow it again.")]
    lost: Annotated[tuple[LostPart, ...], means("The removed statements that allowed it.")]


class UnmappedCallPart(RowPart, kw_only=True):
    """A denied call with an unknown action."""

    call: Annotated[str, means("The call.")]
    records: Annotated[Count, means("Number of records that show it.")]


class UnseenPart(RowPart, kw_only=True):
    """Removed actions whose denial leaves no record."""

    service: Annotated[str, means("Their service.")]
    count: Annotated[Count, means("Number of actions.")] = field(name="actions")
    examples: Annotated[Texts, means("Some of them.")]
    why: Annotated[str, means("Why a denial leaves no record.")]


class DeniedAssumptionPart(RowPart, kw_only=True):
    """Denied requests of one caller for sessions of a role whose trust policy was narrowed."""

    method: Annotated[AssumptionMethod, means("The call.")]
    name: Annotated[str, means("The caller, as far as the records tell.")] = field(name="caller")
    subject: Annotated[str, means('The subject of a federated caller. "": none.')]
    names_role: Annotated[bool, means("Whether the records name the role.")]
    records: Annotated[Count, means("Number of records that show it.")]
    straddles: Annotated[bool, means("Whether some records may be from before the rollout.")] = field(
        name="some_from_before"
    )
    first_day: Annotated[date, means("The first day.")]
    last_day: Annotated[date, means("The last day.")]
    example_event_id: Annotated[str, means("The ID of one of the records.")]
    before_too: Annotated[bool, means("Whether it was also denied before the rollout.")] = field(
        name="denied_before_too"
    )
    lost: Annotated[bool, means("Whether the narrowed trust policy may have caused it.")]
    restored: Annotated[bool, means("Whether a newer trust policy allows it again.")]
    why: Annotated[str, means("What denies it.")]


class WatchedPart(Part, kw_only=True):
    """What the logs show of one principal since its rollout."""

    principal: Arn
    applied_at: Annotated[str, means("When its replacement was put in place.")]
    logs_until: Annotated[str | None, means("The last day of the logs; null: they end before the rollout.")]
    denials: Annotated[tuple[DenialPart, ...], means("The denials.")]
    unmapped: Annotated[tuple[UnmappedCallPart, ...], means("Denied calls with an unknown action.")]
    unseen: Annotated[tuple[UnseenPart, ...], means("Removed actions whose denial leaves no record.")]
    assumptions: Annotated[tuple[DeniedAssumptionPart, ...], means("Denied requests for sessions of the role.")]


class WatchDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.rollout-watch/1"):
    """What `lpgen rollout watch --format json` prints."""

    principals: Annotated[tuple[WatchedPart, ...], means("The principals that were rolled out.")]


def watch_json(watched: Sequence[Watched]) -> str:
    """The denials since a rollout as JSON text."""
    return lay_out(WatchDocument(principals=tuple(map(_part_from_watched, watched))))


def _part_from_watched(watched: Watched) -> WatchedPart:
    return WatchedPart.from_attributes(
        watched,
        logs_until=watched.logs_until or None,
        denials=tuple(map(_part_from_denial, watched.denials)),
        assumptions=[
            DeniedAssumptionPart.from_attributes(denied, denied.caller, denied.caller.assumption)
            for denied in watched.assumptions
        ],
        unmapped=[UnmappedCallPart(call=call, records=records) for call, records in watched.unmapped],
    )


def _part_from_denial(denial: Denial) -> DenialPart:
    return DenialPart.from_attributes(
        denial,
        resource=denial.resource or None,
        lost=[LostPart.from_attributes(lost, restore=json.loads(lost.restore)) for lost in denial.lost],
    )
