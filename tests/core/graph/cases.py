"""Roles, users and worlds for tests of the network of principals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lpgen.core.compute import Compute, Inventory
from lpgen.core.graph.edges import Edge, Edges
from lpgen.core.graph.world import World
from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, Group, Policy, PolicyKind, Principal, PrincipalKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.worlds import ACCOUNT, allow, policy

OTHER = "999988887777"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:report"
Json = dict[str, Any]


def arn_of(name: str, account: str = ACCOUNT) -> str:
    """The ARN of a principal, such as `role/ci`."""
    return f"arn:aws:iam::{account}:{name}"


def document(*statements: Mapping[str, Any]) -> Policy:
    """A policy of these statements."""
    return policy_from_json({"Version": "2012-10-17", "Statement": list(statements)}, place="a test")


def trust(
    *principals: Mapping[str, Any], action: str | list[str] = "sts:AssumeRole", condition: Json | None = None
) -> Policy:
    """A trust policy with a statement for each of these principals."""
    more = {"Condition": condition} if condition else {}
    return document(*({"Effect": "Allow", "Principal": one, "Action": action, **more} for one in principals))


def service(*names: str) -> Policy:
    """A trust policy for services."""
    return trust({"Service": [f"{name}.amazonaws.com" for name in names]})


ACCOUNT_TRUST = trust({"AWS": ACCOUNT})
NOBODY = trust({"AWS": "AIDAJQABLZS4A3QDU576Q"})
"""A trust policy that lets nobody in: its principal was deleted."""


def principal(
    name: str, *statements: Mapping[str, Any], account: str = ACCOUNT, trusts: Policy | None = None, **facts: Any
) -> Principal:
    """A principal with an inline policy of these statements. `name` is such as `role/ci` or `user/ana`."""
    kind, _, rest = name.partition("/")
    path, _, own = rest.rpartition("/")
    held = facts.pop("policies", ()) + ((policy(*statements),) if statements else ())
    return Principal(
        arn_of(name, account),
        name,
        account,
        PrincipalKind(kind),
        own,
        f"/{path}/" if path else "/",
        policies=held,
        trust=(trusts or NOBODY) if kind == "role" else None,
        **facts,
    )


def managed(name: str, current: Policy, *others: Policy) -> AttachedPolicy:
    """A customer managed policy, with versions that could become the default."""
    return AttachedPolicy(
        PolicyKind.CUSTOMER_MANAGED, name, arn_of(f"policy/{name}"), "", None, current, "v1", tuple(others)
    )


def world(
    *principals: Principal,
    groups: Iterable[Group] = (),
    compute: Sequence[tuple[str, str]] | Inventory | None = None,
    guards: Guards = NO_GUARDS,
    resources: Sequence[str] = (),
) -> World:
    """A world of these principals. `compute` are pairs of a resource and a role's name."""
    if compute is not None and not isinstance(compute, Inventory):
        compute = Inventory(tuple(Compute(arn, arn_of(role)) for arn, role in compute))
    return World(principals, tuple(groups), bundled_catalog(), guards, compute, tuple(resources))


def edges_of(found: World) -> list[Edge]:
    """All edges of a world but those of administrators."""
    return [edge for edge in Edges(found).all() if edge.rule != "administrator"]


def ways_between(found: World, source: str, target: str) -> dict[str, Edge]:
    """The edges from one principal, by name, to another, a resource or `admin:ACCOUNT`, by rule."""
    wanted = target if target.startswith(("arn:", "admin:")) else arn_of(target)
    start = source if source.startswith("arn:") else arn_of(source)
    return {edge.rule: edge for edge in edges_of(found) if (edge.source, edge.target) == (start, wanted)}


def rcps(*statements: Mapping[str, Any]) -> Guards:
    """Guards with RCPs: the default one, which allows everything, and one of these statements."""
    every = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return Guards(rcps=(AccountLevels("", ((document(every), *(document(one) for one in statements)),)),))


def resource_policy(arn: str, *statements: Mapping[str, Any], account: str = "") -> Guards:
    """Guards with the policy of a resource."""
    return Guards(resource_policies=(ResourcePolicy(arn, account, document(*statements)),))


EVERYTHING = allow("*")
