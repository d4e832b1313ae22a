"""The proposals of `lpgen roles`, as they appear in its JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from lpgen.core.choices import RolesPart
from lpgen.core.documents import Count, Part, PolicyObject, RiskPart, RowPart, means

Texts = tuple[str, ...]
State = Literal["safe", "unsafe"]
"""Whether something objects to a proposal."""


class Worded(StrEnum):
    """A kind with the clause that says it."""

    text: str

    def __new__(cls, value: str, text: str) -> Self:
        """The member with a value."""
        kind = str.__new__(cls, value)
        kind._value_, kind.text = value, text
        return kind


class AgainstKind(Worded):
    """What objects to a proposal."""

    FEW_DAYS = "few-days", "the logs cover only {detail} days of the account"
    UNSAFE_REPLACEMENT = "unsafe-replacement", "`lpgen review` doesn't call the replacement safe"
    COMPUTE_UNKNOWN = "compute-unknown", "no evidence names what runs the workload: ask the owner"
    TRUST_UNCONFIRMED = "trust-unconfirmed", "the role must trust this pipeline: ask the owner for its subject"
    KIND_UNKNOWN = "kind-unknown", "the evidence doesn't show whether a person or a program uses it"
    SHARED_KEY = "shared-key", "a key is used from several networks and by several programs, so several may hold it"
    SUSPECTED_USE = "suspected-use", "some use may be an intruder's: decide on it first"
    USER_VARIABLES = "user-variables", "policies use a variable of users, such as aws:username, which roles don't have"
    USED_ELSEWHERE = "used-elsewhere", "IAM dates a use in the covered days that the logs don't show"
    UNPROVEN = "unproven", "a policy isn't proven: {detail}"
    NAMED_ELSEWHERE = ("named-elsewhere", "policies of resources or trust policies name them, and must name new roles")
    OWN_RESOURCES = "own-resources", "a member could use what it can't use today, such as {detail}"
    ENVIRONMENT_UNKNOWN = "environment-unknown", "nothing says which environments the accounts are"
    TOO_LARGE = "too-large", "the shared trust policy has {detail} characters, more than AWS allows"
    SESSIONS_UNKNOWN = (
        "sessions-unknown",
        "records of some use don't show whose session it is, or there are too many session names",
    )
    NEW_SESSIONS = ("new-sessions", "sessions began in the last 30 days or were seen on a single day, so more may come")
    CROSSED_BEFORE = "crossed-before", "a job began to use what only others had used before"
    CALLERS_UNKNOWN = "callers-unknown", "no record shows who asks for the sessions"


class Against(RowPart, kw_only=True):
    """What objects to a proposal."""

    kind: Annotated[AgainstKind, means("Its kind.")]
    text: Annotated[str, means("The reason as a clause.")]
    names: Annotated[Texts, means("The principals, keys or resources that it is about.")] = ()


def against(kind: AgainstKind, names: Iterable[str] = (), *, detail: object = "") -> Against:
    """The objection of a kind."""
    return Against(kind=kind, text=kind.text.format(detail=detail), names=tuple(sorted(set(names))))


class RoleSettings(RowPart, kw_only=True):
    """What a new role keeps of the old one in addition to policies. A permission set has neither path nor tags."""

    path: Annotated[str, means('Its path. "": a permission set.')]
    boundary: Annotated[str, means('The ARN of its permissions boundary, or the file of `--boundary`. "": none.')]
    tags: Annotated[dict[str, str], means("Its tags.")]


def state_of(found: Iterable[Against]) -> State:
    """Safe if nothing objects."""
    return "unsafe" if tuple(found) else "safe"


# ---------------------------------------------------------------- users

UserKind = Literal["person", "workload", "both", "unused", "unknown"]
"""Who uses an IAM user."""


class EvidenceKind(Worded):
    """A fact about a user."""

    CONSOLE_SIGN_IN = "console-sign-in", "it signed in to the console on {count} days, last on {last}"
    MFA = "mfa", "{text}"
    PASSWORD = "password", "it has a password for the console"
    NO_PASSWORD = "no-password", "it has no password for the console"
    KEY = "key", "key {key} was used on {count} days, last on {last}"
    KEY_UNUSED = "key-unused", "key {key} wasn't used in the covered days"
    USER_AGENT = "user-agent", "{key} was used by {text}"
    HOURS = "hours", "{key} was used {days}, {hours}"
    NETWORKS = "networks", "{key} was used from {text}"
    NAME_TAG = "name-tag", "its tag {key} is {text}"


FindingKind = Literal["inline-policy", "unused-key", "sign-in-only", "old-key"]


class UserEvidence(RowPart, kw_only=True):
    """A fact about a user."""

    kind: Annotated[EvidenceKind, means("What it is about.")]
    text: Annotated[str, means("The fact as a clause.")]


class UserKey(RowPart, kw_only=True):
    """An access key. A credential report doesn't say its id."""

    id: Annotated[str, means("Its id, or its number in the credential report.")]
    active: Annotated[bool | None, means("Whether it is active; null: unknown.")] = None
    created: Annotated[date | None, means("When it was created; null: unknown.")] = None
    last_used: Annotated[date | None, means("The last day of use that the logs or IAM show; null: none.")] = None
    days_used: Annotated[Count, means("On how many days the logs show its use.")] = 0


