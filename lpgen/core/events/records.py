"""A CloudTrail record, decoded: only the fields that some rule reads.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
Only `eventSource` and `eventName` are required; unknown keys are ignored, as the page asks of readers.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Json = Mapping[str, object]
"""A JSON object whose shape only the service that wrote it knows."""


class SessionIssuer(msgspec.Struct, frozen=True):
    """Who issued the session: for an assumed role the role itself, with its path in `arn`."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    userName: str | None = None


class SessionContext(msgspec.Struct, frozen=True):
    """The session behind temporary credentials."""

    sessionIssuer: SessionIssuer | None = None
    sourceIdentity: str | None = None
    ec2RoleDelivery: str | None = None


class UserIdentity(msgspec.Struct, frozen=True):
    """Who called."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    userName: str | None = None
    invokedBy: str | None = None
    sessionContext: SessionContext | None = None


class RecordResource(msgspec.Struct, frozen=True):
    """One entry of `resources[]`; services fill it unevenly, so the event map checks it before use."""

    ARN: str | None = None
    ARNPrefix: str | None = None
    type: str | None = None
    accountId: str | None = None


class Record(msgspec.Struct):
    """One CloudTrail record."""

    eventSource: str
    eventName: str
    eventVersion: str | None = None
    eventTime: str | None = None
    eventID: str | None = None
    eventType: str | None = None
    eventCategory: str | None = None
    managementEvent: bool | None = None
    readOnly: bool | None = None
    awsRegion: str | None = None
    recipientAccountId: str | None = None
    sharedEventID: str | None = None
    userIdentity: UserIdentity | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    vpcEndpointId: str | None = None
    # A string stands where AWS hid or omitted the object (`HIDDEN_DUE_TO_SECURITY_REASONS`): then nothing can be read.
    requestParameters: dict[str, object] | str | None = None
    responseElements: dict[str, object] | str | None = None
    additionalEventData: dict[str, object] | str | None = None
    resources: list[RecordResource] | None = None
