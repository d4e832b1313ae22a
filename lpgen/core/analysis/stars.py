"""Wildcards: the actions that each wildcard of a current policy gained since a day, as AWS added actions.

A first-seen date is the date of a release of the catalog's sources: an action came after the previous release and by
that date. Actions of the oldest release are as old or older, by an unknown time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lpgen.core.analysis.grants.wildcards import each_wildcard
from lpgen.core.analysis.verdicts.danger import Dangers
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage
from lpgen.core.model import AccessLevel, Action, ActionPattern, Outcome
from lpgen.core.options import is_chosen
from lpgen.core.stars import GainedAction, StarGrowth, Stars, StarTotals
from lpgen.core.usage.event_time import day_before
from lpgen.errors import InvocationError, quote_input

DEFAULT_SINCE: Final = "12m"

_AGE: Final = re.compile(r"([0-9]{1,5})([md])", re.ASCII)


def since_from_text(text: str, catalog_date: str) -> date:
    """The day that `2026-01-31`, `12m` or `365d` means; ages count back from the catalog's date.

    Raises:
        InvocationError: there is no such day, or it isn't before the catalog's date.
    """
    end = date.fromisoformat(catalog_date)
    age = _AGE.fullmatch(text)
    try:
        since = day_before(end, int(age[1]), age[2]) if age else date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvocationError(
            f"{quote_input(text)} is no day to count from", hint="write 2026-01-31, 12m or 365d"
        ) from error
    if since >= end:
        raise InvocationError(
            f"`--since {text}` is not before the catalog's date, {catalog_date}",
            hint="nothing can have come since; `lpgen catalog update` gets a newer catalog",
        )
    return since


def grow_stars(
    grants: Iterable[PrincipalGrants],
    usages: Mapping[str, PrincipalUsage] | None,
    catalog: Catalog,
    *,
    since: date,
    principal: str = "",
) -> Stars:
    """The actions that each wildcard of an Allow gained after a day; Denies gain too, but take rights away and don't
    count.

    Only granted actions count as gained. `usages` None means that use is unknown; `principal` is a glob.
    """
    chosen = [one for one in grants if is_chosen(one.principal, principal)]
    releases = _Releases(catalog)
    newer = releases.newer(since)
    stars: dict[tuple[str, ...], _Star] = {}
    for one in chosen:
        used = _used(usages.get(one.principal.arn)) if usages else frozenset[Action]()
        new = one.granted() & newer
        for grant, pattern, actions in each_wildcard(one.allows, catalog):
            star = stars.setdefault(star_key(one, grant, pattern), _Star(grant, pattern, owner_of(one, grant), actions))
            star.add(one, actions & newer, actions & new, used)
    gained = _Describer(catalog, releases, counts_use=usages is not None).gained
    after, until = releases.doubt(since)
    return Stars(
        since,
        catalog.date,
        catalog.version,
        releases.oldest,
        after,
        until,
        len(chosen),
        _totals(stars.values(), catalog, counts_use=usages is not None, undated=releases.undated(since)),
        tuple(sorted((_growth(star, gained) for star in stars.values() if star.gained), key=_order)),
    )


def _growth(star: _Star, gained: Callable[[Action, frozenset[Action]], GainedAction]) -> StarGrowth:
    return StarGrowth(
        star.grant.ref,
        star.owner,
        star.pattern,
        star.grant.statement.not_action,
        len(star.actions),
        tuple(gained(action, star.used) for action in sorted(star.gained)),
        len(star.inherited - star.gained),
        tuple(sorted(star.got)),
    )


def _order(star: StarGrowth) -> tuple[object, ...]:
    return tuple(-one for one in star.weight), star.ref, star.owner, star.pattern


@dataclass(slots=True)
class _Star:
    """One wildcard while its holders are gathered: what each of them `got`, and which of that it `used`."""

    grant: Grant
    pattern: ActionPattern
    owner: str
    actions: frozenset[Action]
    inherited: frozenset[Action] = frozenset()
    got: dict[str, frozenset[Action]] = field(default_factory=dict)
    used_by: dict[str, frozenset[Action]] = field(default_factory=dict)

    def add(
        self, holder: PrincipalGrants, inherited: frozenset[Action], got: frozenset[Action], used: frozenset[Action]
    ) -> None:
        """Adds a holder with the new actions that the pattern matches, and those of them that it is granted."""
        self.inherited |= inherited
        if got:
            self.got[holder.principal.arn] = got
            self.used_by[holder.principal.arn] = got & used

    @property
    def gained(self) -> frozenset[Action]:
        """The actions that any holder gained."""
        return frozenset().union(*self.got.values())

    @property
    def used(self) -> frozenset[Action]:
        """The gained actions that any holder used."""
        return frozenset().union(*self.used_by.values())


@dataclass(frozen=True, slots=True)
class _Describer:
    """Describes gained actions with facts from the catalog."""

    catalog: Catalog
    releases: _Releases
    counts_use: bool

    def gained(self, action: Action, used: frozenset[Action]) -> GainedAction:
        """One gained action."""
        detail = self.catalog.detail(action)
        danger = Dangers(self.catalog).sentence(action)
        after = self.releases.before(detail.first_seen)
        seen = action in used if self.counts_use else None
        return GainedAction(action, detail.level, detail.first_seen, after, seen, danger)


def owner_of(grants: PrincipalGrants, grant: Grant) -> str:
    """The principal in whose inline policy a grant is, "" where it is a managed policy or a group's."""
    ref = grant.ref
    return "" if ref.group or ref.policy.startswith("arn:") else grants.principal.arn


