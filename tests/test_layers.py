"""Imports go one way, and the core touches nothing of the world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.case_tables import each_case

PACKAGE = Path(__file__).parent.parent / "lpgen"
MODULES = sorted(path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py"))

ALLOWED = {
    "errors": frozenset({"errors"}),
    "core": frozenset({"errors", "core"}),
    "edge": frozenset({"errors", "core", "edge"}),
    "report": frozenset({"errors", "core", "report"}),
    "pipeline": frozenset(
        {
            "pipeline_ingest",
            "pipeline_athena",
            "pipeline_map",
            "pipeline_authorize",
            "pipeline_explain",
            "pipeline_analysis",
            "pipeline_backtest",
            "pipeline_observe",
            "pipeline_output",
        }
    ),
    "pipeline_ingest": frozenset({"errors", "core", "edge"}),
    "pipeline_athena": frozenset({"core", "edge"}),
    "pipeline_map": frozenset({"errors", "core", "edge"}),
    "pipeline_authorize": frozenset({"errors", "core"}),
    "pipeline_explain": frozenset({"core", "edge"}),
    "pipeline_analysis": frozenset({"errors", "core", "edge"}),
    "pipeline_backtest": frozenset({"core", "edge", "pipeline_analysis"}),
    "pipeline_observe": frozenset({"errors", "core", "edge", "pipeline_analysis"}),
    "pipeline_output": frozenset({"errors", "core", "edge", "report", "pipeline_analysis"}),
    "cli": frozenset(
        {
            "edge",
            "cli",
            "cli_analysis",
            "cli_athena",
            "cli_authorize",
            "cli_aws",
            "cli_backtest",
            "cli_catalog",
            "cli_check",
            "cli_demo",
            "cli_drift",
            "cli_explain",
            "cli_formats",
            "cli_ingest",
            "cli_map",
            "cli_observe",
            "cli_options",
            "cli_rollout",
            "cli_run",
            "cli_schema",
            "cli_sections",
            "cli_upgrade",
        }
    ),
    "cli_run": frozenset({"errors", "edge", "report", "cli_options", "cli_sections"}),
    "cli_analysis": frozenset(
        {
            "core",
            "edge",
            "report",
            "pipeline_analysis",
            "pipeline_output",
            "cli_engine",
            "cli_formats",
            "cli_options",
            "cli_catalog",
        }
    ),
    "cli_backtest": frozenset(
        {"core", "edge", "report", "pipeline_backtest", "cli_catalog", "cli_engine", "cli_formats", "cli_options"}
    ),
    "cli_observe": frozenset(
        {
            "errors",
            "core",
            "edge",
            "report",
            "pipeline_observe",
            "cli_catalog",
            "cli_engine",
            "cli_formats",
            "cli_options",
        }
    ),
    "cli_authorize": frozenset({"errors", "edge", "pipeline_authorize", "cli_options", "cli_catalog"}),
    "cli_map": frozenset({"errors", "edge", "pipeline_map", "cli_options", "cli_catalog"}),
    "cli_check": frozenset({"pipeline_check", "report", "cli_formats", "cli_options"}),
    "cli_upgrade": frozenset({"pipeline_upgrade", "report", "cli_options"}),
    "pipeline_upgrade": frozenset({"errors", "core", "edge"}),
    "pipeline_check": frozenset({"errors", "core", "edge"}),
    "cli_aws": frozenset({"errors", "core", "edge", "report", "cli_options"}),
    "cli_rollout": frozenset(
        {
            "errors",
            "core",
            "edge",
            "report",
            "pipeline_rollout",
            "pipeline_rollout_plan",
            "cli_formats",
            "cli_options",
            "cli_aws",
            "cli_catalog",
            "cli_sections",
        }
    ),
    "pipeline_rollout_plan": frozenset({"errors", "core", "edge", "report", "pipeline_analysis"}),
    "pipeline_rollout": frozenset({"errors", "core", "edge", "report"}),
    "cli_drift": frozenset(
        {
            "errors",
            "core",
            "edge",
            "report",
            "pipeline_analysis",
            "pipeline_drift",
            "cli_formats",
            "cli_options",
            "cli_catalog",
            "cli_sections",
        }
    ),
    "pipeline_drift": frozenset({"errors", "core", "edge", "pipeline_analysis"}),
    "cli_formats": frozenset({"errors", "edge"}),
    "cli_schema": frozenset({"report", "cli_options"}),
    "cli_sections": frozenset({"cli_sections"}),
    "cli_options": frozenset({"errors", "core", "edge", "report"}),
    "cli_demo": frozenset(
        {
            "errors",
            "core",
            "edge",
            "report",
            "pipeline_analysis",
            "pipeline_backtest",
            "pipeline_ingest",
            "pipeline_output",
            "cli_options",
        }
    ),
    "cli_explain": frozenset(
        {"errors", "core", "edge", "report", "pipeline_explain", "cli_formats", "cli_options", "cli_catalog"}
    ),
    "cli_athena": frozenset({"cli_options", "errors", "core", "edge", "report", "pipeline_athena"}),
    "cli_ingest": frozenset(
        {
            "errors",
            "core",
            "edge",
            "report",
            "pipeline_ingest",
            "cli_athena",
            "cli_catalog",
            "cli_engine",
            "cli_ingest_names",
            "cli_options",
            "cli_progress",
        }
    ),
    "cli_ingest_names": frozenset({"errors"}),
    "cli_engine": frozenset({"errors", "edge"}),
    "cli_progress": frozenset({"core", "report"}),
    "cli_catalog": frozenset({"errors", "core", "edge", "report", "cli_options", "cli_sections"}),
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}

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
            assert target in allowed or target == "__version__", f"{module} imports {name}"


@each_case("module", [path for path in MODULES if layer_of(path) == "core"])
def test_core_module_touches_nothing_of_the_world(module: Path) -> None:
    for name in imports_of(module):
        assert name in PURE_EXCEPTIONS or name.split(".")[0] not in WORLDLY, f"{module} imports {name}"
