"""All kinds of caveats in their order, and the detectors that find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lpgen.core.analysis.caveats import (
    dangerous_use,
    incomplete_logs,
    permission_sets,
    replacement,
    unknowns,
    unpredictable,
)
from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.registry.row import Caveat, CaveatKind
from lpgen.core.replacements import VerificationCaveat

CAVEAT_KINDS: Final[tuple[CaveatKind, ...]] = (
    dangerous_use.DangerCaveat.UNUSUAL_USE,
    unknowns.UnknownCaveat.UNMAPPED_EVENT,
    unknowns.UnknownCaveat.UNKNOWN_PATTERN,
    unknowns.UnknownCaveat.GRANTS_UNKNOWN,
    incomplete_logs.LogsCaveat.SHORT_COVERAGE,
    incomplete_logs.LogsCaveat.INCOMPLETE_LOGS,
    incomplete_logs.LogsCaveat.YOUNG,
    incomplete_logs.LogsCaveat.RARE_SCHEDULE,
    incomplete_logs.LogsCaveat.COVERAGE_HOLE,
    unknowns.UnknownCaveat.RECREATED,
    replacement.ReplacementCaveat.REQUIRED_TYPE,
    unknowns.UnknownCaveat.UNEXPLAINED_USE,
    unpredictable.UnpredictableCaveat.UNPREDICTABLE,
    replacement.ReplacementCaveat.UNSEEN_UNDER_STAR,
    replacement.ReplacementCaveat.UNSEEN_NAMED,
    replacement.ReplacementCaveat.HIGH_RISK,
    replacement.ReplacementCaveat.NO_FORECAST,
    dangerous_use.DangerCaveat.DANGEROUS_ATTEMPT,
    replacement.ReplacementCaveat.TOO_MANY_RESOURCES,
    permission_sets.PermissionSetCaveat.PERMISSION_SET,
    permission_sets.PermissionSetCaveat.OTHER_ACCOUNT,
    replacement.ReplacementCaveat.TOO_LARGE,
    replacement.ReplacementCaveat.UNPROVEN,
    VerificationCaveat.VERIFICATION,
)
"""The most important kind comes first."""

DETECTORS: Final[tuple[Callable[[CaveatInputs], Iterable[Caveat]], ...]] = (
    dangerous_use.find_unusual_use,
    unpredictable.find_tooling,
    unpredictable.find_break_glass,
    unknowns.find_unknown_grants,
    unknowns.find_unmapped_events,
    unknowns.find_unexplained_uses,
    unknowns.find_earlier_principals,
    incomplete_logs.find_too_few_days,
    incomplete_logs.find_youth,
    incomplete_logs.find_unseen_last_use,
    incomplete_logs.find_other_regions,
    unpredictable.find_few_days,
    incomplete_logs.find_rare_schedules,
    incomplete_logs.find_unseen_attempts,
    replacement.find_high_risk,
    unpredictable.find_next_callers,
    unpredictable.find_restores,
    unpredictable.find_replicas,
    unknowns.find_starred_names,
    dangerous_use.find_attempts,
    replacement.find_overflows,
    replacement.find_unseen_removals,
    unpredictable.find_scanners,
    replacement.find_required_types,
)
"""The detectors of caveats about single principals, in the order of their results."""

_PLACES: Final = {kind: place for place, kind in enumerate(CAVEAT_KINDS)}


def order_of_kind(kind: CaveatKind) -> tuple[int, int]:
    """The sort key of a kind: kinds that prevent a replacement come first, then the order of the list."""
    return kind.row.rank, _PLACES[kind]
