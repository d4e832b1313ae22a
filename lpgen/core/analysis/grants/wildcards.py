"""Wildcards: which actions each `*` of a policy matches today, and how many of them were used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant
from lpgen.core.findings import WildcardUse
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Action, ActionPattern


def wildcards_of_grants(
    grants: Iterable[Grant], used: Iterable[Action], *, catalog: Catalog
) -> tuple[WildcardUse, ...]:
    """Each wildcard of the Allows in policy order; a `NotAction` counts as one, over all that it grants."""
    seen = frozenset(used)
    return tuple(
        WildcardUse(
            grant.ref,
            pattern,
            not_action=grant.statement.not_action,
            expands_to=len(actions),
            used=tuple(sorted(actions & seen)),
        )
        for grant, pattern, actions in each_wildcard(grants, catalog)
    )


def each_wildcard(
    grants: Iterable[Grant], catalog: Catalog
) -> Iterator[tuple[Grant, ActionPattern, frozenset[Action]]]:
    """Each wildcard of statements with its statement and the actions that it matches today."""
    for grant in grants:
        if grant.statement.not_action:
            yield grant, ActionPattern(", ".join(grant.statement.patterns)), grant.actions
            continue
        for pattern in grant.statement.patterns:
            if has_wildcard(pattern):
                yield grant, pattern, catalog.expand([pattern]).actions
