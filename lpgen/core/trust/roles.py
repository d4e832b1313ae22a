"""Who may assume a role and who did, what is wrong with its trust policy, and a narrowed one if the evidence allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date
from typing import Any, Final

from lpgen.core.analysis.backtest.windows import look_back_windows
from lpgen.core.analysis.decisions import break_glass_name, with_acceptance
from lpgen.core.evidence import AccountCoverage
from lpgen.core.guards import Guards
from lpgen.core.iam.limits import TRUST_POLICY_LIMIT
from lpgen.core.iam.policy import policy_size
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import AssumptionMethod, Effect, Outcome, Policy, Principal, Statement
from lpgen.core.registry.row import IAM_GUIDE, Finding, Kind, Row
from lpgen.core.trust.callers import MayAssume, may_assume
from lpgen.core.trust.conditions import demanded_values
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.findings import TrustFinding, findings_of, ordered, refused_formats, unused_lines
from lpgen.core.trust.github_ids import other_format
from lpgen.core.trust.issuers import issuer_of
from lpgen.core.trust.lines import (
    TrustLine,
    deleted_principals,
    lines_for,
    lines_of_each,
    request_key,
    subject_key,
    trust_lines,
)
from lpgen.core.trust.narrow import (
    NarrowedLine,
    Treatment,
    narrow,
    policy_from_lines,
)
from lpgen.core.trust.proof import disprove
from lpgen.core.usage.assumptions import OVERFLOW, Assumption

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
    YOUNG = Row(
        "young",
        "The role is too young.",
        parameters={"created": str},
        message="the role was created on {created}, in the later half of the covered days",
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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who assumed a role, or failed to: requests that agree in all but the day."""

    assumption: Assumption
    first_day: date
    last_day: date
    days: int
    records: int

    @property
    def name(self) -> str:
        """The caller as far as the records tell."""
        seen = self.assumption
        return seen.principal or seen.service or seen.provider or seen.caller_account or "unknown"


@dataclass(frozen=True, slots=True)
class BacktestWindow:
    """A proposal from the days up to `learned`, replayed on the successful assumptions up to `until`."""

    learned: date
    until: date
    records: int
    refused: int


@dataclass(frozen=True, slots=True)
class TrustProposal:
    """A narrowed trust policy, its lines with their evidence, and its backtest. `undo` says why the old policy can't be
    written back, or is ""."""

    policy: Policy
    lines: tuple[NarrowedLine, ...]
    backtest: tuple[BacktestWindow, ...]
    undo: str

    @property
    def added(self) -> tuple[str, ...]:
        """The subjects in GitHub's other format that it allows in addition to the old policy."""
        return tuple(sorted({subject for line in self.lines for subject in line.added}))


@dataclass(frozen=True, slots=True)
class RoleTrust:
    """One role's trust. `never_seen` are the trusted principals and subjects, as written, that no record shows. It is
    empty without logs."""

    role: Principal
    _: KW_ONLY
    may_assume: tuple[MayAssume, ...]
    assumed_by: tuple[Caller, ...]
    never_seen: tuple[str, ...]
    findings: tuple[TrustFinding, ...]
    refusals: tuple[Finding, ...]
    proposal: TrustProposal | None

    @property
    def open_findings(self) -> tuple[TrustFinding, ...]:
        """The findings that nobody accepted."""
        return tuple(finding for finding in self.findings if not finding.accepted_by)


@dataclass(frozen=True, slots=True)
class TrustReport:
    """All roles, sorted by ARN, and the problems of the policies."""

    roles: tuple[RoleTrust, ...]
    problems: tuple[str, ...] = ()


