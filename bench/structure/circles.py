"""Finds import circles among the files of a tree, and among the parts of each of its folders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

Graph = Mapping[str, Set[str]]
"""The nodes that each node imports."""


@dataclass(frozen=True, slots=True)
class Circles:
    """The import circles of a graph.

    `groups` are the largest sets of nodes whose members all lead to each other, `pairs` the nodes that import each
    other directly. Both are sorted. Removing an import may split a group in two, but never raises the number of
    `members` or pairs.
    """

    groups: tuple[tuple[str, ...], ...]
    pairs: tuple[tuple[str, str], ...]

    @property
    def members(self) -> int:
        """The number of nodes in circles."""
        return sum(map(len, self.groups))


def circles_of_files(graph: Graph) -> Circles:
    """The circles among files, by module name."""
    return Circles(_groups(graph), _pairs(graph))


def circles_of_parts(graph: Graph, packages: Set[str]) -> Circles:
    """The circles among the parts of each folder, if they pass through a subfolder.

    The parts of a folder are its subfolders and its own files. `packages` are the dotted names of all folders. A circle
    of a folder's own files is one of files only.
    """
    groups: list[tuple[str, ...]] = []
    pairs: list[tuple[str, str]] = []
    for package in sorted(packages):
        parts = _graph_of_parts(graph, package)
        groups += (group for group in _groups(parts) if not packages.isdisjoint(group))
        pairs += (pair for pair in _pairs(parts) if not packages.isdisjoint(pair))
    return Circles(tuple(groups), tuple(pairs))


def _graph_of_parts(graph: Graph, package: str) -> Graph:
    parts: dict[str, set[str]] = defaultdict(set)
    for name, imported in graph.items():
        part = _part_of(name, package)
        if part:
            parts[part] |= {_part_of(other, package) for other in imported} - {part, ""}
    return parts


def _part_of(name: str, package: str) -> str:
    """The part of a package that holds a module, "" if none does."""
    if name == package:
        return f"{package}.__init__"
    if not name.startswith(f"{package}."):
        return ""
    return ".".join(name.split(".")[: package.count(".") + 2])


def _groups(graph: Graph) -> tuple[tuple[str, ...], ...]:
    reached = {node: _reached_from(node, graph) for node in graph}
    groups = {tuple(sorted(other for other in reached[node] if node in reached[other])) for node in graph}
    return tuple(sorted(group for group in groups if group))


def _reached_from(node: str, graph: Graph) -> set[str]:
    """The nodes that imports lead to; the node itself is among them only if a circle leads back to it."""
    reached: set[str] = set()
    waiting = [node]
    while waiting:
        found = graph[waiting.pop()] - reached
        reached |= found
        waiting += found
    return reached


def _pairs(graph: Graph) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_ordered_pairs(graph)))


def _ordered_pairs(graph: Graph) -> Iterator[tuple[str, str]]:
    for node, imported in graph.items():
        yield from ((node, other) for other in imported if node < other and node in graph[other])
