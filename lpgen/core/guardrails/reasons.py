"""What objects to a proposal, or why there is no document."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

from lpgen.core.documents import RowPart, means
from lpgen.core.perimeter.reasons import ProposalState


class ReasonKind(StrEnum):
    """The kind of a reason that objects to a guardrail."""

    NO_ACCESS_REPORT = "no-access-report"
    MISSING_LOGS = "missing-logs"
    FEW_DAYS = "few-days"
    MANAGEMENT_ACCOUNT = "management-account"
    REGION_REACHED = "region-reached"
    RESOURCES_UNKNOWN = "resources-unknown"
    SINGLE_REGION_LOGS = "single-region-logs"
    OBSERVED_REFUSED = "observed-refused"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    ROLE_NAMES = "role-names"
    NOTHING = "nothing"
    ALREADY = "already"
    INVALID = "invalid"
    NO_CREATED_ROLES = "no-created-roles"
    ESCAPES = "escapes"
    TRUST_UNKNOWN = "trust-unknown"
    SERVICES_UNKNOWN = "services-unknown"
    POLICIES_UNKNOWN = "policies-unknown"


REFUSING: Final = frozenset(
    {
        ReasonKind.NO_ACCESS_REPORT,
        ReasonKind.MISSING_LOGS,
        ReasonKind.MANAGEMENT_ACCOUNT,
        ReasonKind.TOO_LARGE,
        ReasonKind.NOTHING,
        ReasonKind.ALREADY,
        ReasonKind.INVALID,
        ReasonKind.NO_CREATED_ROLES,
        ReasonKind.POLICIES_UNKNOWN,
    }
)
"""The reasons for which there is no document."""

_TEXTS: Final = {
    ReasonKind.NO_ACCESS_REPORT: "there is no access report of the unit: `lpgen snapshot` in the management account",
    ReasonKind.MISSING_LOGS: "there are no logs of some accounts for the same time",
    ReasonKind.FEW_DAYS: "the logs of some accounts cover only {detail} days",
    ReasonKind.MANAGEMENT_ACCOUNT: "SCPs don't restrict the management account, and the unit has no other",
    ReasonKind.REGION_REACHED: "resources are in, or reach, Regions without calls, which stay allowed",
    ReasonKind.RESOURCES_UNKNOWN: "it isn't known in which Regions resources are: give them with --inventory",
    ReasonKind.SINGLE_REGION_LOGS: "the logs of some accounts may lack Regions",
    ReasonKind.OBSERVED_REFUSED: "it would refuse what the logs show or may hide",
    ReasonKind.TOO_LARGE: "the document has {detail} characters, more than AWS accepts",
    ReasonKind.TOO_MANY: "as many SCPs are attached as AWS accepts ({detail})",
    ReasonKind.ROLE_NAMES: "it excepts principals by names that others can create or change",
    ReasonKind.NOTHING: "there is nothing to deny",
    ReasonKind.ALREADY: "the policies of today already do this",
    ReasonKind.INVALID: "Access Analyzer reports an error: {detail}",
    ReasonKind.NO_CREATED_ROLES: "no role is known that it created: name them with --created",
    ReasonKind.ESCAPES: "paths lead out of the boundary",
    ReasonKind.TRUST_UNKNOWN: "the trust policies of created roles aren't known",
    ReasonKind.SERVICES_UNKNOWN: "the logs don't show to which services roles are passed",
    ReasonKind.POLICIES_UNKNOWN: "documents of policies aren't known",
}


class Reason(RowPart):
    """What objects to a proposal."""

    kind: Annotated[ReasonKind, means("Its kind.")]
    text: Annotated[str, means("The reason as a clause.")]
    names: Annotated[tuple[str, ...], means("The accounts, principals, resources or paths that it is about.")]


def reason(kind: ReasonKind, names: Iterable[str] = (), *, detail: object = "") -> Reason:
    """The reason of a kind."""
    return Reason(kind=kind, text=_TEXTS[kind].format(detail=detail), names=tuple(sorted(set(names))))


_INFORMING: Final = frozenset({ReasonKind.REGION_REACHED})
"""The reasons that a document takes into account."""


def state_of(reasons: Iterable[Reason], *, has_document: bool) -> ProposalState:
    """Refused without a document, and safe if no reason objects to it."""
    if not has_document:
        return ProposalState.REFUSED
    return ProposalState.UNSAFE if {found.kind for found in reasons} - _INFORMING else ProposalState.SAFE
