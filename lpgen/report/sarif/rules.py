"""Kinds of findings as SARIF rules: those of the registry, and what else a review finds.

Their ids are how people filter and dismiss: they never change.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.registry.row import Kind
from lpgen.report.sarif.layout import LEVELS, SarifLevel, SarifRule

_BEST_PRACTICES: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
_ACTION_ELEMENT: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"
_LAST_ACCESSED: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"
_DATA_EVENTS: Final = (
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html"
)
_TRAILS: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trails.html"
_EVALUATION: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
_QUOTAS: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_PERMISSION_SETS: Final = "https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"
_GLOBAL_EVENTS: Final = (
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html"
    "#cloudtrail-concepts-global-service-events"
)
_DETAILS: Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html"

UNUSED_DANGEROUS: Final = SarifRule(
    "unused-dangerous-grant",
    "UnusedDangerousGrant",
    "A dangerous action is granted, and nobody was seen to use it.",
    "With such an action a holder can hand out rights, become someone else, or silence the logs. The logs would have "
    "shown its use and didn't, so it is risk without benefit.\n\n**What to do:** put the replacement in place, which "
    "leaves it out. If it must stay, for an emergency say, keep it by a decision with a reason and an owner.",
    _BEST_PRACTICES,
    SarifLevel.ERROR,
    "8.8",
)
UNOBSERVABLE_DANGEROUS: Final = SarifRule(
    "unobservable-dangerous-grant",
    "UnobservableDangerousGrant",
    "A dangerous action is granted, and the logs can't show whether anybody uses it.",
    "CloudTrail doesn't record the action, or no trail was set up to. It stays in the replacement only on a sign of "
    "use.\n\n**What to do:** record it (data events), or give lpgen the dates of service last accessed; or decide.",
    _LAST_ACCESSED,
    SarifLevel.WARNING,
    "6.5",
)
WILDCARD: Final = SarifRule(
    "wildcard-action",
    "WildcardAction",
    "A statement grants actions by a wildcard.",
    "A wildcard takes in each action that AWS adds, silently. What is granted grows without anybody deciding so.\n\n"
    "**What to do:** put the replacement in place: it names every action.",
    _ACTION_ELEMENT,
    SarifLevel.WARNING,
    "6.0",
    "very-high",
)
UNUSED: Final = SarifRule(
    "unused-grant",
    "UnusedGrant",
    "A policy grants actions that nobody was seen to use.",
    "The logs would have shown their use and didn't.\n\n**What to do:** put the replacement in place. Where it isn't "
    "called safe yet, the other findings on the principal say why.",
    _BEST_PRACTICES,
    SarifLevel.WARNING,
    "5.0",
)
UNUSED_PRINCIPAL: Final = SarifRule(
    "unused-principal",
    "UnusedPrincipal",
    "A role or user has grants and wasn't used at all.",
    "Whoever gets hold of it has all its rights, and nobody would miss it.\n\n**What to do:** disable it, ask its "
    "owner, delete it later.",
    _LAST_ACCESSED,
    SarifLevel.WARNING,
    "6.8",
)
UNOBSERVABLE_KEPT: Final = SarifRule(
    "unobservable-kept",
    "UnobservableKept",
    "Actions stay in a replacement only because the logs can't show their use.",
    "They are kept in their current scope, on a sign of use.\n\n**What to do:** record data events of these services, "
    "or drop what isn't needed by a decision.",
    _DATA_EVENTS,
    SarifLevel.NOTE,
    "2.0",
)
UNGRANTED: Final = SarifRule(
    "ungranted-use",
    "UngrantedUse",
    "An action was used that none of the principal's own policies grants.",
    "Something else allowed it, such as the policy of the resource or a policy that is gone by now. It is never added "
    "to a replacement.\n\n**What to do:** see that what allowed it is meant to.",
    _EVALUATION,
    SarifLevel.NOTE,
    precision="medium",
)
COVERAGE_GAP: Final = SarifRule(
    "coverage-gap",
    "CoverageGap",
    "There are days that the logs of an account don't cover.",
    "What was used then doesn't show, so these days don't count as covered.\n\n**What to do:** find the logs of these "
    "days and ingest them, or find out who stopped the trail.",
    _TRAILS,
    SarifLevel.WARNING,
)
NOT_COVERED: Final = SarifRule(
    "principal-not-covered",
    "PrincipalNotCovered",
    "No log of the principal's account was read.",
    "Nothing can be said of its use.\n\n**What to do:** ingest the logs of its account.",
    _TRAILS,
    SarifLevel.NOTE,
)
NOT_IN_POLICIES: Final = SarifRule(
    "principal-not-in-policies",
    "PrincipalNotInPolicies",
    "A principal is in the logs, but not in the policies.",
    "It was deleted since, or the policies given lack its account.\n\n**What to do:** export the policies of its "
    "account, or see that it is meant to be gone.",
    _DETAILS,
    SarifLevel.NOTE,
)
EXPIRED_DECISION: Final = SarifRule(
    "expired-decision",
    "ExpiredDecision",
    "A decision has expired and no longer counts.",
    "What it kept or left out is proposed again as the logs have it.\n\n**What to do:** renew it with a new date, or "
    "delete it.",
    _BEST_PRACTICES,
    SarifLevel.NOTE,
    precision="very-high",
)


def rule_of(kind: Kind, prefix: str = "", precision: str = "high") -> SarifRule:
    """The rule of a kind of finding, by its row of the registry."""
    row, rule_id = kind.row, f"{prefix}{kind}".replace("_", "-")
    pascal = "".join(part.capitalize() for part in rule_id.split("-"))
    return SarifRule(rule_id, pascal, row.title, row.help, row.source, LEVELS[row.severity], row.score, precision)


UNEXPLAINED: Final = rule_of(CaveatKind.UNEXPLAINED_USE, precision="medium")

CAVEAT_RULES: Final[dict[CaveatKind, SarifRule]] = {
    kind: rule_of(kind) for kind in CaveatKind if kind is not CaveatKind.UNEXPLAINED_USE
}
"""A rule per reason why a replacement isn't called safe, but for unexplained use, which is a finding of its own."""

REVIEW_RULES: Final = (
    UNUSED_DANGEROUS,
    UNOBSERVABLE_DANGEROUS,
    WILDCARD,
    UNUSED,
    UNUSED_PRINCIPAL,
    UNOBSERVABLE_KEPT,
    UNGRANTED,
    UNEXPLAINED,
    *CAVEAT_RULES.values(),
    COVERAGE_GAP,
    NOT_COVERED,
    NOT_IN_POLICIES,
    EXPIRED_DECISION,
)
