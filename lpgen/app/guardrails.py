"""From policies and logs to service control policies and permissions boundaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lpgen.app.perimeter import arns_of_names, read_evidence, role_of_session
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.compute import Inventory
from lpgen.core.evidence import LogCoverage
from lpgen.core.globs.match import glob_match
from lpgen.core.graph.world import World
from lpgen.core.guardrails.boundary import (
    BoundaryChoices,
    BoundaryEvidence,
    BoundaryReport,
    propose_boundary,
    with_boundary_errors,
)
from lpgen.core.guardrails.dangerous import dangerous_actions
from lpgen.core.guardrails.organization import Organized
from lpgen.core.guardrails.regions import unused_regions
from lpgen.core.guardrails.scp import (
    Parts,
    ScpKind,
    ScpProposal,
    ScpReport,
    ScpWorld,
    UnitDraft,
    UnitGuardrails,
    with_scp_errors,
)
from lpgen.core.guardrails.services import unused_services
from lpgen.core.guardrails.use import UseOfAccounts
from lpgen.core.guards import Guards
from lpgen.core.model import Principal, Snapshot
from lpgen.core.perimeter.use import UseOfResources
from lpgen.core.perimeter.world import PerimeterChoices, PerimeterWorld
from lpgen.core.principal_names import hint_of_name
from lpgen.core.trails import Trail, TrailSource
from lpgen.core.usage.principal_usage import principal_usages_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, Usage
from lpgen.edge.aws_regions import regions_of_partition
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.policy_validation import document_errors
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import write_new_folder
from lpgen.errors import InvocationError, quote_input
from lpgen.report.iac.guardrails import files_of_boundary, files_of_scps

_KINDS: Final[dict[ScpKind, Callable[[UnitDraft], Parts]]] = {
    ScpKind.SERVICES: unused_services,
    ScpKind.REGIONS: unused_regions,
    ScpKind.DANGEROUS: dangerous_actions,
}


@dataclass(frozen=True, slots=True)
class GuardrailInputs:
    """The inputs of both commands. Without a data folder, or with one that holds only snapshots, no use is known."""

    policies: Sequence[Path]
    catalog: Catalog
    guards: Guards
    data: Path | None = None
    trails: tuple[Sequence[Trail], TrailSource] = ((), TrailSource.NAMED)

    def read(self, min_days: int) -> tuple[Snapshot, Usage, LogCoverage, Observability]:
        """The principals, the usage, and what the logs could have shown."""
        read = read_snapshot(self.policies, all_versions=True)
        return (read, *read_evidence(self.data, self.trails, self.catalog, min_days))


def propose_scps(
    inputs: GuardrailInputs, organized: Organized, choices: PerimeterChoices, *, unit: str = ""
) -> ScpReport:
    """The SCPs for each unit, or for the one with this id or name.

    Raises:
        LpgenError: something can't be read, or a name matches nothing.
    """
    wanted = [one for one in organized.organization.units if unit in ("", one.id, one.name)]
    if unit and not wanted:
        raise InvocationError(f"no unit is called {quote_input(unit)}", hint="give the id of a unit")
    read, usage, coverage, observability = inputs.read(choices.min_days)
    outside = tuple(arn for glob in choices.break_glass for arn in arns_of_names(glob, read.principals))
    caller = role_of_session(choices.caller, read.principals)
    own = frozenset(account for one in organized.organization.units for account in one.accounts)
    who = PerimeterWorld(
        read.principals,
        inputs.guards,
        inputs.catalog,
        replace(choices, break_glass=outside, caller=caller, organization=organized.organization.organization),
        own,
        UseOfResources(EMPTY_USAGE, (), {}, inputs.catalog),
        coverage,
        observability,
    )
    partition = next((split_arn(principal.arn).partition for principal in read.principals), "aws")
    known = replace(organized, regions=regions_of_partition(partition))
    use = UseOfAccounts(usage, read.principals, inputs.catalog)
    world = ScpWorld(known, use, tuple(inputs.trails[0]), who)
    drafts = [UnitDraft(one, world) for one in wanted]
    found = (
        UnitGuardrails(draft.unit, tuple(draft.proposal(kind, parts) for kind, parts in _KINDS.items()))
        for draft in drafts
    )
    return ScpReport(tuple(found), tuple(problem.message for problem in read.problems))


def propose_boundary_of(
    inputs: GuardrailInputs,
    choices: BoundaryChoices,
    *,
    creator: str,
    created: str = "",
    compute: Inventory | None = None,
) -> BoundaryReport:
    """The boundary of the roles that the creators create. Globs name the creators, and the created roles if given.

    Raises:
        LpgenError: something can't be read, or a name matches nothing.
    """
    read, usage, coverage, observability = inputs.read(choices.min_days)
    creators = _named(creator, read.principals)
    roles = _named(created, read.principals) if created else None
    world = World(read.principals, read.groups, inputs.catalog, inputs.guards, compute)
    evidence = BoundaryEvidence(principal_usages_from_usage(usage), coverage, observability)
    report = propose_boundary(replace(choices, creators=creators, created=roles), world, evidence)
    return replace(report, problems=tuple(problem.message for problem in read.problems))


def _named(glob: str, principals: Iterable[Principal]) -> tuple[Principal, ...]:
    known = {principal.arn: principal for principal in principals}
    named = [known[arn] for arn in arns_of_names(glob, known.values()) if arn in known]
    matching = named or [one for one in known.values() if glob_match(glob, one.arn)]
    if not matching:
        raise InvocationError(f"no principal matches {quote_input(glob)}", hint=hint_of_name(glob, known))
    return tuple(matching)


def validated_guardrails(report: ScpReport | BoundaryReport, session: AwsSession) -> ScpReport | BoundaryReport:
    """The report after Access Analyzer checked each document: a proposal with an error is refused.

    Raises:
        AwsError: it can't be asked.
    """
    if isinstance(report, BoundaryReport):
        documents = [report.boundary, *(report.creator_policies or {}).values()] if report.boundary else []
        found = [error for one in documents if one for error in document_errors(session, one, "IDENTITY_POLICY")]
        return with_boundary_errors(report, found)

    def check(proposal: ScpProposal) -> ScpProposal:
        document = proposal.policy
        errors = document_errors(session, document, "SERVICE_CONTROL_POLICY") if document else ()
        return with_scp_errors(proposal, errors)

    units = (replace(one, proposals=tuple(map(check, one.proposals))) for one in report.units)
    return replace(report, units=tuple(units))


def write_guardrails(report: ScpReport | BoundaryReport, folder: Path) -> None:
    """Writes the documents to a new or empty folder.

    Raises:
        OutputError: the folder has files, or can't be written.
    """
    write_new_folder(folder, files_of_scps(report) if isinstance(report, ScpReport) else files_of_boundary(report))
