"""The plan for each principal, or why nothing is done, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import IamCall
from lpgen.core.rollout.refusals import Refusal
from lpgen.core.rollout.trust_change import TRUST_POLICY, TrustChange
from lpgen.core.rollout.written_replacement import NewDocument


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy document: `policy` is a managed policy's ARN or an inline policy's name."""

    policy: str
    inline: bool
    text: str


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that a principal holds during its rollout, to compare with the account's quotas."""

    attached: int
    inline_characters: int
    largest_policy: int


NO_PEAK: Final = Peak(0, 0, 0)


@dataclass(frozen=True, slots=True)
class PrincipalPlan:
    """The plan for one principal. `calls` and `inverse` are empty if it is refused.

    `sha256` is the fingerprint of the policies that the plan was computed from. `before` has their documents, and
    `after` the documents after the rollout. `boundary` is the ARN of the permissions boundary. `documents` are the
    documents of the replacement, if the calls or other people put it in place. `permission_set` is the inline policy
    for the permission set of a role of IAM Identity Center. `code` is the change to the template of a principal that is
    managed as code. `left` are the ARNs of the policies that stay attached. `trust` is the change of the trust policy,
    if the replacement has a narrowed one.
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
    trust: TrustChange | None = None

    @property
    def is_trust_only(self) -> bool:
        """Whether only the trust policy changes, because there is no replacement for the policies."""
        return self.trust is not None and not self.documents and not self.left

    def texts_to_restore(self, texts: Mapping[str, str]) -> dict[str, str]:
        """What an undo puts back, by name, for the texts before the rollout: the same, or the nearest trust policy."""
        return {**texts, TRUST_POLICY: self.trust.nearest} if self.trust and self.trust.nearest else {**texts}


class OutcomeKind(StrEnum):
    """The kind of an outcome."""

    APPLIED = "applied"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"  # a call failed, and the principal is as before
    STUCK = "stuck"  # a call failed, and so did undoing
    NOT_REACHED = "not_reached"  # another principal failed earlier
    UNDONE = "undone"
    UNDONE_IN_PART = "undone_in_part"  # the principal is as before, but something that lpgen created is left
    LEFT = "left"  # undoing would lose changes by others, so the principal isn't as before
    UNDONE_BUT = "undone_but"  # lpgen's changes are undone, but others changed something meanwhile
    UNDONE_NEAREST = "undone_nearest"  # undone, with the nearest trust policy that IAM accepts
    GONE = "gone"  # the principal was deleted meanwhile, and nothing that lpgen created for it is left


@dataclass(frozen=True, slots=True)
class RolloutOutcome:
    """The outcome for one principal, with sentences about it."""

    principal: str
    kind: OutcomeKind
    why: tuple[str, ...] = ()
