"""Drift as JSON, schema `lpgen.drift/1`.

Keys are only ever added under this name; a change of meaning takes a new number.

- `before` and `after`: the two states, with `as_of`, the catalog, the snapshot (null: files) and the figures of a
  trend. `trend` has all saved states up to now, and now.
- `summary`: how many open findings there are of each severity.
- `groups`: the open findings by cause, the most severe first; each finding is in one. `items` are those of its
  findings, `severity` is that of the worst, `concerned` are the principals, or the accounts and trails where findings
  concern none, and `tie` is what the findings have in common (null: it is one finding).
- `findings`: open ones first, then by severity. `subject` is the ARN of a principal, policy or trail, or an account;
  `principals` are those concerned; a decision accepts the finding by its `item`; `accepted_by` is who did (null: it
  isn't accepted), `expired` who had for a time that is over. `decisions`: the `file`, how many of its decisions to
  `keep`, `drop` and `accept` are in force, and how many findings are `accepted` (null: none were given).
- `applied`: principals whose proposal was put in place since. `notes`: what couldn't be compared. `expired_decisions`:
  those that no longer accept a finding of this report.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.causes import Cause, causes_of
from lpgen.core.drift.findings import Drift, DriftFinding
from lpgen.core.drift.states import Stamp
from lpgen.report.decisions_note import facts_of_decisions
from lpgen.report.json.facts import facts_of_decision
from lpgen.report.json.layout import Json, Row, lay_out

DRIFT_SCHEMA: Final = "lpgen.drift/1"


def drift_json(drift: Drift) -> str:
    """The drift as JSON text."""
    found = Counter(one.severity for one in drift.open)
    return lay_out(
        {
            "schema": DRIFT_SCHEMA,
            "before": facts_of_stamp(drift.before),
            "after": facts_of_stamp(drift.after),
            "summary": Row({severity.value: found[severity] for severity in Severity}),
            "groups": [_facts_of_group(one) for one in causes_of(drift.open)],
            "findings": [_facts_of_finding(one) for one in drift.findings],
            "decisions": facts_of_decisions(drift.decisions, drift.accepted),
            "applied": list(drift.applied),
            "notes": list(drift.notes),
            "expired_decisions": [facts_of_decision(one) for one in drift.expired],
            "trend": [facts_of_stamp(one) for one in drift.trend],
        }
    )


def facts_of_stamp(stamp: Stamp) -> Row:
    """The facts about a state."""
    return Row(
        name=stamp.name,
        as_of=stamp.as_of.isoformat(),
        catalog=Row(version=stamp.catalog_version, date=stamp.catalog_date),
        snapshot=stamp.snapshot or None,
        figures=Row(asdict(stamp.figures)),
    )


def _facts_of_group(cause: Cause) -> Json:
    return {
        "kind": cause.kind,
        "severity": cause.severity,
        "tie": cause.tie or None,
        "concerned": list(cause.concerned),
        "items": [one.item for one in cause.findings],
    }


def _facts_of_finding(finding: DriftFinding) -> Json:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "subject": finding.subject,
        "principals": list(finding.principals),
        "message": finding.message,
        "details": list(finding.details),
        "next_step": finding.step,
        "item": finding.item,
        "accepted_by": finding.accepted_by or None,
        "expired": finding.expired or None,
    }
