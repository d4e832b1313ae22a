"""Glue calls: schemas and their registry, by default the default one.

https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, first_text, is_arn_of
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType
from lpgen.core.model import Resource

_SOURCE = "glue.amazonaws.com"


_DEFAULT_REGISTRY = "default-registry"


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
    return first_text(call, "schemaId.registryName", "registryId.registryName") or _DEFAULT_REGISTRY


_TYPES: dict[str, ResourceType] = {
    "registry": ReaderType(_read_registries),
    "schema": ReaderType(_read_schemas),
    "devendpoint": NamedType("glue", "devEndpoint/{}", "endpointName"),
}


READERS: ReaderTable = {_SOURCE: _TYPES}
