"""The `summary.json` of an output folder, schema `lpgen.summary/1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec

from lpgen.core.digests import Inputs, OutputDigests, digest_of_report
from lpgen.core.documents import Count, Part, means
from lpgen.core.findings import Report
from lpgen.core.schemas import SUMMARY_SCHEMA
from lpgen.core.summary import DecisionsPart
from lpgen.report.documents.inputs import CoveragePart, InputsPart, part_from_coverage
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import (
    AsOf,
    CatalogPart,
    CountsPart,
    Digest,
    PrincipalHead,
    Texts,
    part_from_catalog,
    part_from_decisions,
    proposal_members,
)
from lpgen.report.documents.review import TotalsPart, part_from_totals
from lpgen.report.views import PrincipalView, review_view

if TYPE_CHECKING:
    from lpgen.report.entries import Entry


class _FiledPrincipal(PrincipalHead):
    folder: Annotated[str | None, means("The name of its folder; null: nothing was written for it.")]


class SummaryPrincipalPart(_FiledPrincipal, kw_only=True):
    """One principal of an output folder."""

    left_attached: Annotated[Texts, means("The ARNs of the policies that stay attached.")]
    counts: Annotated[CountsPart, means("The numbers of its actions.")]


class SummaryDocument(Part, kw_only=True, tag_field="schema", tag=SUMMARY_SCHEMA):
    """The `summary.json` of an output folder of `lpgen generate`."""

    as_of: AsOf
    catalog: Annotated[CatalogPart, means("The action catalog.")]
    min_days: Annotated[Count, means("How many covered days are enough.")]
    decisions: Annotated[DecisionsPart | None, means("The decisions; null: none were given.")]
    totals: Annotated[TotalsPart, means("The numbers of all principals together.")]
    coverage: Annotated[CoveragePart, means("The logs that were read.")]
    problems: Annotated[Texts, means("Gaps of the files given.")]
    principals: Annotated[tuple[SummaryPrincipalPart, ...], means("The principals, sorted by ARN.")]
    inputs: Annotated[InputsPart, means("What the folder was made from.")]
    files: Annotated[dict[str, Digest], means("The SHA-256 of every other file, by path.")]
    digest: Annotated[Digest, means("The root digest over `inputs`, `files` and the rest of this file.")]


def summary_json(
    report: Report,
    folders: Mapping[str, str],
    inputs: Inputs,
    files: Mapping[str, str],
    entries: Mapping[str, Entry] | None = None,
) -> str:
    """The summary as JSON text; `folders` are the folder names by principal ARN, `files` digests by path.

    With `entries`, by ARN, the report's proposals are outlines.
    """
    view = review_view(report, entries or {})
    summary = SummaryDocument(
        as_of=report.diff.as_of,
        catalog=part_from_catalog(report.diff.catalog_version, report.diff.catalog_date),
        min_days=report.min_days,
        decisions=part_from_decisions(report.decisions, report.accepted),
        totals=part_from_totals(view),
        coverage=part_from_coverage(report.diff.coverage),
        problems=report.problems,
        principals=tuple(
            _part_from_principal(found, folders.get(found.diff.principal.arn))
            for found in sorted(view.views, key=lambda found: found.diff.principal.arn)
        ),
        inputs=InputsPart.from_attributes(inputs),
        files=dict(sorted(files.items())),
        digest="",
    )
    root = OutputDigests(inputs, files, digest_of_report(msgspec.to_builtins(summary))).root
    return lay_out(msgspec.structs.replace(summary, digest=root))


def _part_from_principal(view: PrincipalView, folder: str | None) -> SummaryPrincipalPart:
    replacement = view.proposal.replacement
    return SummaryPrincipalPart(
        **proposal_members(view.proposal),
        folder=folder,
        left_attached=tuple(policy.arn for policy in replacement.left) if replacement else (),
        counts=CountsPart.from_attributes(view.counts),
    )
