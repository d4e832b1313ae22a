"""The types of an explanation: the walls that a request meets, the holes in them, its recorded use, and who can make
it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lpgen.core.evidence import AccountCoverage, StatementRef, Use
from lpgen.core.findings import OutsideTrust
from lpgen.core.iam.decision import Answer, Layer, Result
from lpgen.core.model import Condition, Effect, Outcome, Principal, Resource


@dataclass(frozen=True, slots=True)
class Question:
    """The question whether a principal may do something to a resource.

    `action` is as the catalog spells it, or as in the question if `known` is false; `similar` are then the closest
    names in the catalog. `resource` is the resource to evaluate. `context` are the known condition values of the
    request: those that are certain for the principal, and those `given`. `remarks` are sentences about how the question
    was understood.
    """

    principal: Principal
    action: str
    known: bool
    similar: tuple[str, ...]
    resource: Resource
    context: Mapping[str, tuple[str, ...]]
    given: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


# ---------------------------------------------------------------- walls


class Fit(StrEnum):
    """Whether a statement that covers the action applies to the request, and if not, why."""

    APPLIES = "applies"
    MAY_APPLY = "may_apply"
    OTHER_RESOURCE = "other_resource"
    OTHER_PRINCIPAL = "other_principal"
    CONDITION = "condition_not_met"


@dataclass(frozen=True, slots=True)
class ConditionState:
    """One condition of a statement, and whether the request meets it."""

    condition: Condition
    met: Answer


@dataclass(frozen=True, slots=True)
class ExplainedStatement:
    """A statement that covers the action, with the parts that matched.

    `actions` are the patterns that matched, or all of a `NotAction`; they cover `actions_today` actions of the catalog.
    `resources` are the patterns that match or may match, or all if none does or for a `NotResource`. `named` says how a
    resource policy names the principal, "" for other policies. `depends_on` are the deciding keys, if it may apply.
    """

    ref: StatementRef
    effect: Effect
    fit: Fit
    actions: tuple[str, ...]
    not_action: bool
    actions_today: int
    resources: tuple[str, ...]
    not_resource: bool
    conditions: tuple[ConditionState, ...]
    depends_on: tuple[str, ...]
    named: str = ""

    @property
    def counts(self) -> bool:
        """Whether it applies or may apply."""
        return self.fit in (Fit.APPLIES, Fit.MAY_APPLY)


class WallState(StrEnum):
    """The answer of a wall to the request."""

    OPEN = "open"  # a hole in it lets the request through
    SHUT = "shut"  # nothing in it allows the request, and nothing denies it
    DENIES = "denies"
    DEPENDS = "depends"
    UNKNOWN = "unknown"  # the document of one of its policies is missing, and could matter


@dataclass(frozen=True, slots=True)
class ExplainedWall:
    """One set of policies that apply to the request, with the statements that cover the action, applicable ones first.

    `level` is the level of the organization, from 0, for SCPs and RCPs. `of` is the resource of a resource policy.
    `missing` are its policies without a document in the snapshot. `policies` is the number of policies that were read.
    """

    layer: Layer
    level: int
    state: WallState
    statements: tuple[ExplainedStatement, ...]
    policies: int
    missing: tuple[str, ...] = ()
    of: str = ""

    @property
    def name(self) -> str:
        """The wall's name in sentences."""
        if self.layer is Layer.RESOURCE and ":role/" in self.of:
            return _TRUST_POLICY
        return _WALL_NAMES[self.layer].format(level=self.level + 1)


_TRUST_POLICY: Final = "the trust policy of the role"
_WALL_NAMES: Final = {
    Layer.IDENTITY: "its own policies",
    Layer.BOUNDARY: "its permissions boundary",
    Layer.SESSION: "the session",
    Layer.SCP: "level {level} of the SCPs",
    Layer.RCP: "level {level} of the RCPs",
    Layer.RESOURCE: "the policy of the resource",
    Layer.ENDPOINT: "the VPC endpoint policy",
}


# ---------------------------------------------------------------- use


class UseOn(StrEnum):
    """Whether a use was on the resource of the question."""

    ASKED = "asked"
    PERHAPS = "perhaps"  # the record doesn't say, or many names were folded into one pattern
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SeenUse:
    """A use or an attempt of the action by the principal, and whether it was on the resource of the question.

    `why` explains an inferred use; it is "" for a recorded use.
    """

    use: Use
    on: UseOn
    why: str = ""


