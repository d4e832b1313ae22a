"""The types of a rollout plan: what is to be done to each principal, or why nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import Call


class RefusalKind(StrEnum):
    """Why a principal isn't rolled out."""

    SERVICE_LINKED = "service_linked"
    SSO = "sso"
    ORGANIZATION_ACCESS = "organization_access"
    CONTROL_TOWER = "control_tower"
    STACK_SETS = "stack_sets"
    CDK_BOOTSTRAP = "cdk_bootstrap"
    BREAK_GLASS = "break_glass"
    MANAGED_AS_CODE = "managed_as_code"
    NOT_SAFE = "not_safe"
    GROUPS = "groups"
    NOT_IN_POLICIES = "not_in_policies"
    OTHER_POLICIES = "other_policies"  # the replacement was made from others
    NAME = "name"
    NO_SPACE = "no_space"
    NOTHING_TO_DO = "nothing_to_do"
    NOT_PROVEN = "not_proven"  # it isn't proven from the documents that nothing new is allowed
    NOT_REPRODUCED = "not_reproduced"  # the data folder gives another replacement
    # Found only when the plan is applied:
    CALLER = "caller"
    OTHER_ACCOUNT = "other_account"
    CHANGED = "changed"
    NAME_TAKEN = "name_taken"
    QUOTA = "quota"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to roll a principal out: a sentence, and how to have it all the same, "" where there is no way."""

    kind: RefusalKind
    why: str
    override: str = ""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document of a replacement as it was written: its file, the name proposed for it, and its text to the byte.

    `narrows` are the old policies that its lines come from: ARNs of managed and names of inline policies, sorted.
    """

    file: str
    name: str
    inline: bool
    text: str
    narrows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy document: `policy` is a managed policy's ARN or an inline policy's name."""

    policy: str
    inline: bool
    text: str


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that a principal holds at any moment of its rollout, to be held against the account's quotas."""

    attached: int = 0
    inline_characters: int = 0
    largest_policy: int = 0


@dataclass(frozen=True, slots=True)
class PrincipalPlan:
    """The plan for one principal: calls and inverse are empty where it is refused.

    `sha256` is the fingerprint of the policies that it was computed from, `before` and `after` their documents and the
    new ones. `boundary` is the ARN of its permissions boundary. `documents` are those of the replacement, where the
    calls or other people put it in place; a plan of an older lpgen has none. `permission_set` is the inline policy to
    put into the permission set of a role of IAM Identity Center, `code` what to change in the template of one that is
    managed as code.
    """

    principal: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    safe: bool
    sha256: str
    folder: str
    before: tuple[PolicyText, ...]
    after: tuple[PolicyText, ...]
    calls: tuple[Call, ...]
    inverse: tuple[Call, ...]
    peak: Peak
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    boundary: str = ""
    documents: tuple[NewDocument, ...] = ()
    permission_set: str = ""
    code: str = ""
