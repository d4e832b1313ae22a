"""What use tells: a call that a proposal would refuse, grants that fell out of use, roles that went quiet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder, MissedUses
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.scopes.scopes import exact_scopes
from lpgen.core.analysis.synthesis.lines import lines_from_uses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, fingerprint
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.holdings import Pair
from lpgen.core.drift.novelty import Novelty
from lpgen.core.drift.policies import same_policies
from lpgen.core.drift.states import KeptProposal, Member, State
from lpgen.core.evidence import AccountCoverage, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.model import Action, AttachedPolicy, Outcome, PolicyKind, Resource
from lpgen.core.registry.drift import DriftKind

_MOST_USES: Final = 5


@dataclass(frozen=True, slots=True)
class NewUse:
    """A finding, which still lacks what is new to all principals among the resources of its uses."""

    finding: DriftFinding
    resources: tuple[Resource, ...]

    def tied_by(self, novelty: Novelty) -> DriftFinding:
        """The finding with that."""
        return replace(self.finding, ties=(*self.finding.ties, *novelty.of(self.resources)))


def find_new_use(pairs: Iterable[Pair], catalog: Catalog) -> Iterator[NewUse]:
    """A finding for each action that a proposal doesn't hold, and that was used now under the old policies."""
    for pair in pairs:
        proposal = pair.then.proposal
        if proposal is None or pair.is_in_place:
            continue
        known = {_key(use) for use in pair.then.usage.uses}
        fresh = [use for use in pair.now.usage.uses if use.outcome is Outcome.ALLOWED and _key(use) not in known]
        if not fresh:
            continue
        refused = _ungranted(_proposed(pair.after, proposal, catalog), fresh, catalog)
        unexplained = {_key(use) for use in _ungranted(pair.after, refused, catalog)}
        yield from _new_uses(pair.arn, [use for use in refused if _key(use) not in unexplained])


def _new_uses(arn: str, refused: Sequence[Use]) -> Iterator[NewUse]:
    by_action: dict[Action, list[Use]] = defaultdict(list)
    for use in refused:
        by_action[use.action].append(use)
    for action, uses in by_action.items():
        ordered = sorted(uses, key=lambda use: (use.evidence.first_seen, use.resource))
        shown = tuple(
            f"on {use.resource.text}, {use.evidence.first_seen} (example {use.evidence.example_event_id})"
            for use in ordered[:_MOST_USES]
        )
        more = len(ordered) - len(shown)
        finding = DriftFinding(
            DriftKind.NEW_USE,
            {"action": action, "uses": fingerprint(use.resource.text for use in ordered)},
            severity=Severity.HIGH,
            subject=arn,
            principals=(arn,),
            details=(*shown, *([f"and on {more:,} more"] if more else [])),
            ties=(_call_on(action, ordered),),
        )
        yield NewUse(finding, tuple(use.resource for use in ordered))


def _call_on(action: Action, uses: Sequence[Use]) -> str:
    return f"{action} on {', '.join(sorted({use.resource.text for use in uses}))}"


def _key(use: Use) -> tuple[object, ...]:
    return use.action, use.resource


def _proposed(grants: PrincipalGrants, proposal: KeptProposal, catalog: Catalog) -> PrincipalGrants:
    """The grants that a principal would have with its proposal in place; limits are the same before and after."""
    policies = tuple(
        AttachedPolicy(PolicyKind.INLINE, f"proposal {number}", "", "", None, document)
        for number, document in enumerate(proposal.documents, start=1)
    )
    principal = replace(grants.principal, policies=policies, groups=(), boundary=None)
    (found,) = grants_from_principals([principal], catalog)
    return found


def _ungranted(grants: PrincipalGrants, uses: Sequence[Use], catalog: Catalog) -> list[Use]:
    granting = granting_by_action(grants.allows)
    return [use for use, _ in lines_from_uses(grants, uses, granting=granting, scopes=exact_scopes(catalog)).ungranted]


# ---------------------------------------------------------------- falling out of use


