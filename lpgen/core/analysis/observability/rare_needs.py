"""Actions that are needed too rarely for the logs: by services that use a role, to undo other actions, and by a
principal whose peers use them.

A service may make a call with a role once a year: at an upgrade, a restore, a failure, or during setup. The only
sources for such calls are AWS's managed policies for service roles, and the pages of services that run their customers'
code. Deletions and rollbacks are rarer than the actions they undo.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html

Many principals do the same kind of work, so another one has used a rare action within the logs. Two principals are
peers if the same kind of caller may assume both, and they share a large part of the actions that either used. One
principal must not teach others a mistake, so an action counts only if two peers used it successfully and without
suspicion. A change counts only if the principal makes changes regularly, and one of the worst actions only if it undoes
what the principal does. In backtests of the corpus, these rules kept most of the actions that were needed later, and an
eighth of those that weren't.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.granting import named_actions
from lpgen.core.analysis.grants.trust import trusted_kinds, trusted_services
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.analysis.observability.signs_of_use import SignsOfUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.catalog.danger import Dangers, is_regular
from lpgen.core.evidence import Grant, PrincipalGrants, Use
from lpgen.core.findings import UNSEEN, Verdict, Verdicts
from lpgen.core.globs.match import has_wildcard
from lpgen.core.keeping import IntArray
from lpgen.core.model import (
    READ_LEVELS,
    UNKNOWN_RESOURCE,
    Action,
    Outcome,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
)
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.principal_usage import BeliefTest
from lpgen.core.usage.tables import Usage

# ---------------------------------------------------------------- inverse actions

# Pairs of AWS verbs: the rest of the name is the same in both actions. `Put` and `Start` are missing because a caller
# that writes objects or starts jobs rarely needs to remove them.
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
class LostInverse:
    """A used action that is kept, and its inverse, which was granted but not seen and is removed."""

    action: Action
    undone_by: Action


def lost_inverses(verdicts: Verdicts, staying: Collection[Action]) -> tuple[LostInverse, ...]:
    """The used actions that a replacement with these actions could no longer undo, sorted."""
    used: list[Action] = []
    going: set[Action] = set()
    for action, judgement in verdicts.judged():
        if judgement.verdict is Verdict.USED and action in staying:
            used.append(action)
        elif judgement.verdict in UNSEEN and action not in staying:
            going.add(action)
    pairs = (LostInverse(action, undo) for action in used for undo in _inverses_of(action) if undo in going)
    return tuple(sorted(pairs, key=lambda pair: (pair.action, pair.undone_by)))


def _inverses_of(action: Action) -> Iterable[Action]:
    """The possible names of the inverse of an action. Not all of them are actions."""
    service, _, operation = action.partition(":")
    for verb, opposite in _OPPOSITES:
        if operation.startswith(verb):
            what = operation.removeprefix(verb)
            yield from (Action(f"{service}:{opposite}{rest}") for rest in {what, _TO.sub("From", what, count=1)})


# ---------------------------------------------------------------- needs of services

_DEPLOYERS: Final = frozenset({"cloudformation.amazonaws.com", "servicecatalog.amazonaws.com"})
"""The services that deploy stacks with a role, and delete with it what failed or is no longer wanted.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html and
https://docs.aws.amazon.com/servicecatalog/latest/adminguide/constraints-launch.html"""

_NAMED_BY_AWS: Final = "AWS's policy for such roles names it ({statement})"
_ROLLBACK: Final = "a rollback or the deletion of a stack removes what the role created"
_MORE_SELDOM: Final = "the service may need it too rarely for the logs"


class _RareNeed(msgspec.Struct, frozen=True):
    trusts: frozenset[str]
    actions: frozenset[Action]
    why: str
    source: str
    shown_by: frozenset[Action] = frozenset()


_Need = tuple[str, tuple[Grant, ...]]
"""Why a service may need an action though no record shows it, and the statements of AWS's policies that name it."""


class RareServiceNeeds:
    """The needs in the services' pages, by trusted service. Each row of the table cites its page."""

    def __init__(self, source: CatalogSource) -> None:
        self._rows = read_catalog_table(source, "service_demands", list[_RareNeed])

    def missed_uses(self, observed: ObservedUse, signs: SignsOfUse) -> Iterator[MissedUse]:
        """The granted actions that services may have needed with a role.

        If a policy of AWS names an action, that is the sign of use, and its statements are the scope.
        """
        used = {line.action for line in observed.lines.lines}
        for action, (why, of_aws) in self.of(observed.grants, used).items():
            if grants := of_aws or observed.grants_of(action):
                named = _NAMED_BY_AWS.format(statement=grants[0].ref) if of_aws else ""
                yield MissedUse(action, MissReason.RARE_SERVICE_NEED, why, named or signs.of(action), grants)

    def of(self, grants: PrincipalGrants, used: Collection[Action]) -> Mapping[Action, _Need]:
        """The needs of a role by action; users have none. `used` are the actions that it was seen to use."""
        principal = grants.principal
        if principal.kind is not PrincipalKind.ROLE:
            return {}
        trusted = trusted_services(principal)
        found: dict[Action, _Need] = {
            action: (row.why, ())
            for row in self._rows
            if trusted & row.trusts and (not row.shown_by or not row.shown_by.isdisjoint(used))
            for action in row.actions
        }
        if trusted & _DEPLOYERS:
            found.update((undo, (_ROLLBACK, ())) for action in used for undo in _inverses_of(action))
        return {**found, **_needs_of_policies(grants.allows)}


