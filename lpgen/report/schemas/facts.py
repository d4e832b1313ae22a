"""The parts that the JSON schemas share, as `lpgen.report.json.facts` writes them."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from lpgen.core.choices import KeepUnobservable, ScopeChoice, UnobservableKind
from lpgen.core.evidence import CoverageSource
from lpgen.core.findings import PrincipalClass
from lpgen.core.model import DenialKind, Outcome, PolicyKind, ResourceKind
from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.replacements import CheckStatus, DecisionKind
from lpgen.report.schemas.parts import (
    AMOUNT,
    COUNT,
    DAY,
    TEXT,
    TEXTS,
    YES_NO,
    Schema,
    listed,
    nullable,
    one_of,
    record,
    ref,
)
from lpgen.report.summary import Counts

COUNTS: Final = {one.name: COUNT for one in fields(Counts)}
EVIDENCE: Final = {
    "records": COUNT,
    "first_seen": TEXT,
    "last_seen": TEXT,
    "example_event_id": TEXT,
    "example_resource": TEXT,
}
USE: Final = {
    "action": TEXT,
    "resource": TEXT,
    "resource_kind": one_of(ResourceKind),
    "outcome": one_of(Outcome),
    "how": TEXT,
    "wall": one_of(DenialKind),
    "error_code": TEXT,
    "regions": TEXTS,
    **EVIDENCE,
}
STATEMENT: Final = {"policy": TEXT, "kind": one_of(PolicyKind), "group": TEXT, "statement": COUNT, "sid": TEXT}
SCOPE: Final = {"resources": TEXTS, "not_resources": TEXTS}
EITHER: Final = ("resources", "not_resources")
DIGEST: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_DIGEST_OR_NOTHING: Final = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}
POLICY: Final = {"file": TEXT, "name": TEXT, "type": one_of(("inline", "managed")), "characters": COUNT}
LEFT: Final = {"arn": TEXT, "version": nullable(TEXT), "sha256": DIGEST}
CATALOG: Final = record({"version": TEXT, "date": TEXT})
_DAYS: Final = {"first": DAY, "last": DAY}
PRINCIPAL: Final = {
    "principal": TEXT,
    "principal_id": TEXT,
    "class": one_of(PrincipalClass),
    "proposal": TEXT,
    "in_place": YES_NO,
    "safe": nullable(YES_NO),
    "not_safe_because": listed(ref("caveat")),
    "expected_denials": nullable(record({"days": COUNT, "mean": AMOUNT, "low": COUNT, "high": COUNT})),
}

_VALUE: Final = f"({'|'.join(KeepUnobservable)})"
_WORD: Final = f"(({'|'.join(UnobservableKind)})=)?{_VALUE}"
_KEEP: Final = {"type": "string", "pattern": f"^{_WORD}( {_WORD})*$"}

INPUTS: Final = record(
    {
        "lpgen_version": TEXT,
        "catalog": record({"version": TEXT, "date": TEXT, "digest": DIGEST}),
        "usage": DIGEST,
        "policies": listed(record({"file": TEXT, "sha256": DIGEST})),
        "snapshot": TEXT,
        "guards": _DIGEST_OR_NOTHING,
        "trails": _DIGEST_OR_NOTHING,
        "last_accessed": _DIGEST_OR_NOTHING,
        "decisions": _DIGEST_OR_NOTHING,
        "options": record(
            {
                "keep_unobservable": _KEEP,
                "scope": one_of(ScopeChoice),
                "min_days": COUNT,
                "max_expected_denials": nullable(AMOUNT),
                "as_of": nullable(DAY),
                "inline": YES_NO,
                "principal": TEXT,
                "attached_quota": COUNT,
                "as": TEXT,
            }
        ),
    }
)

DEFS: Final[dict[str, Schema]] = {
    "account": record(
        {
            "account": TEXT,
            "first_day": DAY,
            "last_day": DAY,
            "covered_days": COUNT,
            "gaps": listed(record(_DAYS)),
            "regions": TEXTS,
            "records": COUNT,
            "management_events": record({"read_only": YES_NO, "writing": YES_NO}),
            "data_events": listed(
                record({"region": TEXT, "event_sources": TEXTS, "read_only": TEXTS, "writing": TEXTS})
            ),
            "data_events_known_from": one_of(CoverageSource),
            "known_from": one_of(CoverageSource),
            "trails": TEXTS,
            "holes": listed(record({**_DAYS, "why": TEXT})),
            "trail_changes": TEXTS,
            "unseen_event_sources": TEXTS,
            "summed_event_sources": TEXTS,
        }
    ),
    "accepted": record({"kind": one_of(CaveatKind), "message": TEXT, "item": TEXT, "accepted_by": TEXT}),
    "caveat": record({"kind": one_of(CaveatKind), "message": TEXT, "item": nullable(TEXT), "next_step": TEXT}),
    "check": record({"name": TEXT, "status": one_of(CheckStatus), "examined": COUNT, "findings": TEXTS}),
    "decision": record(
        {
            "do": one_of(DecisionKind),
            "principal": TEXT,
            "action": TEXT,
            "resource": TEXT,
            "item": TEXT,
            "since": TEXT,
            "until": TEXT,
            "reason": TEXT,
            "owner": TEXT,
            "expires": TEXT,
        }
    ),
    "dropped": record(
        {
            "action": TEXT,
            **SCOPE,
            "parent": ref("statement"),
            "reason": TEXT,
            "owner": TEXT,
            "expires": TEXT,
            **EVIDENCE,
        },
        either=EITHER,
    ),
    "evidence": record(EVIDENCE),
    "inputs": INPUTS,
    "kept": record({"service": TEXT, "why": TEXT, "actions": TEXTS}),
    "statement": record(STATEMENT),
    "totals": record(
        dict.fromkeys(("principals", "replacements", "refused", "safe", "in_place"), COUNT) | dict(COUNTS)
    ),
    "ungranted": record({**USE, "reason": TEXT, "explanation": nullable(TEXT)}),
    "unmapped": record({"event_source": TEXT, "event_name": TEXT, **EVIDENCE}),
    "use": record(USE),
}

DECISIONS: Final = nullable(record({"file": TEXT, **{kind.value: COUNT for kind in DecisionKind}, "accepted": COUNT}))
"""The decisions file, its decisions in force by kind, and how much they accept."""

REPORT: Final = {
    "as_of": DAY,
    "catalog": CATALOG,
    "min_days": COUNT,
    "decisions": DECISIONS,
    "totals": ref("totals"),
    "coverage": record({"accounts": listed(ref("account"))}),
}
