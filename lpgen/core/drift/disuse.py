"""Disuse: roles that became inactive, and permissions that fell out of use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder, MissedUses
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.rare_needs import NO_PEERS, Peers
from lpgen.core.analysis.scopes.scopes import exact_scopes
from lpgen.core.analysis.synthesis.lines import lines_from_uses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind, Gains, fingerprint
from lpgen.core.drift.members import Member, Pair
from lpgen.core.drift.states import State
from lpgen.core.evidence import AccountCoverage, PrincipalUsage, Use
from lpgen.core.model import Action, Outcome
from lpgen.core.registry.row import IAM_GUIDE, Row


class DisuseDrift(DriftKind):
    """Drift of what is used."""

    ROLE_QUIET = Row(
        "role-quiet",
        "A role became inactive.",
        parameters={"last": str, "days": int},
        message="became inactive: last used on {last}, then unused for {days} covered days",
        step="ask its owner whether it is still needed, and disable it if not",
        item="role-quiet {subject} {last}",
        severity=Severity.LOW,
        score="3.5",
        by_gain=(Severity.MEDIUM, Severity.LOW, Severity.LOW),
    )
    NEWLY_UNUSED = Row(
        "newly-unused",
        "Permissions fell out of use.",
        parameters={"unused": str, "days": int, "actions": str},
        message="{unused} fell out of use: no use in {days} covered days",
        step="remove them with the next replacement, or keep them with a decision",
        item="newly-unused {subject} {actions}",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        severity=Severity.LOW,
        score="3.5",
        by_gain=(Severity.MEDIUM, Severity.LOW, Severity.LOW),
    )


def find_disuse(
    before: State, after: State, pairs: Iterable[Pair], gains: Gains, finder: MissedUseFinder, *, unused_days: int
) -> Iterator[DriftFinding]:
    """A finding for each role that became inactive, and for each other principal with permissions that fell out of use.

    Now, but not yet in the earlier state, `unused_days` covered days must have passed without use. Days that couldn't
    have shown use don't count. Actions whose use the logs may have missed since, according to `finder`, don't count
    either.
    """
    for pair in pairs:
        account = pair.after.principal.account
        then, now = (_QuietDays(state.coverage.account(account)) for state in (before, after))
        last = _last_days(pair.now.usage)

        def crossed(day: date, then: _QuietDays = then, now: _QuietDays = now) -> bool:
            return then.since(day) < unused_days <= now.since(day)

        if not last:
            continue
        unused, is_quiet = last, crossed(max(last.values()))
        if not is_quiet:
            granted = pair.after.granted()
            unused = {action: day for action, day in last.items() if crossed(day) and action in granted}
        if unused:
            missed = _missed_recently(pair.now, now, finder, unused_days=unused_days)
            unused = {action: day for action, day in unused.items() if not missed.of(action)}
        if unused and is_quiet:
            yield _quiet(pair, max(last.values()), gains, days=unused_days)
        elif unused:
            yield _newly_unused(pair.arn, unused, gains, days=unused_days)


def finder_of_disuse(state: State, catalog: Catalog, *, unused_days: int, peers: Peers = NO_PEERS) -> MissedUseFinder:
    """A finder for uses that the logs of a state may have missed, as in a review of the state with these peers."""
    observability = Observability(catalog, state.coverage, state.trails, min_days=unused_days)
    return MissedUseFinder(catalog, observability, state.principals, peers)


def _missed_recently(member: Member, days: _QuietDays, finder: MissedUseFinder, *, unused_days: int) -> MissedUses:
    """The uses that may have been missed in the last `unused_days` days, by the principal's calls in these days."""
    grants = member.grants
    recent = tuple(use for use in member.usage.uses if days.since(_last_day(use)) < unused_days)
    granting = granting_by_action(grants.allows)
    lines = lines_from_uses(grants, recent, granting=granting, scopes=exact_scopes(finder.catalog))
    ungranted = tuple(use for use in member.ungranted if use.use in recent)
    return finder.of_principal(ObservedUse(grants, replace(member.usage, uses=recent), lines, granting, ungranted))


class _QuietDays:
    """Counts the covered days of an account after a day."""

    def __init__(self, coverage: AccountCoverage | None) -> None:
        self._days = coverage.days if coverage else frozenset[date]()
        self._known: dict[date, int] = {}

    def since(self, day: date) -> int:
        """The number of covered days after a day."""
        if day not in self._known:
            self._known[day] = sum(covered > day for covered in self._days)
        return self._known[day]


def _last_days(usage: PrincipalUsage) -> Mapping[Action, date]:
    """The last day of use of each action. Denied calls don't count."""
    found: dict[Action, date] = {}
    for use in usage.uses:
        if use.outcome is not Outcome.DENIED and use.evidence.last_seen:
            found[use.action] = max(_last_day(use), found.get(use.action, date.min))
    return found


def _last_day(use: Use) -> date:
    last = use.evidence.last_seen
    return date.fromisoformat(last[:10]) if last else date.min


_LAST_USED: Final = "last used on {day}"


def _quiet(pair: Pair, day: date, gains: Gains, *, days: int) -> DriftFinding:
    granted = pair.after.granted()
    return DriftFinding(
        DisuseDrift.ROLE_QUIET,
        {"last": day.isoformat(), "days": days},
        severity=gains.severity(granted, DisuseDrift.ROLE_QUIET),
        subject=pair.arn,
        principals=(pair.arn,),
        details=gains.details(gains.dangerous(granted), "may still"),
        ties=(_LAST_USED.format(day=day),),
    )


def _newly_unused(arn: str, unused: Mapping[Action, date], gains: Gains, *, days: int) -> DriftFinding:
    return DriftFinding(
        DisuseDrift.NEWLY_UNUSED,
        {"unused": gains.counted(unused), "days": days, "actions": fingerprint(unused)},
        severity=gains.severity(unused, DisuseDrift.NEWLY_UNUSED),
        subject=arn,
        principals=(arn,),
        details=tuple(f"{action}, {_LAST_USED.format(day=day)}" for action, day in sorted(unused.items())),
        ties=(", ".join(sorted(unused)),),
    )
