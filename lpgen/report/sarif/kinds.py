"""The kinds of findings that only SARIF has: a rule for each fact of a review other than caveats."""

from __future__ import annotations

from lpgen.core.choices import Severity
from lpgen.core.registry.row import IAM_GUIDE, TRAIL_GUIDE, Kind, Row


class ReviewKind(Kind):
    """Findings about grants, use and coverage. LEFT_OUT is about the report itself."""

    UNUSED_DANGEROUS = Row(
        "unused-dangerous-grant",
        "A dangerous action is granted but was never used.",
        help="With such an action, a holder can grant permissions, become someone else, or silence the logs. The logs "
        "would have shown its use and don't, so the grant is a risk without a benefit.",
        to_do="put the replacement in place, which removes it. If you need it, for example in an emergency, keep it "
        "with a decision with a reason and an owner.",
        severity=Severity.HIGH,
        score="8.8",
    )
    UNOBSERVABLE_DANGEROUS = Row(
        "unobservable-dangerous-grant",
        "A dangerous action is granted, and the logs can't show its use.",
        help="CloudTrail doesn't record the action, or no trail is set up to record it. The replacement keeps it only "
        "if there is a sign of use.",
        to_do="record it with data events, run `lpgen snapshot` to add service last accessed data, or add a decision.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        score="6.5",
    )
    WILDCARD = Row(
        "wildcard-action",
        "A statement grants actions with a wildcard.",
        help="A wildcard silently gains every action that AWS adds. The grant grows although nobody decided that.",
        to_do="put the replacement in place, which names every action.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        score="6.0",
        precision="very-high",
    )
    UNUSED = Row(
        "unused-grant",
        "A policy grants actions that were never used.",
        help="The logs would have shown their use and don't.",
        to_do="put the replacement in place. If it isn't called safe yet, the other findings on the principal say why.",
        score="5.0",
    )
    UNUSED_PRINCIPAL = Row(
        "unused-principal",
        "A role or user has grants but was never used.",
        help="Anyone who gains access to it has all its permissions, which nobody needs.",
        to_do="disable it, ask its owner, and delete it later.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        score="6.8",
    )
    UNOBSERVABLE_KEPT = Row(
        "unobservable-kept",
        "A replacement keeps actions only because the logs can't show their use.",
        help="They keep their current scope, because of a sign of use.",
        to_do="record data events of these services, or drop unneeded actions with a decision.",
        source=f"{TRAIL_GUIDE}/logging-data-events-with-cloudtrail.html",
        severity=Severity.LOW,
        score="2.0",
    )
    UNGRANTED = Row(
        "ungranted-use",
        "An action was used that no policy of the principal grants.",
        help="Something else allowed it, such as a resource policy or a deleted policy. Replacements never add it.",
        to_do="find out what allowed it, and check that this is intended.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        severity=Severity.LOW,
        precision="medium",
    )
    COVERAGE_GAP = Row(
        "coverage-gap",
        "The logs of an account don't cover some days.",
        help="Use on these days isn't visible, so they don't count as covered.",
        to_do="find the logs of these days and ingest them, or find out who stopped the trail.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
    )
    NOT_COVERED = Row(
        "principal-not-covered",
        "No log of the principal's account was read.",
        help="Its use is unknown.",
        to_do="ingest the logs of its account.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
        severity=Severity.LOW,
    )
    NOT_IN_POLICIES = Row(
        "principal-not-in-policies",
        "A principal is in the logs, but not in the policies.",
        help="It has been deleted, or the policy files don't include its account.",
        to_do="export the policies of its account, or check that it was deleted on purpose.",
        source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html",
        severity=Severity.LOW,
    )
    EXPIRED_DECISION = Row(
        "expired-decision",
        "A decision has expired and no longer counts.",
        help="The proposal again follows the logs for the actions that it kept or dropped.",
        to_do="renew it with a new date, or delete it.",
        severity=Severity.LOW,
        precision="very-high",
    )
    LEFT_OUT = Row(
        "findings-left-out",
        "This report leaves out less severe findings.",
        help="Code scanning rejects more than 25,000 results in a run and shows 5,000 of them. This report has the "
        "most severe ones. Report on fewer principals at a time (`--principal`), or read the whole report as JSON.",
        source="https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/"
        "results-exceed-limit",
    )
