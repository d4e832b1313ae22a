"""Conditions on tags as JSON, schema `lpgen.tags/1`."""

from __future__ import annotations

from typing import Annotated

from lpgen.core.documents import Part, means
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.model import TagProposal, TagReport, TagWindow, UsedResource
from lpgen.core.tags.reasons import TagReason
from lpgen.core.tags.writers import TagWriter
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import Texts
from lpgen.report.documents.perimeter import StatementObject
from lpgen.report.documents.trust import PolicyObject


class TagProposalPart(Part, kw_only=True):
    """A condition on one tag, for one statement and one type of resources."""

    policy: Annotated[str, means("The ARN of the managed policy, or the name of the inline policy.")]
    statement: Annotated[int, means("The number of the statement, from 0.")]
    sid: Annotated[str, means("Its Sid.")]
    type: Annotated[str, means("The type of resources, such as `dynamodb:table`.")]
    resources: Annotated[Texts, means("The statement's patterns that can match the type.")]
    key: Annotated[str, means("The key of the tag.")]
    values: Annotated[Texts, means("The values of the tag.")]
    principal_tag: Annotated[bool, means("Whether the condition demands the value of the principal's own tag.")]
    state: Annotated[ProposalState, means("Whether it can be applied.")]
    reasons: Annotated[tuple[TagReason, ...], means("What objects to it.")]
    used: Annotated[tuple[UsedResource, ...], means("The used resources.")]
    excluded: Annotated[Texts, means("The known resources within the patterns that the condition shuts out.")]
    still_allowed: Annotated[Texts, means("The known resources that weren't used and stay allowed.")]
    added: Annotated[tuple[StatementObject, ...], means("The statements in place of the old one.")]
    document: Annotated[PolicyObject | None, means("The whole new policy; null: refused.")]
    writers: Annotated[tuple[TagWriter, ...], means("Who can write the tag.")]
    guard: Annotated[
        PolicyObject | None, means("An SCP that leaves the tag to tag managers; null: nobody else can write it.")
    ]
    backtest: Annotated[tuple[TagWindow, ...], means("Conditions made from earlier days, and what they would refuse.")]


class PrincipalTagsPart(Part, kw_only=True):
    """The proposals for one principal."""

    principal: Annotated[str, means("Its ARN.")]
    proposals: Annotated[tuple[TagProposalPart, ...], means("The proposals, in the order of its policies.")]


class TagsDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.tags/1"):
    """Conditions on tags in place of wildcards."""

    principals: Annotated[tuple[PrincipalTagsPart, ...], means("The principals with proposals, sorted by ARN.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def tags_json(report: TagReport) -> str:
    """The report as JSON text."""
    principals = tuple(
        PrincipalTagsPart(principal=one.principal, proposals=tuple(map(_part_from_proposal, one.proposals)))
        for one in report.principals
    )
    return lay_out(TagsDocument(principals=principals, problems=report.problems))


def _part_from_proposal(proposal: TagProposal) -> TagProposalPart:
    return TagProposalPart.from_attributes(proposal)
