"""The page of an explanation in a browser: one picture for each width, whose texts stay in their boxes."""

from __future__ import annotations

from itertools import cycle

import pytest

from lpgen.core.explanations import Explanation
from lpgen.report.render import EXPLANATION
from tests.browser.conftest import Opener
from tests.browser.test_review_hostile import HANDLERS, NAMES
from tests.report.explanations import everything
from tests.report.hostile import poison

OUTSIDE = """() => [...document.querySelectorAll("svg.request")].filter((picture) => picture.checkVisibility())
  .flatMap((picture) => [...picture.querySelectorAll("text")])
  .filter((text) => text.getComputedTextLength() > text.parentNode.width.baseVal.value)
  .map((text) => text.textContent)"""
SHOWN = """() => [...document.querySelectorAll("svg.request")].filter((picture) => picture.checkVisibility())
  .map((picture) => picture.getAttribute("class"))"""


@pytest.mark.parametrize(("width", "shown"), [(360, "request narrow"), (1280, "request wide")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_picture_is_shown_and_its_texts_fit(open_page: Opener, width: int, shown: str, scheme: str) -> None:
    page = open_page(EXPLANATION.text(everything(), "html"), width=width, color_scheme=scheme)
    assert page.evaluate(SHOWN) == [shown]
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_wide_picture_is_printed(open_page: Opener) -> None:
    page = open_page(EXPLANATION.text(everything(), "html"), width=700)
    page.emulate_media(media="print")
    assert page.evaluate(SHOWN) == ["request wide"]


def test_hostile_names_do_nothing_in_the_picture(open_page: Opener) -> None:
    names = cycle(NAMES)
    found: Explanation = poison(everything(), lambda text: text + next(names))
    page = open_page(EXPLANATION.text(found, "html"), width=1280)
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.querySelectorAll('script, img, iframe, object, embed, form, a').length") == 0
    assert page.evaluate(HANDLERS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
