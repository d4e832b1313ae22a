"""How partition keys spell a day: patterns such as `yyyy/MM/dd`, in the letters of Java's date formats.

Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html#partition-projection-date-type
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

_TOKEN: Final = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+")
_WIDTHS: Final = {"y": 4, "M": 2, "d": 2, "H": 2, "m": 2, "s": 2}
_ORDER: Final = "yMdHms"
_LATEST: Final = {"H": "23", "m": "59", "s": "59"}

# Values that people put into keys that aren't projected, the longest first.
_SEEN: Final = (
    "yyyy-MM-dd-HH", "yyyy/MM/dd/HH", "yyyy-MM-dd", "yyyy/MM/dd", "yyyyMMdd", "yyyy-MM", "yyyy/MM", "yyyyMM"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayFormat:
    """One pattern, made only of the letters in `_ORDER`."""

    pattern: str

    @property
    def letters(self) -> frozenset[str]:
        """The parts of a moment that the pattern shows."""
        return frozenset(text[0] for text, is_letter in _tokens(self.pattern) if is_letter)

    @property
    def is_sortable(self) -> bool:
        """Whether texts of the pattern sort as the moments do: year, month, day and so on, with leading zeros."""
        shown = "".join(text[0] for text, is_letter in _tokens(self.pattern) if is_letter)
        return _ORDER.startswith(shown) and all(
            len(text) == _WIDTHS[text[0]] for text, is_letter in _tokens(self.pattern) if is_letter
        )

    @property
    def is_digits(self) -> bool:
        """Whether texts of the pattern hold only digits."""
        return all(is_letter for _, is_letter in _tokens(self.pattern))

    def render(self, day: date, *, latest: bool = False) -> str:
        """The text of a day: of its first moment, or of its latest."""
        values = {"y": day.year, "M": day.month, "d": day.day}
        parts = []
        for text, is_letter in _tokens(self.pattern):
            if not is_letter:
                parts.append(text)
            elif text[0] in values:
                parts.append(str(values[text[0]]).zfill(len(text)))
            else:
                parts.append(_LATEST[text[0]] if latest else "00")
        return "".join(parts)


def format_from_pattern(pattern: str) -> DayFormat | None:
    """The format of a pattern, or None where it holds anything but years, months, days and times."""
    tokens = list(_tokens(pattern))
    known = all(text[0] in _WIDTHS and len(text) <= _WIDTHS[text[0]] for text, is_letter in tokens if is_letter)
    complete = "".join(match[0] for match in _TOKEN.finditer(pattern)) == pattern
    years = all(len(text) == 4 for text, is_letter in tokens if is_letter and text[0] == "y")
    return DayFormat(pattern) if tokens and known and complete and years else None


def format_from_samples(samples: Iterable[str]) -> DayFormat | None:
    """The format that all these values have, or None."""
    values = [value.strip() for value in samples]
    if not values:
        return None
    return next((DayFormat(one) for one in _SEEN if all(_is_of(one, value) for value in values)), None)


def _is_of(pattern: str, value: str) -> bool:
    numbers = "".join(
        f"(?P<{text[0]}>[0-9]{{{len(text)}}})" if letter else re.escape(text) for text, letter in _tokens(pattern)
    )
    found = re.fullmatch(numbers, value)
    if found is None:
        return False
    shown = {"d": "1", **found.groupdict()}
    try:
        date(int(shown["y"]), int(shown["M"]), int(shown["d"]))
    except ValueError:
        return False
    return 1900 <= int(shown["y"]) < 2200


def _tokens(pattern: str) -> Iterator[tuple[str, bool]]:
    """The parts of a pattern, and whether each is a run of one letter."""
    for match in _TOKEN.finditer(pattern):
        if match[2]:
            yield match[0], True
        else:
            yield match[1] if match[0].startswith("'") else match[0], False
