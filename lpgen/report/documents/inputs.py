"""The parts of documents about inputs: logs, guards, the snapshot, and the inputs of an output folder."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec

from lpgen.core.choices import KeepUnobservable, ScopeChoice, UnobservableKind
from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.evidence import AccountCoverage, CoverageSource, LogCoverage
from lpgen.core.findings import Report
from lpgen.core.snapshots import SnapshotStamp
from lpgen.report.documents.parts import Digest, Share, Texts

# ---------------------------------------------------------------- logs


class GapPart(RowPart, kw_only=True):
    """Consecutive days without a record."""

    first: Annotated[date, means("The first day.")]
    last: Annotated[date, means("The last day.")]


class HolePart(GapPart, kw_only=True):
    """Days that don't count because of recorded trail changes, or because the logs show too little."""

    why: Annotated[str, means("Why they don't count.")]


class SidesPart(Part, kw_only=True):
    """Which sides of management events were seen."""

    read_only: Annotated[bool, means("Whether read-only events were seen.")]
    writing: Annotated[bool, means("Whether writing events were seen.")]


class DataEventsPart(RowPart, kw_only=True):
    """The data events that were seen in a Region."""

    region: Annotated[str, means("The Region.")]
    event_sources: Annotated[Texts, means("The event sources with data events.")]
    read_only: Annotated[Texts, means("The event sources with read-only data events.")]
    writing: Annotated[Texts, means("The event sources with writing data events.")]


class AccountPart(Part, kw_only=True):
    """The logs that were read for one account."""

    account: Annotated[str, means("The id of the account.")]
    first_day: Annotated[date, means("The first day of its logs.")]
    last_day: Annotated[date, means("The last day of its logs.")]
    covered_days: Annotated[Count, means("Number of these days that the logs cover.")]
    gaps: Annotated[tuple[GapPart, ...], means("Consecutive days without a record.")]
    regions: Annotated[Texts, means("The Regions with records.")]
    records: Annotated[Count, means("Number of records that were read.")]
    management_events: Annotated[SidesPart, means("Which sides of management events were seen.")]
    data_events: Annotated[tuple[DataEventsPart, ...], means("The data events that were seen, by Region.")]
    data_events_known_from: Annotated[CoverageSource, means("The same as `known_from`.")]
    known_from: Annotated[CoverageSource, means("The source for which events are recorded.")]
    trails: Annotated[Texts, means("A sentence for each trail that records the account.")]
    uncovered: Annotated[tuple[HolePart, ...], means("Days that don't count as covered.")] = msgspec.field(name="holes")
    change_notes: Annotated[Texts, means("Recorded trail changes that don't affect the covered days.")] = msgspec.field(
        name="trail_changes"
    )
    unseen_event_sources: Annotated[Texts, means("Event sources whose management events may be excluded.")]
    summed_event_sources: Annotated[Texts, means("Event sources whose data events are only in aggregated events.")]


class CoveragePart(Part, kw_only=True):
    """The logs that were read."""

    accounts: Annotated[tuple[AccountPart, ...], means("The logs of each account.")]


_SIDES: Final = {"read_only": True, "writing": False}


def part_from_coverage(coverage: LogCoverage) -> CoveragePart:
    """The logs that were read."""
    return CoveragePart(accounts=tuple(map(part_from_account, coverage.accounts)))


def part_from_account(coverage: AccountCoverage) -> AccountPart:
    """The logs that were read for one account."""
    regions = sorted({region for region, _ in coverage.data_events})
    return AccountPart.from_attributes(
        coverage,
        management_events=SidesPart(**{key: side in coverage.sides() for key, side in _SIDES.items()}),
        data_events=[_part_from_data_events(coverage, region) for region in regions],
        data_events_known_from=coverage.known_from,
        unseen_event_sources=sorted(coverage.unseen),
        summed_event_sources=sorted(coverage.summed),
    )


def _part_from_data_events(coverage: AccountCoverage, region: str) -> DataEventsPart:
    sources = tuple(sorted(source for where, source in coverage.data_events if where == region))
    sides = {
        key: tuple(source for source in sources if side in coverage.sides(region, source))
        for key, side in _SIDES.items()
    }
    return DataEventsPart(region=region, event_sources=sources, **sides)


# ---------------------------------------------------------------- guards and the snapshot


class GuardsPart(RowPart, kw_only=True):
    """The policies that were given in addition to the principals' own."""

    scp_levels: Annotated[dict[str, Count], means("The levels of SCPs, by account; `*`: every other account.")]
    resource_policies: Annotated[Count, means("Number of resource policies, without trust policies.")]
    trust_policies: Annotated[Count, means("Number of trust policies of roles.")]
    boundary: Annotated[str | None, means("The boundary that applies to every principal; null: each has its own.")]


