"""The schemas of the JSON documents that lpgen writes and reads, and a check that refuses other schemas."""

from __future__ import annotations

from typing import Final

import msgspec

from lpgen.errors import LpgenError, quote_input

SUMMARY_SCHEMA: Final = "lpgen.summary/1"
EVIDENCE_SCHEMA: Final = "lpgen.evidence/1"
OBSERVE_SCHEMA: Final = "lpgen.observe/1"
ROLLOUT_SCHEMA: Final = "lpgen.rollout/2"
JOURNAL_SCHEMA: Final = "lpgen.rollout-journal/2"


class _Head(msgspec.Struct):
    schema: str


def check_schema(content: bytes, known: str, place: str, *, error: type[LpgenError], hint: str) -> None:
    """Refuse a document with a schema other than `known`. `place` is its file.

    Raises:
        msgspec.DecodeError: it isn't a JSON object with a schema.
        LpgenError: it has another schema; the error has the given type.
    """
    found = msgspec.json.decode(content, type=_Head).schema
    if found != known:
        raise error(
            f"`{place}` has the schema {quote_input(found)}, and this version of lpgen reads `{known}`", hint=hint
        )
