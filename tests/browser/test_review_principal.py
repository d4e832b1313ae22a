"""The page of a principal in a browser: how it is reached, walls, evidence, actions, links, and the keyboard alone."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from lpgen.core.findings import Report
from tests.browser.conftest import Opener

STOREFRONT = f"#p={quote('arn:aws:iam::111122223333:role/app/storefront-api', safe='')}"
DEPLOYER = f"#p={quote('arn:aws:iam::111122223333:role/platform/platform-deployer', safe='')}"


def test_principal_opens_by_click_and_goes_back(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    link = page.locator("#principals").get_by_role("link", name="role/app/storefront-api")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("role/app/storefront-api")
    expect(page.locator("#summary")).to_be_hidden()
    assert page.title().startswith("role/app/storefront-api")
    assert page.url.endswith(STOREFRONT)
    page.go_back()
    expect(page.locator("#summary")).to_be_visible()
    page.go_forward()
    expect(page.locator("#principal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#summary")).to_be_visible()
    expect(link).to_be_focused()


def test_neighbours_follow_the_table_as_it_is_shown(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.fill("#search", "role/app/")
    page.get_by_role("button", name="principal", exact=True).click()
    page.locator("#principals").get_by_role("link", name="role/app/fulfilment-sync").click()
    page.get_by_role("link", name="next: role/app/invoice-renderer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("role/app/invoice-renderer")


def test_walls_show_before_and_after_with_numbers(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    before, after = page.locator("svg.walls").all()
    assert before.get_attribute("aria-label") == "Before: 7 of 259 actions used; the table below has the numbers"
    assert after.get_attribute("aria-label") == "After: 15 of 259 actions kept; the table below has the numbers"
    expect(before).to_contain_text("6 of 79 used")
    expect(after).to_contain_text("6 of 79 kept")
    heights = [
        picture.evaluate("(svg) => Array.from(svg.querySelectorAll('.air'), (hole) => hole.getBBox().height)")
        for picture in (before, after)
    ]
    assert max(heights[0]) > max(heights[1])
    page.get_by_text("The same as a table").click()
    expect(page.locator("details[open] table")).to_contain_text("6 of 79 used")


def test_evidence_shows_on_hover_and_stays_on_click(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    evidence = page.locator(".evidence")
    page.get_by_role("button", name='"dynamodb:GetItem"').hover()
    expect(evidence).to_contain_text("474 records, 2026-06-03 to 2026-09-30")
    page.get_by_role("button", name='"s3:*"').click()
    expect(evidence).to_contain_text("matches 180 actions today")
    page.get_by_role("heading", name="Use over time").hover()
    expect(evidence).to_contain_text("matches 180 actions today")


def test_evidence_marks_what_narrows_what(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    page.get_by_role("button", name='"dynamodb:GetItem"').click()
    marked = page.locator('[data-side="old"].related').all_inner_texts()
    assert any("dynamodb:*" in line for line in marked), marked
    assert not any("s3:*" in line for line in marked)


def test_evidence_stands_behind_every_action_of_a_replacement(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    lines = page.locator('[data-side="new"]').all_inner_texts()
    actions = [line for line in lines if re.search(r'"(?:dynamodb|s3):', line)]
    noted = page.locator('[data-side="new"].noted').all_inner_texts()
    assert len(actions) == 15
    assert set(actions) <= set(noted)


def test_actions_are_found_by_name_and_by_danger(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=DEPLOYER)
    page.get_by_label("Find an action").fill("deletebucketpol")
    found = page.locator("[aria-label='found actions'] tr")
    expect(found).to_have_count(3)  # of S3, its directory buckets and Outposts
    expect(found.filter(has_text="s3:DeleteBucketPolicy")).to_contain_text("removed")
    page.get_by_label("Find an action").fill("")
    page.get_by_label("only dangerous and unused").check()
    expect(page.get_by_text("475 actions")).to_be_visible()


def test_every_action_of_a_large_role_is_named_when_asked_for(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=DEPLOYER)
    group = page.locator("details.verdicts").first
    group.locator("summary").click()
    services = group.locator("tbody tr")
    expect(services.nth(400)).to_be_attached()
    more = group.get_by_role("button", name=re.compile(r"and \d+ more")).first
    row = more.evaluate_handle("(button) => button.closest('tr')").as_element()
    assert row
    more.click()
    number = row.eval_on_selector("td.number", "(cell) => Number(cell.textContent)")
    assert row.eval_on_selector_all(".names code", "(names) => names.length") == number


def test_every_finding_has_a_link_that_leads_back_to_it(sample: str, open_page: Opener) -> None:
    page = open_page(sample, fragment=STOREFRONT)
    links = page.locator(".card .permalink, .safety .permalink")
    assert links.count() > 10
    target = links.nth(3).get_attribute("href") or ""
    text = links.nth(3).locator("xpath=ancestor::*[@data-anchor][1]").inner_text()
    again = open_page(sample, fragment=target)
    expect(again.locator(".target")).to_have_count(1)
    assert again.locator(".target").inner_text() == text
    expect(again.locator(".target")).to_be_in_viewport()


def test_unknown_addresses_show_the_summary(sample: str, open_page: Opener) -> None:
    for fragment in ("#p=arn%3Anobody", "#p=%E0%A4%A", "#p", "#nonsense"):
        expect(open_page(sample, fragment=fragment).locator("#summary")).to_be_visible()


def test_everything_works_with_the_keyboard_alone(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("storefront")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "role/app/storefront-api":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#principal")).to_be_focused()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-side=\"new\"]')"):
            break
    page.keyboard.press("ArrowDown")
    expect(page.locator(".evidence")).to_contain_text("dynamodb:Query")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".evidence")).to_contain_text("storefront-orders/index/*")
    assert outline(page) != "none"
    page.keyboard.press("End")
    expect(page.locator(".evidence .which")).not_to_contain_text("dynamodb")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.line')")


def outline(page: Page) -> str:
    style: str = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    return style


def test_every_principal_opens_and_fits_a_telephone(sample: str, sample_report: Report, open_page: Opener) -> None:
    page = open_page(sample, width=400)
    for proposal in sample_report.proposals:
        principal = proposal.diff.principal
        page.evaluate("(hash) => { location.hash = hash; }", f"p={quote(principal.arn, safe='')}")
        expect(page.locator("#principal h1")).to_contain_text(principal.name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, principal.name


CONTRAST = """() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = parts(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility({ opacityProperty: true })) continue;
    const style = getComputedStyle(node);
    const color = parts(node.closest('svg') ? style.fill : style.color);
    const [dark, light] = [luminance(color), luminance(behind(node))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) poor.add(`${ratio.toFixed(2)} ${node.outerHTML}`);
  }
  return Array.from(poor);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", STOREFRONT, DEPLOYER], ids=["summary", "storefront", "deployer"])
