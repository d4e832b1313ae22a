"""Pages, help, messages, docstrings and comments contain no phrase that native readers stumble over.

https://developers.google.com/style/word-list
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.documents import ROOT

PHRASES: Final = {
    r"so that": "so, or a full stop",
    r"of which|by which|of whom|to whom|whom": "which, or two sentences",
    r"beside(?!-)": "next to, or in addition to",
    r"told": "shown, or named",
    r"stands? for": "means, or represents",
    r"stands? on|goes with|comes? of": "is based on, belongs to, results from",
    r"is it alone|by itself alone|(?:them|it|those|these|which|actions|names|reads) alone": "only",
    r"but for": "except",
    r"in vain": "without success",
    r"seldom|lately|anew|hardly|whoever": "rarely, recently, again, almost not, anyone who",
    r"for want of": "without, or because there is no",
    r"if need be": "if necessary",
    r"speaks? against": "objects to, or is a reason not to",
    r"what becomes of|what became of": "what happens to, or the result",
    r"makes? of it": "results",
    r"mends?|mended": "fix",
    r"tries to be|is rid of|be rid of": "remove",
    r"in force": "current",
    r"leave to (?:read|write)": "access",
    r"(?<!there )is no (?:address|day|file|folder|resource|principal|evidence|sign|reason|caveat|name|date)": "isn't a",
    r"taken to be": "assumed to be",
    r"refused by": "denied by",
    r"nothing drifted": "no drift found",
    r"by harm": "by risk",
    r"long-lived": "long-term",
    r"access lists?": "ACL",
    r"(?:switches|switched|switch) off": "turn off",
    r"how to print": "the output format",
    r"everything if omitted|any resource if omitted": "by default, all or any",
    r"(?:policies are|policy is) here": "how many policies there are",
    r"lets? it through|stops it, because": "allows it, or denies it",
    r"safe, none open": "safe",
    r"whose credentials to use": "to use",
    r"leaves? room": "isn't exceeded",
    r"killed runs left(?! behind)": "left behind",
    r"who may do what": "permissions",
    r"before anything else": "first",
    r"or the like": "such as",
    r"lets? it pass": "allows it",
    r"went quiet|gone quiet": "became inactive",
    r"removed though": "removed, although",
    r"end the membership": "remove the user from the group",
    r"unless you know": "if you didn't expect this",
    r"records of only": "records only of",
    r"something else each time": "something different each time",
    r"the bucket of the log files": "the log bucket",
    r"no record is newer": "no newer records",
}
"""What to say instead of each phrase."""

_QUOTED: Final = re.compile(r"`[^`\n]*`|https?://\S+")
_SOURCES: Final = ("lpgen", "action_catalog", "bench")
_WORLDS: Final = ROOT / "bench" / "corpus" / "kinds"
"""Texts here are data of test worlds, and half of them are held back."""


def texts_of_page(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside its code blocks."""
    is_code = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, line


def texts_of_module(path: Path) -> Iterator[tuple[int, str]]:
    """The comments of a module, and its strings with a space, docstrings among them."""
    text = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield from enumerate(node.value.splitlines(), start=node.lineno)


def pages() -> list[Path]:
    found = [ROOT.glob("*.md"), *(ROOT.joinpath(folder).rglob("*.md") for folder in ("docs", "action_catalog"))]
    return sorted(path for paths in found for path in paths if path.name != "CODE_OF_CONDUCT.md")


def modules() -> list[Path]:
    found = (path for folder in _SOURCES for path in ROOT.joinpath(folder).rglob("*.py"))
    return sorted(path for path in found if _WORLDS not in path.parents)


def stumbles(path: Path, texts: Iterator[tuple[int, str]]) -> Iterator[str]:
    for number, text in texts:
        for phrase, instead in PHRASES.items():
            for found in re.finditer(rf"\b(?:{phrase})\b", _QUOTED.sub("", text), re.IGNORECASE):
                yield f"{path.relative_to(ROOT)}:{number}: `{found[0]}`: say {instead}"


@pytest.mark.parametrize("phrase", PHRASES)
def test_phrase_is_found_where_it_stands(phrase: str) -> None:
    example = re.sub(r"\(\?:([^|)]*)[^)]*\)|\|.*|\?", r"\1", phrase)
    assert list(stumbles(ROOT / "README.md", iter([(1, f"It {example} x.")])))


def test_pages_use_no_phrase_that_readers_stumble_over() -> None:
    assert [found for path in pages() for found in stumbles(path, texts_of_page(path))] == []


def test_modules_use_no_phrase_that_readers_stumble_over() -> None:
    assert [found for path in modules() for found in stumbles(path, texts_of_module(path))] == []
