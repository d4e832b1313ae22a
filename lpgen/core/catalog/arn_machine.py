"""The automaton behind ARN formats: does a format share a text with a glob, in time linear in the glob?"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DELIMITERS = "/:"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of any characters, less the delimiters excluded; of at least one character where `filled`."""

    excluded: str
    filled: bool = False


Token = str | Span  # a str is literal text


def regex_of_tokens(tokens: tuple[Token, ...]) -> str:
    """A regular expression for the exact texts of a format."""
    return "".join(re.escape(token) if isinstance(token, str) else _regex_of_span(token) for token in tokens)


def _regex_of_span(span: Span) -> str:
    return (f"[^{re.escape(span.excluded)}]" if span.excluded else ".") + ("+" if span.filled else "*")


class Machine:
    """A format as an automaton whose set of states is one integer: bit `i` means that `i` steps are taken.

    A step is a literal character, the first character of a filled span, or a whole span (which may be empty). Reading
    a text or glob moves the set; the last bit at the end means a match. No text can make it slow.
    """

    __slots__ = ("_barred", "_every", "_last", "_literal", "_stays", "_steps", "_texts")

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._literal: dict[str, int] = {}  # by character: states that it moves on, and no other character does
        self._barred = dict.fromkeys(_DELIMITERS, 0)  # by delimiter: states whose span may not hold it
        self._texts = 0  # states before a literal character
        self._steps = 0  # those, and the states before the first character of a filled span
        self._stays = 0  # states in which a span may continue
        size = 0
        for token in tokens:
            size = self._add_span(size, token) if isinstance(token, Span) else self._add_text(size, token)
        self._last = 1 << size
        self._every = (self._last << 1) - 1

    def reads(self, text: str) -> bool:
        """Whether an exact text has the format."""
        states = self._closed(1)
        for char in text:
            states = self._after(states, char)
            if not states:
                return False
        return bool(states & self._last)

    def intersects(self, glob: str) -> bool:
        """Whether some text has the format and matches the glob (`*` and `?`)."""
        states = self._closed(1)
        for char in glob:
            if char == "*":
                states = self._every & -(states & -states)  # from its earliest state on, every later one can be reached
            elif char == "?":
                states = self._closed((states & self._steps) << 1 | states & self._stays)
            else:
                states = self._after(states, char)
            if not states:
                return False
        return bool(states & self._last)

    def _add_text(self, size: int, text: str) -> int:
        for place, char in enumerate(text, size):
            self._literal[char] = self._literal.get(char, 0) | 1 << place
            self._texts |= 1 << place
        self._steps |= self._texts
        return size + len(text)

    def _add_span(self, size: int, span: Span) -> int:
        bits = 0b11 << size if span.filled else 1 << size
        for delimiter in span.excluded:
            self._barred[delimiter] |= bits
        if span.filled:
            self._steps |= 1 << size
            size += 1
        self._stays |= 1 << size
        return size + 1

    def _after(self, states: int, char: str) -> int:
        free = states & ~self._barred.get(char, 0)
        moved = states & self._literal.get(char, 0) | free & self._steps & ~self._texts
        return self._closed(moved << 1 | free & self._stays)

    def _closed(self, states: int) -> int:
        """The states with those that an empty span leads to."""
        while (more := states | (states & self._stays) << 1) != states:
            states = more
        return states
