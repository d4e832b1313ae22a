"""Sorted, similar texts, such as a million ARNs, in a tenth of the memory of strings."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = 64
_MOST_HELD: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class PackedTexts:
    """Texts in blocks, each packed separately, with the first text of each block. The most recent blocks stay
    unpacked."""

    _firsts: list[str]
    _packed: tuple[bytes, ...]
    _held: dict[int, Sequence[str]]

    def _block(self, at: int) -> Sequence[str]:
        found = self._held.get(at)
        if found is None:
            if len(self._held) >= _MOST_HELD:
                del self._held[next(iter(self._held))]
            found = self._held[at] = json.loads(zlib.decompress(self._packed[at]))
        return found

    def __contains__(self, text: str) -> bool:
        at = self.place_of(text)
        return next(self.between(at, at + 1), None) == text

    def place_of(self, text: str) -> int:
        """The number of texts before a text."""
        at = max(bisect_right(self._firsts, text) - 1, 0)
        return at * _BLOCK + bisect_left(self._block(at), text)

    def between(self, first: int, last: int) -> Iterator[str]:
        """The texts from a place (included) to another (excluded), if they exist."""
        for at in range(first // _BLOCK, min(-(-last // _BLOCK), len(self._firsts))):
            yield from self._block(at)[max(first - at * _BLOCK, 0) : last - at * _BLOCK]


def pack_texts(texts: Sequence[str]) -> PackedTexts:
    """The sorted texts, packed."""
    blocks = [texts[start : start + _BLOCK] for start in range(0, len(texts), _BLOCK)]
    # These are copies. The original texts would keep the memory of all texts in use.
    firsts = json.loads(json.dumps([block[0] for block in blocks]))
    if len(blocks) <= _MOST_HELD:
        return PackedTexts(firsts, (), dict(enumerate(blocks or [()])))
    return PackedTexts(firsts, tuple(zlib.compress(json.dumps(block).encode(), level=1) for block in blocks), {})


@dataclass(frozen=True, slots=True, eq=False)
class PackedMapping:
    """A mapping from texts to texts, both packed."""

    _keys: PackedTexts
    _texts: PackedTexts

    def get(self, key: str) -> str | None:
        """The text of a key, or None."""
        at = self._keys.place_of(key)
        return next(self._texts.between(at, at + 1)) if next(self._keys.between(at, at + 1), None) == key else None


def pack_mapping(texts: Mapping[str, str]) -> PackedMapping:
    """The mapping, packed."""
    keys = sorted(texts)
    return PackedMapping(pack_texts(keys), pack_texts([texts[key] for key in keys]))
