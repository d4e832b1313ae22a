"""What a review in a browser advises: links to roles, commands, the trend, and red only for what needs a person."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lpgen.app.output import review_page
from lpgen.core.drift.states import Figures, Stamp
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.report.render import PAGE
from tests.browser.conftest import Opener
from tests.browser.test_review_principal import DEPLOYER, STOREFRONT
from tests.report.rendered import render_review
from tests.report.reports import organization, report_of
from tests.report.safe_cases import storefront
from tests.support.forked_lpgen import run_forked


def test_outsiders_lead_to_the_role_from_the_alert_and_from_the_task(open_page: Opener) -> None:
    page = open_page(render_review(organization(), "html"))
    page.locator(".alert summary").click()
    link = page.locator(".alert").get_by_role("link").first
    expect(page.locator(".tasks").get_by_role("link").first).to_have_attribute("href", link.get_attribute("href") or "")
    link.click()
    expect(page.locator("#principal h1")).to_be_visible()


def test_unusual_use_leads_to_the_principal(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    step = page.locator(".tasks li li", has_text="iam:CreateRole lets other principals in").first
    step.get_by_role("link").click()
    expect(page.locator("#principal h1")).to_contain_text("AWSReservedSSO_AdministratorAccess")


# ---------------------------------------------------------------- the trend


def test_trend_shows_the_baselines_and_now(open_page: Opener) -> None:
    report = organization()
    as_of = report.diff.as_of
    early = Stamp("june", as_of - timedelta(90), "1", "2026-06-01", figures=Figures(30, 100_000, 80_000, 2_500, 40, 30))
    page = open_page(PAGE.text(replace(review_page(report, bundled_catalog()), baselines=(early,)), "html"), width=390)
    expect(page.get_by_role("heading", name=f"Trend, {early.as_of} to {as_of}")).to_be_visible()
    rows = page.locator("section", has=page.get_by_role("heading", name="Trend")).locator("tbody tr")
    granted = sum(
        1
        for proposal in report.proposals
        for verdict in proposal.diff.assessment.verdicts
        if verdict.verdict != "ungranted"
    )
    expect(rows.first).to_contain_text("100,000")
    expect(rows.first).to_contain_text(f"{granted:,}")
    wildcards = sum(len(proposal.diff.assessment.wildcards) for proposal in report.proposals)
    expect(rows.filter(has_text="wildcards")).to_contain_text(f"{wildcards:,}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_command_gives_the_page_the_baselines_of_the_data_folder(sample_folder: Path, tmp_path: Path) -> None:
    data, page = tmp_path / "data", tmp_path / "review.html"
    shutil.copytree(sample_folder, data)
    given = ("--data", data, "--policies", bundled_sample_logs().policies / "444455556666.json")
    run_forked("baseline", "save", "june", *given, "--as-of", "2026-06-30").check_returncode()

    def trends(*more: str) -> tuple[int, str]:
        done = run_forked("review", *given, *more, "--format", "html", "--output", page)
        done.check_returncode()
        return page.read_text(encoding="utf-8").count("<h2>Trend, 2026-06-30 to "), done.stderr

    assert trends()[0] == 1
    assert trends("--principal", "audit-reader")[0] == 0  # the baseline has all principals
    (data / "baselines" / "june" / "manifest.json").write_text("{}", encoding="utf-8")
    number, said = trends()
    assert number == 0
    assert "the page has no trend: " in said


def test_no_trend_without_baselines(sample: str, open_page: Opener) -> None:
    expect(open_page(sample).get_by_role("heading", name="Trend")).to_have_count(0)


# ---------------------------------------------------------------- red only for what needs a person

RED = """(part) => {
  const bad = document.createElement('i');
  bad.style.color = 'var(--bad)';
  document.body.append(bad);
  const color = getComputedStyle(bad).color;
  const texts = new Set();
  for (const root of document.querySelectorAll(part)) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (walker.currentNode.data.trim() && node.checkVisibility() && getComputedStyle(node).color === color)
        texts.add(node.textContent.trim());
    }
  }
  bad.remove();
  return Array.from(texts);
}"""


ADVICE = ".lead, .tasks, .figures > div:not(:last-child), .whole, #principals"  # the last figure is the days


@pytest.mark.parametrize(("fragment", "part"), [("", ADVICE), (STOREFRONT, "#principal")], ids=["summary", "principal"])
def test_a_safe_replacement_that_removes_all_shows_nothing_in_red(open_page: Opener, fragment: str, part: str) -> None:
    page = open_page(render_review(report_of([storefront()]), "html"), fragment=fragment)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    page.wait_for_function("document.querySelectorAll('.verdicts[open]:not(:has(table))').length === 0")
    assert page.locator(part.partition(",")[0]).first.is_visible()
    assert page.evaluate(RED, part) == []


def test_removed_dangers_of_the_summary_are_no_alarm(sample: str, open_page: Opener) -> None:
    page = open_page(sample)
    tile = page.locator(".figures > div", has_text="dangerous grants removed")
    expect(tile).not_to_have_class("alarming")
    assert "Write 20 safe replacements" not in " ".join(page.evaluate(RED, "main"))


def test_what_needs_a_person_is_red(sample: str, open_page: Opener) -> None:
    red = open_page(sample).evaluate(RED, "main")
    assert "Ask the owner of 1 principal about unusual, dangerous calls" in red
    page = open_page(sample, fragment=DEPLOYER)
    assert any("475" in text for text in page.evaluate(RED, "main"))  # its replacement isn't safe yet


# ---------------------------------------------------------------- commands


def copied_text(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard ? navigator.clipboard.readText() : copied")
    return text


def test_every_command_is_copied_in_one_line(sample: str, open_page: Opener) -> None:
    page = open_page(sample, permissions=["clipboard-read", "clipboard-write"], width=390)
    page.evaluate(
        "window.copied = ''; document.addEventListener('copy', () => { copied = getSelection().toString(); })"
    )
    commands = page.locator(".tasks .command")
    assert commands.count() > 0
    for number in range(commands.count()):
        command = commands.nth(number)
        command.get_by_role("button", name="Copy").click()
        expect(command.get_by_role("button")).to_have_text("Copied")
        assert copied_text(page) == command.locator("code").text_content()
        assert "\n" not in copied_text(page)
        assert command.evaluate("(box) => box.scrollWidth <= box.clientWidth")
