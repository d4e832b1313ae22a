"""Judges what `lpgen trust` says about a scenario: what the scenario expects, and the laws of every proposal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.trust import expectations, laws
from bench.trust.case import Case
from bench.trust.referee import (
    Json,
)
from bench.trust.scenario_files import Scenario


@dataclass(frozen=True, slots=True)
class Failure:
    """One promise that an output breaks."""

    scenario: str
    half: str
    role: str
    promise: str
    message: str

    def __str__(self) -> str:
        return f"{self.scenario}: {self.role.rpartition('/')[2]}: {self.promise}: {self.message}"


def judge_scenario(scenario: Scenario, output: Json, *, with_logs: bool = True) -> Iterator[Failure]:
    """Every promise that the output breaks."""
    said = {role.get("arn"): role for role in output.get("roles", [])}
    for arn in scenario.content["expect"]:
        if arn not in said:
            yield Failure(scenario.name, scenario.half, arn, "output", "the role is missing")
            continue
        case = Case(scenario, arn, said[arn])
        for promise, check in (CHECKS if with_logs else FINDING_CHECKS).items():
            yield from (Failure(scenario.name, scenario.half, arn, promise, text) for text in _run(check, case))


def _run(check: Callable[[Case], Iterable[str]], case: Case) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(check(case)))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        return (f"the output can't be judged: {type(error).__name__}: {error}",)


CHECKS: Final[Mapping[str, Callable[[Case], Iterable[str]]]] = {
    "findings": expectations.check_findings,
    "form of findings": expectations.check_finding_form,
    "assumed_by": expectations.check_assumed_by,
    "never_seen": expectations.check_never_seen,
    "proposal": expectations.check_proposal,
    "accepted": expectations.check_accepted,
    "rejected": expectations.check_rejected,
    "future": expectations.check_future,
    "law 1": laws.law_keeps_assumptions,
    "law 2": laws.law_gains_nothing,
    "law 3, values": laws.law_invents_nothing,
    "law 3, conditions": laws.law_copies_conditions,
    "law 4": laws.law_principals,
    "law 5": laws.law_external_id,
    "law 7": laws.law_session_actions,
    "law 8": laws.law_reserved_roles,
    "law 9": laws.law_denies,
    "law 10": laws.law_hidden_claims,
    "law 11": laws.law_growth,
    "quota": laws.law_quota,
    "evidence": laws.law_evidence,
}
"""The checks by the promise that they test. Law 6 is the expectation `never_seen` together with law 1."""

FINDING_CHECKS: Final[Mapping[str, Callable[[Case], Iterable[str]]]] = {
    "findings": expectations.check_findings_without_logs,
    "form of findings": expectations.check_finding_form,
}
"""The checks of an output without logs."""
