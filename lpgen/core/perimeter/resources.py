"""The types of resources whose policies can have a perimeter, as rows of the table `perimeter`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.iam.match_resource import resources_meet
from lpgen.core.iam.policy_reader import document_json
from lpgen.core.model import Policy

_NO_ACCOUNT: Final = "s3"
"""The service whose ARNs have no account, except those of access points."""


class ResourceType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type of resource.

    Its ARNs have names that begin with `prefix`; in ARNs of what it contains, `separator` ends the name. A Deny covers
    the resource and its `contents`, and refuses `actions`. One about networks refuses `network_actions` or, without
    any, all except for `spared`, so people can change the policy from anywhere. `edit` is the action that replaces the
    policy. `uses` are common actions, each with what follows the ARN in its resource. A policy has at most `size` bytes
    and `statements`. `always`: every resource has a policy. `analyzer` is the type's name in Access Analyzer. `before`
    and `cli` are the commands that replace a policy. `terraform` and `cloudformation` have a resource type, the
    attribute with the resource, its value, and the attribute with the policy.
    """

    service: str
    actions: tuple[str, ...]
    edit: str
    uses: dict[str, str]
    size: int
    cli: str
    source: tuple[str, ...]
    prefix: str = ""
    separator: str = ""
    contents: tuple[str, ...] = ()
    network_actions: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    statements: int = 0
    always: bool = False
    analyzer: str = ""
    before: str = ""
    terraform: tuple[str, ...] = ()
    cloudformation: tuple[str, ...] = ()

    def fits(self, document: Mapping[str, Any], *, indent: int | None = None) -> bool:
        """Whether the service accepts a document of this size. DynamoDB counts white space, so all of it counts."""
        is_short = len(document_json(document, indent=indent).encode()) <= self.size
        return is_short and len(document["Statement"]) <= (self.statements or self.size)


def read_types(source: CatalogSource) -> Mapping[str, ResourceType]:
    """The types by name, such as `s3:bucket`, for `Catalog.facts`."""
    return read_catalog_table(source, "perimeter", dict[str, ResourceType])


@dataclass(frozen=True, slots=True)
class PolicyResource:
    """A resource that can have a policy. `account` owns it, "" if unknown. `policy` is None if it has none, and `head`
    are the other members of its document, if known."""

    arn: str
    type: str
    row: ResourceType
    account: str
    policy: Policy | None = None
    head: tuple[tuple[str, str], ...] | None = None

    @property
    def covered(self) -> tuple[str, ...]:
        """The patterns of the resource and of what it contains."""
        return (self.arn, *(f"{self.arn}{content}" for content in self.row.contents))

    def may_be(self, seen: str) -> bool:
        """Whether a recorded ARN or pattern may name it or something in it."""
        return any(resources_meet(pattern, seen) for pattern in self.covered)

    def common_uses(self) -> Iterator[tuple[str, str]]:
        """Common actions, each with an ARN or a pattern of its resource."""
        return ((action, f"{self.arn}{content}") for action, content in self.row.uses.items())


def container_with_policy(arn: str, types: Mapping[str, ResourceType]) -> tuple[str, str] | None:
    """The type and the ARN of the resource whose policy decides about an ARN or pattern; None for other ARNs."""
    fields = split_arn(arn)
    for name, row in types.items():
        if fields.service != row.service or not fields.name.startswith(row.prefix):
            continue
        if bool(fields.account) is (fields.service == _NO_ACCOUNT):
            continue
        own = fields.name.removeprefix(row.prefix)
        own = own.partition(row.separator)[0] if row.separator else own
        if own:
            place = ("arn", fields.partition, fields.service, fields.region, fields.account)
            return name, ":".join((*place, row.prefix + own))
    return None
