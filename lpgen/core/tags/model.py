"""What a proposal is made from, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.documents import Part, PolicyObject, RowPart, StatementObject, means
from lpgen.core.evidence import LogCoverage
from lpgen.core.graph.world import World
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.types import TaggedTypes
from lpgen.core.tags.use import UseOfTags
from lpgen.core.tags.writers import TagWriter, TagWriters


class TagReasonKind(StrEnum):
    """The kind of a reason that objects to a condition on a tag."""

    TAGS_UNKNOWN = "tags-unknown"
    TAG_WRITERS = "tag-writers"
    TAGS_CHANGED = "tags-changed"
    NOT_RECORDED = "not-recorded"
    FEW_DAYS = "few-days"
    OBSERVED_REFUSED = "observed-refused"
    AMBIGUOUS_KEY = "ambiguous-key"
    ABAC_OFF = "abac-off"
    TOO_LARGE = "too-large"
    INVALID = "invalid"


REFUSING: Final = frozenset(map(TagReasonKind, ("ambiguous-key", "abac-off", "too-large", "invalid")))
"""The reasons for which there is no document."""

_TEXTS: Final = {
    TagReasonKind.TAGS_UNKNOWN: "the tags of used resources aren't known, so the condition may refuse their use",
    TagReasonKind.TAG_WRITERS: "principals that aren't tag managers can write the tag, and so give access",
    TagReasonKind.TAGS_CHANGED: "the tag of used resources was changed, so earlier use may have been of another value",
    TagReasonKind.NOT_RECORDED: "the logs may lack uses by these actions; `lpgen observe` plans a trail that has them",
    TagReasonKind.FEW_DAYS: "the logs cover only {detail} days of the account",
    TagReasonKind.OBSERVED_REFUSED: "it would refuse calls that the logs show",
    TagReasonKind.AMBIGUOUS_KEY: "used resources have keys that differ only in case, which conditions don't tell apart",
    TagReasonKind.ABAC_OFF: "attribute-based access control isn't known to be switched on for used buckets",
    TagReasonKind.TOO_LARGE: "the new policy would exceed IAM's quota for its size",
    TagReasonKind.INVALID: "Access Analyzer reports an error: {detail}",
}


class TagReason(RowPart, kw_only=True):
    """What objects to a condition on a tag."""

    kind: Annotated[TagReasonKind, means("Its kind.")]
    text: Annotated[str, means("The reason as a clause.")]
    names: Annotated[tuple[str, ...], means("The resources, principals or actions that it is about.")]


def tag_reason(kind: TagReasonKind, names: Iterable[str] = (), *, detail: object = "") -> TagReason:
    """The reason of a kind."""
    return TagReason(kind=kind, text=_TEXTS[kind].format(detail=detail), names=tuple(sorted(set(names))))


class UsedResource(RowPart, kw_only=True):
    """A used resource."""

    resource: Annotated[str, means("Its ARN, or a pattern of ARNs.")]
    value: Annotated[str | None, means("The value of its tag; null: not known.")]


class TagWindow(RowPart, kw_only=True):
    """What a condition made from earlier days would have refused afterwards."""

    until: Annotated[date, means("The last of the earlier days.")]
    refused: Annotated[tuple[str, ...], means("The resources whose use it would have refused in the next 30 days.")]
    unknown: Annotated[tuple[str, ...], means("The resources used then whose tag at that time isn't known.")]


class TagProposal(Part, kw_only=True):
    """A condition on one tag, for one statement and one type of resources."""

    policy: Annotated[str, means("The ARN of the managed policy, or the name of the inline policy.")]
    group: Annotated[str, means('The group that has the inline policy. "": the principal has it.')]
    statement: Annotated[int, means("The number of the statement, from 0.")]
    sid: Annotated[str, means("Its Sid.")]
    type: Annotated[str, means("The type of resources, such as `dynamodb:table`.")]
    resources: Annotated[tuple[str, ...], means("The statement's patterns that can match the type.")]
    key: Annotated[str, means("The key of the tag.")]
    values: Annotated[tuple[str, ...], means("The values of the tag.")]
    principal_tag: Annotated[bool, means("Whether the condition demands the value of the principal's own tag.")]
    state: Annotated[ProposalState, means("Whether it can be applied.")]
    reasons: Annotated[tuple[TagReason, ...], means("What objects to it.")]
    used: Annotated[tuple[UsedResource, ...], means("The used resources.")]
    excluded: Annotated[tuple[str, ...], means("The known resources within the patterns that the condition shuts out.")]
    still_allowed: Annotated[tuple[str, ...], means("The known resources that weren't used and stay allowed.")]
    added: Annotated[tuple[StatementObject, ...], means("The statements in place of the old one.")]
    document: Annotated[PolicyObject | None, means("The whole new policy; null: refused.")]
    writers: Annotated[tuple[TagWriter, ...], means("Who can write the tag.")]
    guard: Annotated[PolicyObject | None, means("An SCP that leaves the tag to tag managers; null: not needed.")]
    backtest: Annotated[tuple[TagWindow, ...], means("Conditions made from earlier days, and what they would refuse.")]


class PrincipalTags(Part, kw_only=True):
    """The proposals for one principal."""

    principal: Annotated[str, means("Its ARN.")]
    proposals: Annotated[tuple[TagProposal, ...], means("The proposals, in the order of its policies.")]


class TagReport(Part, kw_only=True, tag_field="schema", tag="lpgen.tags/1"):
    """Conditions on tags in place of wildcards."""

    principals: Annotated[tuple[PrincipalTags, ...], means("The principals with proposals, sorted by ARN.")]
    problems: Annotated[tuple[str, ...], means("Problems in the input files.")] = ()


@dataclass(frozen=True)
class TagWorld:
    """Everything that is known. `keys` are the only keys to propose (empty: all), `managers` ARNs of tag managers or
    patterns of them, and `abac` the buckets with attribute-based access control."""

    world: World
    types: TaggedTypes
    use: UseOfTags
    coverage: LogCoverage
    observability: Observability
    keys: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    min_days: int = 90
    abac: frozenset[str] = frozenset()
    writers: TagWriters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "writers", TagWriters(self.world, self.use, self.managers))
