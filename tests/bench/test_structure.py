"""The figures of the structure count what they say they count."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.structure.calls import Calls, calls_traced
from bench.structure.circles import Circles
from bench.structure.code_size import LONG_FUNCTION, CodeSize
from bench.structure.figures import measure_code

SOURCE = '''"""A module."""

# a comment
from dataclasses import dataclass
from enum import StrEnum

LIMIT = 3
"""RowKey a constant."""
_HIDDEN = 4


class Kind(StrEnum):
    """An enum."""

    ONE = "one"


@dataclass(frozen=True)
class Point:
    x: int


def text(kind: object) -> str:
    """Documented."""
    from textwrap import dedent
    return """two
lines""" if kind is ReplacementCaveat.UNPROVEN else dedent("")
'''


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    """A tree `pkg` of these files, with an empty `__init__.py` in each folder that has none."""
    root = folder / "pkg"
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        for parent in file.relative_to(root).parents:
            (root / parent / "__init__.py").touch()
    return root


def size_of(folder: Path, **files: str) -> CodeSize:
    return measure_code(write_tree(folder, {f"{name}.py": text for name, text in files.items()})).size


# ---------------------------------------------------------------- size


def test_size_counts_code_without_blank_lines_comments_and_docstrings(tmp_path: Path) -> None:
    assert size_of(tmp_path, one=SOURCE).lines == 13


def test_size_counts_lines_of_all_imports(tmp_path: Path) -> None:
    assert size_of(tmp_path, one=SOURCE).import_lines == 3
    assert size_of(tmp_path, one="from os import (\n    path,\n    # a comment\n    sep,\n)\n").import_lines == 4


def test_size_counts_names_and_caveat_paths(tmp_path: Path) -> None:
    size = size_of(tmp_path, one=SOURCE)
    assert (size.public_names, size.names, size.caveat_paths) == (3, 6, 1)


def test_size_counts_public_functions_and_classes_of_modules_only(tmp_path: Path) -> None:
    text = "class Shape:\n    def area(self): ...\n\n\nasync def draw(): ...\n\n\ndef _hide(): ...\n\n\nLIMIT = 1\n"
    assert size_of(tmp_path, one=text).public_names == 2


@pytest.mark.parametrize(
    "text",
    [
        "@dataclass\nclass Value: ...\n",
        "@dataclasses.dataclass(frozen=True)\nclass Value: ...\n",
        "class Value(NamedTuple): ...\n",
        "class Value(str, enum.Enum): ...\n",
        "class Value(TypedDict, total=False): ...\n",
    ],
)
def test_size_counts_value_types(text: str, tmp_path: Path) -> None:
    size = size_of(tmp_path, one=text)
    assert (size.types, size.structs) == (1, 0)


def test_size_counts_structs_apart(tmp_path: Path) -> None:
    size = size_of(tmp_path, one="class Page(msgspec.Struct, frozen=True): ...\n\n\nclass Plain: ...\n")
    assert (size.types, size.structs) == (0, 1)


def test_size_counts_types_by_bases_of_other_files(tmp_path: Path) -> None:
    size = size_of(
        tmp_path,
        bases="class Kind(StrEnum): ...\n\n\nclass Page(Struct): ...\n",
        names="from pkg.bases import Kind as Base\n",
        uses="from pkg.names import Base\nfrom .bases import Page\n\n\n"
        "class Colour(Base): ...\n\n\nclass Part(Page): ...\n\n\nclass Plain(Other): ...\n",
    )
    assert (size.types, size.structs) == (2, 2)


def test_size_counts_a_type_that_is_named_as_its_base(tmp_path: Path) -> None:
    size = size_of(tmp_path, one="from msgspec import Struct\n\n\nclass Struct(Struct): ...\n")
    assert (size.types, size.structs) == (0, 1)


def test_size_ends_at_a_base_that_no_file_defines(tmp_path: Path) -> None:
    size = size_of(
        tmp_path, one="from pkg.two import Enum\n\n\nclass Kind(Enum): ...\n", two="from pkg.one import Enum\n"
    )
    assert size.types == 1


def test_size_counts_functions_over_the_limit(tmp_path: Path) -> None:
    def function(lines: int) -> str:
        return "@cache\ndef work():\n" + "    # a line\n" * (lines - 2) + "    return 1\n"

    assert size_of(tmp_path, one=function(LONG_FUNCTION)).long_functions == 0
    assert size_of(tmp_path, one=function(LONG_FUNCTION + 1)).long_functions == 1


def test_sizes_of_folders_are_without_their_subfolders(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"one.py": "ONE = 1\n", "sub/two.py": "TWO = 2\nTHREE = 3\n"})
    sizes = measure_code(root).sizes
    assert {folder: (size.files, size.lines) for folder, size in sizes.items()} == {"pkg": (2, 1), "pkg/sub": (2, 2)}


# ---------------------------------------------------------------- import circles


def circles_of(folder: Path, files: Mapping[str, str]) -> tuple[Circles, Circles]:
    code = measure_code(write_tree(folder, files))
    return code.files, code.parts


@pytest.mark.parametrize(
    "back",
    [
        "import pkg.one\n",
        "from pkg import one\n",
        "from pkg.one import NAME\n",
        "from . import one\n",
        "from .one import NAME\n",
        "def work():\n    from pkg.one import NAME\n",
        "if TYPE_CHECKING:\n    from pkg.one import NAME\n",
    ],
)
def test_circle_of_files_is_found_by_any_import(back: str, tmp_path: Path) -> None:
    files, parts = circles_of(tmp_path, {"one.py": "from pkg.two import OTHER\n", "two.py": back})
    assert files == Circles((("pkg.one", "pkg.two"),), (("pkg.one", "pkg.two"),))
    assert parts == Circles((), ())


def test_circle_of_files_passes_through_what_a_package_exports_again(tmp_path: Path) -> None:
    files, _ = circles_of(
        tmp_path,
        {
            "sub/__init__.py": "from .inner import NAME\n",
            "sub/inner.py": "from ..user import OTHER\n",
            "user.py": "from pkg.sub import NAME\n",
        },
    )
    assert files == Circles((("pkg.sub", "pkg.sub.inner", "pkg.user"),), ())


def test_importing_a_submodule_is_no_import_of_its_package(tmp_path: Path) -> None:
    files, parts = circles_of(
        tmp_path,
        {
            "__init__.py": "from pkg.sub import NAME\n",
            "sub/__init__.py": "from pkg.sub.inner import NAME\n",
            "sub/inner.py": "import os\nfrom pkg.sub import other\n",
            "sub/other.py": "from dataclasses import dataclass\n",
        },
    )
    assert (files.members, parts.members) == (0, 0)


def test_a_package_that_imports_from_itself_is_no_circle(tmp_path: Path) -> None:
    files, _ = circles_of(tmp_path, {"__init__.py": "def work():\n    from pkg import NAME\n"})
    assert files.members == 0


def test_circle_of_three_files_has_no_pair(tmp_path: Path) -> None:
    texts = {"one.py": "import pkg.two\n", "two.py": "import pkg.three\n", "three.py": "import pkg.one\n"}
    files, _ = circles_of(tmp_path, {**texts, "user.py": "import pkg.one\n"})
    assert files == Circles((("pkg.one", "pkg.three", "pkg.two"),), ())
    assert files.members == 3


def test_circle_of_folders_needs_no_circle_of_files(tmp_path: Path) -> None:
    files, parts = circles_of(
        tmp_path,
        {
            "layer/left/one.py": "from pkg.layer.right.two import NAME\n",
            "layer/right/two.py": "",
            "layer/right/three.py": "def work():\n    from ..left import four\n",
            "layer/left/four.py": "",
        },
    )
    assert files == Circles((), ())
    assert parts == Circles((("pkg.layer.left", "pkg.layer.right"),), (("pkg.layer.left", "pkg.layer.right"),))


def test_circle_of_a_folder_and_a_file_is_one_of_parts(tmp_path: Path) -> None:
    _, parts = circles_of(
        tmp_path,
        {"note.py": "from pkg.sub.one import NAME\n", "sub/one.py": "", "sub/two.py": "from pkg.note import OTHER\n"},
    )
    assert parts == Circles((("pkg.note", "pkg.sub"),), (("pkg.note", "pkg.sub"),))


def test_names_of_the_package_itself_are_those_of_its_init_file(tmp_path: Path) -> None:
    files, parts = circles_of(
        tmp_path, {"__init__.py": "from pkg.sub.one import NAME\n", "sub/one.py": "from pkg import __version__\n"}
    )
    assert files.groups == (("pkg", "pkg.sub.one"),)
    assert parts.pairs == (("pkg.__init__", "pkg.sub"),)


# ---------------------------------------------------------------- calls


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[..., Calls]:
    """Traces `run` of `start.py` in a package of these files."""

    def trace_package(**files: str) -> Calls:
        name = f"traced_{request.node.name}"
        package = tmp_path / name
        package.mkdir()
        for module, text in {"__init__": "", **files}.items():
            (package / f"{module}.py").write_text(text.replace("pkg", name), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        run = importlib.import_module(f"{name}.start").run
        with calls_traced(package) as calls:
            run()
        return calls

    return trace_package


def test_calls_count_each_file_and_each_way_once(trace: Callable[..., Calls]) -> None:
    calls = trace(
        start="from pkg.work import work\n\n\ndef run():\n    own()\n    work()\n    work()\n\n\ndef own(): ...\n",
        work="def work():\n    return inner()\n\n\ndef inner(): ...\n",
        unused="def nothing(): ...\n",
    )
    assert calls == Calls({"start.py", "work.py"}, {("start.py", "work.py")})


def test_calls_through_other_packages_come_from_the_last_own_file(trace: Callable[..., Calls]) -> None:
    calls = trace(
        start="from textwrap import indent\nfrom pkg.work import work\n\n\ndef run():\n    indent('a', '', work)\n",
        work="def work(line):\n    return True\n",
    )
    assert calls == Calls({"start.py", "work.py"}, {("start.py", "work.py")})


def test_resuming_a_generator_is_a_call(trace: Callable[..., Calls]) -> None:
    calls = trace(
        start="from pkg.items import items\nfrom pkg.use import use\n\n\ndef run():\n    use(items())\n",
        items="def items():\n    yield 1\n",
        use="def use(found):\n    return [*found]\n",
    )
    assert calls.crossings == {("start.py", "use.py"), ("use.py", "items.py")}


def test_an_import_is_no_call(trace: Callable[..., Calls]) -> None:
    calls = trace(
        start="def run():\n    from pkg.lazy import Kind\n    return Kind\n", lazy="class Kind:\n    NAME = 'kind'\n"
    )
    assert calls == Calls({"start.py"}, set())


def test_tracing_ends_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), calls_traced(tmp_path):
        raise KeyError
    assert sys.getprofile() is None
