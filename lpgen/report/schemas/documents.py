"""The JSON Schemas (2020-12) of the documents that lpgen prints: strict, each complete in itself.

The schema of a version has all keys of the version, and refuses others. The docstring of the module that prints a
document explains its keys.
"""

from __future__ import annotations

import json
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.explanations import Fit, UseOn, WallState
from lpgen.core.findings import Confidence, Verdict
from lpgen.core.iam.decision import Answer, Layer, Result
from lpgen.core.model import (
    AccessLevel,
    Effect,
    PrincipalKind,
    ResourceKind,
    SkipReason,
)
from lpgen.core.replacements import CheckStatus, LineKind
from lpgen.core.schemas import EVIDENCE_SCHEMA, SUMMARY_SCHEMA
from lpgen.report.json.explain import EXPLANATION_SCHEMA
from lpgen.report.json.review import REVIEW_SCHEMA
from lpgen.report.json.verification import VERIFICATION_SCHEMA
from lpgen.report.json.who_can import who_can_schema
from lpgen.report.plan import StepKind
from lpgen.report.schemas.backtest import backtest_schema
from lpgen.report.schemas.drift import drift_schema, stars_schema
from lpgen.report.schemas.facts import (
    CATALOG,
    COUNTS,
    DEFS,
    DIGEST,
    EITHER,
    EVIDENCE,
    LEFT,
    POLICY,
    PRINCIPAL,
    REPORT,
    SCOPE,
    STATEMENT,
    USE,
)
from lpgen.report.schemas.observe import observe_schema, outcome_schema
from lpgen.report.schemas.parts import (
    COUNT,
    DAY,
    TEXT,
    TEXTS,
    YES_NO,
    Schema,
    by_key,
    document,
    lines,
    listed,
    nullable,
    one_of,
    record,
    ref,
)
from lpgen.report.schemas.rollout import ROLLOUT_DOCUMENT, WATCH_DOCUMENT

# ---------------------------------------------------------------- review and summary

_GUARDS: Final = record(
    {"scp_levels": by_key(COUNT), "resource_policies": COUNT, "trust_policies": COUNT, "boundary": nullable(TEXT)}
)
_SNAPSHOT: Final = record(
    {
        "name": TEXT,
        "taken": {"type": "string", "format": "date-time"},
        "accounts": TEXTS,
        "used": TEXTS,
        "gaps": listed(record({"account": nullable(TEXT), "subject": TEXT, "place": nullable(TEXT), "reason": TEXT})),
    }
)
_LINE: Final = record(
    {
        "action": TEXT,
        **SCOPE,
        "parent": ref("statement"),
        "kind": one_of(LineKind),
        "why": TEXT,
        "rule": TEXT,
        "evidence": nullable(ref("evidence")),
    },
    either=EITHER,
)
_REPLACEMENT: Final = record(
    {
        "refusal": nullable(TEXT),
        "left_attached": listed(record(LEFT)),
        "documents": listed(record({**POLICY, "statements": COUNT})),
        "lines": listed(_LINE),
        "kept": listed(ref("kept")),
        "for_review": listed(ref("kept")),
        "decided": listed(ref("kept")),
        "shared": listed(ref("kept")),
        "rules": listed(record({"rule": TEXT, "adds": TEXT, "tightens": TEXT, "records": COUNT, "patterns": TEXTS})),
        "characters_by_service": by_key(COUNT),
    }
)
_VERDICT: Final = record(
    {
        "action": TEXT,
        "level": one_of(AccessLevel),
        "verdict": one_of(Verdict),
        "reason": TEXT,
        "keep": TEXT,
        "in_replacement": YES_NO,
        "confidence": one_of(Confidence),
        "danger": TEXT,
        "granted_by": listed(COUNT),
        "evidence": nullable(ref("evidence")),
    }
)
_SERVICE: Final = record(
    {
        "service": TEXT,
        "levels": {
            "type": "object",
            "propertyNames": one_of(AccessLevel),
            "additionalProperties": record({"granted": COUNT, "seen": COUNT}),
        },
    }
)
_STEP: Final = record({"kind": one_of(StepKind), "name": TEXT, "file": TEXT, "characters": COUNT})

_TRUST: Final = record(
    {
        "principal": TEXT,
        "severity": one_of(Severity),
        "case": one_of(("everyone", "account", "organization", "provider")),
        **dict.fromkeys(("who", "conditions", "message", "item", "accepted_by"), TEXT),
    }
)

