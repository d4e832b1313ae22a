"""EventBridge, Scheduler and Pipes calls: rules by bus, buses by name or ARN, schedules by group.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html (a rule on the
default bus has no bus in its ARN) and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_service-with-iam.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import GROUP_DELETION
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, fold, is_arn_of
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, mapped
from lpgen.core.model import MappedAction, Resource

_EVENTS = "events.amazonaws.com"
_SCHEDULER = "scheduler.amazonaws.com"

_DEFAULT_BUS = "default"


def _read_rules(call: Call) -> Iterator[Resource]:
    """The rule that a call names, on its bus."""
    bus = call.text("eventBusName").rpartition("/")[2] or _DEFAULT_BUS
    name = call.text("name") or call.text("rule")
    if name:
        yield exact(call.arn("events", f"rule/{name}" if bus == _DEFAULT_BUS else f"rule/{bus}/{name}"))


def _read_entry_buses(call: Call) -> Iterator[Resource]:
    """The buses that receive the entries of PutEvents; an entry without one uses the default bus."""
    entries = call.request.get("entries")
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("eventBusName") if isinstance(entry, dict) else None
        yield from _bus(call, name if isinstance(name, str) and name else _DEFAULT_BUS)


def _bus(call: Call, name: str) -> Iterator[Resource]:
    if is_arn_of(name, "events"):
        yield exact(name)
    elif not name.startswith("arn:"):
        yield exact(call.arn("events", f"event-bus/{name}"))


def _read_schedules(call: Call) -> Iterator[Resource]:
    """The schedule that a call names, in its group."""
    name = call.text("name")
    if name:
        yield exact(call.arn("scheduler", f"schedule/{call.text('groupName') or _DEFAULT_BUS}/{name}"))


def _map_delete_group(call: Call) -> tuple[MappedAction, ...]:
    """DeleteScheduleGroup deletes the group's schedules with the caller's permissions.

    Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html
    """
    own = mapped("scheduler:DeleteScheduleGroup", _TYPES["group"].read(call, ""))
    name = call.text("name")
    schedules = (fold(call.arn("scheduler", f"schedule/{name}"), "/*"),) if name else ()
    return (own, mapped("scheduler:DeleteSchedule", schedules, how=GROUP_DELETION))


_TYPES: dict[str, ResourceType] = {
    "rule": ReaderType(_read_rules),
    "entries": ReaderType(_read_entry_buses),
    "schedule": ReaderType(_read_schedules),
    "group": NamedType("scheduler", "schedule-group/{}", "name"),
}

RULES: RuleTable = {
    (_SCHEDULER, "DeleteScheduleGroup"): _map_delete_group,
}

READERS: ReaderTable = {_EVENTS: _TYPES, _SCHEDULER: _TYPES}