def trust_of_role(
    role: Principal, evidence: TrustEvidence, *, guards: Guards, vendor_of: Callable[[str], str]
) -> RoleTrust:
    """One role's trust. `guards` limit its callers, and `vendor_of` names the owner of a known account."""
    lines = trust_lines(role.trust) if role.trust else ()
    successes = evidence.successes(role)
    is_known = not any(use.caller_kind == OVERFLOW for use in successes)
    allowing = (found for _, found in lines_of_each(successes, lines, role))
    used = {line for found in allowing for line in found} if is_known else set(lines)
    proposal, refusals = propose_trust(role, evidence)
    found = findings_of(role, lines, evidence, vendor_of)
    unused = () if evidence.is_unrecorded(role) else unused_lines(lines, used, role, evidence)
    return RoleTrust(
        role,
        may_assume=may_assume(role, lines, evidence.principals.values(), guards),
        assumed_by=_callers((*successes, *evidence.failures(role))),
        never_seen=_never_seen(lines, used, successes, role, evidence) if is_known else (),
        findings=with_acceptance(
            ordered((*found, *refused_formats(lines, evidence.failures(role), role), *unused)),
            evidence.decisions,
            principal=role.arn,
        ),
        refusals=refusals,
        proposal=proposal,
    )


def _callers(assumptions: Iterable[Assumption]) -> tuple[Caller, ...]:
    groups: dict[tuple[Any, ...], list[Assumption]] = defaultdict(list)
    for seen in assumptions:
        who = (seen.principal, seen.principal_id, seen.service, seen.provider, seen.subject, seen.audience)
        groups[(seen.outcome, seen.method, *who, seen.external_id, seen.error_code)].append(seen)
    callers = [
        Caller(
            min(some, key=lambda seen: seen.day),
            min(seen.day for seen in some),
            max(seen.day for seen in some),
            len({seen.day for seen in some}),
            sum(seen.records for seen in some),
        )
        for some in groups.values()
    ]
    return tuple(
        sorted(
            callers, key=lambda caller: (caller.assumption.outcome is not Outcome.ALLOWED, -caller.days, caller.name)
        )
    )


def _never_seen(
    lines: Sequence[TrustLine],
    used: set[TrustLine],
    successes: Iterable[Assumption],
    role: Principal,
    evidence: TrustEvidence,
) -> tuple[str, ...]:
    """The principals and subject values of a trust policy that no successful assumption needs."""
    if evidence.covered(role) is None:
        return ()
    known = {line.value for line in used}
    found = [line.value for line in lines if line not in used and line.value not in known]
    needed: set[str] = set()
    seen = tuple({request_key(use): use for use in successes}.values())
    for line in lines:
        key = subject_key(line.host) if line.is_web_identity else ""
        for condition in line.statement.conditions if key else ():
            if condition.key.lower() != key.lower():
                continue
            for value in demanded_values([condition], key):
                only = _with_value(line, condition.key, value)
                is_needed = any(lines_for(use, [only], role) for use in seen)
                (needed.add if is_needed else found.append)(value)
    return tuple(text for text in dict.fromkeys(found) if text not in needed)


def _with_value(line: TrustLine, key: str, value: str) -> TrustLine:
    """The line with only one of the values of a key's conditions."""
    conditions = tuple(
        replace(condition, values=(value,)) if condition.key == key and value in condition.values else condition
        for condition in line.statement.conditions
    )
    return replace(line, statement=replace(line.statement, conditions=conditions))


# ---------------------------------------------------------------- the proposal


def propose_trust(role: Principal, evidence: TrustEvidence) -> tuple[TrustProposal | None, tuple[Finding, ...]]:
    """The narrowed trust policy, or why there is none. Neither, if the policy needs no narrowing."""
    covered = evidence.covered(role)
    refusals = tuple(_refusals(role, evidence, covered))
    if refusals or covered is None or role.trust is None:
        return None, refusals
    old = role.trust
    refused: tuple[Finding, ...] = ()
    for rung in range(_RUNGS):
        lines = narrow(role, evidence, covered, rung=rung)
        if all(line.treatment is Treatment.KEPT for line in lines):
            return None, refused
        new = policy_from_lines(old, lines, place=role.arn)
        refusal = _refusal_of(new, lines, role, evidence)
        if refusal is None:
            return TrustProposal(new, lines, _backtest(role, evidence, covered), why_no_undo(old)), ()
        refused = (refusal,)
        if refusal.kind is not TrustRefusalKind.TOO_LARGE:
            break
    return None, refused


_RUNGS: Final = 3
"""A policy that is too large climbs to the second and the third rung of the ladders."""

