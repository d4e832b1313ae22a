"""How principals are found in a review in a browser: by what they may do and did, by globs, and by their owners."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lpgen.core.findings import UNSEEN, Proposal, Report, Verdict
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action
from lpgen.core.principal_names import is_named
from lpgen.report.views import PrincipalView
from lpgen.report.words import short_label_of
from tests.browser.conftest import Opener
from tests.browser.test_review_files import open_pages
from tests.browser.test_review_hostile import check_inert
from tests.browser.test_review_summary import shown_labels
from tests.report.pages_with_files import pages_of
from tests.report.rendered import render_review
from tests.report.reports import organization, report_of
from tests.report.safe_cases import storefront


def labels_of(proposals: Iterable[Proposal]) -> list[str]:
    return sorted(short_label_of(proposal.diff.principal) for proposal in proposals)


def actions_by_way(proposal: Proposal) -> dict[str, set[Action]]:
    """The actions of a principal, by the value of the choice under which they are found."""
    view = PrincipalView(proposal)
    granted = {verdict.action for verdict in view.diff.assessment.verdicts if verdict.verdict is not Verdict.UNGRANTED}
    kept = granted & view.staying if view.has_documents else set()
    used = {verdict.action for verdict in view.diff.assessment.verdicts if verdict.verdict not in UNSEEN}
    removed = granted - kept if view.has_documents else set()
    return {"": granted, "used": used, "kept": kept, "removed": removed}


def check_actions(page: Page, report: Report, actions: Iterable[str]) -> None:
    """Fails unless the table shows exactly the principals that have the actions, in each way."""
    known = [(proposal, actions_by_way(proposal)) for proposal in report.proposals]
    names = {name for _, ways in known for found in ways.values() for name in found}
    for action in actions:
        page.fill("#action", action)
        wanted = {name for name in names if glob_match(action, name, ignore_case=True)}
        for way in ("", "used", "kept", "removed"):
            page.select_option("#how", way)
            having = [proposal for proposal, ways in known if ways[way] & wanted]
            assert sorted(shown_labels(page)) == labels_of(having), (action, way)


def test_action_search_shows_exactly_who_may_did_keeps_or_loses_it(
    sample: str, sample_report: Report, open_page: Opener
) -> None:
    page = open_page(sample)
    check_actions(
        page, sample_report, ("iam:PassRole", "s3:GetObject", "S3:DELETE*", "*:List?*s", "dynamodb:*", "no:such")
    )


def test_action_search_takes_a_part_of_a_name(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.fill("#action", "s3:GetObject")
    exact = shown_labels(page)
    page.fill("#action", "s3:GetObjectA")  # as typed on the way to a whole name
    assert shown_labels(page)
    page.fill("#action", "getobject")
    assert set(exact) <= set(shown_labels(page))


def test_action_search_works_where_principals_lie_beside_the_page(open_page: Opener, tmp_path: Path) -> None:
    report = organization()
    page = open_pages(open_page, pages_of(report), tmp_path)
    check_actions(page, report, ("s3:*", "iam:PassRole", "dynamodb:GetItem"))
    assert page.locator("iframe").count() == 0


def test_action_search_is_in_the_address(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.get_by_label("Action", exact=True).fill("iam:PassRole")
    page.get_by_label("The action is").select_option("removed by it")
    labels = shown_labels(page)
    assert page.url.endswith("#action=iam%3APassRole&how=removed")
    again = open_page(sample, fragment="#action=iam%3APassRole&how=removed")
    assert shown_labels(again) == labels
    assert 0 < len(labels) < 41


@pytest.mark.parametrize(
    "glob", ["role/app/*", "*deploy*", "ROLE/*/storefront-???", "storefront-*", "user/*", "*x*y*z*"]
)
def test_globs_search_names_as_the_option_principal_does(
    sample: str, sample_report: Report, open_page: Opener, glob: str
) -> None:
    page = open_page(sample)
    page.fill("#search", glob)
    found = [proposal for proposal in sample_report.proposals if is_named(proposal.diff.principal.arn, glob.lower())]
    assert sorted(shown_labels(page)) == labels_of(found)


def test_globs_and_words_narrow_together(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.fill("#search", "role/app/* storefront")
    assert shown_labels(page) == ["role/app/storefront-api"]
    page.fill("#search", "arn:aws:iam::444455556666:*")
    assert "role/audit-reader" in shown_labels(page)


def test_hostile_globs_take_no_time(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    start = time.perf_counter()
    for field in ("#search", "#action"):
        page.fill(field, "*a" * 90 + "!")
        assert shown_labels(page) == []
        page.fill(field, "")
    assert time.perf_counter() - start < 20
    check_inert(page)


# ---------------------------------------------------------------- owners


def test_owners_are_shown_with_their_source_and_filter_the_table(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.get_by_label("Owner").select_option("storefront")
    assert "role/app/storefront-api" in shown_labels(page)
    row = page.locator("#principals tbody tr", has_text="role/app/storefront-api")
    expect(row.locator(".under")).to_have_text("111122223333 · owner storefront (tag team)")
    assert page.url.endswith("#owner=storefront")
    page.get_by_label("Owner").select_option("data")
    expect(page.locator("#principals .under").first).to_contain_text("owner data (path)")


def test_owners_of_hostile_names_are_shown_and_do_nothing(open_page: Opener) -> None:
    report, owner = organization(), "</option><script>window.pwned = 1</script>"
    tagged = (
        replace(
            proposal, diff=replace(proposal.diff, principal=replace(proposal.diff.principal, tags=(("Owner", owner),)))
        )
        for proposal in report.proposals
    )
    page = open_page(render_review(replace(report, proposals=tuple(tagged)), "html"))
    page.get_by_label("Owner").select_option(owner)
    assert len(shown_labels(page)) == len(report.proposals)
    check_inert(page)


def test_a_review_that_knows_no_owner_has_no_such_filter(open_page: Opener) -> None:
    report = report_of([replace(storefront(), path="/")])
    page = open_page(render_review(report, "html"), fragment="#owner=ops&search=role")
    expect(page.get_by_label("Owner")).to_have_count(0)
    assert shown_labels(page) == ["role/storefront-api"]
    assert page.evaluate("viewOfTable()") == {"search": "role"}
