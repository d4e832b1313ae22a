"""Findings about trust policies as SARIF, with a rule for each kind. They point to one file, which need not exist."""

from __future__ import annotations

from typing import Final

from lpgen.core.trust.findings import TrustFinding, TrustFindingKind
from lpgen.core.trust.roles import RoleTrust, TrustReport
from lpgen.report.blocks import Layout, line, name
from lpgen.report.sarif.layout import Place, SarifFinding, SarifName, sarif_log
from lpgen.report.words import label_of

_FILE: Final = Place("lpgen-trust.json")


def trust_sarif(report: TrustReport, _: Layout) -> str:
    """The findings as the text of one SARIF file."""
    findings = (_finding(trust, finding) for trust in report.roles for finding in trust.open_findings)
    return sarif_log(tuple(TrustFindingKind), findings, category="lpgen/trust", notices=report.problems)


def _finding(trust: RoleTrust, finding: TrustFinding) -> SarifFinding:
    arn = trust.role.arn
    message = line(name(label_of(arn)), f": {finding.message}. What to do: {finding.step}.")
    identity = (arn, *(str(value) for key, value in sorted(finding.parameters.items()) if key not in _CHANGING))
    facts = {"severity": finding.severity.value, "next_step": finding.step}
    return SarifFinding(finding.kind, message, identity, _FILE, (SarifName(arn, "role"),), finding.severity, facts)


_CHANGING: Final = ("days", "last_assumed", "actions_used", "has_logs")
"""Parameters that change from week to week, and so aren't part of a finding's identity."""
