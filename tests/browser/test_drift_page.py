"""The page of drift in a browser: complete without scripts, for a phone too, and hostile names do nothing in it."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.browser.conftest import Opener
from tests.browser.test_review_hostile import HANDLERS, NAMES
from tests.report.drifts import drift, poisoned_drift
from tests.report.rendered import render_drift


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_finding_is_open_and_nothing_overflows(open_page: Opener, width: int, scheme: str) -> None:
    page = open_page(render_drift(drift(), "html"), width=width, color_scheme=scheme, java_script_enabled=True)
    assert page.title() == "lpgen drift since week-2, as of 2026-09-23"
    for finding in drift().open:
        assert page.get_by_text(finding.item, exact=True).first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "light dark"


def test_hostile_names_are_shown_and_do_nothing(open_page: Opener) -> None:
    names = cycle(NAMES)
    page = open_page(render_drift(poisoned_drift(lambda _text: next(names)), "html"), width=1280)
    assert page.evaluate("window.pwned") is None
    assert (
        page.evaluate("document.querySelectorAll('script, img, iframe, object, embed, form, base, link').length") == 0
    )
    assert page.evaluate(HANDLERS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
