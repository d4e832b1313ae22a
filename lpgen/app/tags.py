"""From policies, logs and the tags of resources to conditions on tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from lpgen.app.perimeter import arns_of_names, read_evidence
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.graph.world import World
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.principal_names import find_named
from lpgen.core.tags.model import TagReport, TagWorld
from lpgen.core.tags.proposals import tags_report, with_errors
from lpgen.core.tags.types import TaggedTypes
from lpgen.core.tags.use import Tags, UseOfTags
from lpgen.core.trails import Trail, TrailSource
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.policy_validation import document_errors
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import write_new_folder
from lpgen.report.iac.tags import files_of_tags


def tags(
    policies: Sequence[Path],
    catalog: Catalog,
    resource_tags: Mapping[str, Tags],
    *,
    data: Path | None = None,
    principal: str = "",
    keys: Sequence[str] = (),
    managers: Sequence[str] = (),
    min_days: int,
    guards: Guards = NO_GUARDS,
    trails: tuple[Sequence[Trail], TrailSource] = ((), TrailSource.NAMED),
    abac: Collection[str] = (),
) -> TagReport:
    """The proposals for the principals that a glob matches; "" matches all.

    `managers` are the ARNs or names of the tag managers, and `abac` the buckets with attribute-based access control.

    Raises:
        LpgenError: something can't be read, or a name matches nothing.
    """
    read = read_snapshot(policies)
    arns = [found.arn for found in read.principals]
    wanted = find_named(principal, arns) if principal else arns
    usage, coverage, observability = read_evidence(data, trails, catalog, min_days)
    types = TaggedTypes(catalog)
    world = TagWorld(
        World(read.principals, read.groups, catalog, guards),
        types,
        UseOfTags(usage, read.principals, resource_tags, types),
        coverage,
        observability,
        tuple(keys),
        tuple(arn for glob in managers for arn in arns_of_names(glob, read.principals)),
        min_days,
        frozenset(abac),
    )
    return tags_report(world, wanted, [problem.message for problem in read.problems])


def validated(report: TagReport, session: AwsSession) -> TagReport:
    """The report after Access Analyzer checked each new policy: a proposal with an error is refused.

    Raises:
        AwsError: it can't be asked.
    """
    checked = []
    for tagged in report.principals:
        errors = (
            document_errors(session, proposal.document, "IDENTITY_POLICY") if proposal.document else ()
            for proposal in tagged.proposals
        )
        checked.append(replace(tagged, proposals=tuple(map(with_errors, tagged.proposals, errors))))
    return replace(report, principals=tuple(checked))


def write_tags(report: TagReport, folder: Path) -> None:
    """Writes the new policies to a new or empty folder.

    Raises:
        OutputError: the folder has files, or can't be written.
    """
    write_new_folder(folder, files_of_tags(report))
