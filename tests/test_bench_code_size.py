"""What counts as code, a public name and a value type."""

from __future__ import annotations

from bench.code_size import CodeSize, size_of_text

SOURCE = '''"""A module."""

# a comment
from dataclasses import dataclass
from enum import StrEnum

LIMIT = 3
"""Behind a constant."""
_HIDDEN = 4


class Kind(StrEnum):
    """An enum."""

    ONE = "one"


@dataclass(frozen=True)
class Point:
    x: int


def text(kind: object) -> str:
    """Documented."""
    return """two
lines""" if kind is CaveatKind.UNPROVEN else ""
'''


def test_code_size_counts_code_without_blank_lines_comments_and_docstrings() -> None:
    assert size_of_text(SOURCE).lines == 12


def test_code_size_counts_public_names_value_types_and_caveat_paths() -> None:
    assert size_of_text(SOURCE) == CodeSize(files=1, lines=12, names=6, types=2, caveat_paths=1)
