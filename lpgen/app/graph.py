"""From policies and logs to the network of principals, and the paths that answer a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.compute import Inventory
from lpgen.core.graph.answers import ADMIN, GraphReport, Question, answer_question
from lpgen.core.graph.use import UseOfEdges
from lpgen.core.graph.world import World
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal, Snapshot
from lpgen.core.principal_names import hint_of_name, is_named
from lpgen.core.trails import Trail, TrailSource
from lpgen.core.trust.evidence import TrustEvidence, with_use
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import WrittenReplacement, read_replacements
from lpgen.errors import InvocationError, quote_input

_RESOURCES: Final = "name a bucket, a table, a secret or a key"


def graph(
    policies: Sequence[Path],
    catalog: Catalog,
    *,
    source: str = "",
    target: str = "",
    all_paths: bool = False,
    data: Path | None = None,
    guards: Guards = NO_GUARDS,
    compute: Inventory | None = None,
    trails: tuple[Sequence[Trail], TrailSource] = ((), TrailSource.NAMED),
    compare: Path | None = None,
) -> GraphReport:
    """The paths from the principals that `source` names to what `target` names: principals, the ARN of a resource, or
    `admin`. "" names every principal.

    `compare` is the output of `lpgen generate`, whose replacements the report compares with the policies of today.
    Without a data folder, or with one that holds only snapshots, use can't be seen.

    Raises:
        LpgenError: something can't be read, or a name matches nothing.
    """
    read = read_snapshot(policies, all_versions=True)
    resources = (target,) if _is_resource(target) else ()
    world = World(read.principals, read.groups, catalog, guards, compute, resources)
    if resources and not any(world.fits(way, target) for way in world.ways if way.gains == "resource"):
        raise InvocationError(f"no way to a resource like {quote_input(target)} is known", hint=_RESOURCES)
    sources = _named(source, read) if source else None
    wanted = (target,) if target == ADMIN or resources else _named(target, read) if target else None
    question = Question(sources, wanted, all_paths)
    use = _use(world, data, trails)
    problems = [problem.message for problem in read.problems]
    after = _replaced(world, read_replacements(compare)) if compare else None
    return answer_question(world, question, use, after=after, problems=problems)


def _is_resource(text: str) -> bool:
    fields = split_arn(text)
    return bool(fields.service) and not (fields.service == "iam" and fields.name.startswith(("role/", "user/")))


def _named(glob: str, read: Snapshot) -> tuple[str, ...]:
    arns = [principal.arn for principal in read.principals]
    found = tuple(arn for arn in arns if is_named(arn, glob))
    if not found:
        raise InvocationError(f"no principal matches {quote_input(glob)}", hint=hint_of_name(glob, arns))
    return found


def _replaced(world: World, replacements: Iterable[WrittenReplacement]) -> World:
    """The world after replacements. A user's replacement also replaces the policies from groups."""
    written = {found.principal: found for found in replacements}

    def replaced(principal: Principal) -> Principal:
        new = written.get(principal.arn)
        if new is None:
            return principal
        own = [
            AttachedPolicy(PolicyKind.INLINE, document.file, "", "", None, document.policy)
            for document in new.documents
        ]
        left = [
            AttachedPolicy(PolicyKind.AWS_MANAGED, kept.arn, kept.arn, "", None, kept.document) for kept in new.left
        ]
        policies = principal.policies if new.is_trust_only else (*own, *left)
        return replace(principal, policies=policies, trust=new.trust or principal.trust)

    return replace(world, principals=tuple(map(replaced, world.principals)))


def _use(world: World, data: Path | None, trails: tuple[Sequence[Trail], TrailSource]) -> UseOfEdges:
    ways = world.ways
    if data is None or not has_ledger(data):
        return UseOfEdges(ways, world.catalog)
    usage = read_usage(data)
    coverage = coverage_from_usage(usage, *trails)
    accounts = frozenset(principal.account for principal in world.principals)
    empty = TrustEvidence(own=accounts, complete=accounts, principals={found.arn: found for found in world.principals})
    return UseOfEdges(
        ways,
        world.catalog,
        usage=usage,
        observability=Observability(world.catalog, coverage, trails[0], min_days=1),
        evidence=with_use(empty, usage, coverage, world.principals, world.catalog),
    )
