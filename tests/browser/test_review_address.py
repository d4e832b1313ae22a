"""The address of a review in a browser: it holds the view of the table, and is text that anybody may write."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_review_hostile import NAMES, check_inert
from tests.browser.test_review_principal import STOREFRONT
from tests.browser.test_review_summary import shown_labels


def fragment(page: Page) -> str:
    return page.url.partition("#")[2]


def test_a_link_shares_the_filtered_and_sorted_view(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.select_option("#state", label="not yet")
    page.fill("#search", "role")
    page.get_by_role("button", name="granted", exact=True).click()
    labels = shown_labels(page)
    assert 0 < len(labels) < 41
    again = open_page(sample, fragment=f"#{fragment(page)}")
    assert shown_labels(again) == labels
    assert again.input_value("#search") == "role"
    expect(again.locator("#shown")).to_have_text(f"{len(labels)} of 41 shown")
    again.reload()
    assert shown_labels(again) == labels


def test_back_and_forward_step_through_the_views(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    every = shown_labels(page)
    page.select_option("#state", label="not yet")
    unsafe = shown_labels(page)
    page.locator("#search").press_sequentially("platform")
    found = shown_labels(page)
    assert len(every) > len(unsafe) > len(found) > 0
    page.go_back()  # the letters of one search are one step
    assert shown_labels(page) == unsafe
    assert page.input_value("#search") == ""
    page.go_back()
    assert shown_labels(page) == every
    page.go_forward()
    page.go_forward()
    assert shown_labels(page) == found
    assert page.input_value("#search") == "platform"


def test_a_principal_is_opened_from_a_view_and_leads_back_to_it(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.fill("#search", "role/app/")
    labels = shown_labels(page)
    page.locator("#principals").get_by_role("link", name="role/app/storefront-api").click()
    # The page adds the view to the address after the link has changed it.
    expect(page).to_have_url(re.compile("#p=.*search="))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("role/app/storefront-api")
    page.get_by_role("link", name="All principals").click()
    assert shown_labels(page) == labels
    page.go_back()
    page.keyboard.press("Escape")
    expect(page.locator("#summary")).to_be_visible()
    assert shown_labels(page) == labels


def test_links_to_parts_of_the_summary_keep_the_view(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment="#state=safe")
    labels = shown_labels(page)
    page.get_by_role("link", name="Inputs").click()
    expect(page.locator("#grounds")).to_be_in_viewport()
    assert fragment(page) == "state=safe"
    assert shown_labels(page) == labels


def test_no_match_says_so_and_offers_to_clear_the_filters(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment="#search=nobody&only=held&sort=-granted")
    expect(page.get_by_text("No principals match.")).to_be_visible()
    expect(page.locator("#principals")).to_be_hidden()
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.get_by_text("No principals match.")).to_be_hidden()
    assert len(shown_labels(page)) == 41
    assert fragment(page) == "sort=-granted"
    expect(page.locator("#search")).to_be_focused()


@pytest.mark.parametrize(
    "fragment",
    [
        "search=role&search=user",
        "search=role&unknown=1",
        "search=%E0%A4%A",
        "search",
        "__proto__=1&search=x",
        "SEARCH=x",
        f"p={quote('arn:aws:iam::1:role/nobody', safe='')}",
        "state=nonsense",
        "account=%3Cscript%3E&only=constructor&sort=--granted",
        "sort=toString",
    ],
)
def test_addresses_that_the_page_does_not_offer_count_as_none(sample: str, open_page: Opener, fragment: str) -> None:
    page = open_page(sample, fragment=f"#{fragment}")
    assert len(shown_labels(page)) == 41
    assert page.evaluate("viewOfTable()") == {}
    assert page.locator("[aria-sort]").count() == 0


def test_hostile_text_in_the_address_is_only_searched_for(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    for text in NAMES:
        for field in ("search", "p", "at", "state", "sort"):
            page.evaluate("(hash) => { location.hash = hash; }", f"{field}={quote(text, safe='')}")
            page.evaluate("() => new Promise((done) => setTimeout(done, 0))")  # the page follows its address by then
            check_inert(page)
    page.evaluate("(hash) => { location.hash = hash; }", f"search={'x' * 5000}")
    expect(page.locator("#search")).to_have_value("x" * 200)
    page.evaluate("(hash) => { location.hash = hash; }", f"{STOREFRONT[1:]}&at={quote(NAMES[0], safe='')}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("role/app/storefront-api")
    check_inert(page)
