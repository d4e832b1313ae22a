"""Measures the structure of lpgen's code.

Prints the size of each folder without its subfolders, the number of import circles, and how many files some tasks on
the sample organization enter.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from bench.structure.ceilings import Figures, find_violations, lower_ceilings, read_ceilings, write_ceilings
from bench.structure.circles import Circles
from bench.structure.code_size import LONG_FUNCTION, CodeSize
from bench.structure.figures import CodeFigures, capped_figures, measure_code
from bench.structure.sample_calls import TaskCalls, trace_tasks

_CEILINGS: Final = Path(__file__).with_name("ceilings.json")
_LPGEN: Final = Path(__file__).parents[2] / "lpgen"


def main() -> None:
    """Does what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.structure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--check", action="store_true", help="print only the figures above their ceilings; then exit 1")
    ways.add_argument("--update", action="store_true", help="lower the ceilings to the figures, and raise none")
    ways.add_argument("--circles", action="store_true", help="list the import circles")
    ways.add_argument("--tree", type=Path, help="measure the code of another folder, without running it")
    asked: Any = parser.parse_args()
    code = measure_code((asked.tree or _LPGEN).resolve())
    if asked.check:
        sys.exit(_check(capped_figures(code, trace_tasks())))
    elif asked.update:
        ceilings = read_ceilings(_CEILINGS)
        write_ceilings(_CEILINGS, lower_ceilings(capped_figures(code, trace_tasks()), ceilings))
    elif asked.circles:
        print("\n".join([*_circle_lines("files", code.files), *_circle_lines("parts of a folder", code.parts)]))
    else:
        print("\n".join([*_size_lines(code), "", *_circle_counts(code)]))
        if not asked.tree:
            print("\n".join(["", *_call_lines(trace_tasks())]))


def _check(figures: Figures) -> int:
    """Prints each violation of a ceiling; the exit status."""
    violations = find_violations(figures, read_ceilings(_CEILINGS))
    print("\n".join(violations) or "No figure is above its ceiling.")
    return 1 if violations else 0


def _size_lines(code: CodeFigures) -> Iterator[str]:
    titles = ("lines", "files", "imports", "types", "structs", "public", "names", f"over {LONG_FUNCTION}", "caveats")
    yield f"{'folder':36}" + "".join(f"{title:>9}" for title in titles)
    for folder, size in {**code.sizes, "total": code.size}.items():
        yield f"{folder:36}" + "".join(f"{cell:>9}" for cell in _cells(size))


def _cells(size: CodeSize) -> tuple[str, ...]:
    counts = (size.types, size.structs, size.public_names, size.names, size.long_functions, size.caveat_paths)
    share = f"{size.import_lines / size.lines:.1%}" if size.lines else "-"
    return f"{size.lines:,}", f"{size.files:,}", share, *(f"{count:,}" for count in counts)


def _circle_counts(code: CodeFigures) -> Iterator[str]:
    yield f"{'import circles':36}{'circles':>9}{'members':>9}{'pairs':>9}"
    for title, circles in (("files", code.files), ("parts of a folder", code.parts)):
        yield f"{title:36}{len(circles.groups):9,}{circles.members:9,}{len(circles.pairs):9,}"


def _circle_lines(title: str, circles: Circles) -> Iterator[str]:
    for group in circles.groups:
        yield f"circle of {len(group)} {title}:"
        yield from (f"  {member}" for member in group)
    yield f"pairs of {title} that import each other:"
    yield from (f"  {' and '.join(pair)}" for pair in circles.pairs)


def _call_lines(tasks: Iterable[TaskCalls]) -> Iterator[str]:
    yield f"{'calls on the sample organization':36}{'files':>9}{'crossings':>10}"
    for calls in tasks:
        yield f"{calls.task:36}{calls.files:9,}{calls.crossings:10,}"


if __name__ == "__main__":
    main()
