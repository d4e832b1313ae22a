"""The further actions that a row names: what in a request asks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.resource_reading import ResourceReader
from lpgen.core.cloudtrail.rules.call import Call, copies_tags
from lpgen.core.cloudtrail.rules.inferences import COPIED_TAGS, NAMED_OBJECT, TAG_ON_CREATE, UNREAD_REQUEST
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction

_UNKNOWN: Final = (UNKNOWN_RESOURCE,)


@dataclass(frozen=True, slots=True)
class Condition:
    """A request parameter that asks for a further action: by being there, as an ARN of `service`, or as `text`.

    `or_absent`: the call without it asks too.
    """

    path: tuple[str, ...]
    service: str = ""
    text: str = ""
    or_absent: bool = False

    def holds(self, call: Call) -> bool:
        """Whether the call asks for the action."""
        if not call.has(*self.path):
            return self.or_absent and not call.hides(*self.path)
        found = call.texts(*self.path)
        if self.service:
            return any(split_arn(text).service == self.service for text in found)
        return not self.text or self.text in found


@dataclass(frozen=True, slots=True)
class OptionalReader:
    """An action that the call needs only where one of these conditions holds."""

    conditions: tuple[Condition, ...]
    reader: ResourceReader
    how: str


def conditions_from_text(parameters: str) -> tuple[Condition, ...]:
    """The conditions that a row writes as `path|path@service|path=text|path~=text`."""
    return tuple(map(_condition, parameters.split("|")))


def _condition(text: str) -> Condition:
    path, _, wanted = text.partition("=")
    path, _, service = path.partition("@")
    return Condition(tuple(path.removesuffix("~").split(".")), service, wanted, or_absent=path.endswith("~"))


def optional_actions(
    actions: tuple[MappedAction, ...], readers: tuple[OptionalReader, ...], call: Call
) -> tuple[MappedAction, ...]:
    """The further actions that the request asks for, or may ask for, less those that a rule has already named."""
    if not readers:
        return ()
    named = {action.action for action in actions}
    others = (item for item in readers if item.reader.action not in named)
    if call.is_unread:
        return tuple(replace(item.reader.read(call), how=UNREAD_REQUEST) for item in others)
    asked = (replace(item.reader.read(call), how=how) for item in others if (how := _how_asked(item, call)))
    return tuple(action for action in asked if action.how != NAMED_OBJECT or action.resources != _UNKNOWN)


def _how_asked(item: OptionalReader, call: Call) -> str:
    """How the call comes to ask for a further action; "" where it doesn't."""
    if item.how == NAMED_OBJECT and any(call.hides(*one.path) for one in item.conditions):
        return UNREAD_REQUEST
    if any(one.holds(call) for one in item.conditions):
        return item.how
    return COPIED_TAGS if item.how == TAG_ON_CREATE and copies_tags(call.request) else ""
