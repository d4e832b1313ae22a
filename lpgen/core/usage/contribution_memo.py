"""What records add to the tables, worked out once for all records that differ in nothing that matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lpgen.core.events.caller import caller_from_identity
from lpgen.core.events.outcome import essential_message
from lpgen.core.events.records import (
    RawRecord,
    SessionContext,
    UserIdentity,
    decode_beside,
    decode_resources,
)
from lpgen.core.events.watched import ReadValues, WatchedObject, WatchedRecord
from lpgen.core.model import Caller
from lpgen.core.usage.contribution import Contribution, RecordMapper, contribution_from_record
from lpgen.core.usage.open_names import (
    MARK,
    OPEN_NAMES,
    OpenName,
    is_listed_at_end,
    is_open_at_end,
    mark_listed,
    open_name,
)

MAX_CONTRIBUTIONS: Final = 32_768
MAX_IDENTITIES: Final = 16_384
MAX_CALLERS: Final = 65_536
MAX_CALLS: Final = 16_384
"""How much of each is remembered: beyond, all of it is forgotten, so that memory has a bound whatever logs hold."""

_SHARED: Final = ("eventSource", "eventName", "awsRegion", "recipientAccountId", "eventType", "eventCategory")

Signature = tuple[object, ...]
"""What decides a record's contribution."""


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
    """What is known of the calls of one event source and name: what their mapping was ever seen to read."""

    __slots__ = ("beside", "open_name", "reads_beside", "reads_resources", "request", "response")

    def __init__(self, event_source: str) -> None:
        self.request, self.response, self.beside = ReadValues(), ReadValues(), ReadValues()
        self.reads_beside = self.reads_resources = False
        self.open_name = OPEN_NAMES.get(event_source, "")

    def learn(self, record: WatchedRecord) -> None:
        """Adds what was read of a record."""
        self.request.learn(record.requestParameters)
        self.response.learn(record.responseElements)
        self.reads_resources |= "resources" in record.touched
        if "additionalEventData" in record.touched:
            self.reads_beside = True
            self.beside.learn(record.additionalEventData)


class ContributionMemo:
    """The contributions of records under one event map.

    INVARIANT: a contribution is worked out from a record that holds nothing but what its signature was made of.
    """

    def __init__(self, event_map: RecordMapper) -> None:
        self._event_map = event_map
        self._identities: dict[UserIdentity | None, KnownCaller] = {}
        self._callers: dict[tuple[Caller, CallerClass], KnownCaller] = {}
        self._classes: dict[tuple[Caller, UserIdentity], CallerClass] = {}
        self._calls: dict[tuple[str, str], _Call] = {}
        self._contributions: dict[Signature, Contribution] = {}
        self._texts: dict[str | None, str | None] = {}

    def find_caller(self, record: RawRecord) -> KnownCaller:
        """Who made the recorded call."""
        return self._identities.get(record.userIdentity) or self._add_identity(record.userIdentity)

    def find(self, record: RawRecord, alike: CallerClass) -> tuple[Contribution, str]:
        """What a record by a caller of this class adds, and the end of the resources in it that hold a mark."""
        call = self._calls.get((record.eventSource, record.eventName)) or self._add_call(record)
        signature, end = _sign(record, alike, call)
        found = self._contributions.get(signature)
        return (found, end) if found else self._add(record, alike, call)

    def _add(self, record: RawRecord, alike: CallerClass, call: _Call) -> tuple[Contribution, str]:
        request = record.requestParameters
        name = open_name(request, call.open_name) if call.open_name and isinstance(request, dict) else None
        self._share_texts(record)
        bare = _bare_record(record, alike, name)
        found = contribution_from_record(bare, alike.caller, self._event_map)
        call.learn(bare)
        if name and not (is_listed_at_end(bare.resources or ()) and is_open_at_end(found.rows)):
            call.open_name = ""
            return self._add(record, alike, call)
        if len(self._contributions) >= MAX_CONTRIBUTIONS:
            self._forget()
        signature, end = _sign(record, alike, call)
        self._contributions[signature] = found
        return found, end

    def _share_texts(self, record: RawRecord) -> None:
        """Makes texts that many records have one object, since contributions and signatures keep them."""
        for name in _SHARED:
            text = getattr(record, name)
            setattr(record, name, self._texts.setdefault(text, text))

    def _forget(self) -> None:
        self._contributions.clear()
        self._texts.clear()

    def _add_call(self, record: RawRecord) -> _Call:
        if len(self._calls) >= MAX_CALLS:
            self._calls.clear()
            self._forget()
        call = self._calls[record.eventSource, record.eventName] = _Call(record.eventSource)
        return call

    def _add_identity(self, identity: UserIdentity | None) -> KnownCaller:
        if len(self._identities) >= MAX_IDENTITIES:
            self._identities.clear()
        if len(self._callers) >= MAX_CALLERS:
            self._identities.clear()
            self._callers.clear()
            self._classes.clear()
        caller = caller_from_identity(identity)
        alike = (Caller(caller.kind, service_session=caller.service_session), _identity_of_class(identity, caller))
        known = self._classes.setdefault(alike, CallerClass(*alike))
        found = self._callers.setdefault((caller, known), KnownCaller(caller, known))
        self._identities[identity] = found
        return found


