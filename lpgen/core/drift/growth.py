"""What wildcards gained since a day: the drift of policies that nobody changed, by the dates of the catalog's actions.

A first-seen date is the date of a release of the catalog's sources: an action came after the previous release and by
that date. Actions of the oldest release are as old or older, by an unknown time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from itertools import pairwise
from typing import Annotated

from lpgen.core.analysis.grants.wildcards import each_wildcard
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.wildcards import Wildcards, find_wildcards
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.model import AccessLevel, Action, Outcome


class DatedCatalog(RowPart, kw_only=True):
    """The action catalog, and how far its dates reach."""

    version: Annotated[str, means("Its version.")]
    date: Annotated[str, means("Its date.")]
    first_seen_from: Annotated[str, means("How far back first-seen dates reach.")]


class GrowthTotals(RowPart, kw_only=True):
    """Sums over the chosen principals."""

    principals: Annotated[Count, means("How many principals were chosen.")]
    grew: Annotated[Count, means("How many of them gained actions.")]
    wildcards: Annotated[Count, means("How many wildcards their policies have.")]
    grants: Annotated[Count, means("Pairs of principal and gained action.")]
    used: Annotated[Count | None, means("How many of the pairs were seen used; null: use is unknown.")]
    levels: Annotated[dict[AccessLevel, Count], means("The pairs, by access level.")]
    undated: Annotated[Count, means("Actions of the wildcards that may have come before or after `since`.")]


class GainedAction(RowPart, kw_only=True):
    """An action that AWS added."""

    action: Annotated[Action, means("The action.")]
    level: Annotated[AccessLevel, means("Its access level.")]
    first_seen: Annotated[str, means("By which date it came.")]
    after: Annotated[str, means("After which date it came, which may be before `since`.")]
    danger: Annotated[str, means('What a holder could do with it. "": nothing dangerous.')]


class GrownWildcard(Part, kw_only=True):
    """A wildcard that gained actions, in the words of drift."""

    severity: Annotated[Severity, means("How much it matters.")]
    subject: Annotated[str, means("The ARN of its policy, or of the principal or group whose inline policy it is in.")]
    wildcard: Annotated[str, means("The pattern, or `NotAction` and its patterns.")]
    statements: Annotated[tuple[str, ...], means("The statements that have it.")]
    principals: Annotated[tuple[str, ...], means("The principals that got something by it.")]
    message: Annotated[str, means("What was found, as a sentence without a full stop.")]
    details: Annotated[tuple[str, ...], means("Its statements, and the most dangerous actions that it gained.")]
    actions_today: Annotated[Count, means("How many actions it matches.")]
    gained: Annotated[tuple[Action, ...], means("The actions that it gained.")]
    used: Annotated[tuple[Action, ...] | None, means("Those of them that were seen used; null: use is unknown.")]
    stopped: Annotated[Count, means("Gained actions that a Deny, a boundary or an SCP keeps from everybody.")]


class Growth(Part, kw_only=True, tag_field="schema", tag="lpgen.stars/1"):
    """What `lpgen wildcards --format json` prints."""

    since: Annotated[date, means("Only actions first seen after this day count as gained.")]
    catalog: Annotated[DatedCatalog, means("The action catalog.")]
    totals: Annotated[GrowthTotals, means("Sums over the chosen principals.")]
    actions: Annotated[tuple[GainedAction, ...], means("The actions that wildcards gained.")]
    wildcards: Annotated[tuple[GrownWildcard, ...], means("The wildcards that gained them, the most severe first.")]

    def doubtful(self) -> tuple[GainedAction, ...]:
        """The actions that may be older than the day, since they came with the first release after it."""
        return tuple(action for action in self.actions if action.after < self.since.isoformat() < action.first_seen)


def find_growth(
    grants: Sequence[PrincipalGrants], usages: Mapping[str, PrincipalUsage] | None, catalog: Catalog, *, since: date
) -> Growth:
    """The actions that each wildcard in an Allow gained after a day and that it grants; `usages` None: not known."""
    oldest = catalog.manifest.oldest_release
    seen = {action: catalog.detail(action).first_seen for action in catalog.actions()}
    newer = frozenset(action for action, day in seen.items() if day > max(since.isoformat(), oldest))
    found, levels, used = Wildcards(), Counter[AccessLevel](), dict[str, frozenset[Action]]()
    for holder in grants:
        own = Wildcards()
        own.add(find_wildcards(holder, holder, newer, catalog))
        if got := _union(wildcard.got for wildcard in own.found.values()):
            arn = holder.principal.arn
            uses = usages[arn].uses if usages and arn in usages else ()
            used[arn] = got & {use.action for use in uses if use.outcome is Outcome.ALLOWED}
            levels.update(catalog.detail(action).level for action in got)
        found.add(own.found.values())
    totals = GrowthTotals(
        principals=len(grants),
        grew=len(used),
        wildcards=len(found.found),
        grants=levels.total(),
        used=None if usages is None else sum(map(len, used.values())),
        levels={level: levels[level] for level in AccessLevel if levels[level]},
        undated=len(_matched(grants, catalog) - newer) if since.isoformat() < oldest else 0,
    )
    after, gains = {later: earlier for earlier, later in pairwise(sorted({oldest, *seen.values()}))}, Gains(catalog)
    grown = (
        GrownWildcard.from_attributes(
            wildcard.finding(gains),
            wildcard,
            wildcard=wildcard.text,
            statements=sorted(map(str, wildcard.statements)),
            gained=sorted(wildcard.got),
            used=None if usages is None else sorted(wildcard.got & _union(used[arn] for arn in wildcard.holders)),
            stopped=len(wildcard.added - wildcard.got),
        )
        for wildcard in found.found.values()
        if wildcard.got
    )
    return Growth(
        since=since,
        catalog=DatedCatalog(version=catalog.version, date=catalog.date, first_seen_from=oldest),
        totals=totals,
        actions=tuple(
            GainedAction.from_attributes(
                catalog.detail(action), action=action, after=after[seen[action]], danger=gains.dangers.sentence(action)
            )
            for action in sorted(_union(wildcard.got for wildcard in found.found.values()))
        ),
        wildcards=tuple(sorted(grown, key=_order)),
    )


def _matched(grants: Iterable[PrincipalGrants], catalog: Catalog) -> frozenset[Action]:
    """The actions that any wildcard matches."""
    return _union(actions for holder in grants for _, _, actions in each_wildcard(holder.allows, catalog))


def _union(sets: Iterable[Set[Action]]) -> frozenset[Action]:
    return frozenset[Action]().union(*sets)


def _order(wildcard: GrownWildcard) -> tuple[object, ...]:
    weight = len(wildcard.gained) * len(wildcard.principals)
    return tuple(Severity).index(wildcard.severity), -weight, wildcard.subject, wildcard.wildcard
