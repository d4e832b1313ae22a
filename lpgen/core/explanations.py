"""The types of an explanation: which hole in which wall lets a request through, what stops it, its use, who can."""

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

    `action` is as the catalog spells it, or as it was asked where `known` is false; `similar` are then the closest
    names in the catalog. `resource` is the one to evaluate. `context` are the condition values known of the request:
    those that are certain for the principal, and those `given`. `remarks` are sentences on how the question was
    understood.
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
    `resources` are the patterns that match or may match, or all of them where none does or they are in `NotResource`.
    `named` says how a resource policy names the principal, "" elsewhere. `depends_on` are the keys that decide, where
    it may apply.
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
        """Whether it applies, or may."""
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
    """One set of policies that the request meets, with its statements that cover the action, those that count first.

    `level` is the organization's, from 0, of SCPs and RCPs. `of` is the resource that a resource policy hangs on.
    `missing` are its policies whose documents the snapshot lacks. `policies` is how many were read.
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
            return "the trust policy of the role"
        return _WALL_NAMES[self.layer].format(level=self.level + 1)


_WALL_NAMES: Final = {
    Layer.IDENTITY: "its own policies",
    Layer.BOUNDARY: "its permissions boundary",
    Layer.SESSION: "the session",
    Layer.SCP: "level {level} of the SCPs",
    Layer.RCP: "level {level} of the RCPs",
    Layer.RESOURCE: "the policy of the resource",
    Layer.ENDPOINT: "the vpc endpoint",
}


# ---------------------------------------------------------------- use


class UseOn(StrEnum):
    """Whether a use was on the resource that is asked about."""

    ASKED = "asked"
    PERHAPS = "perhaps"  # the record doesn't say, or many names were folded into one pattern
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SeenUse:
    """A use or an attempt of the action by the principal, and whether it was on the resource asked about.

    `why` says how an inferred use came about, "" for one that its record shows.
    """

    use: Use
    on: UseOn
    why: str = ""


class Used(StrEnum):
    """Whether the logs show use of the action on the resource that is asked about."""

    NEVER = "never"  # a use would have left a record
    UNKNOWN = "unknown"  # none was seen, and the logs could not have shown it
    PERHAPS = "perhaps"
    USED = "used"


@dataclass(frozen=True, slots=True)
class SeenUses:
    """The use of the action by the principal that the logs show: uses on the resource asked about first.

    `blind_spot` says why the logs could not have shown use, "" where they could. `coverage` is that of the principal's
    account, None where none of its logs was read. `earlier` are records of an earlier principal of the same name.
    """

    uses: tuple[SeenUse, ...]
    blind_spot: str
    coverage: AccountCoverage | None
    earlier: int = 0

    def allowed(self, *places: UseOn) -> tuple[SeenUse, ...]:
        """The uses in these places that were allowed."""
        return tuple(seen for seen in self.uses if seen.on in places and seen.use.outcome is Outcome.ALLOWED)

    @property
    def counted(self) -> tuple[SeenUse, ...]:
        """The allowed uses on the resource asked about, or else those that were perhaps on it."""
        return self.allowed(UseOn.ASKED) or self.allowed(UseOn.PERHAPS)

    @property
    def last(self) -> str:
        """The time of the last of these, or ""."""
        return max((seen.use.evidence.last_seen for seen in self.counted), default="")

    @property
    def used(self) -> Used:
        """What the logs show, in a word."""
        if self.counted:
            return Used.USED if self.counted[0].on is UseOn.ASKED else Used.PERHAPS
        return Used.UNKNOWN if self.blind_spot or self.coverage is None else Used.NEVER


# ---------------------------------------------------------------- the whole


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to a question.

    `sentence` is the result in plain words. `depends_on` are condition keys, and other deciding facts where the result
    is DEPENDS; `unread` lists inputs that weren't supplied and could change the result. `rule` is AWS's own rule that
    decides whatever the policies say, or "". `stops` name the walls without a needed allow. `seen` is None where no
    data folder was given.
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

    @property
    def holes(self) -> tuple[ExplainedStatement, ...]:
        """The Allows of the principal's own policies and the resource's that let it through, or may if it depends."""
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
        """The records of the resource asked about whose outcome contradicts the result."""
        if self.seen is None or self.result is Result.DEPENDS:
            return ()
        outcome = Outcome.DENIED if self.result is Result.ALLOWED else Outcome.ALLOWED
        return tuple(seen for seen in self.seen.uses if seen.on is UseOn.ASKED and seen.use.outcome is outcome)


@dataclass(frozen=True, slots=True)
class WhoCan:
    """The answers to one question for all principals that the glob `asked` matches, those to look at first first.

    `trust` has the outsiders that their roles trust, the worst first. `unread` lists what wasn't supplied or isn't
    looked at and could change some answer.
    """

    asked: str
    answers: tuple[Explanation, ...]
    trust: tuple[OutsideTrust, ...]
    unread: tuple[str, ...]

    def having(self, *results: Result) -> tuple[Explanation, ...]:
        """The answers with one of these results."""
        return tuple(answer for answer in self.answers if answer.result in results)

    def outsiders(self, answer: Explanation) -> tuple[str, ...]:
        """Who outside can assume the role of an answer, a sentence each."""
        return tuple(trust.message for trust in self.trust if trust.principal == answer.question.principal.arn)
