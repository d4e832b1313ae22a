"""The comparison of two states, principal by principal, and its result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder
from lpgen.core.analysis.observability.rare_needs import NO_PEERS, Peers
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.drift.coverage import find_lost_coverage
from lpgen.core.drift.disuse import find_disuse, finder_of_disuse
from lpgen.core.drift.findings import Drift, DriftFinding, Gains
from lpgen.core.drift.kinds import finding_order
from lpgen.core.drift.members import Member, pairs_of
from lpgen.core.drift.policies import SharedChanges, find_own_changes
from lpgen.core.drift.principals import find_gone_principals, find_new_principals, find_outside_trust
from lpgen.core.drift.proposals import NewUse, Novelty, find_never_applied, find_new_use
from lpgen.core.drift.states import State
from lpgen.core.drift.trust import find_weakened_trust
from lpgen.core.drift.wildcards import Wildcards, find_wildcards
from lpgen.core.globs.match import glob_match
from lpgen.core.principal_names import is_named
from lpgen.core.replacements import Decision, DecisionKind


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """The options that a person can choose.

    After `unused_days` covered days without use, a grant counts as unused and a role as quiet. After `apply_days` days,
    a safe proposal counts as never applied.
    """

    unused_days: int = 90
    apply_days: int = 30


@dataclass(slots=True)
class DriftParts:
    """The drift of some principals. Parts for different principals can be merged in any order."""

    findings: list[DriftFinding] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    new_uses: list[NewUse] = field(default_factory=list)
    policies: SharedChanges = field(default_factory=SharedChanges)
    wildcards: Wildcards = field(default_factory=Wildcards)

    def merge(self, other: DriftParts) -> None:
        """Add the drift of other principals."""
        self.findings += other.findings
        self.applied += other.applied
        self.new_uses += other.new_uses
        self.policies.merge(other.policies)
        self.wildcards.add(other.wildcards.found.values())

    def novelty(self) -> Novelty:
        """The resources of new use. The use in the earlier state must be removed from them before `conclude`."""
        return Novelty(resource for use in self.new_uses for resource in use.resources)


@dataclass(frozen=True, slots=True)
class StateComparison:
    """A comparison of two states. The grants of both are expanded with `catalog`."""

    before: State
    after: State
    catalog: Catalog
    options: DriftOptions
    gains: Gains
    finder: MissedUseFinder

    def compare(self, then: Mapping[str, Member], now: Collection[Member]) -> DriftParts:
        """The changes for some principals of the later state. `then` has the same principals in the earlier state."""
        pairs, found = pairs_of(then, now), DriftParts()
        before, after, gains = self.before, self.after, self.gains
        added = after.known_actions - before.known_actions
        for pair in pairs:
            found.policies.add(pair)
            wildcards = find_wildcards(pair.before, pair.after, added, self.catalog, usage=pair.now.usage)
            found.wildcards.add(wildcard for wildcard in wildcards if wildcard.holders)
        found.findings += find_own_changes(pairs, gains)
        found.findings += find_new_principals(then, now, gains, self.catalog)
        found.findings += find_never_applied(before, after, pairs, apply_days=self.options.apply_days)
        days = self.options.unused_days
        found.findings += find_disuse(before, after, pairs, gains, self.finder, unused_days=days)
        found.new_uses += find_new_use(pairs, self.catalog)
        found.applied += (pair.arn for pair in pairs if pair.is_in_place and not pair.was_in_place)
        return found

    def conclude(self, found: DriftParts, novelty: Novelty) -> Drift:
        """The changes from one state to the other, the most severe first; none between a state and itself.

        `found` is the drift of all principals, and `novelty` its novelty without the use in the earlier state.
        """
        before, after = self.before, self.after
        findings = (
            *find_outside_trust(before, after),
            *find_weakened_trust(before, after),
            *find_lost_coverage(before, after),
            *found.findings,
            *(use.tied_by(novelty) for use in found.new_uses),
            *found.policies.findings(self.gains),
            *(wildcard.finding(self.gains) for wildcard in found.wildcards.found.values()),
            *find_gone_principals(before, after),
        )
        return Drift(
            before.stamp,
            after.stamp,
            tuple(sorted(findings, key=finding_order)),
            tuple(sorted(found.applied)),
            tuple(_notes(before, after)),
        )


def comparison_of(
    before: State, after: State, catalog: Catalog, options: DriftOptions, peers: Peers = NO_PEERS
) -> StateComparison:
    """The comparison of two states. `peers` are those of the later one."""
    finder = finder_of_disuse(after, catalog, unused_days=options.unused_days, peers=peers)
    return StateComparison(before, after, catalog, options, Gains(catalog), finder)


_LATER_BASELINE: Final = (
    "the baseline is as of {baseline}, which is later than {now}: ingest later logs, or give --as-of"
)
_NOTHING_NEW: Final = "the logs have no records newer than the baseline; the last one is from {last}"
_NO_RECORDS: Final = "there are no records"
_OLDER_CATALOG: Final = "the catalog is older than the baseline's catalog, which is from {date}"
_FOR_BASELINE: Final = "for the baseline"
_TRAILS_OF_ONE: Final = "trail settings are known only {side}, so they can't be compared"
_SCPS_OF_ONE: Final = "SCPs are known only {side}, so permissions that they block look changed"


def _notes(before: State, after: State) -> Iterator[str]:
    old, new = before.stamp, after.stamp
    if new.as_of < old.as_of:
        yield _LATER_BASELINE.format(baseline=old.as_of, now=new.as_of)
    last = after.coverage.last_day
    if before.coverage.last_day == last:
        yield _NOTHING_NEW.format(last=last) if last else _NO_RECORDS
    if new.catalog_date < old.catalog_date:
        yield _OLDER_CATALOG.format(date=old.catalog_date)
    if bool(before.trails) != bool(after.trails):
        yield _TRAILS_OF_ONE.format(side="now" if after.trails else _FOR_BASELINE)
    if before.knows_scps != after.knows_scps:
        yield _SCPS_OF_ONE.format(side="now" if after.knows_scps else _FOR_BASELINE)


def accept_findings(drift: Drift, decisions: Iterable[Decision], *, as_of: date) -> Drift:
    """The drift with accepted findings marked.

    An accept decision applies to the findings whose item matches its own item, a glob. If it has a principal, also a
    glob, all principals of the finding must match it. An expired decision is shown but accepts nothing.
    """
    listed = tuple(decision for decision in decisions if decision.kind is DecisionKind.ACCEPT)
    valid = decisions_in_force(listed, as_of=as_of)
    expired = tuple(decision for decision in listed if decision not in valid)
    findings = (
        replace(finding, accepted_by=_words(valid, finding), expired=_words(expired, finding))
        for finding in drift.findings
    )
    concerned = tuple(
        decision for decision in expired if any(_speaks_of(decision, finding) for finding in drift.findings)
    )
    return replace(drift, findings=tuple(sorted(findings, key=finding_order)), expired=concerned)


def _words(decisions: Iterable[Decision], finding: DriftFinding) -> str:
    for decision in decisions:
        if _speaks_of(decision, finding):
            until = f", until {decision.expires}" if decision.expires else ""
            return f"{decision.owner}: {decision.reason}{until}"
    return ""


def _speaks_of(decision: Decision, finding: DriftFinding) -> bool:
    concerned = finding.principals or (finding.subject,)
    return glob_match(decision.item, finding.item) and all(is_named(arn, decision.principal) for arn in concerned)
