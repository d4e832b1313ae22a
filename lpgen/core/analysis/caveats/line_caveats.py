"""Caveats about the lines of a replacement: names that may change, attempts, and too many resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from lpgen.core.analysis.caveats.caveats import (
    attempt_caveats,
    overflow_caveats,
    starred_name_caveats,
    unseen_caveats,
)
from lpgen.core.analysis.caveats.required_types import required_type_caveats
from lpgen.core.analysis.observability.missed_use_finder import MissedUses
from lpgen.core.analysis.verdicts.scanners import scanner_caveats
from lpgen.core.analysis.verdicts.verdicts import Judge, SeenActions
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.model import Action
from lpgen.core.registry.caveats import Caveat
from lpgen.core.replacements import Decision, Line


def caveats_of_lines(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    lines: Sequence[Line],
    seen: SeenActions,
    missed: MissedUses,
    judge: Judge,
    *,
    left: Collection[Action],
    scanned: int,
    decisions: Sequence[Decision],
) -> Iterable[Caveat]:
    """Every reason in the lines of a replacement, and in what it leaves out, not to call it safe.

    `left` are the actions that policies left attached grant. Such an action without a line is kept whatever the logs
    show. `scanned` is in how many services the principal reads as a scanner does.
    """
    catalog, calls = judge.finder.catalog, judge.finder.observability.calls
    kept = {line.action for line in lines}
    held = frozenset(left) - kept
    granted = grants.granted()
    yield from starred_name_caveats(grants, granted, usage, judge.finder)
    yield from attempt_caveats(usage.uses, lines, judge.finder.dangers)
    yield from overflow_caveats(one for one in usage.uses if one.action not in held)
    if held or kept:
        yield from unseen_caveats(grants, missed, granted - held - kept, decisions, judge.finder)
    yield from scanner_caveats(scanned, grants, lines, catalog)
    yield from required_type_caveats(seen, lines, missed.observed.granting, catalog, calls)
