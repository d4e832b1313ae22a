"""Hostile names in a browser: they are shown, and do nothing; and what got in all the same would be stopped."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import pytest
from playwright.sync_api import Browser, Page, Route

from lpgen.core.findings import Report
from tests.browser.conftest import Opener
from tests.report.hostile import CORPUS, poison
from tests.report.rendered import render_review
from tests.report.reports import organization, report_of
from tests.report.review_reader import with_documents
from tests.report.safe_cases import storefront

NAMES = (
    "<script>window.pwned = 1</script>",
    "</script><script>window.pwned = 1</script>",
    "<img src=x onerror=window.pwned=1>",
    '" onfocus="window.pwned=1" autofocus="',
    "' onmouseover='window.pwned=1",
    "javascript:window.pwned=1",
    "</style><style>body{display:none}</style>",
    "<!--<script>",
    "]]><svg onload=window.pwned=1>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "${window.pwned=1}{{window.pwned=1}}",
    "#p=x&at=walls",
    "a\u2028b\u2029c",
    "evil\u202etxt.exe\u2066",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\x00\x07\x1b[2J",
    "__proto__",
    "constructor",
    "x" * 3000,
)
ELEMENTS = """() => Array.from(
  document.querySelectorAll('script:not([type]), img, iframe, object, embed, form, base, link'),
  (one) => one.tagName).sort()"""
HANDLERS = """() => Array.from(document.querySelectorAll('*')).flatMap((one) => one.getAttributeNames())
  .filter((name) => name.startsWith('on') || name === 'style' || name === 'src')"""


def check_inert(page: Page) -> None:
    """Fails if anything stands in the page that a text could have brought."""
    assert page.evaluate("window.pwned") is None
    assert page.evaluate(ELEMENTS) == ["FORM", "SCRIPT"]
    assert page.evaluate(HANDLERS) == []


def open_every_principal(page: Page) -> int:
    """Opens each principal, unfolds all and touches every line; returns how many there were."""
    hashes = page.evaluate("rows.map((one) => one.node().querySelector('a').hash)")
    for one in hashes:
        page.evaluate("(hash) => { location.hash = hash; }", one)
        page.wait_for_function("() => shownPrincipal !== null && document.getElementById('principal-title')")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.evaluate("document.querySelectorAll('.noted').forEach((one) => one.click())")
        page.evaluate(
            "document.querySelectorAll('.finder input[type=search]').forEach((one) => "
            "{ one.value = 'e'; one.dispatchEvent(new Event('input')); })"
        )
        check_inert(page)
    return len(hashes)


@pytest.mark.parametrize("width", [1280, 390])
def test_roles_of_hostile_names_are_shown_and_do_nothing(open_page: Opener, width: int) -> None:
    report = report_of([replace(storefront(), name=name) for name in NAMES])
    page = open_page(render_review(report, "html"), width=width)
    check_inert(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert open_every_principal(page) == len(NAMES)
    page.evaluate("location.hash = '#summary'")
    page.fill("#search", "<script>")
    assert page.evaluate("rows.filter((one) => one.matches).length") == 3


@pytest.mark.parametrize("start", range(0, len(CORPUS), 6))
def test_hostile_texts_everywhere_are_shown_and_do_nothing(open_page: Opener, start: int) -> None:
    texts = cycle([text for text in (*CORPUS[start : start + 6], *NAMES[start % len(NAMES) :]) if text])
    whole: Report = poison(organization(), lambda _text: next(texts))
    more: Report = poison(with_documents(), lambda _text: next(texts))
    page = open_page(render_review(replace(whole, proposals=(*whole.proposals, *more.proposals)), "html"))
    check_inert(page)
    assert open_every_principal(page) == len(whole.proposals) + len(more.proposals)


def test_policy_of_the_page_stops_what_got_in(browser: Browser, sample: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    requests: list[str] = []

    def answer(route: Route) -> None:
        requests.append(route.request.url)
        route.fulfill(body="x")

    page.route("**/*", answer)
    page.set_content(sample)
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = 'window.pwned = 1';
          const image = document.createElement('img');
          image.src = 'http://evil.example/x.png';
          const box = document.createElement('p');
          box.setAttribute('onclick', 'window.pwned = 1');
          box.setAttribute('style', 'color: red');
          const frame = document.createElement('iframe');
          frame.src = 'http://evil.example/';
          document.body.append(script, image, box, frame);
          box.click();
        }"""
    )
    asked = page.evaluate("fetch('http://evil.example/').then(() => 'answered', () => 'refused')")
    assert asked == "refused"
    assert page.evaluate("window.pwned") is None
    assert requests == []
    assert len(refused) >= 5
    context.close()
