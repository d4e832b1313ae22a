"""What the documents point to is there: files, folders and headings; and what code names as a document, too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.documents import README, ROOT

_FOLDERS = ("docs", "examples", "sample_logs", "action_catalog", "bench", ".ci", "lpgen")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in _FOLDERS for page in (ROOT / folder).rglob("*.md"))])
_FENCE = re.compile(r"^(\s*)(```+|~~~+).*?^\s*\2[`~]*\s*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)>\s]+)|^ {0,3}\[[^\]]+\]:\s*<?([^>\s]+)|\s(?:href|src)=\"([^\"]+)\"", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.+?)(?: +#+)? *$", re.MULTILINE)


def links_of(text: str) -> list[str]:
    """The targets of the links and pictures of a page, those in code left out."""
    return ["".join(found) for found in _LINK.findall(_CODE.sub("", _FENCE.sub("", text)))]


def anchors_of(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    anchors, seen = set(), Counter[str]()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def broken_links(page: Path, root: Path = ROOT) -> list[str]:
    """The relative links of a page that lead nowhere, or out of the project."""
    broken = []
    for link in links_of(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (page.parent / place).resolve() if place else page
        there = target.exists() and target.is_relative_to(root)
        if not there or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Why `this`?\n## Twice\n## Twice\n[a](#why-this) [b](#twice-1) [c](#gone) ![d\nd](gone.png)\n"
        "`[e](in-code)` [f](https://elsewhere.example) [`g`](<gone.md#x>)\n[h]: gone.txt\n"
        "```text\n[i](in-code) # no heading\n# In code\n```\n[j](#in-code)\n",
        encoding="utf-8",
    )
    assert broken_links(page, tmp_path) == ["#gone", "gone.png", "gone.md#x", "gone.txt", "#in-code"]


def test_readme_leads_to_every_document() -> None:
    linked = {link.partition("#")[0] for link in links_of(README.read_text(encoding="utf-8"))}
    pages = {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"}
    assert pages <= linked


def test_every_document_that_code_names_is_there() -> None:
    files = [ROOT / "Makefile", *(ROOT / ".ci").iterdir()]
    for folder in ("lpgen", "tests", "examples", "bench", "docs", "action_catalog", "sample_logs"):
        files += [path for end in ("py", "sh", "yml") for path in (ROOT / folder).rglob(f"*.{end}")]
    named = {(path, name) for path in files for name in re.findall(r"\b(?:tests/)?docs/[\w./-]*\w", _text(path))}
    assert [f"{path.relative_to(ROOT)}: {name}" for path, name in sorted(named) if not (ROOT / name).exists()] == []


def _text(path: Path) -> str:
    """The text of a file, without addresses on the web."""
    return re.sub(r"https?://\S+", "", path.read_text(encoding="utf-8"))
