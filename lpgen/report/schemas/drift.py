"""The JSON Schemas of drift and of star inheritance."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.states import Figures
from lpgen.core.model import AccessLevel
from lpgen.core.registry.drift import DriftKind
from lpgen.report.json.drift import DRIFT_SCHEMA
from lpgen.report.json.stars import STARS_SCHEMA
from lpgen.report.schemas.facts import DECISIONS
from lpgen.report.schemas.parts import (
    COUNT,
    DAY,
    TEXT,
    TEXTS,
    YES_NO,
    Schema,
    document,
    listed,
    nullable,
    one_of,
    record,
    ref,
)

_CATALOG: Final = {"version": TEXT, "date": TEXT}
_LEVELS: Final[Schema] = {"type": "object", "propertyNames": one_of(AccessLevel), "additionalProperties": COUNT}


def drift_schema(defs: dict[str, Schema]) -> Schema:
    """The schema of what `lpgen drift --format json` prints; `defs` has `decision`."""
    state = record(
        {
            "name": TEXT,
            "as_of": DAY,
            "catalog": record(_CATALOG),
            "snapshot": nullable(TEXT),
            "figures": record({one.name: COUNT for one in fields(Figures)}),
        }
    )
    finding = record(
        {
            "kind": one_of(DriftKind),
            "severity": one_of(Severity),
            "subject": TEXT,
            "principals": TEXTS,
            "message": TEXT,
            "details": TEXTS,
            "next_step": TEXT,
            "item": TEXT,
            "accepted_by": nullable(TEXT),
            "expired": nullable(TEXT),
        }
    )
    group = record(
        {
            "kind": one_of(DriftKind),
            "severity": one_of(Severity),
            "tie": nullable(TEXT),
            "concerned": TEXTS,
            "items": TEXTS,
        }
    )
    return document(
        DRIFT_SCHEMA,
        "What `lpgen drift --format json` prints",
        {
            "before": ref("state"),
            "after": ref("state"),
            "summary": record({severity.value: COUNT for severity in Severity}),
            "groups": listed(group),
            "findings": listed(finding),
            "decisions": DECISIONS,
            "applied": TEXTS,
            "notes": TEXTS,
            "expired_decisions": listed(ref("decision")),
            "trend": listed(ref("state")),
        },
        {**defs, "state": state},
    )


def stars_schema(defs: dict[str, Schema]) -> Schema:
    """The schema of what `lpgen wildcards --format json` prints; `defs` has `statement`."""
    gained = record(
        {
            "action": TEXT,
            "level": one_of(AccessLevel),
            "first_seen": TEXT,
            "after": TEXT,
            "used": nullable(YES_NO),
            "danger": TEXT,
        }
    )
    wildcard = record(
        {
            "wildcard": TEXT,
            "not_action": YES_NO,
            "statement": ref("statement"),
            "owner": nullable(TEXT),
            "held_by": TEXTS,
            "actions_today": COUNT,
            "levels": _LEVELS,
            "used": nullable(COUNT),
            "stopped": COUNT,
            "gained": listed(gained),
        }
    )
    totals = {
        "principals": COUNT,
        "grew": COUNT,
        "wildcards": COUNT,
        "wildcards_grew": COUNT,
        "grants": COUNT,
        "actions": COUNT,
        "used": nullable(COUNT),
        "levels": _LEVELS,
        "undated": COUNT,
    }
    return document(
        STARS_SCHEMA,
        "What `lpgen wildcards --format json` prints",
        {
            "since": DAY,
            "catalog": record({**_CATALOG, "first_seen_from": TEXT}),
            "doubtful": nullable(record({"first_seen": TEXT, "after": TEXT})),
            "totals": record(totals),
            "wildcards": listed(wildcard),
        },
        defs,
    )
