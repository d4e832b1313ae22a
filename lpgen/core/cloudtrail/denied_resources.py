"""The resource that a denial's message names, for a denied call whose parameters CloudTrail leaves out.

`User: … is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app …`
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from dataclasses import replace

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.outcome import DENIED_RESOURCE
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, Resource, ResourceKind


def name_denied_resource(
    actions: tuple[MappedAction, ...], record: Record, catalog: Catalog
) -> tuple[MappedAction, ...]:
    """The actions; the one that the message is about gets the resource in the message where none could be read.

    Where the record has parameters, the resource read from them is kept; without any, a pattern says less than the
    message.
    """
    is_open = _is_open if record.requestParameters else _is_open_without_request
    found = DENIED_RESOURCE.search(record.errorMessage or "") if any(map(is_open, actions)) else None
    if found is None:
        return actions
    name, arn = found[1].casefold(), found[2].rstrip(".,")
    if "?" in arn or "${" in arn:
        return actions
    resource = Resource(ResourceKind.FOLD if "*" in arn else ResourceKind.ARN, arn)
    return tuple(
        replace(action, resources=(resource,))
        if is_open(action) and action.action.casefold() == name and catalog.takes_resource(action.action, arn)
        else action
        for action in actions
    )


def _is_open(action: MappedAction) -> bool:
    return action.resources == (UNKNOWN_RESOURCE,)


def _is_open_without_request(action: MappedAction) -> bool:
    return all(resource == UNKNOWN_RESOURCE or resource.kind is ResourceKind.FOLD for resource in action.resources)