def part_from_guards(report: Report) -> GuardsPart:
    """The number of guards of each kind."""
    guards, (trusts, others) = report.guards, report.resource_counts
    return GuardsPart(
        scp_levels={scps.account or "*": len(scps.levels) for scps in guards.scps},
        resource_policies=others,
        trust_policies=trusts,
        boundary=guards.boundary.name if guards.boundary else None,
    )


class SnapshotGapPart(RowPart, kw_only=True):
    """Something that is missing from the snapshot because it couldn't be read."""

    account: Annotated[str | None, means("The account; null: none.")]
    subject: Annotated[str, means("What is missing.")]
    place: Annotated[str | None, means("The Region, service or resource; null: everything.")]
    reason: Annotated[str, means("The reason.")]


class SnapshotPart(RowPart, kw_only=True):
    """The snapshot that some input files are from."""

    name: Annotated[str, means("Its name.")]
    taken: Annotated[str, msgspec.Meta(description="When it was taken.", extra_json_schema={"format": "date-time"})]
    accounts: Annotated[Texts, means("Its accounts.")]
    used: Annotated[Texts, means("The parts of it that the report uses.")]
    gaps: Annotated[tuple[SnapshotGapPart, ...], means("Its gaps, which are also listed as problems.")]


def part_from_snapshot(stamp: SnapshotStamp | None) -> SnapshotPart | None:
    """The snapshot with all gaps, or None if all files were named."""
    if stamp is None:
        return None
    return SnapshotPart.from_attributes(
        stamp,
        taken=stamp.taken.isoformat(),
        accounts=[taken.account for taken in stamp.accounts],
        gaps=[
            SnapshotGapPart.from_attributes(gap, account=gap.account or None, place=gap.place or None)
            for gap in stamp.gaps
        ],
    )


# ---------------------------------------------------------------- the inputs of an output folder

_VALUE: Final = f"({'|'.join(KeepUnobservable)})"
_WORD: Final = f"(({'|'.join(UnobservableKind)})=)?{_VALUE}"

_OptionalDigest = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]


class CatalogStampPart(RowPart, kw_only=True):
    """The identity of the action catalog."""

    version: Annotated[str, means("Its version.")]
    date: Annotated[str, means("Its date.")]
    digest: Annotated[Digest, means("The digest of its content.")]


class PolicyFilePart(RowPart, kw_only=True):
    """A file of authorization details."""

    file: Annotated[str, means("Its name as given.")]
    sha256: Annotated[Digest, means("The SHA-256 of its bytes.")]


class OptionsPart(RowPart, kw_only=True):
    """The options that change the output."""

    keep_unobservable: Annotated[
        str, msgspec.Meta(pattern=f"^{_WORD}( {_WORD})*$", description="The choice of `--keep-unobservable`.")
    ]
    scope: Annotated[ScopeChoice, means("The choice of `--scope`.")]
    min_days: Annotated[Count, means("Number of covered days that are enough.")]
    max_risk: Annotated[
        int | Share | None, means("The highest risk of a denial in 30 days that is safe; null: no backtest.")
    ]
    as_of: Annotated[date | None, means("The reference date for ages; null: the last day of the logs.")]
    inline: Annotated[bool, means("Whether the documents are inline policies.")]
    principal: Annotated[str, means('The principals that were chosen. "": all.')]
    attached_quota: Annotated[Count, means("Maximum number of managed policies of a principal.")]
    code: Annotated[str, means('The form of the code that is also written. "": none.')] = msgspec.field(name="as")
    trust: Annotated[bool | msgspec.UnsetType, means("Whether narrowed trust policies are written too.")] = (
        msgspec.UNSET
    )


class InputsPart(Part, kw_only=True):
    """The inputs that an output folder was made from."""

    lpgen_version: Annotated[str, means("The version of lpgen.")]
    catalog: Annotated[CatalogStampPart, means("The action catalog.")]
    usage: Annotated[Digest, means("The name of the usage tables.")]
    policies: Annotated[tuple[PolicyFilePart, ...], means("The files of policies.")]
    snapshot: Annotated[str, means('The name of the snapshot. "": none.')]
    guards: Annotated[_OptionalDigest, means('The digest of the guards. "": none were given.')]
    trails: Annotated[_OptionalDigest, means('The digest of the trail settings. "": none were given.')]
    last_accessed: Annotated[_OptionalDigest, means('The digest of the last accessed reports. "": none.')]
    decisions: Annotated[_OptionalDigest, means('The digest of the decisions. "": none were given.')]
    options: Annotated[OptionsPart, means("The options that change the output.")]
    github_ids: Annotated[Digest | msgspec.UnsetType, means("The digest of GitHub's ids, if any were given.")] = (
        msgspec.UNSET
    )


class InputsRow(InputsPart, RowPart, kw_only=True):
    """The same inputs, written on one line."""
