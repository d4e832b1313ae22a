"""A review shows what each choice of `--keep-unobservable` would keep, in every form."""

from __future__ import annotations

import json
from dataclasses import replace

from lpgen.core.choices import KeepUnobservable, UnobservableKind
from lpgen.core.findings import ActionFact, Confidence, Judgement, Report, Unobservable, Verdict, Verdicts
from lpgen.core.model import AccessLevel, Action
from tests.report.rendered import render_review
from tests.report.reports import report_of
from tests.report.safe_cases import storefront

SIGNED, ALL = (KeepUnobservable.ALL, KeepUnobservable.SIGNED), (KeepUnobservable.ALL,)
FACTS = {
    "s3:GetObject": Unobservable(UnobservableKind.DATA_EVENTS, SIGNED),
    "s3:PutObject": Unobservable(UnobservableKind.DATA_EVENTS, SIGNED),
    "s3:PutObjectAcl": Unobservable(UnobservableKind.DATA_EVENTS, ALL),
    "s3:ReplicateObject": Unobservable(UnobservableKind.INTERNAL, ALL),
}


def report() -> Report:
    whole = report_of([storefront()])
    (proposal,) = whole.proposals
    judged = [
        (
            Action(name),
            Judgement(
                Verdict.UNOBSERVABLE,
                "unseen",
                keep="",
                confidence=Confidence.MEDIUM,
                grants=(),
                evidence=None,
                unobservable=fact,
            ),
        )
        for name, fact in FACTS.items()
    ]
    verdicts = Verdicts(judged, dict.fromkeys(map(Action, FACTS), ActionFact(AccessLevel.READ, "")))
    return replace(
        whole,
        proposals=(
            replace(
                proposal, diff=replace(proposal.diff, assessment=replace(proposal.diff.assessment, verdicts=verdicts))
            ),
        ),
    )


def test_text_and_markdown_have_a_row_for_each_kind_that_there_is() -> None:
    text = [line.split() for line in render_review(report(), "text", width=100).splitlines()]
    assert [line[-3:] for line in text if line[:1] == ["data-events"]] == [["3", "2", "0"]]
    assert [line[-3:] for line in text if line[:1] == ["internal"]] == [["1", "0", "0"]]
    assert not [line for line in text if line[:1] == ["inside-call"]]
    markdown = render_review(report(), "markdown")
    assert "| `data-events` |" in markdown
    assert "| 3 | 2 | 0 |" in markdown


def test_json_counts_by_kind() -> None:
    totals = json.loads(render_review(report(), "json"))["totals"]
    assert (totals["all_data_events"], totals["signed_data_events"]) == (3, 2)
    assert (totals["all_internal"], totals["signed_internal"], totals["all_inside_call"]) == (1, 0, 0)


def test_html_has_the_same_table() -> None:
    page = render_review(report(), "html")
    assert "--keep-unobservable" in page
    assert "<code>data-events</code>" in page


def test_a_review_that_sees_all_has_no_such_table() -> None:
    assert "--keep-unobservable" not in render_review(report_of([storefront()]), "text")