def _needs_of_policies(allows: Iterable[Grant]) -> Mapping[Action, _Need]:
    """The actions that AWS's policies for service roles name individually.

    A wildcard isn't a reason to keep an action.
    """
    found: dict[Action, list[Grant]] = {}
    for grant in allows:
        if is_service_policy(grant.ref.policy):
            named = named_actions(grant)
            for action in grant.actions:
                if action.lower() in named:
                    found.setdefault(action, []).append(grant)
    return {action: (_MORE_SELDOM, tuple(grants)) for action, grants in found.items()}


# ---------------------------------------------------------------- use by similar principals


SHARED: Final = 0.4
"""Peers share at least this share of the actions that either of them used."""

_LEAST_PEERS: Final = 2
_MOST_ASKED: Final = 64
"""Compare at most this many similar principals."""


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """The actions that each principal used, and the principals of each kind of trust that used an action.

    Actions are numbers in one array: those of a principal are between its start and the next start."""

    _principals: PackedTexts
    _actions: tuple[Action, ...]
    _used: IntArray
    _starts: IntArray
    _users: dict[str, IntArray]

    def uses_beyond(
        self, principal: str, kinds: Iterable[str], own: Collection[Action]
    ) -> Mapping[Action, Sequence[str]]:
        """The actions that several peers of a principal used and it didn't, each with these peers."""
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
        """The numbers of the peers of a principal. Principals that share its rarer actions are compared first."""
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
    """The peers by the kinds of trust and the used actions of each principal. A principal may occur more than once."""
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
    """The peers by all counted rows of successful and unsuspected use."""
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
    *("principal", "principal_id", "action", "outcome"),
    *("error_code", "resource", "example_resource", "day"),
)


_PEERS_USE: Final = "{peers:,} similar principals use it, such as {some}"
_PEERS_NEED: Final = "{peers_use}, and this principal may not have needed it yet"


def peer_uses(observed: ObservedUse, peers: Peers, catalog: Catalog, dangers: Dangers) -> Iterator[MissedUse]:
    """The granted actions that several peers used, on the scopes of the principal's own use that the action takes."""
    believed = observed.believed
    own, changes = frozenset(use.action for use in believed), _changes_regularly(believed, catalog)
    beyond = peers.uses_beyond(observed.usage.principal, trusted_kinds(observed.grants.principal), own)
    harmless = {action for action in beyond if not dangers.is_worst(action)}
    taken_back = {undo for action in own | harmless for undo in _inverses_of(action)}
    for action, names in sorted(beyond.items()):
        is_fitting = changes or catalog.detail(action).level in READ_LEVELS
        is_taught = is_fitting and (action in harmless or action in taken_back)
        scopes = _scopes(action, observed, catalog) if is_taught else ()
        if scopes and (grants := observed.grants_of(action)):
            some = " and ".join(name.rpartition(":")[2] for name in names[:_LEAST_PEERS])
            who = _PEERS_USE.format(peers=len(names), some=some)
            why = _PEERS_NEED.format(peers_use=who)
            yield MissedUse(action, MissReason.PEER_USE, why, who, grants, scopes)


def _changes_regularly(uses: Iterable[Use], catalog: Catalog) -> bool:
    writes = (use for use in uses if use.is_done and catalog.detail(use.action).level not in READ_LEVELS)
    return is_regular({day for use in writes for day in use.on})


def _scopes(action: Action, observed: ObservedUse, catalog: Catalog) -> tuple[Resource, ...]:
    """The scopes of lines of use that an action takes, empty if it takes none of the principal's resources."""
    if catalog.takes_no_resource(action):
        return (UNKNOWN_RESOURCE,)
    lines = [line for line in observed.lines.lines if not line.scope.not_resource and not line.suspected]
    scopes = {resource for line in lines for resource in line.scope.resources}
    return tuple(_resource(scope) for scope in sorted(scopes - {"*"}) if catalog.takes_resource(action, scope))


def _resource(pattern: str) -> Resource:
    return Resource(ResourceKind.FOLD if has_wildcard(pattern) else ResourceKind.ARN, pattern)
