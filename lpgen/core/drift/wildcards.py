"""New wildcards, and the actions that AWS added to old wildcards: since a state, or since a day.

Since a day, this is the drift of policies that nobody changed, by the dates of the catalog's actions. A first-seen date
is the date of a release of the catalog's sources: AWS added the action after the previous release and by that date.
Actions in the oldest release may be older.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Annotated, Final

from lpgen.core.analysis.grants.granting import each_wildcard
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.documents import CatalogPart, Count, Part, RowPart, means
from lpgen.core.drift.findings import DriftFinding, DriftKind, FindingPart, Gains, fingerprint
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, StatementRef
from lpgen.core.model import AccessLevel, Action, ActionPattern, Outcome
from lpgen.core.registry.row import IAM_GUIDE, Row

_NO_USE: Final = "no use of these actions was recorded"
_STOPPED: Final = "a Deny, a boundary or an SCP blocks {actions}"
_WILDCARD: Final = {"wildcard": str, "statements": tuple, "actions_today": int, "used": tuple | None, "stopped": int}


class WildcardDrift(DriftKind):
    """Drift of what wildcards grant."""

    NEW_WILDCARD = Row(
        "new-wildcard",
        "A policy has a new wildcard.",
        parameters={**_WILDCARD, "granted": str},
        message="the wildcard {wildcard} is new: it grants {granted} today, and every matching action that AWS adds"
        " later",
        step="name the intended actions instead",
        item="new-wildcard {subject} {wildcard}",
        help="It silently gains every matching action that AWS adds.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        score="6.0",
        by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM),
    )
    INHERITED = Row(
        "inherited",
        "A wildcard gained actions by itself.",
        parameters={**_WILDCARD, "gained": str, "actions": str, "new_actions": tuple},
        message="the wildcard {wildcard} silently gained {gained}",
        step="replace the wildcard: `lpgen generate` names every action",
        item="inherited {subject} {wildcard} {actions}",
        help="AWS added matching actions, and nobody decided to grant them.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        score="6.0",
        by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    )


@dataclass(slots=True)
class _Wildcard:
    """A wildcard of one policy, in any of its statements, with the principals that gained actions through it.

    `subject` is the ARN of the managed policy, the principal of the inline policy, or the group and its policy. `text`
    is the wildcard as written. It matches the actions `matched`; AWS added `added` to them. `got` are the actions that
    any holder gained: all actions of a new wildcard, otherwise the added ones. `used` are the actions in `got` with
    recorded use by the holder; None if use is unknown.
    """

    subject: str
    text: str
    is_new: bool
    matched: frozenset[Action]
    added: frozenset[Action]
    statements: set[StatementRef]
    holders: set[str]
    got: set[Action]
    used: set[Action] | None

    def finding(self, gains: Gains) -> DriftFinding:
        """The finding that it is new, or that it gained actions."""
        row = WildcardDrift.NEW_WILDCARD if self.is_new else WildcardDrift.INHERITED
        counted, got = gains.counted(self.got), tuple(sorted(self.got))
        statements, stopped = tuple(sorted(map(str, self.statements))), self.added - self.got
        if self.is_new:
            parameters: dict[str, object] = {"granted": counted}
            details, tie = gains.details(gains.dangerous(got), "grants"), self.text
        else:
            parameters = {"gained": counted, "actions": fingerprint(got), "new_actions": got}
            details, tie = gains.details(got, "gains"), ", ".join(got)
        return DriftFinding(
            row,
            {
                "wildcard": self.text,
                **parameters,
                "statements": statements,
                "actions_today": len(self.matched),
                "used": None if self.used is None else tuple(sorted(self.used)),
                "stopped": len(stopped),
            },
            severity=gains.severity(self.got, row),
            subject=self.subject,
            principals=tuple(sorted(self.holders)),
            details=(
                *(f"in {statement}" for statement in statements),
                *details,
                *gains.details(self.used or (), "used"),
                *([_NO_USE] if self.used == set() else []),
                *([_STOPPED.format(actions=gains.counted(stopped))] if stopped else []),
            ),
            ties=(tie,),
        )


@dataclass(slots=True)
class Wildcards:
    """The wildcards of several principals, once per policy."""

    found: dict[tuple[bool, str, str], _Wildcard] = field(default_factory=dict)

    def add(self, wildcards: Iterable[_Wildcard]) -> None:
        """Add wildcards of some principals."""
        for wildcard in wildcards:
            known = self.found.setdefault((wildcard.is_new, wildcard.subject, wildcard.text), wildcard)
            known.statements |= wildcard.statements
            known.holders |= wildcard.holders
            known.got |= wildcard.got
            if known.used is not None:
                known.used.update(wildcard.used or ())


def find_wildcards(
    before: PrincipalGrants,
    after: PrincipalGrants,
    added: frozenset[Action],
    catalog: Catalog,
    *,
    usage: PrincipalUsage | None,
) -> Iterator[_Wildcard]:
    """Each wildcard in an Allow of a principal, with the actions that the principal gained through it since a time.

    `added` are the actions that the catalog gained since. A wildcard that the principal had before, in any of its
    policies, isn't new. `usage` is the principal's usage; None if unknown.
    """
    seen = None if usage is None else {use.action for use in usage.uses if use.outcome is Outcome.ALLOWED}
    granted = after.granted()
    old = {_text(grant, pattern).lower() for grant, pattern, _ in each_wildcard(before.allows, catalog)}
    for grant, pattern, actions in each_wildcard(after.allows, catalog):
        text = _text(grant, pattern)
        is_new = text.lower() not in old
        came = actions & added
        got = (actions if is_new else came) & granted
        holders = {after.principal.arn} if is_new or got else set()
        used = None if seen is None else seen & got
        subject = _subject(after, grant)
        yield _Wildcard(subject, text, is_new, actions, came, {grant.ref}, holders, set(got), used)


def _text(grant: Grant, pattern: ActionPattern) -> str:
    return f"NotAction {pattern}" if grant.statement.not_action else pattern


def _subject(grants: PrincipalGrants, grant: Grant) -> str:
    ref = grant.ref
    if ref.policy.startswith("arn:"):
        return ref.policy
    return f"group {ref.group}, {ref.policy}" if ref.group else grants.principal.arn


# ---------------------------------------------------------------- growth since a day


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
    first_seen: Annotated[str, means("The latest date on which AWS may have added it.")]
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
    """The actions that each wildcard in an Allow gained after a day and grants. `usages` is None if unknown."""
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
        wildcards=tuple(sorted(findings, key=_growth_order)),
    )


def _union(sets: Iterable[Iterable[Action]]) -> frozenset[Action]:
    return frozenset[Action]().union(*sets)


def _growth_order(wildcard: FindingPart) -> tuple[object, ...]:
    weight = len(wildcard.parameters["new_actions"]) * len(wildcard.principals)
    return wildcard.severity.rank, -weight, wildcard.subject, wildcard.parameters["wildcard"]
