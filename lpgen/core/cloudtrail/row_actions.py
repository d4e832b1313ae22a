"""The actions of an operation's row, and the resources that a call needs each action on.

Resources are listed by the record, named by request parameters, or created by the call. An optional action has tests
that decide whether a request asks for it. A tagging action takes only some of the row's types.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import OperationRow
from lpgen.core.cloudtrail.resource_arns import (
    ArnTemplate,
    Binder,
    Parameter,
    binders_from_binding,
    name_from_arn,
    parameter_from_text,
    template_from_format,
)
from lpgen.core.cloudtrail.rules.call import Call, copies_tags, plain_arn
from lpgen.core.cloudtrail.rules.inferences import (
    COPIED_TAGS,
    NAMED_OBJECT,
    REQUEST_OPTION,
    TAG_ON_CREATE,
    UNREAD_REQUEST,
)
from lpgen.core.cloudtrail.rules.resources import is_literal, mapped, read_request_path, resource_from_arn
from lpgen.core.cloudtrail.rules.types import ResourceType, name_in_token, read_resources
from lpgen.core.model import (
    NO_RESOURCE,
    OBSERVED,
    UNKNOWN_RESOURCE,
    AccessLevel,
    Action,
    MappedAction,
    Resource,
    ResourceKind,
)

_UNKNOWN: Final = (UNKNOWN_RESOURCE,)


@dataclass(frozen=True, slots=True)
class _CreatedType:
    """A resource type that the call creates under a name that AWS chooses."""

    type: str
    templates: tuple[ArnTemplate, ...]
    paths: tuple[tuple[str, Parameter], ...]

    def patterns(self, call: Call) -> Iterator[str]:
        """The ARN pattern of each format of the type, with the parents that the call names."""
        named = ((name, next(iter(parameter.texts(call)), "")) for name, parameter in self.paths)
        values = {name: text for name, found in named if (text := _name_of_parent(found))}
        for template in self.templates:
            yield template.fill(call, values)


def _fits(catalog: Catalog, action: Action, resource: Resource) -> bool:
    """Whether an action takes a resource. A pattern always fits, because a binding made it from the type's format."""
    is_pattern = resource.kind is ResourceKind.FOLD
    return is_pattern or (is_literal(resource.text) and catalog.takes_resource(action, resource.text))


@dataclass(frozen=True, slots=True)
class _BoundType:
    """A resource type that is in both `resources` and `reads` of a row."""

    action: Action
    catalog: Catalog = field(repr=False)
    binders: tuple[Binder, ...]
    any: Binder

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The resources from the first binder that finds any. If AWS hides a parameter, any resource of the type."""
        for binder in self.binders:
            if found := tuple(item for item in binder.read(call) if _fits(self.catalog, self.action, item)):
                return found
        return (self.pattern(call),) if any(binder.hides(call) for binder in self.binders) else ()

    def pattern(self, call: Call) -> Resource:
        """Any resource of the type in the account."""
        return next(self.any.read(call))


@dataclass(frozen=True, slots=True)
class ResourceReader:
    """Reads the resources that a call needs an action on.

    `takes_none`: the action has no resource-level permissions. `binders` are by resource type. `reads` are tokens for
    the `types` that code reads; if there are any, nothing else counts.
    """

    action: Action
    takes_none: bool
    catalog: Catalog = field(repr=False)
    binders: tuple[tuple[str, tuple[Binder, ...]], ...] = ()
    created: tuple[_CreatedType, ...] = ()
    paths: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    types: Mapping[str, ResourceType] = field(default_factory=dict, repr=False)

    def read(self, call: Call) -> MappedAction:
        """The action with its resources, which are only of types that the action takes."""
        if self.reads:
            return mapped(self.action, read_resources(call, self.types, self.reads))
        if self.paths:
            return MappedAction(self.action, (read_request_path(call, self.paths),), OBSERVED)
        if self.takes_none:
            return MappedAction(self.action, (NO_RESOURCE,), OBSERVED)
        found = set(self._created(call))
        listed = set(self._listed(call))
        found.update(Resource(ResourceKind.ARN, arn) for arn in listed)
        found.update(self._bound(call, {self.catalog.resource_type(self.action, arn) for arn in listed}))
        if not found:
            found.update(Resource(ResourceKind.ARN, arn) for arn in self._any_arn(call))
        return MappedAction(self.action, tuple(sorted(found)) or _UNKNOWN, OBSERVED)

    def _created(self, call: Call) -> Iterator[Resource]:
        for created in self.created:
            for pattern in created.patterns(call):
                yield resource_from_arn(pattern)

    def _listed(self, call: Call) -> Iterator[str]:
        """The ARNs in `resources[]` whose type the action takes, without those that the call created."""
        created = {kind.type for kind in self.created}
        for entry in call.record.resources or ():
            if entry.ARN and self._takes(entry.ARN):
                if created and self.catalog.resource_type(self.action, entry.ARN) in created:
                    continue
                yield entry.ARN

    def _bound(self, call: Call, listed: set[str]) -> Iterator[Resource]:
        """The resources that request parameters name, of types that the record doesn't list."""
        for kind, binders in self.binders:
            for binder in binders if kind not in listed else ():
                named = [item for item in binder.read(call) if _fits(self.catalog, self.action, item)]
                if named and not binder.paths:
                    named = [*self._arns_of(call, kind)] or named
                yield from named
                if named:
                    break
            else:
                if any(binder.hides(call) for binder in binders if kind not in listed):
                    yield UNKNOWN_RESOURCE

    def _arns_of(self, call: Call, kind: str) -> Iterator[Resource]:
        """Full ARNs of the type in any top-level parameter: more precise than the type's pattern."""
        for arn in self._any_arn(call):
            if self.catalog.resource_type(self.action, arn) == kind:
                yield Resource(ResourceKind.ARN, arn)

    def _any_arn(self, call: Call) -> Iterator[str]:
        """ARNs of a type that the action takes, in any top-level parameter."""
        for value in call.request.values():
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str) and text.startswith("arn") and self._takes(arn := plain_arn(text)):
                    yield arn

    def _takes(self, arn: str) -> bool:
        return is_literal(arn) and self.catalog.takes_resource(self.action, arn)


