"""`drift_between`: what changed from one state to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from lpgen.core.analysis.caveats.decisions import decisions_in_force
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.drift.coverage import find_lost_coverage
from lpgen.core.drift.findings import Drift, DriftFinding, finding_order
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.holdings import pairs_of
from lpgen.core.drift.policies import find_changed_policies, scps_known
from lpgen.core.drift.principals import find_outside_trust, find_people
from lpgen.core.drift.states import State
from lpgen.core.drift.use import applied_proposals, find_disuse, find_never_applied, find_new_use
from lpgen.core.drift.wildcards import find_wildcards
from lpgen.core.iam.match import glob_match
from lpgen.core.principal_names import is_named
from lpgen.core.replacements import Decision, DecisionKind


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """What a person can choose.

    `unused_days` are the covered days without use after which a grant counts as unused and a role as quiet,
    `apply_days` the days after which a safe proposal counts as never applied.
    """

    unused_days: int = 90
    apply_days: int = 30


_DEFAULT_OPTIONS: Final = DriftOptions()


def drift_between(before: State, after: State, catalog: Catalog, options: DriftOptions = _DEFAULT_OPTIONS) -> Drift:
    """What changed from one state to the other, the most severe first; of a state and itself nothing.

    `catalog` is the one that the grants of both were expanded with.
    """
    gains, pairs = Gains(catalog), pairs_of(before, after)
    findings = (
        *find_outside_trust(before, after),
        *find_lost_coverage(before, after),
        *find_changed_policies(before, after, pairs, gains),
        *find_new_use(before, after, pairs, catalog),
        *find_people(before, after, gains, catalog),
        *find_wildcards(before, after, pairs, catalog, gains),
        *find_never_applied(before, after, pairs, apply_days=options.apply_days),
        *find_disuse(before, after, pairs, catalog, gains, unused_days=options.unused_days),
    )
    return Drift(
        before.stamp,
        after.stamp,
        tuple(sorted(findings, key=finding_order)),
        applied_proposals(before, after, pairs),
        tuple(_notes(before, after)),
    )


def _notes(before: State, after: State) -> Iterator[str]:
    if after.stamp.as_of < before.stamp.as_of:
        yield (
            f"the baseline is as of {before.stamp.as_of.isoformat()}, which is later than "
            f"{after.stamp.as_of.isoformat()}: ingest the logs since, or give --as-of"
        )
    old, new = before.coverage.last_day, after.coverage.last_day
    if old == new:
        yield (
            f"no record is newer than the baseline's, the last is of {old.isoformat()}" if old else "there is no record"
        )
    if after.stamp.catalog_date < before.stamp.catalog_date:
        yield f"the catalog is older than the baseline's, which is of {before.stamp.catalog_date}"
    if bool(before.trails) != bool(after.trails):
        yield f"trail settings are known {_side(bool(after.trails))} alone, so that they can't be compared"
    known = [any(scps_known(one) for one in state.grants) for state in (before, after)]
    if known[0] != known[1]:
        yield f"SCPs are known {_side(known[1])} alone: grants that they cap differ for that reason"


def _side(now: bool) -> str:
    return "now" if now else "of the baseline"


def accept_findings(drift: Drift, decisions: Iterable[Decision], *, as_of: date) -> Drift:
    """The drift with what people accepted marked as such.

    A decision of the kind accept speaks of the findings whose item its own item, a glob, fits; with a principal,
    another glob, only of those that concern such principals alone. One that has expired is shown and accepts nothing.
    """
    listed = tuple(one for one in decisions if one.kind is DecisionKind.ACCEPT)
    valid = decisions_in_force(listed, as_of=as_of)
    expired = tuple(one for one in listed if one not in valid)
    findings = (replace(one, accepted_by=_words(valid, one), expired=_words(expired, one)) for one in drift.findings)
    concerned = tuple(one for one in expired if any(_speaks_of(one, finding) for finding in drift.findings))
    return replace(drift, findings=tuple(sorted(findings, key=finding_order)), expired=concerned)


def _words(decisions: Iterable[Decision], finding: DriftFinding) -> str:
    for one in decisions:
        if _speaks_of(one, finding):
            until = f", until {one.expires}" if one.expires else ""
            return f"{one.owner}: {one.reason}{until}"
    return ""


def _speaks_of(decision: Decision, finding: DriftFinding) -> bool:
    concerned = finding.principals or (finding.subject,)
    return glob_match(decision.item, finding.item) and all(is_named(one, decision.principal) for one in concerned)
