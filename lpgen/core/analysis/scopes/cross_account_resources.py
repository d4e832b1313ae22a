"""Resources that accounts share: a record shows the id but not the owner. The event map therefore names the resource
twice, as the caller's own account's and as any account's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lpgen.core.analysis.scopes.creations import is_deletion_of
from lpgen.core.analysis.scopes.scopes import NamedScope
from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import ANY_ACCOUNT
from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.model import Resource, ResourceKind


def without_owned(usage: PrincipalUsage) -> PrincipalUsage:
    """The usage, with resources that the principal deleted no longer treated as any account's: only the owner can
    delete.

    Security groups, for one, are made and deleted with what is launched into them, and there may be hundreds.
    """
    owned = {of_any_account(use.resource.text) for use in usage.uses if is_deletion_of(use)}
    if not owned:
        return usage
    left = tuple(use for use in usage.uses if not (is_of_any_account(use.resource) and use.resource.text in owned))
    return replace(usage, uses=left)


def without_duplicate_owners(uses: Sequence[Use], patterns: Mapping[str, NamedScope]) -> Iterable[Use]:
    """The uses without those of the principal's own account that also appear as any account's, since an id names one
    thing in the world. A resource that a rule turns into a pattern, such as the own subnets, is kept."""
    shared = {(use.action, use.resource.text, use.outcome) for use in uses if is_of_any_account(use.resource)}
    for use in uses:
        arn = use.resource.text if shared and use.resource.kind is ResourceKind.ARN else ""
        if not arn or arn in patterns or (use.action, of_any_account(arn), use.outcome) not in shared:
            yield use


def is_of_any_account(resource: Resource) -> bool:
    """Whether a resource is listed as any account's."""
    return resource.kind is ResourceKind.FOLD and split_arn(resource.text).account == ANY_ACCOUNT


def of_any_account(arn: str) -> str:
    """The ARN as any account's; one without an account is returned unchanged."""
    fields = split_arn(arn)
    return ":".join(("arn", *fields._replace(account=ANY_ACCOUNT))) if fields.account else arn