_REVIEW_OF_ALL: Final = {
    **REPORT,
    "outside_trust": listed(_TRUST),
    "guards": _GUARDS,
    "snapshot": nullable(_SNAPSHOT),
    "skips": listed(record({"reason": one_of(SkipReason), "records": COUNT, "example_event_id": TEXT})),
    "problems": TEXTS,
    "expired_decisions": listed(ref("decision")),
    "not_in_snapshot": listed(
        record(
            {
                "principal": TEXT,
                "principal_ids": TEXTS,
                "regions": TEXTS,
                "uses": listed(ref("use")),
                "denied": listed(ref("use")),
                "unmapped": listed(ref("unmapped")),
            }
        )
    ),
}
_REVIEWED: Final = record(
    {
        **PRINCIPAL,
        "account": TEXT,
        "kind": one_of(PrincipalKind),
        "accepted": listed(ref("accepted")),
        "covered_days": COUNT,
        "active_days": COUNT,
        "counts": record(COUNTS),
        "removal_confidence": record({str(level): COUNT for level in Confidence}),
        "statements": listed(ref("statement")),
        "services": listed(_SERVICE),
        "verdicts": listed(_VERDICT),
        "dangerous_use": listed(record({"action": TEXT, "harm": TEXT, "days": listed(DAY), **EVIDENCE})),
        "wildcards": listed(
            record(
                {
                    "pattern": TEXT,
                    "not_action": YES_NO,
                    "expands_to": COUNT,
                    "used": TEXTS,
                    "statement": ref("statement"),
                }
            )
        ),
        "lost_undoings": listed(record({"action": TEXT, "undone_by": TEXT})),
        "ungranted": listed(ref("ungranted")),
        "denied": listed(ref("use")),
        "unmapped": listed(ref("unmapped")),
        "replacement": nullable(_REPLACEMENT),
        "plan": record({"steps": listed(_STEP), "note": TEXT}),
        "dropped": listed(ref("dropped")),
        "checks": nullable(listed(ref("check"))),
    }
)

_REVIEW: Final = document(
    REVIEW_SCHEMA,
    "What `lpgen review --format json` prints",
    {**_REVIEW_OF_ALL, "principals": listed(_REVIEWED)},
    DEFS,
)

_REVIEW_LINES: Final = lines(
    "lpgen.review-lines/1",
    "Each line that `lpgen review --format jsonl` prints: first the review without its principals, then these",
    record({"schema": {"const": REVIEW_SCHEMA}, **_REVIEW_OF_ALL}),
    _REVIEWED,
    DEFS,
)

_SUMMARY: Final = document(
    SUMMARY_SCHEMA,
    "The `summary.json` of an output folder of `lpgen generate`",
    {
        **REPORT,
        "problems": TEXTS,
        "principals": listed(
            record({**PRINCIPAL, "folder": nullable(TEXT), "left_attached": TEXTS, "counts": record(COUNTS)})
        ),
        "inputs": ref("inputs"),
        "files": by_key(DIGEST),
        "digest": DIGEST,
    },
    DEFS,
)

# ---------------------------------------------------------------- evidence and verification

_REASON: Final = record({"kind": one_of(LineKind), "why": TEXT, "rule": TEXT, **EVIDENCE})

_EXPLAINED: Final = {"action": TEXT, **SCOPE, "parent": ref("statement"), "evidence": listed(_REASON)}

_EVIDENCE_FILE: Final = document(
    EVIDENCE_SCHEMA,
    "The `evidence.json` beside a principal's replacement",
    {
        **PRINCIPAL,
        "accepted": listed(ref("accepted")),
        "as_of": DAY,
        "catalog": CATALOG,
        "coverage": nullable(ref("account")),
        "inputs": ref("inputs"),
        "replaces": record(
            {
                "detach": TEXTS,
                "delete_inline": TEXTS,
                "leave_groups": TEXTS,
                "boundary_stays": nullable(TEXT),
                "policies_sha256": DIGEST,
            }
        ),
        "left_attached": listed(record({**LEFT, "file": TEXT, "lines": listed(record(_EXPLAINED, either=EITHER))})),
        "policies": listed(record({**POLICY, "sha256": DIGEST})),
        "lines": listed(record({"file": TEXT, "sid": TEXT, **_EXPLAINED}, either=EITHER)),
        "denies": listed(
            record({"from": ref("statement"), "carried_in": nullable(record({"file": TEXT, "sid": TEXT}))})
        ),
        "rules": listed(record({"rule": TEXT, "sentence": TEXT, "tightens": TEXT, "pattern": TEXT, "records": COUNT})),
        "dropped": listed(ref("dropped")),
        "ungranted": listed(ref("ungranted")),
        "checks": nullable(listed(ref("check"))),
    },
    DEFS,
)

