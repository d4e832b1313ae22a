"""2,000 principals in a browser: how long they take, with bounds that only a mistake breaks."""

from __future__ import annotations

import time

import pytest

from tests.browser.conftest import Opener
from tests.report.rendered import render_review
from tests.report.reports import large_report

PRINCIPALS = 2_000


def test_two_thousand_principals_stay_usable(open_page: Opener, capsys: pytest.CaptureFixture[str]) -> None:
    html = render_review(large_report(PRINCIPALS), "html")
    start = time.perf_counter()
    page = open_page(html)
    took = {"load": time.perf_counter() - start}
    timed = """() => { const start = performance.now(); %s; document.body.offsetHeight;
      return (performance.now() - start) / 1000; }"""
    steps = {
        "filter": "search.value = 'storefront'; search.dispatchEvent(new Event('input'))",
        "clear": "search.value = ''; search.dispatchEvent(new Event('input'))",
        "action": "action.value = 's3:Delete*'; action.dispatchEvent(new Event('input'))",
        "no action": "action.value = ''; action.dispatchEvent(new Event('input'))",
        "sort": "chooseOrder('granted')",
        "open": "location.hash = rows[0].node().querySelector('a').hash; follow()",
        "back": "location.hash = addressOf(viewOfTable()); follow()",
    }
    for name, step in steps.items():
        before = "const [search, action] = ['search', 'action'].map((id) => document.getElementById(id));"
        took[name] = page.evaluate(timed % (before + step))
    with capsys.disabled():
        seconds = ", ".join(f"{name} {value:.2f} s" for name, value in took.items())
        print(f"\n{PRINCIPALS:,} principals, {len(html) / 1e6:.1f} MB: {seconds}")
    shown = page.locator("#principals tbody tr")
    assert shown.count() == 500
    page.get_by_role("button", name="Show more").click()
    assert shown.count() == 1_000
    assert took["load"] < 30
    assert all(value < 20 for name, value in took.items() if name != "load")
