"""Each kind of caveat has its row, its words and its detector in one module, and one list has them all."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lpgen.core.analysis import caveats
from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS, DETECTORS
from lpgen.core.registry.row import CaveatKind

PACKAGE = Path(__file__).parents[4] / "lpgen"
FOLDER = Path(caveats.__file__).parent
MODULES = [importlib.import_module(f"{caveats.__name__}.{path.stem}") for path in sorted(FOLDER.glob("[a-z]*.py"))]

DETECTED_ELSEWHERE = {"UNPROVEN": "core/analysis/review.py"}
"""Kinds that are found wherever policies are compared."""

NAMED_ELSEWHERE = {
    ("core/analysis/generate.py", "UNPROVEN"),
    ("core/analysis/review.py", "UNPROVEN"),
    ("core/replacements.py", "VERIFICATION"),
    ("report/decisions_file.py", "UNUSUAL_USE"),
    ("report/sarif/review.py", "UNEXPLAINED_USE"),
    ("report/summary.py", "COVERAGE_HOLE"),
    ("report/summary.py", "UNUSUAL_USE"),
    ("report/tasks.py", "COVERAGE_HOLE"),
    ("report/tasks.py", "UNUSUAL_USE"),
}
"""The few kinds that files outside the folder treat in a way of their own. A new kind isn't among them."""


def kinds_named_in(path: Path) -> Iterator[str]:
    """The names of the kinds that a file names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.endswith("Caveat"):
            yield from [node.attr] if node.attr.isupper() else []


def detectors_of(module: ModuleType) -> Iterator[object]:
    """The functions of a module that find caveats."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and list(inspect.signature(function).parameters) == ["inputs"]:
            yield from [function] if name.lstrip("_").startswith("find_") else []


def test_the_list_has_every_kind_once() -> None:
    defined = [kind for group in CaveatKind.__subclasses__() for kind in group]
    assert sorted(CAVEAT_KINDS) == sorted(defined)
    assert len({kind.name for kind in CAVEAT_KINDS}) == len(CAVEAT_KINDS)


def test_the_list_has_every_detector_once() -> None:
    found = [detector for module in MODULES for detector in detectors_of(module)]
    assert len(found) > 20
    assert sorted(map(repr, DETECTORS)) == sorted(map(repr, found))


@pytest.mark.parametrize("kind", CAVEAT_KINDS, ids=repr)
def test_a_kind_is_detected_in_the_module_of_its_row(kind: CaveatKind) -> None:
    defined = Path(inspect.getfile(type(kind)))
    place = PACKAGE / DETECTED_ELSEWHERE[kind.name] if kind.name in DETECTED_ELSEWHERE else defined
    assert kind.name in kinds_named_in(place)


def test_few_files_elsewhere_name_a_kind() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if path.parent != FOLDER]
    assert {
        (str(path.relative_to(PACKAGE)), name) for path in paths for name in kinds_named_in(path)
    } == NAMED_ELSEWHERE
