"""Why a role gets no narrowed trust policy: the kinds of reasons, and how they are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lpgen.core.analysis.decisions import break_glass_name
from lpgen.core.iam.policy import policy_size
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import AssumptionMethod, Effect, Policy, Principal, Statement
from lpgen.core.registry.row import IAM_GUIDE, Finding, Kind, Row
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.github_ids import other_format
from lpgen.core.trust.issuers import issuer_of
from lpgen.core.trust.lines import deleted_principals, lines_of_each, trust_lines
from lpgen.core.trust.narrow import NarrowedLine
from lpgen.core.trust.proof import disprove
from lpgen.core.trust.undo import lacks_demanded
from lpgen.core.usage.assumptions import OVERFLOW, Assumption

_IAM_API: Final = "https://docs.aws.amazon.com/IAM/latest/APIReference"
_STS_GUIDE: Final = f"{IAM_GUIDE}/cloudtrail-integration.html"


class TrustRefusalKind(Kind):
    """Why a role gets no narrowed trust policy."""

    PROTECTED = Row(
        "protected",
        "AWS owns the role.",
        parameters={"owner": str},
        message="{owner} owns the role and its trust policy",
        source=f"{IAM_GUIDE}/id_roles_create-service-linked-role.html",
    )
    EMERGENCY = Row(
        "emergency",
        "The role is for emergencies.",
        message="the decisions name the role as one for emergencies, which is rarely used",
    )
    UNREADABLE = Row(
        "unreadable", "The trust policy can't be read.", message="the trust policy is missing or can't be read"
    )
    NEGATIVE = Row(
        "negative",
        "A statement lists what it doesn't mean.",
        message="a statement has NotPrincipal or NotAction, so the callers that it means aren't known",
        source=f"{IAM_GUIDE}/reference_policies_elements_notprincipal.html",
    )
    NO_LOGS = Row(
        "no-logs",
        "No logs show who assumes the role.",
        message="no logs of account {account} with read-only events, such as AssumeRole, were read",
        parameters={"account": str},
    )
    FEW_DAYS = Row(
        "few-days",
        "The logs cover too few days.",
        parameters={"days": int, "needed": int},
        message="the logs cover {days} days, less than {needed}",
    )
    REGIONS = Row(
        "regions",
        "The logs may lack Regions.",
        parameters={"why": str},
        message="the logs may lack requests for sessions in other Regions: {why}",
        source=f"{IAM_GUIDE}/id_credentials_temp_region-endpoints.html",
    )
    YOUNG = Row(
        "young",
        "The role or its trust policy is too young.",
        parameters={"since": str, "days": int, "needed": int},
        message="the role was created, or its trust policy changed, on {since}, and the logs cover {days} days since "
        "then, less than {needed}",
        source=f"{_IAM_API}/API_UpdateAssumeRolePolicy.html",
    )
    NEVER_ASSUMED = Row(
        "never-assumed",
        "No record shows that anyone assumed the role.",
        message="no record shows a successful assumption, so the role may be unneeded rather than its trust too wide",
    )
    UNRECORDED = Row(
        "unrecorded",
        "The role was used, and no record shows who assumed it.",
        parameters={"actions": int},
        message="the role used {actions:,} actions, and no record shows who assumed it",
    )
    UNKNOWN_FORM = Row(
        "unknown-form",
        "The role is assumed in a way whose records lpgen doesn't know.",
        parameters={"method": str},
        message="the role was assumed by {method}, and lpgen knows no real record of it",
        source=_STS_GUIDE,
    )
    NO_SUBJECT = Row(
        "no-subject",
        "A record lacks the subject.",
        parameters={"event": str},
        message="the record {event} doesn't show the whole subject of the web identity",
        source=_STS_GUIDE,
    )
    UNEXPLAINED = Row(
        "unexplained",
        "The trust policy doesn't allow a recorded assumption.",
        parameters={"event": str},
        message="the trust policy doesn't allow the recorded assumption {event}, so it changed meanwhile, or lpgen "
        "misreads the record",
    )
    TOO_MANY = Row(
        "too-many",
        "There are too many different callers.",
        message="the role has too many different callers to list",
    )
    TOO_LARGE = Row(
        "too-large",
        "The narrowed policy is too large.",
        parameters={"size": int, "most": int},
        message="the narrowed policy has {size} characters, more than IAM's quota of {most}",
        source=f"{IAM_GUIDE}/reference_iam-quotas.html",
    )
    DELETED_CALLER = Row(
        "deleted-caller",
        "A principal that the policy must keep was deleted.",
        parameters={"principal": str},
        message="the policy must keep the deleted principal {principal}, and IAM takes no policy with its id",
        source=f"{IAM_GUIDE}/reference_policies_elements_principal.html",
    )
    DEMANDED = Row(
        "demanded",
        "IAM would refuse the policy.",
        parameters={"provider": str},
        message="IAM demands a condition on a claim of {provider}, and the records support none",
        source=f"{IAM_GUIDE}/id_roles_providers_oidc_secure-by-default.html",
    )
    UNPROVEN = Row(
        "unproven",
        "The narrowed policy couldn't be proven.",
        parameters={"why": str},
        message="the narrowed policy isn't proven: {why}",
    )


_KNOWN_FORMS: Final = (
    AssumptionMethod.ASSUME_ROLE,
    AssumptionMethod.SAML,
    AssumptionMethod.WEB_IDENTITY,
    AssumptionMethod.SWITCH_ROLE,
)


def refusals_of_role(role: Principal, evidence: TrustEvidence) -> Iterator[Finding]:
    """Why a role gets no narrowed trust policy, whatever it would be."""
    if role.path.startswith("/aws-service-role/"):
        yield Finding(TrustRefusalKind.PROTECTED, {"owner": "an AWS service"})
        return
    if is_of_permission_set(role):
        yield Finding(TrustRefusalKind.PROTECTED, {"owner": "IAM Identity Center"})
        return
    if break_glass_name(evidence.decisions, role.arn):
        yield Finding(TrustRefusalKind.EMERGENCY)
        return
    if role.trust is None:
        yield Finding(TrustRefusalKind.UNREADABLE)
        return
    if any(_is_negative(statement) for statement in role.trust.statements):
        yield Finding(TrustRefusalKind.NEGATIVE)
    logs, covered = evidence.logs(role), evidence.covered(role)
    if logs is None:
        yield Finding(TrustRefusalKind.NO_LOGS, {"account": role.account})
        return
    days, needed = covered.covered_days if covered else 0, max(evidence.min_days, 1)
    if logs.covered_days < needed:
        yield Finding(TrustRefusalKind.FEW_DAYS, {"days": logs.covered_days, "needed": needed})
    elif days < needed:
        since = evidence.since(role).isoformat()
        yield Finding(TrustRefusalKind.YOUNG, {"since": since, "days": days, "needed": needed})
    if role.account in evidence.unread:
        yield Finding(TrustRefusalKind.REGIONS, {"why": evidence.unread[role.account]})
    uses = evidence.successes(role)
    if evidence.is_unrecorded(role):
        yield Finding(TrustRefusalKind.UNRECORDED, {"actions": evidence.actions_used[role.arn]})
        return
    yield from _refusals_of_uses(uses)
    lines = trust_lines(role.trust)
    for use, allowing in lines_of_each(uses, lines, role):
        if not allowing:
            yield Finding(TrustRefusalKind.UNEXPLAINED, {"event": use.example_event_id})
            return


def _is_negative(statement: Statement) -> bool:
    return statement.not_principal or (statement.not_action and statement.effect is Effect.ALLOW)


def _refusals_of_uses(uses: Sequence[Assumption]) -> Iterator[Finding]:
    if not uses:
        yield Finding(TrustRefusalKind.NEVER_ASSUMED)
    if any(use.caller_kind == OVERFLOW for use in uses):
        yield Finding(TrustRefusalKind.TOO_MANY)
    for method in sorted({use.method for use in uses} - {*_KNOWN_FORMS}):
        yield Finding(TrustRefusalKind.UNKNOWN_FORM, {"method": method.value})
    for use in uses:
        if use.method is AssumptionMethod.WEB_IDENTITY and not use.shown_subject:
            yield Finding(TrustRefusalKind.NO_SUBJECT, {"event": use.example_event_id})
            return


def refusal_of_policy(
    new: Policy, lines: Sequence[NarrowedLine], role: Principal, evidence: TrustEvidence
) -> Finding | None:
    """Why a narrowed policy can't be proposed, or None."""
    assert role.trust is not None
    size, most = policy_size(new), evidence.quota(role)
    if size > most:
        return Finding(TrustRefusalKind.TOO_LARGE, {"size": size, "most": most})
    for principal in deleted_principals(new):
        return Finding(TrustRefusalKind.DELETED_CALLER, {"principal": principal})
    for line in trust_lines(new):
        if lacks_demanded(line):
            return Finding(TrustRefusalKind.DEMANDED, {"provider": line.host})
    added = {
        subject: other_format(issuer, subject, evidence.ids)
        for line in lines
        if (issuer := issuer_of(line.line.value)) is not None
        for subject in line.added
    }
    why = disprove(role.trust, new, role, evidence.successes(role), added=added)
    return Finding(TrustRefusalKind.UNPROVEN, {"why": why}) if why else None