def _sign(record: RawRecord, alike: CallerClass, call: _Call) -> tuple[Signature, str]:
    """The record's signature as far as is known now, and the end of a name that a mark in it stands for."""
    request, response, message = record.requestParameters, record.responseElements, record.errorMessage
    resources = bytes(record.resources) if call.reads_resources else None
    end = ""
    if call.open_name and type(request) is dict:
        name = open_name(request, call.open_name)
        if name:
            kept, end = name
            request = {**request, call.open_name: kept + MARK}
            if resources:
                resources = mark_listed(resources, name)
    signature = (
        alike,
        call,
        record.awsRegion,
        record.recipientAccountId,
        record.eventType,
        record.eventCategory,
        record.managementEvent,
        record.readOnly,
        record.errorCode,
        record.vpcEndpointId,
        message and essential_message(message),
        None if request is None else call.request.part(request),
        None if response is None else call.response.part(response),
        resources,
        call.beside.part(decode_beside(bytes(record.additionalEventData))) if call.reads_beside else None,
    )
    return signature, end


def _bare_record(record: RawRecord, alike: CallerClass, name: OpenName | None) -> WatchedRecord:
    """What of the record may decide its contribution, with marks and watched."""
    request, resources = record.requestParameters, bytes(record.resources)
    if name:
        parameter = OPEN_NAMES[record.eventSource]
        request = {**request, parameter: name[0] + MARK}  # type: ignore[dict-item]
        resources = mark_listed(resources, name)
    return WatchedRecord(
        eventSource=record.eventSource,
        eventName=record.eventName,
        eventType=record.eventType,
        eventCategory=record.eventCategory,
        managementEvent=record.managementEvent,
        readOnly=record.readOnly,
        awsRegion=record.awsRegion,
        recipientAccountId=record.recipientAccountId,
        userIdentity=alike.identity,
        errorCode=record.errorCode,
        errorMessage=record.errorMessage and essential_message(record.errorMessage),
        vpcEndpointId=record.vpcEndpointId,
        requestParameters=_watched(request),
        responseElements=_watched(record.responseElements),
        additionalEventData=_watched(decode_beside(bytes(record.additionalEventData))),
        resources=decode_resources(resources),
    )


def _watched(value: dict[str, object] | str | None) -> dict[str, object] | str | None:
    return WatchedObject(value) if isinstance(value, dict) else value


def _identity_of_class(identity: UserIdentity | None, caller: Caller) -> UserIdentity:
    """What of a caller's identity its calls' mapping may read: who it is only of a user, who may be its own resource,
    else the partition of its ARN alone."""
    identity = identity or UserIdentity()
    source = identity.sessionContext.sourceIdentity if identity.sessionContext else None
    partition = caller.principal[: caller.principal.find(":", len("arn:")) + 1]  # `arn:aws:`
    return UserIdentity(
        type=identity.type,
        arn=caller.principal if identity.type == "IAMUser" else partition,
        accountId=identity.accountId,
        invokedBy=identity.invokedBy,
        sessionContext=SessionContext(sourceIdentity="set") if source else None,
    )
