"""The `summary.json` of an output folder, schema `lpgen.summary/1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

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
    part_from_decisions,
    part_from_proposal,
)
from lpgen.report.documents.review import TotalsPart, part_from_totals
from lpgen.report.views import PrincipalView, review_view

if TYPE_CHECKING:
    from lpgen.report.entries import Entry


_NO_DIGEST: Final = "0" * 64


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
    summary = SummaryDocument.from_attributes(
        report,
        report.diff,
        catalog=CatalogPart.from_attributes(report.diff),
        decisions=part_from_decisions(report.decisions, report.accepted),
        totals=part_from_totals(view),
        coverage=part_from_coverage(report.diff.coverage),
        principals=[
            _part_from_principal(principal, folders.get(principal.diff.principal.arn))
            for principal in sorted(view.views, key=lambda principal: principal.diff.principal.arn)
        ],
        inputs=inputs,
        files=dict(sorted(files.items())),
        digest=_NO_DIGEST,
    )
    root = OutputDigests(inputs, files, digest_of_report(msgspec.to_builtins(summary))).root
    return lay_out(msgspec.structs.replace(summary, digest=root))


def _part_from_principal(view: PrincipalView, folder: str | None) -> SummaryPrincipalPart:
    replacement = view.proposal.replacement
    left = [policy.arn for policy in replacement.left] if replacement else []
    return part_from_proposal(view.proposal, SummaryPrincipalPart, view, folder=folder, left_attached=left)
