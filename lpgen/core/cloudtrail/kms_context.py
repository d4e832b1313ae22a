"""The facts in records of KMS calls that usage rows keep with the condition values, under names that no condition key
has.

A grant allows its grantee the use of one key without any policy, until it is retired or revoked: who may use the key,
and for which operations.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
https://docs.aws.amazon.com/kms/latest/developerguide/ct-creategrant.html

The encryption context of a call names the resource whose data the key protects. A service that encrypts data calls KMS
with its caller's permissions, so the record shows that the caller used the resource, though the trail may record none
of the resource's data events. It is folded to the bucket, table, queue or the like: the table doesn't grow with the
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
"""The principal that may use the key, in the form of `named_principal`."""

OPERATION: Final = "operation"
"""The operations that the grantee may call, as actions of KMS without the service."""

RETIRING: Final = "retiring"
"""The principal that may retire the grant, in the same form: it needs no policy for that either."""


def context_from_grant(grantee: str, operations: Iterable[str], retiring: str) -> tuple[tuple[str, str], ...]:
    """A grant's parameters as sorted pairs, without grantees and retirers that aren't named principals."""
    grantee, retiring = named_principal(grantee), named_principal(retiring)
    allowed = {(GRANTEE, grantee), *((OPERATION, operation) for operation in operations)} if grantee else set()
    return tuple(sorted(allowed | ({(RETIRING, retiring)} if retiring else set())))


# ---------------------------------------------------------------- protected data

PROTECTED: Final = "protected"
"""The resource, by its ARN."""

_WILD: Final = frozenset("*?$")
"""Characters that a policy would read as a pattern."""

CALLS: Final = ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
"""The calls of KMS that services make for their callers' data."""


class Sides(NamedTuple):
    """How a resource's data is used."""

    reads: bool
    writes: bool


class _DataKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of encryption contexts. `reads` and `writes` are the calls of KMS that show only this; all others show
    both. `actions` are those of the service that need the key, () where it is all that access data.
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
        """How an action of KMS shows that a resource was used."""
        call = action.partition(":")[2]
        return Sides(reads=call not in self.writes, writes=call not in self.reads)


def data_keys(source: CatalogSource) -> dict[str, _DataKey]:
    """The keys of encryption contexts that name resources."""
    return read_catalog_table(source, "protected_data", dict[str, _DataKey])


def keys_by_service(source: CatalogSource) -> dict[str, _DataKey]:
    """Those keys by the service whose resource they name."""
    return {key.service: key for key in data_keys(source).values()}


def context_of_data(
    keys: Mapping[str, _DataKey], value_of: Callable[[str], str], tables: str
) -> tuple[tuple[str, str], ...]:
    """The resource whose data a call of KMS is made for; nothing where the context names none of a known service.

    `value_of` reads the value of a key, "" where there is none, and `tables` begins the ARNs of the place's tables.
    """
    for key, row in keys.items():
        name = value_of(key)
        if name and row.service == "dynamodb":
            name = tables + name
        fields = split_arn(name)
        if fields.service == row.service and fields.name and _WILD.isdisjoint(name):
            return ((PROTECTED, container_of(name) if row.service == "s3" else name),)
    return ()
