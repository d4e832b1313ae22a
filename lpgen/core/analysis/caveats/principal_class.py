"""The class of a principal, and the proposal for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.inputs import PrincipalContext
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.caveats.unpredictable import (
    AUDIT_POLICY,
    BY_DESIGN,
    UnpredictableCaveat,
    policies_for_audits,
)
from lpgen.core.analysis.grants.aws_policies import actions_of_left, is_service_policy, without_left
from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.analysis.observability.signs_of_use import SignOfLife
from lpgen.core.evidence import PrincipalUsage
from lpgen.core.findings import GENERATED_CLASSES, Detachment, PrincipalClass
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.last_accessed import TRACKED_DAYS
from lpgen.core.model import Outcome, PolicyKind, Principal, PrincipalKind
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import LeftPolicy, LineKind

_SERVICE_LINKED_PATH: Final = "/aws-service-role/"

_YEAR: Final = 366

_NAMED_FOR_EMERGENCIES: Final = re.compile(r"break.?glass|emergency|fire.?(?:call|fight)", re.IGNORECASE)
"""Names of principals that may be for emergencies: a reason to ask the owner."""

_IF_FOR_EMERGENCIES: Final = (
    ": if so, name it under `break-glass` in the decisions file, keep it, and set an alarm on its use"
)
_THE_DENIES: Final = "the Denies"


class _Advice(Enum):
    """A proposal for a principal, as a clause, and the rest of the sentence: how, or why."""

    def __init__(self, task: str, more: str = "") -> None:
        self.task, self.more = task, more

    NOTHING_FOR_AWS = "nothing", ": AWS owns the policies of a service-linked role"
    NOTHING_TO_IMPROVE = "nothing", ": AWS wrote its policies and keeps them up to date"
    NOTHING_GRANTED = "nothing", ": no policy of its own allows anything"
    KEEP_FOR_EMERGENCIES = "keep it for emergencies and set an alarm on its use", ": the decisions file names it"
    EXPORT_POLICIES = "export the missing policy documents and run again"
    INGEST_LOGS = "ingest logs of its account", ": lpgen can't judge it without logs"
    SIMPLIFY = "simplify its policies", ": they are too complex to compare, so lpgen proposes no replacement"

    REPLACE = "replace the policies"
    REPLACE_AND_LEAVE_GROUPS = (
        "replace the policies and remove the user from {groups}",
        ": the replacement includes what the user used from the group policies",
    )
    REPLACE_OTHERS = "replace the policies except {left}", ", which AWS keeps up to date"
    REPLACE_IN_SET = (
        "put the replacement into the permission set",
        "; if the set has roles in other accounts, give their policies and logs first, because it changes them too",
    )
    COMPARE_WITH_AUDITS = f"compare its policies with AWS's {AUDIT_POLICY} before you replace them", f": {BY_DESIGN}"
    ASK_BEFORE_REPLACING = (
        "ask its owner whether it is for emergencies before you replace its policies",
        _IF_FOR_EMERGENCIES,
    )
    REMOVE = "remove the policies", ": they allow nothing that was used or attempted"
    REMOVE_ALLOWS = f"remove all except {_THE_DENIES}", ": they allow nothing that was used or attempted"
    REMOVE_OTHERS = "remove all except {staying}", ": they allow nothing else that was used or attempted"

    FIND_PURPOSE = "first find out what it is used for", ": {sign}"
    FIND_LAST_USE = (
        "first find out what it was last used for",
        ": {sign}, within the logs' days; {unrecorded}",
    )
    FIND_LOGS = "first find the logs of its last use", ": {sign}, within the logs' days"
    INGEST_NEWER_LOGS = "first ingest newer logs", ": {sign}, after the end of these logs"
    KEEP_UNTIL_ASKED = (
        "ask its owner whether it {question}, and keep it until then",
        ": {sign}, before the logs, which cover {days} days",
    )

    ASK_ABOUT_USER = (
        "ask its owner whether it is used, or give IAM's report with --last-accessed",
        ": it may use actions that the logs can't show",
    )
    END_ASSIGNMENT = (
        "ask its owner, then end the assignment of the permission set to the account",
        ": nobody used the role",
    )
    ASK_ABOUT_RARE_EVENTS = (
        "ask its owner first",
        ": AWS wrote its policies for a service, and the service may need the role for a rare event such as a restore",
    )
    ASK_ABOUT_SCHEDULE = "ask the owner of its schedule before you disable it", ": {schedule}"
    ASK_ABOUT_AUDITS = (
        "ask its owner whether audits need it before you disable it",
        ": with {policy} it reads everything by design, and the logs cover {days} days",
    )
    ASK_ABOUT_EMERGENCIES = "ask its owner whether it {question} before you disable it", _IF_FOR_EMERGENCIES
    ASK_BEFORE_DISABLING = (
        "ask its owner whether it {question} before you disable it",
        ": the logs cover {days} days; if not, {how} and delete it later",
    )
    DISABLE = "disable the {kind} unless it is for emergencies", ": {how}, ask the owner, delete it later ({why})"

    def fill(self, **parameters: object) -> tuple[str, str]:
        """The proposal, and the rest of its sentence."""
        return self.task.format_map(parameters), self.more.format_map(parameters)


_BY_CLASS: Final = {
    PrincipalClass.SSO: _Advice.REPLACE_IN_SET,
    PrincipalClass.LEFT_TO_AWS: _Advice.NOTHING_TO_IMPROVE,
    PrincipalClass.BREAK_GLASS: _Advice.KEEP_FOR_EMERGENCIES,
    PrincipalClass.SERVICE_LINKED: _Advice.NOTHING_FOR_AWS,
    PrincipalClass.GRANTS_UNKNOWN: _Advice.EXPORT_POLICIES,
    PrincipalClass.NOT_COVERED: _Advice.INGEST_LOGS,
    PrincipalClass.NO_GRANTS: _Advice.NOTHING_GRANTED,
}
_HOW_TO_DISABLE: Final = {
    PrincipalKind.ROLE: "attach AWSDenyAll, which you can detach again",
    PrincipalKind.USER: "deactivate its keys and password",
}
_FOR_EMERGENCIES: Final = "is for emergencies"
_IS_YEARLY: Final = "is used about once a year"

_ALL_DENIED: Final = "all its attempts were denied, the last on {day}"
_LAST_USED_BEFORE: Final = "IAM reports its last use on {day}, before the logs"
_COVERED_DAYS: Final = "the logs cover {days} days"
_NEVER_USED: Final = f"IAM reports no use either, and the role is older than {TRACKED_DAYS} days"


def classify_principal(context: PrincipalContext) -> PrincipalClass:
    """The class of a principal: the first that fits, from those that can't be changed to those that need no change.

    Service-linked roles can't be edited, and the roles of IAM Identity Center are edited through their permission set:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    grants, principal = context.grants, context.grants.principal
    if principal.path.startswith(_SERVICE_LINKED_PATH):
        return PrincipalClass.SERVICE_LINKED
    if context.break_glass:
        return PrincipalClass.BREAK_GLASS
    if grants.missing:
        return PrincipalClass.GRANTS_UNKNOWN
    if context.coverage is None:
        return PrincipalClass.NOT_COVERED
    if not was_active(context.usage):
        unused = PrincipalClass.UNSEEN if context.life else PrincipalClass.UNUSED
        return unused if grants.allows else PrincipalClass.NO_GRANTS
    if is_of_permission_set(principal):
        return PrincipalClass.SSO
    if _is_left_to_aws(context):
        return PrincipalClass.LEFT_TO_AWS
    return PrincipalClass.ACTIVE if grants.allows else PrincipalClass.NO_GRANTS