def test_all_text_has_enough_contrast(sample: str, open_page: Opener, scheme: str, fragment: str) -> None:
    page = open_page(sample, fragment=fragment, color_scheme=scheme)
    if fragment:
        page.locator("svg.walls").first.wait_for()
        page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("fragment", ["", DEPLOYER], ids=["summary", "principal"])
def test_everything_that_acts_has_a_name_and_ids_are_unique(sample: str, open_page: Opener, fragment: str) -> None:
    page = open_page(sample, fragment=fragment)
    nameless = page.evaluate(
        """() => Array.from(document.querySelectorAll('a, button, summary, input, select, [tabindex="0"]'))
          .filter((one) => !one.ariaLabel && !one.textContent.trim() && !one.labels?.length && !one.querySelector('*'))
          .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    ids = page.evaluate("Array.from(document.querySelectorAll('[id]'), (one) => one.id)")
    assert len(ids) == len(set(ids))
    levels = page.evaluate(
        """Array.from(document.querySelectorAll('h1, h2, h3, h4'))
          .filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"""
    )
    assert levels.count(1) == 1


def test_cards_hide_next_to_nothing_at_the_width_of_a_telephone(sample: str, open_page: Opener) -> None:
    for name in ("security/posture-scanner", "reporting-export", "platform/platform-deployer"):
        fragment = f"#p={quote(f'arn:aws:iam::111122223333:role/{name}', safe='')}"
        page = open_page(sample, fragment=fragment, width=390)
        hidden = "Array.from(document.querySelectorAll('.cards .scroll'), (one) => one.scrollWidth - one.clientWidth)"
        assert max(page.evaluate(hidden)) <= 5, name
        expect(page.locator(".cards th", has_text="such as").first).to_be_hidden()
