"""A large review in a browser, from `file://`: what lies beside the page is loaded on demand, and can't act on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from lpgen.core.findings import Report
from tests.browser.conftest import Opener
from tests.browser.test_review_hostile import NAMES, check_inert, open_every_principal
from tests.browser.test_review_principal import STOREFRONT
from tests.browser.test_review_summary import shown_labels
from tests.report.hostile import CORPUS, poison
from tests.report.pages_with_files import Pages, pages_of
from tests.report.rendered import render_review
from tests.report.reports import large_report, organization, report_of
from tests.report.review_reader import with_documents
from tests.report.safe_cases import storefront

PLACE = "can't be read. The folder review-files must be next to this page"


@pytest.fixture(scope="module")
def pages() -> Pages:
    return pages_of(organization())


def open_pages(open_page: Opener, pages: Pages, folder: Path, **options: object) -> Page:
    """Opens a page whose files lie where it looks for them: pages of tests are written to their folder."""
    pages.write(folder)
    return open_page(pages.html, **options)


def follow(page: Page, arn: str) -> None:
    page.evaluate("(arn) => { location.hash = addressOf({ p: arn }); }", arn)


def test_a_principal_is_loaded_from_its_file_and_shows_what_one_page_shows(
    pages: Pages, open_page: Opener, tmp_path: Path
) -> None:
    page, whole = open_pages(open_page, pages, tmp_path), open_page(render_review(organization(), "html"))
    arns: list[str] = page.evaluate("rows.map((one) => one.arn)")
    assert arns == whole.evaluate("rows.map((one) => one.arn)")
    assert page.locator("iframe").count() == 0
    for arn in arns:
        for one in (page, whole):
            follow(one, arn)
            expect(one.locator("#principal-title")).to_be_visible()
            one.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
            one.wait_for_function("document.querySelectorAll('.verdicts[open]:not(:has(table))').length === 0")
        texts = [one.locator("#principal").inner_text() for one in (page, whole)]
        assert texts[0] == texts[1]
    check_inert(page)


def test_the_table_of_data_is_the_table_of_one_page(pages: Pages, open_page: Opener, tmp_path: Path) -> None:
    page, whole = open_pages(open_page, pages, tmp_path), open_page(render_review(organization(), "html"))
    for one in ("#summary", "#search=role&sort=-granted", "#only=held&sort=label"):
        found = []
        for shown in (page, whole):
            shown.evaluate("(hash) => { location.hash = hash; }", one)
            shown.evaluate("() => new Promise((done) => setTimeout(done, 0))")
            found.append(
                shown.locator("#principals").evaluate(
                    """(table) => table.outerHTML.replaceAll(/ data-(at|arn|account)="[^"]*"/g, "")"""
                )
            )
        assert "".join(found[0].split()) == "".join(found[1].split())


def test_links_lead_to_a_principal_and_its_part(pages: Pages, open_page: Opener, tmp_path: Path) -> None:
    page = open_pages(open_page, pages, tmp_path, fragment=f"{STOREFRONT}&at=policies")
    expect(page.get_by_role("heading", level=1)).to_contain_text("role/app/storefront-api")
    expect(page.locator(".target")).to_be_in_viewport()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("storefront-api")
    page.keyboard.press("Escape")
    expect(page.locator("#summary")).to_be_visible()


def test_the_last_of_principals_opened_at_once_is_shown(pages: Pages, open_page: Opener, tmp_path: Path) -> None:
    page = open_pages(open_page, pages, tmp_path)
    arns: list[str] = page.evaluate("rows.map((one) => one.arn)")
    page.evaluate("(arns) => { for (const arn of arns) { location.hash = addressOf({ p: arn }); follow(); } }", arns)
    expect(page.locator("#principal-title")).to_be_visible()
    expect(page.locator("#principal-title bdi")).to_have_text(page.evaluate("rows.at(-1).label"))
    assert page.locator("iframe").count() == 0


def test_the_page_opens_under_a_name_that_is_no_address(browser: Browser, tmp_path: Path) -> None:
    pages = pages_of(with_documents(), "a b#1?%-files")
    page = browser.new_page()
    page.goto(pages.write(tmp_path, "a b#1?%").as_uri())
    follow(page, page.evaluate("rows[0].arn"))
    expect(page.locator("#principal .figures")).to_be_visible()
    page.close()


# ---------------------------------------------------------------- files that are missing, of others, or damaged


def _remove(_pages: Pages, folder: Path) -> None:
    shutil.rmtree(folder)


def _mix(pages: Pages, folder: Path) -> None:
    other = pages_of(large_report(12))
    for name in pages.files:
        (folder / name).write_text(other.files[name], encoding="utf-8")


def _exchange(pages: Pages, folder: Path) -> None:
    """Files of a review that says it is this one, of other principals."""
    other = pages_of(large_report(12))
    for name in pages.files:
        (folder / name).write_text(other.files[name].replace(other.digest, pages.digest), encoding="utf-8")