def _is_left_to_aws(context: PrincipalContext) -> bool:
    """Whether AWS wrote all of a principal's policies and everything that they allow is kept.

    A replacement would only stop AWS's updates.
    """
    others = without_left(context.grants, context.left)
    policies = others.principal.policies
    if not context.grants.principal.policies or not all(is_service_policy(policy.arn) for policy in policies):
        return False
    staying = actions_of_left(context.grants, context.left).union(line.action for line in context.lines)
    return not policies or others.granted() <= staying


def was_active(usage: PrincipalUsage) -> bool:
    """Whether a principal has any use or attempt that wasn't denied."""
    return bool(usage.unmapped or usage.copied) or any(use.outcome is not Outcome.DENIED for use in usage.uses)


def detachment(principal: Principal, left: Iterable[LeftPolicy] = ()) -> Detachment:
    """The policies and groups that the replacement replaces, sorted: all except the policies left attached."""
    staying = {policy.arn for policy in left}
    own = [policy for policy in principal.policies if not policy.group and policy.arn not in staying]
    return Detachment(
        managed=tuple(sorted({policy.arn for policy in own if policy.kind is not PolicyKind.INLINE})),
        inline=tuple(sorted({policy.name for policy in own if policy.kind is PolicyKind.INLINE})),
        groups=tuple(sorted(principal.groups)),
    )


# ---------------------------------------------------------------- proposals


def proposal_for(
    context: PrincipalContext, principal_class: PrincipalClass, caveats: Iterable[Caveat]
) -> tuple[str, str]:
    """The proposal for a principal, as a clause, and the rest of the sentence: how, or why.

    `caveats` are the reasons not to call its replacement safe.
    """
    open_caveats = [caveat for caveat in caveats if not caveat.accepted_by]
    if principal_class in GENERATED_CLASSES and any(
        caveat.kind is ReplacementCaveat.UNPROVEN for caveat in open_caveats
    ):
        return _Advice.SIMPLIFY.fill()
    if principal_class in GENERATED_CLASSES and not context.lines:
        return _removal(context)
    if principal_class is PrincipalClass.UNSEEN and context.life:
        return _proposal_for_unseen(context, context.life)
    if principal_class is PrincipalClass.UNUSED:
        return _proposal_for_unused(context, open_caveats)
    if principal_class is PrincipalClass.ACTIVE:
        return _proposal_for_active(context, open_caveats)
    return _BY_CLASS[principal_class].fill()


