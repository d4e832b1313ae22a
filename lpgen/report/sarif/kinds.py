"""The kinds of findings that only SARIF has: a rule each for what a review shows besides caveats."""

from __future__ import annotations

from lpgen.core.choices import Severity
from lpgen.core.registry.row import IAM_GUIDE, TRAIL_GUIDE, Kind, Row


class ReviewKind(Kind):
    """What grants, use and coverage give rise to; LEFT_OUT is about the report itself."""

    UNUSED_DANGEROUS = Row(
        "unused-dangerous-grant",
        "A dangerous action is granted, and nobody was seen to use it.",
        help="With such an action a holder can hand out rights, become someone else, or silence the logs. The logs "
        "would have shown its use and didn't, so it is risk without benefit.",
        to_do="put the replacement in place, which leaves it out. If it must stay, for an emergency say, keep it by a "
        "decision with a reason and an owner.",
        severity=Severity.HIGH,
        score="8.8",
    )
    UNOBSERVABLE_DANGEROUS = Row(
        "unobservable-dangerous-grant",
        "A dangerous action is granted, and the logs can't show whether anybody uses it.",
        help="CloudTrail doesn't record the action, or no trail was set up to. It stays in the replacement only on a "
        "sign of use.",
        to_do="record it (data events), or give lpgen the dates of service last accessed; or decide.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        score="6.5",
    )
    WILDCARD = Row(
        "wildcard-action",
        "A statement grants actions by a wildcard.",
        help="A wildcard takes in each action that AWS adds, silently. What is granted grows without anybody deciding "
        "so.",
        to_do="put the replacement in place: it names every action.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        score="6.0",
        precision="very-high",
    )
    UNUSED = Row(
        "unused-grant",
        "A policy grants actions that nobody was seen to use.",
        help="The logs would have shown their use and didn't.",
        to_do="put the replacement in place. Where it isn't called safe yet, the other findings on the principal say "
        "why.",
        score="5.0",
    )
    UNUSED_PRINCIPAL = Row(
        "unused-principal",
        "A role or user has grants and wasn't used at all.",
        help="Whoever gets hold of it has all its rights, and nobody would miss it.",
        to_do="disable it, ask its owner, delete it later.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        score="6.8",
    )
    UNOBSERVABLE_KEPT = Row(
        "unobservable-kept",
        "Actions stay in a replacement only because the logs can't show their use.",
        help="They are kept in their current scope, on a sign of use.",
        to_do="record data events of these services, or drop what isn't needed by a decision.",
        source=f"{TRAIL_GUIDE}/logging-data-events-with-cloudtrail.html",
        severity=Severity.LOW,
        score="2.0",
    )
    UNGRANTED = Row(
        "ungranted-use",
        "An action was used that none of the principal's own policies grants.",
        help="Something else allowed it, such as the policy of the resource or a policy that is gone by now. It is "
        "never added to a replacement.",
        to_do="see that what allowed it is meant to.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        severity=Severity.LOW,
        precision="medium",
    )
    COVERAGE_GAP = Row(
        "coverage-gap",
        "There are days that the logs of an account don't cover.",
        help="What was used then doesn't show, so these days don't count as covered.",
        to_do="find the logs of these days and ingest them, or find out who stopped the trail.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
    )
    NOT_COVERED = Row(
        "principal-not-covered",
        "No log of the principal's account was read.",
        help="Nothing can be said of its use.",
        to_do="ingest the logs of its account.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
        severity=Severity.LOW,
    )
    NOT_IN_POLICIES = Row(
        "principal-not-in-policies",
        "A principal is in the logs, but not in the policies.",
        help="It was deleted since, or the policies given lack its account.",
        to_do="export the policies of its account, or see that it is meant to be gone.",
        source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html",
        severity=Severity.LOW,
    )
    EXPIRED_DECISION = Row(
        "expired-decision",
        "A decision has expired and no longer counts.",
        help="What it kept or left out is proposed again as the logs have it.",
        to_do="renew it with a new date, or delete it.",
        severity=Severity.LOW,
        precision="very-high",
    )
    LEFT_OUT = Row(
        "findings-left-out",
        "This report is cut: less severe findings are left out.",
        help="Code scanning refuses more than 25,000 results in a run, and shows 5,000 of them. The most severe were "
        "kept. Report on fewer principals at a time (`--principal`), or read the whole report as JSON.",
        source="https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/"
        "results-exceed-limit",
    )
