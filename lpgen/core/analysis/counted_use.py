"""The records of the usage table that count as a principal's use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lpgen.core.analysis.decisions import drops_row
from lpgen.core.analysis.scopes.named_resources import without_missing_names, without_owned
from lpgen.core.analysis.suspicion import NO_SUSPICION, Suspicion, suspicion_from_usage
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.model import Principal
from lpgen.core.replacements import Decision
from lpgen.core.usage.principal_usage import (
    BeliefTest,
    IamNames,
    RowTest,
    iam_names_from_usage,
    principal_usages_from_usage,
)
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage


@dataclass(frozen=True, slots=True)
class UseCounter:
    """Decides which usage rows count as use, for any of the principals.

    `current` has the id of each principal of the policies, `names` the full names in all rows. With `dropped`, it
    selects the use that decisions drop instead. `suspicion` marks suspected use.
    """

    current: Mapping[str, str]
    names: IamNames
    decisions: tuple[Decision, ...]
    dangers: Dangers
    dropped: bool = False
    suspicion: Suspicion = NO_SUSPICION

    @property
    def row_test(self) -> RowTest:
        """The test that decides which rows count."""
        return _row_test(self.current, self.decisions, dropped=self.dropped)

    @property
    def belief_test(self) -> BeliefTest:
        """The test that decides from which rows lpgen may learn."""
        counts, suspected = self.row_test, self.suspicion.covers

        def believes(
            principal: str, principal_id: str, action: str, resource: str, example: str, day: date | None
        ) -> bool:
            is_counted = counts(principal, principal_id, action, example, str(day))
            return is_counted and not suspected(principal, action, resource)

        return believes

    def count(self, usage: Usage, grants: Iterable[PrincipalGrants]) -> dict[str, PrincipalUsage]:
        """The counted use of each principal.

        It has the records of the principal's current id that no decision drops. IAM names are resolved. Resources that
        certainly belong to the principal's own account belong to no other. Names that never existed are left out.

        `usage` has all rows of each of its principals, and `grants` are the grants of the same principals.
        """
        known = {grant.principal.arn: grant for grant in grants}
        test = self.row_test
        found: dict[str, PrincipalUsage] = {}
        for arn, named in principal_usages_from_usage(usage, row_counts=test).items():
            counted = without_owned(self.names.resolved(self.suspicion.marked(named)))
            found[arn] = without_missing_names(counted, known[arn], self.dangers) if arn in known else counted
        return found


def _row_test(current: Mapping[str, str], decisions: Sequence[Decision], *, dropped: bool) -> RowTest:
    """The test that decides which rows count: rows of the principal's current id that no decision drops or, with
    `dropped`, that a decision drops."""

    def counts(principal: str, principal_id: str, action: str, resource: str, day: str) -> bool:
        if principal_id and current.get(principal, principal_id) != principal_id:
            return False
        decision = drops_row(decisions, principal=principal, action=action, resource=resource, day=day)
        return (decision is not None) is dropped

    return counts


def use_counter(
    usage: Usage,
    principals: Sequence[Principal],
    decisions: Sequence[Decision],
    dangers: Dangers,
    *,
    dropped: bool = False,
) -> UseCounter:
    """The counter for the rows of a usage, given all principals of the policies. It suspects no use."""
    current = current_ids(principals)
    names = iam_names_from_usage(usage, principals, _row_test(current, decisions, dropped=dropped))
    return UseCounter(current, names, tuple(decisions), dangers, dropped)


def suspecting_counter(
    usage: Usage, slices: RowSlices, principals: Sequence[Principal], decisions: Sequence[Decision], dangers: Dangers
) -> UseCounter:
    """The counter for the rows of a usage that marks suspected use."""
    counter = use_counter(usage, principals, decisions, dangers)
    return replace(counter, suspicion=suspicion_from_usage(usage, slices, counter.row_test, dangers, decisions))


def current_ids(principals: Iterable[Principal]) -> dict[str, str]:
    """The id of each principal that has one, by its ARN."""
    return {principal.arn: principal.principal_id for principal in principals if principal.principal_id}
