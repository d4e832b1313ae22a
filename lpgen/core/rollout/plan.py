"""What is to be done to each principal, or why nothing is, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import IamCall
from lpgen.core.rollout.refusals import Refusal
from lpgen.core.rollout.written_replacement import NewDocument


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy document: `policy` is a managed policy's ARN or an inline policy's name."""

    policy: str
    inline: bool
    text: str


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that a principal holds at any moment of its rollout, to be held against the account's quotas."""

    attached: int
    inline_characters: int
    largest_policy: int


NO_PEAK: Final = Peak(0, 0, 0)


@dataclass(frozen=True, slots=True)
class PrincipalPlan:
    """The plan for one principal: calls and inverse are empty where it is refused.

    `sha256` is the fingerprint of the policies that it was computed from, `before` and `after` their documents and the
    new ones. `boundary` is the ARN of its permissions boundary. `documents` are those of the replacement, where the
    calls or other people put it in place. `permission_set` is the inline policy to put into the permission set of a
    role of IAM Identity Center, `code` what to change in the template of one that is managed as code. `left` are the
    ARNs of the policies that stay attached.
    """

    principal: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    safe: bool
    sha256: str
    folder: str
    before: tuple[PolicyText, ...] = ()
    after: tuple[PolicyText, ...] = ()
    calls: tuple[IamCall, ...] = ()
    inverse: tuple[IamCall, ...] = ()
    peak: Peak = NO_PEAK
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    boundary: str = ""
    documents: tuple[NewDocument, ...] = ()
    permission_set: str = ""
    code: str = ""
    left: tuple[str, ...] = ()


class OutcomeKind(StrEnum):
    """How it ended."""

    APPLIED = "applied"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"  # a call failed, and the principal is as it was
    STUCK = "stuck"  # a call failed, and so did taking back
    NOT_REACHED = "not_reached"  # another principal failed before
    UNDONE = "undone"
    UNDONE_IN_PART = "undone_in_part"  # the principal is as it was, and something that lpgen made is left
    LEFT = "left"  # something that others made would be lost, and the principal isn't as it was
    UNDONE_BUT = "undone_but"  # what lpgen did is undone, and others have changed something meanwhile
    GONE = "gone"  # the principal was deleted meanwhile, and nothing that lpgen made for it is left


@dataclass(frozen=True, slots=True)
class RolloutOutcome:
    """How one principal's ended, with sentences about it."""

    principal: str
    kind: OutcomeKind
    why: tuple[str, ...] = ()