_NO_TYPES: Final[Mapping[str, ResourceType]] = {}


def reader_from_row(
    catalog: Catalog, action: Action, row: OperationRow, types: Mapping[str, ResourceType] = _NO_TYPES
) -> ResourceReader:
    """The reader of an operation's action. `types` are the types of the event source that code reads."""
    if row.reads:
        bound = dict(_bound_types(catalog, action, row, types))
        types = ChainMap(bound, types) if bound else types  # type: ignore[arg-type]  # only read
        return ResourceReader(action, takes_none=False, catalog=catalog, reads=row.reads, types=types)
    if row.paths:
        return ResourceReader(action, takes_none=False, catalog=catalog, paths=row.paths)
    if catalog.takes_no_resource(action):
        return ResourceReader(action, takes_none=True, catalog=catalog)
    prefix = action.partition(":")[0]
    taken = {use.type for use in catalog.detail(action).resources}
    binders = tuple(
        (kind, binders_from_binding(binding, _formats_of_type(catalog, prefix, kind)))
        for kind, binding in row.resources.items()
        if kind in taken and kind not in row.creates
    )
    created = tuple(_created_type(catalog, prefix, kind, row) for kind in row.creates if kind in taken)
    return ResourceReader(action, takes_none=False, catalog=catalog, binders=binders, created=created)


def _formats_of_type(catalog: Catalog, prefix: str, kind: str) -> tuple[str, ...]:
    """The ARN formats of a type. Formats that are more detailed than those in the service authorization reference come
    last."""
    known = catalog.arn_formats(prefix, kind)
    most = max((len(template_from_format(text).free) for text in known), default=0)
    others = catalog.further_formats(prefix).types.get(kind, ())
    return (*known, *(text for text in others if len(template_from_format(text).free) > most))


def _bound_types(
    catalog: Catalog, action: Action, row: OperationRow, in_code: Container[str]
) -> Iterator[tuple[str, _BoundType]]:
    """The types in the row's `reads` that code doesn't read, with the row's bindings."""
    for kind in {name_in_token(token) for token in row.reads} & row.resources.keys():
        if kind in in_code:
            continue
        formats = _formats_of_type(catalog, action.partition(":")[0], kind)
        binders = binders_from_binding(row.resources[kind], formats)
        yield kind, _BoundType(action, catalog, binders, *binders_from_binding("*", formats))


def _name_of_parent(text: str) -> str:
    """The name that a parameter has, by itself or in an ARN. "" if it can't be part of an ARN."""
    name = name_from_arn(text) if text.startswith("arn:") else text
    return name if ":" not in name and is_literal(name) else ""


def _created_type(catalog: Catalog, prefix: str, kind: str, row: OperationRow) -> _CreatedType:
    binding = row.resources.get(kind)
    paths = binding.items() if isinstance(binding, dict) else ()
    templates = tuple(template_from_format(text) for text in catalog.arn_formats(prefix, kind))
    return _CreatedType(kind, templates, tuple((name, parameter_from_text(path)) for name, path in paths))


# ---------------------------------------------------------------- optional actions


