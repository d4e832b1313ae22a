"""Used actions that a principal could no longer undo: teardowns and rollbacks are rarer than the actions they undo, so
the days of the logs may show none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from lpgen.core.findings import UNSEEN, Verdict, Verdicts
from lpgen.core.model import Action

# Verbs that AWS pairs: the rest of the name is the same in both actions. `Put` and `Start` are left out: a caller that
# writes objects or starts jobs rarely means to take them away.
_OPPOSITES: Final = (
    ("Create", "Delete"),
    ("Run", "Terminate"),
    ("Import", "Delete"),
    ("Allocate", "Release"),
    ("Attach", "Detach"),
    ("Associate", "Disassociate"),
    ("Add", "Remove"),
    ("Register", "Deregister"),
    ("Enable", "Disable"),
    ("Authorize", "Revoke"),
    ("Subscribe", "Unsubscribe"),
)

_TO: Final = re.compile(r"To(?=[A-Z])")  # AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile


@dataclass(frozen=True, slots=True)
class Undoing:
    """An action that was used and is kept, and its inverse, which was granted but not seen and is removed."""

    action: Action
    undone_by: Action


def lost_undoings(verdicts: Verdicts, staying: Collection[Action]) -> tuple[Undoing, ...]:
    """Used actions that could no longer be undone with a replacement of these actions, sorted."""
    used: list[Action] = []
    going: set[Action] = set()
    for action, judgement in verdicts.judged():
        if judgement.verdict is Verdict.USED and action in staying:
            used.append(action)
        elif judgement.verdict in UNSEEN and action not in staying:
            going.add(action)
    pairs = (Undoing(action, undo) for action in used for undo in undone_by(action) if undo in going)
    return tuple(sorted(pairs, key=lambda one: (one.action, one.undone_by)))


def undone_by(action: Action) -> Iterable[Action]:
    """The names that the action that takes back another one may have; not all are actions."""
    service, _, operation = action.partition(":")
    for verb, opposite in _OPPOSITES:
        if operation.startswith(verb):
            what = operation.removeprefix(verb)
            yield from (Action(f"{service}:{opposite}{one}") for one in {what, _TO.sub("From", what, count=1)})
