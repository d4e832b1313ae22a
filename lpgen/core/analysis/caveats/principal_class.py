"""The class of a principal, and the proposal for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from lpgen.core.analysis.caveats.unpredictable import policies_for_audits
from lpgen.core.analysis.decisions import break_glass_name
from lpgen.core.analysis.grants.aws_policies import actions_of_left, is_service_policy, without_left
from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.analysis.observability.signs_of_use import SignOfLife
from lpgen.core.analysis.verdicts.scanners import AUDIT_POLICY, reads_by_design
from lpgen.core.evidence import AccountCoverage, PrincipalGrants, PrincipalUsage
from lpgen.core.findings import GENERATED_CLASSES, Detachment, PrincipalClass
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.last_accessed import TRACKED_DAYS
from lpgen.core.model import Outcome, PolicyKind, Principal, PrincipalKind
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Decision, LeftPolicy, Line, LineKind

_SERVICE_LINKED_PATH = "/aws-service-role/"

_YEAR: Final = 366


def classify_principal(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    coverage: AccountCoverage | None,
    lines: Iterable[Line],
    left: Collection[LeftPolicy] = (),
    *,
    life: SignOfLife | None,
    decisions: Sequence[Decision],
) -> PrincipalClass:
    """The class of a principal; the first that fits, from what can't be changed to what needs no change.

    `lines` are those of its replacement, `left` the policies left attached, `life` shows use that no record shows.

    Service-linked roles can't be edited, and the roles of IAM Identity Center are edited through their permission set:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    principal = grants.principal
    if principal.path.startswith(_SERVICE_LINKED_PATH):
        return PrincipalClass.SERVICE_LINKED
    if break_glass_name(decisions, principal.arn):
        return PrincipalClass.BREAK_GLASS
    if grants.missing:
        return PrincipalClass.GRANTS_UNKNOWN
    if coverage is None:
        return PrincipalClass.NOT_COVERED
    if not was_active(usage):
        unused = PrincipalClass.UNSEEN if life else PrincipalClass.UNUSED
        return unused if grants.allows else PrincipalClass.NO_GRANTS
    if is_of_permission_set(principal):
        return PrincipalClass.SSO
    if _is_left_to_aws(grants, lines, left):
        return PrincipalClass.LEFT_TO_AWS
    return PrincipalClass.ACTIVE if grants.allows else PrincipalClass.NO_GRANTS


def _is_left_to_aws(grants: PrincipalGrants, lines: Iterable[Line], left: Collection[LeftPolicy]) -> bool:
    """Whether AWS wrote all of a principal's policies and everything that they allow is kept: then a replacement would
    only cut it off from AWS's updates."""
    others = without_left(grants, left)
    policies = others.principal.policies
    if not grants.principal.policies or not all(is_service_policy(one.arn) for one in policies):
        return False
    staying = actions_of_left(grants, left).union(line.action for line in lines)
    return not policies or others.granted() <= staying


def was_active(usage: PrincipalUsage) -> bool:
    """Whether a principal has any use or attempt that was not plainly denied."""
    return bool(usage.unmapped or usage.copied) or any(use.outcome is not Outcome.DENIED for use in usage.uses)


def proposal_for(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    lines: Collection[Line],
    caveats: Iterable[Caveat] = (),
    *,
    principal_class: PrincipalClass,
    coverage: AccountCoverage | None,
    as_of: date,
    life: SignOfLife | None,
    unrecorded: str = "",
    left: Collection[LeftPolicy] = (),
) -> tuple[str, str]:
    """The proposal for a principal, as a clause, and the rest of the sentence: how, or why.

    `lines` are those of its replacement, `caveats` the reasons not to call that safe, `life` shows use that no record
    shows, `unrecorded` says which use leaves none, and `left` are the policies left attached.
    """
    principal = grants.principal
    found = {caveat.parameters.get("case") or caveat.kind: caveat for caveat in caveats if not caveat.accepted_by}
    if principal_class in GENERATED_CLASSES and not lines:
        kept = [*(one.name for one in left), *(["the Denies"] if without_left(grants, left).denies else [])]
        what = f"all but {' and '.join(kept)}" if kept else "the policies"
        return f"remove {what}", f": they allow nothing {'else ' if left else ''}that was used or tried"
    if principal_class is PrincipalClass.UNSEEN and life:
        return _proposal_for_unseen(principal, coverage, life, unrecorded)
    if principal_class is PrincipalClass.UNUSED:
        return _proposal_for_unused(principal, usage, lines, found, coverage=coverage, as_of=as_of)
    return {
        PrincipalClass.ACTIVE: _proposal_for_active(principal, found, left),
        PrincipalClass.SSO: (
            "put the replacement into the permission set",
            "; where that has roles in other accounts, give their policies and logs first, since it changes them too",
        ),
        PrincipalClass.LEFT_TO_AWS: ("nothing", ": AWS wrote its policies and keeps them up to date"),
        PrincipalClass.BREAK_GLASS: ("keep it for emergencies and alarm on its use", ": the decisions file names it"),
        PrincipalClass.SERVICE_LINKED: ("nothing", ": AWS owns the policies of a service-linked role"),
        PrincipalClass.GRANTS_UNKNOWN: ("export the missing policy documents and run again", ""),
        PrincipalClass.NOT_COVERED: ("ingest logs of its account", "; nothing can be said without them"),
        PrincipalClass.NO_GRANTS: ("nothing", ": no policy of its own allows anything"),
    }[principal_class]


