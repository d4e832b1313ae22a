"""Each role's trust as JSON, schema `lpgen.trust/1`."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated

from lpgen.core.choices import Severity
from lpgen.core.documents import Count, Message, Parameters, Part, PolicyObject, RowPart, means
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.model import AssumptionMethod, Outcome
from lpgen.core.trust.findings import TrustFindingKind
from lpgen.core.trust.narrow import NarrowedLine, Treatment
from lpgen.core.trust.refusals import TrustRefusalKind
from lpgen.core.trust.roles import Caller, RoleTrust, TrustReport
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import AcceptedBy, Arn, Texts


class TrustFindingPart(Part, kw_only=True):
    """A finding about a trust policy."""

    kind: Annotated[TrustFindingKind, means("Its kind.")]
    severity: Annotated[Severity, means("Its severity.")]
    message: Message
    step: Annotated[str, means("What to do about it.")]
    parameters: Parameters
    accepted_by: AcceptedBy


class TrustRefusalPart(RowPart, kw_only=True):
    """Why there is no narrowed trust policy."""

    kind: Annotated[TrustRefusalKind, means("The kind of reason.")]
    message: Message


class MayAssumePart(RowPart, kw_only=True):
    """Who may assume a role."""

    principal: Annotated[str, means("The principal.")]
    depends_on: Annotated[Texts, means("The condition keys that still decide.")]


class AssumedByPart(RowPart, kw_only=True):
    """Who assumed a role, or failed to."""

    principal: Annotated[str, means('The ARN, account, service or identity provider; "unknown": not recorded.')]
    principal_id: Annotated[str, means('Its unique ID. "": not recorded.')]
    method: Annotated[AssumptionMethod, means("How it asked for a session.")]
    subject: Annotated[str, means('The subject of the web identity or SAML assertion. "": none.')]
    audience: Annotated[str, means('The audience of the web identity. "": none.')]
    external_id: Annotated[str, means('The external ID that it gave. "": none.')]
    outcome: Annotated[Outcome, means("The outcome.")]
    error_code: Annotated[str, means('The error that the record shows. "": none.')]
    first_day: Annotated[date, means("The first day.")]
    last_day: Annotated[date, means("The last day.")]
    days: Annotated[Count, means("Number of days.")]
    records: Annotated[Count, means("Number of records.")]
    example_event_id: Annotated[str, means("The ID of the earliest record.")]


class TrustEvidencePart(RowPart, kw_only=True):
    """A principal of an Allow statement, what happens to it, and the records that need it."""

    statement: Annotated[Count, means("The number of the statement in the old policy, from 0.")]
    sid: Annotated[str, means('Its Sid. "": none.')]
    principal: Annotated[str, means("The principal as written.")]
    treatment: Annotated[Treatment, means("Whether it is kept, limited by a condition, or dropped.")]
    records: Annotated[Count, means("Number of records that need it.")]
    first_day: Annotated[date | None, means("The first day of these records; null: none.")]
    last_day: Annotated[date | None, means("The last day of these records; null: none.")]
    example_event_id: Annotated[str, means('The ID of one of these records. "": none.')]
    added: Annotated[Texts, means("Subjects in GitHub's other format that it allows in addition.")]


class TrustBacktestPart(RowPart, kw_only=True):
    """A trust policy narrowed by the records up to a day, replayed on the records after it."""

    learned_until: Annotated[date, means("The last day that it learned from.")]
    judged_until: Annotated[date, means("The last day that it was replayed on.")]
    records: Annotated[Count, means("Number of successful assumptions on these days.")]
    refused: Annotated[Count, means("How many of them it would have refused.")]


class RoleTrustPart(Part, kw_only=True):
    """One role's trust."""

    arn: Arn
    findings: Annotated[tuple[TrustFindingPart, ...], means("The findings, the most severe first.")]
    may_assume: Annotated[tuple[MayAssumePart, ...], means("Who may assume it.")]
    assumed_by: Annotated[tuple[AssumedByPart, ...], means("Who assumed it, and who failed to.")]
    never_seen: Annotated[Texts, means("The trusted principals and subjects that no record shows, as written.")]
    proposal: Annotated[PolicyObject | None, means("The narrowed trust policy; null: none.")]
    evidence: Annotated[tuple[TrustEvidencePart, ...], means("The principals of the proposal with their records.")]
    backtest: Annotated[tuple[TrustBacktestPart, ...], means("How such proposals would have done before.")]
    undo: Annotated[str, means('Why IAM wouldn\'t take the old trust policy back. "": it would, or no proposal.')]
    refusals: Annotated[tuple[TrustRefusalPart, ...], means("Why there is no proposal.")]


class TrustDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.trust/1"):
    """Who may assume each role, who did, and narrowed trust policies."""

    roles: Annotated[tuple[RoleTrustPart, ...], means("The roles, sorted by ARN.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def trust_json(report: TrustReport) -> str:
    """The report as JSON text."""
    document = TrustDocument(roles=tuple(map(_part_from_role, report.roles)), problems=report.problems)
    return lay_out(document)


def _part_from_role(trust: RoleTrust) -> RoleTrustPart:
    proposal = trust.proposal
    return RoleTrustPart.from_attributes(
        trust,
        arn=trust.role.arn,
        findings=[TrustFindingPart.from_attributes(finding) for finding in trust.findings],
        may_assume=[MayAssumePart.from_attributes(caller) for caller in trust.may_assume],
        assumed_by=[_part_from_caller(caller) for caller in trust.assumed_by],
        refusals=[TrustRefusalPart.from_attributes(refusal) for refusal in trust.refusals],
        proposal=json.loads(policy_to_json(proposal.policy)) if proposal else None,
        evidence=[part_from_trust_line(line) for line in proposal.lines] if proposal else [],
        backtest=[
            TrustBacktestPart.from_attributes(window, learned_until=window.learned, judged_until=window.until)
            for window in (proposal.backtest if proposal else ())
        ],
        undo=proposal.undo if proposal else "",
    )


def _part_from_caller(caller: Caller) -> AssumedByPart:
    return AssumedByPart.from_attributes(caller, caller.assumption, principal=caller.name)


def part_from_trust_line(line: NarrowedLine) -> TrustEvidencePart:
    """What happens to a line of a trust policy, and the records that need it."""
    uses = line.uses
    return TrustEvidencePart.from_attributes(
        line,
        line.line.statement,
        statement=line.line.statement.index,
        principal=line.line.value,
        records=sum(use.records for use in uses),
        first_day=min((use.day for use in uses), default=None),
        last_day=max((use.day for use in uses), default=None),
        example_event_id=uses[0].example_event_id if uses else "",
    )
