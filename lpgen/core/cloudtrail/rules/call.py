"""A recorded call as the rules see it: typed, tolerant access to its parameters, and ARNs.

ARNs have the partition, Region and account of the resources that the call names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from lpgen.core.arns import OTHER_PARTITIONS
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.records import HIDDEN, Json, Record, UserIdentity
from lpgen.core.model import MappedAction

_NOTHING: Json = {}

ANY_ACCOUNT: Final = "*"
"""Any account, as written in policies. No page says that IAM accepts twelve `?` instead.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A record with the facts that every rule needs, computed once.

    `operation` is the event name without a version suffix. `account` owns the resources that the call names, and
    `region` is their Region. `partition` is `aws`, `aws-cn`, `aws-us-gov` or another one in the log.
    """

    record: Record
    operation: str
    partition: str
    region: str
    account: str
    catalog: Catalog = field(repr=False)

    @property
    def request(self) -> Json:
        """The request parameters. Empty if there are none or AWS hid them."""
        value = self.record.requestParameters
        return value if isinstance(value, dict) else _NOTHING

    @property
    def is_unread(self) -> bool:
        """Whether the record lacks parameters that the call may have had: AWS hid them, or they were too large and the
        record has `omitted` instead.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
        """
        request = self.record.requestParameters
        return isinstance(request, str) or (self.has("omitted") and self.has("originalSize"))

    @property
    def response(self) -> Json:
        """The response elements. Empty if there are none or AWS hid them."""
        value = self.record.responseElements
        return value if isinstance(value, dict) else _NOTHING

    def text(self, *path: str) -> str:
        """The first non-empty string (or number) at a path of the request parameters, or ""."""
        return next(iter(self.texts(*path)), "")

    def texts(self, *path: str) -> tuple[str, ...]:
        """All non-empty strings and numbers at a path of the request parameters, walking into lists on the way."""
        return tuple(texts_at(self.request, path))

    def shown(self, *path: str) -> tuple[str, ...]:
        """All non-empty strings and numbers at a path of the response elements, walking into lists on the way."""
        return tuple(texts_at(self.response, path))

    def additional(self, *path: str) -> tuple[str, ...]:
        """All non-empty strings and numbers at a path of the additional event data, walking into lists on the way."""
        return tuple(texts_at(self.record.additionalEventData, path))

    def has(self, *path: str) -> bool:
        """Whether a path of the request parameters has a value other than null, false, "" and empty containers."""
        return any(bool(value) for value in values_at(self.request, path))

    def hides(self, *path: str) -> bool:
        """Whether AWS hides the value at a path of the request parameters, or a value that contains it."""
        return any(HIDDEN in values_at(self.request, path[:length]) for length in range(1, len(path) + 1))

    def of_any_account(self) -> Call:
        """The call, as if any account owned the named resources. For resources whose owner the record doesn't show."""
        return Call(self.record, self.operation, self.partition, self.region, ANY_ACCOUNT, self.catalog)

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """An ARN in the call's partition, by default with its Region and account."""
        return ":".join(
            ("arn", self.partition, service, self.region if region else "", self.account if account else "", resource)
        )


Rule = Callable[[Call], tuple[MappedAction, ...] | None]
"""The actions that a call needs (empty if none), or None if the rule doesn't apply. Then the tables decide."""

RuleTable = Mapping[tuple[str, str], Rule]
"""Rules by event source and operation (version suffix stripped), such as `("s3.amazonaws.com", "CopyObject")`."""

Completion = Callable[[Call, tuple[MappedAction, ...]], tuple[MappedAction, ...]]
"""All actions that a call needs, given the actions of its operation's row."""

CompletionTable = Mapping[tuple[str, str], Completion]
"""Completions by event source and operation, or `EVERY_READ`."""

EVERY_READ: Final = "*"
"""All operations of an event source with a row that `is_read_by_code`, except those with their own completion."""


def values_at(value: object, path: tuple[str, ...]) -> list[object]:
    """All values at a path below a JSON value. Lists are walked. Missing keys give no values.

    The first letter of a key may be in either case: services log the same parameter as `roleArn` or `RoleArn`.
    """
    found: list[object] = []
    _collect(value, path, 0, found)
    return found


def _collect(value: object, path: tuple[str, ...], at: int, found: list[object]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, path, at, found)
    elif at == len(path):
        found.append(value)
    elif isinstance(value, dict):
        key = path[at]
        if key not in value:
            key = key[:1].swapcase() + key[1:]
        if key in value:
            _collect(value[key], path, at + 1, found)


_COPYING_TAGS: Final = ("copyTags", "copyTagsFromSource", "copyImageTags")


def copies_tags(request: object) -> bool:
    """Whether a request copies the tags of its source. The record doesn't show those tags."""
    return any(bool(value) for name in _COPYING_TAGS for value in values_at(request, (name,)))


def plain_arn(text: str) -> str:
    """The text. An ARN that a service logs percent-encoded is decoded.

    https://docs.aws.amazon.com/msk/latest/developerguide/logging-API-using-cloudtrail.html
    """
    return unquote(text) if text[:6] in ("arn%3A", "arn%3a") else text


def texts_at(value: object, path: tuple[str, ...]) -> Iterator[str]:
    """All non-empty strings, and numbers as text, at a path below a JSON value, except those that AWS hid."""
    for found in values_at(value, path):
        if isinstance(found, str) and found and found != HIDDEN:
            yield plain_arn(found)
        elif isinstance(found, (int, float)) and not isinstance(found, bool):
            yield str(found)


def call_from_record(record: Record, operation: str, catalog: Catalog) -> Call:
    """A record as the rules see it. `operation` has no version suffix."""
    return Call(
        record=record,
        operation=operation,
        partition=_partition_of_record(record),
        region=record.awsRegion or "",
        account=_account_of_record(record),
        catalog=catalog,
    )


def _partition_of_record(record: Record) -> str:
    """The partition in the caller's ARN, or else that of the Region."""
    identity = record.userIdentity
    arn = arn_of_identity(identity) if identity else ""
    if arn.startswith("arn:"):
        return arn.split(":", 2)[1]
    region = record.awsRegion or ""
    return next((partition for partition, start, _ in OTHER_PARTITIONS if region.startswith(start)), "aws")


def _account_of_record(record: Record) -> str:
    """The account that owns the named resources. It is the recipient: the owner of a resource gets its own copy of the
    record."""
    if record.recipientAccountId:
        return record.recipientAccountId
    return (record.userIdentity.accountId if record.userIdentity else None) or ""


def arn_of_identity(identity: UserIdentity) -> str:
    """The caller's ARN, or else that of its issuer, or ""."""
    if identity.arn:
        return identity.arn
    issuer = identity.sessionContext.sessionIssuer if identity.sessionContext else None
    return (issuer.arn if issuer else None) or ""
