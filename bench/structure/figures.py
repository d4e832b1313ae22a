"""The figures of a tree, and those of them that have ceilings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.structure.ceilings import Figures
from bench.structure.circles import Circles, circles_of_files, circles_of_parts
from bench.structure.code_size import LONG_FUNCTION, CodeSize, size_by_folder
from bench.structure.modules import import_graph, read_modules
from bench.structure.sample_calls import TaskCalls


@dataclass(frozen=True, slots=True)
class CodeFigures:
    """The figures that the text of a tree shows: the size of each folder, and the import circles."""

    sizes: Mapping[str, CodeSize]
    files: Circles
    parts: Circles

    @property
    def size(self) -> CodeSize:
        """The size of the whole tree."""
        return sum(self.sizes.values(), CodeSize())


def measure_code(root: Path) -> CodeFigures:
    """The figures of all Python files below a folder."""
    modules = read_modules(root)
    sizes, graph = size_by_folder(modules), import_graph(modules)
    parts = (folder.split("/") for folder in sizes)
    packages = {".".join(names[:depth]) for names in parts for depth in range(1, len(names) + 1)}
    return CodeFigures(sizes, circles_of_files(graph), circles_of_parts(graph, packages))


def capped_figures(code: CodeFigures, tasks: Iterable[TaskCalls]) -> Figures:
    """The figures that have ceilings.

    Removing code raises none of them. So the lines of imports are among them rather than their share, and the files in
    circles rather than the number of circles. Structs aren't, since they replace documents written by hand.
    """
    size = code.size
    totals = {
        "files": size.files,
        "import lines": size.import_lines,
        "value types": size.types,
        "public functions and classes": size.public_names,
        f"functions over {LONG_FUNCTION} lines": size.long_functions,
        "files in import circles": code.files.members,
        "parts in import circles": code.parts.members,
        "pairs of parts that import each other": len(code.parts.pairs),
    }
    for calls in tasks:
        totals[f"files entered by {calls.task}"] = calls.files
        totals[f"crossings of {calls.task}"] = calls.crossings
    return Figures({folder: size.lines for folder, size in code.sizes.items()}, totals)
