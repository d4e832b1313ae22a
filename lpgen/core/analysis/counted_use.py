"""What counts as use of each principal, of all that the usage table holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lpgen.core.analysis.names.missing_names import without_missing_names
from lpgen.core.analysis.names.shared_names import without_owned
from lpgen.core.analysis.safe.decisions import drops_row
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.usage.principal_usage import principal_usages_from_usage, resolve_iam_names
from lpgen.core.usage.tables import Usage


def counted_usages(
    usage: Usage, grants: Sequence[PrincipalGrants], decisions: Sequence[Decision], *, dropped: bool = False
) -> dict[str, PrincipalUsage]:
    """What counts as use of each principal: records of its current id that no decision drops, IAM names resolved, what
    is surely the own account's as nobody else's, and no name of what was never there.

    With `dropped` it is what the decisions drop of that instead.
    """
    current = {one.principal.arn: one.principal.principal_id for one in grants if one.principal.principal_id}

    def counts(principal: str, principal_id: str, action: str, resource: str, day: str) -> bool:
        if principal_id and current.get(principal, principal_id) != principal_id:
            return False
        decision = drops_row(decisions, principal=principal, action=action, resource=resource, day=day)
        return (decision is not None) is dropped

    usages = principal_usages_from_usage(usage, row_counts=counts)
    named = resolve_iam_names(usages, [one.principal for one in grants])
    owned = {arn: without_owned(found) for arn, found in named.items()}
    known = {one.principal.arn: one for one in grants}
    return {arn: without_missing_names(one, known[arn]) if arn in known else one for arn, one in owned.items()}


def drops_days(decisions: Iterable[Decision]) -> bool:
    """Whether a decision drops use on some days only."""
    return any(one.kind is DecisionKind.DROP and (one.since or one.until) for one in decisions)
