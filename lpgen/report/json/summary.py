"""The `summary.json` of an output folder, schema `lpgen.summary/1`: the folder of each replacement, and whether it is
called safe.

Keys are only ever added under this name; a change of meaning takes a new number. The keys are those of
`lpgen.review/1`, but for `folder`, the name of a principal's folder (null: nothing was written for it), and
`left_attached`, the ARNs of policies that are left attached. Principals are sorted by ARN.

The last keys are the chain of digests (`lpgen/core/digests.py`): `inputs`, what the folder was made from; `files`, the
SHA-256 of every other file; and `digest`, the root digest over both and over the rest of this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from lpgen.core.digests import Inputs, OutputDigests, digest_of_report
from lpgen.core.folders import folder_of_principal
from lpgen.core.schemas import SUMMARY_SCHEMA
from lpgen.report.decisions_note import facts_of_decisions
from lpgen.report.json.facts import facts_of_account, facts_of_inputs, facts_of_proposal
from lpgen.report.json.layout import Json, Row, lay_out
from lpgen.report.json.review import totals_of_review
from lpgen.report.summary import PrincipalSummary, ReviewSummary


def summary_json(review: ReviewSummary, inputs: Inputs, files: Mapping[str, str]) -> str:
    """The summary as JSON text; `files` are digests by path."""
    facts = _facts_of_report(review)
    chain = OutputDigests(inputs, files, digest_of_report(facts)).to_facts()
    return lay_out({**facts, "inputs": facts_of_inputs(inputs), "files": chain["files"], "digest": chain["digest"]})


def _facts_of_report(review: ReviewSummary) -> Json:
    report = review.report
    return {
        "schema": SUMMARY_SCHEMA,
        "as_of": report.diff.as_of.isoformat(),
        "catalog": Row(version=report.diff.catalog_version, date=report.diff.catalog_date),
        "min_days": report.min_days,
        "decisions": facts_of_decisions(report.decisions, review.accepted),
        "totals": totals_of_review(review),
        "coverage": {"accounts": [facts_of_account(one) for one in report.diff.coverage.accounts]},
        "problems": list(report.problems),
        "principals": [_facts_of_principal(one) for one in sorted(review.principals, key=lambda one: one.arn)],
    }


def _facts_of_principal(summary: PrincipalSummary) -> Json:
    return {
        "principal": summary.arn,
        "principal_id": summary.principal.principal_id,
        "folder": folder_of_principal(summary.principal) if summary.has_documents else None,
        **facts_of_proposal(summary),
        "left_attached": list(summary.left),
        "counts": Row(asdict(summary.counts)),
    }
