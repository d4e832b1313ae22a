"""What the catalog knows about tags: types of resources, actions that heed, set or remove their tags, and actions that
create resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import Operations
from lpgen.core.cloudtrail.row_actions import types_in_name
from lpgen.core.globs.match import fold_case
from lpgen.core.model import AccessLevel, Action

_REMOVES: Final = re.compile(r":(?:Untag|Remove|Delete)")
_CREATES: Final = re.compile(
    r"Create|Run|Import|Copy|Allocate|Register|Launch|Request|Restore\w+?(From(?!Recycle)|To)[A-Z]"
)
_TARGET: Final = re.compile(r"To[A-Z].*")
_RESOURCE_TAG: Final = "aws:resourcetag"
_REQUEST_TAG: Final = "aws:requesttag/"

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
_ALSO_CREATED: Final = {
    "ec2:RunInstances": ("volume", "network-interface", "spot-instances-request", "elastic-gpu", "secondary-interface")
}
"""Types of resources that an action creates besides the one in its name."""


class TaggedTypes:
    """Answers questions about types, such as `dynamodb:table`, and actions of their services."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.type_of = cache(self._type_of)
        self.creates = cache(self._creates)
        self.writes = cache(self._writes)

    def _type_of(self, arn: str) -> str:
        """The type of a resource, or "" if no format of its service fits."""
        service = split_arn(arn).service
        found = self.catalog.type_in_service(service, arn)
        return f"{service}:{found}" if found else ""

    def globs(self, type_: str, partition: str) -> tuple[str, ...]:
        """The patterns of ARNs of a type."""
        service, _, name = type_.partition(":")
        return self.catalog.arn_patterns(service, name, partition=partition)

    def of_service(self, service: str) -> tuple[str, ...]:
        """The types of a service."""
        return tuple(f"{service}:{name}" for name in self.catalog.resource_types(service))

    def types(self, action: Action) -> tuple[str, ...]:
        """The types that an action takes."""
        service = action.partition(":")[0]
        return tuple(f"{service}:{used.type}" for used in self.catalog.detail(action).resources)

    def heeds(self, action: Action, type_: str) -> bool:
        """Whether requests of an action on a type have `aws:ResourceTag`."""
        service, _, name = type_.partition(":")
        keys = (*self.catalog.detail(action).condition_keys, *self.catalog.conditions_of_type(service, name))
        return type_ in self.types(action) and any(fold_case(key.partition("/")[0]) == _RESOURCE_TAG for key in keys)

    def requests_tags(self, action: Action) -> bool:
        """Whether requests of an action can have `aws:RequestTag`."""
        return any(fold_case(key).startswith(_REQUEST_TAG) for key in self.catalog.detail(action).condition_keys)

    def _creates(self, action: Action, type_: str) -> bool:
        """Whether an action creates resources of a type, which have no tags yet when AWS decides."""
        service, _, name = type_.partition(":")
        operation, known = action.partition(":")[2], self.types(action)
        if not _CREATES.match(operation) or self._is_tagging(action) or (known and type_ not in known):
            return False
        found = self.catalog.facts(Operations).find(f"{service}.amazonaws.com", operation)
        made = {*(found[1].creates if found else ()), *_ALSO_CREATED.get(action, ())}
        made |= {part[1:] for part in (found[1].reads if found else ()) if part.startswith("+")}
        named = types_in_name(
            _TARGET.sub("", operation), tuple(type_name.partition(":")[2] for type_name in known) or (name,)
        )
        needed = {used.type for used in self.catalog.detail(action).resources if used.required}
        return name in {*made, *named} or (not named and name in needed and self.requests_tags(action))

    def _is_tagging(self, action: Action) -> bool:
        return AccessLevel.TAGGING in self.catalog.detail(action).levels

    def _writes(self, type_: str) -> tuple[Action, ...]:
        """The actions that set or remove tags of existing resources of a type, and whose requests name the keys."""
        actions = self.catalog.service_actions(type_.partition(":")[0])
        tagging = (action for action in actions if self._is_tagging(action) and type_ in self.types(action))
        return tuple(action for action in tagging if "aws:TagKeys" in self.catalog.detail(action).condition_keys)

    def removes(self, action: Action) -> bool:
        """Whether an action that writes tags only removes them."""
        return bool(_REMOVES.search(action))
