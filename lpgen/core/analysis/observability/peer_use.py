"""Use by similar principals: a principal that hasn't used an action yet may have had no occasion.

Deployers, workers and jobs come in kinds, and a rare action of one of a kind was used by another within the logs. Two
principals are peers where the same kind of caller may assume both, and they share a good part of the actions that
either used. One principal with a bad day must not teach others, so an action counts only where two peers used it with
success and without suspicion: a change only where the principal changes things regularly, and one of the worst only
where it takes back what the principal does. In backtests of the corpus these rules kept most of what was needed later
and an eighth of what wasn't.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

from lpgen.core.analysis.grants.trust import trusted_kinds
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.analysis.observability.rare_needs import inverses_of
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers, is_regular
from lpgen.core.evidence import Use
from lpgen.core.globs.match import has_wildcard
from lpgen.core.keeping import IntArray
from lpgen.core.model import READ_LEVELS, UNKNOWN_RESOURCE, Action, Outcome, Principal, Resource, ResourceKind
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.principal_usage import BeliefTest
from lpgen.core.usage.tables import Usage

_PEERS_USE_IT: Final = "{count:,} similar principals use it, such as {some}"
_NO_OCCASION: Final = "{peers}, and this one may have had no occasion"

SHARED: Final = 0.4
"""Peers share at least this part of the actions that either of them used."""

_LEAST_PEERS: Final = 2
_MOST_ASKED: Final = 64
"""Of hundreds of similar principals so many are asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """The actions that each principal used, as numbers in one array, those of a principal from its start to the next
    one's; and who of each kind of trust used an action."""

    _principals: PackedTexts
    _actions: tuple[Action, ...]
    _used: IntArray
    _starts: IntArray
    _users: dict[str, IntArray]

    def uses_beyond(
        self, principal: str, kinds: Iterable[str], own: Collection[Action]
    ) -> Mapping[Action, Sequence[str]]:
        """The actions beyond its own that several peers of a principal used, each with these peers."""
        found: dict[Action, list[str]] = defaultdict(list)
        for peer in self._peers(principal, kinds, own):
            (name,) = self._principals.between(peer, peer + 1)
            for action in self._actions_of(peer):
                if action not in own:
                    found[action].append(name)
        return {action: names for action, names in found.items() if len(names) >= _LEAST_PEERS}

    def _actions_of(self, peer: int) -> Iterator[Action]:
        return (self._actions[number] for number in self._used[self._starts[peer] : self._starts[peer + 1]])

    def _peers(self, principal: str, kinds: Iterable[str], own: Collection[Action]) -> Iterator[int]:
        """The numbers of the peers of a principal. Those that share its rarer actions are asked first."""
        lists = (self._users.get(f"{kind} {action}") for kind in kinds for action in sorted(own))
        asked: dict[int, None] = {}
        for users in sorted(filter(None, lists), key=len):
            asked.update(dict.fromkeys(users[: _MOST_ASKED - len(asked)]))
        itself = self._principals.place_of(principal) if principal in self._principals else -1
        for peer in sorted(asked.keys() - {itself}):
            count = self._starts[peer + 1] - self._starts[peer]
            shared = sum(map(own.__contains__, self._actions_of(peer)))
            if shared >= SHARED * (len(own) + count - shared):
                yield peer


def peers_from_actions(used: Iterable[tuple[str, Collection[str], Iterable[Action]]]) -> Peers:
    """The peers by the kinds of trust and the used actions of each principal; one may be named more than once."""
    kinds: dict[str, Collection[str]] = {}
    used_by: dict[str, set[Action]] = defaultdict(set)
    for principal, trusted, actions in used:
        kinds[principal] = trusted
        used_by[principal].update(actions)
    numbers: dict[Action, int] = {}
    users: dict[str, IntArray] = defaultdict(lambda: array("I"))
    principals, every, starts = sorted(used_by), array("I"), array("I", [0])
    for peer, principal in enumerate(principals):
        for action in sorted(used_by[principal]):
            every.append(numbers.setdefault(action, len(numbers)))
            for kind in kinds[principal]:
                users[f"{kind} {action}"].append(peer)
        starts.append(len(every))
    return Peers(pack_texts(principals), tuple(numbers), every, starts, dict(users))


NO_PEERS: Final = peers_from_actions(())


def peers_from_usage(usage: Usage, believed: BeliefTest, principals: Iterable[Principal]) -> Peers:
    """The peers by all rows of successful and unsuspected use that count."""
    kinds = {principal.arn: trusted_kinds(principal) for principal in principals}
    rows = (
        (principal, Action(action))
        for principal, principal_id, action, outcome, error, resource, example, day in table_rows(usage.table, _COLUMNS)
        if outcome == Outcome.ALLOWED and not error and kinds.get(principal)
        if believed(principal, principal_id, action, resource, example, day)
    )
    return peers_from_actions(
        (principal, kinds[principal], (action for _, action in run)) for principal, run in groupby(rows, itemgetter(0))
    )


_COLUMNS: Final = (
    "principal",
    "principal_id",
    "action",
    "outcome",
    "error_code",
    "resource",
    "example_resource",
    "day",
)


def peer_uses(observed: ObservedUse, peers: Peers, catalog: Catalog, dangers: Dangers) -> Iterator[MissedUse]:
    """The granted actions that several peers used, on the scopes that the principal's own use has where the action
    takes them."""
    believed = observed.usage.believed
    own, changes = frozenset(use.action for use in believed), _changes_regularly(believed, catalog)
    beyond = peers.uses_beyond(observed.usage.principal, trusted_kinds(observed.grants.principal), own)
    harmless = {action for action in beyond if not dangers.is_worst(action)}
    taken_back = {undo for action in own | harmless for undo in inverses_of(action)}
    for action, names in sorted(beyond.items()):
        is_fitting = changes or catalog.detail(action).level in READ_LEVELS
        is_taught = is_fitting and (action in harmless or action in taken_back)
        scopes = _scopes(action, observed, catalog) if is_taught else ()
        if scopes and (grants := observed.grants_of(action)):
            some = " and ".join(name.rpartition(":")[2] for name in names[:_LEAST_PEERS])
            who = _PEERS_USE_IT.format(count=len(names), some=some)
            yield MissedUse(action, MissReason.PEER_USE, _NO_OCCASION.format(peers=who), who, grants, scopes)


def _changes_regularly(uses: Iterable[Use], catalog: Catalog) -> bool:
    writes = (use for use in uses if use.is_done and catalog.detail(use.action).level not in READ_LEVELS)
    return is_regular({day for use in writes for day in use.on})


def _scopes(action: Action, observed: ObservedUse, catalog: Catalog) -> tuple[Resource, ...]:
    """The scopes of the lines of use that an action takes: none where it is on nothing that the principal uses."""
    if catalog.takes_no_resource(action):
        return (UNKNOWN_RESOURCE,)
    lines = [line for line in observed.lines.lines if not line.scope.not_resource and not line.suspected]
    scopes = {resource for line in lines for resource in line.scope.resources}
    return tuple(_resource(scope) for scope in sorted(scopes - {"*"}) if catalog.takes_resource(action, scope))


def _resource(pattern: str) -> Resource:
    return Resource(ResourceKind.FOLD if has_wildcard(pattern) else ResourceKind.ARN, pattern)