class Target(RowPart, kw_only=True):
    """What replaces a user."""

    kind: Annotated[Literal["permission-set", "role", "question"], means("Its kind. question: only the owner can say.")]
    name: Annotated[str, means('Its name. "": a question.')] = ""
    new: Annotated[bool, means("Whether it doesn't exist yet.")] = False
    over_grant: Annotated[Count, means("How many pairs of action and scope it allows that the user doesn't use.")] = 0
    harmful: Annotated[Count, means("How many of these pairs have a dangerous action.")] = 0
    text: Annotated[str, means("Why, or the question, as a sentence.")] = ""


class Step(RowPart, kw_only=True):
    """A step of a move."""

    text: Annotated[str, means("What to do.")]
    check: Annotated[str, means("What to observe before the next step.")]


class UserFinding(RowPart, kw_only=True):
    """What is also found about a user."""

    kind: Annotated[FindingKind, means("Its kind.")]
    names: Annotated[Texts, means("The policies or keys.")]


class UserMove(Part, kw_only=True):
    """An IAM user, and what should replace it."""

    user: Annotated[str, means("Its ARN.")]
    kind: Annotated[UserKind, means("Who uses it.")]
    state: Annotated[State, means("Whether nothing objects to the steps.")]
    evidence: Annotated[tuple[UserEvidence, ...], means("The facts that show the kind.")]
    keys: Annotated[tuple[UserKey, ...], means("Its access keys.")]
    goes_to: Annotated[Target, means("What replaces it.")]
    policy: Annotated[tuple[PolicyObject, ...] | None, means("The documents of a new role; null: none is new.")]
    steps: Annotated[tuple[Step, ...], means("What to do, in this order.")]
    against: Annotated[tuple[Against, ...], means("What objects to it.")]
    findings: Annotated[tuple[UserFinding, ...], means("What is also found.")]
    left: Annotated[Texts, means("The ARNs of AWS managed policies that a new role needs too.")]
    settings: Annotated[RoleSettings | None, means("What a new role keeps of the user; null: none is new.")]


# ---------------------------------------------------------------- merges

MergeKind = Literal["role", "permission-set", "person", "workload"]
"""The kind of principals that could share a role."""


class Merge(Part, kw_only=True):
    """Principals that do the same job and could share one role or permission set."""

    name: Annotated[str, means("The name of the shared role or permission set.")]
    kind: Annotated[MergeKind, means("The kind of the members.")]
    account: Annotated[str, means('The account. "": roles of one name in several accounts, or permission sets.')]
    state: Annotated[State, means("Whether nothing objects to it.")]
    members: Annotated[Texts, means("Their ARNs, sorted.")]
    roles_saved: Annotated[Count, means("How many principals fewer there would be.")]
    over_grant: Annotated[
        Count, means("How many triples of member, action and scope the policy allows without use by the member.")
    ]
    harmful: Annotated[Count, means("How many of these have a dangerous action: none within one account.")]
    against: Annotated[tuple[Against, ...], means("What objects to it.")]
    policy: Annotated[tuple[PolicyObject, ...], means("The shared documents.")]
    left: Annotated[Texts, means("The ARNs of AWS managed policies that stay attached.")]
    trust: Annotated[PolicyObject | None, means("The shared trust policy; null: members are users.")]
    settings: Annotated[
        RoleSettings,
        means(
            "What it keeps of all members. In several accounts, the ARN of the boundary is that of the first member."
        ),
    ]
    risk: Annotated[RiskPart | None, means("The highest forecast of a member's replacement; null: one has none.")]


class CurvePoint(RowPart, kw_only=True):
    """The least over-grant for a number of roles."""

    roles: Annotated[Count, means("How many roles remain.")]
    over_grant: Annotated[Count, means("How many triples of member, action and scope are allowed without use.")]
    harmful: Annotated[Count, means("How many of these have a dangerous action. Such merges aren't proposed.")]


