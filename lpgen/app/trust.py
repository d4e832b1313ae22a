"""From policies and logs to each role's trust: who may assume it, who did, and a narrowed trust policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.grants.trust import own_accounts
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import ENOUGH_DAYS
from lpgen.core.compute import Compute, pods_by_role
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.model import PrincipalKind, SnapshotProblemKind
from lpgen.core.options import is_chosen
from lpgen.core.replacements import Decision
from lpgen.core.snapshots import SnapshotStamp
from lpgen.core.trails import Trail, TrailSource
from lpgen.core.trust.callers import Callers
from lpgen.core.trust.evidence import ExistingProviders, TrustEvidence, with_use
from lpgen.core.trust.known_parties import known_account
from lpgen.core.trust.roles import TrustReport, trust_of_role
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.errors import InvocationError, quote_input


@dataclass(frozen=True, slots=True)
class TrustChoices:
    """The choices for a report on trust, and facts from files: GitHub's ids of repositories, the identity providers
    that exist (None: unknown), the quotas for trust policies by account, and what runs with a role."""

    principal: str = ""
    min_days: int = ENOUGH_DAYS
    ids: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    providers: ExistingProviders | None = None
    decisions: tuple[Decision, ...] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)
    compute: tuple[Compute, ...] = ()


def trust(
    policies: Sequence[Path],
    catalog: Catalog,
    choices: TrustChoices,
    *,
    data: Path | None = None,
    guards: Guards = NO_GUARDS,
    trails: tuple[Sequence[Trail], TrailSource] = ((), TrailSource.NAMED),
    snapshot: SnapshotStamp | None = None,
) -> TrustReport:
    """Each role's trust. Without a data folder, or with one that holds only snapshots, use is unknown.

    Raises:
        LpgenError: something can't be read, or no role is chosen.
    """
    read = read_snapshot(policies)
    roles = [role for role in read.principals if role.kind is PrincipalKind.ROLE and is_chosen(role, choices.principal)]
    if not roles:
        raise InvocationError(f"no role matches {quote_input(choices.principal)}" if choices.principal else "no role")
    is_cut = any(problem.kind is SnapshotProblemKind.TRUNCATED for problem in read.problems)
    accounts = frozenset(principal.account for principal in read.principals)
    today = snapshot.taken.date() if snapshot else date.fromisoformat(catalog.date)
    evidence = TrustEvidence(
        own=own_accounts(read.principals, guards, snapshot),
        complete=frozenset() if is_cut else accounts,
        principals={principal.arn: principal for principal in read.principals},
        providers=choices.providers,
        ids=choices.ids,
        min_days=choices.min_days,
        quotas=choices.quotas,
        pods=pods_by_role(choices.compute, snapshot.gaps if snapshot else ()),
        decisions=decisions_in_force(choices.decisions, as_of=today),
    )
    if data is not None and has_ledger(data):
        usage = read_usage(data)
        coverage = coverage_from_usage(usage, *trails)
        evidence = replace(
            evidence,
            own=own_accounts(read.principals, guards, snapshot, coverage),
            decisions=decisions_in_force(choices.decisions, as_of=coverage.last_day or today),
        )
        evidence = with_use(evidence, usage, coverage, read.principals, catalog, trails[0])
    callers = Callers(read.principals, guards.with_trust(read.principals))
    vendor_of = partial(known_account, catalog)
    return TrustReport(
        tuple(trust_of_role(role, evidence, callers=callers, vendor_of=vendor_of) for role in roles),
        tuple(problem.message for problem in read.problems),
    )
