"""The summary in a browser: search, filter, order, light and dark, print, narrow, without scripts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener


def shown_labels(page: Page) -> list[str]:
    labels: list[str] = page.evaluate(
        "Array.from(document.querySelectorAll('#principals tbody tr:not([hidden]) th a'), (a) => a.textContent)"
    )
    return labels


def numbers(page: Page, column: int) -> list[int]:
    cells = page.locator(f"#principals tbody tr:not([hidden]) > :nth-child({column})").all_inner_texts()
    return [int(text.replace(",", "")) for text in cells]


def test_summary_shows_every_principal_and_what_to_do(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    assert page.title() == "lpgen review as of 2026-09-30"
    assert len(shown_labels(page)) == 41
    expect(page.locator("#shown")).to_have_text("41 of 41 shown")
    expect(page.get_by_text("Write 27 safe replacements")).to_be_visible()
    expect(page.locator(".figures").first).to_contain_text("68,687")


def test_search_finds_by_any_word_of_name_and_arn(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.fill("#search", "APP/ 1111")
    labels = shown_labels(page)
    assert "role/app/storefront-api" in labels
    assert all(label.startswith("role/app/") for label in labels)
    expect(page.locator("#shown")).to_have_text(f"{len(labels)} of 41 shown")
    page.fill("#search", "no such principal")
    assert shown_labels(page) == []
    expect(page.get_by_text("No principals match.")).to_be_visible()


def test_filters_narrow_together(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.select_option("#state", label="not yet")
    assert len(shown_labels(page)) == 7
    page.select_option("#only", label="with use that no policy grants")
    assert shown_labels(page) == ["role/inventory-collector"]
    page.select_option("#state", label="all")
    page.select_option("#account", label="444455556666")
    assert shown_labels(page) == []
    page.select_option("#only", label="all")
    assert "role/audit-reader" in shown_labels(page)


def test_columns_sort_both_ways(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    granted = page.get_by_role("columnheader", name="granted").first
    granted.get_by_role("button").click()
    assert granted.get_attribute("aria-sort") == "descending"
    assert numbers(page, 3) == sorted(numbers(page, 3), reverse=True)
    granted.get_by_role("button").click()
    assert granted.get_attribute("aria-sort") == "ascending"
    assert numbers(page, 3) == sorted(numbers(page, 3))
    page.get_by_role("button", name="principal", exact=True).click()
    assert shown_labels(page) == sorted(shown_labels(page), key=str.lower)
    assert granted.get_attribute("aria-sort") is None


def background(page: Page) -> str:
    color: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return color


def test_theme_follows_the_system_and_then_the_reader(sample: str, open_page: Opener) -> None:
    light, dark = (background(open_page(sample, color_scheme=scheme)) for scheme in ("light", "dark"))
    assert light != dark
    page = open_page(sample, color_scheme="light")
    page.get_by_role("button", name="Dark theme").click()  # a button is named for what it does
    assert background(page) == dark
    page.reload()
    assert background(page) == dark
    page.get_by_role("button", name="Light theme").click()
    assert background(page) == light


def test_print_leaves_controls_out_and_opens_what_is_folded(sample: str, open_page: Opener) -> None:
    page = open_page(sample, color_scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#theme")).to_be_hidden()
    expect(page.locator("#principals")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details[open]").count() == 0
    assert page.pdf().startswith(b"%PDF-")
    page.set_viewport_size({"width": 730, "height": 1000})  # a sheet of A4 within its margins, and a little
    assert page.locator("#principals").evaluate("(table) => table.scrollWidth") <= 730


def test_summary_is_readable_without_scripts(sample: str, open_page: Opener) -> None:
    page = open_page(sample, java_script_enabled=False)
    expect(page.get_by_text("Scripts are off")).to_be_visible()
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#theme")).to_be_hidden()
    rows = page.locator("noscript tbody tr")
    assert rows.count() == 41
    expect(rows.first).to_contain_text("role/AWSReservedSSO_AdministratorAccess")
    expect(page.get_by_text("Write 27 safe replacements")).to_be_visible()


def test_summary_fits_a_telephone(sample: str, open_page: Opener) -> None:
    page = open_page(sample, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#principals tbody tr").first).to_be_visible()


def test_nothing_moves_for_those_who_want_no_motion(sample: str, open_page: Opener) -> None:
    fragment = "#p=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fapp%2Fstorefront-api"
    durations = [
        open_page(sample, fragment=fragment, reduced_motion=wish)
        .locator(".line")
        .first.evaluate("(line) => getComputedStyle(line).transitionDuration")
        for wish in ("no-preference", "reduce")
    ]
    assert durations[0] != "0s"
    assert durations[1] == "0s"


def test_the_day_of_the_review_shows_at_every_width(sample: str, open_page: Opener) -> None:
    for width in (1280, 390):
        page = open_page(sample, width=width)
        expect(page.get_by_text("as of 2026-09-30").locator("visible=true")).to_have_count(1)
