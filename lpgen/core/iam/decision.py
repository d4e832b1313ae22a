"""The types of a decision: requests, matches, results and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from lpgen.core.globs.match import fold_case
from lpgen.core.iam.principals import Naming
from lpgen.core.model import Effect, Policy, Resource


class Unstated(Enum):
    """The value for an unknown policy, as opposed to no policy."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies that apply to a request.

    `identity` are the principal's policies: inline, attached, and of its groups. `boundary` is its permissions
    boundary, or empty. `scps` and `rcps` have one item per level of the organization, from the root to the account.
    Every level of SCPs must allow the request. Empty means that there are none. `resource` is the policy of the
    resource (a role's trust policy, a key's key policy), or None if it has none. If it is UNSTATED, the decision covers
    only the principal's side. `session` is the session policy. `endpoint` are the policies of the VPC endpoint that the
    request comes through, or empty.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    resource: Policy | Unstated | None = UNSTATED
    session: Policy | None = None
    endpoint: tuple[Policy, ...] = ()


RESOURCE = "resource"
"""The key that a match depends on if the request's resource is unknown or only a glob."""


class AbsentKeys(StrEnum):
    """The meaning of a key that isn't in a request's context."""

    UNKNOWN = "unknown"  # the record might not show it
    MISSING = "missing"  # the context is complete: the request doesn't have it


@dataclass(frozen=True, slots=True)
class Request:
    """A request: principal, action, resource and context.

    `action` can be in any case and doesn't have to be in the catalog. `context` maps condition keys, in any case, to
    their values. A key with no values is known to be missing. `resource_account` owns the resource, or is "" if only
    the ARN shows the owner.
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
        """The values of a condition key, in any case. Empty if the request lacks the key, None if unknown.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        return self._values.get(fold_case(key), () if self.absent_keys is AbsentKeys.MISSING else None)


class Answer(StrEnum):
    """Whether something matches a request."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Match(NamedTuple):
    """An answer. If it is MAYBE, also the condition keys (or `RESOURCE`) that it depends on, sorted."""

    answer: Answer
    depends_on: tuple[str, ...] = ()


YES = Match(Answer.YES)
NO = Match(Answer.NO)


def maybe(*keys: str) -> Match:
    """A match that depends on these keys."""
    return Match(Answer.MAYBE, tuple(sorted(set(keys))))


def match_of(holds: bool) -> Match:
    """YES or NO."""
    return YES if holds else NO


def all_of(matches: Iterable[Match]) -> Match:
    """YES if all matches are YES, NO if one is NO, otherwise MAYBE with all their keys. Stops at the first NO."""
    return _joined(matches, YES, NO)


def any_of(matches: Iterable[Match]) -> Match:
    """NO if all matches are NO, YES if one is YES, otherwise MAYBE with all their keys. Stops at the first YES."""
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
    """YES for NO, NO for YES, MAYBE for MAYBE."""
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
    """A statement that matches or may match: its layer, the index of its policy in the layer, and its own index.

    `level` is the level of an SCP or RCP in the organization, from 0 for the root.
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
    """A layer and level without a statement that allows the request."""

    layer: Layer
    level: int = 0


@dataclass(frozen=True, slots=True)
class AuthorizationDecision:
    """The result, the statements that decided it and, for DEPENDS, the condition keys that it depends on (sorted).

    `reasons` are the deciding statements: the denies of an explicit deny, the allows of an allowed request, all that
    may matter for DEPENDS. For an implicit deny, these are allows that weren't enough, and `stops` are the layers
    without a needed allow. `rule` is AWS's own rule that decided regardless of policies, or "".
    """

    result: Result
    reasons: tuple[Reason, ...]
    depends_on: tuple[str, ...] = ()
    stops: tuple[Stop, ...] = ()
    rule: str = ""


@dataclass(slots=True)
class Wall:
    """The statements of one set of policies that match or may match a request.

    For a resource policy, `namings` has how each statement names the principal. `alone` is the cached decision on
    requests that only this wall applies to.
    """

    layer: Layer
    level: int
    reasons: tuple[Reason, ...]
    namings: tuple[Naming, ...] = ()
    alone: AuthorizationDecision | None = None

    @property
    def denies(self) -> tuple[Reason, ...]:
        """The statements with the effect Deny."""
        return tuple(reason for reason in self.reasons if reason.effect is Effect.DENY)

    def allowed(self) -> Match:
        """Whether any statement allows the request. Denies don't count."""
        return any_of([reason.match for reason in self.reasons if reason.effect is Effect.ALLOW])

    def allowed_by(self, wanted: Naming) -> Match:
        """Whether a statement that names the principal in this way allows the request."""
        pairs = zip(self.reasons, self.namings, strict=True)
        return any_of(r.match for r, naming in pairs if r.effect is Effect.ALLOW and naming is wanted)
