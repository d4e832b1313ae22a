"""Drift as SARIF, with a rule for each kind of finding. Accepted findings are left out.

A finding about a principal with a proposal points to its new policy as `lpgen generate` writes it: to the line of the
action in the finding, or to the whole policy. Other findings point to one file, which need not exist.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.drift.findings import Drift, DriftFinding
from lpgen.core.drift.kinds import DRIFT_KINDS
from lpgen.report.blocks import Layout, line, name
from lpgen.report.documents.parts import part_from_decisions
from lpgen.report.sarif.layout import Place, PolicyPlaces, SarifFinding, SarifName, sarif_log
from lpgen.report.words import label_of

_ELSEWHERE: Final = Place("lpgen-drift.json")


def drift_sarif(drift: Drift, layout: Layout) -> str:
    """The open findings as the text of one SARIF file."""
    facts = {
        "since": drift.before.name,
        "as_of": drift.after.as_of.isoformat(),
        "decisions": part_from_decisions(drift.decisions, drift.accepted),
    }
    findings = (_finding(finding, _place(finding, drift, layout.root.strip("/"))) for finding in drift.open)
    return sarif_log(DRIFT_KINDS, findings, category="lpgen/drift", notices=drift.notes, facts=facts)


def _place(finding: DriftFinding, drift: Drift, root: str) -> Place:
    for arn in finding.principals:
        if written := drift.written(arn):
            folder, texts = written
            places = PolicyPlaces(f"{root}/{folder}" if root else folder, texts)
            action = finding.parameters.get("action")
            found = places.find(actions=[action]) if isinstance(action, str) else None
            return found or places.first_policy() or _ELSEWHERE
    return _ELSEWHERE


def _finding(finding: DriftFinding, place: Place) -> SarifFinding:
    message = line(name(label_of(finding.subject)), f": {finding.message}. What to do: {finding.step}.")
    names = tuple(SarifName(principal, "principal") for principal in finding.principals)
    own = () if finding.subject in finding.principals else (SarifName(finding.subject, "resource"),)
    facts = {
        "severity": finding.severity.value,
        "item": finding.item,
        "details": list(finding.details),
        "next_step": finding.step,
    }
    return SarifFinding(finding.kind, message, (finding.item,), place, (*own, *names), finding.severity, facts)
