"""What may have changed between two states: a row per kind of drift finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.registry.review import ReviewKind
from lpgen.core.registry.row import IAM_GUIDE, TRAIL_GUIDE, Kind, Row

_START_AGAIN: Final = "start it again, and find out who changed it"
_WILDCARD: Final = {"wildcard": str, "statements": tuple, "actions_today": int, "used": tuple | None, "stopped": int}
_RECORD_AGAIN: Final = "find out whether a trail now leaves them out, and let one record them again"


def _new_principal(*, is_recreated: bool, granted: str, **_: object) -> str:
    what = "was deleted and created again: another principal has its name" if is_recreated else "is new"
    return f"{what}; it is granted {granted}"


class DriftKind(Kind):
    """The kinds of findings, in the order in which equally severe ones are told."""

    @property
    def rule(self) -> str:
        """The id of its rule."""
        return f"drift-{self}"

    OUTSIDE_TRUST = replace(
        ReviewKind.OUTSIDE_TRUST.row, title="Somebody outside can assume a role, who couldn't before."
    )
    COVERAGE_LOST = Row(
        "coverage-lost",
        "The logs show less than before.",
        parameters={"case": str, "what": str, "about": str, "since": str},
        message={
            "is-gone": "the trail is gone",
            "stopped": "the trail stopped: it is not logging",
            "records-other-events-than-before": "the trail records other events than before",
            "logging": "logging stopped: {about} not covered",
            "logging-for-a-time": "logging stopped: {about} not covered",
            "account": "no record of the account came {since}",
            "region": "no record of {about} came {since}",
            "management": "no {about} management event {since}",
            "data": "the log holds no data events of {about} {since}",
        },
        step={
            "is-gone": _START_AGAIN,
            "stopped": _START_AGAIN,
            "records-other-events-than-before": _START_AGAIN,
            "logging": "start logging again, and find out who stopped it",
            "logging-for-a-time": "find out who stopped it",
            "account": "look whether its trail still delivers, and whether its logs were ingested",
            "region": "look whether a trail still records the Region, or whether nothing runs there any more",
            "management": _RECORD_AGAIN,
            "data": _RECORD_AGAIN,
        },
        item="coverage-lost {subject} {what}",
        help="A trail stopped or changed, or an account or a Region is silent: what happens there isn't seen.",
        to_do="start logging again, and find out who stopped it.",
        source=f"{TRAIL_GUIDE}/cloudtrail-turning-off-logging.html",
        severity=Severity.HIGH,
        score="9.1",
    )
    POLICY_CHANGED = Row(
        "policy-changed",
        "A policy was changed outside lpgen.",
        parameters={"case": str, "gained": str, "holders": str, "content": str},
        message={
            "own": "its policies were changed outside lpgen: it gains {gained}",
            "managed": "it was changed outside lpgen; held by {holders}: it gains {gained}",
            "aws": "AWS changed it; held by {holders}: it gains {gained}",
            "left": "AWS changed it since replacements left it attached; held by {holders}: it gains {gained}",
            "trust": "its trust policy was changed: other principals may assume it",
            "boundary-gone": "its permissions boundary was removed: it gains {gained}",
            "boundary-new": "its permissions boundary was added: it gains {gained}",
            "boundary-other": "its permissions boundary was replaced or changed: it gains {gained}",
            "scps": "the SCPs of the account were changed: its principals gain {gained}",
        },
        step="find out who changed it and why; undo it, or save a new baseline",
        item="policy-changed {subject} {content}",
        help="It is neither as it was nor as it was proposed.",
        source=f"{IAM_GUIDE}/access_policies_manage.html",
        severity=Severity.HIGH,
        score="8.0",
        by_gain=(Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM),
    )
    NEW_USE = Row(
        "new-use",
        "An action was used that the proposal leaves out.",
        parameters={"action": str, "uses": str},
        message="{action} was used, and the proposal would deny it",
        step="generate the replacement again before you put it in place",
        item="new-use {subject} {action} {uses}",
        help="Put in place as it is, the proposal would break this.",
        severity=Severity.HIGH,
    )
    NEW_PRINCIPAL = Row(
        "new-principal",
        "A role or user is new.",
        parameters={"is_recreated": bool, "granted": str, "principal_id": str},
        message=_new_principal,
        step="find out who created it and who may assume it",
        item=lambda *, subject, principal_id, **_: f"new-principal {subject} {principal_id}".rstrip(" "),
        source=f"{IAM_GUIDE}/id_roles.html",
        score="6.0",
        by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    )
    NEW_WILDCARD = Row(
        "new-wildcard",
        "A policy grants by a wildcard that wasn't there.",
        parameters={**_WILDCARD, "granted": str},
        message="the wildcard {wildcard} is new: it grants {granted} today, and whatever AWS adds",
        step="name the actions that are meant",
        item="new-wildcard {subject} {wildcard}",
        help="What it grants grows with each action that AWS adds.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        score="6.0",
        by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM),
    )
    INHERITED = Row(
        "inherited",
        "A wildcard gained actions by itself.",
        parameters={**_WILDCARD, "gained": str, "actions": str, "new_actions": tuple},
        message="the wildcard {wildcard} silently gained {gained}",
        step="replace the wildcard: `lpgen generate` names every action",
        item="inherited {subject} {wildcard} {actions}",
        help="AWS added actions that it matches, and nobody decided to grant them.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        score="6.0",
        by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    )
    NEVER_APPLIED = Row(
        "never-applied",
        "A safe replacement was never put in place.",
        parameters={"since": str},
        message="a safe replacement has been there since {since} and was never put in place",
        step="put it in place: `lpgen generate`, then `lpgen rollout plan` and `apply`",
        item="never-applied {subject} {since}",
        severity=Severity.LOW,
        score="3.0",
    )
    ROLE_QUIET = Row(
        "role-quiet",
        "A role went quiet.",
        parameters={"last": str, "days": int},
        message="went quiet: last used on {last}, and not for {days} covered days since",
        step="ask its owner whether it is still needed; disable it if not",
        item="role-quiet {subject} {last}",
        severity=Severity.LOW,
        score="3.5",
        by_gain=(Severity.MEDIUM, Severity.LOW, Severity.LOW),
    )
    NEWLY_UNUSED = Row(
        "newly-unused",
        "Grants fell out of use.",
        parameters={"unused": str, "days": int, "actions": str},
        message="{unused} fell out of use: not seen for {days} covered days",
        step="remove them with the next replacement, or keep them by a decision",
        item="newly-unused {subject} {actions}",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        severity=Severity.LOW,
        score="3.5",
        by_gain=(Severity.MEDIUM, Severity.LOW, Severity.LOW),
    )
    GONE_PRINCIPAL = Row(
        "gone-principal",
        "A role or user is gone.",
        message="is gone",
        step="find out who deleted it, unless you know",
        item="gone-principal {subject}",
        source=f"{IAM_GUIDE}/id_roles.html",
        severity=Severity.INFO,
    )
