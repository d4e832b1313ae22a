"""AWS's machine-readable service reference, read strictly and turned into catalog rows.

It has no required flags, dependent actions, service names or first-seen dates. These are copied from earlier catalogs,
and stay unknown for new rows. Its names are used in policies, so text that can't be a name is rejected.

https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from lpgen.core.catalog.service import (
    ActionName,
    ActionRow,
    ArnFormatText,
    ConditionKeyRow,
    ResourceTypeRow,
    ResourceUse,
    ServicePrefix,
    ServiceRow,
    TypeName,
    decode_json,
    json_line,
    sorted_service,
    split_formats,
)
from lpgen.core.model import AccessLevel
from lpgen.errors import CatalogError

_Plain = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00-\x1f\x7f]*\Z", max_length=512)]


class IndexRow(msgspec.Struct, frozen=True):
    """One service of the index, and the URL of its file."""

    service: ServicePrefix
    url: _Plain


class _Named(msgspec.Struct, frozen=True, rename="pascal"):
    name: TypeName


class _Properties(msgspec.Struct, frozen=True, rename="pascal"):
    is_list: bool = False
    is_write: bool = False
    is_permission_management: bool = False
    is_tagging_only: bool = False


class _Annotations(msgspec.Struct, frozen=True, rename="pascal"):
    properties: _Properties | None = None


class _ReferenceAction(msgspec.Struct, frozen=True, rename="pascal"):
    name: ActionName
    action_condition_keys: tuple[_Plain, ...] = ()
    annotations: _Annotations | None = None
    resources: tuple[_Named, ...] = ()


class _ReferenceType(msgspec.Struct, frozen=True):
    name: TypeName = msgspec.field(name="Name")
    arn_formats: tuple[ArnFormatText, ...] = msgspec.field(name="ARNFormats", default=())
    condition_keys: tuple[_Plain, ...] = msgspec.field(name="ConditionKeys", default=())


class _ReferenceKey(msgspec.Struct, frozen=True, rename="pascal"):
    name: _Plain
    types: tuple[_Plain, ...] = ()


class _AuthorizedAction(msgspec.Struct, frozen=True, rename="pascal"):
    name: ActionName
    service: ServicePrefix
    context: dict[_Plain, tuple[_Plain, ...]] = {}


class _Operation(msgspec.Struct, frozen=True, rename="pascal"):
    name: ActionName
    authorized_actions: tuple[_AuthorizedAction, ...] | None = None


class ServiceReference(msgspec.Struct, frozen=True, rename="pascal"):
    """The parts of a service's file that the catalog needs."""

    name: ServicePrefix
    actions: tuple[_ReferenceAction, ...] = ()
    resources: tuple[_ReferenceType, ...] = ()
    condition_keys: tuple[_ReferenceKey, ...] = ()
    operations: tuple[_Operation, ...] = ()


class _AuthorizedActionRow(msgspec.Struct, frozen=True):
    """An action that an operation needs, with the condition values that AWS names for it."""

    action: str
    context: dict[str, tuple[str, ...]]


_AuthorizedActions = dict[str, tuple[_AuthorizedActionRow, ...] | None]
"""By operation: the actions that it needs, or None if AWS doesn't say."""

_index_decoder = msgspec.json.Decoder(tuple[IndexRow, ...])
_reference_decoder = msgspec.json.Decoder(ServiceReference)


_INDEX = "the index of the service reference"
_SERVICE_FILE = "the service reference of `{service}`"


def index_from_json(text: bytes) -> tuple[IndexRow, ...]:
    """The services that the reference lists.

    Raises:
        CatalogError: it isn't an index, is empty, or lists a service twice.
    """
    index = decode_json(_index_decoder, text, _INDEX)
    if not index:
        raise CatalogError("the index of the service reference lists no services")
    if len({row.service for row in index}) < len(index):
        raise CatalogError("the index of the service reference lists a service twice")
    return index


