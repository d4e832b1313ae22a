"""The contributions of records to the tables, computed once for all records that differ only in irrelevant parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.cloudtrail.access_tracking import ReadValues, WatchedRecord, watched
from lpgen.core.cloudtrail.caller import caller_from_identity, caller_in_log_of, caller_name, essential_identity
from lpgen.core.cloudtrail.event_map import RecordMapper
from lpgen.core.cloudtrail.outcome import essential_message
from lpgen.core.cloudtrail.records import RawRecord, SessionContext, UserIdentity, decode_additional
from lpgen.core.cloudtrail.rules.call import arn_of_identity
from lpgen.core.model import Caller
from lpgen.core.usage.contribution import Contribution, contribution_from_record
from lpgen.core.usage.unbounded_names import (
    MARK,
    OPEN_NAMES,
    OpenName,
    is_listed_at_end,
    is_open_at_end,
    mark_listed,
    open_name,
)

_MAX_CONTRIBUTIONS: Final = 32_768
_MAX_IDENTITIES: Final = 16_384
_MAX_CALLERS: Final = 65_536
_MAX_FORMS: Final = 16_384
"""Cache sizes. A full cache is emptied, which bounds memory whatever the logs hold."""

_FormKey = tuple[Any, ...]
Signature = tuple[object, ...]
"""The parts of a record that decide its contribution."""


@dataclass(frozen=True, slots=True, eq=False)
class _CallerClass:
    """The parts of a caller and its identity that decide contributions. Callers with equal parts share one object."""

    caller: Caller
    identity: UserIdentity


@dataclass(frozen=True, slots=True, eq=False)
class KnownCaller:
    """A caller, its class and its `caller_name`. All sessions of a role share one object, compared by identity."""

    caller: Caller
    alike: _CallerClass
    name: str


class _CallReads:
    """The parts of records that the mapping of one event source and name has read so far."""

    __slots__ = ("additional", "open_name", "reads_additional", "reads_resources", "request", "response")

    def __init__(self, event_source: str) -> None:
        self.request, self.response, self.additional = ReadValues(), ReadValues(), ReadValues()
        self.reads_additional = self.reads_resources = False
        self.open_name = OPEN_NAMES.get(event_source, "")

    def learn(self, record: WatchedRecord) -> bool:
        """Add the parts of a record that were read, and return whether any of them is new."""
        is_new = self.request.learn(record.requestParameters)
        is_new |= self.response.learn(record.responseElements)
        is_new |= ("resources" in record.touched) > self.reads_resources
        self.reads_resources |= "resources" in record.touched
        if "additionalEventData" in record.touched:
            is_new |= self.additional.learn(record.additionalEventData) or not self.reads_additional
            self.reads_additional = True
        return is_new


@dataclass(frozen=True, slots=True, eq=False)
class _RecordForm:
    """The key shared by records of a call that agree in their plain fields: place, type, error code and the like."""

    key: _FormKey
    call: _CallReads


class MappingCache:
    """The contributions of records under one event map.

    INVARIANT: a contribution is computed from a record that holds only the parts in its signature.
    """

    def __init__(self, event_map: RecordMapper) -> None:
        self.event_map = event_map
        self._identities: dict[object, KnownCaller] = {}
        self._callers: dict[tuple[Caller, _CallerClass], KnownCaller] = {}
        self._classes: dict[tuple[Caller, UserIdentity], _CallerClass] = {}
        self._calls: dict[tuple[str, str], _CallReads] = {}
        self._forms: dict[_FormKey, _RecordForm] = {}
        self._contributions: dict[Signature, Contribution] = {}

    def find_caller(self, record: RawRecord) -> KnownCaller:
        """The caller of the recorded call, in the form that the log of the record's account may give it."""
        key = essential_identity(record.userIdentity)
        found = self._identities.get(key) or self._add_identity(key, record.userIdentity)
        account, caller = record.recipientAccountId, found.caller
        if caller.account == account or not account or not caller.principal:
            return found
        foreign = (key, found)  # the same in the log of any other account
        return self._identities.get(foreign) or self._add_identity(foreign, record.userIdentity, account)

    def find(self, record: RawRecord, alike: _CallerClass) -> tuple[Contribution, str]:
        """The contribution of a record by a caller of this class, and the text for the mark in its resources."""
        key = (
            record.eventSource,
            record.eventName,
            record.awsRegion,
            record.recipientAccountId,
            record.eventType,
            record.eventCategory,
            record.managementEvent,
            record.readOnly,
            record.errorCode,
            record.vpcEndpointId,
        )
        form = self._forms.get(key) or self._add_form(key)
        signature, end = _sign(record, alike, form)
        found = self._contributions.get(signature)
        if found is None:
            found = self._add(record, alike, form, signature)
            end = end if form.call.open_name else ""
        return found, end

    def _add(self, record: RawRecord, alike: _CallerClass, form: _RecordForm, signature: Signature) -> Contribution:
        call, request = form.call, record.requestParameters
        name = open_name(request, call.open_name) if call.open_name and isinstance(request, dict) else None
        bare = _bare_record(record, alike, form, name)
        found = contribution_from_record(bare, alike.caller, self.event_map)
        if call.learn(bare):
            signature, _ = _sign(record, alike, form)
        if name and not (is_listed_at_end(bare.touched.get("resources") or ()) and is_open_at_end(found.rows)):
            call.open_name = ""
            return self._add(record, alike, form, _sign(record, alike, form)[0])
        if len(self._contributions) >= _MAX_CONTRIBUTIONS:
            self._contributions.clear()
        self._contributions[signature] = found
        return found

    def _add_form(self, key: _FormKey) -> _RecordForm:
        if len(self._forms) >= _MAX_FORMS:
            self._forms.clear()
            self._calls.clear()
            self._contributions.clear()
        name = key[:2]
        call = self._calls.get(name) or self._calls.setdefault(name, _CallReads(key[0]))
        form = self._forms[key] = _RecordForm(key, call)
        return form

    def _add_identity(self, key: object, identity: UserIdentity | None, account: str = "") -> KnownCaller:
        if len(self._identities) >= _MAX_IDENTITIES:
            self._identities.clear()
        if len(self._callers) >= _MAX_CALLERS:
            self._identities.clear()
            self._callers.clear()
            self._classes.clear()
        caller = caller_in_log_of(caller_from_identity(identity), account)
        alike = (Caller(caller.kind, service_session=caller.service_session), _identity_of_class(identity, caller))
        known = self._classes.setdefault(alike, _CallerClass(*alike))
        name = caller_name(identity, caller)
        found = self._callers.setdefault((caller, known), KnownCaller(caller, known, name))
        self._identities[key] = found
        return found


