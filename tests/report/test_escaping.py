"""Texts from logs and policies can do nothing to a terminal or a page."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.report.escaping import html_code, markdown_code, markdown_prose, terminal_text
from tests.report.hostile import ACTIVE, CORPUS, PAGE, PageReader
from tests.support.case_tables import each_case
from tests.support.law_examples import examples

texts = st.text() | st.sampled_from(CORPUS) | st.text(st.sampled_from("`|\\*_<>[]()@#:.-1a \n$&~!"), max_size=30)


def read(markdown: str) -> PageReader:
    return PageReader(PAGE.render(markdown))


@given(texts)
def test_terminal_text_holds_visible_characters_only(text: str) -> None:
    assert terminal_text(text).isprintable()


@given(texts, texts)
def test_terminal_text_keeps_different_texts_different(one: str, other: str) -> None:
    assert (terminal_text(one) == terminal_text(other)) is (one == other)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("arn:aws:s3:::b/ключ", "arn:aws:s3:::b/ключ"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb", "a\\x0ab"),
        ("a\\nb", "a\\\\nb"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_terminal_text_escapes_visibly(text: str, shown: str) -> None:
    assert terminal_text(text) == shown


@given(texts)
@settings(max_examples=examples(300))
def test_markdown_code_is_one_code_span(text: str) -> None:
    page = read(f"before {markdown_code(text)} after")
    assert page.tags <= {"p", "code"}
    assert "".join(page.prose).split() == ["before", "after"]


@given(texts)
@settings(max_examples=examples(300))
def test_markdown_code_stays_in_its_cell(text: str) -> None:
    page = PAGE.render(f"| a | b |\n| --- | --- |\n| {markdown_code(text)} | end |")
    assert page.count("<td>") == 2
    assert "<td>end</td>" in page


@given(texts)
@settings(max_examples=examples(300))
def test_markdown_code_shows_the_text(text: str) -> None:
    found = re.fullmatch(r"<p>x <code>(.*)</code></p>\n", PAGE.render(f"x {markdown_code(text)}"), re.DOTALL)
    assert found is not None
    # HTML collapses runs of spaces; everything else must be there, with the pipe still escaped outside of tables.
    shown = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert shown.replace("&#32;", " ").replace("\\|", "|").strip() == terminal_text(text).strip()


@each_case("frame, text", list(product(["{}", "- {}", "1. {}", "> {}", "**Note:** {}", "a {} b"], CORPUS)))
def test_markdown_prose_makes_nothing_of_hostile_texts(frame: str, text: str) -> None:
    check_prose(frame.format(markdown_prose(text)))


@given(texts)
@settings(max_examples=examples(300))
def test_markdown_prose_makes_nothing_of_any_text(text: str) -> None:
    check_prose(f"- {markdown_prose(text)}")


def check_prose(markdown: str) -> None:
    page = read(markdown)
    assert page.tags <= {"p", "code", "ul", "ol", "li", "blockquote", "strong"}
    assert not ACTIVE.search(" ".join(page.prose)), page.prose
    assert PAGE.render(markdown).count("<li>") <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the logs cover 61 days, fewer than 90", "the logs cover 61 days, fewer than 90"),
        ("used s3:GetObject on arn:aws:s3:::b/k.", "used `s3:GetObject` on `arn:aws:s3:::b/k`."),
        ("no action for `s3:Get Thing` here", "no action for `s3:Get Thing` here"),
        ("no action for `s3:Getx` in own, statement 3", "no action for `s3:Getx` in own, statement 3"),
        ("12 records, 246 → 9 (3/5)", "12 records, 246 → 9 `(3/5)`"),
        ("seen in eu-west-1000000 (event 2d7a44c0-9a53)", "seen in `eu-west-1000000` (event `2d7a44c0-9a53`)"),
    ],
)
def test_markdown_prose_keeps_plain_words_and_codes_the_rest(text: str, shown: str) -> None:
    assert markdown_prose(text) == shown


@given(texts)
def test_html_code_holds_one_element(text: str) -> None:
    page = PageReader(html_code(text))
    assert page.tags == {"code"}
    assert page.prose == []


def test_markdown_prose_keeps_what_stands_in_backticks_together() -> None:
    assert (
        markdown_prose("or run `lpgen catalog update` if AWS has it") == "or run `lpgen catalog update` if AWS has it"
    )
    assert markdown_prose("see `a b`, then `c`.") == "see `a b`, then `c`."
    assert markdown_prose("a ` b") == "a `` ` `` b"
    assert markdown_prose("`a b") == "`` `a `` b"
