"""What accounts share: a record shows its id and not its owner, so that the event map names it twice, as the caller's
own account's and as any account's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lpgen.core.analysis.scopes.creations import is_deletion_of
from lpgen.core.analysis.scopes.scopes import NamedScope
from lpgen.core.arns import split_arn
from lpgen.core.events.rules.call import ANY_ACCOUNT
from lpgen.core.grounds import PrincipalUsage, Use
from lpgen.core.model import Resource, ResourceKind


def without_owned(usage: PrincipalUsage) -> PrincipalUsage:
    """The usage, in which what the principal deleted is no longer any account's: only its owner can.

    Security groups, for one, are made and deleted with what is launched into them, and there may be hundreds.
    """
    owned = {of_any_account(use.resource.text) for use in usage.uses if is_deletion_of(use)}
    if not owned:
        return usage
    left = tuple(use for use in usage.uses if not (is_of_any_account(use.resource) and use.resource.text in owned))
    return replace(usage, uses=left)


def told_once(uses: Sequence[Use], patterns: Mapping[str, NamedScope]) -> Iterable[Use]:
    """The uses without those of the principal's own account that stand there as any account's too: an id names one
    thing in the world. What a rule makes a pattern of, such as the own subnets, stays."""
    shared = {(use.action, use.resource.text, use.outcome) for use in uses if is_of_any_account(use.resource)}
    for use in uses:
        arn = use.resource.text if shared and use.resource.kind is ResourceKind.ARN else ""
        if not arn or arn in patterns or (use.action, of_any_account(arn), use.outcome) not in shared:
            yield use


def is_of_any_account(resource: Resource) -> bool:
    """Whether a resource stands there as any account's."""
    return resource.kind is ResourceKind.FOLD and split_arn(resource.text).account == ANY_ACCOUNT


def of_any_account(arn: str) -> str:
    """The ARN as any account's; one without an account stays as it is."""
    fields = split_arn(arn)
    return ":".join(("arn", *fields._replace(account=ANY_ACCOUNT))) if fields.account else arn