def _cut(pages: Pages, folder: Path) -> None:
    for name, text in pages.files.items():
        (folder / name).write_text(text[: len(text) // 3], encoding="utf-8")


def _break(pages: Pages, folder: Path) -> None:
    for name, text in pages.files.items():
        (folder / name).write_text(text.replace('{"principal":{', '{"principal":['), encoding="utf-8")


@pytest.mark.parametrize("spoil", [_remove, _mix, _exchange, _cut, _break])
def test_data_that_are_not_the_pages_own_are_refused_in_words(
    spoil: Callable[[Pages, Path], None], pages: Pages, browser: Browser, tmp_path: Path
) -> None:
    page = browser.new_page()
    file = pages.write(tmp_path)
    spoil(pages, tmp_path / "review-files" / pages.digest)
    page.goto(f"{file.as_uri()}{STOREFRONT}")
    expect(page.get_by_role("alert")).to_contain_text(PLACE, timeout=10_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("role/app/storefront-api")
    page.get_by_role("link", name="All principals").click()
    assert len(shown_labels(page)) == len(organization().proposals)
    pages.write(tmp_path)  # the folder is put where it belongs
    page.locator("#principals").get_by_role("link", name="role/app/storefront-api").click()
    expect(page.locator("#principal .figures")).to_be_visible()
    page.close()


HOSTILE_FILES = (
    "<script>parent.document.title = 'pwned'; parent.pwned = 1; top.location = 'about:blank'</script>",
    "<script>addEventListener('message', ({source}) => source.postMessage(DATA, '*'))</script>",
    "<script>for (const one of [null, 1, {}, [], '', '{}', 'null', '[]', '{\"principal\":null}']) "
    "parent.postMessage(one, '*')</script>",
    "<script>alert(1); open('about:blank'); document.write('<img src=x onerror=alert(1)>')</script>",
    "<script>location = 'javascript:parent.pwned=1'</script>",
    "<meta http-equiv=refresh content='0;url=javascript:parent.pwned=1'>",
    "<form action='about:blank' target=_top><input name=x></form><script>document.forms[0].submit()</script>",
)


@pytest.mark.parametrize("content", HOSTILE_FILES)
def test_a_file_of_somebody_else_reaches_nothing_of_the_page(
    content: str, pages: Pages, browser: Browser, tmp_path: Path
) -> None:
    """Whoever can write the files could write the page; but the page trusts them no more than the texts in them."""
    context = browser.new_context()
    page = context.new_page()
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    file = pages.write(tmp_path)
    text = content.replace("DATA", json.dumps(_hostile_answer(pages)).replace("<", "\\u003c"))
    for name in pages.files:
        (tmp_path / "review-files" / pages.digest / name).write_text(f"<!DOCTYPE html>{text}", encoding="utf-8")
    page.goto(file.as_uri())
    title = page.title()
    follow(page, page.evaluate("rows[0].arn"))
    expect(page.locator("#principal-title")).to_be_visible(timeout=10_000)
    assert page.url.startswith(file.as_uri())
    assert title in page.title()
    page.evaluate("closeFile()")
    check_inert(page)
    assert dialogs == []
    assert len(context.pages) == 1
    context.close()


def _hostile_answer(pages: Pages) -> str:
    """The data of the first principal with every text but its name hostile."""
    data, names = pages.data["principal-0"], cycle(NAMES)
    changed = _with_texts(data, names)
    changed["principal"]["arn"] = data["principal"]["arn"]
    return json.dumps(changed)


def _with_texts(value: Any, texts: Iterator[str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_texts(one, texts) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_texts(one, texts) for one in value]
    return next(texts) if isinstance(value, str) else value


# ---------------------------------------------------------------- hostile texts, many principals, no scripts


@pytest.fixture
def poisoned() -> Pages:
    texts = cycle([text for text in (*CORPUS, *NAMES) if text])  # no principal is without an ARN, which its link needs
    whole: Report = poison(organization(), lambda _text: next(texts))
    return pages_of(whole)


def test_hostile_texts_are_shown_and_do_nothing(poisoned: Pages, open_page: Opener, tmp_path: Path) -> None:
    page = open_pages(open_page, poisoned, tmp_path)
    assert open_every_principal(page) == page.evaluate("rows.length")


@pytest.mark.parametrize("width", [1280, 390])
def test_roles_of_hostile_names_open(open_page: Opener, width: int, tmp_path: Path) -> None:
    report = report_of([replace(storefront(), name=name) for name in NAMES])
    page = open_pages(open_page, pages_of(report), tmp_path, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert open_every_principal(page) == len(NAMES)


def test_all_principals_are_there_without_scripts(pages: Pages, open_page: Opener, tmp_path: Path) -> None:
    page = open_pages(open_page, pages, tmp_path, java_script_enabled=False)
    expect(page.get_by_text("Scripts are off")).to_be_visible()
    expect(page.locator("#principals")).to_be_hidden()
    rows = page.locator("noscript tbody tr")
    assert rows.count() == len(organization().proposals)
    expect(rows.first).to_be_visible()


def test_only_the_first_of_many_rows_are_made_until_more_are_wanted(open_page: Opener, tmp_path: Path) -> None:
    pages = pages_of(large_report(1_200))
    page = open_pages(open_page, pages, tmp_path)
    assert len(shown_labels(page)) == 100
    expect(page.locator("#shown")).to_have_text("1,200 of 1,200 match")
    for shown in (200, 400, 800, 1_200):
        page.get_by_role("button", name="Show more").click()
        assert len(set(shown_labels(page))) == shown
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    page.fill("#search", "0007")
    assert len(shown_labels(page)) == 1
    page.fill("#search", "")
    assert len(shown_labels(page)) == 100
