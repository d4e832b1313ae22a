"""Imports go one way: model, errors <- core <- edge, report <- pipeline <- cli, and the core is pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lpgen

PACKAGE = Path(lpgen.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(PACKAGE / "_sample_logs"))

MAY_IMPORT = {
    "errors": set[str](),
    "model": set[str](),
    "core": {"errors", "model", "core"},
    "edge": {"errors", "model", "core", "edge"},
    "report": {"errors", "model", "core", "report"},
    "pipeline": {"errors", "model", "core", "edge", "report", "pipeline"},
    "cli": {"errors", "model", "core", "edge", "report", "pipeline", "cli"},
}
"""By layer: the layers it may import from. The package itself, which holds the version, is open to all."""

WORLD = {
    *("asyncio", "boto3", "botocore", "concurrent", "ctypes", "fileinput", "ftplib", "getpass", "glob", "http", "io"),
    *("logging", "multiprocessing", "os", "pathlib", "platform", "random", "requests", "secrets", "select", "shutil"),
    *("signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}
"""Modules through which files, network, clock, environment or randomness come in."""

IMPURE_CALLS = {"open", "input", "print", "today", "now", "utcnow"}


def layer_of(module: str) -> str:
    """The layer of a module by its dotted name; "" for the package itself."""
    parts = module.split(".")[1:]
    if parts[:2] == ["core", "model"]:
        return "model"
    return "cli" if parts and parts[0].startswith("cli") else parts[0] if parts else ""


def name_of(path: Path) -> str:
    return ".".join(("lpgen", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            assert node.module
            yield node.module
            if node.module in ("lpgen", "lpgen.core"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names if not alias.name.startswith("_"))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_from_layers_below(path: Path) -> None:
    layer = layer_of(name_of(path))
    if not layer:
        assert not [module for module in imports_of(path) if module.startswith("lpgen")]
        return
    used = {layer_of(module) for module in imports_of(path) if module.split(".")[0] == "lpgen"} - {""}
    assert used <= MAY_IMPORT[layer], f"{layer} imports {used - MAY_IMPORT[layer]}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if layer_of(name_of(p)) in ("core", "model", "errors")], ids=name_of
)
def test_core_touches_no_file_network_clock_or_chance(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports_of(path)} & WORLD
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    names = {
        func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
        for func in calls
    }
    assert not names & IMPURE_CALLS


def test_boto3_is_imported_in_the_edge_alone() -> None:
    users = {name_of(path) for path in MODULES if {m.split(".")[0] for m in imports_of(path)} & {"boto3", "botocore"}}
    assert all(layer_of(user) == "edge" for user in users)
