"""The page of a large review, and the files beside it: they say what the page of a small one says, and nothing acts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.app.output import review_page
from lpgen.core.findings import Report
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report.escaping import terminal_text
from lpgen.report.html import data_files
from lpgen.report.html.page import data_of_rows, rows_of
from tests.report.hostile import CORPUS, poison
from tests.report.html.test_page import check_inert, hash_of, numbers_of, poisoned
from tests.report.pages_with_files import pages_of
from tests.report.rendered import render_review, summarize
from tests.report.reports import large_report, organization
from tests.report.review_reader import ReviewReader, with_documents
from tests.support.law_examples import examples

hostile = st.sampled_from(CORPUS) | st.text(max_size=40)
slow = settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def resolved(principal: Any, shared: dict[str, Any]) -> Any:
    """The data of a principal with what it refers to in place of the references."""
    actions = [f"{service}:{name}" for service, names in shared["actions"] for name in names]
    actions += shared.get("more-actions", [])
    found = json.loads(json.dumps(principal))
    for one in found["policies"]["old"]:
        if "document" in one:
            one["document"] = shared[f"document-{one['document']}"]
    for note in found["policies"]["notes"]:
        note[1:] = [shared["lines"][at] for at in note[1:]]
    for group in found["verdicts"]:
        for row in group["rows"]:
            row[1:] = [shared["texts"][row[1]], row[2] >= 0 and shared["texts"][row[2]], *actions_in(row[3], actions)]
    return found


def actions_in(ranges: str, actions: list[str]) -> list[str]:
    return sorted(actions[at] for at in numbers_of(ranges))


@pytest.mark.parametrize("make", [organization, with_documents])
def test_files_say_of_each_principal_what_one_page_says(make: Any) -> None:
    report = make()
    whole, pages = ReviewReader(render_review(report, "html")).data, pages_of(report)
    page = ReviewReader(pages.html).data
    assert set(page) == {"rows", "beside", "actions"}
    assert len(pages.data) == len(report.proposals)
    for name, data in pages.data.items():
        assert resolved(data["principal"], {**page, **data}) == resolved(
            whole[name]["principal"], {**whole, **whole[name]}
        )


def test_a_principal_is_in_the_file_that_its_row_tells() -> None:
    pages = pages_of(large_report(60))
    page = ReviewReader(pages.html).data
    each = page["beside"]["each"]
    assert list(pages.files) == ["0001.html", "0002.html", "0003.html"]
    for at, row in enumerate(page["rows"]["rows"]):
        data = ReviewReader(pages.files[f"{at // each + 1:04}.html"]).data
        assert data[f"principal-{at}"]["principal"]["arn"] == row[1]


def test_rows_of_data_have_what_rows_of_one_page_have() -> None:
    rows = rows_of(review_page(organization(), bundled_catalog()).parted)
    data: Any = data_of_rows(rows)
    for row, (label, arn, account, kind, state, tone, numbers, shares, *_) in zip(rows, data["rows"], strict=True):
        assert (label, arn, account, kind) == (row.label, row.arn, row.account, row.class_words)
        assert (state, tone) == (row.state, row.tone)
        assert numbers[0] == row.counts.granted
        assert (numbers[4] is None) is not row.replaced
        assert [[data["titles"][share[0]], *share[1:]] for share in shares] == [
            [share.title, share.number, share.start, share.width] for share in row.shares
        ]


def test_the_summary_is_complete_without_scripts() -> None:
    report = organization()
    pages = pages_of(report)
    inside = pages.html[pages.html.index("<noscript>") : pages.html.index("</noscript>")]
    texts = ReviewReader(inside).texts
    for summary in summarize(report).principals:
        assert summary.principal.name in " ".join(texts)
        assert f"{summary.counts.granted:,}" in texts
    small, large = (set(ReviewReader(html).texts) for html in (render_review(report, "html"), pages.html))
    bars = {
        ", ".join(f"{share.number:,} {share.title}" for share in row.shares)
        for row in rows_of(review_page(report, bundled_catalog()).parted)
    }
    lost = {bar for bar in small - large - bars - {"nothing is granted"} if bar.strip()}
    assert all(one.startswith("Written by lpgen") for one in lost)


def test_a_task_of_thousands_names_the_first() -> None:
    pages = pages_of(large_report(330))
    links = re.findall(r'<a href="#p=', pages.html)
    assert 100 <= len(links) < 400
    assert " others; <code>--format json</code> has them all" in pages.html


def test_pages_give_equal_bytes_for_equal_reports_in_any_order() -> None:
    report = organization()
    pages = pages_of(report)
    assert pages == pages_of(organization())
    assert pages == pages_of(replace(report, proposals=report.proposals[::-1]))


def test_page_and_files_share_a_digest_that_no_other_review_has() -> None:
    one, other = (pages_of(large_report(number)) for number in (30, 31))
    assert one.digest != other.digest
    for pages in (one, other):
        beside = ReviewReader(pages.html).data["beside"]
        assert beside["review"] == pages.digest
        assert beside["path"] == f"review-files/{pages.digest}"
        for text in pages.files.values():
            (body,) = [a for tag, a in ReviewReader(text).elements if tag == "body"]
            assert body["data-review"] == pages.digest


@pytest.mark.parametrize(
    ("folder", "path"), [("a b#1?%-files", "a%20b%231%3F%25-files"), ("javascript:x", "javascript%3Ax")]
)
def test_the_path_of_the_folder_is_one_name(folder: str, path: str) -> None:
    pages = pages_of(with_documents(), folder)
    assert ReviewReader(pages.html).data["beside"]["path"] == f"{path}/{pages.digest}"


# ---------------------------------------------------------------- nothing acts


def rules_of(page: ReviewReader) -> dict[str, str]:
    (policy,) = [a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    return dict(rule.strip().split(" ", 1) for rule in policy.split(";"))


def test_policies_let_only_their_own_script_run() -> None:
    pages = pages_of(organization())
    page = ReviewReader(pages.html)
    closed = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    styles = {"style-src": f"'{hash_of(page.styles[0])}'", "frame-src": "'self'"}
    assert rules_of(page) == {**closed, **styles, "script-src": f"'{hash_of(page.program)}'"}
    for text in pages.files.values():
        file = ReviewReader(text)
        assert rules_of(file) == {**closed, "script-src": f"'{hash_of(file.program)}'"}
        assert not re.search(r"innerHTML|eval|fetch|import|location|open\(", file.program)


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_no_text_acts_in_the_page_or_its_files(texts: list[str]) -> None:
    pages = pages_of(poisoned(texts))
    for text in (pages.html, *pages.files.values()):
        check_inert(text)


def test_actions_that_the_catalog_lacks_are_named_too() -> None:
    names = {str(action) for action in bundled_catalog().actions()}
    report: Report = poison(with_documents(), lambda text: f"{text}2" if text == "s3:GetObject" else text)
    pages = pages_of(report)
    assert "s3:GetObject2" not in names
    found = [one for data in pages.data.values() for one in data.get("more-actions", [])]
    assert terminal_text("s3:GetObject2") in found


def test_one_file_is_for_reviews_that_a_browser_reads_at_once() -> None:
    assert data_files.MOST_IN_ONE_FILE <= 500  # the script shows so many rows, and rows of one file are all there
