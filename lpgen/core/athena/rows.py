"""From a row of the query's answer to the group of records that it represents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from lpgen.core.athena.query import BESIDE, COUNT, FIRST, IDENTITY_COLUMNS, LAST, REQUEST, RESOURCES, RESPONSE, VERSION
from lpgen.core.cloudtrail.records import Record, RecordResource, SessionContext, SessionIssuer, UserIdentity
from lpgen.core.usage.event_time import moment_from_text
from lpgen.core.usage.group_tally import RecordGroup
from lpgen.errors import IngestError, quote_input

Row = Mapping[str, str | None]

_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeError, RecursionError)


def group_from_row(row: Row) -> RecordGroup:
    """The group of a row; "" and null both mean that the records say nothing.

    Raises:
        IngestError: the row holds no count.
    """
    first, _, event_id = (row[FIRST] or "").partition(" ")
    try:
        records = int(row[COUNT] or "")
    except ValueError as error:
        raise IngestError(f"Athena's answer can't be read: {quote_input(str(row[COUNT]))} is no count") from error
    record = Record(
        eventSource=row["eventsource"] or "",
        eventName=row["eventname"] or "",
        eventVersion=f"{major}." if (major := row.get(VERSION)) else None,
        eventTime=first or None,
        eventID=event_id or None,
        eventType=row.get("eventtype") or None,
        eventCategory=row.get("eventcategory") or None,
        managementEvent=_flag(row.get("managementevent")),
        readOnly=_flag(row.get("readonly")),
        awsRegion=row.get("awsregion") or None,
        recipientAccountId=row.get("recipientaccountid") or None,
        userIdentity=_identity(tuple([row.get(column) or None for column in IDENTITY_COLUMNS])),
        errorCode=row.get("errorcode") or None,
        errorMessage=row.get("errormessage") or None,
        vpcEndpointId=row.get("vpcendpointid") or None,
        requestParameters=_object_or_text(row.get(REQUEST)),
        responseElements=_object_or_text(row.get(RESPONSE)),
        additionalEventData=_object_or_text(row.get(BESIDE)),
        resources=_resources(row.get(RESOURCES)),
    )
    return RecordGroup(record, records, moment_from_text(row[LAST]) or "")


def _object_or_text(text: str | None) -> dict[str, object] | str | None:
    """The content of a column of JSON: an object, or the text that AWS put in its place (`HIDDEN_DUE_TO_…`)."""
    if not text or text == "null":
        return None
    if not text.startswith("{"):
        return text
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except _UNDECODABLE:
        return text


@lru_cache(maxsize=65_536)
def _identity(parts: tuple[str | None, ...]) -> UserIdentity | None:
    """The caller from the parts in `IDENTITY_FIELDS`, worked out once: groups are many, and callers few."""
    kind, principal_id, arn, account, invoked_by, source, *of_issuer = parts
    context = SessionContext(sessionIssuer=_issuer(*of_issuer), sourceIdentity=source)
    identity = UserIdentity(
        type=kind,
        principalId=principal_id,
        arn=arn,
        accountId=account,
        invokedBy=invoked_by,
        sessionContext=context if context != _NO_CONTEXT else None,
    )
    return identity if identity != _NO_IDENTITY else None


def _issuer(kind: str | None, principal_id: str | None, arn: str | None, account: str | None) -> SessionIssuer | None:
    issuer = SessionIssuer(type=kind, principalId=principal_id, arn=arn, accountId=account)
    return issuer if issuer != _NO_ISSUER else None


_NO_ISSUER: Final = SessionIssuer()
_NO_CONTEXT: Final = SessionContext()
_NO_IDENTITY: Final = UserIdentity()


def _resources(text: str | None) -> list[RecordResource] | None:
    """The resources: lists of ARN and type as the query makes them, or objects where the column held JSON."""
    if not text or text == "null":
        return None
    try:
        listed = msgspec.json.decode(text, type=list[list[str | None]])
        return [RecordResource(ARN=one[0], type=one[1] if len(one) > 1 else None) for one in listed if one]
    except _UNDECODABLE:
        pass
    try:
        return msgspec.json.decode(text, type=list[RecordResource])
    except _UNDECODABLE:
        return None


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").lower())
