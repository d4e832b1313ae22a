"""Why a replacement isn't called safe: a row per reason, and the value that a detector makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from lpgen.core.choices import Severity
from lpgen.core.registry import caveat_words as words
from lpgen.core.registry import permission_set_rows
from lpgen.core.registry.row import IAM_GUIDE, TRAIL_GUIDE, Doubt, Finding, Kind, Remedy, Row


class CaveatKind(Kind):
    """Why a replacement isn't called safe."""

    UNUSUAL_USE = Row(
        "unusual_use",
        "A dangerous action was used as somebody would who stole the credentials.",
        parameters={
            "action": str,
            "harm": str,
            "rank": int,
            "resource": str,
            "first": date,
            "last": date,
            "days": int,
            "records": int,
            "example": str,
            "case": str,
        },
        message=words.unusual_use,
        step="ask the owner who used {action}; if nobody of the team did, drop it for those days by a decision",
        item="unusual {action}",
        acceptable=False,
        help="It was used on a day or two, within one week, or from the last tenth of the logs on, and the principal "
        "regularly changes nothing else in the service; or it came right after several calls were denied, or together "
        "with other harm that was new on that day. The replacement allows it, since somebody may need it; it would "
        "allow an intruder's use as well. lpgen learns nothing else from it.",
        to_do="ask the owner who used it. If nobody of the team did, drop it for those days by a decision, which "
        "`lpgen review --write-decisions` drafts, and treat the credentials as stolen. A decision to keep the action "
        "says that it is the team's own.",
        source="https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
        severity=Severity.HIGH,
        precision="medium",
        remedy=Remedy.LOOK,
    )
    UNMAPPED_EVENT = Row(
        "unmapped_event",
        "A successful call can't be mapped to an action.",
        parameters={"records": int, "call": str, "reason": str, "example": str, "event": str},
        message=words.unmapped_event,
        step="look up which action the call needs, and keep that one by a decision",
        item="{event}",
        help="The replacement may lack what the call needs, so it isn't called safe.",
        to_do="look up the action and keep it by a decision.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
    )
    UNKNOWN_PATTERN = Row(
        "unknown_pattern",
        "A policy grants an action that the catalog doesn't know.",
        parameters={"case": str, "pattern": str, "statement": str},
        message={
            "new": "the catalog has no action for `{pattern}` in {statement}; the replacement leaves it out",
            "star": "AWS asks to grant `{pattern}` with the star behind the name, which the replacement doesn't hold",
        },
        step={
            "new": "correct the name in the policy, or run `lpgen catalog update` if AWS has it",
            "star": "allow `{pattern}` by a policy of your own beside it, and accept this by a decision",
        },
        item="unknown-pattern {pattern}",
        help="It may be misspelled, and then grants nothing; or it is newer than the catalog.",
        to_do="correct it, or run `lpgen catalog update`.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        remedy={"new": Remedy.CATALOG, "star": Remedy.DECIDE},
    )
    GRANTS_UNKNOWN = Row(
        "grants_unknown",
        "The document of an attached policy is missing, so the grants are unknown.",
        parameters={"policy": str},
        message="the snapshot lacks the document of {policy}",
        step="export the authorization details again, without a filter",
        item="missing-document {policy}",
        acceptable=False,
        rank=4,
        help="Nothing can be proposed for the principal.",
        source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html",
        remedy=Remedy.SNAPSHOT,
    )
    SHORT_COVERAGE = Row(
        "short_coverage",
        "The logs cover too few days to call a removal safe.",
        parameters={"days": int, "min_days": int, "account": str},
        message="the logs cover {days} days, fewer than {min_days}",
        step=words.step_for_short_coverage,
        doubt=Doubt.LOGS,
        help="What happens once a quarter wouldn't show.",
        to_do="ingest more days, or accept it by a decision.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
        severity=Severity.LOW,
        remedy=Remedy.INGEST,
    )
    INCOMPLETE_LOGS = Row(
        "incomplete_logs",
        "The logs seem to lack records of many days, of most files or of other Regions.",
        parameters={
            "case": str,
            "days": int,
            "min_days": int,
            "thin": int,
            "regions": tuple,
            "leader": str,
            "role": str,
            "region": str,
        },
        message={
            "thin-days": "the logs cover {days} days, fewer than {min_days}: on {thin} others they hold too few callers"
            " and services to be complete",
            "missing-files": "the calls that AWS makes by a clock come at random, as if most log files of each day were"
            " missing",
            "other-regions": words.other_regions,
        },
        step={
            "thin-days": "look whether log files of these days are missing and ingest them, or accept this if so little"
            " went on",
            "missing-files": "compare the log files with those in the trail's bucket, and ingest all of them",
            "other-regions": "ingest the logs of all Regions, or give the settings of a trail that records them all"
            " with --trails",
        },
        item="{case}",
        doubt=Doubt.LOGS,
        help="Many days hold far fewer callers and services than the account's other days, as if they were forged or "
        "files were missing; calls that AWS makes by a clock come at random; or there is no record of the Region in "
        "which global services such as IAM record their events, so use in other Regions may be missing too.",
        to_do="look whether log files are missing and ingest them. Ingest the logs of all Regions, or give the "
        "settings of a trail that records them all. Otherwise accept it by a decision.",
        source=f"{TRAIL_GUIDE}/cloudtrail-concepts.html",
        remedy=Remedy.INGEST,
    )
    YOUNG = Row(
        "young",
        "The role, the user or a policy's version is too young to call a removal safe.",
        parameters={
            "case": str,
            "kind": str,
            "policy": str,
            "days": int,
            "counted": int,
            "min_days": int,
            "until": date,
        },
        message={"young-principal": words.young_principal, "young-policy": words.young_policy},
        step="wait until the logs reach {until}",
        item={"young-principal": "{case}", "young-policy": "{case} {policy}"},
        doubt=Doubt.YOUNG,
        help="It may not have done yet what it is for, or what the policy granted anew.",
        to_do="wait, or accept it by a decision.",
        severity=Severity.LOW,
    )
    RARE_SCHEDULE = Row(
        "rare_schedule",
        "A schedule sets the role to work so rarely that the logs can't have shown it twice.",
        parameters={"source": str, "schedule": str, "expression": str, "days": int, "covered": int, "needed": int},
        message=words.rare_schedule,
        step=words.step_for_rare_schedule,
        item="rare-schedule {schedule}",
        doubt=Doubt.LOGS,
        help="What it does then, the logs may not show. Schedules inside instances, clusters and tools outside AWS "
        "can't be seen.",
        to_do="ingest more days, or keep what it needs then and accept this by a decision.",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html",
        remedy=Remedy.INGEST,
    )
    COVERAGE_HOLE = Row(
        "coverage_hole",
        "IAM knows of a use that the logs don't show.",
        parameters={
            "service": str,
            "last": date,
            "region": str,
            "is_region_read": bool,
            "is_after_logs": bool,
            "unrecorded": str,
        },
        message=words.coverage_hole,
        step=words.step_for_coverage_hole,
        item=lambda *, service, **_: f"coverage-hole {service}".rstrip(),
        doubt=Doubt.LOGS,
        help="Something is missing from the logs, and a replacement made from them would break it.",
        to_do="find the trail that holds the call, every Region included, and ingest its logs.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.INGEST,
    )
    RECREATED = Row(
        "recreated",
        "The principal was deleted and made anew within the logs.",
        parameters={"former": tuple, "kind": str, "principal_id": str, "only": tuple},
        message=words.recreated,
        step="make sure that nothing needs what only the earlier one of its name used",
        help="Records of the earlier one are not its own.",
        to_do="make sure that nothing needs what only the earlier one used.",
        severity=Severity.LOW,
    )
    REQUIRED_TYPE = Row(
        "required_type",
        "AWS's reference requires a resource type of a used action that the replacement doesn't name.",
        parameters={"action": str, "type": str},
        message="AWS's reference requires a {type} for {action}; the old policies allow one, and the replacement none",
        step="keep {action} on the {type} by a decision, or accept this if its calls don't need one",
        item="required-type {action} {type}",
        help="The records don't name one, so later calls may be denied. The event map may have missed a parameter.",
        to_do="keep the action on that resource by a decision.",
        source="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        precision="medium",
    )
    UNEXPLAINED_USE = Row(
        "unexplained_use",
        "An action was used, and nothing that is known allows it.",
        parameters={"action": str, "resource": str, "reason": str},
        message="{action} on {resource} was allowed, but {reason}",
        step=words.step_for_unexplained_use,
        item="unexplained {action}",
        help="Perhaps a resource policy wasn't given, perhaps the record is mapped to the wrong action. The granted "
        "actions of the same service and access level stay in the replacement for review.",
        to_do="give lpgen the resource policies, or find what allowed it.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        precision="medium",
    )
    UNPREDICTABLE = Row(
        "unpredictable",
        "What the role or user will do next doesn't follow from what it did.",
        parameters={"case": str, "what": str, "services": int, "days": int},
        message={
            "tooling": "it is {what}, and `lpgen rollout` leaves it as it is",
            "scanner": "it lists and reads in {services} services and does little else, as scanners do; what it reads"
            " next is removed",
            "seldom-used": words.seldom_used,
            "administrator": "people may do nearly everything with it, and do something else each time",
            "stacks": "{what} deploys stacks with it, and their templates decide what it changes and deletes next",
            "auditor": "{what}, as scanners do; what its next release reads is removed",
            "restore": "it does {what}, which a loss calls for",
            "failover": "it is granted {what} too, the namesake of what it used in another Region, and the replacement"
            " doesn't allow that after a failover",
            "break-glass": "`break-glass` of the decisions file names it by `{what}`",
        },
        step={
            "tooling": "leave its policies as they are, or accept this",
            "scanner": "attach a policy that AWS keeps up to date for this, such as SecurityAudit, or accept this",
            "seldom-used": "ask its owner what it is for: name access for emergencies by `break-glass` in the decisions"
            " file, and wait for more days at work or accept this for anything else",
            "break-glass": "leave its policies as they are",
            "administrator": "give people roles for what they do, name access for emergencies by `break-glass` in the"
            " decisions file, or accept this",
            "stacks": "give the role what its stacks may need, deletions included, by decisions, or accept this",
            "auditor": "leave the policy attached that AWS keeps up to date, or accept this",
            "restore": "keep what restores by a decision, or accept this",
            "failover": "keep the actions on the namesake by decisions, or accept this",
        },
        item="{case}",
        help="It is AWS's or the organization's own tooling, where a mistake locks people out; or it reads nearly "
        "everywhere as scanners do, and more with each new check and each new service; or it was at work on few days, "
        "and people use it, or it changes how things are set up, or it may do nearly everything, as access for "
        "emergencies may: then it does something else each time.",
        to_do="leave the policies of tooling and of access for emergencies as they are; to change tooling all the "
        "same, accept this by a decision, and name the role with `lpgen rollout plan --include`. Attach to a scanner a "
        "policy that AWS keeps up to date, such as SecurityAudit, and beside it only what that lacks. For anything "
        "else accept this by a decision.",
        source=f"{IAM_GUIDE}/access_policies_job-functions.html",
    )
    UNSEEN_UNDER_STAR = Row(
        "unseen_under_star",
        "Actions whose use the logs can't show are removed, and no policy names their service.",
        parameters={"actions": int, "services": tuple},
        message=words.unseen_under_star,
        step="give service last accessed, as `lpgen snapshot` does, or accept this",
        help="A bare `*` or `NotAction` grants them, so nothing says which of them are in use.",
        to_do="give service last accessed, as `lpgen snapshot` does, or logs with data events. Otherwise keep what is "
        "needed by a decision, and accept this.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    UNSEEN_NAMED = Row(
        "unseen_named",
        "Actions whose use the logs can't show are removed, though the policies name their service.",
        parameters={"actions": int, "services": tuple},
        message=words.unseen_named,
        step="give service last accessed, as `lpgen snapshot` does, or ingest data events of these services; or keep or"
        " drop the actions by a decision",
        acceptable=False,
        help="Such as the reads and writes of a policy that gives full access to a table, in logs without data events. "
        "Whether they are in use, neither the logs nor service last accessed show.",
        to_do="give service last accessed, as `lpgen snapshot` does, or logs with data events. Otherwise keep or drop "
        "the actions by a decision.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    EXPECTED_DENIALS = Row(
        "expected_denials",
        "Replacements of past days would have denied later use.",
        parameters={
            "needs": int,
            "windows": int,
            "days": int,
            "action": str,
            "resource": str,
            "high": int,
            "next_days": int,
        },
        message=words.expected_denials,
        step="run `lpgen backtest` to see what would have been denied, and keep it by a decision",
        item="expected-denials",
        help="Made from the first days of the logs, it would have denied use on the days after. It is likely "
        "to deny something again.",
        to_do="run `lpgen backtest`, and keep what will be needed by a decision, or use `--scope granted`.",
        remedy=Remedy.BACKTEST,
    )
    NO_FORECAST = Row(
        "no_forecast",
        "No backtest shows what the replacement would deny.",
        parameters={"case": str, "days": int, "needed": int},
        message={
            "not-enough-days": "the logs cover {days} days, and a backtest needs {needed}",
            "no-backtest": "`--no-backtest` was given, so nothing shows whether the replacement holds on later days",
        },
        step={
            "not-enough-days": "ingest at least {needed} days of logs",
            "no-backtest": "leave out `--no-backtest`",
        },
        item="{case}",
        acceptable=False,
        doubt={"not-enough-days": Doubt.LOGS, "no-backtest": Doubt.NONE},
        help="A backtest shows whether replacements made from earlier days would have held on later ones. The logs "
        "cover too few days for one, or none was wanted.",
        to_do="ingest more days, and leave out `--no-backtest`.",
        remedy={"not-enough-days": Remedy.INGEST, "no-backtest": Remedy.REPEAT},
    )
    DANGEROUS_ATTEMPT = Row(
        "dangerous_attempt",
        "A dangerous action stays only because it was tried.",
        parameters={"action": str, "danger": str},
        message="{action} {danger}, and stays since it was tried, though nobody knows whether it was allowed",
        step="drop the action by a decision, or accept this if it is needed",
        item="attempted {action}",
        help="The calls were throttled, malformed or failed inside AWS, so nobody knows whether they were allowed.",
        to_do="drop the action by a decision, or accept it if it is needed.",
    )
    TOO_MANY_RESOURCES = Row(
        "too_many_resources",
        "An action was done to more resources than lpgen tells apart.",
        parameters={"action": str},
        message="{action} was done to more resources than lpgen tells apart, and stays on all that the old policies "
        "say",
        step="narrow the old policy by hand where its resources have a common name",
        item="too-many-resources {action}",
        help="It stays on all that the old policies say.",
    )
    PERMISSION_SET = permission_set_rows.PERMISSION_SET
    OTHER_ACCOUNT = permission_set_rows.OTHER_ACCOUNT
    TOO_LARGE = Row(
        "too_large",
        "The replacement doesn't fit AWS's size limits, and none is written.",
        parameters={"needed": int, "room": str, "largest": str, "advice": str, "instead": str},
        message="the replacement needs {needed:,} characters and doesn't fit into {room} (largest: {largest}); "
        "{advice}",
        step=lambda *, instead, **_: (
            f"{f'attach {instead} or the like' if instead else 'split it into several'}, or drop kept actions by"
            " decisions"
        ),
        acceptable=False,
        rank=2,
        help="No wildcard was put in to make it fit.",
        to_do="split the role by what it does, or drop kept actions by decisions.",
        source=f"{IAM_GUIDE}/reference_iam-quotas.html",
        remedy=Remedy.LOOK,
    )
    UNPROVEN = Row(
        "unproven",
        "The policies are too complex to compare, and no replacement is written.",
        parameters={"why": str},
        message="{why}",
        step="write its policies with fewer patterns, and with fewer wildcards in each",
        acceptable=False,
        rank=3,
        help="Comparing their patterns takes more steps than lpgen spends on one principal.",
        to_do="write the policies with fewer patterns, and with fewer wildcards in each.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        remedy=Remedy.LOOK,
    )
    VERIFICATION = Row(
        "verification",
        "The proof of a replacement did not succeed.",
        parameters={"status": str, "checks": tuple},
        message=lambda *, status, checks: f"verification {status}: {', '.join(checks) or 'no check ran'}",
        step="read the checks that did not pass, and don't put it in place",
        acceptable=False,
        rank=1,
        help="It may take away what is used, or allow what wasn't.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        severity=Severity.HIGH,
        remedy=Remedy.LOOK,
    )


@dataclass(frozen=True, slots=True)
class Caveat(Finding):
    """One reason why a replacement isn't called safe."""

    kind: CaveatKind

    @classmethod
    def of(cls, kind: CaveatKind, /, **parameters: Any) -> Self:
        """A caveat that nobody has accepted."""
        return cls(kind, parameters)

    @property
    def order(self) -> tuple[int, int, str]:
        """What stops a replacement altogether comes first, then what the registry lists first."""
        return self.kind.row.rank, list(CaveatKind).index(self.kind), self.message
