"""Who may assume a role and who did, what is wrong with its trust policy, and a narrowed one if the evidence allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date
from typing import Any, Final

from lpgen.core.analysis.backtest.windows import look_back_windows
from lpgen.core.analysis.decisions import with_acceptance
from lpgen.core.evidence import AccountCoverage
from lpgen.core.model import Outcome, Policy, Principal
from lpgen.core.registry.row import Finding
from lpgen.core.trust.callers import Callers, MayAssume, may_assume
from lpgen.core.trust.conditions import demanded_values
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.findings import TrustFinding, findings_of, ordered, refused_formats, unused_lines
from lpgen.core.trust.lines import (
    TrustLine,
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
from lpgen.core.trust.refusals import TrustRefusalKind, refusal_of_policy, refusals_of_role
from lpgen.core.trust.undo import why_no_undo
from lpgen.core.usage.assumptions import OVERFLOW, Assumption


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
    empty without logs of enough days."""

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
    role: Principal, evidence: TrustEvidence, *, callers: Callers, vendor_of: Callable[[str], str]
) -> RoleTrust:
    """One role's trust. `callers` are the known roles and users, and `vendor_of` names the owner of a known account."""
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
        may_assume=may_assume(role, lines, callers),
        assumed_by=callers_of((*successes, *evidence.failures(role))),
        never_seen=_never_seen(lines, used, successes, role, evidence) if is_known else (),
        findings=with_acceptance(
            ordered((*found, *refused_formats(lines, evidence.failures(role), role), *unused)),
            evidence.decisions,
            principal=role.arn,
        ),
        refusals=refusals,
        proposal=proposal,
    )


def callers_of(assumptions: Iterable[Assumption]) -> tuple[Caller, ...]:
    """The callers of requests, successful ones first."""
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
    if evidence.enough(role) is None:
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
    refusals = tuple(refusals_of_role(role, evidence))
    if refusals or covered is None or role.trust is None:
        return None, refusals
    old = role.trust
    refused: tuple[Finding, ...] = ()
    for rung in range(_RUNGS):
        lines = narrow(role, evidence, covered, rung=rung)
        if all(line.treatment is Treatment.KEPT for line in lines):
            return None, refused
        new = policy_from_lines(old, lines, place=role.arn)
        refusal = refusal_of_policy(new, lines, role, evidence)
        if refusal is None:
            return TrustProposal(new, lines, _backtest(role, evidence, covered), why_no_undo(old)), ()
        refused = (refusal,)
        if refusal.kind is not TrustRefusalKind.TOO_LARGE:
            break
    return None, refused


_RUNGS: Final = 3
"""A policy that is too large climbs to the second and the third rung of the ladders."""


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
