"""Caveats about the lines of a replacement: names that may not stay the same, attempts, and too many resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from lpgen.core.analysis.observability.missed_uses import MissedUses
from lpgen.core.analysis.safe.caveats import (
    attempt_caveats,
    overflow_caveats,
    peer_caveats,
    starred_name_caveats,
    unseen_under_star_caveats,
)
from lpgen.core.findings import Verdicts
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage
from lpgen.core.registry.caveats import Caveat
from lpgen.core.replacements import Line


def caveats_of_lines(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    lines: Sequence[Line],
    verdicts: Verdicts,
    missed: MissedUses,
    *,
    left: Collection[str] = (),
) -> Iterable[Caveat]:
    """Every reason in the lines of a replacement, and in the verdicts behind them, not to call it safe.

    `left` are the ARNs of policies that stay attached. Whatever the logs show of an action without a line that these
    grant, it stays.
    """
    kept = {line.action for line in lines}
    held = verdicts.granted_by(left) - kept
    yield from starred_name_caveats(grants, usage, lines)
    yield from attempt_caveats(verdicts, held)
    yield from peer_caveats(chain.from_iterable(missed.found.values()), held | kept)
    yield from overflow_caveats(one for one in usage.uses if one.action not in held)
    yield from unseen_under_star_caveats(grants, verdicts, missed, held | kept)
