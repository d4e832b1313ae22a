"""Decodes the `evidence.json` of a replacement, as far as lpgen reads it back."""

from __future__ import annotations

from typing import Final

import msgspec

from lpgen.core.schemas import EVIDENCE_SCHEMA, check_schema
from lpgen.errors import OutputError, quote_reason

_AGAIN: Final = "run `lpgen generate` again"


class EvidencePolicy(msgspec.Struct, frozen=True):
    """A document beside the file."""

    file: str
    name: str
    type: str


class EvidenceReason(msgspec.Struct, frozen=True):
    """A reason for a line."""

    kind: str
    rule: str


class EvidenceParent(msgspec.Struct, frozen=True):
    """The old statement that a line narrows."""

    policy: str
    group: str


class EvidenceLine(msgspec.Struct, frozen=True):
    """A line of a document, or of a copy of a policy that is left attached, which has no file."""

    action: str
    parent: EvidenceParent
    evidence: tuple[EvidenceReason, ...]
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    file: str = ""


class EvidenceLeft(msgspec.Struct, frozen=True):
    """A policy that is left attached."""

    arn: str
    version: str | None
    sha256: str
    lines: tuple[EvidenceLine, ...] = ()


class EvidenceCaveat(msgspec.Struct, frozen=True):
    """A reason not to call the replacement safe."""

    message: str


class EvidenceReplaces(msgspec.Struct, frozen=True):
    """The old policies."""

    policies_sha256: str


class EvidenceFile(msgspec.Struct, frozen=True):
    """The evidence for one principal's replacement."""

    principal: str
    principal_id: str
    safe: bool | None
    not_safe_because: tuple[EvidenceCaveat, ...]
    as_of: str
    replaces: EvidenceReplaces
    policies: tuple[EvidencePolicy, ...]
    lines: tuple[EvidenceLine, ...]
    left_attached: tuple[EvidenceLeft, ...]


def decode_evidence(content: bytes, place: str) -> EvidenceFile:
    """The content of an evidence file; `place` is the file.

    Raises:
        OutputError: it is no evidence file, or has another schema.
    """
    try:
        check_schema(content, EVIDENCE_SCHEMA, place, error=OutputError, hint=_AGAIN)
        return msgspec.json.decode(content, type=EvidenceFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{place}`: {quote_reason(error)}", hint=_AGAIN) from error
