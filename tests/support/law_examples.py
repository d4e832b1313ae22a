"""How many examples the laws are tried on.

`LAW_SHARE` is the share of the examples that a run tries: 1 is all, as `make test-all` does, and the default.
`make test` tries fewer.
"""

from __future__ import annotations

import os
from typing import Final

LAW_SHARE: Final = float(os.environ.get("LAW_SHARE", "1"))
_LEAST: Final = 5


def examples(whole: int) -> int:
    """The number of examples for a law that a whole run tries on this many: at least 5, if the law has so many."""
    return max(min(whole, _LEAST), round(whole * LAW_SHARE))
