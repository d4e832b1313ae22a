"""Counts the code of a tree: lines, names, types and long functions."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import astuple, dataclass
from enum import Enum
from typing import Final

from bench.structure.modules import Module

LONG_FUNCTION: Final = 60
"""The most lines of a function that isn't long, from `def` to its last line."""

_NO_CODE: Final = frozenset(
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
_VALUE_BASES: Final = frozenset({"NamedTuple", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "TypedDict"})
_STRUCT_BASE: Final = "Struct"
_CAVEAT_KINDS: Final = "Caveat"  # what the names of the classes of kinds end with


@dataclass(frozen=True, slots=True)
class CodeSize:
    """Counts of one or more files.

    `lines` are those with code: no blank lines, comments and docstrings. `import_lines` are those of imports, which are
    among them. `types` are the value types: dataclasses, enums, named tuples and typed dictionaries. `structs` are the
    structs of msgspec, which describe JSON documents and aren't among the types. `public_names` are the functions and
    classes of modules, `names` also methods, constants and fields. `caveat_paths` are the expressions that name a
    kind of caveat, such as `LineCaveat.REQUIRED_TYPE`.
    """

    files: int = 0
    lines: int = 0
    import_lines: int = 0
    types: int = 0
    structs: int = 0
    public_names: int = 0
    names: int = 0
    long_functions: int = 0
    caveat_paths: int = 0

    def __add__(self, other: CodeSize) -> CodeSize:
        return CodeSize(*(left + right for left, right in zip(astuple(self), astuple(other), strict=True)))


def size_by_folder(modules: Mapping[str, Module]) -> dict[str, CodeSize]:
    """The counts by folder, sorted; those of a folder are without its subfolders."""
    sizes: dict[str, CodeSize] = defaultdict(CodeSize)
    for module in modules.values():
        sizes[module.folder] += size_of_module(module, modules)
    return dict(sorted(sizes.items()))


def size_of_module(module: Module, modules: Mapping[str, Module]) -> CodeSize:
    """The counts of one file. The other modules may define the bases of its classes."""
    nodes = module.nodes
    code = _token_lines(module.text) - set(_docstring_lines(nodes))
    kinds = [_kind_of_class(node, module, modules) for node in nodes if isinstance(node, ast.ClassDef)]
    return CodeSize(
        files=1,
        lines=len(code),
        import_lines=len(code & set(_import_lines(nodes))),
        types=kinds.count(_Kind.VALUE),
        structs=kinds.count(_Kind.STRUCT),
        public_names=sum(_is_public_definition(node) for node in module.tree.body),
        names=sum(not name.startswith("_") for name in _names(module.tree)),
        long_functions=sum(_is_long_function(node) for node in nodes),
        caveat_paths=sum(_names_caveat_kind(node) for node in nodes),
    )


def _token_lines(text: str) -> set[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {line for token in tokens if token.type not in _NO_CODE for line in range(token.start[0], token.end[0] + 1)}


def _docstring_lines(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """The lines of all strings that are statements: docstrings, and those below constants and fields."""
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from _lines_of(node)


def _import_lines(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _lines_of(node)


def _lines_of(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _is_public_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")


def _is_long_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(_lines_of(node)) > LONG_FUNCTION


def _names_caveat_kind(node: ast.AST) -> bool:
    is_member = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr.isupper()
    return is_member and node.value.id.endswith(_CAVEAT_KINDS)


def _names(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    """The names that a module or class defines at its top, with those that its public classes define."""
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


class _Kind(Enum):
    """The kinds of classes that are counted apart."""

    VALUE = "value type"
    STRUCT = "struct"
    OTHER = "other"


def _kind_of_class(
    node: ast.ClassDef,
    module: Module,
    modules: Mapping[str, Module],
    below: Set[ast.ClassDef] = frozenset(),
) -> _Kind:
    """The kind of a class by its decorators, or else by its bases and theirs.

    `below` are the classes derived from it; none of them can be its base.
    """
    if "dataclass" in map(_last_name, node.decorator_list):
        return _Kind.VALUE
    for base in node.bases:
        kind = _kind_of_base(base, module, modules, below | {node})
        if kind is not _Kind.OTHER:
            return kind
    return _Kind.OTHER


def _kind_of_base(base: ast.expr, module: Module, modules: Mapping[str, Module], below: Set[ast.ClassDef]) -> _Kind:
    name = _last_name(base)
    found = _find_class(name, module, modules) if isinstance(base, ast.Name | ast.Subscript) else None
    if found and found[0] not in below:
        return _kind_of_class(*found, modules, below)
    return _Kind.STRUCT if name == _STRUCT_BASE else _Kind.VALUE if name in _VALUE_BASES else _Kind.OTHER


def _find_class(name: str, module: Module, modules: Mapping[str, Module]) -> tuple[ast.ClassDef, Module] | None:
    """The class of the tree that a name means in a module, and the module that defines it."""
    followed: set[str] = set()
    while module.name not in followed:
        followed.add(module.name)
        for node in module.nodes:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node, module
        source, name = module.origin_of(name) or ("", "")
        module = modules.get(source, module)
    return None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call | ast.Subscript):
        return _last_name(node.func if isinstance(node, ast.Call) else node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
