"""Reach: on how many resources of other principals a principal could use the actions that it uses on its own resources.

A policy with wide scopes lets an intruder move from one application's data to another's. A place is an action on a
resource. The places of other principals of the account with the same actions are a sample of what an intruder would
find.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.granting import NOTHING, Granting
from lpgen.core.analysis.scopes.scopes import is_worth_pinning
from lpgen.core.arns import account_in_arn
from lpgen.core.backtests import NO_REACH, Reach
from lpgen.core.evidence import Grant, Use
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resource_contains, resources_intersect
from lpgen.core.model import CURRENT_VERSION, Action, Outcome, ResourceKind
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.core.replacements import Line, Scope
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.tables import Usage

_MOST_PLACES: Final = 8
"""The most resources in the sample for one action of an account."""

_NAMED: Final = (ResourceKind.ARN.value, ResourceKind.FOLD.value)
_COLUMNS: Final = ("principal", "action", "resource", "resource_kind", "outcome")


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """A sample of the resources that an account's principals use with each action. It doesn't depend on the order."""

    _found: PackedTexts

    def of(self, account: str, action: Action) -> Sequence[str]:
        """The resources, sorted."""
        start = f"{account} {action} "
        first, last = self._found.place_of(start), self._found.place_of(f"{start}\U0010ffff")
        return tuple(name.removeprefix(start) for name in self._found.between(first, last))


def places_from_resources(used: Iterable[tuple[str, str, str]]) -> Places:
    """The places of accounts, actions and resources, in any order and with repetitions."""
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for account, action, resource in used:
        known = found[account, action]
        if resource in known:
            continue
        known[resource] = zlib.crc32(resource.encode())
        if len(known) > _MOST_PLACES:
            del known[max(known, key=lambda name: (known[name], name))]
    return Places(
        pack_texts(sorted(" ".join((*key, resource)) for key, resources in found.items() for resource in resources))
    )


NO_PLACES: Final = places_from_resources(())


def places_from_usage(usage: Usage) -> Places:
    """The places of all uses that succeeded."""
    return places_from_resources(
        (account_in_arn(principal), action, resource)
        for principal, action, resource, kind, outcome in table_rows(usage.table, _COLUMNS)
        if kind in _NAMED and outcome == Outcome.ALLOWED
    )


def reach_of_lines(
    places: Places,
    account: str,
    uses: Iterable[Use],
    granting: Mapping[Action, Granting],
    lines: Iterable[Line],
    left: Collection[str] = (),
) -> Reach:
    """The number of places of others that the principal's policies allow, and the number that its lines allow together
    with the policies `left` attached, given by their ARNs. Conditions are ignored: a place that a condition may deny is
    within reach.
    """
    kept: dict[Action, list[Scope]] = defaultdict(list)
    for line in lines:
        kept[line.action].append(line.scope)
    found = NO_REACH
    for action, place in places_of_others(places, account, uses):
        met = [grant.ref for grant in granting.get(action, NOTHING).grants if _meets(_scope_of(grant), place)]
        old = bool(met)
        new = any(_meets(scope, place) for scope in kept[action]) or any(ref.policy in left for ref in met)
        pinned = is_worth_pinning(place)
        found += Reach(1, old, new, pinned, pinned and old, pinned and new)
    return found


def places_of_others(places: Places, account: str, uses: Iterable[Use]) -> Iterator[tuple[Action, str]]:
    """The places that a principal of an account didn't use, for the actions of these uses."""
    own: dict[Action, set[str]] = defaultdict(set)
    for use in uses:
        if use.outcome is Outcome.ALLOWED:
            own[use.action].add(use.resource.text)
    for action, mine in sorted(own.items()):
        yield from ((action, place) for place in places.of(account, action) if place not in mine)


def _scope_of(grant: Grant) -> Scope:
    return Scope(grant.statement.resources, grant.statement.not_resource)


def _meets(scope: Scope, place: str) -> bool:
    if scope.not_resource:
        return not any(resource_contains(resource, place) for resource in scope.resources)
    return any(resources_intersect(as_glob(resource, CURRENT_VERSION), place) for resource in scope.resources)
