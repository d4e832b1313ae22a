"""A drift and a growth of wildcards with something of each kind, for the renderers' tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from msgspec import structs

from lpgen.core.choices import Severity
from lpgen.core.documents import CatalogPart
from lpgen.core.drift.coverage import CoverageDrift
from lpgen.core.drift.findings import Drift, DriftFinding, DriftKind, FindingPart
from lpgen.core.drift.kinds import DRIFT_KINDS, finding_order
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.core.drift.states import Figures, Stamp
from lpgen.core.drift.wildcards import GainedAction, Growth, GrowthTotals, WildcardDrift
from lpgen.core.model import AccessLevel, Action
from lpgen.core.replacements import Decision, DecisionKind, DecisionsStamp
from tests.report.hostile import poison
from tests.report.worded import WordedFinding
from tests.support.registry_examples import example_parameters

ROLE = "arn:aws:iam::111122223333:role/app/storefront-api"
OTHER = "arn:aws:iam::444455556666:role/audit-reader"
SHARED = "arn:aws:iam::111122223333:policy/shared-read"
_FIRST, *_OTHERS = DRIFT_KINDS
SEVERITY = {_FIRST: Severity.CRITICAL, **dict(zip(_OTHERS, [Severity.HIGH, *Severity, *Severity], strict=True))}


def finding(kind: DriftKind, **changes: Any) -> DriftFinding:
    subject = {CoverageDrift.COVERAGE_LOST: "111122223333", WildcardDrift.INHERITED: SHARED}.get(kind, ROLE)
    principals = {"111122223333": (), SHARED: (ROLE, OTHER)}.get(subject, (subject,))
    known: dict[str, Any] = {
        "kind": kind,
        "severity": SEVERITY[kind],
        "subject": subject,
        "principals": principals,
        "parameters": example_parameters(kind),
        "message": f"something of the kind {kind} was found in dynamodb:*",
        "details": tuple(f"gains ec2:Action{number}: changes permissions" for number in range(12)),
        "step": "find out who changed it and why; undo it, or save a new baseline",
        "item": f"{kind} {subject} 0a1b2c3d",
    }
    return WordedFinding(**{**known, **changes})


def stamp(name: str, day: date, granted: int) -> Stamp:
    figures = Figures(33, granted, granted // 2, granted // 100, 29, 120)
    return Stamp(name, day, "2026.09.26", "2026-09-26", "2026-09-30T12-00-05Z", figures)


def _tied(subject: str) -> dict[str, Any]:
    message, item = f"s3:GetObject was used by {subject}", f"new-use {subject} s3:GetObject"
    ties = ("resources named loyalty", f"s3:GetObject on {subject}")
    return {"subject": subject, "principals": (subject,), "message": message, "item": item, "ties": ties}


def drift() -> Drift:
    """A finding of each kind and two with one cause, one of them accepted and one no longer."""
    start = date(2026, 9, 2)
    trend = tuple(stamp(f"week-{at}", start + timedelta(days=7 * at), 90_160 - at * at * 9_000) for at in range(4))
    findings = [
        *map(finding, DRIFT_KINDS),
        *(finding(ProposalDrift.NEW_USE, **_tied(subject)) for subject in (ROLE, OTHER)),
        finding(ProposalDrift.NEW_USE, accepted_by="ops: known, until 2026-12-31", item="new-use accepted"),
        finding(WildcardDrift.NEW_WILDCARD, expired="ops: for the move, until 2026-09-01", item="new-wildcard expired"),
    ]
    expired = Decision(DecisionKind.ACCEPT, "", "", "", "new-wildcard *", "", "", "for the move", "ops", "2026-09-01")
    return Drift(
        trend[-2],
        stamp("now", trend[-1].as_of, 9_160),
        tuple(sorted(findings, key=finding_order)),
        (ROLE, OTHER),
        ("SCPs are known only now, so permissions that they block look changed",),
        (*trend[:-1], stamp("now", trend[-1].as_of, 9_160)),
        (expired,),
        decisions=DecisionsStamp("decisions.toml", (DecisionKind.ACCEPT,)),
    )


def growth() -> Growth:
    """Three wildcards that grew: of a shared policy, of an inline one, and a NotAction."""

    def gained(action: str, level: AccessLevel) -> GainedAction:
        danger = "changes permissions" if level is AccessLevel.PERMISSIONS_MANAGEMENT else ""
        return GainedAction(
            action=Action(action), level=level, first_seen="2025-11-27", after="2025-02-13", danger=danger
        )

    def grown(subject: str, wildcard: str, severity: Severity, found: tuple[str, ...], *used: str) -> FindingPart:
        return FindingPart(
            kind=WildcardDrift.INHERITED,
            severity=severity,
            subject=subject,
            principals=(ROLE, OTHER) if subject == SHARED else (subject,),
            message=f"the wildcard {wildcard} silently gained some actions",
            parameters={
                "wildcard": wildcard,
                "gained": "some actions",
                "actions": "0a1b2c3d",
                "new_actions": tuple(map(Action, found)),
                "statements": (f"{subject}, statement 1 (Main)",),
                "actions_today": 700,
                "used": tuple(map(Action, used)),
                "stopped": 2,
            },
            details=(
                f"in {subject}, statement 1 (Main)",
                *(f"gains {action}" for action in found),
                *(f"used {action}" for action in used),
                "a Deny, a boundary or an SCP blocks 2 actions (2 Read)",
            ),
            step="replace the wildcard: `lpgen generate` names every action",
        )

    return Growth(
        since=date(2025, 9, 26),
        catalog=CatalogPart(catalog_version="2026.09.26", catalog_date="2026-09-26"),
        first_seen_from="2020-05-20",
        totals=GrowthTotals(
            principals=33,
            wildcards=27,
            used=1,
            levels={AccessLevel.READ: 3, AccessLevel.WRITE: 1, AccessLevel.PERMISSIONS_MANAGEMENT: 2},
            undated=0,
        ),
        actions=(
            gained("ec2:GetThings", AccessLevel.READ),
            gained("ec2:ShareThings", AccessLevel.PERMISSIONS_MANAGEMENT),
            gained("s3:PutNews", AccessLevel.WRITE),
        ),
        wildcards=(
            grown(SHARED, "ec2:*", Severity.HIGH, ("ec2:GetThings", "ec2:ShareThings"), "ec2:GetThings"),
            grown(OTHER, "NotAction iam:*, sts:*", Severity.MEDIUM, ("s3:PutNews",)),
            grown(ROLE, "ec2:G*", Severity.LOW, ("ec2:GetThings",), "ec2:GetThings"),
        ),
    )


def poisoned_drift(change: Callable[[str], str]) -> Drift:
    """The drift with every text in it changed."""
    found: Drift = poison(drift(), change)
    return found


def poisoned_growth(change: Callable[[str], str]) -> Growth:
    """The growth with every text in it changed; a gained action has one name."""
    found: Growth = poison(growth(), change)
    known = growth()
    names = {action.action: other.action for action, other in zip(known.actions, found.actions, strict=True)}
    wildcards = tuple(
        structs.replace(
            wildcard,
            parameters={
                **wildcard.parameters,
                **{key: tuple(names[action] for action in plain.parameters[key]) for key in ("new_actions", "used")},
            },
        )
        for plain, wildcard in zip(known.wildcards, found.wildcards, strict=True)
    )
    return structs.replace(found, wildcards=wildcards)
