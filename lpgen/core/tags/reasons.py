"""Why a condition on a tag isn't safe, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

from lpgen.core.documents import RowPart, means


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
