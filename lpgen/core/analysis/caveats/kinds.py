"""All kinds of caveats in their order, and all detectors, which find what caveats a principal has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lpgen.core.analysis.caveats import (
    coverage_holes,
    dangerous_use,
    forecasts,
    lines,
    permission_sets,
    refused,
    short_logs,
    unknowns,
    unpredictable,
)
from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.decisions import with_acceptance
from lpgen.core.registry.row import Caveat, CaveatKind, Doubt
from lpgen.core.replacements import VerificationCaveat

CAVEAT_KINDS: Final[tuple[CaveatKind, ...]] = (
    dangerous_use.DangerCaveat.UNUSUAL_USE,
    unknowns.UnknownCaveat.UNMAPPED_EVENT,
    unknowns.UnknownCaveat.UNKNOWN_PATTERN,
    unknowns.UnknownCaveat.GRANTS_UNKNOWN,
    short_logs.ShortLogsCaveat.SHORT_COVERAGE,
    short_logs.ShortLogsCaveat.INCOMPLETE_LOGS,
    short_logs.ShortLogsCaveat.YOUNG,
    short_logs.ShortLogsCaveat.RARE_SCHEDULE,
    coverage_holes.HoleCaveat.COVERAGE_HOLE,
    unknowns.UnknownCaveat.RECREATED,
    lines.LineCaveat.REQUIRED_TYPE,
    unknowns.UnknownCaveat.UNEXPLAINED_USE,
    unpredictable.UnpredictableCaveat.UNPREDICTABLE,
    lines.LineCaveat.UNSEEN_UNDER_STAR,
    lines.LineCaveat.UNSEEN_NAMED,
    forecasts.ForecastCaveat.EXPECTED_DENIALS,
    forecasts.ForecastCaveat.NO_FORECAST,
    dangerous_use.DangerCaveat.DANGEROUS_ATTEMPT,
    lines.LineCaveat.TOO_MANY_RESOURCES,
    permission_sets.PermissionSetCaveat.PERMISSION_SET,
    permission_sets.PermissionSetCaveat.OTHER_ACCOUNT,
    refused.RefusedCaveat.TOO_LARGE,
    refused.RefusedCaveat.UNPROVEN,
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
