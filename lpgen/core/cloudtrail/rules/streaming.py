"""Kinesis calls: consumers and encryption keys.

Sources: https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html and
https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, fold, is_arn_of
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType
from lpgen.core.model import Resource

_KINESIS = "kinesis.amazonaws.com"

# The tagging action of a stream's creation is AddTagsToStream, not TagResource.
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html


def _read_consumers(call: Call) -> Iterator[Resource]:
    """The consumer that a call names by ARN, or by its stream and name without the time of its creation."""
    arn, stream, name = call.text("consumerARN"), call.text("streamARN"), call.text("consumerName")
    if is_arn_of(arn, "kinesis"):
        yield exact(arn)
    elif is_arn_of(stream, "kinesis") and name:
        yield fold(f"{stream}/consumer/{name}", ":*")


def _read_stream_keys(call: Call) -> Iterator[Resource]:
    """The key of a stream's encryption, by id or ARN; an alias names no resource of the action."""
    key = call.text("keyId")
    if is_arn_of(key, "kms") and ":key/" in key:
        yield exact(key)
    elif key and ":" not in key and not key.startswith("alias/"):
        yield exact(call.arn("kms", f"key/{key}"))


_TYPES: dict[str, ResourceType] = {
    "consumer": ReaderType(_read_consumers),
    "key": ReaderType(_read_stream_keys),
}


READERS: ReaderTable = {_KINESIS: _TYPES}
