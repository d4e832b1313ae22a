"""Drift as SARIF: a rule per kind of finding; accepted findings are left out."""

from __future__ import annotations

from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import Drift, DriftFinding, DriftKind
from lpgen.report.pages.blocks import line, name
from lpgen.report.pages.words import label_of
from lpgen.report.sarif.layout import SarifFinding, SarifLevel, SarifName, SarifRule, sarif_log

_IAM: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_CLOUDTRAIL: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide"
_BEST: Final = f"{_IAM}/best-practices.html"

_LEVELS: Final = {
    Severity.CRITICAL: SarifLevel.ERROR,
    Severity.HIGH: SarifLevel.ERROR,
    Severity.MEDIUM: SarifLevel.WARNING,
    Severity.LOW: SarifLevel.NOTE,
    Severity.INFO: SarifLevel.NOTE,
}


def _rule(kind: DriftKind, short: str, why: str, uri: str, level: SarifLevel, score: str) -> SarifRule:
    pascal = "".join(part.capitalize() for part in ("drift", *kind.split("-")))
    return SarifRule(f"drift-{kind}", pascal, short, why, uri, level, score)


RULES: Final[dict[DriftKind, SarifRule]] = {
    DriftKind(one.id.removeprefix("drift-")): one
    for one in (
        _rule(
            DriftKind.COVERAGE_LOST,
            "The logs show less than before.",
            "A trail stopped or changed, or no record comes from an account or a Region any more. Nothing that happens "
            "there is seen.\n\n**What to do:** start logging again, and find out who stopped it.",
            f"{_CLOUDTRAIL}/cloudtrail-turning-off-logging.html",
            SarifLevel.ERROR,
            "9.1",
        ),
        _rule(
            DriftKind.POLICY_CHANGED,
            "A policy was changed outside.",
            "It is neither as it was nor as it was proposed.\n\n**What to do:** find out who changed it and why; undo "
            "it, or save a new baseline.",
            f"{_IAM}/access_policies_manage.html",
            SarifLevel.ERROR,
            "8.0",
        ),
        _rule(
            DriftKind.NEW_USE,
            "An action was used that the proposal leaves out.",
            "Put in place as it is, the proposal would break this.\n\n**What to do:** generate the replacement anew.",
            _BEST,
            SarifLevel.ERROR,
            "",
        ),
        _rule(
            DriftKind.NEW_PRINCIPAL,
            "A role or user is new.",
            "**What to do:** make sure that somebody meant it, and who may assume it.",
            f"{_IAM}/id_roles.html",
            SarifLevel.WARNING,
            "6.0",
        ),
        _rule(
            DriftKind.NEW_WILDCARD,
            "A policy grants by a wildcard that wasn't there.",
            "What it grants grows with each action that AWS adds.\n\n**What to do:** name the actions that are meant.",
            f"{_IAM}/reference_policies_elements_action.html",
            SarifLevel.WARNING,
            "6.0",
        ),
        _rule(
            DriftKind.INHERITED,
            "A wildcard gained actions by itself.",
            "AWS added actions that it matches, and nobody decided to grant them.\n\n**What to do:** replace it: "
            "`lpgen generate` names every action.",
            f"{_IAM}/reference_policies_elements_action.html",
            SarifLevel.WARNING,
            "6.0",
        ),
        _rule(
            DriftKind.NEVER_APPLIED,
            "A safe replacement was never put in place.",
            "**What to do:** `lpgen generate`, then `lpgen rollout plan` and `apply`.",
            _BEST,
            SarifLevel.NOTE,
            "3.0",
        ),
        _rule(
            DriftKind.ROLE_QUIET,
            "A role went quiet.",
            "**What to do:** ask its owner whether it is still needed; disable it if not.",
            _BEST,
            SarifLevel.NOTE,
            "3.5",
        ),
        _rule(
            DriftKind.NEWLY_UNUSED,
            "Grants fell out of use.",
            "**What to do:** remove them with the next replacement, or keep them by a decision.",
            f"{_IAM}/access_policies_last-accessed.html",
            SarifLevel.NOTE,
            "3.5",
        ),
        _rule(
            DriftKind.GONE_PRINCIPAL,
            "A role or user is gone.",
            "**What to do:** nothing, if it was meant to go.",
            f"{_IAM}/id_roles.html",
            SarifLevel.NOTE,
            "",
        ),
    )
}


def drift_sarif(drift: Drift, *, path: str = "lpgen-drift.json") -> str:
    """The open findings as the text of one SARIF file; `path` is the file in the repository that stands for them."""
    facts = {"since": drift.before.name, "as_of": drift.after.as_of.isoformat()}
    findings = (_finding(one, path) for one in drift.open)
    return sarif_log(tuple(RULES.values()), findings, category="lpgen/drift", notices=drift.notes, facts=facts)


def _finding(finding: DriftFinding, path: str) -> SarifFinding:
    message = line(name(label_of(finding.subject)), f": {finding.message}. What to do: {finding.step}.")
    names = tuple(SarifName(one, "principal") for one in finding.principals)
    own = () if finding.subject in finding.principals else (SarifName(finding.subject, "resource"),)
    facts = {
        "severity": finding.severity.value,
        "item": finding.item,
        "details": list(finding.details),
        "next_step": finding.step,
    }
    return SarifFinding(
        RULES[finding.kind], message, (finding.item,), path, (*own, *names), _LEVELS[finding.severity], facts
    )