def star_key(grants: PrincipalGrants, grant: Grant, pattern: ActionPattern) -> tuple[str, ...]:
    """The key that two equal wildcards of two principals share: the statement of a managed policy, or of a group's."""
    ref = grant.ref
    account = "" if ref.policy.startswith("arn:") else grants.principal.account
    group = "" if ref.policy.startswith("arn:") else ref.group
    return ref.policy, account, group, owner_of(grants, grant), str(ref.index), pattern


def _used(usage: PrincipalUsage | None) -> frozenset[Action]:
    uses = usage.uses if usage else ()
    return frozenset(use.action for use in uses if use.outcome is Outcome.ALLOWED)


def _totals(stars: Iterable[_Star], catalog: Catalog, *, counts_use: bool, undated: frozenset[Action]) -> StarTotals:
    listed = tuple(stars)
    got: dict[str, set[Action]] = defaultdict(set)
    used: dict[str, set[Action]] = defaultdict(set)
    for star in listed:
        for principal, actions in star.got.items():
            got[principal] |= actions
            used[principal] |= star.used_by[principal]
    levels = Counter(catalog.detail(action).level for actions in got.values() for action in actions)
    return StarTotals(
        principals=len(got),
        wildcards=len(listed),
        grants=levels.total(),
        actions=len(set().union(*got.values())),
        used=sum(map(len, used.values())) if counts_use else None,
        levels={level: levels[level] for level in AccessLevel if levels[level]},
        undated=len(undated & frozenset[Action]().union(*(star.actions for star in listed))),
    )


class _Releases:
    """The dates of the releases that brought actions, as far as the catalog has them."""

    def __init__(self, catalog: Catalog) -> None:
        self.oldest = catalog.manifest.oldest_release
        self._seen = {action: catalog.detail(action).first_seen for action in catalog.actions()}
        self._dates: Sequence[str] = sorted({*self._seen.values(), self.oldest})

    def newer(self, since: date) -> frozenset[Action]:
        """The actions that were first seen after a day; never those of unknown age."""
        start = max(since.isoformat(), self.oldest)
        return frozenset(action for action, seen in self._seen.items() if seen > start)

    def undated(self, since: date) -> frozenset[Action]:
        """The actions that may have come after a day or before it, since the dates don't reach back to it."""
        if since.isoformat() >= self.oldest:
            return frozenset()
        return frozenset(action for action, seen in self._seen.items() if seen <= self.oldest)

    def before(self, first_seen: str) -> str:
        """The release before the one of a date: what was first seen on the date is younger than that one."""
        at = bisect_left(self._dates, first_seen)
        return self._dates[at - 1] if at else ""

    def doubt(self, since: date) -> tuple[str, str]:
        """The two releases around a day, the earlier first; "" where the day is one of a release, or outside."""
        day = since.isoformat()
        at = bisect_left(self._dates, day)
        inside = 0 < at < len(self._dates) and self._dates[at] != day
        return (self._dates[at - 1], self._dates[at]) if inside else ("", "")