class Used(StrEnum):
    """Whether the logs show use of the action on the resource of the question."""

    NEVER = "never"  # a use would have left a record
    UNKNOWN = "unknown"  # none was seen, and the logs can't show it
    PERHAPS = "perhaps"
    USED = "used"


@dataclass(frozen=True, slots=True)
class SeenUses:
    """The recorded use of the action by the principal, first on the resource of the question.

    `blind_spot` says why the logs could not have shown use, or is "". `coverage` is the coverage of the principal's
    account, None if none of its logs was read. `earlier` is the number of records of an earlier principal of the same
    name.
    """

    uses: tuple[SeenUse, ...]
    blind_spot: str
    coverage: AccountCoverage | None
    earlier: int = 0

    def allowed(self, *places: UseOn) -> tuple[SeenUse, ...]:
        """The allowed uses on these resources."""
        return tuple(seen for seen in self.uses if seen.on in places and seen.use.outcome is Outcome.ALLOWED)

    @property
    def counted(self) -> tuple[SeenUse, ...]:
        """The allowed uses on the resource of the question, or else those that may have been on it."""
        return self.allowed(UseOn.ASKED) or self.allowed(UseOn.PERHAPS)

    @property
    def last(self) -> str:
        """The time of the last of these uses, or ""."""
        return max((seen.use.evidence.last_seen for seen in self.counted), default="")

    @property
    def used(self) -> Used:
        """Whether the logs show use."""
        if self.counted:
            return Used.USED if self.counted[0].on is UseOn.ASKED else Used.PERHAPS
        return Used.UNKNOWN if self.blind_spot or self.coverage is None else Used.NEVER


# ---------------------------------------------------------------- the whole


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to a question.

    `sentence` is the result as text. `depends_on` are condition keys and other deciding facts if the result is DEPENDS.
    `unread` lists inputs that weren't supplied and could change the result. `rule` is a rule of AWS that decides
    regardless of the policies, or "". `stops` are the names of walls without a needed Allow. `seen` is None without a
    data folder. `needs` says whose Allow is needed, or is "" if a rule decides. `lacking` are the walls without a
    needed Allow, even if a Deny decides. `is_policy_unknown`: the resource may have a policy that wasn't supplied.
    """

    question: Question
    result: Result
    sentence: str
    depends_on: tuple[str, ...]
    rule: str
    stops: tuple[str, ...]
    walls: tuple[ExplainedWall, ...]
    unread: tuple[str, ...]
    seen: SeenUses | None
    needs: str = ""
    lacking: tuple[str, ...] = ()
    is_policy_unknown: bool = False

    @property
    def holes(self) -> tuple[ExplainedStatement, ...]:
        """The Allows of the principal's and the resource's policies that allow it, or may allow it if it depends."""
        fits = (Fit.APPLIES,) if self.result is Result.ALLOWED else (Fit.APPLIES, Fit.MAY_APPLY)
        return tuple(
            statement
            for wall in self.walls
            if wall.layer in (Layer.IDENTITY, Layer.RESOURCE)
            for statement in wall.statements
            if statement.fit in fits and statement.effect is Effect.ALLOW
        )

    @property
    def contrary(self) -> tuple[SeenUse, ...]:
        """The uses on the resource of the question whose outcome contradicts the result."""
        if self.seen is None or self.result is Result.DEPENDS:
            return ()
        outcome = Outcome.DENIED if self.result is Result.ALLOWED else Outcome.ALLOWED
        return tuple(seen for seen in self.seen.uses if seen.on is UseOn.ASKED and seen.use.outcome is outcome)


@dataclass(frozen=True, slots=True)
class WhoCan:
    """The answers to one question for all principals that the glob `asked` matches, the most urgent first.

    `trust` has the outsiders that their roles trust, the worst first. `unread` lists inputs that weren't supplied or
    aren't read and could change an answer.
    """

    asked: str
    answers: tuple[Explanation, ...]
    trust: tuple[OutsideTrust, ...]
    unread: tuple[str, ...]

    def having(self, *results: Result) -> tuple[Explanation, ...]:
        """The answers with one of these results."""
        return tuple(answer for answer in self.answers if answer.result in results)

    def outsiders(self, answer: Explanation) -> tuple[str, ...]:
        """The outsiders who can assume the role of an answer, one sentence each."""
        return tuple(trust.message for trust in self.trust if trust.principal == answer.question.principal.arn)
