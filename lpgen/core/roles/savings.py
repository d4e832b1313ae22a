"""The proposals for roles that save most. A review finds them from a sketch of each principal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final

from lpgen.core.catalog.danger import Dangers
from lpgen.core.findings import Saving, SavingKind
from lpgen.core.model import Principal
from lpgen.core.roles.candidates import Likeness
from lpgen.core.roles.merges import weigh_all
from lpgen.core.roles.needs import Need

_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Sketch:
    """What finding shared roles needs of a principal, here without its policies."""

    principal: Principal
    need: Need
    used: Need


def greatest_savings(
    own: Iterable[Saving], alike: Mapping[str, Likeness], load: Callable[[str], Sketch], dangers: Dangers
) -> tuple[Saving, ...]:
    """The three that save most. What they save can't be compared, so the first of each kind comes before any second.

    `own` are splits and users. `alike` says by ARN what others must have in common with a principal to share a role,
    and `load` gives its sketch.
    """
    merges = [
        Saving(SavingKind.MERGE, tuple(one.principal.arn for one in members), 1, len(members) - 1)
        for weighed in weigh_all(alike, load, dangers)
        for _, members in weighed.shared()
    ]
    found = sorted((*merges, *own), key=lambda saving: (-saving.saved, saving.principals))
    by_kind = ([saving for saving in found if saving.kind == kind] for kind in SavingKind)
    return tuple(filter(None, chain(*zip_longest(*by_kind))))[:_MOST]
