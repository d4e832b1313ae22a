"""Deny statements for resource policies as JSON, schema `lpgen.perimeter/1`."""

from __future__ import annotations

import json
from typing import Annotated

from lpgen.core.choices import DenyKind
from lpgen.core.documents import Part, PolicyObject, StatementObject, means
from lpgen.core.perimeter.exceptions import Exempt
from lpgen.core.perimeter.proposals import BacktestWindow, PerimeterProposal, PerimeterReport, ResourcePerimeter, UsedBy
from lpgen.core.perimeter.reasons import PerimeterReason, ProposalState
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import Texts


class PerimeterProposalPart(Part, kw_only=True):
    """A Deny of one kind for a resource's policy."""

    kind: Annotated[DenyKind, means("What it is about.")]
    state: Annotated[ProposalState, means("Whether it can be applied.")]
    reasons: Annotated[tuple[PerimeterReason, ...], means("What objects to it.")]
    exceptions: Annotated[tuple[Exempt, ...], means("The principals that it excepts.")]
    added: Annotated[tuple[StatementObject, ...], means("The statements that it adds.")]
    policy: Annotated[PolicyObject | None, means("The whole new policy; null: refused.")]
    protection: Annotated[
        tuple[StatementObject, ...], means("Statements for an SCP that protects the names of excepted principals.")
    ]
    backtest: Annotated[tuple[BacktestWindow, ...], means("Denies made from earlier days, and what they would refuse.")]


class ResourcePerimeterPart(Part, kw_only=True):
    """The proposals for one resource."""

    resource: Annotated[str, means("Its ARN.")]
    type: Annotated[str, means("Its type, such as `s3:bucket`.")]
    account: Annotated[str, means('The account that owns it. "": unknown.')]
    used_by: Annotated[tuple[UsedBy, ...], means("Who used it, or may have used it.")]
    editors: Annotated[Texts, means("Who can still change its policy if every proposal is applied.")]
    proposals: Annotated[tuple[PerimeterProposalPart, ...], means("The proposals, one for each kind.")]


class PerimeterDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.perimeter/1"):
    """Deny statements for the policies of resources."""

    resources: Annotated[tuple[ResourcePerimeterPart, ...], means("The resources, sorted by ARN.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def perimeter_json(report: PerimeterReport) -> str:
    """The report as JSON text."""
    parts = tuple(map(_part_from_resource, report.resources))
    return lay_out(PerimeterDocument(resources=parts, problems=report.problems))


def _part_from_resource(found: ResourcePerimeter) -> ResourcePerimeterPart:
    return ResourcePerimeterPart.from_attributes(
        found,
        found.resource,
        resource=found.resource.arn,
        proposals=[_part_from_proposal(proposal) for proposal in found.proposals],
    )


def _part_from_proposal(proposal: PerimeterProposal) -> PerimeterProposalPart:
    statements = proposal.added.statements if proposal.added else ()
    return PerimeterProposalPart.from_attributes(
        proposal,
        added=[json.loads(statement.text) for statement in statements],
    )
