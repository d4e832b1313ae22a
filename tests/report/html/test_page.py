"""The review as HTML: its golden page, and promises that hold whatever the report holds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.app.output import review_page
from lpgen.core.findings import Report, Verdict
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report.escaping import terminal_text
from lpgen.report.html.page import rows_of
from lpgen.report.views import PrincipalView
from tests.report.cases import Case
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, poisoned_report
from tests.report.rendered import render_review, summarize
from tests.report.reports import large_report, organization, report_of
from tests.report.review_reader import ReviewReader, with_documents
from tests.report.safe_cases import storefront
from tests.report.unsafe_cases import inventory
from tests.support.law_examples import examples

TAGS = frozenset(
    re.findall(
        r"[a-z0-9]+",
        "html head meta title style body a header p button noscript code main article section h1 h2 h3 dl div dt dd b "
        "span figure svg rect path circle text figcaption nav ol ul li details summary form label input select option "
        "table thead tbody tr th td footer script dialog kbd",
    )
)
RUNS = re.compile(r"on[a-z]+|style|src|srcset|srcdoc|action|formaction|data|xlink:href|ping|background|poster")


def html_of(report: Report) -> str:
    return render_review(report, "html")


def views_of(report: Report) -> list[PrincipalView]:
    """The principals in the order of a page."""
    views = {proposal.diff.principal.arn: PrincipalView(proposal) for proposal in report.proposals}
    return [views[principal.arn] for principal in summarize(report).principals]


# ---------------------------------------------------------------- what is rendered


@pytest.mark.parametrize(
    ("name", "report"), [("review.html", organization()), ("review-policies.html", with_documents())]
)
def test_html_is_the_golden_page(name: str, report: Report) -> None:
    text = html_of(report)
    page = ReviewReader(text)
    text = text.replace(page.program, "...").replace(page.styles[0], "...")  # files of their own, driven in a browser
    check_golden(name, re.sub(r"sha256-[\w+/]+=*", "sha256-...", text))


def test_html_gives_equal_bytes_for_equal_reports_in_any_order() -> None:
    report = organization()
    assert html_of(report) == html_of(organization())
    assert html_of(report) == html_of(replace(report, proposals=report.proposals[::-1]))


def test_html_of_nothing_says_so() -> None:
    report = report_of([])
    empty = replace(report, diff=replace(report.diff, coverage=coverage_from_usage(EMPTY_USAGE)))
    texts = " ".join(ReviewReader(html_of(empty)).texts)
    assert "No principals to review." in texts
    assert "No record was read." in texts


def test_html_summary_is_complete_without_scripts() -> None:
    report = organization()
    page = ReviewReader(html_of(report))
    texts = " ".join(" ".join(page.texts).split())
    assert "5 safe" in texts
    assert "Wait until the logs reach 2026-12-09" in texts
    assert "no record from 2026-07-04 to 2026-08-31" in texts
    assert "Scripts are off" in texts
    for view in views_of(report):
        assert view.diff.principal.name in texts
        assert f"{view.counts.granted:,}" in texts


def test_html_links_every_principal_of_a_task_to_its_page() -> None:
    page = ReviewReader(html_of(large_report(60)))
    arns = {row[1] for row in page.data["rows"]["rows"]}
    links = [unquote(a["href"].removeprefix("#p=")) for tag, a in page.elements if tag == "a" and "#p=" in a["href"]]
    assert len(arns) == 60
    assert set(links) == arns
    assert len(links) == 60


def test_html_says_of_every_action_what_becomes_of_it() -> None:
    report = organization()
    data = ReviewReader(html_of(report)).data
    actions = [f"{service}:{name}" for service, names in data["actions"] for name in names]
    for number, view in enumerate(views_of(report)):
        found: Counter[tuple[str, str]] = Counter()
        known = actions + data[f"principal-{number}"].get("more-actions", [])
        for group in data[f"principal-{number}"]["principal"]["verdicts"]:
            for _, _, _, ranges in group["rows"]:
                found.update((known[at], group["verdict"]) for at in numbers_of(ranges))
        assert found == Counter((verdict.action, verdict.verdict) for verdict in view.diff.assessment.verdicts)


def numbers_of(ranges: str) -> list[int]:
    ends = [tuple(map(int, part.split("-"))) for part in ranges.split(",")]
    return [number for end in ends for number in range(end[0], end[-1] + 1)]


def test_html_walls_let_through_what_is_granted_seen_and_stays() -> None:
    report = organization()
    data = ReviewReader(html_of(report)).data
    for number, view in enumerate(views_of(report)):
        walls = data[f"principal-{number}"]["principal"]["walls"]
        granted, seen, stays, unseen = (
            sum(level[at] for service in walls for level in service["levels"]) for at in range(4)
        )
        assert granted == view.counts.granted
        assert seen == view.counts.used + view.counts.attempted
        if view.has_documents:
            assert (stays, granted - stays) == (view.counts.kept, view.counts.removed)
            assert unseen == view.counts.kept_unseen


def test_html_gathers_the_smallest_services_behind_one_hole() -> None:
    walls = ReviewReader(html_of(organization())).principal("platform-deployer")["principal"]["walls"]
    assert [wall["name"] for wall in walls[:3]] == ["cloudformation", "ecs", "iam"]
    assert len(walls) == 10
    assert walls[-1]["others"] == 1
    assert walls[-1]["name"].endswith("more services")


def test_html_shows_policies_that_can_be_copied_as_they_stand() -> None:
    report = with_documents()
    page = ReviewReader(html_of(report))
    policies = page.principal("storefront-api")["principal"]["policies"]
    old, new = policies["old"][0], policies["new"][0]
    text = page.data[f"document-{old['document']}"]
    lines, statements = text.split("\n"), json.loads(text)["Statement"]
    assert [statement["Effect"] for statement in statements] == ["Allow", "Allow", "Deny"]
    assert [lines[at].strip() for at in old["starts"]] == ["{"] * 3
    (proposal,) = [proposal for proposal in report.proposals if proposal.diff.principal.name == "storefront-api"]
    assert proposal.replacement
    assert json.loads(new["text"]) == json.loads(proposal.replacement.documents[0].text)


def test_html_has_evidence_for_every_action_of_a_replacement() -> None:
    page = ReviewReader(html_of(with_documents()))
    policies = page.principal("storefront-api")["principal"]["policies"]
    new = policies["new"][0]
    noted = dict(new["notes"])
    actions = [at for at, text in enumerate(new["text"].split("\n")) if re.search(r'"(s3|dynamodb):', text)]
    assert len(actions) == 7
    marks = Counter(policies["notes"][noted[at]][0] for at in actions)
    assert marks == {"observed": 4, "kept": 3}
    assert "5,211 records" in json.dumps(
        [page.principal("storefront-api")["lines"][at] for note in policies["notes"] for at in note[1:]]
    )


def test_html_says_what_each_old_line_stands_for_and_which_new_ones_narrow_it() -> None:
    page = ReviewReader(html_of(with_documents()))
    policies = page.principal("storefront-api")["principal"]["policies"]
    old, said = policies["old"][0], json.dumps(page.principal("storefront-api")["lines"])
    assert "9 actions" in said
    assert "none of them has recorded use" in said
    assert "no record, and its use would have shown" in said  # dynamodb:Scan, named beside the wildcard
    assert "carried into the replacement unchanged" in said
    assert len(old["notes"]) == 3 + 3
    assert {tuple(parent) for parent in policies["new"][0]["parents"]} == {(0, 0), (0, 1)}


def test_html_bars_add_up() -> None:
    rows = rows_of(review_page(organization(), bundled_catalog()).parted)
    assert max(sum(share.width for share in row.shares) for row in rows) == 1000
    for row in rows:
        assert sum(share.number for share in row.shares) == row.counts.granted


def test_html_shows_the_days_of_every_use_and_every_refusal() -> None:
    data = ReviewReader(html_of(organization())).data
    for number, view in enumerate(views_of(organization())):
        use = data[f"principal-{number}"]["principal"]["use"]
        seen = [verdict for verdict in view.diff.assessment.verdicts if verdict.evidence]
        assert len(use["rows"] if use else []) == len(seen) + len(view.denied)
        days = {row[0]: row[7] for row in use["rows"] if row[1] != "denied"} if use else {}
        for action, found in view.diff.use.days:
            assert [date.fromisoformat(use["first"]) + timedelta(number) for number in numbers_of(days[action])] == [
                *found
            ]


# ---------------------------------------------------------------- nothing runs, nothing is fetched


def test_html_policy_lets_only_its_own_script_and_style_run() -> None:
    page = ReviewReader(html_of(organization()))
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'{hash_of(page.program)}'",
        "style-src": f"'{hash_of(page.styles[0])}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def hash_of(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_html_names_no_address_to_fetch() -> None:
    text = html_of(organization())
    assert set(re.findall(r"[a-z]+://[^\s\"';)]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in text
    assert "@import" not in text


def test_html_script_parses_nothing_as_html() -> None:
    program = ReviewReader(html_of(report_of([]))).program
    unsafe = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|DOMParser|fetch\(|XMLHttp|import\("
    )
    assert not re.search(unsafe, program)
    assert "</" not in program
    assert program.startswith('"use strict";')


hostile = st.sampled_from(CORPUS) | st.text(max_size=40)
slow = settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_html_lets_no_text_act_on_the_page(texts: list[str]) -> None:
    check_inert(html_of(poisoned(texts)))


def poisoned(texts: list[str]) -> Report:
    found = cycle(texts)
    report = poisoned_report(with_documents(), lambda _text: next(found))
    whole = poisoned_report(organization(), lambda _text: next(found))
    return replace(whole, proposals=(*whole.proposals, *report.proposals))


def check_inert(text: str) -> None:
    """Fails if a text of the report became anything but text."""
    page = ReviewReader(text)
    assert all(line.isprintable() for line in text.split("\n"))
    assert {tag for tag, _ in page.elements} <= TAGS
    assert not [name for _, attributes in page.elements for name in attributes if RUNS.fullmatch(name)]
    assert all(a["href"].startswith("#") for _, a in page.elements if "href" in a)
    assert [a.get("type", "") for tag, a in page.elements if tag == "script"].count("") == 1
    assert all(script.isascii() and "<" not in script for attributes, script in page.scripts if "type" in attributes)
    for string in strings_in(page.data):
        assert string.replace("\n", "").isprintable()


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in (key, *strings_in(one))]
    return [text for one in value for text in strings_in(one)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "name",
    [
        "<script>",
        "</script><script>alert(1)</script>",
        '"onmouseover="alert(1)',
        "javascript:alert(1)",
        "<!--<script>",
        "&lt;script&gt;",
        "'};alert(1);//",
        "</style><style>*{display:none}</style>",
        "a\u2028b\u2029c",
        "evil\u202etxt.exe",
        "\u05e9\u05dc\u05d5\u05dd",
        "x" * 5000,
    ],
)
def test_html_shows_a_role_of_any_name_as_text(name: str) -> None:
    report = report_of([replace(storefront(), name=name), inventory()])
    text = html_of(report)
    page = ReviewReader(text)
    check_inert(text)
    shown = terminal_text(f"role/app/{name}")
    assert shown in page.texts
    (link,) = {
        a["href"] for tag, a in page.elements if tag == "a" and "inventory" not in a["href"] and "#p=" in a["href"]
    }
    assert unquote(link.removeprefix("#p=")) == terminal_text(Case(name, path="/app/").arn)
    assert page.principal(terminal_text(name))["principal"]["label"] == shown


# ---------------------------------------------------------------- colours


def luminance(color: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def colors() -> dict[str, tuple[str, str]]:
    style = ReviewReader(html_of(report_of([]))).styles[0]
    found = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", style)
    return {name: (light, dark) for name, light, dark in found}


TEXT_ON = [
    *((text, back) for text in ("text", "quiet", "link") for back in ("page", "card", "raised", "marked")),
    *((text, back) for text in ("good", "bad") for back in ("page", "card", "raised")),
    ("good", "good-back"),
    ("bad", "bad-back"),
    ("card", "text"),
]
SHAPES_ON = [
    *((mark, "card") for mark in ("seen", "kept", "goes", "wall", "refused", "edge", "focus")),
    ("focus", "page"),
    ("edge", "page"),
    ("seen", "air"),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_html_colors_have_enough_contrast(theme: int) -> None:
    known = colors()
    for pairs, least in ((TEXT_ON, 4.5), (SHAPES_ON, 3.0)):
        for mark, back in pairs:
            assert contrast(known[mark][theme], known[back][theme]) >= least, f"{mark} on {back}"


def test_html_styles_use_no_colour_but_the_checked_ones() -> None:
    style = ReviewReader(html_of(report_of([]))).styles[0]
    declared = set(colors())
    assert set(re.findall(r"var\(--([a-z-]+)\)", style)) <= declared
    outside = re.sub(r"--[a-z-]+: light-dark\([^)]*\);", "", style)
    assert not re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*\{)|rgba?\(|hsla?\(", outside)


def test_verdicts_of_the_organization_are_of_every_kind() -> None:
    kinds = {verdict.verdict for proposal in organization().proposals for verdict in proposal.diff.assessment.verdicts}
    assert kinds == set(Verdict)


def test_styles_and_scripts_know_the_columns_of_the_table() -> None:
    page = render_review(organization(), "html")
    columns = set(re.findall(r'data-key="(\w+)"', page))
    style = page[page.index("<style>") : page.index("</style>")]
    assert set(re.findall(r"\.column-(\w+)", style)) <= columns
    filters = page[page.index('id="only"') :]
    assert set(re.findall(r'value="(\w+)"', filters[: filters.index("</select>")])) <= columns | {"kept_unseen"}
