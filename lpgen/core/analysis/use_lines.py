"""The lines that a principal's uses need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.scopes.scopes import NamedScopes
from lpgen.core.evidence import Use
from lpgen.core.replacements import Line

NO_ALLOW: Final = "no Allow matches the action and resource"
"""Why a use is ungranted that nothing refuses."""


@dataclass(frozen=True, slots=True)
class UseLines:
    """The lines that a principal's uses need, the uses that no grant explains, and the wider scopes of names."""

    lines: tuple[Line, ...]
    ungranted: tuple[tuple[Use, str], ...]
    patterns: NamedScopes
