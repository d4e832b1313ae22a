"""One record as `lpgen map` prints it."""

from __future__ import annotations

from lpgen.core.cloudtrail.caller import caller_from_record
from lpgen.core.cloudtrail.event_map import EventMap, mapping_or_failure, skip_from_record
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import MappedAction


def map_line(record: Record, event_map: EventMap) -> dict[str, object]:
    """The event map's answer for a record, in the keys and order of one output line.

    `actions` are those that the call needs, whatever its outcome and caller, with unfolded ARNs (`*` for none and
    unknown); `skip` says why the record is no usage of a role or user, or is None.
    """
    caller, outcome = caller_from_record(record), event_map.catalog.facts(ErrorCodes).outcome_from_record(record)
    mapping, _ = mapping_or_failure(record, event_map)
    skip = skip_from_record(record, caller, outcome, mapping)
    return {
        "event_id": record.eventID,
        "event_source": record.eventSource,
        "event_name": record.eventName,
        "principal": caller.principal or None,
        "outcome": outcome.outcome.value,
        "actions": [_action_line(action) for action in mapping.actions],
        "skip": skip.value if skip else None,
    }


def _action_line(mapped: MappedAction) -> dict[str, object]:
    return {
        "action": mapped.action,
        "resource": [resource.text for resource in mapped.resources],
        "how": mapped.how,
    }
