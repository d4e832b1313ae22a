"""No module reads what a sentence says: whoever wants to know takes the kind and the parameters of a finding."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.documents import ROOT

PACKAGE = ROOT / "lpgen"
PROSE = frozenset({"message", "step", "why", "proposal", "refusal", "advice", "next_step", "problem"})
"""The attributes that hold sentences for people."""

PARTING = frozenset(
    {
        "endswith",
        "find",
        "index",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rindex",
        "rpartition",
    }
    | {"rsplit", "split", "splitlines", "startswith"}
)
MATCHING = frozenset({"findall", "finditer", "fullmatch", "match", "search", "split", "sub"})


def is_prose(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in PROSE


def readings(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions that take a sentence apart, look into it or compare it with a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            parts = node.func.attr in PARTING and is_prose(node.func.value)
            matches = node.func.attr in MATCHING and any(map(is_prose, node.args))
            if parts or matches:
                yield node
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            looks_in = isinstance(node.ops[0], ast.In | ast.NotIn) and is_prose(sides[1])
            texts = any(isinstance(side, ast.Constant) and side.value for side in sides)
            if looks_in or (texts and any(map(is_prose, sides))):
                yield node


@pytest.mark.parametrize(
    "code",
    [
        'caveat.message.startswith("AWS asks")',
        '"SecurityAudit" in caveat.message',
        'hole.why.partition(";")[0]',
        're.match("[:;]", diff.proposal)',
        "CLAUSE.split(diff.proposal)",
        'refusal.why == "its name is taken"',
    ],
)
def test_reading_a_sentence_is_noticed(code: str) -> None:
    assert list(readings(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["caveat.kind is ReplacementCaveat.UNPROVEN", "print(caveat.message)", "if one.why: pass"]
)
def test_naming_a_kind_and_printing_a_sentence_is_fine(code: str) -> None:
    assert not list(readings(ast.parse(code)))


def test_no_module_reads_a_sentence() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {ast.unparse(node)}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != "edge"  # what AWS says has no kind but its words
        for node in readings(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []
