"""The event map: maps a record to the actions that its call needs, and to their resources.

The event name is looked up in this order: the no-permission table, the rules that read request parameters, the
operation tables, and the catalog's action with the operation's name. A name found in none of these is reported as
unmapped: lpgen doesn't guess. Every resulting action is in the catalog.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.operation_rows import EventSource, EventSources, OperationRow, Operations, strip_version
from lpgen.core.cloudtrail.outcome import name_denied_resource
from lpgen.core.cloudtrail.records import READ_VERSION, Record
from lpgen.core.cloudtrail.row_actions import (
    OptionalReader,
    ResourceReader,
    optional_actions,
    optional_readers,
    reader_from_row,
)
from lpgen.core.cloudtrail.rules.call import EVERY_READ, Call, Completion, Rule, RuleTable, call_from_record
from lpgen.core.cloudtrail.rules.inferences import UNREAD_REQUEST
from lpgen.core.cloudtrail.rules.passing import (
    PASS_ROLE_ACTION,
    ROLE_UNREAD,
    WRITES,
    RoleParameter,
    passed_roles_from_catalog,
    role_parameters,
    roles_at,
    unlisted_roles,
)
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType
from lpgen.core.model import (
    NO_RESOURCE,
    UNKNOWN_RESOURCE,
    Action,
    Caller,
    CallerKind,
    MappedAction,
    MappingStatus,
    Outcome,
    OutcomeDetail,
    RecordMapping,
    SkipReason,
)
from lpgen.errors import LpgenError

_T = TypeVar("_T")

_NO_PERMISSION: Final = RecordMapping(MappingStatus.NO_PERMISSION)
_RULE_FAILED: Final = "a mapping rule failed with {error}"
_UNMAPPED: Final = RecordMapping(MappingStatus.UNMAPPED)

# IAM authorizes none of these: service activity, sign-in pages, and statistics about other records.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/non-api-aws-service-events.html
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
_NO_CALL: Final = frozenset(
    {"AwsServiceEvent", "AwsConsoleSignIn", "AwsConsoleAction", "AwsCloudTrailInsight", "AwsAggregatedEvent"}
)

_EMPTY_ROW: Final = OperationRow()


@dataclass(frozen=True, slots=True)
class Plan:
    """The facts about an event source and name that don't depend on the record.

    `operation` is the name that rules see. `rule` is tried first. `readers` come from the table, or from the catalog;
    `completion` adds to their actions. They are empty if neither knows the operation. `also` are optional actions for
    both cases. `listed`: whether the operation tables have the operation. `switch`: see `EventSource`.
    """

    operation: str
    needs_permission: bool = True
    rule: Rule | None = None
    completion: Completion | None = None
    readers: tuple[ResourceReader, ...] = ()
    also: tuple[OptionalReader, ...] = ()
    roles: tuple[RoleParameter, ...] = ()
    listed: bool = False
    switch: tuple[tuple[str, str], ...] = ()


class RecordMapper(Protocol):
    """The interface of the event map."""

    catalog: Catalog

    def map_record(self, record: Record) -> RecordMapping:
        """The actions that a record's call needs."""


def mapping_or_failure(record: Record, event_map: RecordMapper) -> tuple[RecordMapping, str]:
    """The record's mapping, and the reason if mapping failed, else "".

    A rule that fails on an unusual request must not end the run: callers choose their requests, and could otherwise
    block the reading of all logs. The record counts as unmapped, and the replacement of its principal isn't called
    safe.
    """
    try:
        return event_map.map_record(record), ""
    except LpgenError:
        raise
    except Exception as error:
        return _UNMAPPED, _RULE_FAILED.format(error=type(error).__name__)


