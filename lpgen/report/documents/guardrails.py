"""Service control policies and permissions boundaries as JSON: `lpgen.scps/1` and `lpgen.boundary/1`."""

from __future__ import annotations

from typing import Annotated

from lpgen.core.documents import Part, PolicyObject, StatementObject, means
from lpgen.core.guardrails.boundary import BoundaryReport
from lpgen.core.guardrails.reasons import Reason
from lpgen.core.guardrails.scp import Kept, ScpKind, ScpReport
from lpgen.core.perimeter.exceptions import Exempt
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import Texts


class ScpPart(Part, kw_only=True):
    """A service control policy of one kind."""

    kind: Annotated[ScpKind, means("What it denies.")]
    state: Annotated[ProposalState, means("Whether it can be applied.")]
    reasons: Annotated[tuple[Reason, ...], means("What objects to it.")]
    denies: Annotated[Texts, means("The services, Regions or actions that it newly denies.")]
    kept: Annotated[tuple[Kept, ...], means("Those that it doesn't deny.")]
    exceptions: Annotated[tuple[Exempt, ...], means("The principals that it excepts.")]
    policy: Annotated[PolicyObject | None, means("The document; null: refused.")]
    test: Annotated[str, means('Commands that attach it to one account first. "": refused.')]


class UnitPart(Part, kw_only=True):
    """A root, organizational unit or account."""

    unit: Annotated[str, means("Its id.")]
    name: Annotated[str, means('Its name. "": not known.')]
    accounts: Annotated[Texts, means("All accounts below it.")]
    proposals: Annotated[tuple[ScpPart, ...], means("The proposals, one for each kind.")]


class ScpDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.scps/1"):
    """Service control policies for the units of an organization."""

    units: Annotated[tuple[UnitPart, ...], means("The units.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


class CreatorStatementPart(Part, kw_only=True):
    """A statement of a creator's policy, and what replaces it."""

    policy: Annotated[str, means("The policy's name.")]
    statement: Annotated[str, means("Its Sid, or its number from 1.")]
    old: Annotated[StatementObject, means("The statement of today.")]
    new: Annotated[tuple[StatementObject, ...], means("The statements that replace it.")]


class BoundaryDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.boundary/1"):
    """A permissions boundary for created roles, and new policies for their creators."""

    creators: Annotated[Texts, means("The ARNs of the creators.")]
    created: Annotated[Texts, means("The ARNs of the created roles.")]
    name: Annotated[str, means("The boundary's name.")]
    state: Annotated[ProposalState, means("Whether the documents can be applied.")]
    reasons: Annotated[tuple[Reason, ...], means("What objects to them.")]
    boundary: Annotated[PolicyObject | None, means("The boundary; null: refused.")]
    creator_statements: Annotated[tuple[CreatorStatementPart, ...], means("The replaced statements.")]
    denies: Annotated[tuple[StatementObject, ...], means("Statements to add to the creators.")]
    creator_policies: Annotated[dict[str, PolicyObject], means("All policies of the creators afterwards, by name.")]
    unseen: Annotated[Texts, means("Roles with services and actions that the boundary may lack.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def scps_json(report: ScpReport) -> str:
    """The report as JSON text."""
    units = [
        UnitPart.from_attributes(
            found.unit, unit=found.unit.id, proposals=tuple(map(ScpPart.from_attributes, found.proposals))
        )
        for found in report.units
    ]
    return lay_out(ScpDocument(units=tuple(units), problems=report.problems))


def boundary_json(report: BoundaryReport) -> str:
    """The report as JSON text."""
    part = BoundaryDocument.from_attributes(
        report,
        creator_statements=[CreatorStatementPart.from_attributes(found) for found in report.creator_statements],
        creator_policies=dict(report.creator_policies or {}),
    )
    return lay_out(part)
