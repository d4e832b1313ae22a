"""Reads a tree of Python files, with the modules of the tree that each imports."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the tree.

    `name` is dotted and starts with the tree's own; an `__init__.py` has the name of its folder. `folder` is the path
    of its folder from the tree's parent. `tree` is the syntax tree, `nodes` are all its nodes.
    """

    name: str
    folder: str
    is_package: bool
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]

    def origin_of(self, name: str) -> tuple[str, str] | None:
        """The module that a name is imported from anywhere in the file, and its name there; None if it isn't."""
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return self._source(node), alias.name
        return None

    def imports(self, known: Collection[str]) -> set[str]:
        """The other modules among the known ones that the file imports: at its top, in functions and for typing.

        Importing a module also runs the `__init__.py` of each folder above it. These don't count unless named.
        """
        found = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node)
                submodules = {f"{source}.{alias.name}" for alias in node.names}.intersection(known)
                found |= submodules
                if len(submodules) < len(node.names):
                    found.add(source)
        return found.intersection(known) - {self.name}

    def _source(self, node: ast.ImportFrom) -> str:
        """The absolute name of the module that a `from` import names."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        above = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*above, node.module] if node.module else above)


def read_modules(root: Path) -> dict[str, Module]:
    """The modules of all Python files below a folder, by name, sorted by path."""
    modules = (_read_module(path, root.parent) for path in sorted(root.rglob("*.py")))
    return {module.name: module for module in modules}


def import_graph(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """The modules of the tree that each imports."""
    return {name: module.imports(modules.keys()) for name, module in modules.items()}


def _read_module(path: Path, above: Path) -> Module:
    place = path.relative_to(above)
    is_package = place.name == "__init__.py"
    parts = place.parent.parts if is_package else place.with_suffix("").parts
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    return Module(".".join(parts), place.parent.as_posix(), is_package, text, tree, tuple(ast.walk(tree)))