@dataclass(frozen=True, slots=True)
class _ParameterTest:
    """Tests whether a request parameter asks for an optional action: if present, as an ARN of `service`, or as `text`.

    `or_absent`: a call without the parameter asks for the action too.
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
    """An action that the call needs only if one of the tests passes."""

    tests: tuple[_ParameterTest, ...]
    reader: ResourceReader
    how: str


def optional_readers(
    catalog: Catalog, operation: str, row: OperationRow, types: Mapping[str, ResourceType]
) -> Iterator[OptionalReader]:
    """The readers of a row's optional actions."""
    for name, parameter in row.also.items():
        action = catalog.canonical(name)
        if action:
            is_tagging = catalog.detail(action).level is AccessLevel.TAGGING
            if is_tagging:
                own, how = row_of_tagged(catalog, action, operation, row), TAG_ON_CREATE
            else:
                own, how = msgspec.structs.replace(row, reads=()), row.how or REQUEST_OPTION
            yield OptionalReader(_tests_from_text(parameter), reader_from_row(catalog, action, own, types), how)
    for name, parameter in row.objects.items():
        named = OperationRow(resources={"object": f"url:{parameter}"})
        reader = reader_from_row(catalog, Action(name), named)
        yield OptionalReader(_tests_from_text(parameter), reader, NAMED_OBJECT)


def _tests_from_text(parameters: str) -> tuple[_ParameterTest, ...]:
    """The tests that a row writes as `path|path@service|path=text|path~=text`."""
    tests = []
    for text in parameters.split("|"):
        path, _, wanted = text.partition("=")
        path, _, service = path.partition("@")
        keys = tuple(path.removesuffix("~").split("."))
        tests.append(_ParameterTest(keys, service, wanted, or_absent=path.endswith("~")))
    return tuple(tests)


def optional_actions(
    actions: tuple[MappedAction, ...], readers: tuple[OptionalReader, ...], call: Call
) -> tuple[MappedAction, ...]:
    """The optional actions that the request asks for or may ask for, without those that a rule already named."""
    if not readers:
        return ()
    named = {action.action for action in actions}
    others = (item for item in readers if item.reader.action not in named)
    if call.is_unread:
        return tuple(replace(item.reader.read(call), how=UNREAD_REQUEST) for item in others)
    asked = (replace(item.reader.read(call), how=how) for item in others if (how := _how_asked(item, call)))
    return tuple(action for action in asked if action.how != NAMED_OBJECT or action.resources != _UNKNOWN)


def _how_asked(item: OptionalReader, call: Call) -> str:
    """The inference rule if the call asks for the optional action, or "" if it doesn't."""
    if item.how == NAMED_OBJECT and any(call.hides(*test.path) for test in item.tests):
        return UNREAD_REQUEST
    if any(test.holds(call) for test in item.tests):
        return item.how
    return COPIED_TAGS if item.how == TAG_ON_CREATE and copies_tags(call.request) else ""


# ---------------------------------------------------------------- tagging

# If a call creates a resource with tags, AWS authorizes the tags on the new resource, not on others that the call
# names.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html

_VERB: Final = re.compile(r"^[A-Z][a-z]+")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]")
_NOT_NOUN: Final = re.compile(r"(?:(?:From|With)[A-Z].*|Name)$")
_VERSION: Final = re.compile(r"V\d+$")
_PLURAL: Final = re.compile(r"(?:(?<=ch)|(?<=sh))es$|s$")


def row_of_tagged(catalog: Catalog, action: Action, operation: str, row: OperationRow) -> OperationRow:
    """The row with only the types that the tagging action is needed on. Types without a binding count as created.

    If neither the row, the operation's name, the created types nor the action shows the types, the row has none: the
    resource is unknown.
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
    """The types that an operation makes according to the noun in its name: the type with this name, or else the longest
    type that the noun ends with, or else the types that end with the noun. A source (`FromBackup`) isn't part of the
    noun. A later version of an operation (`V2`) makes the same types as the first."""
    noun = _NOT_NOUN.sub("", _VERB.sub("", operation, count=1))
    return _types_of_noun(_fold_name(noun), types) or _types_of_noun(_fold_name(_VERSION.sub("", noun)), types)


def _types_of_noun(noun: str, types: tuple[str, ...]) -> tuple[str, ...]:
    if not noun:
        return ()
    exact = tuple(kind for kind in types if _fold_name(kind) == noun)
    if exact:
        return exact
    distinct = [kind for kind in types if len(_fold_name(kind)) > 1]  # many nouns end with a single letter
    within = sorted((kind for kind in distinct if noun.endswith(_fold_name(kind))), key=lambda kind: (-len(kind), kind))
    return tuple(within[:1]) or tuple(kind for kind in types if _fold_name(kind).endswith(noun))


def _fold_name(name: str) -> str:
    """A name in lower case, without marks between words, a plural ending, or the word "resource" at the end."""
    text = _NOT_WORD.sub("", name.lower())
    return _PLURAL.sub("", text.removesuffix("resource") or text)
