"""Glue calls: the Data Catalog's catalog, database and table of each call, schemas, and tags on creation.

A call on a table is authorized on the catalog and the database too. `catalogId` is the account that owns the catalog.
Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.arns import is_account_id, split_arn
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, first_text, fold, is_arn_of
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType
from lpgen.core.model import Resource

_SOURCE = "glue.amazonaws.com"


_DEFAULT_REGISTRY = "default-registry"


def _read_catalogs(call: Call) -> Iterator[Resource]:
    """The root catalog of the account that owns the named resources."""
    yield exact(_arn(call, "catalog"))


def _read_databases(call: Call) -> Iterator[Resource]:
    """The database of a call."""
    name = first_text(call, "databaseName", "databaseInput.name")
    if not name and call.operation.endswith("Database"):
        name = call.text("name")
    if name:
        yield exact(_arn(call, f"database/{name}"))


def _read_tables(call: Call) -> Iterator[Resource]:
    """The tables that a call names in its database."""
    database = call.text("databaseName")
    names = (
        call.texts("tableName")
        or call.texts("tablesToDelete")
        or call.texts("name")
        or call.texts("tableInput", "name")
    )
    return (exact(_arn(call, f"table/{database}/{name}")) for name in names if database)


def _read_functions(call: Call) -> Iterator[Resource]:
    """The user-defined function that a call names in its database."""
    database, name = call.text("databaseName"), call.text("functionName")
    if database and name:
        yield exact(_arn(call, f"userDefinedFunction/{database}/{name}"))


def _any_of(kind: str) -> ReaderType:
    """Everything of a kind in the database that a call names."""

    def read(call: Call) -> Iterator[Resource]:
        database = first_text(call, "databaseName", "name")
        yield fold(_arn(call, f"{kind}/{database}"), "/*" if database else "*/*")

    return ReaderType(read)


def _read_any_database(call: Call) -> Iterator[Resource]:
    yield fold(_arn(call, "database/"), "*")


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


def _arn(call: Call, name: str) -> str:
    """The ARN of a Data Catalog resource in the account that `catalogId` names, by default the call's."""
    owner = call.text("catalogId")
    account = owner if is_account_id(owner) else call.account
    return f"arn:{call.partition}:glue:{call.region}:{account}:{name}"


_TYPES: dict[str, ResourceType] = {
    "catalog": ReaderType(_read_catalogs),
    "database": ReaderType(_read_databases),
    "table": ReaderType(_read_tables),
    "function": ReaderType(_read_functions),
    "anydatabase": ReaderType(_read_any_database),
    "anytable": _any_of("table"),
    "anyfunction": _any_of("userDefinedFunction"),
    "registry": ReaderType(_read_registries),
    "schema": ReaderType(_read_schemas),
    "devendpoint": NamedType("glue", "devEndpoint/{}", "endpointName"),
}


READERS: ReaderTable = {_SOURCE: _TYPES}
