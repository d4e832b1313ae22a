"""Breaks the evaluator in small ways, one at a time in a copy, and shows which tests notice.

    python -m bench.mutate_evaluator [--only WORD] [--jobs 2]

A mutant that no test of `tests/core/iam` and `tests/core/globs` catches is a hole in them: exit 1 names it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("lpgen") / "core"
TESTS = (Path("tests") / "core" / "iam", Path("tests") / "core" / "globs")
LAWS = TESTS[0] / "test_decision_laws.py"
"""Slow, and slower where they fail: run on what the cases don't catch."""
COPIED = ("lpgen", "tests", "action_catalog", "pyproject.toml")
SHOWN = 3
"""How many of the tests that catch a mutant are waited for, and shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the tests against every mutant, prints a line each, and returns 1 where one survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORD", help="only mutants whose name or module holds it")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at once")
    options = parser.parse_args(arguments)
    chosen = [one for one in MUTANTS if options.only in f"{one.module} {one.name}"]
    for mutant in MUTANTS:
        mutant.apply((ROOT / PACKAGE / mutant.module).read_text(encoding="utf-8"))
    survivors = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, catchers in zip(chosen, pool.map(catching_tests, chosen), strict=True):
            print(f"{'caught' if catchers else 'SURVIVED'}: {mutant.name} ({mutant.module})", flush=True)
            for test in catchers:
                print(f"    {test}", flush=True)
            if not catchers:
                survivors.append(mutant.name)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


def catching_tests(mutant: Mutant) -> list[str]:
    """The first tests that fail on a mutant; none where it survives."""
    with tempfile.TemporaryDirectory(prefix="lpgen-mutant-") as name:
        folder = Path(name)
        _copy_project(folder)
        module = folder / PACKAGE / mutant.module
        module.write_text(mutant.apply(module.read_text(encoding="utf-8")), encoding="utf-8")
        return _failing_tests(folder, *map(str, TESTS), f"--ignore={LAWS}") or _failing_tests(folder, str(LAWS))


def _copy_project(folder: Path) -> None:
    for part in COPIED:
        source = ROOT / part
        if part == "action_catalog":  # large, and never changed
            (folder / part).symlink_to(source, target_is_directory=True)
        elif source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)


def _failing_tests(folder: Path, *chosen: str) -> list[str]:
    flags = ["-q", "--tb=no", f"--maxfail={SHOWN}", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", *flags, *chosen]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        raise SystemExit(f"the tests didn't run\n{done.stdout}{done.stderr}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
