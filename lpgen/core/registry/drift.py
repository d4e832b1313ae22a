"""What may have changed between two states: a row per kind of drift finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.registry.row import Kind, Row, Words, say

_IAM: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_CLOUDTRAIL: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide"
_BEST: Final = f"{_IAM}/best-practices.html"

_START_AGAIN: Final = "start it again, and find out who changed it"
_RECORD_AGAIN: Final = "look whether a trail was told to leave them out, and let one record them again"

LOSSES: Final[Mapping[str, Row]] = {
    "is-gone": Row(message="the trail is gone", step=_START_AGAIN, severity=Severity.CRITICAL),
    "stopped": Row(message="the trail stopped: it is not logging", step=_START_AGAIN, severity=Severity.CRITICAL),
    "records-other-events-than-before": Row(
        message="the trail records other events than before", step=_START_AGAIN, severity=Severity.HIGH
    ),
    "logging": Row(
        message="logging stopped: {about} not covered",
        step="start logging again, and find out who stopped it",
        severity=Severity.CRITICAL,
    ),
    "logging-for-a-time": Row(
        message="logging stopped: {about} not covered", step="find out who stopped it", severity=Severity.HIGH
    ),
    "account": Row(
        message="no record of the account came {since}",
        step="look whether its trail still delivers, and whether its logs were ingested",
        severity=Severity.HIGH,
    ),
    "region": Row(
        message="no record of {about} came {since}",
        step="look whether a trail still records the Region, or whether nothing runs there any more",
    ),
    "management": Row(message="no {about} management event {since}", step=_RECORD_AGAIN, severity=Severity.HIGH),
    "data": Row(message="the log holds no data events of {about} {since}", step=_RECORD_AGAIN, severity=Severity.HIGH),
}
"""What logs may show less of than before."""

CHANGES: Final[Mapping[str, Words]] = {
    "own": "its policies were changed outside: it gains {gained}",
    "managed": "it was changed outside; held by {holders}: it gains {gained}",
    "aws": "AWS changed it; held by {holders}: it gains {gained}",
    "trust": "its trust policy was changed: other principals may assume it",
    "boundary-gone": "its permissions boundary is gone: it gains {gained}",
    "boundary-new": "its permissions boundary came: it gains {gained}",
    "boundary-other": "its permissions boundary is another or says something else: it gains {gained}",
    "scps": "the SCPs of the account were changed: its principals gain {gained}",
}
"""Which policies may say something else."""


def _new_principal(*, is_recreated: bool, granted: str, **_: object) -> str:
    what = "was deleted and made again: it is another principal of the same name" if is_recreated else "is new"
    return f"{what}; it is granted {granted}"


class DriftKind(Kind):
    """The kinds of findings, in the order in which equally severe ones are told."""

    COVERAGE_LOST = (
        "coverage-lost",
        Row(
            parameters={"loss": str, "what": str, "about": str, "since": str},
            message=lambda *, loss, **facts: say(LOSSES[loss].message, facts),
            step=lambda *, loss, **facts: say(LOSSES[loss].step, facts),
            item="coverage-lost {subject} {what}",
            title="The logs show less than before.",
            help="A trail stopped or changed, or no record comes from an account or a Region any more. Nothing that "
            "happens there is seen.\n\n**What to do:** start logging again, and find out who stopped it.",
            source=f"{_CLOUDTRAIL}/cloudtrail-turning-off-logging.html",
            severity=Severity.HIGH,
            score="9.1",
        ),
    )
    POLICY_CHANGED = (
        "policy-changed",
        Row(
            parameters={"change": str, "gained": str, "holders": str, "content": str},
            message=lambda *, change, **facts: say(CHANGES[change], facts),
            step="find out who changed it and why; undo it, or save a new baseline",
            item="policy-changed {subject} {content}",
            title="A policy was changed outside.",
            help="It is neither as it was nor as it was proposed.\n\n**What to do:** find out who changed it and why; "
            "undo it, or save a new baseline.",
            source=f"{_IAM}/access_policies_manage.html",
            severity=Severity.HIGH,
            score="8.0",
            by_gain=(Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM),
        ),
    )
    NEW_USE = (
        "new-use",
        Row(
            parameters={"action": str, "uses": str},
            message="{action} was used, and the proposal would refuse that",
            step="generate the replacement anew before it is put in place",
            item="new-use {subject} {action} {uses}",
            title="An action was used that the proposal leaves out.",
            help="Put in place as it is, the proposal would break this.\n\n**What to do:** generate the replacement "
            "anew.",
            source=_BEST,
            severity=Severity.HIGH,
        ),
    )
    NEW_PRINCIPAL = (
        "new-principal",
        Row(
            parameters={"is_recreated": bool, "granted": str, "principal_id": str},
            message=_new_principal,
            step="make sure that somebody meant it, and who may assume it",
            item=lambda *, subject, principal_id, **_: f"new-principal {subject} {principal_id}".rstrip(" "),
            title="A role or user is new.",
            help="**What to do:** make sure that somebody meant it, and who may assume it.",
            source=f"{_IAM}/id_roles.html",
            score="6.0",
            by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.LOW),
        ),
    )
    NEW_WILDCARD = (
        "new-wildcard",
        Row(
            parameters={"wildcard": str, "granted": str},
            message="the wildcard {wildcard} is new: it grants {granted} today, and whatever AWS adds",
            step="name the actions that are meant",
            item="new-wildcard {subject} {wildcard}",
            title="A policy grants by a wildcard that wasn't there.",
            help="What it grants grows with each action that AWS adds.\n\n**What to do:** name the actions that are "
            "meant.",
            source=f"{_IAM}/reference_policies_elements_action.html",
            score="6.0",
            by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM),
        ),
    )
    INHERITED = (
        "inherited",
        Row(
            parameters={"wildcard": str, "gained": str, "actions": str},
            message="the wildcard {wildcard} silently gained {gained}",
            step="replace the wildcard: lpgen generate names every action",
            item="inherited {subject} {wildcard} {actions}",
            title="A wildcard gained actions by itself.",
            help="AWS added actions that it matches, and nobody decided to grant them.\n\n**What to do:** replace it: "
            "`lpgen generate` names every action.",
            source=f"{_IAM}/reference_policies_elements_action.html",
            score="6.0",
            by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.LOW),
        ),
    )
    NEVER_APPLIED = (
        "never-applied",
        Row(
            parameters={"since": str},
            message="a safe replacement has been there since {since} and was never put in place",
            step="put it in place: lpgen generate, then lpgen rollout plan and apply",
            item="never-applied {subject} {since}",
            title="A safe replacement was never put in place.",
            help="**What to do:** `lpgen generate`, then `lpgen rollout plan` and `apply`.",
            source=_BEST,
            severity=Severity.LOW,
            score="3.0",
        ),
    )
    ROLE_QUIET = (
        "role-quiet",
        Row(
            parameters={"last": str, "days": int},
            message="went quiet: last used on {last}, and not for {days} covered days since",
            step="ask its owner whether it is still needed; disable it if not",
            item="role-quiet {subject} {last}",
            title="A role went quiet.",
            help="**What to do:** ask its owner whether it is still needed; disable it if not.",
            source=_BEST,
            severity=Severity.LOW,
            score="3.5",
            by_gain=(Severity.MEDIUM, Severity.LOW, Severity.LOW),
        ),
    )
    NEWLY_UNUSED = (
        "newly-unused",
        Row(
            parameters={"unused": str, "days": int, "actions": str},
            message="{unused} fell out of use: not seen for {days} covered days",
            step="remove them with the next replacement, or keep them by a decision",
            item="newly-unused {subject} {actions}",
            title="Grants fell out of use.",
            help="**What to do:** remove them with the next replacement, or keep them by a decision.",
            source=f"{_IAM}/access_policies_last-accessed.html",
            severity=Severity.LOW,
            score="3.5",
            by_gain=(Severity.MEDIUM, Severity.LOW, Severity.LOW),
        ),
    )
    GONE_PRINCIPAL = (
        "gone-principal",
        Row(
            message="is gone",
            step="nothing, if it was meant to go",
            item="gone-principal {subject}",
            title="A role or user is gone.",
            help="**What to do:** nothing, if it was meant to go.",
            source=f"{_IAM}/id_roles.html",
            severity=Severity.INFO,
        ),
    )
