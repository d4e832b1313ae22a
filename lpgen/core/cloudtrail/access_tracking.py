"""Tracks which parts of a record the mapping of a call reads."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

import msgspec

from lpgen.core.cloudtrail.records import Record, decode_additional, decode_resources

Values = tuple[object, ...] | bytes
_Reader = Callable[[dict[str, object]], tuple[object, ...]]
"""Gets the watched values of objects with the same names. It also identifies these names."""

Part = tuple[_Reader, Values] | str | None

_MAX_READERS: Final = 1024
_MAX_DEPTH: Final = 5
"""The deepest level at which objects are watched. A deeper value counts as read if the object that contains it is
read."""
_MAX_NAMES: Final = 256
"""If an object has more names than this, all its values count as read."""

_encode: Final = msgspec.json.Encoder().encode


def watched(value: object, depth: int = _MAX_DEPTH) -> Any:
    """The value, with every object in it watched."""
    if depth and isinstance(value, dict):
        return WatchedObject({name: watched(item, depth - 1) for name, item in value.items()})
    if depth and isinstance(value, list):
        return [watched(item, depth - 1) for item in value]
    return value


class WatchedObject(dict[str, object]):
    """A JSON object that remembers which of its values were read. Names and their order don't count as read values.

    INVARIANT: rules read objects only through these methods. `__iter__` makes C code that copies a dict use `keys` and
    `__getitem__`.
    """

    __slots__ = ("read_all", "read_names")

    def __init__(self, value: dict[str, object]) -> None:
        super().__init__(value)
        self.read_names: set[str] = set()
        self.read_all = False

    def __getitem__(self, name: str) -> object:
        self.read_names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> Any:
        self.read_names.add(name)
        return super().get(name, default)

    def __iter__(self) -> Any:
        return super().__iter__()

    def items(self) -> Any:
        self.read_all = True
        return super().items()

    def values(self) -> Any:
        self.read_all = True
        return super().values()

    def __eq__(self, other: object) -> bool:
        self.read_all = True
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def copy(self) -> dict[str, object]:
        return dict(self.items())

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.copy()

    __hash__ = None


def _noting(name: str, decode: Callable[[bytes], Any]) -> Any:
    """A property that decodes a field of a record on first read, and keeps it."""

    def get(self: WatchedRecord) -> Any:
        if name not in self.touched:
            self.touched[name] = watched(decode(getattr(self, f"{name}_json")))
        return self.touched[name]

    return property(get)


class WatchedRecord(Record):
    """A record that holds two fields as JSON. `touched` has the decoded fields that were read."""

    resources_json: bytes = b"null"
    additionalEventData_json: bytes = b"null"
    touched: dict[str, Any] = msgspec.field(default_factory=dict)

    resources = _noting("resources", decode_resources)
    additionalEventData = _noting("additionalEventData", decode_additional)


class _Read:
    """All reads seen so far of the values in one place. For objects, `names` has the values that were read by name.
    `others` is set if all values of an object were read. `whole` means that everything inside was read, at any
    depth."""

    __slots__ = ("names", "others", "whole")

    def __init__(self) -> None:
        self.names: dict[str, _Read] = {}
        self.others: _Read | None = None
        self.whole = False

    def learn(self, value: object, depth: int = _MAX_DEPTH) -> bool:
        """Adds the reads of a watched value. Returns whether any read is new.

        Callers choose some names, such as tag keys. These are kept separately only if a rule asked for them, and only
        up to a maximum.
        """
        is_new = False
        if self.whole:
            pass
        elif not depth:
            is_new = self.whole = isinstance(value, (dict, list))
        elif isinstance(value, WatchedObject):
            if value.read_all and self.others is None:
                self.others, is_new = _Read(), True
            for name in value if value.read_all else value.read_names & value.keys():
                read = self.of_name(name)
                if read is None:
                    read = self.names[name] = _Read()
                    is_new = True
                is_new |= read.learn(dict.get(value, name), depth - 1)
            self.whole = len(self.names) > _MAX_NAMES
        elif isinstance(value, list):
            for item in value:
                is_new |= self.learn(item, depth - 1)
        return is_new

    def of_name(self, name: str) -> _Read | None:
        """The reads of the values with this name, or None if none was read."""
        return self if self.whole else self.names.get(name) or self.others

    def of(self, value: object, depth: int = _MAX_DEPTH - 1) -> object:
        """The value with all its names, but only with the values that were read."""
        if self.whole or not depth:
            return value
        if isinstance(value, list):
            return [self.of(item, depth - 1) if isinstance(item, (dict, list)) else item for item in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, object] = {}
        names, others = self.names, self.others
        for name, item in value.items():
            read = names.get(name) or others
            if read is not None and isinstance(item, (dict, list)):
                item = read.of(item, depth - 1)
            found[name] = None if read is None else item
        return found


class ReadValues:
    """The values that a call's mapping has read so far from one field of its records.

    INVARIANT: a mapping depends only on the values that it reads. So two records with equal parts have the same
    mapping, if mapping the first one read nothing beyond the reads known when its part was taken.
    """

    __slots__ = ("_read", "_readers")

    def __init__(self) -> None:
        self._read = _Read()
        self._readers: dict[tuple[str, ...], tuple[_Reader, tuple[_Read, ...]]] = {}

    def part(self, value: dict[str, object] | str | None) -> Part:
        """A key to compare and hash: the reader of an object's names with the values that are read. Other values as
        is."""
        if type(value) is not dict:
            return value  # type: ignore[return-value]  # a string, or nothing
        names = tuple(value)
        reader, seen = self._readers.get(names) or self._make_reader(names)
        values = reader(value)
        try:
            "".join(values)  # type: ignore[arg-type]
        except TypeError:
            # As text, since 1 == True == 1.0, and lists can't be hashed.
            return reader, _encode([read.of(item) for read, item in zip(seen, values, strict=True)])
        return reader, values

    def learn(self, value: object) -> bool:
        """Adds the reads of a watched object. Returns whether any read is new."""
        is_new = isinstance(value, WatchedObject) and self._read.learn(value)
        if is_new:
            self._readers.clear()
        return is_new

    def _make_reader(self, names: tuple[str, ...]) -> tuple[_Reader, tuple[_Read, ...]]:
        if len(self._readers) >= _MAX_READERS:
            self._readers.clear()
        read = [name for name in names if self._read.of_name(name)]
        # The first name appears twice because `itemgetter` returns a tuple only for several names.
        twice = [read[0], *read] if read else []
        reader: _Reader = itemgetter(*twice) if twice else lambda _value: ()
        made = self._readers[names] = reader, tuple(part for name in twice if (part := self._read.of_name(name)))
        return made
