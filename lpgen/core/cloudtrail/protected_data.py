"""The resource that the encryption context of a KMS call names: the one whose data the key protects.

A service that encrypts data calls KMS with its caller's permissions, so the record shows that the caller used the
resource, though the trail may record none of the resource's data events. The usage table keeps the resource with the
condition values of the KMS action, under a name that no condition key has. It is folded to the bucket, table, queue or
the like: the table doesn't grow with the objects.
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from lpgen.core.arns import container_of, split_arn
from lpgen.core.model import Action

PROTECTED: Final = "protected"
"""The resource, by its ARN."""


class _Key(NamedTuple):
    """A key of encryption contexts. `reads` and `writes` are the calls of KMS that show only this; all others show
    both. `actions` are those of the service that need the key, () where it is all that access data.
    """

    service: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    source: str
    actions: tuple[str, ...] = ()


_DATA_KEYS: Final = ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext")

KEYS: Final = {
    # The table's key is asked for whether items are read or written.
    "aws:dynamodb:tableName": _Key(
        "dynamodb",
        (),
        (),
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
    ),
    "aws:kinesis:arn": _Key(
        "kinesis",
        ("Decrypt",),
        _DATA_KEYS,
        "https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html",
    ),
    # Listing, deleting and tags need no key.
    "aws:s3:arn": _Key(
        "s3",
        ("Decrypt",),
        _DATA_KEYS,
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
        ("GetObject", "PutObject", "AbortMultipartUpload"),
    ),
    # Publishers need both calls; subscribers none.
    "aws:sns:topicArn": _Key(
        "sns", (), ("Decrypt", *_DATA_KEYS), "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
    ),
    # Consumers only decrypt, and producers do so too; a consumer deletes the messages it received, which is writing.
    "aws:sqs:arn": _Key(
        "sqs",
        (),
        _DATA_KEYS,
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html",
    ),
    "PARAMETER_ARN": _Key(
        "ssm",
        ("Decrypt",),
        ("Encrypt", *_DATA_KEYS),
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
    ),
    "SecretARN": _Key(
        "secretsmanager",
        ("Decrypt",),
        _DATA_KEYS,
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
    ),
}

_WILD: Final = frozenset("*?$")
"""Characters that a policy would read as a pattern."""

CALLS: Final = ("Decrypt", "Encrypt", *_DATA_KEYS)
"""The calls of KMS that services make for their callers' data."""

_BY_SERVICE: Final = {one.service: one for one in KEYS.values()}


class Sides(NamedTuple):
    """How a resource's data is used."""

    reads: bool
    writes: bool


def context_of_data(value_of: Callable[[str], str], tables: str) -> tuple[tuple[str, str], ...]:
    """The resource whose data a call of KMS is made for; nothing where the context names none of a known service.

    `value_of` reads the value of a key, "" where there is none, and `tables` begins the ARNs of the place's tables.
    """
    for key, row in KEYS.items():
        name = value_of(key)
        if name and row.service == "dynamodb":
            name = tables + name
        fields = split_arn(name)
        if fields.service == row.service and fields.name and _WILD.isdisjoint(name):
            return ((PROTECTED, container_of(name) if row.service == "s3" else name),)
    return ()


def needs_key(action: Action) -> bool:
    """Whether an action of a service that calls KMS needs the key of the data."""
    service, _, name = action.partition(":")
    row = _BY_SERVICE[service]
    return not row.actions or name in row.actions


def sides_shown(action: Action, service: str) -> Sides:
    """How an action of KMS shows that a service's resource was used."""
    row, call = _BY_SERVICE[service], action.partition(":")[2]
    return Sides(reads=call not in row.writes, writes=call not in row.reads)
