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
        "A dangerous action was used in an unusual way.",
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
        step="ask the owner whether the team used {action}: if so, keep it by a decision; if not, drop those days by a"
        " decision and treat the credentials as stolen",
        item="unusual {action}",
        acceptable=False,
        help="Stolen credentials are used like this: on a day or two, within one week, or only in the last tenth of "
        "the logs, where the principal regularly changes nothing else; right after denied calls; or with other harm "
        "that was new on that day. The replacement allows it. lpgen learns nothing else from it.",
        to_do="ask the owner. If the team used it, keep it by a decision. If not, treat the credentials as stolen and "
        "drop those days by a decision, which `lpgen review --write-decisions` drafts.",
        source="https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
        severity=Severity.HIGH,
        precision="medium",
        remedy=Remedy.LOOK,
    )
    UNMAPPED_EVENT = Row(
        "unmapped_event",
        "lpgen doesn't know which action a successful call needs.",
        parameters={"records": int, "call": str, "reason": str, "example": str, "event": str},
        message=words.unmapped_event,
        step="look up which action the call needs, keep that by a decision, and accept this",
        item="{event}",
        help="The replacement may lack what the call needs.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
    )
    UNKNOWN_PATTERN = Row(
        "unknown_pattern",
        "A policy grants an action that lpgen's catalog doesn't know.",
        parameters={"case": str, "pattern": str, "statement": str},
        message={
            "new": "{statement} grants `{pattern}`, which the catalog doesn't know, so the replacement leaves it out",
            "star": "AWS asks to grant `{pattern}` with the wildcard, and the replacement holds none, so it lacks this",
        },
        step={
            "new": "correct the name in the policy, or run `lpgen catalog update` if AWS has the action",
            "star": "grant `{pattern}` in another policy, and accept this by a decision",
        },
        item="unknown-pattern {pattern}",
        help="It may be misspelled, and then grants nothing; or it is newer than the catalog.",
        to_do="correct it, or run `lpgen catalog update`.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        remedy={"new": Remedy.CATALOG, "star": Remedy.DECIDE},
    )
    GRANTS_UNKNOWN = Row(
        "grants_unknown",
        "The document of an attached policy is missing, so lpgen can't tell what is granted.",
        parameters={"policy": str},
        message="the document of {policy} is missing, so its grants are unknown",
        step="export the authorization details again, without a filter",
        item="missing-document {policy}",
        acceptable=False,
        rank=4,
        source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html",
        remedy=Remedy.SNAPSHOT,
    )
    SHORT_COVERAGE = Row(
        "short_coverage",
        "The logs cover too few days to call a removal safe.",
        parameters={"days": int, "min_days": int, "account": str},
        message="the logs cover {days} days, fewer than {min_days}, so rare use may be missing",
        step=words.step_for_short_coverage,
        doubt=Doubt.LOGS,
        to_do="ingest more days, or accept it by a decision.",
        source=f"{TRAIL_GUIDE}/cloudtrail-trails.html",
        severity=Severity.LOW,
        remedy=Remedy.INGEST,
    )
    INCOMPLETE_LOGS = Row(
        "incomplete_logs",
        "The logs seem incomplete: days, files or Regions are missing.",
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
            "thin-days": "the logs cover {days} days, fewer than {min_days}, and {thin} more days hold too few callers"
            " and services to be complete",
            "missing-files": "calls that AWS makes at regular intervals are recorded irregularly, as if most log files"
            " were missing",
            "other-regions": words.other_regions,
        },
        step={
            "thin-days": "look for missing log files of these days and ingest them, or accept this if the account was"
            " quiet",
            "missing-files": "compare the log files with those in the trail's bucket, and ingest all of them",
            "other-regions": "ingest the logs of all Regions, or give the settings of a trail that records them all"
            " with --trails",
        },
        item="{case}",
        doubt=Doubt.LOGS,
        help="Days hold far fewer callers and services than others, AWS's regular calls are recorded irregularly, or "
        "there is no record of the Region in which global services such as IAM record their events.",
        to_do="look for missing log files, of all Regions, and ingest them, or give the trail's settings (`--trails`).",
        source=f"{TRAIL_GUIDE}/cloudtrail-concepts.html",
        remedy=Remedy.INGEST,
    )
    YOUNG = Row(
        "young",
        "The principal or one of its policies is too new to call a removal safe.",
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
        help="It may not have done all its work yet, or used what the policy newly grants.",
        to_do="wait, or accept it by a decision.",
        severity=Severity.LOW,
    )
    RARE_SCHEDULE = Row(
        "rare_schedule",
        "A schedule starts the role too rarely for the logs to show two runs.",
        parameters={"source": str, "schedule": str, "expression": str, "days": int, "covered": int, "needed": int},
        message=words.rare_schedule,
        step=words.step_for_rare_schedule,
        item="rare-schedule {schedule}",
        doubt=Doubt.LOGS,
        help="lpgen can't see schedules in instances, clusters and tools outside AWS.",
        to_do="ingest more days, or keep what it needs then and accept this by a decision.",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html",
        remedy=Remedy.INGEST,
    )
    COVERAGE_HOLE = Row(
        "coverage_hole",
        "IAM reports use that the logs don't show.",
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
        help="Records are missing from the logs, and a replacement made from them may deny what the principal needs.",
        to_do="find the trail that holds the call, every Region included, and ingest its logs.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.INGEST,
    )
    RECREATED = Row(
        "recreated",
        "The principal was deleted and created again within the days of the logs.",
        parameters={"former": tuple, "kind": str, "principal_id": str, "only": tuple},
        message=words.recreated,
        step="check that nothing relies on what only the deleted one of this name used, and accept this by a decision",
        severity=Severity.LOW,
    )
    REQUIRED_TYPE = Row(
        "required_type",
        "The replacement may lack a resource that AWS requires for a used action.",
        parameters={"action": str, "type": str},
        message="AWS's reference requires a {type} for {action}, and only the old policies allow one, so later calls"
        " may be denied",
        step="keep {action} on the {type} by a decision, or accept this if its calls don't need one",
        item="required-type {action} {type}",
        help="The records name none. The event map may have missed a parameter.",
        to_do="keep the action on that resource by a decision.",
        source="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        precision="medium",
    )
    UNEXPLAINED_USE = Row(
        "unexplained_use",
        "An action was used that no known policy allows.",
        parameters={"action": str, "resource": str, "reason": str},
        message="{action} on {resource} was allowed, but {reason}",
        step=words.step_for_unexplained_use,
        item="unexplained {action}",
        help="A policy may be missing, or the record mapped to the wrong action: similar granted actions are kept.",
        to_do="find out what allowed it, and give lpgen that policy or accept it by a decision.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        precision="medium",
    )
    UNPREDICTABLE = Row(
        "unpredictable",
        "Past use doesn't show what the principal needs next.",
        parameters={"case": str, "what": str, "services": int, "days": int},
        message={
            "tooling": "it is {what}, so `lpgen rollout` leaves it unchanged",
            "scanner": "it reads in {services} services and does little else, as scanners do, and the replacement"
            " removes what its next checks read",
            "seldom-used": words.seldom_used,
            "administrator": "people may do nearly everything with it and do something else each time, which the"
            " replacement would deny",
            "stacks": "{what} deploys stacks with it, and their templates decide what it changes and deletes next",
            "auditor": "{what}, as scanners do, and the replacement removes what its next release reads",
            "restore": "it does {what}, which a restore needs",
            "failover": "it is also granted {what}, the namesake of a resource that it used in another Region, and"
            " after a failover the replacement would deny that",
            "break-glass": "the decisions file names it for emergencies by `{what}`, which need more than logs show",
        },
        step={
            "tooling": "leave its policies as they are, or accept this",
            "scanner": "compare its policies with AWS's SecurityAudit and attach that instead, or accept this",
            "seldom-used": "ask its owner what it is for: name it by `break-glass` in the decisions file if it is for"
            " emergencies, otherwise wait for more days at work or accept this",
            "break-glass": "keep it for emergencies, and alarm on its use",
            "administrator": "give people roles for what they do, name access for emergencies by `break-glass` in the"
            " decisions file, or accept this",
            "stacks": "keep what its stacks may need by decisions, deletions included, or accept this",
            "auditor": "leave AWS's policy for audits attached, or accept this",
            "restore": "keep the actions that restore by decisions, or accept this",
            "failover": "keep the actions on the namesake by decisions, or accept this",
        },
        item="{case}",
        help="It is tooling, where a mistake locks people out; it reads nearly everywhere as scanners do; or people, "
        "deployments or emergencies need something else each time.",
        to_do="leave the policies of tooling and of access for emergencies as they are. To change tooling anyway, "
        "accept this and name it with `lpgen rollout plan --include`. Compare scanners with AWS's SecurityAudit.",
        source=f"{IAM_GUIDE}/access_policies_job-functions.html",
    )
    UNSEEN_UNDER_STAR = Row(
        "unseen_under_star",
        "Actions under a bare wildcard are removed though the logs can't show whether they are used.",
        parameters={"actions": int, "services": tuple},
        message=words.unseen_under_star,
        step="run `lpgen snapshot` to add service last accessed data, or keep what is needed and accept this",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    UNSEEN_NAMED = Row(
        "unseen_named",
        "Actions of services that the policies name are removed though the logs can't show whether they are used.",
        parameters={"actions": int, "services": tuple},
        message=words.unseen_named,
        step="run `lpgen snapshot` to add service last accessed data, ingest data events of these services, or keep or"
        " drop the actions by decisions",
        acceptable=False,
        help="Neither the logs nor service last accessed show whether they are in use.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    EXPECTED_DENIALS = Row(
        "expected_denials",
        "A replacement made from earlier days would have denied later use.",
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
        step="run `lpgen backtest` with `--look-back` to see what would have been denied, and keep it by a decision",
        item="expected-denials",
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
            "no-backtest": "run the review without `--no-backtest`",
        },
        item="{case}",
        acceptable=False,
        doubt={"not-enough-days": Doubt.LOGS, "no-backtest": Doubt.NONE},
        help="A backtest shows whether replacements made from earlier days would have denied later use.",
        to_do="ingest more days, and leave out `--no-backtest`.",
        remedy={"not-enough-days": Remedy.INGEST, "no-backtest": Remedy.REPEAT},
    )
    DANGEROUS_ATTEMPT = Row(
        "dangerous_attempt",
        "A dangerous action is kept only because somebody attempted it.",
        parameters={"action": str, "danger": str},
        message="{action} {danger}, and is kept because it was attempted, though no record shows that it was allowed",
        step="drop the action by a decision, or accept this if it is needed",
        item="attempted {action}",
        help="The calls were throttled, malformed or failed inside AWS.",
    )
    TOO_MANY_RESOURCES = Row(
        "too_many_resources",
        "An action was used on more resources than lpgen can list.",
        parameters={"action": str},
        message="{action} was used on more resources than lpgen can list, and is kept on all that the policies allow",
        step="narrow the old policy by hand to a prefix that the resources share, or accept this",
        item="too-many-resources {action}",
    )
    PERMISSION_SET = permission_set_rows.PERMISSION_SET
    OTHER_ACCOUNT = permission_set_rows.OTHER_ACCOUNT
    TOO_LARGE = Row(
        "too_large",
        "The replacement is larger than AWS allows, so none is written.",
        parameters={"needed": int, "room": str, "largest": str, "advice": str, "instead": str},
        message="the replacement of {needed:,} characters doesn't fit into {room} (largest: {largest}); {advice}",
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
        "The policies are too complex to compare, so no replacement is written.",
        parameters={"why": str},
        message="{why}",
        step="rewrite its policies with fewer patterns, and with fewer wildcards in each",
        acceptable=False,
        rank=3,
        help="Comparing their patterns takes more steps than lpgen spends on one principal.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        remedy=Remedy.LOOK,
    )
    VERIFICATION = Row(
        "verification",
        "The replacement failed its verification.",
        parameters={"status": str, "checks": tuple},
        message=lambda *, status, checks: f"verification {status}: {', '.join(checks) or 'no check ran'}",
        step="leave the policies in place, and read the checks that did not pass",
        acceptable=False,
        rank=1,
        help="It may deny what is used, or allow what wasn't allowed.",
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
