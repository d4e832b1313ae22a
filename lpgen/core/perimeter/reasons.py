"""Why a Deny isn't safe, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

from lpgen.core.documents import RowPart, means


class ProposalState(StrEnum):
    """Whether a proposal can be applied."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    REFUSED = "refused"


class ReasonKind(StrEnum):
    """The kind of a reason that objects to a Deny."""

    UNKNOWN_POLICY = "unknown-policy"
    NO_DATA_EVENTS = "no-data-events"
    FEW_DAYS = "few-days"
    UNKNOWN_ORGANIZATION = "unknown-organization"
    ANONYMOUS_USE = "anonymous-use"
    OBSERVED_REFUSED = "observed-refused"
    SERVICE_ROLE_UNSEEN = "service-role-unseen"
    CONSOLE_USERS = "console-users"
    LOCK_OUT = "lock-out"
    TOO_LARGE = "too-large"
    NO_ENDPOINT = "no-endpoint"
    UNKNOWN_ENDPOINT = "unknown-endpoint"
    ALREADY = "already"
    ROLE_NAMES = "role-names"
    INVALID = "invalid"


_REFUSING: Final = "no-data-events unknown-organization anonymous-use lock-out too-large no-endpoint already invalid"
REFUSING: Final = frozenset(map(ReasonKind, _REFUSING.split()))
"""The reasons for which there is no document."""

_TEXTS: Final = {
    ReasonKind.UNKNOWN_POLICY: "the policy of today isn't known, and the new one would replace it",
    ReasonKind.NO_DATA_EVENTS: "the logs may lack uses: {detail}; `lpgen observe` plans a trail that records them",
    ReasonKind.FEW_DAYS: "the logs cover only {detail} days of the account",
    ReasonKind.UNKNOWN_ORGANIZATION: "the organization isn't known: give its id with --organization",
    ReasonKind.ANONYMOUS_USE: "anonymous callers use it",
    ReasonKind.OBSERVED_REFUSED: "it would refuse uses that the logs show or may hide",
    ReasonKind.SERVICE_ROLE_UNSEEN: "AWS services may assume roles that can reach it and whose use isn't seen",
    ReasonKind.CONSOLE_USERS: "people use it without a VPC endpoint",
    ReasonKind.LOCK_OUT: "nobody except the root user could change the policy afterwards{detail}",
    ReasonKind.TOO_LARGE: "the new policy exceeds the service's limits",
    ReasonKind.NO_ENDPOINT: "nobody uses it through a VPC endpoint",
    ReasonKind.UNKNOWN_ENDPOINT: "calls come through VPC endpoints that aren't known to be yours",
    ReasonKind.ALREADY: "the policy already has such a Deny",
    ReasonKind.ROLE_NAMES: "it excepts principals by names that others can create or change",
    ReasonKind.INVALID: "Access Analyzer reports an error: {detail}",
}


class PerimeterReason(RowPart, kw_only=True):
    """What objects to a Deny."""

    kind: Annotated[ReasonKind, means("Its kind.")]
    text: Annotated[str, means("The reason as a clause.")]
    names: Annotated[tuple[str, ...], means("The principals, VPC endpoints or resources that it is about.")]


def reason(kind: ReasonKind, names: Iterable[str] = (), *, detail: object = "") -> PerimeterReason:
    """The reason of a kind."""
    return PerimeterReason(kind=kind, text=_TEXTS[kind].format(detail=detail), names=tuple(sorted(set(names))))
