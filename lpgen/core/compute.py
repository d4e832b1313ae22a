"""Resources that run with a role: who controls one gets the role's permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.snapshots import Gap, Subject


@dataclass(frozen=True, slots=True, order=True)
class Compute:
    """A resource that runs with a role, both as ARNs. A resource with several roles has several of these.

    `tags` are the session tags that EKS sets when it assumes the role for the resource, sorted. Empty for all others.
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """

    arn: str
    role: str
    tags: tuple[tuple[str, str], ...] = ()


class _ComputeRow(msgspec.Struct, frozen=True):
    """The resource type of a kind of compute that snapshots list."""

    type: str


def listed_types(source: CatalogSource) -> frozenset[str]:
    """The resource types that snapshots list, such as `lambda:function`, for `Catalog.facts`."""
    return frozenset(row.type for row in read_catalog_table(source, "compute", dict[str, _ComputeRow]).values())


@dataclass(frozen=True, slots=True)
class Inventory:
    """The resources that run with a role. `types` are the resource types that it lists (None: all types), and `unread`
    the accounts for which it may lack some."""

    resources: tuple[Compute, ...]
    types: frozenset[str] | None = None
    unread: frozenset[str] = frozenset()


def unread_accounts(gaps: Iterable[Gap]) -> frozenset[str]:
    """The accounts for which a snapshot may lack resources that run with a role."""
    return frozenset(gap.account for gap in gaps if gap.subject is Subject.COMPUTE)


def pods_by_role(found: Iterable[Compute], gaps: Iterable[Gap]) -> dict[str, tuple[Mapping[str, str], ...]]:
    """The session tags of the EKS Pod Identity associations of each role, by its ARN. An association that sets no tags
    has none. Roles of accounts with a gap are left out, because they may have more associations."""
    unread = unread_accounts(gaps)
    pods: dict[str, tuple[Mapping[str, str], ...]] = {}
    for compute in found:
        place = split_arn(compute.arn)
        if place.service == "eks" and place.account not in unread:
            pods[compute.role] = (*pods.get(compute.role, ()), dict(compute.tags))
    return pods


class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    arn: Annotated[str, msgspec.Meta(pattern="^arn:")]
    role: Annotated[str, msgspec.Meta(pattern="^arn:[^:]*:iam::[^:]*:role/")]
    tags: dict[str, str] = {}


def compute_from_json(text: bytes) -> tuple[Compute, ...]:
    """The resources of a JSON list of objects with `arn`, `role` and maybe `tags`.

    Raises:
        ValueError: it is something else. The error names the place in the list.
    """
    items = msgspec.json.decode(text, type=list[_Item])
    return tuple(Compute(item.arn, item.role, tuple(sorted(item.tags.items()))) for item in items)


def compute_to_json(found: Iterable[Compute]) -> list[dict[str, Any]]:
    """The items of a JSON list that `compute_from_json` reads."""
    items = (_Item(compute.arn, compute.role, dict(compute.tags)) for compute in found)
    return [dict(msgspec.to_builtins(item)) for item in items]
