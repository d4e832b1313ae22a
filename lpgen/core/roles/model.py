"""The proposals of `lpgen roles`, as they appear in its JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

from lpgen.core.choices import RolesPart
from lpgen.core.documents import Count, Part, RowPart, means

Texts = tuple[str, ...]
PolicyObject = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"additionalProperties": True})]
"""A policy as AWS takes it."""


class MoveState(StrEnum):
    """Whether something objects to a proposal."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class AgainstKind(StrEnum):
    """What objects to a proposal."""

    FEW_DAYS = "few-days"
    UNSAFE_REPLACEMENT = "unsafe-replacement"
    COMPUTE_UNKNOWN = "compute-unknown"
    SHARED_KEY = "shared-key"
    SUSPECTED_USE = "suspected-use"
    USER_VARIABLES = "user-variables"
    USED_ELSEWHERE = "used-elsewhere"
    KIND_UNKNOWN = "kind-unknown"
    REFUSED_USE = "refused-use"
    UNPROVEN = "unproven"
    NAMED_ELSEWHERE = "named-elsewhere"
    ENVIRONMENT_UNKNOWN = "environment-unknown"
    TOO_LARGE = "too-large"


_TEXTS: Final = {
    AgainstKind.FEW_DAYS: "the logs cover only {detail} days of the account",
    AgainstKind.UNSAFE_REPLACEMENT: "`lpgen review` doesn't call the replacement safe",
    AgainstKind.COMPUTE_UNKNOWN: "no evidence names what runs the workload: ask the owner",
    AgainstKind.SHARED_KEY: "a key is used from several networks and by several programs, so several may hold it",
    AgainstKind.SUSPECTED_USE: "some use may be an intruder's: decide on it first",
    AgainstKind.USER_VARIABLES: "policies use a variable of users, such as aws:username, which roles don't have",
    AgainstKind.USED_ELSEWHERE: "IAM dates a use in the covered days that the logs don't show",
    AgainstKind.KIND_UNKNOWN: "the evidence doesn't show whether a person or a program uses it",
    AgainstKind.REFUSED_USE: "the shared policy would refuse recorded use",
    AgainstKind.UNPROVEN: "the shared policy isn't proven: {detail}",
    AgainstKind.NAMED_ELSEWHERE: "policies of resources or trust policies name members, and must name the shared role",
    AgainstKind.ENVIRONMENT_UNKNOWN: "nothing says which environments the accounts are",
    AgainstKind.TOO_LARGE: "the shared trust policy has {detail} characters, more than AWS allows",
}


class Against(RowPart, kw_only=True):
    """What objects to a proposal."""

    kind: Annotated[AgainstKind, means("Its kind.")]
    text: Annotated[str, means("The reason as a clause.")]
    names: Annotated[Texts, means("The principals, keys or resources that it is about.")] = ()


def against(kind: AgainstKind, names: Iterable[str] = (), *, detail: object = "") -> Against:
    """The objection of a kind."""
    return Against(kind=kind, text=_TEXTS[kind].format(detail=detail), names=tuple(sorted(set(names))))


def state_of(found: Iterable[Against]) -> MoveState:
    """Safe if nothing objects."""
    return MoveState.UNSAFE if tuple(found) else MoveState.SAFE


# ---------------------------------------------------------------- users


class UserKind(StrEnum):
    """Who uses an IAM user."""

    PERSON = "person"
    WORKLOAD = "workload"
    BOTH = "both"
    UNUSED = "unused"
    UNKNOWN = "unknown"


class EvidenceKind(StrEnum):
    """What a fact about a user is about."""

    CONSOLE_SIGN_IN = "console-sign-in"
    MFA = "mfa"
    PASSWORD = "password"
    NO_PASSWORD = "no-password"
    KEY = "key"
    KEY_UNUSED = "key-unused"
    USER_AGENT = "user-agent"
    HOURS = "hours"
    NETWORKS = "networks"
    NAME_TAG = "name-tag"


class UserEvidence(RowPart, kw_only=True):
    """A fact about a user."""

    kind: Annotated[EvidenceKind, means("What it is about.")]
    text: Annotated[str, means("The fact as a clause.")]


class UserKey(RowPart, kw_only=True):
    """An access key. A credential report doesn't say its id."""

    id: Annotated[str, means("Its id, or its number in the credential report.")]
    active: Annotated[bool | None, means("Whether it is active; null: unknown.")]
    created: Annotated[date | None, means("When it was created; null: unknown.")]
    last_used: Annotated[date | None, means("The last day of use that the logs or IAM show; null: none.")]
    days_used: Annotated[Count, means("On how many days the logs show its use.")]


class TargetKind(StrEnum):
    """What replaces a user."""

    PERMISSION_SET = "permission-set"
    ROLE = "role"
    QUESTION = "question"


class Target(RowPart, kw_only=True):
    """What replaces a user."""

    kind: Annotated[TargetKind, means("Its kind. question: only the owner can say.")]
    name: Annotated[str, means('Its name. "": a question.')]
    new: Annotated[bool, means("Whether it doesn't exist yet.")]
    over_grant: Annotated[Count, means("How many pairs of action and scope it allows that the user doesn't use.")] = 0
    harmful: Annotated[Count, means("How many of these pairs have a dangerous action.")] = 0
    text: Annotated[str, means("Why, or the question, as a sentence.")] = ""


