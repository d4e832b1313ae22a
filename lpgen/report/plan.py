"""The steps that put a replacement in place, in an order that never leaves the principal without what it uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lpgen.core.findings import PrincipalClass, Proposal
from lpgen.core.policies.limits import ATTACHED_POLICIES_LIMIT
from lpgen.report.counts import has_documents


class StepKind(StrEnum):
    """What a step does."""

    ATTACH = "attach"
    PUT_INLINE = "put_inline"
    DETACH = "detach"
    DELETE_INLINE = "delete_inline"
    LEAVE_GROUP = "leave_group"
    KEEP_BOUNDARY = "keep_boundary"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the policy, group or boundary it is about; `file` and `characters` are of a new document."""

    kind: StepKind
    name: str
    file: str = ""
    characters: int = 0


def document_file(number: int) -> str:
    """The file name of a replacement's document; numbers count from 1, in the order of the documents."""
    return f"policy-{number}.json"


def plan_steps(proposal: Proposal) -> tuple[Step, ...]:
    """The steps: what is new comes first, then what it takes the place of goes. None without a replacement."""
    if not has_documents(proposal) or proposal.replacement is None:
        return ()
    diff, documents = proposal.diff, proposal.replacement.documents
    boundary = diff.principal.boundary
    return (
        *(
            Step(
                StepKind.PUT_INLINE if document.inline else StepKind.ATTACH,
                document.name,
                document_file(number),
                document.size,
            )
            for number, document in enumerate(documents, start=1)
        ),
        *(Step(StepKind.DETACH, name) for name in diff.detach.managed),
        *(Step(StepKind.DELETE_INLINE, name) for name in diff.detach.inline),
        *(Step(StepKind.LEAVE_GROUP, name) for name in diff.detach.groups),
        *([Step(StepKind.KEEP_BOUNDARY, boundary.arn or boundary.name)] if boundary else ()),
    )


def plan_note(proposal: Proposal) -> str:
    """What is special about carrying out the plan, or ""."""
    steps = plan_steps(proposal)
    if proposal.diff.principal_class is PrincipalClass.SSO and steps:
        return "these are changes of the permission set in IAM Identity Center, which writes the role in all accounts"
    both = sum(step.kind in (StepKind.ATTACH, StepKind.DETACH) for step in steps)
    if both > ATTACHED_POLICIES_LIMIT:
        return (
            f"old and new together are {both} attached policies, and AWS allows {ATTACHED_POLICIES_LIMIT} by default:"
            " raise the quota, or detach what is unused first"
        )
    return ""
