"""The steps that put a replacement in place, in an order that never removes a permission in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.findings import Detachment, PrincipalClass, Proposal
from lpgen.core.replacements import ReplacementDocument
from lpgen.core.rollout.calls import POLICY_PATH
from lpgen.report.views import has_documents


class StepKind(StrEnum):
    """The kind of a step."""

    ATTACH = "attach"
    NEW_VERSION = "new_version"  # of a policy that already has this name
    PUT_INLINE = "put_inline"
    DETACH = "detach"
    DELETE_INLINE = "delete_inline"
    LEAVE_GROUP = "leave_group"
    KEEP_BOUNDARY = "keep_boundary"
    STAY_ATTACHED = "stay_attached"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step. `name` is its policy, group or boundary; `file` and `characters` describe a new document."""

    kind: StepKind
    name: str
    file: str = ""
    characters: int = 0


def document_file(number: int) -> str:
    """The file name of a replacement's document. Documents are numbered from 1, in order."""
    return f"policy-{number}.json"


def plan_steps(proposal: Proposal) -> tuple[PlanStep, ...]:
    """The steps: first add the new policies, then remove the old ones. Empty without a replacement."""
    if not has_documents(proposal) or proposal.replacement is None:
        return ()
    diff, documents = proposal.diff, proposal.replacement.documents
    boundary, going = diff.principal.boundary, goes_with(proposal, documents)
    return (
        *(
            PlanStep(_coming(proposal, document), document.name, document_file(number), document.size)
            for number, document in enumerate(documents, start=1)
        ),
        *(PlanStep(StepKind.DETACH, name) for name in going.managed),
        *(PlanStep(StepKind.DELETE_INLINE, name) for name in going.inline),
        *(PlanStep(StepKind.LEAVE_GROUP, name) for name in diff.draft.detach.groups),
        *([PlanStep(StepKind.KEEP_BOUNDARY, boundary.arn or boundary.name)] if boundary else ()),
        *(PlanStep(StepKind.STAY_ATTACHED, policy.arn) for policy in proposal.replacement.left),
    )


def goes_with(proposal: Proposal, documents: Iterable[ReplacementDocument]) -> Detachment:
    """The policies to remove. This excludes policies of an earlier replacement that have the names of the new ones."""
    kept, detach = tuple(documents), proposal.diff.draft.detach
    own = {_own_arn(proposal, document) for document in kept if not document.inline}
    inline = {document.name for document in kept if document.inline}
    return replace(
        detach,
        managed=tuple(arn for arn in detach.managed if _short_arn(arn) not in own),
        inline=tuple(name for name in detach.inline if name not in inline),
    )


def is_there(proposal: Proposal, document: ReplacementDocument) -> bool:
    """Whether the principal already has a policy of this name, from an earlier replacement."""
    detach = proposal.diff.draft.detach
    if document.inline:
        return document.name in detach.inline
    return _own_arn(proposal, document) in map(_short_arn, detach.managed)


def _own_arn(proposal: Proposal, document: ReplacementDocument) -> str:
    return f"{proposal.diff.principal.account}:policy{POLICY_PATH}{document.name}"


def _short_arn(arn: str) -> str:
    """An IAM ARN from the account on."""
    return arn.partition("::")[2]


def _coming(proposal: Proposal, document: ReplacementDocument) -> StepKind:
    if document.inline:
        return StepKind.PUT_INLINE
    return StepKind.NEW_VERSION if is_there(proposal, document) else StepKind.ATTACH


def plan_note(proposal: Proposal) -> str:
    """What to know before carrying out the plan, or ""."""
    steps = plan_steps(proposal)
    if proposal.diff.principal_class is PrincipalClass.SSO and steps:
        return "make these changes in the permission set: IAM Identity Center writes the role in all accounts"
    both = sum(step.kind in (StepKind.ATTACH, StepKind.DETACH, StepKind.STAY_ATTACHED) for step in steps)
    quota = proposal.replacement.attached_quota if proposal.replacement else both
    if both > quota:
        return (
            f"the old and new policies together are {both} attached policies, but the quota is {quota}:"
            " raise the quota, or first detach unused policies"
        )
    draft = proposal.diff.draft
    of_services = [arn.rpartition("/")[2] for arn in draft.detach.managed if is_service_policy(arn)]
    of_aws = {line.action for line in draft.lines if is_service_policy(line.parent.policy)}
    if of_services and steps and len(of_aws) * 2 > len({line.action for line in draft.lines}):
        return (
            f"AWS updates {' and '.join(of_services)} when the service needs more, and the replacement doesn't get"
            " these updates. Most of the kept actions are from these policies: consider leaving the role unchanged"
        )
    return ""