class EventMap:
    """The event map of one catalog. It computes facts that depend only on event source and name once."""

    def __init__(self, catalog: Catalog, rule_tables: Iterable[RuleTable] | None = None) -> None:
        """`rule_tables` None means every module's."""
        # It imports many modules, which few commands need.
        from lpgen.core.cloudtrail.rules import tables

        source = catalog.source
        self.catalog = catalog
        self._sources = EventSources.from_catalog(source)
        self._operations = Operations(source)
        self._passed_to = passed_roles_from_catalog(source).passed_to
        self._no_permission = _read_no_permission(source)
        self._rules = self._by_name(tables.RULE_TABLES if rule_tables is None else rule_tables)
        self._completions = self._by_name(tables.COMPLETION_TABLES)
        self._types = self._types_by_table(tables.READER_TABLES)
        self._plans: dict[tuple[str, str], Plan] = {}
        self._known: dict[Action, Action | None] = {}

    def map_record(self, record: Record) -> RecordMapping:
        """The actions that the recorded call needs, regardless of its outcome and caller."""
        if record.eventType in _NO_CALL:
            return _NO_PERMISSION
        plan = self.plan(record.eventSource, record.eventName)
        if plan.switch:
            plan = self._switched(plan, record)
        if not plan.needs_permission:
            return _NO_PERMISSION
        call = call_from_record(record, plan.operation, self.catalog)
        actions = plan.rule(call) if plan.rule else None
        is_ruled = actions is not None
        if actions is None:
            if not plan.readers:
                return _UNMAPPED
            actions = tuple(reader.read(call) for reader in plan.readers)
            if plan.rule and len(actions) > 1:  # the rule would choose among them if it could read the request
                actions = tuple(replace(action, how=UNREAD_REQUEST) for action in actions)
            if plan.completion:
                actions = plan.completion(call, actions)
        elif not actions:
            return _NO_PERMISSION
        actions += optional_actions(actions, plan.also, call)
        if call.is_unread:
            actions = tuple(_without_names(action, record) for action in actions)
        if record.errorMessage:
            actions = name_denied_resource(actions, record, self.catalog)
        return self._checked(actions + self._passed_roles(actions if is_ruled else (), plan, call))

    def plan(self, event_source: str, event_name: str) -> Plan:
        """The plan for an event source and name, from the tables."""
        key = (event_source, event_name)
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = self._make_plan(event_source, event_name)
        return found

    # ------------------------------------------------------------ planning, once per source and name

    def _by_name(self, tables: Iterable[Mapping[tuple[str, str], _T]]) -> dict[tuple[str, str], tuple[str, _T]]:
        """Each entry and the spelling of its operation, by table name and operation name in lower case."""
        return {
            (self._sources.resolve(source).table, name.casefold()): (name, rule)
            for table in tables
            for (source, name), rule in table.items()
        }

    def _types_by_table(self, tables: Iterable[ReaderTable]) -> Mapping[str, Mapping[str, ResourceType]]:
        """The types that rows refer to by name, by table name."""
        found: dict[str, ChainMap[str, ResourceType]] = defaultdict(ChainMap)
        for table in tables:
            for source, types in table.items():
                found[self._sources.resolve(source).table].maps.append(types)  # type: ignore[arg-type]  # only read
        return found

    def _switched(self, plan: Plan, record: Record) -> Plan:
        """The plan of the event source that a request parameter shows, or the plan itself."""
        request = record.requestParameters
        if isinstance(request, dict):
            for parameter, source in plan.switch:
                if parameter in request:
                    return self.plan(source, record.eventName)
        return plan

    def _make_plan(self, event_source: str, event_name: str) -> Plan:
        source = self._sources.resolve(event_source)
        for name in dict.fromkeys((event_name, strip_version(event_name))):
            if (source.table, name.casefold()) in self._no_permission:
                return Plan(name, needs_permission=False)
            plan = self._plan_of_name(source, name)
            if plan is not None:
                return plan
        return Plan(event_name, switch=source.switch)

    def _plan_of_name(self, source: EventSource, name: str) -> Plan | None:
        named_rule = self._rules.get((source.table, name.casefold()))
        found = self._operations.find(source.table, name)
        operation, row = found or (named_rule[0] if named_rule else name, _EMPTY_ROW)
        actions = self._actions_of(source, operation, row)
        if not actions and named_rule is None:
            return None
        types = self._types.get(source.table, {})
        return Plan(
            named_rule[0] if named_rule else operation,
            rule=named_rule[1] if named_rule else None,
            completion=self._completion(source.table, operation, row),
            readers=tuple(reader_from_row(self.catalog, action, row, types) for action in actions),
            also=tuple(optional_readers(self.catalog, operation, row, types)),
            roles=role_parameters(self._passed_to.get(source.table), operation, row.roles),
            listed=found is not None,
            switch=source.switch,
        )

    def _completion(self, table: str, operation: str, row: OperationRow) -> Completion | None:
        found = self._completions.get((table, operation.casefold()))
        if found is None and row.is_read_by_code:
            found = self._completions.get((table, EVERY_READ))
        return found[1] if found else None

    def _actions_of(self, source: EventSource, operation: str, row: OperationRow) -> tuple[Action, ...]:
        """The row's actions, or else the action with the operation's name. Empty if the catalog lacks one of them."""
        if row.actions:
            named = [self.catalog.canonical(name) for name in row.actions]
            return tuple(name for name in named if name) if all(named) else ()
        for prefix in source.prefixes:
            own = self.catalog.canonical(f"{prefix}:{operation}")
            if own:
                return (own,)
        return ()

    # ------------------------------------------------------------ per record

    def _passed_roles(self, actions: tuple[MappedAction, ...], plan: Plan, call: Call) -> tuple[MappedAction, ...]:
        """The roles that the call passes, unless a rule already named them."""
        if any(action.action == PASS_ROLE_ACTION for action in actions):
            return ()
        may_write = plan.operation.startswith(WRITES)
        if call.is_unread:
            may_pass = plan.roles or (may_write and (plan.rule or plan.completion or not plan.listed))
            return (ROLE_UNREAD,) if may_pass else ()
        if plan.roles:
            return roles_at(call, plan.roles)
        return unlisted_roles(call) if may_write and not plan.listed and not plan.rule else ()

    def _checked(self, actions: tuple[MappedAction, ...]) -> RecordMapping:
        """The mapping in the catalog's spelling. If the catalog lacks one of the actions, the record is unmapped."""
        spelled = []
        for mapped in actions:
            action = self._canonical(mapped.action)
            if action is None:
                return _UNMAPPED
            spelled.append(mapped if action == mapped.action else replace(mapped, action=action))
        return RecordMapping(MappingStatus.MAPPED, tuple(spelled))

    def _canonical(self, action: Action) -> Action | None:
        if action not in self._known:
            self._known[action] = self.catalog.canonical(action)
        return self._known[action]