def _sign(record: RawRecord, alike: _CallerClass, form: _RecordForm) -> tuple[Signature, str]:
    """The record's signature by the parts read so far, and the end of the name that a mark in it replaces."""
    call, request = form.call, record.requestParameters
    resources = bytes(record.resources) if call.reads_resources else None
    end = ""
    if call.open_name and type(request) is dict:
        name = open_name(request, call.open_name)
        if name:
            kept, end = name
            request = {**request, call.open_name: kept + MARK}
            if resources:
                resources = mark_listed(resources, name)
    part = None if request is None else call.request.part(request)
    message, response = record.errorMessage, record.responseElements
    if message is not None or response is not None or call.reads_additional:
        message = message and essential_message(message)
        more = None if response is None else call.response.part(response)
        additional = None
        if call.reads_additional:
            additional = call.additional.part(decode_additional(bytes(record.additionalEventData)))
        return (form, alike, part, resources, message, more, additional), end
    return (form, alike, part, resources), end


def _bare_record(record: RawRecord, alike: _CallerClass, form: _RecordForm, name: OpenName | None) -> WatchedRecord:
    """The parts of the record that may decide its contribution, with marks, and watched for reads. Its plain texts
    come from the form, because contributions keep them."""
    request, resources = record.requestParameters, bytes(record.resources)
    if name:
        request = {**request, form.call.open_name: name[0] + MARK}  # type: ignore[dict-item]
        resources = mark_listed(resources, name)
    source, event_name, region, account, kind, category, is_management, reads_only, error_code, endpoint = form.key
    return WatchedRecord(
        eventSource=source,
        eventName=event_name,
        eventType=kind,
        eventCategory=category,
        managementEvent=is_management,
        readOnly=reads_only,
        awsRegion=region,
        recipientAccountId=account,
        userIdentity=alike.identity,
        errorCode=error_code,
        errorMessage=record.errorMessage and essential_message(record.errorMessage),
        vpcEndpointId=endpoint,
        requestParameters=watched(request),
        responseElements=watched(record.responseElements),
        additionalEventData_json=bytes(record.additionalEventData),
        resources_json=resources,
    )


def _identity_of_class(identity: UserIdentity | None, caller: Caller) -> UserIdentity:
    """The parts of a caller's identity that the mapping of its calls may read: the ARN of a user, which may be the
    resource of its own call, and only the partition of any other ARN."""
    identity = identity or UserIdentity()
    source = identity.sessionContext.sourceIdentity if identity.sessionContext else None
    arn = caller.principal or arn_of_identity(identity)
    partition = arn[: arn.find(":", len("arn:")) + 1]  # `arn:aws:`
    return UserIdentity(
        type=identity.type,
        arn=caller.principal if identity.type == "IAMUser" else partition,
        accountId=identity.accountId,
        invokedBy=identity.invokedBy,
        sessionContext=SessionContext(sourceIdentity="set") if source else None,
    )
