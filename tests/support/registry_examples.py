"""An example of each kind of finding of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from lpgen.core.registry.row import Caveat, CaveatKind, Kind

_EXAMPLES = ("some", 3, 0.5, True, ("111122223333", "444455556666"), date(2026, 9, 30))


def example_parameters(kind: Kind) -> dict[str, Any]:
    """Parameters of the right types, of its first case."""
    needed = kind.row.parameters.items()
    found: dict[str, Any] = {
        name: next(example for example in _EXAMPLES if isinstance(example, form)) for name, form in needed
    }
    return {**found, "case": next(iter(kind.row.message))} if isinstance(kind.row.message, Mapping) else found


def example_caveat(kind: CaveatKind) -> Caveat:
    """A caveat of the kind."""
    return Caveat(kind, example_parameters(kind))
