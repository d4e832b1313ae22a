"""An example of each kind of finding of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.registry.row import Kind

_OF_TYPE = {str: "some", int: 3, bool: True, tuple: ("111122223333", "444455556666"), date: date(2026, 9, 30)}


def example_parameters(kind: Kind) -> dict[str, Any]:
    """Parameters of the right types, of its first case."""
    found: dict[str, Any] = {name: _OF_TYPE[needed] for name, needed in kind.row.parameters.items()}
    return {**found, "case": next(iter(kind.row.message))} if isinstance(kind.row.message, Mapping) else found


def example_caveat(kind: CaveatKind) -> Caveat:
    """A caveat of the kind."""
    return Caveat(kind, example_parameters(kind))