_VERIFICATION: Final = document(
    VERIFICATION_SCHEMA,
    "What `lpgen verify --format json` prints",
    {
        "status": one_of(CheckStatus),
        "changed_inputs": TEXTS,
        "choices": TEXTS,
        "folder": record({"checks": listed(ref("check"))}),
        "principals": listed(
            record({"principal": TEXT, "status": one_of(CheckStatus), "checks": listed(ref("check"))})
        ),
    },
    DEFS,
)

# ---------------------------------------------------------------- explanation


def _either_of(schema: Schema, one: str, other: str) -> Schema:
    """The record with two more keys, exactly one of them required."""
    required = [name for name in schema["required"] if name not in (one, other)]
    choices = [{"oneOf": schema["oneOf"]}] if "oneOf" in schema else []
    choices.append({"oneOf": [{"required": [one]}, {"required": [other]}]})
    return {**{key: value for key, value in schema.items() if key != "oneOf"}, "required": required, "allOf": choices}


_EXPLAINED_STATEMENT: Final = _either_of(
    record(
        {
            **STATEMENT,
            "effect": one_of(Effect),
            "fit": one_of(Fit),
            "actions": TEXTS,
            "not_actions": TEXTS,
            "actions_today": COUNT,
            **SCOPE,
            "names_principal": nullable(TEXT),
            "conditions": listed(record({"operator": TEXT, "key": TEXT, "values": TEXTS, "met": one_of(Answer)})),
            "depends_on": TEXTS,
        },
        either=EITHER,
    ),
    "actions",
    "not_actions",
)

_EXPLANATION: Final = document(
    EXPLANATION_SCHEMA,
    "What `lpgen explain --format json` prints",
    {
        "principal": TEXT,
        "action": TEXT,
        "action_known": YES_NO,
        "similar_actions": TEXTS,
        "resource": TEXT,
        "resource_kind": one_of(ResourceKind),
        "context": by_key(TEXTS),
        "remarks": TEXTS,
        "result": one_of(Result),
        "sentence": TEXT,
        "depends_on": TEXTS,
        "rule": nullable(TEXT),
        "stops": TEXTS,
        "walls": listed(
            record(
                {
                    "layer": one_of(Layer),
                    "level": nullable(COUNT),
                    "name": TEXT,
                    "of": nullable(TEXT),
                    "state": one_of(WallState),
                    "policies": COUNT,
                    "missing": TEXTS,
                    "statements": listed(_EXPLAINED_STATEMENT),
                }
            )
        ),
        "not_known": TEXTS,
        "use": nullable(
            record(
                {
                    "first_day": nullable(DAY),
                    "last_day": nullable(DAY),
                    "covered_days": COUNT,
                    "blind_spot": nullable(TEXT),
                    "earlier_records": COUNT,
                    "uses": listed(record({"on": one_of(UseOn), **USE})),
                }
            )
        ),
    },
    DEFS,
)


def schema_json(name: str) -> str:
    """The schema of a document by its name, as JSON text."""
    return json.dumps(SCHEMAS[name], indent=2) + "\n"


SCHEMAS: Final[dict[str, Schema]] = {
    "review": _REVIEW,
    "review-lines": _REVIEW_LINES,
    "summary": _SUMMARY,
    "evidence": _EVIDENCE_FILE,
    "verification": _VERIFICATION,
    "explanation": _EXPLANATION,
    "who-can": who_can_schema(),
    "drift": drift_schema(DEFS),
    "stars": stars_schema(DEFS),
    "backtest": backtest_schema(),
    "observe": observe_schema(),
    "observation": outcome_schema(),
    "rollout": ROLLOUT_DOCUMENT,
    "watch": WATCH_DOCUMENT,
}
"""The schemas by the names of their documents."""