def detachment(principal: Principal, left: Iterable[LeftPolicy] = ()) -> Detachment:
    """The policies and groups that the replacement replaces, sorted: all but the policies left attached."""
    staying = {one.arn for one in left}
    own = [policy for policy in principal.policies if not policy.group and policy.arn not in staying]
    return Detachment(
        managed=tuple(sorted({policy.arn for policy in own if policy.kind is not PolicyKind.INLINE})),
        inline=tuple(sorted({policy.name for policy in own if policy.kind is PolicyKind.INLINE})),
        groups=tuple(sorted(principal.groups)),
    )


def _proposal_for_active(
    principal: Principal, caveats: Mapping[str, Caveat], left: Collection[LeftPolicy]
) -> tuple[str, str]:
    """The proposal for a principal with use; `caveats` are open ones by case or kind."""
    if scanner := caveats.get("scanner"):
        task = f"compare its policies with AWS's {AUDIT_POLICY} before you replace them"
        return task, f": {reads_by_design(scanner.parameters['services'])}"
    if (seldom := caveats.get("seldom-used")) and seldom.parameters["what"] == "everything":
        return "ask its owner whether it is for emergencies before you replace its policies", _IF_FOR_EMERGENCIES
    if left:
        names = " and ".join(one.name for one in left)
        return f"replace the policies but {names}", ", which AWS keeps up to date"
    if not principal.groups:
        return "replace the policies", ""
    names = ", ".join(principal.groups)
    task = f"replace the policies and end the membership in {names}"
    return task, ": the replacement covers what the user used of it"


_FOR_EMERGENCIES: Final = re.compile(r"break.?glass|emergency|fire.?(?:call|fight)", re.IGNORECASE)
"""Names of principals that may be for emergencies, which is a reason to ask."""

_IF_FOR_EMERGENCIES: Final = ": if so, name it by `break-glass` in the decisions file, keep it, and alarm on its use"


def _question(principal: Principal) -> str:
    """What to ask the owner of a principal that the logs may be too short to show at work."""
    return "is for emergencies" if _FOR_EMERGENCIES.search(principal.name) else "is used about once a year"


def _proposal_for_unseen(
    principal: Principal, coverage: AccountCoverage | None, life: SignOfLife, unrecorded: str
) -> tuple[str, str]:
    """The proposal for a principal in use though no record shows what it did."""
    because = f": {life.text}"
    if life.is_by_service:
        return "find out what it is used for before anything else", because + (unrecorded and f"; {unrecorded}")
    if coverage and life.day > coverage.last_day:
        return "ingest newer logs before anything else", f"{because}, after their end"
    if coverage and life.day < coverage.first_day:
        days = f"before the logs, which cover {coverage.covered_days} days"
        return f"ask its owner whether it {_question(principal)}, and keep it until then", f"{because}, {days}"
    if unrecorded:
        return "find out what its last use was before anything else", f"{because}, inside the window; {unrecorded}"
    return "find the logs of its last use before anything else", f"{because}, inside the window"


def _proposal_for_unused(
    principal: Principal,
    usage: PrincipalUsage,
    lines: Collection[Line],
    caveats: Mapping[str, Caveat],
    *,
    coverage: AccountCoverage | None,
    as_of: date,
) -> tuple[str, str]:
    """The proposal for a principal that nothing shows in use. The policy files have the last use of roles, but not of
    users. A name only decides what the owner is asked.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    may_hide = any(line.kind is LineKind.KEPT for line in lines)
    if principal.kind is PrincipalKind.USER and (may_hide or missing_home_region(coverage)):
        why = ": it may do what the logs can't show, and if it does nothing else it leaves no record"
        return "ask its owner, or IAM by --last-accessed, whether it is used", why
    if is_of_permission_set(principal):
        return "ask its owner, then end the assignment of the permission set to the account", ": nobody used the role"
    if any(is_service_policy(one.arn) for one in principal.policies):
        why = ": AWS wrote its policies for a service, which may need the role for a rare event such as a restore"
        return "ask its owner before anything else", why
    if scheduled := caveats.get(CaveatKind.RARE_SCHEDULE):
        return "ask the owner of its schedule before you disable it", f": {scheduled.message}"
    covered = coverage.covered_days if coverage else 0
    logs = f"the logs cover {covered} days"
    if audits := policies_for_audits(principal):
        why = f": with {audits[0]} it reads everything by design, and {logs}"
        return "ask its owner whether audits need it before you disable it", why
    ask = f"ask its owner whether it {_question(principal)} before you disable it"
    if _FOR_EMERGENCIES.search(principal.name):
        return ask, _IF_FOR_EMERGENCIES
    is_user = principal.kind is PrincipalKind.USER
    how = "deactivate its keys and password" if is_user else "attach AWSDenyAll, which detaching takes back"
    tries = [use.evidence.last_seen[:10] for use in usage.uses]
    old = principal.created is not None and (as_of - principal.created.date()).days > TRACKED_DAYS
    if tries:
        why = f"all that it tried was denied, the last on {max(tries)}"
    elif principal.last_used:
        why = f"IAM dates its last use on {principal.last_used.date()}, before the logs"
    elif old and not is_user:
        why = f"IAM knows of no use either, and the role is older than {TRACKED_DAYS} days"
    elif covered > _YEAR:
        why = logs
    else:
        return ask, f": {logs}; if not, {how} and delete it later"
    return (
        f"disable the {principal.kind} unless it is for emergencies",
        f": {how}, ask the owner, delete it later ({why})",
    )
