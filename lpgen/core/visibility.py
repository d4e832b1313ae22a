"""What CloudTrail can show of each action: management event, data event, seen through other records, or nothing.

Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html and the
page that each row of the tables `data_events`, `never_recorded` and `companions` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from lpgen.core.catalog import Catalog
from lpgen.core.event_names import EventSources
from lpgen.core.model import Action, Visibility
from lpgen.core.operation_rows import Operations
from lpgen.core.passed_roles import PASS_ROLE_ACTION

_NO_OPERATION: Final = "no operation is known that would leave a record of it"
_SUFFIX: Final = ".amazonaws.com"


@dataclass(frozen=True, slots=True)
class ActionVisibility:
    """What CloudTrail shows of an action.

    `selector` is the resource type that an event selector asks for, `event_sources` are those under which its data
    events come (both for DATA only). `reason` says why nothing is recorded (NEVER). `source` is the page behind it,
    "" where the service model and the catalog say it.
    """

    visibility: Visibility
    selector: str = ""
    event_sources: tuple[str, ...] = ()
    reason: str = ""
    source: str = ""


_MANAGEMENT: Final = ActionVisibility(Visibility.MANAGEMENT)
_PASS_ROLE: Final = ActionVisibility(
    Visibility.INFERRED, source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
)
_UNKNOWN: Final = ActionVisibility(Visibility.NEVER, reason=_NO_OPERATION)


class _DataRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    selector: str
    event_sources: tuple[str, ...]
    actions: tuple[str, ...]
    source: str


class _NeverRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    actions: tuple[str, ...]
    reason: str
    source: str


class _CompanionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    with_: tuple[str, ...] = msgspec.field(name="with")
    source: str


class _RuleActions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    actions: tuple[str, ...]


class VisibilityTable:
    """What CloudTrail can show of every action of one catalog. A service's operations are read when first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        source = catalog.source
        self._catalog = catalog
        self._sources = EventSources.from_json(source.read_table("event_sources"))
        self._operations = Operations(source)
        self._stated = _read_stated(source.read_table("data_events"), source.read_table("never_recorded"))
        self._companions = {
            row.service: row for row in msgspec.json.decode(source.read_table("companions"), type=list[_CompanionRow])
        }
        by_rule = msgspec.json.decode(source.read_table("rule_actions"), type=_RuleActions)
        self._by_rule = frozenset(name.casefold() for name in by_rule.actions)
        self._recorded: dict[str, frozenset[str]] = {}

    def visibility(self, action: Action) -> ActionVisibility:
        """What CloudTrail shows of an action; an action without any known operation is never recorded."""
        name = action.casefold()
        stated = self._stated.get(name)
        if stated is not None:
            return stated
        if action == PASS_ROLE_ACTION:
            return _PASS_ROLE
        if name in self._by_rule or name in self._recorded_actions(name.partition(":")[0]):
            return _MANAGEMENT
        return _UNKNOWN

    def companions(self, service: str) -> tuple[str, ...]:
        """The services whose use is a sign that this one is used too, sorted."""
        row = self._companions.get(service)
        return tuple(sorted(row.with_)) if row else ()

    def companion_source(self, service: str) -> str:
        """The page that says so, or ""."""
        row = self._companions.get(service)
        return row.source if row else ""

    def _recorded_actions(self, prefix: str) -> frozenset[str]:
        """The actions, in lower case, that some operation of the service's own event source needs."""
        found = self._recorded.get(prefix)
        if found is None:
            source = self._sources.resolve(prefix + _SUFFIX)
            found = self._recorded[prefix] = frozenset(_needed(self._operations, source.table, prefix))
        return found


def visibility_from_catalog(catalog: Catalog) -> VisibilityTable:
    """What CloudTrail can show of the catalog's actions."""
    return VisibilityTable(catalog)


def _needed(operations: Operations, table: str, prefix: str) -> set[str]:
    names: set[str] = set()
    for operation, row in operations.table(table).values():
        names.update(action.casefold() for action in (*row.actions, *row.also))
        if not row.actions:
            names.add(f"{prefix}:{operation}".casefold())
    return names


def _read_stated(data: bytes, never: bytes) -> dict[str, ActionVisibility]:
    stated = {}
    for row in msgspec.json.decode(data, type=list[_DataRow]):
        entry = ActionVisibility(Visibility.DATA, row.selector, row.event_sources, source=row.source)
        stated.update({f"{row.service}:{name}".casefold(): entry for name in row.actions})
    for other in msgspec.json.decode(never, type=list[_NeverRow]):
        unseen = ActionVisibility(Visibility.NEVER, reason=other.reason, source=other.source)
        stated.update({f"{other.service}:{name}".casefold(): unseen for name in other.actions})
    return stated
