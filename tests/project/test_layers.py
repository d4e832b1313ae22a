"""Imports go one way, and the core touches nothing of the world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.case_tables import each_case
from tests.support.documents import ROOT

PACKAGE = ROOT / "lpgen"
MODULES = sorted(path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py"))

_BELOW_APP = frozenset({"errors", "core", "edge", "report"})
ALLOWED = {
    "version": frozenset(),
    "errors": frozenset({"errors"}),
    "core": frozenset({"errors", "core"}),
    "edge": frozenset({"errors", "core", "edge"}),
    "report": frozenset({"errors", "core", "report"}),
    "app": _BELOW_APP | {"app"},
    "cli": _BELOW_APP | {"app", "cli"},
    "__main__": frozenset({"cli"}),
    "__init__": frozenset({"errors", "app"}),
}

SHARED_BY_COMMANDS = frozenset(
    {
        "engine",
        "formats",
        "help",
        "ingest_athena",
        "option_groups",
        "options",
        "output",
        "messages",
        "progress",
        "run",
        "settings",
    }
)
"""The modules of `cli/` that hold no command."""

WORLDLY = frozenset(
    [
        "asyncio",
        "boto3",
        "botocore",
        "glob",
        "http",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "platformdirs",
        "random",
        "requests",
        "secrets",
        "shutil",
        "socket",
        "sqlite3",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "typer",
        "urllib",
        "uuid",
    ]
)
PURE_EXCEPTIONS = frozenset({"urllib.parse"})


def imports_of(module: Path) -> Iterator[str]:
    tree = ast.parse((PACKAGE.parent / module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield node.module or ""
            if node.module == "lpgen":
                yield from (f"lpgen.{alias.name}" for alias in node.names)


def layer_of(module: Path) -> str:
    return module.parts[1].removesuffix(".py")


@each_case("module", MODULES)
def test_module_imports_only_from_its_own_side(module: Path) -> None:
    allowed = ALLOWED[layer_of(module)]
    for name in imports_of(module):
        if name.startswith("lpgen."):
            target = name.split(".")[1]
            assert target in allowed or target == "version", f"{module} imports {name}"


@each_case("module", [path for path in MODULES if layer_of(path) == "cli" and path.stem != "main"])
def test_command_imports_no_other_command(module: Path) -> None:
    for name in imports_of(module):
        if name.startswith("lpgen.cli."):
            assert name.split(".")[2] in SHARED_BY_COMMANDS, f"{module} imports {name}"


@each_case("module", [path for path in MODULES if layer_of(path) == "core"])
def test_core_module_touches_nothing_of_the_world(module: Path) -> None:
    for name in imports_of(module):
        assert name in PURE_EXCEPTIONS or name.split(".")[0] not in WORLDLY, f"{module} imports {name}"
