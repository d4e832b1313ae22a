"""What readers need of a review in a browser: nothing covered, small screens, themes, help, and numbers that agree."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from lpgen.core.findings import Report
from lpgen.report.views import PrincipalView
from tests.browser.conftest import Opener
from tests.browser.test_review_principal import DEPLOYER, STOREFRONT

WIDTHS = (360, 390, 700, 900, 1280, 1920)


def test_tiles_and_headline_show_the_same_numbers(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    headline, numbers, tiles = (page.locator(part).inner_text() for part in (".lead", ".numbers", ".figures"))
    down = re.search(r"([\d,]+) granted, [^(]*?([\d,]+) kept \(.*\), ([\d,]+) removed \(([\d,]+) dangerous\)", numbers)
    safe = re.search(r"([\d,]+) replacements: ([\d,]+) safe", headline)
    assert down
    assert safe
    assert f"granted actions\n{down[1]}\n{down[2]} kept, {down[3]} removed" in tiles
    assert f"dangerous grants removed\n{down[4]}\n" in tiles
    assert f"safe replacements\n{safe[2]}\nof {safe[1]}" in tiles
    whole = sum(int(text.replace(",", "")) for text in re.findall(r"([\d,]+) ", page.locator(".whole").inner_text()))
    assert f"{whole:,}" == down[1]


def test_parts_are_never_rounded_to_none_or_all(sample: str, sample_report: Report, open_page: Opener) -> None:
    page = open_page(sample, fragment=DEPLOYER)
    tiles = page.locator("#principal .figures").inner_text()
    (found,) = [proposal for proposal in sample_report.proposals if proposal.diff.principal.name == "platform-deployer"]
    view = PrincipalView(found)
    assert 0 < view.counts.used / view.counts.granted < 0.005
    assert "<1 % of the granted actions" in tiles
    assert ">99 % of the granted actions" in tiles


# ---------------------------------------------------------------- nothing is covered


COVERED = """() => {
  const panel = document.querySelector('.evidence');
  return Array.from(document.querySelectorAll('.noted')).filter((line) => {
    line.scrollIntoView({ block: 'nearest' });
    const { left, top, height } = line.getBoundingClientRect();
    const found = document.elementFromPoint(left + 30, top + height / 2);
    return panel.contains(found) || !line.contains(found);
  }).map((line) => line.textContent);
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_evidence_covers_no_line_of_a_policy(sample: str, open_page: Opener, width: int) -> None:
    page = open_page(sample, fragment=STOREFRONT, width=width)
    page.locator(".noted").first.click()
    assert page.evaluate("getComputedStyle(document.querySelector('.evidence')).position") == "static"
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_evidence_stays_in_sight_of_its_line(sample: str, open_page: Opener, width: int) -> None:
    page = open_page(sample, fragment=f"{STOREFRONT}&at=policies", width=width)
    lines = page.locator(".noted")
    for line in (lines.first, lines.last):
        line.click()
        page.locator(".evidence").evaluate("(panel) => panel.scrollIntoView({ block: 'nearest' })")
        expect(line).to_be_in_viewport()
        expect(page.locator(".evidence")).to_be_in_viewport()


# ---------------------------------------------------------------- small screens


TINY = """() => Array.from(document.querySelectorAll('button, select, input:not([type=checkbox]), summary, nav a'))
  .filter((one) => one.checkVisibility() && !one.closest('.offscreen') && !one.matches('.skip, .permalink'))
  .map((one) => [one.getBoundingClientRect(), one])
  .filter(([{ width, height }]) => width < 24 || height < 24)
  .map(([{ width, height }, one]) => `${width} x ${height}: ${one.outerHTML.slice(0, 200)}`)"""


@pytest.mark.parametrize("fragment", ["", STOREFRONT, DEPLOYER], ids=["summary", "storefront", "deployer"])
def test_a_telephone_shows_all_and_fingers_meet_it(sample: str, open_page: Opener, fragment: str) -> None:
    page = open_page(sample, fragment=fragment, width=390)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(TINY) == []


def test_the_table_of_principals_reflows_on_a_telephone(sample: str, open_page: Opener) -> None:
    page = open_page(sample, width=390, fragment="#search=storefront")
    row = page.locator("#principals tbody tr:not([hidden])")
    assert page.locator("#principals").evaluate("(table) => table.scrollWidth <= table.clientWidth")
    titled = row.locator("td[data-title]:visible").evaluate_all(
        "(all) => all.map((one) => getComputedStyle(one, '::before').content + one.textContent)"
    )
    assert '"granted "259' in titled
    assert '"removed "244' in titled
    page.get_by_role("button", name="granted", exact=True).click()
    expect(page.locator("[aria-sort=descending]")).to_have_count(1)


def test_the_first_screen_names_the_next_step(sample: str, open_page: Opener) -> None:
    for width in (390, 1440):
        page = open_page(sample, width=width)
        expect(page.get_by_text("Ask the owner of 1 principal")).to_be_in_viewport(ratio=1)
        expect(page.locator(".command").first).to_be_in_viewport(ratio=1)


def test_commands_are_copied_as_they_stand(sample: str, open_page: Opener) -> None:
    page = open_page(sample, permissions=["clipboard-read", "clipboard-write"])
    command = page.locator(".command").first
    text = command.locator("code").inner_text()
    assert text.startswith("'/opt/lpgen tools/bin/lpgen' review ")
    page.evaluate(
        "window.copied = ''; document.addEventListener('copy', () => { copied = getSelection().toString(); })"
    )
    command.get_by_role("button", name="Copy").click()
    expect(command.get_by_role("button")).to_have_text("Copied")
    assert text in page.evaluate("navigator.clipboard ? navigator.clipboard.readText() : copied")


# ---------------------------------------------------------------- help


def test_keys_are_listed_in_a_dialog_that_holds_the_focus(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    opener = page.get_by_role("button", name="? Keys")
    opener.click()
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    for key in ("Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
        assert page.evaluate(
            "[document.body, ...document.querySelectorAll('#keys, #keys *')].includes(document.activeElement)"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_escape_closes_the_keys_and_not_the_principal(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#principal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#summary")).to_be_visible()


def test_letters_go_to_the_next_principal_but_not_while_typing(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment="#search=role%2Fapp%2F&sort=label")
    page.locator("#principals").get_by_role("link", name="role/app/fulfilment-sync").click()
    title = page.get_by_role("heading", level=1)
    page.keyboard.press("n")
    expect(title).to_contain_text("role/app/invoice-renderer")
    page.keyboard.press("p")
    expect(title).to_contain_text("role/app/fulfilment-sync")
    page.keyboard.press("n")
    page.get_by_label("Find an action").press_sequentially("np?/")
    expect(title).to_contain_text("role/app/invoice-renderer")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_walls_are_explained_to_a_newcomer(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    legend = page.locator(".wall-figure figcaption")
    expect(legend).to_contain_text("The taller the gap, the more actions it allows.")
    expect(legend).to_contain_text("kept without recorded use")


# ---------------------------------------------------------------- use over time


def days_drawn(page: Page, action: str) -> set[int]:
    """The days, from 0, on which an action has a mark."""
    row = page.locator(".timeline tr", has=page.get_by_text(action, exact=True)).first
    path = row.locator("path").get_attribute("d") or ""
    return {
        day
        for start, length in re.findall(r"M(\d+) 0h(\d+)", path)
        for day in range(int(start), int(start) + int(length))
    }


def test_use_over_time_marks_exactly_the_days_with_a_record(
    sample: str, sample_report: Report, open_page: Opener
) -> None:
    views = {proposal.diff.principal.name: PrincipalView(proposal) for proposal in sample_report.proposals}
    for name in ("storefront-api", "reporting-export"):
        view = views[name]
        first = min(account.first_day for account in sample_report.diff.coverage.accounts)
        page = open_page(sample, fragment=f"#p={quote(view.diff.principal.arn, safe='')}")
        days: dict[str, tuple[date, ...]] = dict(view.diff.use.days)
        assert days
        for action, seen in days.items():
            assert days_drawn(page, action) == {(day - first).days for day in seen}, action
        active = len({day for seen in days.values() for day in seen})
        assert active == view.diff.use.active_days
        expect(page.locator(".activity")).to_contain_text(f"used on {active} days")
