"""What code is written of: one principal with its new documents and what these take the place of."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.findings import Detachment, PrincipalClass, Proposal
from lpgen.core.folders import folder_of_account, folder_of_principal
from lpgen.core.model import Principal
from lpgen.core.rollout.code import permission_set_policy
from lpgen.report.plan import goes_with, plan_note


@dataclass(frozen=True, slots=True)
class CodeDocument:
    """One policy document to create: its policy's name, where it goes, and its JSON."""

    name: str
    inline: bool
    text: str


@dataclass(frozen=True, slots=True)
class CodeSubject:
    """One principal. `reasons` are why it isn't called safe, empty where it is or is in place; `note` is of the plan.

    `detach` leaves out policies with the names of the new ones, which become them.
    """

    principal: Principal
    documents: tuple[CodeDocument, ...]
    detach: Detachment
    reasons: tuple[str, ...] = ()
    note: str = ""
    of_permission_set: bool = False

    @property
    def folder(self) -> str:
        """Where its file lies: by account, and apart from the others where it isn't called safe."""
        account = folder_of_account(self.principal)
        return f"{account}/not-safe-yet" if self.reasons else account

    @property
    def file(self) -> str:
        """The name of its file, without the ending."""
        return folder_of_principal(self.principal)


def subject_of_proposal(proposal: Proposal) -> CodeSubject | None:
    """The subject of a proposal, or None where there is no document to put in place."""
    replacement = proposal.replacement
    if replacement is None or replacement.refusal or not replacement.documents:
        return None
    reasons = () if proposal.in_place else _reasons(proposal)
    of_set = proposal.diff.principal_class is PrincipalClass.SSO
    documents = tuple(CodeDocument(one.name, one.inline, one.text) for one in replacement.documents)
    whole = permission_set_policy(one.text for one in documents) if of_set else ""
    return CodeSubject(
        replacement.principal,
        (CodeDocument(documents[0].name, True, whole),) if whole else documents,
        goes_with(proposal, replacement.documents),
        reasons,
        plan_note(proposal),
        of_set,
    )


def _reasons(proposal: Proposal) -> tuple[str, ...]:
    found = tuple(caveat.message for caveat in proposal.caveats)
    return found if found or proposal.safe else ("nothing was verified",)
