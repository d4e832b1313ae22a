"""Wildcard growth as JSON, schema `lpgen.stars/1`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import field, structs

from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.model import AccessLevel
from lpgen.core.stars import StarGrowth, Stars
from lpgen.report.documents.layout import Row, lay_out
from lpgen.report.documents.parts import (
    ActionName,
    CatalogPart,
    Levels,
    StatementPart,
    Texts,
)


class DatedCatalogPart(CatalogPart, kw_only=True):
    """The action catalog, and how far its dates reach."""

    oldest: Annotated[str, means("How far back first-seen dates reach.")] = field(name="first_seen_from")


class DoubtPart(RowPart, kw_only=True):
    """Actions that may be older than `since`."""

    doubtful_until: Annotated[str, means("The date of their first release.")] = field(name="first_seen")
    doubtful_after: Annotated[str, means("The date of the release before.")] = field(name="after")


class StarTotalsPart(RowPart, kw_only=True):
    """Sums over the chosen principals."""

    principals: Annotated[Count, means("How many principals were chosen.")]
    grew: Annotated[Count, means("How many of them gained actions.")]
    wildcards: Annotated[Count, means("How many wildcards they have.")]
    wildcards_grew: Annotated[Count, means("How many of these gained actions.")]
    grants: Annotated[Count, means("Pairs of principal and gained action.")]
    actions: Annotated[Count, means("Gained actions.")]
    used: Annotated[Count | None, means("How many of the pairs were seen used; null: use is unknown.")]
    levels: Annotated[Levels, means("The pairs, by access level.")]
    undated: Annotated[Count, means("Actions of the wildcards that may have come before or after `since`.")]


class GainedPart(RowPart, kw_only=True):
    """An action that AWS added."""

    action: ActionName
    level: Annotated[AccessLevel, means("Its access level.")]
    first_seen: Annotated[str, means("By which date it came.")]
    after: Annotated[str, means('After which date it came. "": not known.')]
    used: Annotated[bool | None, means("Whether it was seen used; null: use is unknown.")]
    danger: Annotated[str, means('What a holder could do with it. "": nothing dangerous.')]


class StarPart(Part, kw_only=True):
    """A wildcard that gained actions."""

    pattern: Annotated[str, means("The pattern.")] = field(name="wildcard")
    not_action: Annotated[bool, means("Whether it is in `NotAction`.")]
    ref: Annotated[StatementPart, means("Its statement.")] = field(name="statement")
    owner: Annotated[str | None, means("The principal of an inline policy; null: it is shared.")]
    holders: Annotated[Texts, means("The principals that got something by it.")] = field(name="held_by")
    stands_for: Annotated[Count, means("How many actions it matches.")] = field(name="actions_today")
    levels: Annotated[Levels, means("How many actions it gained, by access level.")]
    used: Annotated[Count | None, means("How many of these were seen used; null: use is unknown.")]
    stopped: Annotated[Count, means("Gained actions that a Deny, a boundary or an SCP keeps from everybody.")]
    gained: Annotated[tuple[GainedPart, ...], means("The actions that it gained.")]


class StarsDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.stars/1"):
    """What `lpgen wildcards --format json` prints."""

    since: Annotated[date, means("Only actions first seen after this day count as gained.")]
    catalog: Annotated[DatedCatalogPart, means("The action catalog.")]
    doubtful: Annotated[DoubtPart | None, means("Actions that may be older than `since`; null: none.")]
    totals: Annotated[StarTotalsPart, means("Sums over the chosen principals.")]
    wildcards: Annotated[tuple[StarPart, ...], means("Those that gained something, the heaviest first.")]


def stars_json(stars: Stars) -> str:
    """The growth as JSON text."""
    totals = stars.totals
    catalog = DatedCatalogPart.from_attributes(stars)
    doubt = DoubtPart.from_attributes(stars) if stars.doubtful_until else None
    grew = {"principals": stars.principals, "grew": totals.principals, "wildcards_grew": len(stars.grown)}
    document = StarsDocument.from_attributes(
        stars,
        catalog=catalog,
        doubtful=doubt,
        totals=StarTotalsPart.from_attributes(totals, **grew),
        wildcards=tuple(map(_part_from_star, stars.grown)),
    )
    return lay_out(document)


def _part_from_star(star: StarGrowth) -> StarPart:
    part = StarPart.from_attributes(
        star,
        owner=star.owner or None,
        levels={},
        used=None if any(gained.used is None for gained in star.gained) else star.used,
    )
    return structs.replace(part, levels=Row(sorted(star.levels.items())))
