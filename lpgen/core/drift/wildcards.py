"""Wildcards that are new, and what the old ones gained because AWS added actions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from lpgen.core.analysis.grants.wildcards import each_wildcard
from lpgen.core.analysis.stars import owner_of, star_key
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.drift.findings import DriftFinding, fingerprint
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.holdings import Pair
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.model import Action, ActionPattern
from lpgen.core.registry.drift import DriftKind


@dataclass(slots=True)
class _Wildcard:
    """One wildcard of one statement with all who hold it and what they got by it.

    `subject` is the managed policy's ARN, or whose inline policy it is, `text` the wildcard as the statement writes it,
    and `place` says which statement that is.
    """

    subject: str
    text: str
    place: str
    holders: set[str] = field(default_factory=set)
    actions: set[Action] = field(default_factory=set)


_Found = dict[tuple[str, ...], _Wildcard]


@dataclass(slots=True)
class Wildcards:
    """The wildcards of Allows that are new to somebody, and those that gained granted actions."""

    came: _Found = field(default_factory=dict)
    grew: _Found = field(default_factory=dict)

    def add(self, pair: Pair, added: frozenset[Action], catalog: Catalog) -> None:
        """Takes in those of a principal; `added` are the actions that the catalog gained."""
        granted = pair.after.granted()
        old = {
            (grant.statement.not_action, pattern.lower())
            for grant, pattern, _ in each_wildcard(pair.before.allows, catalog)
        }
        for grant, pattern, actions in each_wildcard(pair.after.allows, catalog):
            is_new = (grant.statement.not_action, pattern.lower()) not in old
            got = actions & granted if is_new else actions & granted & added
            if is_new or got:
                key = star_key(pair.after, grant, pattern)
                found = (self.came if is_new else self.grew).setdefault(key, _wildcard(pair.after, grant, pattern))
                found.holders.add(pair.arn)
                found.actions |= got

    def merge(self, other: Wildcards) -> None:
        """Takes in those of other principals."""
        for mine, theirs in ((self.came, other.came), (self.grew, other.grew)):
            for key, one in theirs.items():
                known = mine.setdefault(key, one)
                known.holders |= one.holders
                known.actions |= one.actions

    def findings(self, gains: Gains) -> Iterator[DriftFinding]:
        """A finding for each wildcard."""
        yield from _merged(self.came, gains, is_new=True)
        yield from _merged(self.grew, gains, is_new=False)


def _wildcard(grants: PrincipalGrants, grant: Grant, pattern: ActionPattern) -> _Wildcard:
    ref = grant.ref
    subject = owner_of(grants, grant) or (
        ref.policy if ref.policy.startswith("arn:") else f"group {ref.group}, {ref.policy}"
    )
    return _Wildcard(subject, f"NotAction {pattern}" if grant.statement.not_action else pattern, str(ref))


def _merged(found: _Found, gains: Gains, *, is_new: bool) -> Iterator[DriftFinding]:
    """One finding for a wildcard that stands in several statements of a policy."""
    by_place: dict[tuple[str, str], list[_Wildcard]] = defaultdict(list)
    for one in found.values():
        by_place[one.subject, one.text].append(one)
    for (subject, text), same in by_place.items():
        actions = set().union(*(one.actions for one in same))
        holders = tuple(sorted(set().union(*(one.holders for one in same))))
        places = tuple(f"in {place}" for place in sorted({one.place for one in same}))
        yield (_came if is_new else _grew)(subject, text, holders, actions, places, gains)


def _came(
    subject: str, text: str, holders: tuple[str, ...], actions: set[Action], places: tuple[str, ...], gains: Gains
) -> DriftFinding:
    return DriftFinding(
        DriftKind.NEW_WILDCARD,
        {"wildcard": text, "granted": gains.counted(actions)},
        severity=gains.severity(actions, DriftKind.NEW_WILDCARD),
        subject=subject,
        principals=holders,
        details=(*places, *gains.details(gains.dangerous(actions), "grants")),
        ties=(text,),
    )


def _grew(
    subject: str, text: str, holders: tuple[str, ...], actions: set[Action], places: tuple[str, ...], gains: Gains
) -> DriftFinding:
    return DriftFinding(
        DriftKind.INHERITED,
        {"wildcard": text, "gained": gains.counted(actions), "actions": fingerprint(actions)},
        severity=gains.severity(actions, DriftKind.INHERITED),
        subject=subject,
        principals=holders,
        details=(*places, *gains.details(actions, "gains")),
        ties=(", ".join(sorted(actions)),),
    )
