"""The kinds of findings of a review, as SARIF rules. Their ids are how people filter and dismiss: they never change."""

from __future__ import annotations

from typing import Final

from lpgen.core.findings import CaveatKind
from lpgen.report.sarif.layout import SarifLevel, SarifRule

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
UNEXPLAINED: Final = SarifRule(
    "unexplained-use",
    "UnexplainedUse",
    "An action was used, and nothing that is known allows it.",
    "Perhaps a resource policy wasn't given, perhaps the record is mapped to the wrong action. The granted actions of "
    "the same service and access level stay in the replacement for review.\n\n**What to do:** give lpgen the resource "
    "policies, or find what allowed it.",
    _EVALUATION,
    SarifLevel.WARNING,
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


def _not_safe(
    kind: CaveatKind, short: str, help_text: str, uri: str, level: SarifLevel = SarifLevel.WARNING
) -> SarifRule:
    name = "".join(word.title() for word in kind.split("_"))
    return SarifRule(kind.replace("_", "-"), name, short, help_text, uri, level)


CAVEAT_RULES: Final[dict[CaveatKind, SarifRule]] = {
    CaveatKind.UNMAPPED_EVENT: _not_safe(
        CaveatKind.UNMAPPED_EVENT,
        "A successful call can't be mapped to an action.",
        "The replacement may lack what the call needs, so it isn't called safe.\n\n**What to do:** look up the action "
        "and keep it by a decision.",
        _ACTION_ELEMENT,
    ),
    CaveatKind.UNKNOWN_PATTERN: _not_safe(
        CaveatKind.UNKNOWN_PATTERN,
        "A policy grants an action that the catalog doesn't know.",
        "It may be misspelled, and then grants nothing; or it is newer than the catalog.\n\n**What to do:** correct "
        "it, or run `lpgen catalog update`.",
        _ACTION_ELEMENT,
    ),
    CaveatKind.GRANTS_UNKNOWN: _not_safe(
        CaveatKind.GRANTS_UNKNOWN,
        "The document of an attached policy is missing, so the grants are unknown.",
        "Nothing can be proposed for the principal.\n\n**What to do:** export the authorization details again, without "
        "a filter.",
        _DETAILS,
    ),
    CaveatKind.SHORT_COVERAGE: _not_safe(
        CaveatKind.SHORT_COVERAGE,
        "The logs cover too few days to call a removal safe.",
        "What happens once a quarter wouldn't show.\n\n**What to do:** ingest more days, or accept it by a decision.",
        _TRAILS,
        SarifLevel.NOTE,
    ),
    CaveatKind.THIN_DAYS: _not_safe(
        CaveatKind.THIN_DAYS,
        "The logs show too little on many of their days.",
        "These days hold far fewer callers and services than the account's other days, as if they were forged or files "
        "were missing.\n\n**What to do:** look whether log files are missing and ingest them, or accept it by a "
        "decision.",
        _TRAILS,
    ),
    CaveatKind.MISSING_FILES: _not_safe(
        CaveatKind.MISSING_FILES,
        "The logs seem to lack most of their files.",
        "AWS makes some calls by a clock, and in these logs they come at random.\n\n**What to do:** compare the log "
        "files with those in the trail's bucket, and ingest all of them.",
        _TRAILS,
    ),
    CaveatKind.YOUNG_PRINCIPAL: _not_safe(
        CaveatKind.YOUNG_PRINCIPAL,
        "The role or user is too young to call a removal safe.",
        "It may not have done yet what it is for.\n\n**What to do:** wait, or accept it by a decision.",
        _BEST_PRACTICES,
        SarifLevel.NOTE,
    ),
    CaveatKind.YOUNG_POLICY: _not_safe(
        CaveatKind.YOUNG_POLICY,
        "A policy's version is too young to call a removal safe.",
        "What it granted anew may not have been used yet.\n\n**What to do:** wait, or accept it by a decision.",
        _BEST_PRACTICES,
        SarifLevel.NOTE,
    ),
    CaveatKind.COVERAGE_HOLE: _not_safe(
        CaveatKind.COVERAGE_HOLE,
        "IAM knows of a use that the logs don't show.",
        "Something is missing from the logs, and a replacement made from them would break it.\n\n**What to do:** find "
        "the trail that holds the call, every Region included, and ingest its logs.",
        _LAST_ACCESSED,
    ),
    CaveatKind.OTHER_REGIONS: _not_safe(
        CaveatKind.OTHER_REGIONS,
        "The logs are hardly those of all Regions.",
        "They hold no record of the Region in which global services such as IAM record their events, so that use in "
        "other Regions may be missing too.\n\n**What to do:** ingest the logs of all Regions, or give the settings of "
        "a trail that records them all.",
        _GLOBAL_EVENTS,
    ),
    CaveatKind.RECREATED: _not_safe(
        CaveatKind.RECREATED,
        "The principal was deleted and made anew within the logs.",
        "Records of the earlier one are not its own.\n\n**What to do:** make sure that nothing needs what only the "
        "earlier one used.",
        _BEST_PRACTICES,
        SarifLevel.NOTE,
    ),
    CaveatKind.DRAWN_NAMES: _not_safe(
        CaveatKind.DRAWN_NAMES,
        "The principal creates roles or the like under names that are drawn anew each time.",
        "The replacement allows the names that were seen, since a pattern over roles hands out rights; the next name "
        "will be refused.\n\n**What to do:** keep the action, and what else is done to them, on the shape of the names "
        "by a decision.",
        _BEST_PRACTICES,
    ),
    CaveatKind.NEW_NAMES: _not_safe(
        CaveatKind.NEW_NAMES,
        "The principal goes on using resources that are new each time.",
        "The replacement allows those that were seen, and the next will be refused: a bucket for who audits all of "
        "them, or a folder for the next device.\n\n**What to do:** keep what is done to them on a pattern of their "
        "names by a decision.",
        _BEST_PRACTICES,
    ),
    CaveatKind.SELDOM_USED: _not_safe(
        CaveatKind.SELDOM_USED,
        "A principal that may do nearly everything was at work on a day or two alone.",
        "So is access for emergencies, which does something else each time: a replacement of what these days show would"
        " fail it when it is needed.\n\n**What to do:** ask its owner what it is for. Access for emergencies keeps its"
        " policies; for anything else accept this by a decision.",
        _BEST_PRACTICES,
    ),
    CaveatKind.DANGEROUS_ATTEMPT: _not_safe(
        CaveatKind.DANGEROUS_ATTEMPT,
        "A dangerous action stays only because it was tried.",
        "The calls were throttled, malformed or failed inside AWS, so nobody knows whether they were allowed.\n\n"
        "**What to do:** drop the action by a decision, or accept it if it is needed.",
        _BEST_PRACTICES,
    ),
    CaveatKind.TOO_MANY_RESOURCES: _not_safe(
        CaveatKind.TOO_MANY_RESOURCES,
        "An action was done to more resources than lpgen tells apart.",
        "It stays on all that the old policies say.\n\n**What to do:** narrow the old policy by hand where its "
        "resources have a common name.",
        _BEST_PRACTICES,
    ),
    CaveatKind.UNEVEN_PERMISSION_SET: _not_safe(
        CaveatKind.UNEVEN_PERMISSION_SET,
        "The roles of one permission set hold different policies.",
        "A permission set has one inline policy for all its accounts, and none can be proven for roles that differ.\n\n"
        "**What to do:** provision the set into all its accounts and take a new snapshot. A customer managed policy "
        "that differs on purpose is changed in its own account.",
        _PERMISSION_SETS,
    ),
    CaveatKind.UNLISTED_ROLE: _not_safe(
        CaveatKind.UNLISTED_ROLE,
        "The logs show roles of the permission set in accounts without policies.",
        "What is put into a permission set changes its roles in all accounts, and what these need is not in the "
        "replacement.\n\n**What to do:** give the policies of these accounts too, such as by a snapshot of all of "
        "them.",
        _PERMISSION_SETS,
    ),
    CaveatKind.OTHER_ACCOUNT: _not_safe(
        CaveatKind.OTHER_ACCOUNT,
        "Another role of the permission set isn't safe to change yet.",
        "What is put into a permission set changes its roles in all accounts.\n\n**What to do:** clear up what is told "
        "of the role in the other account, or accept it there.",
        _PERMISSION_SETS,
        SarifLevel.NOTE,
    ),
    CaveatKind.TOO_LARGE: _not_safe(
        CaveatKind.TOO_LARGE,
        "The replacement doesn't fit AWS's size limits, and none is written.",
        "No wildcard was put in to make it fit.\n\n**What to do:** split the role by what it does, or drop kept "
        "actions by decisions.",
        _QUOTAS,
    ),
    CaveatKind.UNPROVEN: _not_safe(
        CaveatKind.UNPROVEN,
        "The policies are too complex to compare, and no replacement is written.",
        "Comparing their patterns takes more steps than lpgen spends on one principal.\n\n**What to do:** write the "
        "policies with fewer patterns, and with fewer wildcards in each.",
        _EVALUATION,
    ),
    CaveatKind.VERIFICATION: _not_safe(
        CaveatKind.VERIFICATION,
        "The proof of a replacement did not succeed.",
        "It may take away what is used, or allow what wasn't.\n\n**What to do:** read the checks that did not pass, "
        "and don't put it in place.",
        _EVALUATION,
        SarifLevel.ERROR,
    ),
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
