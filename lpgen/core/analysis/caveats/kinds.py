"""All kinds of caveats in their order, and all detectors, which find what caveats a principal has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lpgen.core.analysis.caveats import (
    coverage_holes,
    dangerous_use,
    forecasts,
    lines,
    short_logs,
    unknowns,
    unpredictable,
)
from lpgen.core.analysis.caveats.coverage_holes import HoleCaveat
from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.forecasts import ForecastCaveat
from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.caveats.lines import LineCaveat
from lpgen.core.analysis.caveats.permission_sets import PermissionSetCaveat
from lpgen.core.analysis.caveats.refused import RefusedCaveat
from lpgen.core.analysis.caveats.short_logs import ShortLogsCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.caveats.unpredictable import UnpredictableCaveat
from lpgen.core.analysis.decisions import with_acceptance
from lpgen.core.registry.row import Caveat, CaveatKind, Doubt
from lpgen.core.replacements import VerificationCaveat

CAVEAT_KINDS: Final[tuple[CaveatKind, ...]] = (
    DangerCaveat.UNUSUAL_USE,
    UnknownCaveat.UNMAPPED_EVENT,
    UnknownCaveat.UNKNOWN_PATTERN,
    UnknownCaveat.GRANTS_UNKNOWN,
    ShortLogsCaveat.SHORT_COVERAGE,
    ShortLogsCaveat.INCOMPLETE_LOGS,
    ShortLogsCaveat.YOUNG,
    ShortLogsCaveat.RARE_SCHEDULE,
    HoleCaveat.COVERAGE_HOLE,
    UnknownCaveat.RECREATED,
    LineCaveat.REQUIRED_TYPE,
    UnknownCaveat.UNEXPLAINED_USE,
    UnpredictableCaveat.UNPREDICTABLE,
    LineCaveat.UNSEEN_UNDER_STAR,
    LineCaveat.UNSEEN_NAMED,
    ForecastCaveat.EXPECTED_DENIALS,
    ForecastCaveat.NO_FORECAST,
    DangerCaveat.DANGEROUS_ATTEMPT,
    LineCaveat.TOO_MANY_RESOURCES,
    PermissionSetCaveat.PERMISSION_SET,
    PermissionSetCaveat.OTHER_ACCOUNT,
    RefusedCaveat.TOO_LARGE,
    RefusedCaveat.UNPROVEN,
    VerificationCaveat.VERIFICATION,
)
"""What matters most comes first."""

DETECTORS: Final[tuple[Callable[[CaveatInputs], Iterable[Caveat]], ...]] = (
    dangerous_use.find_unusual_use,
    *unpredictable.NAMED,
    *unknowns.UNKNOWN_GRANTS_AND_RECORDS,
    *short_logs.FEW_DAYS,
    coverage_holes.find_unseen_last_use,
    short_logs.find_other_regions,
    unpredictable.find_few_days,
    short_logs.find_rare_schedules,
    coverage_holes.find_unseen_attempts,
    forecasts.find_expected_denials,
    *unpredictable.NEXT_USE,
    unknowns.find_starred_names,
    dangerous_use.find_attempts,
    *lines.WIDE_AND_UNSEEN,
    unpredictable.find_scanners,
    lines.find_required_types,
)
"""The detectors of caveats about single principals, in the order of their results."""

_PLACES: Final = {kind: place for place, kind in enumerate(CAVEAT_KINDS)}


def order_of_kind(kind: CaveatKind) -> tuple[int, int]:
    """What stops a replacement altogether comes first, then what the kinds list first."""
    return kind.row.rank, _PLACES[kind]


def find_caveats(inputs: CaveatInputs) -> tuple[Caveat, ...]:
    """Every reason why a principal's replacement isn't called safe, each with who accepted it."""
    found = [caveat for detector in DETECTORS for caveat in detector(inputs)]
    return with_acceptance(found, inputs.ground.decisions, principal=inputs.principal.arn)


def doubt_of_caveats(caveats: Iterable[Caveat]) -> Doubt:
    """The doubt about every removal of a principal, from the caveats that weren't accepted."""
    doubts = {caveat.doubt for caveat in caveats if not caveat.accepted_by}
    return next((doubt for doubt in (Doubt.YOUNG, Doubt.LOGS) if doubt in doubts), Doubt.NONE)
