"""Counts the code of a tree: `python -m bench.code_size lpgen`.

A row per folder and one for the whole: lines of code (without blank lines, comments and docstrings), public names,
value types, and the places that name a kind of caveat.
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

_NO_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)
_VALUE_BASES = frozenset({"NamedTuple", "Struct", "Enum", "IntEnum", "StrEnum", "Flag", "TypedDict", "Kind"})
_CAVEAT_KINDS = "CaveatKind"


@dataclass(frozen=True, slots=True)
class CodeSize:
    """Counts of one or more files.

    `names` are public functions, methods, classes and constants, `types` dataclasses, structs, enums and named tuples,
    `caveat_paths` the expressions that name a member of `CaveatKind`.
    """

    files: int = 0
    lines: int = 0
    names: int = 0
    types: int = 0
    caveat_paths: int = 0

    def __add__(self, other: CodeSize) -> CodeSize:
        return CodeSize(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))


def size_of_text(text: str) -> CodeSize:
    """The counts of one Python file."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    return CodeSize(
        1,
        len(_code_lines(text) - set(_docstring_lines(nodes))),
        sum(not name.startswith("_") for name in _names(tree)),
        sum(_is_value_type(node) for node in nodes if isinstance(node, ast.ClassDef)),
        sum(_names_caveat_kind(node) for node in nodes),
    )


def sizes_of_tree(root: Path) -> dict[str, CodeSize]:
    """The counts by folder, sorted; those of a folder are without its subfolders."""
    found: dict[str, CodeSize] = defaultdict(CodeSize)
    for path in sorted(root.rglob("*.py")):
        found[str(path.parent)] += size_of_text(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def _code_lines(text: str) -> set[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {line for token in tokens if token.type not in _NO_CODE for line in range(token.start[0], token.end[0] + 1)}


def _docstring_lines(nodes: list[ast.AST]) -> Iterator[int]:
    """The lines of all strings that are statements: docstrings, and those behind constants and fields."""
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _names(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    """What a module or class defines at its top, with what its public classes define."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name
            if not node.name.startswith("_"):
                yield from _names(node)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _is_value_type(node: ast.ClassDef) -> bool:
    return "dataclass" in map(_last_name, node.decorator_list) or not _VALUE_BASES.isdisjoint(
        map(_last_name, node.bases)
    )


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call | ast.Subscript):
        return _last_name(node.func if isinstance(node, ast.Call) else node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _names_caveat_kind(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == _CAVEAT_KINDS


def main() -> None:
    """Prints a row per folder, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, help="the folder to count")
    sizes = sizes_of_tree(parser.parse_args().tree)
    sizes["total"] = sum(sizes.values(), CodeSize())
    print(f"{'folder':40} {'files':>6} {'lines':>7} {'names':>6} {'types':>6} {'caveat paths':>13}")
    for folder, one in sizes.items():
        print(f"{folder:40} {one.files:6} {one.lines:7,} {one.names:6,} {one.types:6,} {one.caveat_paths:13,}")


if __name__ == "__main__":
    main()
