"""The two sides of a comparison: what is known at one moment of all principals together, and its numbers."""

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
    """The numbers that a trend is made of, summed over all principals of a review.

    `unused` are granted actions that nobody was seen to use, though the logs would have shown it, `dangerous_unused`
    the dangerous grants that nobody was seen to use, `wildcards` those of Allows. `covered_days` are those of the
    account that has fewest.
    """

    principals: int = 0
    granted: int = 0
    unused: int = 0
    dangerous_unused: int = 0
    wildcards: int = 0
    covered_days: int = 0


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a state says of itself. `as_of` is the day that ages count to, `snapshot` a name or "" for files."""

    name: str
    as_of: date
    catalog_version: str
    catalog_date: str
    snapshot: str = ""
    figures: Figures = Figures()


@dataclass(frozen=True, slots=True)
class KeptProposal:
    """What was proposed for one principal: the documents that it was to hold in the place of its policies.

    `left` are those of its policies that were to stay attached; their documents are among the others. `waiting_since`
    is the day since which a safe proposal for the same policies has been there; None where it isn't safe. `dangerous`
    counts the dangerous grants nobody was seen to use that it removes.
    """

    principal: str
    documents: tuple[Policy, ...]
    waiting_since: date | None
    dangerous: int
    left: tuple[LeftPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What a comparison reads of one side, but for what each principal holds and does.

    `known_actions` are those of the side's own catalog. `principals` are all, as outlines. `region_days` are the days
    with records by account and Region, sorted. `knows_scps` says whether SCPs were given for any of the accounts.
    `accounts` and `organization` are one's own, as far as this side knows them.
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
    """The numbers of some principals, whose `covered_days` are left to `sum_figures`."""
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
    """The numbers of all principals from those of parts."""
    columns = zip(*(astuple(figures) for figures in (Figures(), *parts)), strict=True)
    covered = min((account.covered_days for account in coverage.accounts), default=0)
    return replace(Figures(*map(sum, columns)), covered_days=covered)
