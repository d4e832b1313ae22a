"""Modules that somebody planted in a folder, each of which says so if it is run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path


def names_of_modules() -> frozenset[str]:
    """Every top-level name that is importable here, and two that Python looks for by itself."""
    return frozenset({*sys.stdlib_module_names, *packages_distributions(), "lpgen", "sitecustomize", "usercustomize"})


def plant(folder: Path, names: Iterable[str], mark: Path) -> None:
    """Put a package of each name into a folder. One that is run adds its name to the mark."""
    for name in names:
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "__init__.py").write_text(f"open({str(mark)!r}, 'a').write({name!r} + '\\n')\n")


def marked(mark: Path) -> list[str]:
    return sorted(set(mark.read_text().split())) if mark.exists() else []
