"""The Resource Groups Tagging API: tagging through it needs the service's own tagging action for each resource too.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import TAGGING_API
from lpgen.core.cloudtrail.rules.types import mapped, resource_from_arn
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "tagging.amazonaws.com"


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The actions that tag and untag resources of some services, or of one of their types: `iam:role`."""

    resources: tuple[str, ...]
    tag: str
    untag: str
    source: tuple[str, ...]


def _read_actions(source: CatalogSource) -> dict[str, tuple[str, str]]:
    rows = read_catalog_table(source, "tagging_api", list[_Row])
    return {name: (row.tag, row.untag) for row in rows for name in row.resources}


# The reads that the API makes first, by call and by the part of the resource's ARN after the service.
_READ_FIRST = {
    "TagResources": (("s3", "", "s3:GetBucketTagging"),),
    "UntagResources": (("glue", "connection/", "glue:GetConnection"),),
}


def _tagging_action(call: Call, arn: str, index: int) -> str:
    """The service's action that tags (0) or untags (1) the resource, or "" where the service isn't known."""
    fields = split_arn(arn)
    if "*" in arn:
        return ""
    known = call.catalog.facts(_read_actions)
    actions = known.get(fields.service) or known.get(f"{fields.service}:{fields.name.partition('/')[0]}")
    return f"{fields.service}:{actions[index]}" if actions else ""


def _read_first(operation: str, arn: str) -> Iterator[str]:
    """The actions with which the call reads a resource before it changes its tags."""
    fields = split_arn(arn)
    for service, start, action in _READ_FIRST[operation]:
        if fields.service == service and fields.name.startswith(start):
            yield action


@dataclass(frozen=True, slots=True)
class _TaggingRule:
    """TagResources or UntagResources. For a service that the table lacks, only the call's own action remains.

    `index` is the place of the service's action in the table: tagging first, untagging second.
    """

    action: str
    index: int

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        found: dict[str, set[Resource]] = {}
        for arn in call.texts("resourceARNList"):
            action = _tagging_action(call, arn, self.index)
            if action:
                found.setdefault(action, set()).add(resource_from_arn(arn))
                for read in _read_first(call.operation, arn):
                    found.setdefault(read, set()).add(resource_from_arn(arn))
        return (
            mapped(self.action, (NO_RESOURCE,)),
            *(mapped(action, resources, how=TAGGING_API) for action, resources in sorted(found.items())),
        )


RULES: RuleTable = {
    (_SOURCE, "TagResources"): _TaggingRule("tag:TagResources", 0),
    (_SOURCE, "UntagResources"): _TaggingRule("tag:UntagResources", 1),
}