class Step(RowPart, kw_only=True):
    """A step of a move."""

    text: Annotated[str, means("What to do.")]
    check: Annotated[str, means("What to observe before the next step.")]


class UserFindingKind(StrEnum):
    """What is also found about a user."""

    INLINE_POLICY = "inline-policy"
    UNUSED_KEY = "unused-key"
    SIGN_IN_ONLY = "sign-in-only"
    OLD_KEY = "old-key"


class UserFinding(RowPart, kw_only=True):
    """What is also found about a user."""

    kind: Annotated[UserFindingKind, means("Its kind.")]
    names: Annotated[Texts, means("The policies or keys.")]


class UserMove(Part, kw_only=True):
    """An IAM user, and what should replace it."""

    user: Annotated[str, means("Its ARN.")]
    kind: Annotated[UserKind, means("Who uses it.")]
    state: Annotated[MoveState, means("Whether nothing objects to the steps.")]
    evidence: Annotated[tuple[UserEvidence, ...], means("The facts that show the kind.")]
    keys: Annotated[tuple[UserKey, ...], means("Its access keys.")]
    goes_to: Annotated[Target, means("What replaces it.")]
    policy: Annotated[tuple[PolicyObject, ...] | None, means("The documents of a new role; null: none is new.")]
    steps: Annotated[tuple[Step, ...], means("What to do, in this order.")]
    against: Annotated[tuple[Against, ...], means("What objects to it.")]
    findings: Annotated[tuple[UserFinding, ...], means("What is also found.")]


# ---------------------------------------------------------------- merges


class MergeKind(StrEnum):
    """The kind of principals that could share a role."""

    ROLE = "role"
    PERMISSION_SET = "permission-set"
    PERSON = "person"
    WORKLOAD = "workload"


class Merge(Part, kw_only=True):
    """Principals that do the same job and could share one role or permission set."""

    name: Annotated[str, means("The name of the shared role or permission set.")]
    kind: Annotated[MergeKind, means("The kind of the members.")]
    account: Annotated[str, means('The account. "": roles of one name in several accounts, or permission sets.')]
    state: Annotated[MoveState, means("Whether nothing objects to it.")]
    members: Annotated[Texts, means("Their ARNs, sorted.")]
    roles_saved: Annotated[Count, means("How many principals fewer there would be.")]
    over_grant: Annotated[
        Count, means("How many triples of member, action and scope the policy allows without use by the member.")
    ]
    own_names: Annotated[Count, means("How many of these are on scopes named after another member.")]
    harmful: Annotated[Count, means("How many of these have a dangerous action: none.")]
    against: Annotated[tuple[Against, ...], means("What objects to it.")]
    policy: Annotated[tuple[PolicyObject, ...], means("The shared documents.")]
    left: Annotated[Texts, means("The ARNs of AWS managed policies that stay attached.")]
    trust: Annotated[PolicyObject | None, means("The shared trust policy; null: members are users.")]


class Method(StrEnum):
    """How the best partitions of candidates were searched."""

    EXACT = "exact"
    GREEDY = "greedy"


class CurvePoint(RowPart, kw_only=True):
    """The least over-grant for a number of roles."""

    roles: Annotated[Count, means("How many roles remain.")]
    over_grant: Annotated[Count, means("How many triples of member, action and scope are allowed without use.")]
    harmful: Annotated[Count, means("How many of these have a dangerous action. Such merges aren't proposed.")]


class Curve(Part, kw_only=True):
    """The trade of roles against over-grant among candidates: principals of one account and environment, with the same
    kind of trust, boundary and Denies."""

    account: Annotated[str, means("Their account.")]
    kind: Annotated[MergeKind, means("Their kind.")]
    members: Annotated[Texts, means("Their ARNs, sorted.")]
    method: Annotated[Method, means("How the partitions were searched.")]
    points: Annotated[tuple[CurvePoint, ...], means("From all separate to a single role.")]


# ---------------------------------------------------------------- leftovers


class LeftoverKind(StrEnum):
    """What nobody uses."""

    UNATTACHED_POLICY = "unattached-policy"
    EMPTY_GROUP = "empty-group"
    GROUP_WITHOUT_POLICIES = "group-without-policies"
    EMPTY_INSTANCE_PROFILE = "empty-instance-profile"
    UNASSUMABLE_ROLE = "unassumable-role"


class Leftover(RowPart, kw_only=True):
    """Something that nobody uses."""

    kind: Annotated[LeftoverKind, means("Its kind.")]
    arn: Annotated[str, means("Its ARN.")]
    text: Annotated[str, means("Why nobody uses it, as a clause.")]


class RolesReport(Part, kw_only=True):
    """The proposals, and problems in the input files. `parts` are those that were asked for."""

    users: tuple[UserMove, ...] = ()
    merges: tuple[Merge, ...] = ()
    curves: tuple[Curve, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    parts: tuple[RolesPart, ...] = tuple(RolesPart)
    problems: Texts = ()