def find_disuse(
    before: State, after: State, pairs: Iterable[Pair], gains: Gains, finder: MissedUseFinder, *, unused_days: int
) -> Iterator[DriftFinding]:
    """A finding for each role that went quiet, and for each other principal with grants that fell out of use.

    That takes so many covered days without use now, and not yet then: days on which use would not have shown don't
    count, and neither do actions whose use the logs may have missed since, by the finder for so many days.
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
            missed = _missed_lately(pair.now, now, finder, unused_days=unused_days)
            unused = {action: day for action, day in unused.items() if not missed.of(action)}
        if unused and is_quiet:
            yield _quiet(pair, max(last.values()), gains, days=unused_days)
        elif unused:
            yield _newly_unused(pair.arn, unused, gains, days=unused_days)


def finder_of_disuse(state: State, catalog: Catalog, *, unused_days: int) -> MissedUseFinder:
    """Finds the uses that the logs of a state may have missed, as a review of it does."""
    observability = Observability(catalog, state.coverage, state.trails, min_days=unused_days)
    return MissedUseFinder(catalog, observability, state.principals)


def _missed_lately(member: Member, days: _QuietDays, finder: MissedUseFinder, *, unused_days: int) -> MissedUses:
    """The uses that may have been missed since a grant counts as unused, by what the principal did since."""
    grants = member.grants
    lately = tuple(use for use in member.usage.uses if days.since(_last_day(use)) < unused_days)
    granting = granting_by_action(grants.allows)
    lines = lines_from_uses(grants, lately, granting=granting, scopes=exact_scopes(finder.catalog))
    ungranted = tuple(one for one in member.ungranted if one.use in lately)
    return finder.of_principal(ObservedUse(grants, replace(member.usage, uses=lately), lines, granting, ungranted))


class _QuietDays:
    """Counts the covered days of an account after a day."""

    def __init__(self, coverage: AccountCoverage | None) -> None:
        self._days = coverage.days if coverage else frozenset[date]()
        self._known: dict[date, int] = {}

    def since(self, day: date) -> int:
        """How many covered days there are after a day."""
        if day not in self._known:
            self._known[day] = sum(one > day for one in self._days)
        return self._known[day]


def _last_days(usage: PrincipalUsage) -> Mapping[Action, date]:
    """The last day on which each action was used; calls that were denied are no use."""
    found: dict[Action, date] = {}
    for use in usage.uses:
        if use.outcome is not Outcome.DENIED and use.evidence.last_seen:
            found[use.action] = max(_last_day(use), found.get(use.action, date.min))
    return found


def _last_day(use: Use) -> date:
    last = use.evidence.last_seen
    return date.fromisoformat(last[:10]) if last else date.min


def _quiet(pair: Pair, day: date, gains: Gains, *, days: int) -> DriftFinding:
    granted = pair.after.granted()
    return DriftFinding(
        DriftKind.ROLE_QUIET,
        {"last": day.isoformat(), "days": days},
        severity=gains.severity(granted, DriftKind.ROLE_QUIET),
        subject=pair.arn,
        principals=(pair.arn,),
        details=gains.details(gains.dangerous(granted), "may still"),
        ties=(f"last used on {day.isoformat()}",),
    )


def _newly_unused(arn: str, unused: Mapping[Action, date], gains: Gains, *, days: int) -> DriftFinding:
    return DriftFinding(
        DriftKind.NEWLY_UNUSED,
        {"unused": gains.counted(unused), "days": days, "actions": fingerprint(unused)},
        severity=gains.severity(unused, DriftKind.NEWLY_UNUSED),
        subject=arn,
        principals=(arn,),
        details=tuple(f"{action}, last used on {day.isoformat()}" for action, day in sorted(unused.items())),
        ties=(", ".join(sorted(unused)),),
    )


# ---------------------------------------------------------------- proposals


def find_never_applied(
    before: State, after: State, pairs: Iterable[Pair], *, apply_days: int
) -> Iterator[DriftFinding]:
    """A finding for each safe proposal that has waited too long for its principal to be changed."""
    if after.stamp.as_of <= before.stamp.as_of:
        return
    for pair in pairs:
        proposal = pair.then.proposal
        since = proposal.waiting_since if proposal else None
        if proposal is None or since is None or (after.stamp.as_of - since).days < apply_days:
            continue
        if pair.is_in_place:
            continue
        if not same_policies(pair.before.principal, pair.after.principal):
            continue
        grants = "1 dangerous grant" if proposal.dangerous == 1 else f"{proposal.dangerous:,} dangerous grants"
        removed = f"it would remove {grants} that nobody was seen to use"
        yield DriftFinding(
            DriftKind.NEVER_APPLIED,
            {"since": since.isoformat()},
            severity=Severity.MEDIUM if proposal.dangerous else Severity.LOW,
            subject=pair.arn,
            principals=(pair.arn,),
            details=(removed,) if proposal.dangerous else (),
            ties=(f"proposed on {since.isoformat()}",),
        )


def applied_proposals(pairs: Iterable[Pair]) -> Iterator[str]:
    """The principals whose proposal was put in place since."""
    return (pair.arn for pair in pairs if pair.is_in_place and not pair.was_in_place)
