"""Why a replacement isn't called safe: a row per reason, and the value that a detector makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Self

from lpgen.core.choices import Severity
from lpgen.core.registry import caveat_words as words
from lpgen.core.registry.row import Kind, Parameters, Row, say

_BEST_PRACTICES: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
_ACTION_ELEMENT: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"
_LAST_ACCESSED: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"
_TRAILS: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trails.html"
_EVALUATION: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
_QUOTAS: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_PERMISSION_SETS: Final = "https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"
_DETAILS: Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html"
_GLOBAL_EVENTS: Final = (
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html"
    "#cloudtrail-concepts-global-service-events"
)


class CaveatKind(Kind):
    """Why a replacement isn't called safe."""

    UNMAPPED_EVENT = (
        "unmapped_event",
        Row(
            parameters={"records": int, "call": str, "reason": str, "example": str, "event": str},
            message=words.unmapped_event,
            step="look up which action the call needs, and keep that one by a decision",
            item="{event}",
            title="A successful call can't be mapped to an action.",
            help="The replacement may lack what the call needs, so it isn't called safe.\n\n**What to do:** look up "
            "the action and keep it by a decision.",
            source=_ACTION_ELEMENT,
        ),
    )
    UNKNOWN_PATTERN = (
        "unknown_pattern",
        Row(
            parameters={"pattern": str, "statement": str},
            message=words.unknown_pattern,
            step=words.step_for_unknown_pattern,
            item="unknown-pattern {pattern}",
            title="A policy grants an action that the catalog doesn't know.",
            help="It may be misspelled, and then grants nothing; or it is newer than the catalog.\n\n**What to do:** "
            "correct it, or run `lpgen catalog update`.",
            source=_ACTION_ELEMENT,
        ),
    )
    GRANTS_UNKNOWN = (
        "grants_unknown",
        Row(
            parameters={"policy": str},
            message="the snapshot lacks the document of {policy}",
            step="export the authorization details again, without a filter",
            item="missing-document {policy}",
            acceptable=False,
            rank=4,
            title="The document of an attached policy is missing, so the grants are unknown.",
            help="Nothing can be proposed for the principal.\n\n**What to do:** export the authorization details "
            "again, without a filter.",
            source=_DETAILS,
        ),
    )
    SHORT_COVERAGE = (
        "short_coverage",
        Row(
            parameters={"days": int, "min_days": int, "account": str},
            message="the logs cover {days} days, fewer than {min_days}",
            step=words.step_for_short_coverage,
            item="short-coverage",
            title="The logs cover too few days to call a removal safe.",
            help="What happens once a quarter wouldn't show.\n\n**What to do:** ingest more days, or accept it by a "
            "decision.",
            source=_TRAILS,
            severity=Severity.LOW,
        ),
    )
    THIN_DAYS = (
        "thin_days",
        Row(
            parameters={"days": int, "min_days": int, "thin": int},
            message="the logs cover {days} days, fewer than {min_days}: on {thin} others they hold too few callers and"
            " services to be complete",
            step="look whether log files of these days are missing and ingest them, or accept this if so little went"
            " on",
            item="thin-days",
            title="The logs show too little on many of their days.",
            help="These days hold far fewer callers and services than the account's other days, as if they were forged "
            "or files were missing.\n\n**What to do:** look whether log files are missing and ingest them, or accept "
            "it by a decision.",
            source=_TRAILS,
        ),
    )
    MISSING_FILES = (
        "missing_files",
        Row(
            message="the calls that AWS makes by a clock come at random, as if most log files of each day were missing",
            step="compare the log files with those in the trail's bucket, and ingest all of them",
            item="missing-files",
            title="The logs seem to lack most of their files.",
            help="AWS makes some calls by a clock, and in these logs they come at random.\n\n**What to do:** compare "
            "the log files with those in the trail's bucket, and ingest all of them.",
            source=_TRAILS,
        ),
    )
    YOUNG_PRINCIPAL = (
        "young_principal",
        Row(
            parameters={"kind": str, "days": int, "counted": int, "min_days": int, "until": date},
            message=words.young_principal,
            step="wait until the logs reach {until}",
            item="young-principal",
            title="The role or user is too young to call a removal safe.",
            help="It may not have done yet what it is for.\n\n**What to do:** wait, or accept it by a decision.",
            source=_BEST_PRACTICES,
            severity=Severity.LOW,
        ),
    )
    YOUNG_POLICY = (
        "young_policy",
        Row(
            parameters={"policy": str, "days": int, "counted": int, "min_days": int, "until": date},
            message=words.young_policy,
            step="wait until the logs reach {until}",
            item="young-policy {policy}",
            title="A policy's version is too young to call a removal safe.",
            help="What it granted anew may not have been used yet.\n\n**What to do:** wait, or accept it by a "
            "decision.",
            source=_BEST_PRACTICES,
            severity=Severity.LOW,
        ),
    )
    COVERAGE_HOLE = (
        "coverage_hole",
        Row(
            parameters={"service": str, "last": date, "region": str, "is_region_read": bool, "is_after_logs": bool},
            message=words.coverage_hole,
            step=words.step_for_coverage_hole,
            item=lambda *, service, **_: f"coverage-hole {service}".rstrip(),
            title="IAM knows of a use that the logs don't show.",
            help="Something is missing from the logs, and a replacement made from them would break it.\n\n**What to "
            "do:** find the trail that holds the call, every Region included, and ingest its logs.",
            source=_LAST_ACCESSED,
        ),
    )
    OTHER_REGIONS = (
        "other_regions",
        Row(
            parameters={"regions": tuple, "leader": str, "role": str, "region": str},
            message=words.other_regions,
            step="ingest the logs of all Regions, or give the settings of a trail that records them all with --trails",
            item="other-regions",
            title="The logs are hardly those of all Regions.",
            help="They hold no record of the Region in which global services such as IAM record their events, so that "
            "use in other Regions may be missing too.\n\n**What to do:** ingest the logs of all Regions, or give the "
            "settings of a trail that records them all.",
            source=_GLOBAL_EVENTS,
        ),
    )
    RECREATED = (
        "recreated",
        Row(
            parameters={"former": tuple, "kind": str, "principal_id": str, "only": tuple},
            message=words.recreated,
            step="make sure that nothing needs what only the earlier one of its name used",
            item="recreated",
            title="The principal was deleted and made anew within the logs.",
            help="Records of the earlier one are not its own.\n\n**What to do:** make sure that nothing needs what "
            "only the earlier one used.",
            source=_BEST_PRACTICES,
            severity=Severity.LOW,
        ),
    )
    UNEXPLAINED_USE = (
        "unexplained_use",
        Row(
            parameters={"action": str, "resource": str, "reason": str},
            message="{action} on {resource} was allowed, but {reason}",
            step=words.step_for_unexplained_use,
            item="unexplained {action}",
            title="An action was used, and nothing that is known allows it.",
            help="Perhaps a resource policy wasn't given, perhaps the record is mapped to the wrong action. The "
            "granted actions of the same service and access level stay in the replacement for review.\n\n**What to "
            "do:** give lpgen the resource policies, or find what allowed it.",
            source=_EVALUATION,
        ),
    )
    DRAWN_NAMES = (
        "drawn_names",
        Row(
            parameters={"action": str, "names": int, "how": str, "example": str, "shape": str},
            message="{action} made {names} names {how}, such as {example}: the replacement allows these, and would"
            " refuse the next",
            step="keep {action}, and what else is done to them, on {shape} by a decision",
            item="drawn-names {action} {shape}",
            title="The principal creates roles or the like under names that are drawn anew each time.",
            help="The replacement allows the names that were seen, since a pattern over roles hands out rights; the "
            "next name will be refused.\n\n**What to do:** keep the action, and what else is done to them, on the "
            "shape of the names by a decision.",
            source=_BEST_PRACTICES,
        ),
    )
    NEW_NAMES = (
        "new_names",
        Row(
            parameters={"names": int, "example": str, "days": int, "shape": str},
            message="{names} resources such as {example} were first used in the second half of the logs, on {days} days"
            " or more: the replacement allows those that were seen, and would refuse the next",
            step="keep what is done to them on {shape}, or narrower, by a decision",
            item="new-names {shape}",
            title="The principal goes on using resources that are new each time.",
            help="The replacement allows those that were seen, and the next will be refused: a bucket for who audits "
            "all of them, or a folder for the next device.\n\n**What to do:** keep what is done to them on a pattern "
            "of their names by a decision.",
            source=_BEST_PRACTICES,
        ),
    )
    SELDOM_USED = (
        "seldom_used",
        Row(
            parameters={"days": int},
            message=words.seldom_used,
            step="ask its owner what it is for: access for emergencies keeps its policies, for anything else accept"
            " this",
            item="seldom-used",
            title="A principal that may do nearly everything was at work on a day or two alone.",
            help="So is access for emergencies, which does something else each time: a replacement of what these days "
            "show would fail it when it is needed.\n\n**What to do:** ask its owner what it is for. Access for "
            "emergencies keeps its policies; for anything else accept this by a decision.",
            source=_BEST_PRACTICES,
        ),
    )
    DANGEROUS_ATTEMPT = (
        "dangerous_attempt",
        Row(
            parameters={"action": str, "danger": str},
            message="{action} {danger}, and stays since it was tried, though nobody knows whether it was allowed",
            step="drop the action by a decision, or accept this if it is needed",
            item="attempted {action}",
            title="A dangerous action stays only because it was tried.",
            help="The calls were throttled, malformed or failed inside AWS, so nobody knows whether they were allowed."
            "\n\n**What to do:** drop the action by a decision, or accept it if it is needed.",
            source=_BEST_PRACTICES,
        ),
    )
    TOO_MANY_RESOURCES = (
        "too_many_resources",
        Row(
            parameters={"action": str},
            message="{action} was done to more resources than lpgen tells apart, and stays on all that the old policies"
            " say",
            step="narrow the old policy by hand where its resources have a common name",
            item="too-many-resources {action}",
            title="An action was done to more resources than lpgen tells apart.",
            help="It stays on all that the old policies say.\n\n**What to do:** narrow the old policy by hand where "
            "its resources have a common name.",
            source=_BEST_PRACTICES,
        ),
    )
    UNEVEN_PERMISSION_SET = (
        "uneven_permission_set",
        Row(
            parameters={"groups": tuple},
            message=words.uneven_permission_set,
            step="provision the permission set into all its accounts, then take a new snapshot; a customer managed"
            " policy that differs on purpose is changed in its own account",
            item="uneven-permission-set",
            title="The roles of one permission set hold different policies.",
            help="A permission set has one inline policy for all its accounts, and none can be proven for roles that "
            "differ.\n\n**What to do:** provision the set into all its accounts and take a new snapshot. A customer "
            "managed policy that differs on purpose is changed in its own account.",
            source=_PERMISSION_SETS,
        ),
    )
    UNLISTED_ROLE = (
        "unlisted_role",
        Row(
            parameters={"accounts": tuple},
            message=words.unlisted_role,
            step="give the policies of these accounts too, such as by a snapshot of all of them",
            item="unlisted-role",
            title="The logs show roles of the permission set in accounts without policies.",
            help="What is put into a permission set changes its roles in all accounts, and what these need is not in "
            "the replacement.\n\n**What to do:** give the policies of these accounts too, such as by a snapshot of all "
            "of them.",
            source=_PERMISSION_SETS,
        ),
    )
    OTHER_ACCOUNT = (
        "other_account",
        Row(
            parameters={"accounts": tuple, "kind": str, "first": str, "others": int},
            message=words.other_account,
            step="clear up the same in the permission set's other accounts, or accept it there",
            item=lambda *, kind, **_: f"other-account {kind.replace('_', '-')}",
            acceptable=False,
            title="Another role of the permission set isn't safe to change yet.",
            help="What is put into a permission set changes its roles in all accounts.\n\n**What to do:** clear up "
            "what is told of the role in the other account, or accept it there.",
            source=_PERMISSION_SETS,
            severity=Severity.LOW,
        ),
    )
    TOO_LARGE = (
        "too_large",
        Row(
            parameters={"needed": int, "room": str, "largest": str, "advice": str, "instead": str},
            message="the replacement needs {needed:,} characters and doesn't fit into {room} (largest: {largest});"
            " {advice}",
            step=words.step_for_too_large,
            item="too-large",
            acceptable=False,
            rank=2,
            title="The replacement doesn't fit AWS's size limits, and none is written.",
            help="No wildcard was put in to make it fit.\n\n**What to do:** split the role by what it does, or drop "
            "kept actions by decisions.",
            source=_QUOTAS,
        ),
    )
    UNPROVEN = (
        "unproven",
        Row(
            parameters={"why": str},
            message="{why}",
            step="write its policies with fewer patterns, and with fewer wildcards in each",
            item="unproven",
            acceptable=False,
            rank=3,
            title="The policies are too complex to compare, and no replacement is written.",
            help="Comparing their patterns takes more steps than lpgen spends on one principal.\n\n**What to do:** "
            "write the policies with fewer patterns, and with fewer wildcards in each.",
            source=_EVALUATION,
        ),
    )
    VERIFICATION = (
        "verification",
        Row(
            parameters={"status": str, "checks": tuple},
            message=words.verification,
            step="read the checks that did not pass, and don't put it in place",
            item="verification",
            acceptable=False,
            rank=1,
            title="The proof of a replacement did not succeed.",
            help="It may take away what is used, or allow what wasn't.\n\n**What to do:** read the checks that did not "
            "pass, and don't put it in place.",
            source=_EVALUATION,
            severity=Severity.HIGH,
        ),
    )


@dataclass(frozen=True, slots=True)
class Caveat:
    """One reason why a replacement isn't called safe. `accepted_by` says which person accepted it and why, or is "".

    Raises:
        TypeError: the parameters aren't those of the kind.
    """

    kind: CaveatKind
    parameters: Parameters = field(default_factory=dict)
    accepted_by: str = ""

    def __post_init__(self) -> None:
        self.kind.check(self.parameters)

    @classmethod
    def of(cls, kind: CaveatKind, /, **parameters: Any) -> Self:
        """A caveat that nobody has accepted."""
        return cls(kind, parameters)

    @property
    def message(self) -> str:
        """What speaks against it, as a sentence without a full stop."""
        return say(self.kind.row.message, self.parameters)

    @property
    def step(self) -> str:
        """What to do about it, as a clause without a full stop."""
        return say(self.kind.row.step, self.parameters)

    @property
    def item(self) -> str:
        """How a decision names it."""
        return say(self.kind.row.item, self.parameters)

    @property
    def order(self) -> tuple[int, int, str]:
        """What stops a replacement altogether comes first, then what the registry lists first."""
        return self.kind.row.rank, list(CaveatKind).index(self.kind), self.message
