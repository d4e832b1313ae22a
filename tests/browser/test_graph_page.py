"""The page of a graph in a browser: its questions, its picture, the panel, keys, and hostile names."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from playwright.sync_api import Page

from lpgen.core.graph.answers import GraphReport, Question
from lpgen.report.render import GRAPH
from tests.browser.conftest import Opener
from tests.browser.test_review_hostile import ELEMENTS, HANDLERS, NAMES
from tests.report.graphs import BUCKET, chain_of, organization_of, report_of

SIZES = (6, 40, 200)
PHONE, DESKTOP = 390, 1280
CONTRASTS = """() => {
  const part = (value) => (value <= 10.3 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = (color) => {
    const [red, green, blue] = color.match(/[0-9.]+/g).map(Number).map(part);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const style = (selector) => getComputedStyle(document.querySelector(selector));
  const box = style(".node rect").fill;
  const strokes = Array.from(document.querySelectorAll("#legend .stroke"), (one) => getComputedStyle(one).stroke);
  return {
    text: ratio(style(".node > svg text").fill, box),
    frame: ratio(style(".frame text").fill, style(".frame rect").fill),
    line: Math.min(...strokes.map((stroke) => ratio(stroke, box))),
  };
}"""


def html_of(report: GraphReport) -> str:
    return GRAPH.text(report, "html")


def answer_of(page: Page) -> str:
    return page.locator("#answer").inner_text()


def node_of(name: str) -> str:
    """The selector of a node."""
    return f".node[aria-label^='{name}']"


@pytest.fixture(scope="module")
def forty() -> str:
    return html_of(organization_of(40))


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("roles", SIZES)
def test_picture_fits_and_reads_well(open_page: Opener, roles: int, scheme: str, width: int) -> None:
    page = open_page(html_of(organization_of(roles)), width=width, color_scheme=scheme)
    assert "can reach administrative rights" in answer_of(page)
    assert page.locator(".node.admin").count() >= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    columns = page.evaluate(
        "Object.values(Object.groupBy(shown.boxes.values(), (box) => box.at)).map((one) => one.length)"
    )
    assert max(columns) <= 12
    found = page.evaluate(CONTRASTS)
    assert found["text"] >= 4.5
    assert found["frame"] >= 4.5
    assert found["line"] >= 3


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("roles", SIZES[:2])
def test_marks_on_lines_are_apart(open_page: Opener, roles: int, width: int) -> None:
    page = open_page(html_of(organization_of(roles)), width=width)
    page.get_by_text("What is cut by the replacements?").click()
    marks = page.evaluate(
        "Array.from(document.querySelectorAll('#picture .line circle'), (one) => [one.cx, one.cy].map((at) => "
        "at.baseVal.value))"
    )
    assert marks
    assert [pair for pair in combinations(marks, 2) if math.dist(*pair) < 14] == []


def test_wide_screen_has_more_columns(open_page: Opener) -> None:
    found = {}
    for width in (DESKTOP, 1500):
        page = open_page(html_of(chain_of(4)), width=width)
        found[width] = page.locator("#picture .head").all_text_contents()
        assert page.evaluate("picture.scrollWidth <= picture.clientWidth")
    assert found[DESKTOP] == ["3 steps or more", "2 steps", "1 step", "To"]
    assert found[1500] == ["4 steps", "3 steps", "2 steps", "1 step", "To"]


def test_kinds_of_use_differ_in_dashes(open_page: Opener, forty: str) -> None:
    page = open_page(forty)
    dashes = {
        use: page.locator(f"#legend .line.{use} .stroke").first.evaluate(
            "(one) => getComputedStyle(one).strokeDasharray"
        )
        for use in ("used", "never", "unseen")
    }
    assert len(set(dashes.values())) == 3
    assert dashes["used"] == "none"


def test_search_and_questions_choose_what_is_shown(open_page: Opener, forty: str) -> None:
    page = open_page(forty)
    page.get_by_text("What does this reach?").click()
    page.fill("#search", "role/ci worker-009")
    page.press("#search", "Enter")
    assert answer_of(page).startswith("worker-009 can reach ")
    page.fill("#search", "customer exports")
    page.press("#search", "ArrowDown")
    page.press("#search", "Escape")
    assert page.locator("#matches").is_hidden()
    page.get_by_text("Who reaches this?").first.click()
    assert "can reach worker-009" in answer_of(page)
    page.go_back()
    page.go_back()
    assert answer_of(page).startswith("administrative rights can reach ")


def test_question_of_the_command_comes_first(open_page: Opener) -> None:
    one = organization_of(40).administrators[0]
    page = open_page(html_of(organization_of(40, question=Question((one,), None))))
    assert page.locator("[name=kind]:checked").input_value() == "out"
    source = next(pair[0] for pair in organization_of(40).network.hops if pair[1] == BUCKET)
    page = open_page(html_of(organization_of(40, question=Question((source,), (BUCKET,)))))
    assert page.locator("[name=kind]:checked").input_value() == "in"
    assert answer_of(page) == "1 principal can reach customer-exports."
    assert page.locator("#note").inner_text().startswith("Only paths from ")


def test_switch_shows_what_the_replacements_cut(open_page: Opener, forty: str) -> None:
    page = open_page(forty)
    assert page.locator("#picture .cut").count() == 0
    places = page.evaluate("[...shown.boxes.values()].map(({x, y}) => [x, y])")
    page.get_by_text("After the replacements", exact=True).click()
    assert page.locator("#picture .cut").count() > 0
    assert page.locator(".node.lost").count() > 0
    assert "fewer than today" in answer_of(page)
    assert page.evaluate("[...shown.boxes.values()].map(({x, y}) => [x, y])") == places
    page.get_by_text("What is cut by the replacements?").click()
    lost = page.evaluate("nodes.filter(({ id }) => shown.reach(id, TODAY) && !shown.reach(id, AFTER)).length")
    assert answer_of(page) == f"The replacements keep {lost} principals from reaching administrative rights."


def test_without_replacements_there_is_no_switch(open_page: Opener) -> None:
    page = open_page(html_of(organization_of(6, compared=False)))
    assert page.locator("[name=when], [value=cut]").count() == 0
    assert "replacements" not in page.inner_text("body")


def test_panel_shows_the_evidence_of_an_edge(open_page: Opener, forty: str) -> None:
    page = open_page(forty)
    page.evaluate("pick({ edge: edges.find((one) => one.evidence.states[0] === 2) })")
    panel = page.locator("#panel").inner_text()
    for text in (
        "It assumes the role.",
        "aws:MultiFactorAuthPresent",
        "AllowWork",
        "the trust policy of",
        "RCPs",
        "Use",
    ):
        assert text in panel
    link = page.locator("#panel a").first
    assert link.get_attribute("href") == "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
    page.evaluate("document.querySelector('#picture .line').dispatchEvent(new Event('click'))")
    assert page.locator("#picture .line.lit").count() == 1


def test_keys_move_between_nodes_and_open_the_evidence(open_page: Opener, forty: str) -> None:
    page = open_page(forty)
    page.locator("#every").focus()
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.tagName"
    assert page.evaluate(focused).startswith("administrative rights")
    page.keyboard.press("ArrowLeft")
    name = page.evaluate(focused)
    assert "administrator" in name
    assert page.locator("#panel h2").inner_text() == name.split(",")[0]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == name
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#panel') !== null")
    page.keyboard.press("Enter")
    assert "Way" in page.locator("#panel").inner_text()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('#picture') !== null")
    page.keyboard.press("Escape")
    assert page.locator("#panel.open").count() == 0


def test_folded_nodes_are_listed_and_come_into_the_picture(open_page: Opener) -> None:
    page = open_page(html_of(organization_of(200)))
    page.locator(".node.more").first.click()
    name = page.locator("#panel li").first.inner_text()
    assert page.locator(node_of(name)).count() == 0
    page.locator("#panel li button").first.click()
    assert page.locator(node_of(name)).count() == 1
    assert page.locator("#panel h2").inner_text() == name


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_hostile_names_are_shown_and_do_nothing(open_page: Opener, width: int) -> None:
    report = report_of(
        [f"arn:aws:iam::111122223333:role/{name}" for name in (*NAMES, *(f"p/{name}" for name in NAMES))]
    )
    page = open_page(html_of(report), width=width)
    for kind in ("in", "out", "cut"):
        for at in range(0, len(NAMES), 3):
            page.evaluate("([kind, at]) => ask({ kind, node: nodes[at].arn })", [kind, at])
            page.evaluate("for (const one of document.querySelectorAll('.node, #picture .line')) one.focus()")
            page.evaluate("pick({ edge: edges[question.chosen[0]] })")
        page.fill("#search", "<script>")
        assert page.locator("#matches [role=option]").count() >= 1
        assert page.evaluate("window.pwned") is None
        assert page.evaluate(ELEMENTS) == ["SCRIPT"]
        assert page.evaluate(HANDLERS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_paths_are_listed(open_page: Opener, forty: str) -> None:
    page = open_page(forty, java_script_enabled=False)
    assert page.locator("#paths h2").first.inner_text().startswith("17 open paths from any principal")
    assert page.locator("#controls").is_hidden()
    assert page.get_by_text("deployer-000 → administrative rights").first.is_visible()


def test_print_has_the_picture_and_its_legend(open_page: Opener, forty: str) -> None:
    page = open_page(forty)
    page.emulate_media(media="print")
    assert page.locator("#controls").is_hidden()
    assert page.locator("#legend").is_visible()
    shape = page.locator("#picture > svg").bounding_box()
    assert shape is not None
    assert shape["width"] <= DESKTOP


def test_2000_roles_are_drawn_quickly(open_page: Opener) -> None:
    page = open_page(html_of(organization_of(2000)))
    took = page.evaluate("(() => { const start = performance.now(); draw(); return performance.now() - start; })()")
    assert took < 2000
    assert page.locator("#picture .line").count() < 600
