"""The types of a rollout plan: what is to be done to each principal, or why nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from lpgen.core.model import PrincipalKind
from lpgen.core.registry.refusals import RefusalKind
from lpgen.core.registry.row import Finding
from lpgen.core.rollout.calls import IamCall


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to roll a principal out, as plans say it: a sentence, and the option that overrides it, or ""."""

    kind: RefusalKind
    why: str
    override: str = ""

    @classmethod
    def of(cls, kind: RefusalKind, /, **parameters: object) -> Self:
        """A refusal in the words of its row."""
        found = Finding(kind, parameters)
        return cls(kind, found.message, found.step)


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
