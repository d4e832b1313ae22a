"""The two sides of a comparison: the facts at one moment about all principals together, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import date

from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.guards import Guards
from lpgen.core.model import Action, Policy, Principal
from lpgen.core.replacements import LeftPolicy
from lpgen.core.trails import Trail


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of a trend, summed over all principals of a review.

    `unused` counts granted actions without recorded use whose use the logs would have shown. `dangerous_unused` counts
    dangerous permissions without recorded use, and `wildcards` counts wildcards of Allows. `covered_days` is the
    lowest number of covered days of any account.
    """

    principals: int = 0
    granted: int = 0
    unused: int = 0
    dangerous_unused: int = 0
    wildcards: int = 0
    covered_days: int = 0


@dataclass(frozen=True, slots=True)
class Stamp:
    """The identity of a state. `as_of` is the reference date for ages. `snapshot` is a name, or "" for files."""

    name: str
    as_of: date
    catalog_version: str
    catalog_date: str
    snapshot: str = ""
    figures: Figures = Figures()


@dataclass(frozen=True, slots=True)
class KeptProposal:
    """The proposal for one principal: the documents to replace its policies.

    `left` are the policies that stay attached; `documents` has their documents too. `waiting_since` is the first day of
    a safe proposal for the same policies; None if the proposal isn't safe. `dangerous` counts the dangerous
    permissions without recorded use that it removes.
    """

    principal: str
    documents: tuple[Policy, ...]
    waiting_since: date | None
    dangerous: int
    left: tuple[LeftPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """One side of a comparison, except for the policies and use of each principal.

    `known_actions` are the actions of this side's own catalog. `principals` has outlines of all principals.
    `region_days` are the days with records by account and Region, sorted. `knows_scps` says whether SCPs were given for
    any of the accounts. `accounts` and `organization` are the reader's own, if this side knows them.
    """

    stamp: Stamp
    known_actions: frozenset[Action]
    principals: tuple[Principal, ...]
    coverage: LogCoverage
    region_days: Mapping[tuple[str, str], tuple[date, ...]]
    trails: tuple[Trail, ...]
    knows_scps: bool = False
    accounts: frozenset[str] = frozenset()
    organization: str = ""


def knows_scps(guards: Guards, principals: Iterable[Principal]) -> bool:
    """Whether SCPs were given for the account of any principal."""
    return any(guards.scps_of(principal) for principal in principals)


def figures_of_principals(principals: Iterable[PrincipalDiff]) -> Figures:
    """The numbers of some principals. `sum_figures` sets `covered_days`."""
    found = Figures()
    for principal in principals:
        counts = principal.assessment.verdicts.by_verdict()
        found = Figures(
            found.principals + 1,
            found.granted + counts.total() - counts[Verdict.UNGRANTED],
            found.unused + counts[Verdict.UNUSED],
            found.dangerous_unused + sum(1 for _ in principal.assessment.verdicts.dangerous_unseen()),
            found.wildcards + len(principal.assessment.wildcards),
        )
    return found


def sum_figures(parts: Iterable[Figures], coverage: LogCoverage) -> Figures:
    """The numbers of all principals, from the numbers of parts."""
    columns = zip(*(astuple(figures) for figures in (Figures(), *parts)), strict=True)
    covered = min((account.covered_days for account in coverage.accounts), default=0)
    return replace(Figures(*map(sum, columns)), covered_days=covered)
