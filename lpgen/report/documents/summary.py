"""The `summary.json` of an output folder, schema `lpgen.summary/1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from lpgen.core.digests import Inputs, OutputDigests, digest_of_report
from lpgen.core.documents import CatalogPart, Count, Part, means
from lpgen.core.folders import folder_of_principal
from lpgen.core.schemas import SUMMARY_SCHEMA
from lpgen.core.summary import DecisionsPart
from lpgen.report.documents.inputs import CoveragePart, InputsPart, part_from_coverage
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import (
    AsOf,
    Digest,
    PrincipalHead,
    Texts,
    part_from_decisions,
    part_from_summary,
)
from lpgen.report.documents.review import TotalsPart, part_from_totals
from lpgen.report.summary import Counts, PrincipalSummary, ReviewSummary

_NO_DIGEST: Final = "0" * 64


class _FiledPrincipal(PrincipalHead):
    folder: Annotated[str | None, means("The name of its folder; null: nothing was written for it.")]


class SummaryPrincipalPart(_FiledPrincipal, kw_only=True):
    """One principal of an output folder."""

    left_attached: Annotated[Texts, means("The ARNs of the policies that stay attached.")]
    counts: Annotated[Counts, means("The numbers of its actions.")]


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


def summary_json(review: ReviewSummary, inputs: Inputs, files: Mapping[str, str]) -> str:
    """The summary as JSON text; `files` are digests by path."""
    report = review.report
    summary = SummaryDocument.from_attributes(
        report,
        report.diff,
        catalog=CatalogPart.from_attributes(report.diff),
        decisions=part_from_decisions(report.decisions, review.accepted),
        totals=part_from_totals(review),
        coverage=part_from_coverage(report.diff.coverage),
        principals=[
            _part_from_principal(principal) for principal in sorted(review.principals, key=lambda found: found.arn)
        ],
        inputs=inputs,
        files=dict(sorted(files.items())),
        digest=_NO_DIGEST,
    )
    root = OutputDigests(inputs, files, digest_of_report(msgspec.to_builtins(summary))).root
    return lay_out(msgspec.structs.replace(summary, digest=root))


def _part_from_principal(summary: PrincipalSummary) -> SummaryPrincipalPart:
    folder = folder_of_principal(summary.principal) if summary.has_documents else None
    return part_from_summary(summary, SummaryPrincipalPart, folder=folder, left_attached=summary.left)
