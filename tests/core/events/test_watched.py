"""What a mapping reads of an object is noticed, whichever way it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.events.rules.call import texts_at
from lpgen.core.events.watched import ReadValues, WatchedObject

READERS: list[Callable[[Any], object]] = [
    lambda value: value["a"],
    lambda value: value.get("a"),
    lambda value: list(value.values()),
    lambda value: list(value.items()),
    lambda value: {**value},
    lambda value: dict(value),
    lambda value: value.copy(),
    lambda value: value | {},
    lambda value: {} | value,
    lambda value: value == {"a": 1},
    lambda value: value != {"a": 1},
    lambda value: [*texts_at(value, ("a",))],
    lambda value: [*texts_at([value], ("A",))],
]


@pytest.mark.parametrize("read", READERS)
def test_watched_object_notices_every_way_of_reading_a_value(read: Callable[[Any], object]) -> None:
    plain: dict[str, object] = {"a": "x", "b": "y"}
    watched = WatchedObject(plain)
    assert read(watched) == read(plain)
    assert watched.read_all or "a" in watched.read_names


def test_watched_object_gives_its_names_away() -> None:
    watched = WatchedObject({"a": "x", "b": "y"})
    assert [*watched] == [*watched.keys()] == ["a", "b"]
    assert ("a" in watched, "c" in watched, len(watched), bool(watched)) == (True, False, 2, True)
    assert (watched.read_all, watched.read_names) == (False, set())


def _values(*names: str) -> ReadValues:
    read = ReadValues()
    watched = WatchedObject(dict.fromkeys(names))
    for name in names:
        watched.get(name)
    read.learn(watched)
    return read


def test_read_values_tells_apart_what_python_calls_equal() -> None:
    read = _values("a")
    parts = [read.part({"a": value}) for value in (1, True, 1.0, "1", None, ["1"], [1], {"1": 1}, [["1"]])]
    assert len({repr(part) for part in parts}) == len(set(parts)) == len(parts)


def test_read_values_leaves_out_what_was_never_read() -> None:
    read = _values("a")
    assert read.part({"a": "x", "b": "y"}) == read.part({"a": "x", "b": ["z"]})
    assert read.part({"a": "x", "b": "y"}) != read.part({"a": "z", "b": "y"})
    assert read.part({"a": "x", "b": "y"}) != read.part({"a": "x"})


def test_read_values_learns_of_names_later() -> None:
    read = _values("a")
    first = read.part({"a": "x", "b": "y"})
    watched = WatchedObject({"a": "x", "b": "y"})
    list(watched.items())
    read.learn(watched)
    parts = {first, read.part({"a": "x", "b": "y"}), read.part({"a": "x", "b": "z"})}
    assert len(parts) == 3


def test_read_values_takes_hidden_parameters_as_they_are() -> None:
    read = _values("a")
    assert read.part("HIDDEN_DUE_TO_SECURITY_REASONS") == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert read.part(None) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from([0.0, 1.0, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
_OBJECTS = st.dictionaries(st.sampled_from("abc"), _JSON, max_size=3)


@given(st.sets(st.sampled_from("abc")), _OBJECTS, _OBJECTS)
def test_read_values_gives_equal_parts_only_to_what_reads_the_same(
    names: set[str], one: dict[str, object], other: dict[str, object]
) -> None:
    read = _values(*names)
    same = list(one) == list(other) and all(repr(one[name]) == repr(other[name]) for name in names & one.keys())
    assert (read.part(one) == read.part(other)) == same
    hash(read.part(one))