_KNOWN_FORMS: Final = (
    AssumptionMethod.ASSUME_ROLE,
    AssumptionMethod.SAML,
    AssumptionMethod.WEB_IDENTITY,
    AssumptionMethod.SWITCH_ROLE,
)


def _refusals(role: Principal, evidence: TrustEvidence, covered: AccountCoverage | None) -> Iterable[Finding]:
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
    if covered is None:
        yield Finding(TrustRefusalKind.NO_LOGS, {"account": role.account})
        return
    if covered.covered_days < evidence.min_days:
        yield Finding(TrustRefusalKind.FEW_DAYS, {"days": covered.covered_days, "needed": evidence.min_days})
    if role.created and (role.created.date() - covered.first_day) * 2 > covered.last_day - covered.first_day:
        yield Finding(TrustRefusalKind.YOUNG, {"created": role.created.date().isoformat()})
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


def _refusals_of_uses(uses: Sequence[Assumption]) -> Iterable[Finding]:
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


def _refusal_of(new: Policy, lines: Sequence[NarrowedLine], role: Principal, evidence: TrustEvidence) -> Finding | None:
    """Why a narrowed policy can't be proposed, or None."""
    assert role.trust is not None
    size = policy_size(new)
    if size > TRUST_POLICY_LIMIT:
        return Finding(TrustRefusalKind.TOO_LARGE, {"size": size, "most": TRUST_POLICY_LIMIT})
    for principal in deleted_principals(new):
        return Finding(TrustRefusalKind.DELETED_CALLER, {"principal": principal})
    for line in trust_lines(new):
        if _lacks_demanded(line):
            return Finding(TrustRefusalKind.DEMANDED, {"provider": line.host})
    added = {
        subject: other_format(issuer, subject, evidence.ids)
        for line in lines
        if (issuer := issuer_of(line.line.value)) is not None
        for subject in line.added
    }
    why = disprove(role.trust, new, role, evidence.successes(role), added=added)
    return Finding(TrustRefusalKind.UNPROVEN, {"why": why}) if why else None


_DELETED: Final = "IAM refuses a policy with the id of the deleted principal {principal}"
_DEMANDS: Final = "IAM refuses a policy for {provider} without a condition on the subject"


def why_no_undo(old: Policy) -> str:
    """Why IAM wouldn't take the old policy back, or ""."""
    for principal in deleted_principals(old):
        return _DELETED.format(principal=principal)
    for line in trust_lines(old):
        if _lacks_demanded(line):
            return _DEMANDS.format(provider=line.host)
    return ""


def _lacks_demanded(line: TrustLine) -> bool:
    """Whether IAM would refuse a line at the next update, because it has no condition on a demanded claim."""
    issuer = issuer_of(line.value) if line.is_web_identity and line.assumes else None
    if issuer is None or not issuer.demanded:
        return False
    keys = (claim if ":" in claim else f"{line.host}:{claim}" for claim in issuer.demanded)
    return not any(value.strip("*?") for key in keys for value in demanded_values(line.statement.conditions, key))


def _backtest(role: Principal, evidence: TrustEvidence, covered: AccountCoverage) -> tuple[BacktestWindow, ...]:
    """What proposals from earlier days would have refused on the days that followed them."""
    assert role.trust is not None
    found, successes = [], evidence.successes(role)
    for window in look_back_windows(covered.first_day, covered.last_day):
        earlier = evidence.until(window.learn_last, role)
        known = earlier.covered(role)
        later = [use for use in successes if window.learn_last < use.day <= window.judge_last]
        if known is None or not earlier.successes(role):
            continue
        lines = narrow(role, earlier, known)
        policy = policy_from_lines(role.trust, lines, place="a backtest") if _has_allow(lines) else None
        then, today = trust_lines(policy) if policy else (), trust_lines(role.trust)
        judged = [use for use, allowing in lines_of_each(later, today, role) if allowing]
        refused = sum(use.records for use, allowing in lines_of_each(judged, then, role) if not allowing)
        records = sum(use.records for use in judged)
        found.append(BacktestWindow(window.learn_last, window.judge_last, records, refused))
    return tuple(found)


def _has_allow(lines: Iterable[NarrowedLine]) -> bool:
    return any(line.treatment is not Treatment.DROPPED for line in lines)
