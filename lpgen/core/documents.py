"""The structs of which JSON documents consist. Core has them because `report` writes documents that `edge` reads."""

from __future__ import annotations

from typing import Annotated, Self, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object of a document, written with each member on lines of its own.

    Keyword-only fields of a base follow the fields of a subclass that aren't, which is how shared members come last.
    """

    @classmethod
    def from_attributes(cls, value: object) -> Self:
        """The part that has the attributes of a value of the same names."""
        return msgspec.convert(value, cls, from_attributes=True)


class RowPart(Part, frozen=True, kw_only=True):
    """A JSON object that is written on one line."""


def means(description: str) -> msgspec.Meta:
    """The meaning of a field, as its schema says it."""
    return msgspec.Meta(description=description)


Count = Annotated[int, msgspec.Meta(ge=0)]
