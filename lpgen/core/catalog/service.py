"""The catalog's files as rows: services and the manifest. They are decoded strictly, and written so people can review
them. A service also has indexes: actions by name, and resource types that are ready to match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Annotated, TypeVar

import msgspec

from lpgen.core.catalog.arn_formats import (
    ANY_ARN,
    ArnFormat,
    FormatSet,
    FurtherFormats,
    formats_of_service,
    glob_of_resource,
)
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import AccessLevel, Action
from lpgen.errors import CatalogError

_FORMAT = 1
"""The version of the file layout. A catalog with another version isn't read."""

ServicePrefix = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9-]*\Z", max_length=63)]
ActionName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9-]*\Z", max_length=128)]
"""A valid action name. It must not have wildcards, because it may be used in a policy."""

TypeName = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00-\x1f\x7f]+\Z", max_length=256)]
ArnFormatText = Annotated[str, msgspec.Meta(pattern=r"\Aarn:[^\x00-\x1f\x7f]+\Z", max_length=4096)]
_IsoDate = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d{2}-\d{2}\Z")]


_LEVELS = tuple(AccessLevel)
"""From List to Permissions management: `AccessLevel` is declared in the order of precedence."""


class ResourceUse(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A resource type that an action takes. `required` is null if the source doesn't say."""

    type: TypeName
    required: bool | None = None


class ActionRow(msgspec.Struct, frozen=True, gc=False):
    """One action. `dependents` is null if the source doesn't say. `first_seen` is an ISO date."""

    name: ActionName
    levels: Annotated[tuple[AccessLevel, ...], msgspec.Meta(min_length=1)]
    resources: tuple[ResourceUse, ...]
    condition_keys: tuple[str, ...] = msgspec.field(name="conditions")
    dependents: tuple[Action, ...] | None
    first_seen: _IsoDate

    @property
    def level(self) -> AccessLevel:
        """The highest level: Permissions management, then Tagging, Write, Read and List."""
        return max(self.levels, key=_LEVELS.index)


class ResourceTypeRow(msgspec.Struct, frozen=True, gc=False):
    """One resource type with its ARN formats. Placeholders are `${Name}`."""

    type: TypeName
    arns: tuple[ArnFormatText, ...]
    conditions: tuple[str, ...]


class ConditionKeyRow(msgspec.Struct, frozen=True, gc=False):
    """One condition key and the type of its values."""

    key: str
    type: str


class ServiceRow(msgspec.Struct, frozen=True, gc=False):
    """One service, as in `services/PREFIX.json`."""

    service: ServicePrefix
    name: str
    actions: tuple[ActionRow, ...]
    resources: tuple[ResourceTypeRow, ...]
    conditions: tuple[ConditionKeyRow, ...]


class _ActionNameRow(msgspec.Struct, frozen=True, gc=False):
    """The name in an action's row."""

    name: ActionName


class _ServiceNames(msgspec.Struct, frozen=True, gc=False):
    """The names of a service's actions. Enough to expand patterns, and three times as fast as full rows."""

    service: ServicePrefix
    actions: tuple[_ActionNameRow, ...]


class SourceRow(msgspec.Struct, frozen=True):
    """A source of the catalog's facts, and the facts that come from it."""

    name: str
    version: str
    license: str
    gives: str


class _CountsRow(msgspec.Struct, frozen=True):
    """The catalog's size."""

    services: int
    actions: int
    resource_types: int
    condition_keys: int


class Manifest(msgspec.Struct, frozen=True):
    """The catalog's `manifest.json`. `date` is the ISO date of its facts.

    `oldest_release` is the ISO date of the oldest release that first-seen dates were read from. An action with that
    date may be older.
    """

    format: int
    version: str
    date: _IsoDate
    oldest_release: _IsoDate
    counts: _CountsRow
    sources: tuple[SourceRow, ...]

    @classmethod
    def of_services(
        cls, services: Sequence[ServiceRow], *, date: str, oldest_release: str, sources: tuple[SourceRow, ...]
    ) -> Manifest:
        """The manifest of a catalog with these services. Its version is the date."""
        counts = _CountsRow(
            services=len(services),
            actions=sum(len(service.actions) for service in services),
            resource_types=sum(len(service.resources) for service in services),
            condition_keys=sum(len(service.conditions) for service in services),
        )
        return cls(
            format=_FORMAT,
            version=date.replace("-", "."),
            date=date,
            oldest_release=oldest_release,
            counts=counts,
            sources=sources,
        )


_T = TypeVar("_T")
_Service = TypeVar("_Service", ServiceRow, _ServiceNames)

_names_decoder = msgspec.json.Decoder(_ServiceNames)
_service_decoder = msgspec.json.Decoder(ServiceRow)
_manifest_decoder = msgspec.json.Decoder(Manifest)


def service_from_json(text: bytes, *, prefix: str) -> ServiceRow:
    """The service with this prefix from its file.

    Raises:
        CatalogError: it isn't JSON, not of this shape, or of another service.
    """
    return _decode_service(_service_decoder, text, prefix)


_SERVICE_FILE = "service `{prefix}` of the action catalog"
_MANIFEST = "the manifest of the action catalog"


def _decode_service(decoder: msgspec.json.Decoder[_Service], text: bytes, prefix: str) -> _Service:
    service = decode_json(decoder, text, _SERVICE_FILE.format(prefix=prefix))
    if service.service != prefix:
        raise CatalogError(f"service `{prefix}` of the action catalog holds `{service.service}` instead")
    return service


def manifest_from_json(text: bytes) -> Manifest:
    """The manifest from its file.

    Raises:
        CatalogError: it isn't JSON, not of this shape, or of another format version.
    """
    manifest = decode_json(_manifest_decoder, text, _MANIFEST)
    if manifest.format != _FORMAT:
        raise CatalogError(
            f"the action catalog has format {manifest.format}, and this version of lpgen reads {_FORMAT}"
        )
    return manifest


def decode_json(decoder: msgspec.json.Decoder[_T], text: bytes, noun: str) -> _T:
    """The decoded text; `noun` names it in the error.

    Raises:
        CatalogError: it isn't JSON, or not of the decoder's shape.
    """
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CatalogError(f"{noun} can't be read: {error}") from error


def json_from_service(service: ServiceRow) -> bytes:
    """A service's file: valid JSON, with one action, resource type or condition key per line for readable diffs."""
    parts = [f'{{"service": {json_line(service.service)}, "name": {json_line(service.name)}']
    for field in ("actions", "resources", "conditions"):
        rows = ",\n".join(map(json_line, getattr(service, field)))
        parts.append(f'"{field}": [\n{rows}\n]' if rows else f'"{field}": []')
    return (",\n".join(parts) + "}\n").encode()


def json_from_manifest(manifest: Manifest) -> bytes:
    """The manifest's file."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def sorted_service(service: ServiceRow) -> ServiceRow:
    """The service with sorted actions, resource types and condition keys, so equal facts give equal bytes."""
    return msgspec.structs.replace(
        service,
        actions=tuple(sorted(service.actions, key=lambda row: row.name)),
        resources=tuple(sorted(service.resources, key=lambda row: row.type)),
        conditions=tuple(sorted(service.conditions, key=lambda row: row.key)),
    )


def split_formats(arns: Iterable[str]) -> tuple[str, ...]:
    """Single ARN formats. The service authorization reference joins several formats of a type with `, `."""
    return tuple(part for arn in arns for part in arn.split(", "))


def json_line(value: object) -> str:
    """A value as one line of JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


# ---------------------------------------------------------------- the service


class CatalogService:
    """A service, read on demand. For action names, only the names are decoded."""

    def __init__(self, prefix: str, text: bytes, further: FurtherFormats) -> None:
        self._prefix = prefix
        self._text = text
        self._further = further
        self._sets: dict[tuple[str, ...], FormatSet] = {}

    @cached_property
    def rows(self) -> dict[Action, ActionRow]:
        """Each action's row."""
        return {Action(f"{self._prefix}:{row.name}"): row for row in self._row.actions}

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """All actions, sorted."""
        rows = _decode_service(_names_decoder, self._text, self._prefix).actions
        return tuple(sorted(Action(f"{self._prefix}:{row.name}") for row in rows))

    @cached_property
    def by_lower(self) -> dict[str, Action]:
        """Each action by its name in lower case, sorted."""
        return {action.lower(): action for action in self.actions}

    @property
    def resource_types(self) -> tuple[str, ...]:
        """The resource types, sorted."""
        return tuple(self._documented)

    def arn_formats(self, resource_type: str) -> tuple[str, ...]:
        """The ARN formats of a resource type as in the source. Empty for an unknown type."""
        return self._documented.get(resource_type, ())

    def conditions_of_type(self, resource_type: str) -> tuple[str, ...]:
        """The condition keys of a resource type as in the source. Empty for an unknown type."""
        return next((row.conditions for row in self._row.resources if row.type == resource_type), ())

    def can_name(self, row: ActionRow, resource: str) -> bool:
        """Whether an ARN or glob can name a resource of one of the action's types."""
        types = tuple(use.type for use in row.resources)
        return bool(types) and self._format_set(types).can_name(resource)

    def can_name_type(self, resource_type: str, resource: str) -> bool:
        """Whether an ARN or glob can name a resource of a type."""
        return self._format_set((resource_type,)).can_name(resource)

    def can_make(self, action: Action, resource: str) -> bool:
        """Whether an ARN or glob can name a resource that the action creates according to its name: `CreateCluster`
        creates a `cluster`."""
        made = action.partition(":Create")[2].lower()
        types = tuple(row.type for row in self._row.resources if "".join(filter(str.isalnum, row.type)).lower() == made)
        return bool(types) and self._format_set(types).can_name(resource)

    def best_type(self, row: ActionRow, arn: str) -> str:
        """The action's resource type with the most literal format that an ARN fits, or "".

        A glob is first compared as plain text, then as a glob. A glob with only `*` fits no type.
        """
        types = {use.type for use in row.resources}
        ranked = [(name, form) for name, form in self._by_literals if name in types]
        exact = next((name for name, form in ranked if form.fits(arn)), "")
        glob = glob_of_resource(arn)
        if exact or not has_wildcard(glob) or not glob.strip("*"):
            return exact
        return next((name for name, form in ranked if form.intersects(glob)), "")

    def type_of(self, arn: str) -> str:
        """The resource type with the most literal format that an ARN fits, or ""."""
        return next((name for name, form in self._by_literals if form.fits(arn)), "")

    # ------------------------------------------------------------ internals

    @cached_property
    def _row(self) -> ServiceRow:
        return service_from_json(self._text, prefix=self._prefix)

    @cached_property
    def _documented(self) -> dict[str, tuple[str, ...]]:
        return {row.type: row.arns for row in self._row.resources}

    @cached_property
    def _formats(self) -> dict[str, tuple[ArnFormat, ...]]:
        """The compiled formats of each type, including those that AWS documents elsewhere."""
        by_type = {name: (*arns, *self._further.types.get(name, ())) for name, arns in self._documented.items()}
        compiled = formats_of_service(arn for arns in by_type.values() for arn in arns)
        return {name: tuple(compiled[arn] for arn in arns) for name, arns in by_type.items()}

    @cached_property
    def _by_literals(self) -> tuple[tuple[str, ArnFormat], ...]:
        """Types with their formats, the most literal first, then by name."""
        pairs = [(name, form) for name, forms in self._formats.items() for form in forms]
        return tuple(sorted(pairs, key=lambda pair: (-pair[1].literals, pair[0])))

    def _format_set(self, types: tuple[str, ...]) -> FormatSet:
        found = self._sets.get(types)
        if found is None:
            forms = [form for name in types for form in self._formats.get(name) or (ANY_ARN,)]
            every = formats_of_service(self._further.every).values()
            found = self._sets[types] = FormatSet([*forms, *every])
        return found
