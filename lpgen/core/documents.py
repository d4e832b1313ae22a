"""The structs of which JSON documents consist, and what a `summary.json` says, as far as lpgen reads it back.

Core has them because `report` writes documents that `edge` reads, and for values that are documents as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self, dataclass_transform

import msgspec

from lpgen.errors import OutputError, quote_reason


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object of a document, written with each member on lines of its own.

    Keyword-only fields of a base follow the fields of a subclass that aren't, which is how shared members come last.
    """

    @classmethod
    def from_attributes(cls, *sources: object, **given: object) -> Self:
        """The part whose members are given, or else are attributes of the first source that has them.

        A member that is given as UNSET is left out.
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
    """The meaning of a field, as its schema says it."""
    return msgspec.Meta(description=description)


Count = Annotated[int, msgspec.Meta(ge=0)]
Message = Annotated[str, means("What was found, as a sentence without a full stop.")]
Parameters = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="What the message says, as data, by name; the names depend on the kind.",
        extra_json_schema={"additionalProperties": True},
    ),
]


class CatalogPart(RowPart, kw_only=True):
    """The action catalog."""

    catalog_version: Annotated[str, means("Its version.")] = msgspec.field(name="version")
    catalog_date: Annotated[str, means("Its date.")] = msgspec.field(name="date")


# ---------------------------------------------------------------- the summary of an output folder


class DecisionsPart(RowPart, kw_only=True):
    """The decisions that a report took into account."""

    file: Annotated[str, means("The decisions file, as it was named.")]
    keep: Annotated[Count, means("How many decisions to keep are in force.")]
    drop: Annotated[Count, means("How many decisions to drop are in force.")]
    accept: Annotated[Count, means("How many decisions to accept are in force.")]
    break_glass: Annotated[Count, means("How many decisions that name principals for emergencies are in force.")]
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
    """An output folder as its summary states it. `digest` is the root digest, which is not compared with the chain."""

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
