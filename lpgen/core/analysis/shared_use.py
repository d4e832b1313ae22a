"""What the logs show of all principals together, as far as the review of any one of them needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from lpgen.core.analysis.counted_use import UseCounter, drops_days, suspecting_counter, use_counter
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.grants.recorded_changes import (
    POLICY_CHANGES,
    KeyGrants,
    PolicyChanges,
    key_grants_from_table,
    policy_changes_from_usages,
)
from lpgen.core.analysis.observability.rare_needs import Peers, peers_from_usage
from lpgen.core.analysis.observability.signs_in_logs import ShownReads, shown_reads_from_usage
from lpgen.core.analysis.scopes.existence import lenient_calls
from lpgen.core.analysis.scopes.population import Population, population_from_usage
from lpgen.core.analysis.suspicion import Suspicion
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.model import Principal
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.trails import TrailChange
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.principal_usage import IamNames, unmapped_callers
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage


@dataclass(frozen=True, slots=True)
class SharedUse:
    """The part of a usage that concerns all principals.

    `suspicion` rests on all rows of the usage, or on more days than it has. `unlisted` are the principals that the
    policies don't have, sorted by ARN. `names` are the full names of roles and users, `dropped` those in the use that
    decisions drop by its day. The rest says for itself what it holds.
    """

    suspicion: Suspicion
    unlisted: tuple[PrincipalUsage, ...]
    names: IamNames
    dropped: IamNames | None
    policy_changes: PolicyChanges
    key_grants: KeyGrants
    trail_changes: tuple[TrailChange, ...]
    peers: Peers
    population: Population
    shown_reads: ShownReads


def facts_of_shared_use(options: Options, decisions: Iterable[Decision]) -> object:
    """What the shared use of a usage depends on, besides the policies and the catalog."""
    speaking = tuple(one for one in decisions if one.kind is DecisionKind.KEEP or drops_days([one]))
    return speaking, options.guards.boundary, options.guards.scps, bool(options.trails)


def shared_use_from_usage(
    usage: Usage,
    principals: Sequence[Principal],
    catalog: Catalog,
    options: Options,
    *,
    decisions: Sequence[Decision],
    whole: Callable[[Principal], Principal],
    suspicion: Suspicion | None = None,
) -> SharedUse:
    """The shared use of a usage. `principals` may be outlines, from which `whole` reads the principals.

    `suspicion` is that of all days, where the usage has only some.
    """
    slices, dangers = RowSlices(usage), Dangers(catalog)
    if suspicion is None:
        counter = suspecting_counter(usage, slices, principals, decisions, dangers)
    else:
        counter = replace(use_counter(usage, principals, decisions, dangers), suspicion=suspicion)
    listed = {one.arn for one in principals}
    seen = {*(one for (one,) in distinct_rows(usage.table, ("principal",))), *unmapped_callers(usage)}
    unknown_principals = sorted(seen - listed)
    unlisted = counter.count(slices.rows_of(unknown_principals), ())
    known = {one.arn: one for one in principals}

    def grants(arn: str) -> tuple[PrincipalGrants, ...]:
        return grants_from_principals([whole(known[arn])] if arn in known else [], catalog, options.guards)

    return SharedUse(
        counter.suspicion,
        tuple(unlisted[arn] for arn in unknown_principals),
        counter.names,
        use_counter(usage, principals, decisions, dangers, dropped=True).names if drops_days(decisions) else None,
        _policy_changes(usage, slices, counter, grants),
        key_grants_from_table(usage.table),
        trail_changes_from_usage(usage) if options.trails else (),
        peers_from_usage(usage, counter.belief_test, principals),
        population_from_usage(usage, counter.belief_test, lenient_calls(catalog.source).of_anything),
        shown_reads_from_usage(usage, catalog),
    )


def _policy_changes(
    usage: Usage,
    slices: RowSlices,
    counter: UseCounter,
    grants: Callable[[str], Iterable[PrincipalGrants]],
) -> PolicyChanges:
    """The changes of policies that count as use, by any caller."""
    rows = distinct_rows(usage.table, ("principal", "action"))
    makers = sorted({principal for principal, action in rows if action in POLICY_CHANGES})
    return policy_changes_from_usages(
        one for arn in makers for one in counter.count(slices.rows_of([arn]), grants(arn)).values()
    )
