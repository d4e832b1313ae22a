"""What wildcards gained since a day: the drift of policies that nobody changed, by the dates of the catalog's actions.

A first-seen date is the date of a release of the catalog's sources: an action came after the previous release and by
that date. Actions of the oldest release are as old or older, by an unknown time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.documents import CatalogPart, Count, Part, RowPart, means
from lpgen.core.drift.findings import FindingPart
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.wildcards import Wildcards, find_wildcards
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.model import AccessLevel, Action


class GrowthTotals(RowPart, kw_only=True):
    """Sums over the chosen principals."""

    principals: Annotated[Count, means("How many principals were chosen.")]
    wildcards: Annotated[Count, means("How many wildcards their policies have.")]
    levels: Annotated[dict[AccessLevel, Count], means("Pairs of principal and gained action, by access level.")]
    used: Annotated[Count | None, means("How many of the pairs were seen used; null: use is unknown.")]
    undated: Annotated[Count, means("Actions of the wildcards that may have come before or after `since`.")]


class GainedAction(RowPart, kw_only=True):
    """An action that AWS added."""

    action: Annotated[Action, means("The action.")]
    level: Annotated[AccessLevel, means("Its access level.")]
    first_seen: Annotated[str, means("By which date it came.")]
    after: Annotated[str, means("After which date it came, which may be before `since`.")]
    danger: Annotated[str, means('What a holder could do with it. "": nothing dangerous.')]


class Growth(Part, kw_only=True, tag_field="schema", tag="lpgen.stars/1"):
    """What `lpgen wildcards --format json` prints."""

    since: Annotated[date, means("Only actions first seen after this day count as gained.")]
    catalog: Annotated[CatalogPart, means("The action catalog.")]
    first_seen_from: Annotated[str, means("How far back first-seen dates reach.")]
    totals: Annotated[GrowthTotals, means("Sums over the chosen principals.")]
    actions: Annotated[tuple[GainedAction, ...], means("The actions that wildcards gained.")]
    wildcards: Annotated[tuple[FindingPart, ...], means("The wildcards that gained them, the most severe first.")]


def find_growth(
    grants: Sequence[PrincipalGrants], usages: Mapping[str, PrincipalUsage] | None, catalog: Catalog, *, since: date
) -> Growth:
    """The actions that each wildcard in an Allow gained after a day and that it grants; `usages` None: not known."""
    oldest, gains = catalog.manifest.oldest_release, Gains(catalog)
    seen = {action: catalog.detail(action).first_seen for action in catalog.actions()}
    after = {later: earlier for earlier, later in pairwise(sorted({oldest, *seen.values()}))}
    newer = frozenset(action for action, day in seen.items() if day > max(since.isoformat(), oldest))
    found, levels, used = Wildcards(), Counter[AccessLevel](), 0
    for holder in grants:
        arn = holder.principal.arn
        usage = None if usages is None else usages.get(arn, PrincipalUsage(arn))
        own = tuple(find_wildcards(holder, holder, newer, catalog, usage=usage))
        levels.update(catalog.detail(action).level for action in _union(wildcard.got for wildcard in own))
        used += len(_union(wildcard.used or () for wildcard in own))
        found.add(own)
    grown = [wildcard for wildcard in found.found.values() if wildcard.got]
    findings = (FindingPart.from_attributes(wildcard.finding(gains)) for wildcard in grown)
    matched = _union(wildcard.matched for wildcard in found.found.values())
    return Growth(
        since=since,
        catalog=CatalogPart(catalog_version=catalog.version, catalog_date=catalog.date),
        first_seen_from=oldest,
        totals=GrowthTotals(
            principals=len(grants),
            wildcards=len(found.found),
            levels={level: levels[level] for level in AccessLevel if levels[level]},
            used=None if usages is None else used,
            undated=len(matched - newer) if since.isoformat() < oldest else 0,
        ),
        actions=tuple(
            GainedAction.from_attributes(
                catalog.detail(action), action=action, after=after[seen[action]], danger=gains.dangers.sentence(action)
            )
            for action in sorted(_union(wildcard.got for wildcard in grown))
        ),
        wildcards=tuple(sorted(findings, key=_order)),
    )


def _union(sets: Iterable[Iterable[Action]]) -> frozenset[Action]:
    return frozenset[Action]().union(*sets)


def _order(wildcard: FindingPart) -> tuple[object, ...]:
    weight = len(wildcard.parameters["new_actions"]) * len(wildcard.principals)
    return tuple(Severity).index(wildcard.severity), -weight, wildcard.subject, wildcard.parameters["wildcard"]
