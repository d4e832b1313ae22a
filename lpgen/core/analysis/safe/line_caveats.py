"""Caveats about the lines of a replacement: names that may not stay the same, attempts, and too many resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from lpgen.core.analysis.observability.missed_uses import MissedUses
from lpgen.core.analysis.safe.caveats import attempt_caveats, overflow_caveats, peer_caveats, starred_name_caveats
from lpgen.core.findings import Verdicts
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage
from lpgen.core.model import Action
from lpgen.core.registry.caveats import Caveat
from lpgen.core.replacements import Line


def caveats_of_lines(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    lines: Sequence[Line],
    verdicts: Verdicts,
    missed: MissedUses,
    *,
    held: Collection[Action] = (),
) -> Iterable[Caveat]:
    """Every reason in the lines of a replacement, and in the verdicts behind them, not to call it safe.

    `held` are the actions without a line that policies left attached grant: whatever the logs show of these, they stay.
    """
    yield from starred_name_caveats(grants, usage, lines)
    yield from attempt_caveats(one for one in verdicts if one.action not in held)
    yield from peer_caveats(chain.from_iterable(missed.found.values()), {*held, *(line.action for line in lines)})
    yield from overflow_caveats(one for one in usage.uses if one.action not in held)