def _removal(context: PrincipalContext) -> tuple[str, str]:
    """The proposal for a principal whose policies allow nothing that it uses."""
    has_denies = bool(without_left(context.grants, context.left).denies)
    if context.left:
        staying = [*(policy.name for policy in context.left), *([_THE_DENIES] if has_denies else [])]
        return _Advice.REMOVE_OTHERS.fill(staying=" and ".join(staying))
    return (_Advice.REMOVE_ALLOWS if has_denies else _Advice.REMOVE).fill()


def _proposal_for_active(context: PrincipalContext, caveats: Iterable[Caveat]) -> tuple[str, str]:
    """The proposal for a principal with use."""
    cases = {
        caveat.parameters["case"]: caveat for caveat in caveats if caveat.kind is UnpredictableCaveat.UNPREDICTABLE
    }
    if scanner := cases.get("scanner"):
        return _Advice.COMPARE_WITH_AUDITS.fill(services=scanner.parameters["services"])
    if (seldom := cases.get("seldom-used")) and seldom.parameters["what"] == "everything":
        return _Advice.ASK_BEFORE_REPLACING.fill()
    if context.left:
        return _Advice.REPLACE_OTHERS.fill(left=" and ".join(policy.name for policy in context.left))
    if groups := context.grants.principal.groups:
        return _Advice.REPLACE_AND_LEAVE_GROUPS.fill(groups=", ".join(groups))
    return _Advice.REPLACE.fill()


def _proposal_for_unseen(context: PrincipalContext, life: SignOfLife) -> tuple[str, str]:
    """The proposal for a principal that is in use though no record shows what it did."""
    coverage, unrecorded = context.coverage, context.unrecorded
    if life.is_by_service:
        return _Advice.FIND_PURPOSE.fill(sign="; ".join(filter(None, (life.text, unrecorded))))
    if coverage and life.day > coverage.last_day:
        return _Advice.INGEST_NEWER_LOGS.fill(sign=life.text)
    if coverage and life.day < coverage.first_day:
        question = _question(context.grants.principal)
        return _Advice.KEEP_UNTIL_ASKED.fill(question=question, sign=life.text, days=coverage.covered_days)
    advice = _Advice.FIND_LAST_USE if unrecorded else _Advice.FIND_LOGS
    return advice.fill(sign=life.text, unrecorded=unrecorded)


def _question(principal: Principal) -> str:
    """The question to ask the owner of a principal if the logs may be too short to show its use."""
    return _FOR_EMERGENCIES if _NAMED_FOR_EMERGENCIES.search(principal.name) else _IS_YEARLY


def _proposal_for_unused(context: PrincipalContext, caveats: Iterable[Caveat]) -> tuple[str, str]:
    """The proposal for a principal without any sign of use.

    The policy files have the last use of roles, but not of users. A name only decides the question to the owner.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    principal, days = context.grants.principal, context.covered_days
    may_hide = any(line.kind is LineKind.KEPT for line in context.lines)
    if principal.kind is PrincipalKind.USER and (may_hide or missing_home_region(context.coverage)):
        return _Advice.ASK_ABOUT_USER.fill()
    if is_of_permission_set(principal):
        return _Advice.END_ASSIGNMENT.fill()
    if any(is_service_policy(policy.arn) for policy in principal.policies):
        return _Advice.ASK_ABOUT_RARE_EVENTS.fill()
    schedules = [caveat.message for caveat in caveats if caveat.kind is LogsCaveat.RARE_SCHEDULE]
    if schedules:
        return _Advice.ASK_ABOUT_SCHEDULE.fill(schedule=schedules[-1])
    if audits := policies_for_audits(principal):
        return _Advice.ASK_ABOUT_AUDITS.fill(policy=audits[0], days=days)
    question, how = _question(principal), _HOW_TO_DISABLE[principal.kind]
    if question == _FOR_EMERGENCIES:
        return _Advice.ASK_ABOUT_EMERGENCIES.fill(question=question)
    if why := _why_unused(context):
        return _Advice.DISABLE.fill(kind=principal.kind, how=how, why=why)
    return _Advice.ASK_BEFORE_DISABLING.fill(question=question, days=days, how=how)


def _why_unused(context: PrincipalContext) -> str:
    """Why the logs or IAM show that a principal isn't used, or ""."""
    principal, days = context.grants.principal, context.covered_days
    tries = [use.evidence.last_seen[:10] for use in context.usage.uses]
    if tries:
        return _ALL_DENIED.format(day=max(tries))
    if principal.last_used:
        return _LAST_USED_BEFORE.format(day=principal.last_used.date())
    is_old = principal.created is not None and (context.as_of - principal.created.date()).days > TRACKED_DAYS
    if is_old and principal.kind is not PrincipalKind.USER:
        return _NEVER_USED
    return _COVERED_DAYS.format(days=days) if days > _YEAR else ""
