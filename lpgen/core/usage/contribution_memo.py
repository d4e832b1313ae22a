"""What records add to the tables, worked out once for all records that differ in nothing that matters."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from lpgen.core.events.caller import caller_from_record
from lpgen.core.events.outcome import essential_message
from lpgen.core.events.records import Record, SessionContext, UserIdentity
from lpgen.core.events.watched import ReadValues, WatchedObject
from lpgen.core.model import Caller
from lpgen.core.usage.contribution import Contribution, RecordMapper, contribution_from_record
from lpgen.core.usage.open_names import OPEN_NAMES, is_open_at_end, mark_open_name

MAX_CONTRIBUTIONS: Final = 32_768
MAX_CALLERS: Final = 65_536
MAX_CALLS: Final = 16_384
"""What is remembered: beyond, all of it is forgotten, so that memory has a bound whatever logs hold."""

_matters: Final = attrgetter(
    "awsRegion",
    "recipientAccountId",
    "eventType",
    "eventCategory",
    "managementEvent",
    "readOnly",
    "errorCode",
    "vpcEndpointId",
)


@dataclass(frozen=True, slots=True, eq=False)
class CallerClass:
    """What of a caller and its identity decides contributions: one object for all callers that are alike in it."""

    caller: Caller
    identity: UserIdentity


@dataclass(frozen=True, slots=True, eq=False)
class KnownCaller:
    """A caller and its class: one object for all sessions of a role, compared as such."""

    caller: Caller
    alike: CallerClass


class _Call:
    """What is known of the calls of one event source and name."""

    __slots__ = ("beside", "contributions", "open_name", "request", "response")

    def __init__(self, event_source: str) -> None:
        self.request, self.response, self.beside = ReadValues(), ReadValues(), ReadValues()
        self.open_name = OPEN_NAMES.get(event_source, "")
        self.contributions: dict[object, Contribution] = {}


class ContributionMemo:
    """The contributions of records under one event map.

    INVARIANT: a contribution is worked out from a record that holds nothing but what its key was made of.
    """

    def __init__(self, event_map: RecordMapper) -> None:
        self._event_map = event_map
        self._identities: dict[UserIdentity | None, KnownCaller] = {}
        self._callers: dict[tuple[Caller, CallerClass], KnownCaller] = {}
        self._classes: dict[tuple[Caller, UserIdentity], CallerClass] = {}
        self._calls: dict[tuple[str, str], _Call] = {}
        self._known = 0

    def find_caller(self, record: Record) -> KnownCaller:
        """Who made the recorded call."""
        return self._identities.get(record.userIdentity) or self._add_identity(record)

    def find(self, record: Record, alike: CallerClass) -> tuple[Contribution, str]:
        """What a record by a caller of this class adds, and the end of the resources in it that hold a mark."""
        call = self._calls.get((record.eventSource, record.eventName)) or self._add_call(record)
        marked = mark_open_name(record, call.open_name) if call.open_name else None
        subject, end = marked or (record, "")
        found = call.contributions.get(_key(subject, call, alike))
        if found is None:
            found = self._add(subject, call, alike)
            if end and not is_open_at_end(found.rows):
                call.open_name = ""
                return self.find(record, alike)
        return found, end

    def _add(self, record: Record, call: _Call, alike: CallerClass) -> Contribution:
        bare = replace(
            record,
            eventVersion=None,
            eventTime=None,
            eventID=None,
            sharedEventID=None,
            sourceIPAddress=None,
            userAgent=None,
            userIdentity=alike.identity,
            errorMessage=record.errorMessage and essential_message(record.errorMessage),
            requestParameters=_watched(record.requestParameters),
            responseElements=_watched(record.responseElements),
            additionalEventData=_watched(record.additionalEventData),
        )
        found = contribution_from_record(bare, alike.caller, self._event_map)
        call.request.learn(bare.requestParameters)
        call.response.learn(bare.responseElements)
        call.beside.learn(bare.additionalEventData)
        if self._known >= MAX_CONTRIBUTIONS:
            self._forget()
        self._known += 1
        call.contributions[_key(record, call, alike)] = found
        return found

    def _forget(self) -> None:
        for call in self._calls.values():
            call.contributions.clear()
        self._known = 0

    def _add_call(self, record: Record) -> _Call:
        if len(self._calls) >= MAX_CALLS:
            self._calls.clear()
            self._known = 0
        call = self._calls[record.eventSource, record.eventName] = _Call(record.eventSource)
        return call

    def _add_identity(self, record: Record) -> KnownCaller:
        if len(self._identities) >= MAX_CALLERS:
            self._identities.clear()
            self._callers.clear()
            self._classes.clear()
        caller = caller_from_record(record)
        alike = (Caller(caller.kind, service_session=caller.service_session), _identity_of_class(record, caller))
        known = self._classes.setdefault(alike, CallerClass(*alike))
        found = self._callers.setdefault((caller, known), KnownCaller(caller, known))
        self._identities[record.userIdentity] = found
        return found


def _key(record: Record, call: _Call, alike: CallerClass) -> object:
    """What decides a record's contribution, beside its call."""
    resources, response, beside = record.resources, record.responseElements, record.additionalEventData
    return (
        alike,
        _matters(record),
        record.errorMessage and essential_message(record.errorMessage),
        call.request.part(record.requestParameters),
        None if resources is None else tuple(resources),
        None if response is None else call.response.part(response),
        None if beside is None else call.beside.part(beside),
    )


def _watched(value: dict[str, object] | str | None) -> dict[str, object] | str | None:
    return WatchedObject(value) if isinstance(value, dict) else value


def _identity_of_class(record: Record, caller: Caller) -> UserIdentity:
    """What of a caller's identity its calls' mapping may read: who it is only of a user, who may be its own resource,
    else the partition of its ARN alone."""
    identity = record.userIdentity or UserIdentity()
    source = identity.sessionContext.sourceIdentity if identity.sessionContext else None
    partition = caller.principal[: caller.principal.find(":", len("arn:")) + 1]  # `arn:aws:`
    return UserIdentity(
        type=identity.type,
        arn=caller.principal if identity.type == "IAMUser" else partition,
        accountId=identity.accountId,
        invokedBy=identity.invokedBy,
        sessionContext=SessionContext(sourceIdentity="set") if source else None,
    )
