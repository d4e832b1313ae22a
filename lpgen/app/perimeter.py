"""From policies and logs to Deny statements for the policies of resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lpgen.core.analysis.grants.trust import own_accounts
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import LogCoverage
from lpgen.core.globs.match import glob_match
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.model import Principal
from lpgen.core.perimeter.proposals import PerimeterReport, perimeter_of, with_errors
from lpgen.core.perimeter.resources import PolicyResource, container_with_policy, read_types
from lpgen.core.perimeter.use import UseOfResources
from lpgen.core.perimeter.world import Endpoint, PerimeterChoices, PerimeterWorld
from lpgen.core.principal_names import find_named
from lpgen.core.snapshots import SnapshotStamp, Subject
from lpgen.core.trails import Trail, TrailSource
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, Usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.policy_validation import policy_errors
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import write_new_folder
from lpgen.errors import InvocationError, quote_input
from lpgen.report.iac.perimeter import files_of_perimeter


def perimeter(
    policies: Sequence[Path],
    catalog: Catalog,
    choices: PerimeterChoices,
    *,
    resource: str = "",
    data: Path | None = None,
    guards: Guards = NO_GUARDS,
    trails: tuple[Sequence[Trail], TrailSource] = ((), TrailSource.NAMED),
    snapshot: SnapshotStamp | None = None,
    members: Iterable[str] = (),
    endpoints: Mapping[str, Endpoint] | None = None,
    policies_given: bool = True,
) -> PerimeterReport:
    """The proposals for the resources that a glob matches by ARN or name; "" matches all.

    `members` are the accounts of the organization, if known. `policies_given`: the guards have the policies of
    resources, so a resource without one has none. Without a data folder, or with one that holds only
    snapshots, no use is known, and every proposal is refused.

    Raises:
        LpgenError: something can't be read, or a name matches nothing.
    """
    read = read_snapshot(policies)
    usage, coverage, observability = read_evidence(data, trails, catalog, choices.min_days)
    types = catalog.facts(read_types)
    own = own_accounts(read.principals, guards, snapshot, coverage) | frozenset(members)
    world = PerimeterWorld(
        read.principals,
        guards,
        catalog,
        _resolved(choices, read.principals, snapshot),
        own,
        UseOfResources(usage, read.principals, types, catalog),
        coverage,
        observability,
        endpoints,
        _unread(snapshot) if policies_given else None,
    )
    found = [one for one in _resources(world) if _is_wanted(one.arn, resource)]
    if resource and not found:
        raise InvocationError(f"no resource matches {quote_input(resource)}")
    problems = tuple(problem.message for problem in read.problems)
    return PerimeterReport(tuple(perimeter_of(one, world) for one in found), problems)


def _unread(snapshot: SnapshotStamp | None) -> frozenset[str]:
    """The accounts whose policies of resources a snapshot couldn't read completely."""
    gaps = snapshot.gaps if snapshot else ()
    return frozenset(gap.account for gap in gaps if gap.subject is Subject.RESOURCE_POLICIES)


def read_evidence(
    data: Path | None, trails: tuple[Sequence[Trail], TrailSource], catalog: Catalog, min_days: int
) -> tuple[Usage, LogCoverage, Observability]:
    """The usage of a data folder, what the logs cover, and what they could have shown. Without logs, no use is known.

    Raises:
        LpgenError: the folder can't be read.
    """
    usage = read_usage(data) if data is not None and has_ledger(data) else EMPTY_USAGE
    coverage, changes = coverage_from_usage(usage, *trails), trail_changes_from_usage(usage)
    return usage, coverage, Observability(catalog, coverage, trails[0], changes, min_days=min_days)


def _is_wanted(arn: str, glob: str) -> bool:
    return not glob or any(glob_match(glob, name) for name in (arn, split_arn(arn).name))


def _resources(world: PerimeterWorld) -> Iterator[PolicyResource]:
    """The resources with a supplied policy, and those of the organization that calls name, sorted by ARN."""
    types = world.catalog.facts(read_types)
    policies = {policy.resource: policy for policy in world.guards.resource_policies}
    supplied = {found for arn in policies if (found := container_with_policy(arn, types)) and found[1] == arn}
    for name, arn in sorted({*supplied, *world.use.named}, key=lambda pair: pair[1]):
        policy = policies.get(arn)
        account = (policy.account if policy else "") or account_in_arn(arn) or world.use.owner_of(name, arn)
        if not account and len(world.own) == 1:
            (account,) = world.own
        if policy or account in world.own:
            document = (policy.policy, policy.head) if policy else (None, None)
            yield PolicyResource(arn, name, types[name], account, *document)


def _resolved(
    choices: PerimeterChoices, principals: Sequence[Principal], snapshot: SnapshotStamp | None
) -> PerimeterChoices:
    """The choices with the organization of the snapshot, and with the ARNs of named principals."""
    given = tuple(arn for glob in choices.break_glass for arn in arns_of_names(glob, principals))
    organization = choices.organization
    if organization is None and snapshot is not None:
        is_known = Subject.ORGANIZATION not in {gap.subject for gap in snapshot.gaps}
        organization = snapshot.organization or ("" if is_known else None)
    caller = role_of_session(choices.caller, principals)
    return replace(choices, organization=organization, break_glass=given, caller=caller)


def arns_of_names(glob: str, principals: Iterable[Principal]) -> list[str]:
    """The ARNs that a name means: an ARN or a pattern of ARNs as it is, or the principals with that name.

    Raises:
        InvocationError: nothing has the name.
    """
    if glob.startswith("arn:"):
        return [role_of_session(glob, principals)]
    return list(find_named(glob, (principal.arn for principal in principals)))


def role_of_session(arn: str, principals: Iterable[Principal]) -> str:
    """The ARN of the role of a session, which doesn't show the role's path. Other ARNs stay as they are."""
    fields = split_arn(arn)
    kind, _, rest = fields.name.partition("/")
    if fields.service != "sts" or kind != "assumed-role":
        return arn
    name = rest.partition("/")[0]
    known = (one.arn for one in principals if one.account == fields.account and one.name == name)
    return next(known, f"arn:{fields.partition}:iam::{fields.account}:role/{name}")


def validated(report: PerimeterReport, session: AwsSession) -> PerimeterReport:
    """The report after Access Analyzer checked each new policy: a proposal with an error is refused.

    Raises:
        AwsError: it can't be asked.
    """
    checked = []
    for one in report.resources:
        found = ((two, policy_errors(session, one.resource, two.policy) if two.policy else ()) for two in one.proposals)
        checked.append(replace(one, proposals=tuple(with_errors(proposal, errors) for proposal, errors in found)))
    return replace(report, resources=tuple(checked))


def write_perimeter(report: PerimeterReport, folder: Path) -> None:
    """Writes the new policies to a new or empty folder.

    Raises:
        OutputError: the folder has files, or can't be written.
    """
    write_new_folder(folder, files_of_perimeter(report))
