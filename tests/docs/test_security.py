"""SECURITY.md claims nothing that no test attacks."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from tests.support.documents import ROOT

_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_CLAIMS: Final = re.compile(r"can't:\n\n((?:- .*\n(?:  .*\n)*)+)")


def test_security_page_names_only_tests_that_exist() -> None:
    named = _TEST.findall(_page())
    missing = [f"{file}::{test}" for file, test in named if test not in _tests_of(ROOT / file)]
    assert len(named) > 20
    assert missing == []


def test_security_page_backs_every_claim_of_what_cannot_be_done_by_a_test() -> None:
    claims = [claim for block in _CLAIMS.findall(_page()) for claim in re.split(r"^- ", block, flags=re.M) if claim]
    assert len(claims) > 15
    assert [claim for claim in claims if not _TEST.search(claim)] == []


def _page() -> str:
    return (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def _tests_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
