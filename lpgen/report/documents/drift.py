"""Drift as JSON, schema `lpgen.drift/1`, and baselines, schema `lpgen.baselines/1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from msgspec import structs

from lpgen.core.choices import Severity
from lpgen.core.documents import CatalogPart, Count, DecisionsPart, Part, RowPart, means
from lpgen.core.drift.findings import Drift, FindingKind, FindingPart
from lpgen.core.drift.kinds import causes_of
from lpgen.core.drift.states import Stamp
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import DecisionPart, Texts, part_from_decisions

# ---------------------------------------------------------------- states


class FiguresPart(RowPart, kw_only=True):
    """The figures of a trend, over all principals."""

    principals: Annotated[Count, means("Principals.")]
    granted: Annotated[Count, means("Granted actions.")]
    unused: Annotated[Count, means("Granted actions that weren't used. The logs would have shown use.")]
    dangerous_unused: Annotated[Count, means("Dangerous grants without recorded use.")]
    wildcards: Annotated[Count, means("Wildcards in Allow statements.")]
    covered_days: Annotated[Count, means("Covered days of the account with the fewest.")]


class StateFields(Part, kw_only=True):
    """A state."""

    name: Annotated[str, means("Its name.")]
    as_of: Annotated[date, means("Its reference date for ages.")]
    catalog: Annotated[CatalogPart, means("The action catalog.")]
    snapshot: Annotated[str | None, means("The name of its snapshot; null: the policies came from files.")]
    figures: Annotated[FiguresPart, means("The figures of a trend.")]


class StatePart(StateFields, RowPart, kw_only=True):
    """A state, on one line."""


def _part_from_stamp(stamp: Stamp) -> StatePart:
    """The facts about a state."""
    catalog = CatalogPart.from_attributes(stamp)
    return StatePart.from_attributes(stamp, catalog=catalog, snapshot=stamp.snapshot or None)


# ---------------------------------------------------------------- drift


class GroupPart(Part, kw_only=True):
    """Open findings with one cause."""

    kind: FindingKind
    severity: Annotated[Severity, means("The severity of the worst finding.")]
    tie: Annotated[str | None, means("What the findings have in common; null: a single finding.")]
    concerned: Annotated[Texts, means("The principals, or the accounts and trails if no principal is concerned.")]
    items: Annotated[Texts, means("The items of the findings.")]


class DriftFindingPart(FindingPart, kw_only=True):
    """One thing that changed."""

    item: Annotated[str, means("The item with which a decision accepts it.")]
    accepted_by: Annotated[str | None, means("Who accepted it, and why; null: nobody did.")]
    expired: Annotated[str | None, means("Who accepted it by a decision that has expired; null: nobody did.")]


class SeveritiesPart(RowPart, kw_only=True):
    """The number of findings of each severity."""

    critical: Annotated[Count, means("Critical findings.")]
    high: Annotated[Count, means("Findings of high severity.")]
    medium: Annotated[Count, means("Findings of medium severity.")]
    low: Annotated[Count, means("Findings of low severity.")]
    info: Annotated[Count, means("Informational findings.")]


class DriftDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.drift/1"):
    """What `lpgen drift --format json` prints."""

    before: Annotated[StatePart, means("The earlier state.")]
    after: Annotated[StatePart, means("The later state.")]
    summary: Annotated[SeveritiesPart, means("The number of open findings of each severity.")]
    groups: Annotated[tuple[GroupPart, ...], means("The open findings by cause, the most severe first.")]
    findings: Annotated[tuple[DriftFindingPart, ...], means("The findings: open ones first, then by severity.")]
    decisions: Annotated[DecisionsPart | None, means("The decisions; null: none were given.")]
    applied: Annotated[Texts, means("Principals whose proposal has been put in place since.")]
    notes: Annotated[Texts, means("What couldn't be compared.")]
    expired_decisions: Annotated[tuple[DecisionPart, ...], means("Expired decisions to accept a finding.")]
    trend: Annotated[tuple[StatePart, ...], means("All saved states, then the current one.")]


def drift_json(drift: Drift) -> str:
    """The drift as JSON text."""
    found = Counter(finding.severity for finding in drift.open)
    document = DriftDocument.from_attributes(
        drift,
        before=_part_from_stamp(drift.before),
        after=_part_from_stamp(drift.after),
        summary={severity.value: found[severity] for severity in Severity},
        groups=[
            GroupPart.from_attributes(cause, tie=cause.tie or None, items=[finding.item for finding in cause.findings])
            for cause in causes_of(drift.open)
        ],
        findings=[
            DriftFindingPart.from_attributes(
                finding, accepted_by=finding.accepted_by or None, expired=finding.expired or None
            )
            for finding in drift.findings
        ],
        decisions=part_from_decisions(drift.decisions, drift.accepted),
        expired_decisions=drift.expired,
        trend=tuple(map(_part_from_stamp, drift.trend)),
    )
    return lay_out(document)


# ---------------------------------------------------------------- baselines


class BaselineContentPart(RowPart, kw_only=True):
    """The content of a baseline."""

    saved: Annotated[str, means("When it was saved.")]
    folder: Annotated[str, means("Its folder.")]
    policy_files: Annotated[Count, means("Policy files.")]
    trails: Annotated[Count, means("Files with trail settings.")]
    proposals: Annotated[Count, means("Proposals.")]
    waiting: Annotated[Count, means("Safe proposals that aren't in place yet.")]
    actions: Annotated[Count, means("Actions in the catalog.")]


class BaselinesDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.baselines/1"):
    """What `lpgen baseline list --format json` prints."""

    baselines: Annotated[tuple[StatePart, ...], means("The baselines.")]


class BaselineDocument(StateFields, kw_only=True, tag_field="schema", tag="lpgen.baselines/1"):
    """What `lpgen baseline show --format json` prints."""

    holds: Annotated[BaselineContentPart, means("The content of the baseline.")]


def baselines_json(stamps: Sequence[Stamp]) -> str:
    """The baselines as JSON text, in the order given."""
    return lay_out(BaselinesDocument(baselines=tuple(map(_part_from_stamp, stamps))))


def baseline_json(stamp: Stamp, content: BaselineContentPart) -> str:
    """One baseline and its content as JSON text."""
    return lay_out(BaselineDocument(**structs.asdict(_part_from_stamp(stamp)), holds=content))
