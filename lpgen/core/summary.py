"""What a `summary.json` says, as far as lpgen reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from lpgen.core.documents import Count, RowPart, means
from lpgen.errors import OutputError, quote_reason


class DecisionsPart(RowPart, kw_only=True):
    """The decisions that a report took into account."""

    file: Annotated[str, means("The decisions file, as it was named.")]
    keep: Annotated[Count, means("How many decisions to keep are in force.")]
    drop: Annotated[Count, means("How many decisions to drop are in force.")]
    accept: Annotated[Count, means("How many decisions to accept are in force.")]
    break_glass: Annotated[Count, means("How many decisions that name principals for emergencies are in force.")]
    accepted: Annotated[Count, means("How many reasons or findings they accept.")]


class SummaryCatalog(msgspec.Struct, frozen=True):
    """The action catalog of an output folder."""

    version: str


class SummaryPrincipal(msgspec.Struct, frozen=True):
    """One principal of an output folder."""

    principal: str
    principal_id: str
    folder: str | None
    safe: bool | None
    left_attached: tuple[str, ...]


class Summary(msgspec.Struct, frozen=True):
    """An output folder as its summary states it. `digest` is the root digest, which is not compared with the chain."""

    as_of: str
    catalog: SummaryCatalog
    principals: tuple[SummaryPrincipal, ...]
    decisions: DecisionsPart | None = None
    digest: str = ""


def summary_from_facts(facts: Mapping[str, object]) -> Summary:
    """The summary that plain JSON values state.

    Raises:
        OutputError: a key is missing, or a value has the wrong type.
    """
    try:
        return msgspec.convert(facts, Summary)
    except (msgspec.ValidationError, RecursionError) as error:
        raise OutputError(
            f"can't read the summary of an output: {quote_reason(error)}", hint="run `lpgen generate` again"
        ) from error