def reference_from_json(text: bytes, *, service: str) -> ServiceReference:
    """A service's file.

    Raises:
        CatalogError: it isn't a service's file, belongs to another service, or has an action or resource type twice.
    """
    reference = decode_json(_reference_decoder, text, _SERVICE_FILE.format(service=service))
    if reference.name != service:
        raise CatalogError(f"the service reference of `{service}` belongs to `{reference.name}`")
    _refuse_twins("action", [action.name.lower() for action in reference.actions], service)
    _refuse_twins("resource type", [row.name for row in reference.resources], service)
    return reference


def _refuse_twins(kind: str, names: Sequence[str], service: str) -> None:
    if len(set(names)) < len(names):
        raise CatalogError(f"the service reference of `{service}` names one {kind} twice")


def service_from_reference(reference: ServiceReference, earlier: Sequence[ServiceRow], *, date: str) -> ServiceRow:
    """The catalog's row for a service. Fields that the reference lacks come from earlier rows, the newest first.

    `date` is the first-seen date of actions that no earlier row has.
    """
    types = {row.type: row for service in reversed(earlier) for row in service.resources}
    actions = {row.name: row for service in reversed(earlier) for row in service.actions}
    keys = {row.key: row.type for service in reversed(earlier) for row in service.conditions}
    return sorted_service(
        ServiceRow(
            service=reference.name,
            name=earlier[0].name if earlier else reference.name,
            actions=tuple(_action_row(action, actions.get(action.name), date) for action in reference.actions),
            resources=tuple(_type_row(row, types.get(row.name)) for row in reference.resources),
            conditions=tuple(
                ConditionKeyRow(key=row.name, type=", ".join(row.types) or keys.get(row.name, "String"))
                for row in reference.condition_keys
            ),
        )
    )


def _action_row(action: _ReferenceAction, earlier: ActionRow | None, date: str) -> ActionRow:
    required = {use.type: use.required for use in earlier.resources} if earlier else {}
    return ActionRow(
        name=action.name,
        levels=_levels(action.annotations, earlier),
        resources=tuple(
            ResourceUse(type=row.name, required=required.get(row.name))
            for row in sorted(action.resources, key=lambda row: row.name)
        ),
        condition_keys=tuple(sorted(action.action_condition_keys)),
        dependents=earlier.dependents if earlier else None,
        first_seen=earlier.first_seen if earlier else date,
    )


def _levels(annotations: _Annotations | None, earlier: ActionRow | None) -> tuple[AccessLevel, ...]:
    """The levels from the flags. Without flags, the earlier levels, or Write: a new action must not count as
    harmless."""
    if annotations is None or annotations.properties is None:
        return earlier.levels if earlier else (AccessLevel.WRITE,)
    flags = annotations.properties
    levels = {
        AccessLevel.LIST: flags.is_list,
        AccessLevel.PERMISSIONS_MANAGEMENT: flags.is_permission_management,
        AccessLevel.TAGGING: flags.is_tagging_only,
        AccessLevel.WRITE: flags.is_write,
    }
    return tuple(level for level, is_set in levels.items() if is_set) or (AccessLevel.READ,)


def _type_row(row: _ReferenceType, earlier: ResourceTypeRow | None) -> ResourceTypeRow:
    return ResourceTypeRow(
        type=row.name,
        arns=split_formats(row.arn_formats) or (earlier.arns if earlier else ()),
        conditions=tuple(sorted(row.condition_keys)) or (earlier.conditions if earlier else ()),
    )


def authorized_actions(reference: ServiceReference) -> _AuthorizedActions:
    """The actions that each operation of a service needs, or None if AWS doesn't say."""
    return {
        operation.name: None
        if operation.authorized_actions is None
        else tuple(
            _AuthorizedActionRow(action=f"{need.service}:{need.name}", context=dict(sorted(need.context.items())))
            for need in operation.authorized_actions
        )
        for operation in sorted(reference.operations, key=lambda operation: operation.name)
    }


def json_from_authorized_actions(needs: Mapping[str, tuple[_AuthorizedActionRow, ...] | None]) -> bytes:
    """The table's file: valid JSON with one operation per line."""
    rows = ",\n".join(f"{json_line(name)}: {json_line(value)}" for name, value in needs.items())
    return f"{{\n{rows}\n}}\n".encode()
