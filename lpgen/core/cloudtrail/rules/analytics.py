"""Kinesis and Glue."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.resources import exact, first_text, fold, is_arn_of
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType
from lpgen.core.model import Resource

# ---------------------------------------------------------------- Kinesis

# Consumers and encryption keys.
# https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html and
# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html

# The tagging action of a stream's creation is AddTagsToStream, not TagResource.
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html


def _read_consumers(call: Call) -> Iterator[Resource]:
    """The consumer that a call names by ARN, or by stream and name without the creation time."""
    arn, stream, name = call.text("consumerARN"), call.text("streamARN"), call.text("consumerName")
    if is_arn_of(arn, "kinesis"):
        yield exact(arn)
    elif is_arn_of(stream, "kinesis") and name:
        yield fold(f"{stream}/consumer/{name}", ":*")


def _read_stream_keys(call: Call) -> Iterator[Resource]:
    """The key that encrypts a stream, by id or ARN. An alias isn't a resource of the action."""
    key = call.text("keyId")
    if is_arn_of(key, "kms") and ":key/" in key:
        yield exact(key)
    elif key and ":" not in key and not key.startswith("alias/"):
        yield exact(call.arn("kms", f"key/{key}"))


# ---------------------------------------------------------------- Glue

# Schemas and their registry.
# https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html


def _read_registries(call: Call) -> Iterator[Resource]:
    """The schema registry of a call, by default the default registry."""
    for key in ("registryId.registryArn", "schemaId.schemaArn"):
        arn = first_text(call, key)
        if is_arn_of(arn, "glue"):
            name = split_arn(arn).name
            yield from (exact(f"{arn.removesuffix(name)}registry/{part}") for part in name.split("/")[1:2])
            return
    yield exact(call.arn("glue", f"registry/{_registry_name(call)}"))


def _read_schemas(call: Call) -> Iterator[Resource]:
    """The schema of a call, in its registry."""
    arn, name = call.text("schemaId", "schemaArn"), first_text(call, "schemaId.schemaName", "schemaName")
    if is_arn_of(arn, "glue"):
        yield exact(arn)
    elif name:
        yield exact(call.arn("glue", f"schema/{_registry_name(call)}/{name}"))


def _registry_name(call: Call) -> str:
    return first_text(call, "schemaId.registryName", "registryId.registryName") or "default-registry"


READERS: ReaderTable = {
    "kinesis.amazonaws.com": {"consumer": ReaderType(_read_consumers), "key": ReaderType(_read_stream_keys)},
    "glue.amazonaws.com": {
        "registry": ReaderType(_read_registries),
        "schema": ReaderType(_read_schemas),
        "devendpoint": NamedType("glue", "devEndpoint/{}", "endpointName"),
    },
}
