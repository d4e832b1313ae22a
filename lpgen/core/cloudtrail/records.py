"""CloudTrail records, raw or decoded, with only the fields that lpgen reads. Also parts of a log file that aren't
usable records.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
Only `eventSource` and `eventName` are required. Unknown keys are ignored, as the page asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from lpgen.core.model import SkipReason

Json = Mapping[str, object]
"""A JSON object whose shape depends on the service."""

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""The text that AWS puts in a record in place of a hidden value."""

ACCESS_LOG: Final = "AccessLog"
"""The `eventCategory` of a record that lpgen makes from a line of an S3 server access log."""

READ_VERSION: Final = "1."
"""The start of the event versions that lpgen reads. In another major version, fields may be removed or mean something
else."""


class SessionIssuer(msgspec.Struct, frozen=True):
    """The issuer of the session. For an assumed role, this is the role, with its path in `arn`."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None


class SessionAttributes(msgspec.Struct, frozen=True):
    """Further facts about the session. `mfaAuthenticated` is `true` or `false`, usually as text."""

    mfaAuthenticated: str | bool | None = None


class WebIdFederation(msgspec.Struct, frozen=True):
    """The names in `webIdFederationData`. Other sessions have an empty object there."""

    federatedProvider: str | None = None


class SessionContext(msgspec.Struct, frozen=True):
    """The session of temporary credentials."""

    sessionIssuer: SessionIssuer | None = None
    webIdFederationData: object = None  # of any shape, because a record must not be lost for it
    sourceIdentity: str | None = None
    attributes: SessionAttributes | None = None


class RequestScope(msgspec.Struct, frozen=True):
    """The resource for which a service called, or whose environment got the caller's credentials."""

    sourceArn: str | None = None
    sourceAccount: str | None = None
    credentialsIssuedTo: str | None = None


class IdentityCenterUser(msgspec.Struct, frozen=True):
    """The person on whose behalf a session or Identity Center called."""

    userId: str | None = None
    identityStoreArn: str | None = None


class UserIdentity(msgspec.Struct, frozen=True):
    """The caller."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    invokedBy: str | None = None
    sessionContext: SessionContext | None = None
    userName: str | None = None
    identityProvider: str | None = None
    inScopeOf: RequestScope | None = None
    onBehalfOf: IdentityCenterUser | None = None
    accessKeyId: str | None = None


IDENTITY_PARTS: Final = (
    UserIdentity,
    SessionContext,
    SessionIssuer,
    SessionAttributes,
    WebIdFederation,
    RequestScope,
    IdentityCenterUser,
)
"""The structs in `userIdentity`."""


class RecordResource(msgspec.Struct, frozen=True):
    """An entry of `resources[]`. Services fill it differently, so the event map checks it before use."""

    ARN: str | None = None
    ARNPrefix: str | None = None
    type: str | None = None
    accountId: str | None = None


class _RecordHead(msgspec.Struct):
    """The fields that are read from every record. They are in CloudTrail's order, which decodes fastest."""

    eventSource: str
    eventName: str
    eventVersion: str | None = None
    userIdentity: UserIdentity | None = None
    eventTime: str | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    # A string means that AWS hid or omitted the object (`HIDDEN`), so nothing can be read.
    requestParameters: dict[str, object] | str | None = None
    responseElements: dict[str, object] | str | None = None
    eventID: str | None = None
    readOnly: bool | None = None
    eventType: str | None = None
    managementEvent: bool | None = None
    recipientAccountId: str | None = None
    vpcEndpointId: str | None = None
    eventCategory: str | None = None


class Record(_RecordHead):
    """One CloudTrail record."""

    additionalEventData: dict[str, object] | str | None = None
    resources: list[RecordResource] | None = None


_NOTHING: Final = msgspec.Raw(b"null")


class RawRecord(_RecordHead, gc=False):
    """A record whose resources and additional data are still JSON text. Few calls need them, and decoding them takes a
    quarter of the time for a record."""

    additionalEventData: msgspec.Raw = _NOTHING
    resources: msgspec.Raw = _NOTHING
    serviceEventDetails: msgspec.Raw = _NOTHING


def record_from_raw(raw: RawRecord) -> Record:
    """The record, decoded."""
    head: dict[str, Any] = {name: getattr(raw, name) for name in _RecordHead.__struct_fields__}
    return Record(
        **head,
        additionalEventData=decode_additional(bytes(raw.additionalEventData)),
        resources=decode_resources(bytes(raw.resources)),
    )


def decode_additional(text: bytes) -> dict[str, object] | str | None:
    """A record's `additionalEventData`, or None if it can't be read."""
    return _decode(_additional_data, text)


def decode_object(text: msgspec.Raw) -> Json:
    """The JSON object that a record holds as text, or an empty object if it holds anything else."""
    found = decode_additional(bytes(text))
    return found if isinstance(found, dict) else {}


def decode_resources(text: bytes) -> list[RecordResource] | None:
    """A record's `resources`, or None if they can't be read."""
    return _decode(_resources, text)


_Decoded = TypeVar("_Decoded")

_additional_data: Final[msgspec.json.Decoder[dict[str, object] | str | None]] = msgspec.json.Decoder(
    dict[str, object] | str | None
)
_resources: Final[msgspec.json.Decoder[list[RecordResource] | None]] = msgspec.json.Decoder(list[RecordResource] | None)


def _decode(decoder: msgspec.json.Decoder[_Decoded], text: bytes) -> _Decoded | None:
    """The decoded text, with U+FFFD for stray bytes, or None if it can't be read."""
    try:
        try:
            return decoder.decode(text)
        except UnicodeDecodeError:
            return decoder.decode(text.decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a file that isn't a record, or a record that can't count.

    `position` is the place (`record 3`, `line 7`), `detail` the reason. `record` has what could be read, if anything.
    `callers` are the roles and users that an aggregated event names, as `named_principal` returns them.
    """

    reason: SkipReason
    detail: str
    position: str
    record: Record | None = None
    callers: tuple[str, ...] = ()