def _without_names(action: MappedAction, record: Record) -> MappedAction:
    """The action of a call whose parameters can't be read. It keeps the resources that the record lists. All others
    become unknown, because the call may have named something of another type, Region or account."""
    listed = {entry.ARN for entry in record.resources or ()}
    known = {
        resource if resource.text in listed or resource == NO_RESOURCE else UNKNOWN_RESOURCE
        for resource in action.resources
    }
    return replace(action, resources=tuple(sorted(known)))


class _NoPermissionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event source in the table `no_permission`: by operation, the reason, usually an AWS page."""

    operations: dict[str, str]


def _read_no_permission(source: CatalogSource) -> frozenset[tuple[str, str]]:
    rows = read_catalog_table(source, "no_permission", dict[str, _NoPermissionTable])
    return frozenset((event_source, name.casefold()) for event_source, row in rows.items() for name in row.operations)


# ---------------------------------------------------------------- skips

_SKIP_BY_EVENT_TYPE: Final = {
    "AwsCloudTrailInsight": SkipReason.INSIGHT,
    "AwsAggregatedEvent": SkipReason.AGGREGATED,
    "AwsServiceEvent": SkipReason.SERVICE_EVENT,
    "AwsVpceEvent": SkipReason.NETWORK_COPY,
}

_CALLS: Final = frozenset({"", "AwsApiCall", "AwsConsoleAction", "AwsConsoleSignIn"})
"""The types of records that a call produces. Records of version 1.01 and earlier have no type.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

_SKIP_BY_CATEGORY: Final = {
    "Insight": SkipReason.INSIGHT,
    "Aggregated": SkipReason.AGGREGATED,
    "NetworkActivity": SkipReason.NETWORK_COPY,
}

_SKIP_BY_CALLER: Final = {
    CallerKind.SERVICE: SkipReason.SERVICE_CALLER,
    CallerKind.ROOT: SkipReason.ROOT_CALLER,
    CallerKind.CROSS_ACCOUNT: SkipReason.CROSS_ACCOUNT_CALLER,
    CallerKind.CROSS_ACCOUNT_ID: SkipReason.CROSS_ACCOUNT_CALLER,
    CallerKind.FEDERATED: SkipReason.FEDERATED_CALLER,
    CallerKind.ANONYMOUS: SkipReason.ANONYMOUS_CALLER,
    CallerKind.UNKNOWN: SkipReason.UNKNOWN_CALLER,
}

_SKIP_BY_STATUS: Final = {
    MappingStatus.NO_PERMISSION: SkipReason.NO_PERMISSION,
    MappingStatus.UNMAPPED: SkipReason.UNMAPPED,
}

_SKIP_BY_OUTCOME: Final = {Outcome.DENIED: SkipReason.DENIED, Outcome.UNDETERMINED: SkipReason.UNDETERMINED}


def skip_from_record(
    record: Record, caller: Caller, outcome: OutcomeDetail, mapping: RecordMapping
) -> SkipReason | None:
    """Why a record isn't a successful use by a role or user, or None if it is.

    The first reason that applies counts, in this order: unknown version or type, not a call (insight, aggregated,
    service event, network activity copy), refused credentials, a caller whose policies lpgen doesn't review, no
    permission needed, not in the event map, outcome. So a DENIED or UNDETERMINED record has no other problem. The usage
    table keeps those records as rows with their outcome.
    """
    if record.eventVersion and not record.eventVersion.startswith(READ_VERSION):
        return SkipReason.UNKNOWN_VERSION
    event_type = record.eventType or ""
    if event_type not in _CALLS:  # AWS doesn't document other types
        return _SKIP_BY_EVENT_TYPE.get(event_type, SkipReason.BAD_RECORD)
    return (
        _SKIP_BY_CATEGORY.get(record.eventCategory or "")
        or (SkipReason.UNAUTHENTICATED if outcome.outcome is Outcome.UNAUTHENTICATED else None)
        or _SKIP_BY_CALLER.get(caller.kind)
        or _SKIP_BY_STATUS.get(mapping.status)
        or _SKIP_BY_OUTCOME.get(outcome.outcome)
    )
