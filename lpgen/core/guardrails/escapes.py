"""Paths that lead out of a boundary: from creators, created roles and a new role to principals without it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from lpgen.core.graph.edges import ADMINISTRATOR, Edge, Edges, is_admin
from lpgen.core.graph.paths import Hop, Network
from lpgen.core.graph.world import World
from lpgen.core.guardrails.creator import BOUNDARY_KEY, Delegation
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import CURRENT_VERSION, AttachedPolicy, Policy, PolicyKind, Principal, PrincipalKind

_NEW: Final = "lpgen-new-role"
_ADMINISTRATOR: Final = policy_from_json(
    {"Version": CURRENT_VERSION, "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, place="a new role"
)
_STEP: Final = "{source} -> {target} ({rule})"


def bounded_by(principal: Principal, arn: str, boundary: Policy) -> Principal:
    """A principal with a boundary."""
    name = arn.rpartition("/")[2]
    return replace(principal, boundary=AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, name, arn, "", None, boundary))


def new_role(to: Delegation, boundary: Policy, services: Iterable[str], creator: Principal) -> Principal:
    """A role that a creator could create: with every permission, the trust of its choice, and the boundary."""
    trust: dict[str, Any] = {
        "Version": CURRENT_VERSION,
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": creator.arn, "Service": sorted(services)},
            "Action": "sts:AssumeRole",
        },
    }
    arn = f"arn:{to.partition}:iam::{to.account}:role{to.path}{_NEW}"
    role = Principal(
        arn,
        "",
        to.account,
        PrincipalKind.ROLE,
        _NEW,
        to.path,
        policies=(AttachedPolicy(PolicyKind.INLINE, "all", "", "", None, _ADMINISTRATOR),),
        trust=policy_from_json(trust, place=arn),
    )
    return bounded_by(role, to.boundary, boundary)


def escapes(world: World, bounded: Collection[str], starts: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """The shortest paths from the starts to the nodes that aren't starts or `known`, a text for each path.

    `bounded` are the principals with the boundary, and `known` roles that the starts were seen to assume.
    """
    network = Network(_edges(world, bounded))
    inside = {*starts, *known}
    found = network.paths(starts, {target for _, target in network.hops} - inside)
    first = {path[_leaving(path, inside)].edge.target: path for path in (*found.possible, *found.open)}
    return tuple(sorted("; ".join(_texts(path)) for path in _nearest(first, inside)))


def _edges(world: World, bounded: Collection[str]) -> Iterator[Edge]:
    """The edges of a world in which policies that are written into bounded principals give no administrative rights.

    Steps that need another boundary than the new one don't count, because the new statements require it.
    """
    free = Edges(replace(world, principals=tuple(one for one in world.principals if one.arn not in bounded)))
    plain = (edge for edge in Edges(world).all() if edge.rule == ADMINISTRATOR or not is_admin(edge.target))
    others = (edge for one in world.principals for edge in free.of(one) if is_admin(edge.target))
    return (edge for edge in (*plain, *others) if BOUNDARY_KEY not in edge.depends_on)


def _leaving(path: tuple[Hop, ...], inside: Collection[str]) -> int:
    """The place of the first step out."""
    return next(place for place, hop in enumerate(path) if hop.edge.target not in inside)


def _nearest(first: Mapping[str, tuple[Hop, ...]], inside: Collection[str]) -> Iterator[tuple[Hop, ...]]:
    """Each path up to its first step out."""
    return (path[: _leaving(path, inside) + 1] for path in first.values())


def _texts(path: Iterable[Hop]) -> Iterator[str]:
    for hop in path:
        yield _STEP.format(source=hop.edge.source, target=hop.edge.target, rule=hop.edge.rule)
