"""The words of a decision: a request, whether something matches it, and what was decided for which reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from lpgen.core.globs.match import fold_case
from lpgen.core.iam.principals import Naming
from lpgen.core.model import Effect, Policy, Resource


class Unstated(Enum):
    """That nothing is known of a policy, which is not the same as knowing that there is none."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies that apply to a request.

    `identity` are the principal's own, inline, attached and of its groups. `boundary` is its permissions boundary,
    empty where it has none. `scps` and `rcps` hold a level of the organization each, from the root to the account:
    every level of SCPs must allow; empty means that there are none at all. `resource` is the policy of the resource (a
    role's trust policy, a key's key policy), None where it has none; where it is UNSTATED, the decision covers only the
    principal's side. `session` is the policy passed when the session was made. `endpoint` are the policies of the VPC
    endpoint that the request comes through, empty where it comes through none.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    resource: Policy | Unstated | None = UNSTATED
    session: Policy | None = None
    endpoint: tuple[Policy, ...] = ()


RESOURCE = "resource"
"""The key that a match depends on where the request's resource is unknown, or known only as a glob."""


class AbsentKeys(StrEnum):
    """The meaning of a key that isn't in a request's context."""

    UNKNOWN = "unknown"  # the record may not show it
    MISSING = "missing"  # the context is complete: the request doesn't have it


@dataclass(frozen=True, slots=True)
class Request:
    """One request: who wants to do what, on which resource, in which context.

    `action` may be spelled in any case and needn't be in the catalog. `context` maps condition keys, in any case, to
    their values; a key with no values is one that the request is known not to have. `resource_account` owns the
    resource; "" where only the ARN may say so.
    """

    principal: str
    action: str
    resource: Resource
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent_keys: AbsentKeys = AbsentKeys.UNKNOWN
    resource_account: str = ""
    folded_action: str = field(init=False, repr=False, compare=False)
    _values: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded_action", fold_case(self.action))
        object.__setattr__(self, "_values", {fold_case(key): values for key, values in self.context.items()})

    def values_of(self, key: str) -> tuple[str, ...] | None:
        """The values of a condition key in any case: empty where the request lacks it, None where that is unknown.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        return self._values.get(fold_case(key), () if self.absent_keys is AbsentKeys.MISSING else None)


class Answer(StrEnum):
    """Whether something matches a request."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Match(NamedTuple):
    """An answer; where it is MAYBE, the condition keys (or `RESOURCE`) that decide it, sorted."""

    answer: Answer
    depends_on: tuple[str, ...] = ()


YES = Match(Answer.YES)
NO = Match(Answer.NO)


def maybe(*keys: str) -> Match:
    """A match that depends on these keys."""
    return Match(Answer.MAYBE, tuple(sorted(set(keys))))


def match_of(holds: bool) -> Match:
    """The match of a plain truth value."""
    return YES if holds else NO


def all_of(matches: Iterable[Match]) -> Match:
    """YES if every match is, NO if one is, else MAYBE on all their keys. Later matches aren't asked after a NO."""
    return _joined(matches, YES, NO)


def any_of(matches: Iterable[Match]) -> Match:
    """NO if every match is, YES if one is, else MAYBE on all their keys. Later matches aren't asked after a YES."""
    return _joined(matches, NO, YES)


def _joined(matches: Iterable[Match], usual: Match, decisive: Match) -> Match:
    open_matches: list[Match] = []
    for match in matches:
        answer = match.answer
        if answer is decisive.answer:
            return decisive
        if answer is Answer.MAYBE:
            open_matches.append(match)
    return maybe(*(key for match in open_matches for key in match.depends_on)) if open_matches else usual


def opposite(match: Match) -> Match:
    """YES for NO and NO for YES."""
    if match.answer is Answer.MAYBE:
        return match
    return NO if match.answer is Answer.YES else YES


class Result(StrEnum):
    """The result of a request. DEPENDS: it depends on something that the request doesn't show."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    DEPENDS = "Depends"


class Layer(StrEnum):
    """The set of policies that a statement belongs to."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    RESOURCE = "resource policy"
    ENDPOINT = "vpc endpoint"


class Reason(NamedTuple):
    """A statement that matched, or may match: its layer, the place of its policy in the layer, and its own place.

    `level` is the organization's level of an SCP or RCP, from the root at 0.
    """

    layer: Layer
    policy: int
    statement: int
    sid: str
    effect: Effect
    match: Match
    level: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """A layer, and its level, in which nothing allows what would have to be allowed there."""

    layer: Layer
    level: int = 0


@dataclass(frozen=True, slots=True)
class AuthorizationDecision:
    """The result, the statements that decided it and, for DEPENDS, the condition keys it depends on (sorted).

    `reasons` are the statements that decided: the denies of an explicit deny, the allows of an allowed request, all
    that may matter where it depends. An implicit deny has those allows that another layer didn't follow, and `stops`
    are the layers without a needed allow. `rule` is AWS's own rule that decided whatever the policies say, or "".
    """

    result: Result
    reasons: tuple[Reason, ...]
    depends_on: tuple[str, ...] = ()
    stops: tuple[Stop, ...] = ()
    rule: str = ""


@dataclass(slots=True)
class Wall:
    """The statements of one set of policies that match a request, or may.

    For a resource policy, `namings` holds how each statement names the principal. `alone` is the decision on a request
    to which no other wall applies, once it was worked out.
    """

    layer: Layer
    level: int
    reasons: tuple[Reason, ...]
    namings: tuple[Naming, ...] = ()
    alone: AuthorizationDecision | None = None

    @property
    def denies(self) -> tuple[Reason, ...]:
        """Those with the effect Deny."""
        return tuple(reason for reason in self.reasons if reason.effect is Effect.DENY)

    def allowed(self) -> Match:
        """Whether any statement allows the request; Denies aren't asked."""
        return any_of([reason.match for reason in self.reasons if reason.effect is Effect.ALLOW])

    def allowed_by(self, wanted: Naming) -> Match:
        """Whether a statement that names the principal in this way allows the request."""
        pairs = zip(self.reasons, self.namings, strict=True)
        return any_of(r.match for r, naming in pairs if r.effect is Effect.ALLOW and naming is wanted)
