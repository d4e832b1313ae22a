"""What of a record the mapping of a call looks at, learned by watching it."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

import msgspec

from lpgen.core.events.records import Record

Values = tuple[object, ...] | bytes
Reader = Callable[[dict[str, object]], Values]
"""Reads what matters of the objects that have the same names, and stands for these names."""

Part = tuple[Reader, Values] | str | None

_MAX_READERS: Final = 1024

_encode: Final = msgspec.json.Encoder().encode


class WatchedObject(dict[str, object]):
    """A JSON object that remembers which of its values were read. Which names it has, and in what order, is no secret.

    INVARIANT: rules read objects by these methods alone. `__iter__` is here so that C code that copies a dict takes
    the way through `keys` and `__getitem__`.
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

    def copy(self) -> dict[str, object]:
        return dict(self.items())

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.copy()

    __hash__ = None


def _noting(name: str) -> Any:
    """A property that reads a field of a record, and notes that it did."""
    read = getattr(Record, name).__get__

    def get(self: WatchedRecord) -> Any:
        self.touched.add(name)
        return read(self)

    return property(get)


class WatchedRecord(Record):
    """A record that remembers in `touched` which of these two fields were read."""

    touched: set[str] = msgspec.field(default_factory=set)

    resources = _noting("resources")
    additionalEventData = _noting("additionalEventData")


class ReadValues:
    """The values that one call's mapping was ever seen to read of one field of its records.

    INVARIANT: a mapping is a function of what it reads. So of two records whose parts are equal, the mapping says the
    same, if it did read no more of the first than was known when the part was taken.
    """

    __slots__ = ("_all", "_names", "_readers")

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._all = False
        self._readers: dict[tuple[str, ...], Reader] = {}

    def part(self, value: dict[str, object] | str | None) -> Part:
        """What stands for the names in an object, and the values that are read of it, to be compared and hashed; other
        values as they are."""
        if type(value) is not dict:
            return value  # type: ignore[return-value]  # a string, or nothing
        names = tuple(value)
        read = self._readers.get(names) or self._make_reader(names)
        values = read(value)
        try:
            "".join(values)  # type: ignore[arg-type]
        except TypeError:
            values = _encode(values)  # as text, since 1 == True == 1.0, and lists can't be hashed
        return read, values

    def learn(self, value: object) -> None:
        """Adds what was read of a watched object."""
        if isinstance(value, WatchedObject) and not (value.read_names <= self._names and value.read_all <= self._all):
            self._names |= value.read_names
            self._all |= value.read_all
            self._readers.clear()

    def _make_reader(self, names: tuple[str, ...]) -> Reader:
        if len(self._readers) >= _MAX_READERS:
            self._readers.clear()
        read = [name for name in names if self._all or name in self._names]
        # The first name twice, as `itemgetter` gives a tuple only for several.
        reader: Reader = itemgetter(read[0], *read) if read else lambda _value: ()
        self._readers[names] = reader
        return reader
