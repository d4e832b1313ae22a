"""The optional actions of a row: what in a request asks for them, and the types that a tagging action is needed on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import OperationRow
from lpgen.core.cloudtrail.resource_reading import ResourceReader
from lpgen.core.cloudtrail.rules.call import Call, copies_tags
from lpgen.core.cloudtrail.rules.inferences import COPIED_TAGS, NAMED_OBJECT, TAG_ON_CREATE, UNREAD_REQUEST
from lpgen.core.model import UNKNOWN_RESOURCE, Action, MappedAction

_UNKNOWN: Final = (UNKNOWN_RESOURCE,)


@dataclass(frozen=True, slots=True)
class _ParameterTest:
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
    """An action that the call needs only where one of these tests holds."""

    tests: tuple[_ParameterTest, ...]
    reader: ResourceReader
    how: str


def parameter_tests(parameters: str) -> tuple[_ParameterTest, ...]:
    """The tests that a row writes as `path|path@service|path=text|path~=text`."""
    return tuple(map(_test_from_text, parameters.split("|")))


def _test_from_text(text: str) -> _ParameterTest:
    path, _, wanted = text.partition("=")
    path, _, service = path.partition("@")
    return _ParameterTest(tuple(path.removesuffix("~").split(".")), service, wanted, or_absent=path.endswith("~"))


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
    if item.how == NAMED_OBJECT and any(call.hides(*test.path) for test in item.tests):
        return UNREAD_REQUEST
    if any(test.holds(call) for test in item.tests):
        return item.how
    return COPIED_TAGS if item.how == TAG_ON_CREATE and copies_tags(call.request) else ""


# ---------------------------------------------------------------- tagging

# AWS authorizes tags in a call that makes a resource on the new resource and not on others that the call names.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html

_VERB: Final = re.compile(r"^[A-Z][a-z]+")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]")
_NOT_NOUN: Final = re.compile(r"(?:(?:From|With)[A-Z].*|Name)$")
_VERSION: Final = re.compile(r"V\d+$")
_PLURAL: Final = re.compile(r"(?:(?<=ch)|(?<=sh))es$|s$")


def row_of_tagged(catalog: Catalog, action: Action, operation: str, row: OperationRow) -> OperationRow:
    """The row with only the types that the tagging action is needed on; those without a binding count as created.

    Where neither the row itself, nor the operation's name, nor the types it creates, nor the action leaves a choice of
    types, the row is returned without any: the resource is unknown.
    """
    if row.tagged_reads:
        return msgspec.structs.replace(row, reads=row.tagged_reads)
    if isinstance(row.tagged, dict):
        return msgspec.structs.replace(row, resources=row.tagged, creates=(), reads=())
    taken = tuple(use.type for use in catalog.detail(action).resources)
    stated = tuple(name for name in row.tagged if name in taken)
    tagged = stated or types_in_name(operation, taken) or tuple(kind for kind in row.creates if kind in taken)
    if not tagged and len(taken) == 1:
        tagged = taken
    resources = {kind: binding for kind, binding in row.resources.items() if kind in tagged}
    creates = tuple(kind for kind in tagged if kind in row.creates or kind not in resources)
    return msgspec.structs.replace(row, resources=resources, creates=creates, reads=())


def types_in_name(operation: str, types: tuple[str, ...]) -> tuple[str, ...]:
    """The types that an operation makes according to its name: its own noun, else the longest that the noun ends with
    or those that end with the noun. The source or means of the making (`FromBackup`) is no part of the noun, and a
    later version of an operation makes the same types as the first."""
    noun = _NOT_NOUN.sub("", _VERB.sub("", operation, count=1))
    return _types_of_noun(_fold_name(noun), types) or _types_of_noun(_fold_name(_VERSION.sub("", noun)), types)


def _types_of_noun(noun: str, types: tuple[str, ...]) -> tuple[str, ...]:
    if not noun:
        return ()
    exact = tuple(kind for kind in types if _fold_name(kind) == noun)
    if exact:
        return exact
    distinct = [kind for kind in types if len(_fold_name(kind)) > 1]  # a single letter ends many nouns
    within = sorted((kind for kind in distinct if noun.endswith(_fold_name(kind))), key=lambda kind: (-len(kind), kind))
    return tuple(within[:1]) or tuple(kind for kind in types if _fold_name(kind).endswith(noun))


def _fold_name(name: str) -> str:
    """A name in lower case, without marks between its words, a plural's ending or a type's word "resource"."""
    text = _NOT_WORD.sub("", name.lower())
    return _PLURAL.sub("", text.removesuffix("resource") or text)
