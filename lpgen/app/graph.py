"""From policies and logs to the network of principals, and the paths that answer a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.compute import Inventory
from lpgen.core.graph.answers import ADMIN, GraphReport, Question, answer_question
from lpgen.core.graph.outsiders import is_outsider_named
from lpgen.core.graph.use import UseOfEdges
from lpgen.core.graph.ways import read_ways
from lpgen.core.graph.world import World
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.model import Principal
from lpgen.core.principal_names import find_named, is_named
from lpgen.core.replacements import with_replacement
from lpgen.core.trails import Trail, TrailSource
from lpgen.core.trust.evidence import TrustEvidence, with_use
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import iam_names_from_usage
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import WrittenReplacement, read_replacements
from lpgen.errors import InvocationError, quote_input

NO_PASSWORDS: Final[Mapping[str, frozenset[str]]] = {}
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
    passwords: Mapping[str, frozenset[str]] = NO_PASSWORDS,
    trails: tuple[Sequence[Trail], TrailSource] = ((), TrailSource.NAMED),
    compare: Path | None = None,
) -> GraphReport:
    """The paths from the principals that `source` names to what `target` names: principals, the ARN of a resource, or
    `admin`. "" names every principal, and with a source also the resources with a known policy. `source` may also name
    outsiders, or an AWS service.

    `compare` is the output of `lpgen generate`, whose replacements the report compares with the policies of today.
    Without a data folder, or with one that holds only snapshots, use can't be seen.

    Raises:
        LpgenError: something can't be read, or a name matches nothing.
    """
    read = read_snapshot(policies, all_versions=True)
    resources = (target,) if _is_resource(target) else ()
    services = (source,) if any(source in way.trusts for way in catalog.facts(read_ways).ways) else ()
    world = World(read.principals, read.groups, catalog, guards, compute, resources, services, passwords=passwords)
    if resources and not world.holds_data(target):
        raise InvocationError(f"no way to a resource like {quote_input(target)} is known", hint=_RESOURCES)
    if source and not target:
        known = (policy.resource for policy in guards.resource_policies)
        world = replace(world, resources=tuple(filter(world.holds_data, known)))
    after = _replaced(world, read_replacements(compare)) if compare else None
    outside = {*world.outsiders, *(after.outsiders if after else ())} if source else ()
    outsiders = tuple(node for node in sorted(outside) if is_outsider_named(node, source))
    arns = [principal.arn for principal in read.principals]
    sources: tuple[str, ...] | None = services or outsiders or None
    if source and not services:
        sources = (*outsiders, *filter(partial(is_named, glob=source), arns)) or find_named(source, arns)
    wanted = (target,) if target == ADMIN or resources else find_named(target, arns) if target else None
    question = Question(sources, wanted, all_paths)
    use = _use(world, data, trails)
    problems = [problem.message for problem in read.problems]
    return answer_question(world, question, use, after=after, problems=problems)


def _is_resource(text: str) -> bool:
    fields = split_arn(text)
    return bool(fields.service) and not (fields.service == "iam" and fields.name.startswith(("role/", "user/")))


def _replaced(world: World, replacements: Iterable[WrittenReplacement]) -> World:
    """The world after replacements."""
    written = {found.principal: found for found in replacements}

    def replaced(principal: Principal) -> Principal:
        new = written.get(principal.arn)
        if new is None:
            return principal
        trusted = replace(principal, trust=new.trust or principal.trust)
        if new.is_trust_only:
            return trusted
        own = ((document.file, document.policy) for document in new.documents)
        return with_replacement(trusted, own, ((kept.arn, kept.document) for kept in new.left))

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
        names=iam_names_from_usage(usage, world.principals, lambda *_row: True),
    )
