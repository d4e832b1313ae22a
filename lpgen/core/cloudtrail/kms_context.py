"""Facts from records of KMS calls. Usage rows keep them with the condition values, under names that no condition key
has.

A grant lets its grantee use one key for some operations without any policy, until the grant is retired or revoked.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
https://docs.aws.amazon.com/kms/latest/developerguide/ct-creategrant.html

The encryption context of a call names the resource whose data the key protects. A service that encrypts data calls KMS
with its caller's permissions. So the record shows that the caller used the resource, even if the trail doesn't record
the resource's data events. Only the bucket, table or queue is kept, so the usage table doesn't grow with the number of
objects.
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from lpgen.core.arns import container_of, split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.caller import named_principal
from lpgen.core.model import Action

# ---------------------------------------------------------------- grants

GRANTEE: Final = "grantee"
"""The principal that may use the key, as `named_principal` returns it."""

OPERATION: Final = "operation"
"""The operations that the grantee may call: KMS actions without the prefix."""

RETIRING: Final = "retiring"
"""The principal that may retire the grant, in the same form. It doesn't need a policy for that either."""


def context_from_grant(grantee: str, operations: Iterable[str], retiring: str) -> tuple[tuple[str, str], ...]:
    """A grant's parameters as sorted pairs. Principals that `named_principal` doesn't name are left out."""
    grantee, retiring = named_principal(grantee), named_principal(retiring)
    allowed = {(GRANTEE, grantee), *((OPERATION, operation) for operation in operations)} if grantee else set()
    return tuple(sorted(allowed | ({(RETIRING, retiring)} if retiring else set())))


# ---------------------------------------------------------------- protected data

PROTECTED: Final = "protected"
"""The resource, by its ARN."""

_WILD: Final = frozenset("*?$")
"""Characters that make a text a pattern in a policy."""

CALLS: Final = ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
"""The KMS calls that services make for the data of their callers."""


class Sides(NamedTuple):
    """How a resource's data is used."""

    reads: bool
    writes: bool


class _DataKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of encryption contexts. `reads` and `writes` are the KMS calls that show only a read or only a write; all
    other calls show both. `actions` are the service's actions that need the KMS key, or () if all actions that access
    data need it.
    """

    service: str
    source: tuple[str, ...]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    why: str = ""

    def is_needed(self, action: Action) -> bool:
        """Whether an action of the service needs the key of the data."""
        return not self.actions or action.partition(":")[2] in self.actions

    def sides_shown(self, action: Action) -> Sides:
        """How the resource was used, as an action of KMS shows it."""
        call = action.partition(":")[2]
        return Sides(reads=call not in self.writes, writes=call not in self.reads)


def data_keys(source: CatalogSource) -> dict[str, _DataKey]:
    """The keys of encryption contexts that name resources."""
    return read_catalog_table(source, "protected_data", dict[str, _DataKey])


def keys_by_service(source: CatalogSource) -> dict[str, _DataKey]:
    """The same keys, by the service whose resource they name."""
    return {key.service: key for key in data_keys(source).values()}


def context_of_data(
    keys: Mapping[str, _DataKey], value_of: Callable[[str], str], tables: str
) -> tuple[tuple[str, str], ...]:
    """The resource whose data a KMS call is for. Empty if the context doesn't name a resource of a known service.

    `value_of` returns the value of a key, or "". `tables` is the start of the ARNs of the call's DynamoDB tables.
    """
    for key, row in keys.items():
        name = value_of(key)
        if name and row.service == "dynamodb":
            name = tables + name
        fields = split_arn(name)
        if fields.service == row.service and fields.name and _WILD.isdisjoint(name):
            return ((PROTECTED, container_of(name) if row.service == "s3" else name),)
    return ()
