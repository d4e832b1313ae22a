"""EventBridge calls: rules by bus, and the buses that receive entries.

A rule on the default bus has no bus in its ARN:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import ReaderTable
from lpgen.core.model import Resource

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


READERS: ReaderTable = {
    "events.amazonaws.com": {"rule": ReaderType(_read_rules), "entries": ReaderType(_read_entry_buses)}
}
