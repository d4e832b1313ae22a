"""The facts in the record of a KMS grant that a policy can't hold: who may use the key, and for which operations.

A grant allows its grantee the use of one key without any policy, until it is retired or revoked. The usage table keeps
both with the condition values of `kms:CreateGrant`, under names that no condition key has.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
https://docs.aws.amazon.com/kms/latest/developerguide/ct-creategrant.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.cloudtrail.caller import named_principal

GRANTEE: Final = "grantee"
"""The principal that may use the key, in the form of `named_principal`."""

OPERATION: Final = "operation"
"""The operations that the grantee may call, as actions of KMS without the service."""

RETIRING: Final = "retiring"
"""The principal that may retire the grant, in the same form: it needs no policy for that either."""


def context_from_grant(grantee: str, operations: Iterable[str], retiring: str) -> tuple[tuple[str, str], ...]:
    """A grant's parameters as sorted pairs, without grantees and retirers that aren't named principals."""
    grantee, retiring = named_principal(grantee), named_principal(retiring)
    allowed = {(GRANTEE, grantee), *((OPERATION, one) for one in operations)} if grantee else set()
    return tuple(sorted(allowed | ({(RETIRING, retiring)} if retiring else set())))
