"""Use by similar principals: a principal that hasn't used an action yet may have had no occasion.

Deployers, workers and jobs come in kinds, and a rare action of one of a kind was used by another within the logs. Two
principals are peers where they share a good part of the actions that either used.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final

from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.analysis.verdicts.danger import Dangers, Habit, is_regular
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.match import has_wildcard
from lpgen.core.keeping import IntArray
from lpgen.core.model import UNKNOWN_RESOURCE, Action, Outcome, Resource, ResourceKind
from lpgen.core.packed_texts import PackedTexts
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.principal_usage import RowTest
from lpgen.core.usage.tables import Usage

SHARED: Final = 0.3
"""Peers share at least this part of the actions that either of them used."""

_COLUMNS: Final = ("principal", "principal_id", "action", "outcome", "example_resource", "day")


class Peers:
    """The actions that each principal used, and which principals used each action, as arrays of numbers."""

    _principals: PackedTexts
    _habits: dict[int, frozenset[Habit]]
    _actions: tuple[Action, ...]
    _used: IntArray
    _starts: IntArray
    _users: dict[Action, IntArray]

    def __init__(self, used: Iterable[tuple[str, Iterable[Action], Collection[Habit]]]) -> None:
        """`used` has for each principal its used actions and its habits, the dangerous and regular ones among them. It
        may name a principal more than once."""
        numbers: dict[Action, int] = {}
        held: dict[str, IntArray] = {}
        regular: dict[str, frozenset[Habit]] = {}
        for principal, actions, habits in used:
            found = {numbers.setdefault(action, len(numbers)) for action in actions}
            held[principal] = array("I", sorted(found.union(held.get(principal, ()))))
            if habits:
                regular[principal] = regular.get(principal, frozenset[Habit]()).union(habits)
        principals = sorted(held)
        alike: dict[frozenset[Habit], frozenset[Habit]] = {}
        self._principals = PackedTexts(principals)
        self._habits = {
            number: alike.setdefault(regular[one], regular[one])
            for number, one in enumerate(principals)
            if one in regular
        }
        self._actions = tuple(numbers)
        # One array for the actions of all, those of a principal from its start to the next one's.
        self._used, self._starts = array("I"), array("I", [0])
        self._users = {action: array("I") for action in numbers}
        for peer, principal in enumerate(principals):
            self._used.extend(held[principal])
            self._starts.append(len(self._used))
            for number in held[principal]:
                self._users[self._actions[number]].append(peer)

    def uses_beyond(self, principal: str, own: frozenset[Action]) -> Mapping[Action, int]:
        """The actions beyond its own that the peers of a principal used, each with the number of these peers."""
        used: Counter[int] = Counter()
        for number in self._peers(principal, own):
            used.update(self._used[self._starts[number] : self._starts[number + 1]])
        beyond = ((self._actions[number], count) for number, count in used.items())
        return {action: count for action, count in beyond if action not in own}

    def habits(self, principal: str, own: frozenset[Action]) -> frozenset[Habit]:
        """The dangerous things that any of the peers of a principal does regularly."""
        peers = self._peers(principal, own) if self._habits else ()
        return frozenset(habit for number in peers for habit in self._habits.get(number, ()))

    def _peers(self, principal: str, own: frozenset[Action]) -> Iterator[int]:
        """The numbers of the peers of a principal that used these actions."""
        shared = Counter(number for action in own for number in self._users.get(action, ()))
        if principal in self._principals:
            del shared[self._principals.place_of(principal)]
        for number, count in shared.items():
            actions = self._starts[number + 1] - self._starts[number]
            if count >= SHARED * (len(own) + actions - count):
                yield number


NO_PEERS: Final = Peers(())


def peers_from_usage(usage: Usage, row_counts: RowTest, dangers: Dangers) -> Peers:
    """The peers by all rows that count and weren't denied."""
    rows = (
        (principal, Action(action), day)
        for principal, principal_id, action, outcome, example, day in table_rows(usage.table, _COLUMNS)
        if outcome != Outcome.DENIED and row_counts(principal, principal_id, action, example, str(day))
    )
    return Peers((principal, *_actions_and_habits(run, dangers)) for principal, run in groupby(rows, itemgetter(0)))


def _actions_and_habits(
    rows: Iterable[tuple[str, Action, date | None]], dangers: Dangers
) -> tuple[frozenset[Action], frozenset[Habit]]:
    """The actions that a principal used by these rows, and the habits among them."""
    actions: set[Action] = set()
    days: dict[Habit, set[date]] = defaultdict(set)
    for _, action, day in rows:
        actions.add(action)
        if day and (habit := dangers.habit(action)):
            days[habit].add(day)
    return frozenset(actions), frozenset(habit for habit, on in days.items() if is_regular(on))


def peer_uses(observed: ObservedUse, peers: Peers, catalog: Catalog, dangers: Dangers) -> Iterator[MissedUse]:
    """The granted actions that peers used, on the scopes that the principal's own use has where the action takes them.

    A dangerous action has no grants: a right isn't kept because somebody else has used it.
    """
    own = frozenset(use.action for use in observed.usage.uses if use.outcome is not Outcome.DENIED)
    for action, count in sorted(peers.uses_beyond(observed.usage.principal, own).items()):
        if grants := observed.grants_of(action):
            who = "a similar principal uses it" if count == 1 else f"{count:,} similar principals use it"
            why = f"{who}, and this one may have had no occasion"
            kept = () if dangers.sentence(action) else grants
            yield MissedUse(action, MissReason.PEER_USE, why, who, kept, _scopes(action, observed, catalog))


def _scopes(action: Action, observed: ObservedUse, catalog: Catalog) -> tuple[Resource, ...]:
    """The scopes of the lines of use that an action takes, or UNKNOWN, which means all that the grants name."""
    scopes = {one for line in observed.lines.lines if not line.scope.not_resource for one in line.scope.resources}
    taken = sorted(one for one in scopes - {"*"} if catalog.takes_resource(action, one))
    if not taken or catalog.takes_no_resource(action):
        return (UNKNOWN_RESOURCE,)
    return tuple(_resource(one) for one in taken)


def _resource(pattern: str) -> Resource:
    return Resource(ResourceKind.FOLD if has_wildcard(pattern) else ResourceKind.ARN, pattern)
