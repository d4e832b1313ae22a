"""The JSON Schemas of the plan of a rollout, and of what was denied since."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from lpgen.core.model import DenialKind, PrincipalKind
from lpgen.core.registry.refusals import RefusalKind
from lpgen.core.rollout.plan import Peak
from lpgen.core.rollout.source import Trust
from lpgen.core.schemas import ROLLOUT_SCHEMA
from lpgen.report.messages.rollout_watch import WATCH_SCHEMA
from lpgen.report.schemas.facts import INPUTS
from lpgen.report.schemas.parts import (
    COUNT,
    TEXT,
    TEXTS,
    YES_NO,
    Schema,
    by_key,
    document,
    listed,
    nullable,
    one_of,
    record,
)

_PARAMETER: Final[Schema] = {"anyOf": [TEXT, listed(record({"Key": TEXT, "Value": TEXT}))]}
_CALL: Final = record({"operation": TEXT, "policy": TEXT, "parameters": by_key(_PARAMETER)})
_DOCUMENT: Final = record(
    {
        "file": TEXT,
        "name": TEXT,
        "type": one_of(("inline", "managed")),
        "sha256": TEXT,
        "narrows": TEXTS,
        "document": TEXT,
    }
)
_SOURCE: Final = record(
    {
        "trust": one_of(Trust),
        "inputs": INPUTS,
        "files": by_key(TEXT),
        "report": TEXT,
        "digest": TEXT,
        "signature": nullable(TEXT),
        "summary": by_key({}),
    }
)
_POLICY_TEXT: Final = record({"policy": TEXT, "type": one_of(("inline", "managed")), "document": TEXT})

ROLLOUT_DOCUMENT: Final = document(
    ROLLOUT_SCHEMA,
    "What `lpgen rollout plan` writes",
    {
        "as_of": TEXT,
        "catalog": TEXT,
        "attached_quota": COUNT,
        "source": _SOURCE,
        "principals": listed(
            record(
                {
                    "principal": TEXT,
                    "principal_id": TEXT,
                    "account": TEXT,
                    "kind": one_of(PrincipalKind),
                    "name": TEXT,
                    "safe": YES_NO,
                    "folder": TEXT,
                    "policies_sha256": TEXT,
                    "boundary": nullable(TEXT),
                    "left_attached": TEXTS,
                    "refusals": listed(record({"kind": one_of(RefusalKind), "why": TEXT, "override": nullable(TEXT)})),
                    "notes": TEXTS,
                    "calls": listed(_CALL),
                    "inverse": listed(_CALL),
                    "peak": record({one.name: COUNT for one in fields(Peak)}),
                    "documents": listed(_DOCUMENT),
                    "before": listed(_POLICY_TEXT),
                    "after": listed(_POLICY_TEXT),
                    "permission_set": nullable(TEXT),
                    "code": nullable(TEXT),
                }
            )
        ),
    },
    {},
)

_ONE_OR_SEVERAL: Final[Schema] = {"anyOf": [TEXT, TEXTS]}
_RESTORE: Final = record(
    {
        "Effect": one_of(("Allow",)),
        "Action": TEXT,
        "Resource": _ONE_OR_SEVERAL,
        "NotResource": _ONE_OR_SEVERAL,
        "Condition": by_key(by_key(_ONE_OR_SEVERAL)),
    },
    either=("Resource", "NotResource"),
    optional=("Condition",),
)

WATCH_DOCUMENT: Final = document(
    WATCH_SCHEMA,
    "What `lpgen rollout watch --format json` prints",
    {
        "principals": listed(
            record(
                {
                    "principal": TEXT,
                    "applied_at": TEXT,
                    "logs_until": nullable(TEXT),
                    "denials": listed(
                        record(
                            {
                                "action": TEXT,
                                "resource": nullable(TEXT),
                                "denial_kind": one_of(DenialKind),
                                "records": COUNT,
                                "some_from_before": YES_NO,
                                "last_seen": TEXT,
                                "example_event_id": TEXT,
                                "denied_before_too": YES_NO,
                                "why": TEXT,
                                "restored": YES_NO,
                                "lost": listed(
                                    record({"policy": TEXT, "statement": COUNT, "sid": TEXT, "restore": _RESTORE})
                                ),
                            }
                        )
                    ),
                    "unmapped": listed(record({"call": TEXT, "records": COUNT})),
                    "unseen": listed(record({"service": TEXT, "actions": COUNT, "examples": TEXTS, "why": TEXT})),
                }
            )
        )
    },
    {},
)
