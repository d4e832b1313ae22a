"""The core has its sentences at module level, next to the code that uses them: no function builds one itself."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from string import Formatter

import pytest

from tests.support.documents import ROOT

CORE = ROOT / "lpgen" / "core"
WORD = re.compile(r"(?<!\S)[a-z]+(?:'[a-z]+)?(?=[,.:;]?(?!\S))")
FEWEST_WORDS = 3

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def sentences_in_functions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and text of each string with several words inside a function.

    Docstrings and errors that are raised are left out, and so are the functions that the fields of a `Row` name.
    """
    yield from _sentences(tree, _functions_of_rows(tree), in_function=False)


def _functions_of_rows(tree: ast.Module) -> frozenset[str]:
    """The names that occur in the fields of rows."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_row(node))
    return frozenset(node.id for call in calls for node in ast.walk(call) if isinstance(node, ast.Name))


def _is_row(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Row"


def _sentences(node: ast.AST, of_rows: frozenset[str], *, in_function: bool) -> Iterator[tuple[int, str]]:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if is_docstring or isinstance(node, ast.Raise) or (not in_function and _is_row(node)):
        return
    if isinstance(node, ast.FunctionDef) and not in_function and node.name in of_rows:
        return
    text = _text(node) if in_function else ""
    if len(WORD.findall(text)) >= FEWEST_WORDS:
        yield getattr(node, "lineno", 0), text
    is_function = in_function or isinstance(node, _FUNCTIONS)
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _sentences(child, of_rows, in_function=is_function)


def _text(node: ast.AST) -> str:
    """The text of a string, with `{}` for each value in it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize(
    "code",
    [
        'def why(service): return f"the principal used {service}"',
        'def why():\n    """Why."""\n    return "it was used elsewhere"',
        'def outer():\n    def inner(): return "it was used elsewhere"\n    return inner',
        'class Finder:\n    def why(self): return ["it was used elsewhere"]',
        'why = lambda: "it was used elsewhere"',
        "def why(region): return f\"{f'in a Region without logs: {region}'}\"",
        'def fail(): note = "it was used elsewhere"; raise ValueError(note)',
        'async def why(): return "it isn\'t used, says IAM"',
    ],
)
def test_a_sentence_in_a_function_is_found(code: str) -> None:
    assert len(list(sentences_in_functions(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        'WHY = "the principal used {service}"\ndef why(service): return WHY.format(service=service)',
        'def why(arn):\n    """It was used elsewhere."""\n    return f"arn:aws:iam::{arn} or s3:Get* in eu-west-1"',
        'def fail(): raise ValueError("it was used elsewhere")',
        'class Kind(CaveatKind):\n    YOUNG = Row("young", "Young.", step=lambda **_: "wait until it is old")',
        'def _step(*, day): return f"wait until {day} at least"\nclass Kind(CaveatKind):\n    A = Row("a", step=_step)',
    ],
)
def test_other_texts_are_no_sentences_in_functions(code: str) -> None:
    assert not list(sentences_in_functions(ast.parse(code)))


def test_no_function_of_the_core_builds_a_sentence() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} says {text!r}: make it a field of a row, or a constant of the module"
        for path in sorted(CORE.rglob("*.py"))
        for line, text in sentences_in_functions(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


# ---------------------------------------------------------------- templates


def wrong_fillings(tree: ast.Module, constants: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """The line and text of each call of `format` on a constant with other values than the constant names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            template = constants.get(node.func.value.id) if isinstance(node.func.value, ast.Name) else None
            if isinstance(template, str):
                named = {re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(template) if name}
                if node.args or {keyword.arg for keyword in node.keywords} != named:
                    yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("call", ["USED.format()", "USED.format(name=1, last=2)", "USED.format(1, name=1)"])
def test_a_template_with_wrong_values_is_found(call: str) -> None:
    tree = ast.parse(f"def why(): return {call}")
    assert list(wrong_fillings(tree, {"USED": "{name.text} was used"})) == [(1, call)]
    assert not list(wrong_fillings(ast.parse("USED.format(name=1)"), {"USED": "{name.text} was used"}))


def test_each_template_of_the_core_gets_its_values() -> None:
    paths = sorted(CORE.rglob("[a-z]*.py"))
    modules = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}
    found = [
        f"{path.relative_to(ROOT)}:{line} {call}"
        for path, name in modules.items()
        for line, call in wrong_fillings(
            ast.parse(path.read_text(encoding="utf-8")), vars(importlib.import_module(name))
        )
    ]
    assert found == []
