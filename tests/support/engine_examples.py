"""The examples that run an ingest on a cluster, loaded as the programs that they are."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted([*FOLDER.glob("ingest_on_*.py"), FOLDER / "data_in_s3.py"])


def load_example(name: str) -> ModuleType:
    """The example as a module, without running it."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
