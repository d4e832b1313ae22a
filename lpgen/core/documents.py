"""The base structs of JSON documents, and the parts of a `summary.json` that lpgen reads.

They are in core because `report` writes documents that `edge` reads, and because some core values are documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self, dataclass_transform

import msgspec

from lpgen.core.backtests import EvidenceClass
from lpgen.errors import OutputError, quote_reason


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object of a document, written with each member on separate lines.

    Keyword-only fields of a base follow positional fields of a subclass, so shared members come last.
    """

    @classmethod
    def from_attributes(cls, *sources: object, **given: object) -> Self:
        """The part with the given members. Other members are attributes of the first source that has them.

        A member with the value UNSET is left out.
        """
        return msgspec.convert(_Sources(sources, given), cls, from_attributes=True)


class RowPart(Part, frozen=True, kw_only=True):
    """A JSON object that is written on one line."""


class _Sources:
    def __init__(self, sources: tuple[object, ...], given: dict[str, object]) -> None:
        self.__dict__ |= {name: value for name, value in given.items() if value is not msgspec.UNSET}
        self._sources = sources
        self._given = given

    def __getattr__(self, name: str) -> object:
        for source in () if name in self._given else self._sources:
            if (found := getattr(source, name, msgspec.UNSET)) is not msgspec.UNSET:
                return found
        raise AttributeError(name)


def means(description: str) -> msgspec.Meta:
    """The meaning of a field, for its schema."""
    return msgspec.Meta(description=description)


Count = Annotated[int, msgspec.Meta(ge=0)]
Message = Annotated[str, means("What was found, as a sentence without a full stop.")]
Parameters = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="The facts in the message by name. The names depend on the kind.",
        extra_json_schema={"additionalProperties": True},
    ),
]

PolicyObject = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"additionalProperties": True})]
"""A policy as AWS takes it."""

StatementObject = PolicyObject
"""A statement as AWS takes it."""


class CatalogPart(RowPart, kw_only=True):
    """The action catalog."""

    catalog_version: Annotated[str, means("Its version.")] = msgspec.field(name="version")
    catalog_date: Annotated[str, means("Its date.")] = msgspec.field(name="date")


class RiskPart(RowPart, kw_only=True):
    """How likely a replacement is to deny something soon."""

    days: Annotated[Count, means("Number of next days.")]
    evidence: Annotated[EvidenceClass, means("The class of the past that it was made from.")] = msgspec.field(
        name="class"
    )
    share: Annotated[
        float,
        msgspec.Meta(
            ge=0, le=1, description="The share of the replacements of this class that deny something in these days."
        ),
    ]
    needs: Annotated[float, msgspec.Meta(ge=0, description="The mean number of needs that they deny.")]


# ---------------------------------------------------------------- the summary of an output folder


class DecisionsPart(RowPart, kw_only=True):
    """The decisions that a report took into account."""

    file: Annotated[str, means("The decisions file, as named.")]
    keep: Annotated[Count, means("How many keep decisions are current.")]
    drop: Annotated[Count, means("How many drop decisions are current.")]
    accept: Annotated[Count, means("How many accept decisions are current.")]
    break_glass: Annotated[Count, means("How many decisions that name break-glass principals are current.")]
    accepted: Annotated[Count, means("How many reasons or findings they accept.")]


class _SummaryCatalog(msgspec.Struct, frozen=True):
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
    """An output folder as in its summary. `digest` is the stated root digest, which isn't compared with the chain."""

    as_of: str
    catalog: _SummaryCatalog
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
