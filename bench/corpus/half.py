"""Which kinds may be looked at while something is tuned, and which are held back until it is judged.

The rule: the kinds declared in the folder `kinds/held_back/` are held back, and all others may be tuned on. Each half
has half of the principals, as many of each of its kinds as of any other.

People who tune read neither that folder nor results on its kinds, except for totals. Once kinds have been looked at
they can't judge any longer: move their modules to `kinds/`, and let somebody who hasn't seen the rules to be judged
write new ones.
"""

from __future__ import annotations

from typing import Final

from bench.corpus.kinds import CREWS, INTRUDED, JUDGED, KINDS, held_back
from bench.corpus.profile import Kind

TUNED: Final = "tuned"
HELD_BACK: Final = "held-back"


def half_of(kind: str) -> str:
    """The half that a kind belongs to."""
    declared = CREWS[kind] if kind in CREWS else (KINDS | JUDGED | INTRUDED)[kind].draw
    return HELD_BACK if declared.__module__.startswith(f"{held_back.__name__}.") else TUNED


HALVES: Final[dict[str, list[Kind]]] = {
    half: [kind for name, kind in KINDS.items() if half_of(name) == half] for half in (TUNED, HELD_BACK)
}
"""The kinds of each half, sorted by name, without the judged ones."""