class Curve(Part, kw_only=True):
    """The trade of roles against over-grant among candidates: principals of one account, environment and tenant, with
    the same kind of trust, boundary and Denies."""

    account: Annotated[str, means("Their account.")]
    kind: Annotated[MergeKind, means("Their kind.")]
    members: Annotated[Texts, means("Their ARNs, sorted.")]
    method: Annotated[Literal["exact", "greedy"], means("How the partitions were searched.")]
    points: Annotated[tuple[CurvePoint, ...], means("From all separate to a single role.")]


# ---------------------------------------------------------------- splits

SessionKind = Literal["name", "source-identity", "resource", "subject"]
"""How sessions of a role are known."""


class SessionGroup(RowPart, kw_only=True):
    """Sessions of a role with names of one pattern."""

    kind: Annotated[SessionKind, means("How they are known.")]
    value: Annotated[str, means("The pattern: `*` replaces numbers, UUIDs and random text.")]
    first_day: Annotated[date, means("The first day of use.")]
    last_day: Annotated[date, means("The last day of use.")]
    records: Annotated[Count, means("How many records show their use.")]


class SplitPart(Part, kw_only=True):
    """A job of a role, and a role for this job."""

    name: Annotated[str, means("The name of the new role or permission set.")]
    sessions: Annotated[tuple[SessionGroup, ...], means("The sessions that do it, the most used first.")]
    callers: Annotated[Texts, means("Who asks for the sessions, sorted.")]
    removed: Annotated[Count, means("How many pairs of action and scope of the role's replacement it lacks.")]
    dangerous_removed: Annotated[Count, means("How many of these have a dangerous action.")]
    policy: Annotated[tuple[PolicyObject, ...], means("The documents of the new role.")]


class Split(Part, kw_only=True):
    """A role whose sessions do different jobs, and a role for each job."""

    role: Annotated[str, means("Its ARN.")]
    state: Annotated[State, means("Whether nothing objects to it.")]
    parts: Annotated[tuple[SplitPart, ...], means("The jobs, sorted by their sessions.")]
    trust: Annotated[PolicyObject | None, means("The role's trust policy, for each part; null: a permission set.")]
    left: Annotated[Texts, means("The ARNs of AWS managed policies that stay attached, for each part.")]
    settings: Annotated[RoleSettings, means("What each part keeps of the role.")]
    risk: Annotated[
        RiskPart | None,
        means("The forecast of the role's replacement, that of a part isn't measured; null: no backtest."),
    ]
    against: Annotated[tuple[Against, ...], means("What objects to it.")]


# ---------------------------------------------------------------- leftovers


class LeftoverKind(Worded):
    """What nobody uses."""

    UNATTACHED_POLICY = "unattached-policy", "no role, user or group has it, and it is nobody's boundary"
    EMPTY_GROUP = "empty-group", "no user is a member"
    GROUP_WITHOUT_POLICIES = "group-without-policies", "it gives its members nothing"
    EMPTY_INSTANCE_PROFILE = "empty-instance-profile", "it has no role"
    UNASSUMABLE_ROLE = "unassumable-role", "no principal in its trust policy exists"


class Leftover(RowPart, kw_only=True):
    """Something that nobody uses."""

    kind: Annotated[LeftoverKind, means("Its kind.")]
    arn: Annotated[str, means("Its ARN.")]
    text: Annotated[str, means("Why nobody uses it, as a clause.")]


class RolesReport(Part, kw_only=True, tag_field="schema", tag="lpgen.roles/1"):
    """Users that should become roles, principals that could share a role, roles to split, and what nobody uses."""

    users: Annotated[tuple[UserMove, ...], means("The IAM users, sorted by ARN.")] = ()
    merges: Annotated[tuple[Merge, ...], means("The proposals for shared roles, sorted by their members.")] = ()
    curves: Annotated[tuple[Curve, ...], means("What fewer roles would cost, for each group of candidates.")] = ()
    splits: Annotated[tuple[Split, ...], means("The roles that several jobs share, sorted by ARN.")] = ()
    leftovers: Annotated[tuple[Leftover, ...], means("What nobody uses, by kind and ARN.")] = ()
    parts: Annotated[tuple[RolesPart, ...], means("The parts asked for. The others are empty.")] = tuple(RolesPart)
    problems: Annotated[Texts, means("Problems in the input files.")] = ()
