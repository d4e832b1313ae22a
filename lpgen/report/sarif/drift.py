"""Drift as SARIF: a rule per kind of finding; accepted findings are left out."""

from __future__ import annotations

from lpgen.core.drift.findings import Drift, DriftFinding
from lpgen.core.registry.drift import DriftKind
from lpgen.report.pages.blocks import line, name
from lpgen.report.pages.words import label_of
from lpgen.report.sarif.layout import SarifFinding, SarifName, sarif_log
from lpgen.report.sarif.places import Place


def drift_sarif(drift: Drift, *, path: str = "lpgen-drift.json") -> str:
    """The open findings as the text of one SARIF file; `path` is the file in the repository that they point to."""
    facts = {"since": drift.before.name, "as_of": drift.after.as_of.isoformat()}
    findings = (_finding(one, path) for one in drift.open)
    return sarif_log(tuple(DriftKind), findings, category="lpgen/drift", notices=drift.notes, facts=facts)


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
    return SarifFinding(finding.kind, message, (finding.item,), Place(path), (*own, *names), finding.severity, facts)
