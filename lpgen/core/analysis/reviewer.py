"""The review of a batch of principals: from their policies and rows of usage to verified proposals.

A batch needs nothing else than the inputs that all principals share, so batches can run anywhere and in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pyarrow as pa

from lpgen.core.analysis.caveats.inputs import PrincipalRecords, ReviewGround
from lpgen.core.analysis.caveats.unpredictable import days_at_work
from lpgen.core.analysis.counted_use import UseCounter
from lpgen.core.analysis.generate import generate_policy
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.signs_in_logs import copied_services, seen_services_from_usage
from lpgen.core.analysis.review import review_principal
from lpgen.core.analysis.synthesis.permission_sets import hold_sets_together, share_lines
from lpgen.core.analysis.verify import documents_of_replacement, verify_generated
from lpgen.core.backtests import Forecast
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.caller import names_in_signs
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.findings import GENERATED_CLASSES, Becoming, PrincipalDiff, Proposal, RestsOn
from lpgen.core.iam.policy import policy_from_json, says_the_same
from lpgen.core.last_accessed import AccessReport
from lpgen.core.model import Principal
from lpgen.core.options import Options, is_chosen
from lpgen.core.replacements import Replacement, with_replacement
from lpgen.core.usage.row_slices import RowSlices, TableSlices
from lpgen.core.usage.tables import EMPTY_USAGE, Usage

_Unit = tuple[Principal, ...]
"""Principals that are reviewed together: one, or all roles of a permission set."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some units with all records of their principals.

    `copied` are the services that copies of calls show each principal to have called, `accessed` IAM's reports of last
    use. `elsewhere` are the calls that only another account's log has.
    """

    units: tuple[_Unit, ...]
    usage: Usage
    copied: Mapping[str, tuple[str, ...]]
    accessed: Mapping[str, AccessReport]
    elsewhere: Usage = EMPTY_USAGE
    signs: pa.Table = field(default_factory=lambda: EMPTY_USAGE.signs)


@dataclass(frozen=True, slots=True)
class Batches:
    """The units in batches of `size`; each batch is made when it is requested.

    `units` may hold outlines of principals, from which `whole` reads the principals. `signs` are those of all
    principals, if batches have any.
    """

    units: Sequence[_Unit]
    size: int
    slices: RowSlices
    copied: Mapping[str, frozenset[str]]
    accessed: Mapping[str, AccessReport]
    whole: Callable[[Principal], Principal]
    signs: TableSlices | None = None

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.units), self.size):
            some = tuple(tuple(map(self.whole, unit)) for unit in self.units[start : start + self.size])
            arns = [principal.arn for unit in some for principal in unit]
            copied = copied_services(arns, self.copied)
            accessed = {arn: self.accessed[arn] for arn in arns if arn in self.accessed}
            named = (name for arn in arns for name in names_in_signs(arn))
            signs = self.signs.rows_of(named) if self.signs else EMPTY_USAGE.signs
            yield Batch(some, self.slices.rows_of(arns), copied, accessed, self.slices.elsewhere_of(arns), signs)


class Recorded(NamedTuple):
    """A proposal with the grants and the counted use that it rests on."""

    proposal: Proposal
    grants: PrincipalGrants
    usage: PrincipalUsage


def whole_already(principal: Principal) -> Principal:
    """The principal itself, where principals aren't outlines."""
    return principal


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Reviews batches of principals. `dropped` counts the use that decisions drop by its day, None if none does.

    `accounts` are the accounts of all principals in the policies. `unknown_principals` are the ARNs in the logs that
    the policies don't have. `forecast` gives by ARN the denials expected of a batch's replacements. Drafts aren't
    verified. `becoming_of` says what a principal can become, today and with its replacement, if that was asked for.
    """

    ground: ReviewGround
    options: Options
    counter: UseCounter
    dropped: UseCounter | None
    accounts: Collection[str]
    unknown_principals: Collection[str]
    forecast: Callable[[Batch, Mapping[str, PrincipalGrants]], Mapping[str, Forecast]] | None = None
    becoming_of: Callable[[Principal, Principal | None], Becoming] | None = None

    def grants_of(self, batch: Batch) -> dict[str, PrincipalGrants]:
        """The grants of the principals of a batch, by ARN."""
        principals = [principal for unit in batch.units for principal in unit]
        found = grants_from_principals(principals, self._catalog, self.options.guards)
        return {grants.principal.arn: grants for grants in found}

    def propose(self, batch: Batch, grants: Mapping[str, PrincipalGrants] | None = None) -> list[Proposal]:
        """The proposals for the chosen principals of a batch, unit by unit.

        `grants` are their grants, if already expanded.
        """
        return [found.proposal for found in self.propose_recorded(batch, grants)]

    def propose_recorded(self, batch: Batch, grants: Mapping[str, PrincipalGrants] | None = None) -> list[Recorded]:
        """The same proposals with what they rest on."""
        grants = self.grants_of(batch) if grants is None else grants
        records = self.records_of(batch, grants)
        return [
            Recorded(proposal, grants[arn], records[arn].usage)
            for unit in batch.units
            for proposal in self._propose_unit(unit, grants, records)
            for arn in (proposal.diff.principal.arn,)
            if is_chosen(proposal.diff.principal, self.options.principal)
        ]

    def _propose_unit(
        self, unit: _Unit, grants: Mapping[str, PrincipalGrants], records: Mapping[str, PrincipalRecords]
    ) -> tuple[Proposal, ...]:
        """The proposals for a unit. If a first-month replacement is refused as too large, all rest on the logs."""
        diffs = self._compare_unit([(grants[principal.arn], records[principal.arn]) for principal in unit])
        proposals = [self._proposal(diff, grants, records) for diff in diffs]
        rest_on = {found.diff.draft.rests_on for found in proposals if found.replacement and found.replacement.refusal}
        if RestsOn.LAST_ACCESSED in rest_on:
            by_logs = replace(self, ground=replace(self.ground, first_month=False))
            return by_logs._propose_unit(unit, grants, records)
        return hold_sets_together(proposals)

    def compare(
        self, batch: Batch, grants: Mapping[str, PrincipalGrants], records: Mapping[str, PrincipalRecords]
    ) -> list[PrincipalDiff]:
        """The diffs of the principals of a batch, unit by unit, without replacements."""
        units = ([(grants[principal.arn], records[principal.arn]) for principal in unit] for unit in batch.units)
        return [diff for unit in units for diff in self._compare_unit(unit)]

    @property
    def _catalog(self) -> Catalog:
        return self.ground.judge.finder.catalog

    def records_of(self, batch: Batch, grants: Mapping[str, PrincipalGrants]) -> dict[str, PrincipalRecords]:
        """The counted records of the principals of a batch, by ARN."""
        usages = self.counter.count(batch.usage, grants.values())
        elsewhere = self.counter.count(batch.elsewhere, grants.values())
        dropped = self.dropped.count(batch.usage, grants.values()) if self.dropped else {}
        seen = seen_services_from_usage(batch.usage, self._catalog) if batch.accessed else {}
        forecasts = self.forecast(batch, grants) if self.forecast else {}
        return {
            arn: PrincipalRecords(
                replace(
                    usages.get(arn, PrincipalUsage(arn)),
                    copied=batch.copied.get(arn, ()),
                    elsewhere=elsewhere[arn].uses if arn in elsewhere else (),
                ),
                dropped[arn].uses if arn in dropped else (),
                batch.accessed.get(arn),
                seen.get(arn, ()),
                forecasts.get(arn),
            )
            for arn in grants
        }

    def _compare_unit(self, unit: Sequence[tuple[PrincipalGrants, PrincipalRecords]]) -> tuple[PrincipalDiff, ...]:
        days = days_at_work(records.usage for _, records in unit)
        return share_lines(
            [review_principal(grants, replace(records, days=days), self.ground) for grants, records in unit],
            [grants for grants, _ in unit],
            self.unknown_principals,
            self.ground.decisions,
            self._catalog,
            listed=self.accounts,
        )

    def _proposal(
        self, diff: PrincipalDiff, by_arn: Mapping[str, PrincipalGrants], records: Mapping[str, PrincipalRecords]
    ) -> Proposal:
        arn = diff.principal.arn
        grants = by_arn[arn]
        if diff.principal_class not in GENERATED_CLASSES:
            return Proposal(diff, None, verification=None, becoming=self._becoming(diff.principal, None))
        replacement = generate_policy(diff, grants, self._catalog, self.options)
        verification = None
        if not self.ground.drafts:
            verification = verify_generated(
                replacement,
                grants,
                records[arn].usage,
                self._catalog,
                decisions=self.ground.decisions,
                guards=self.options.guards,
            )
        in_place = says_the_same(diff.principal, documents_of_replacement(replacement))
        becoming = self._becoming(diff.principal, replacement)
        return Proposal(diff, replacement, verification=verification, in_place=in_place, becoming=becoming)

    def _becoming(self, principal: Principal, replacement: Replacement | None) -> Becoming | None:
        if self.becoming_of is None:
            return None
        if replacement is None or replacement.refused_for is not None:
            return self.becoming_of(principal, None)
        written = (
            (document.name, policy_from_json(document.text, place=document.name)) for document in replacement.documents
        )
        left = ((policy.arn, policy.document) for policy in replacement.left)
        return self.becoming_of(principal, with_replacement(principal, written, left))
