"""What a mapping reads of an object is noticed, whichever way it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.cloudtrail.access_tracking import ReadValues, WatchedObject, watched
from lpgen.core.cloudtrail.rules.call import texts_at

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
    lambda value: str(value),
    lambda value: f"{[value]}",
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
def test_read_values_gives_equal_parts_to_what_reads_the_same(
    names: set[str], one: dict[str, object], other: dict[str, object]
) -> None:
    read = _values(*names)
    if list(one) == list(other) and all(repr(one[name]) == repr(other[name]) for name in names & one.keys()):
        assert read.part(one) == read.part(other)
    hash(read.part(one))


def _tag_keys(request: dict[str, Any]) -> list[str]:
    return [tag["key"] for tag in request["tagSet"]["items"]]


def test_read_values_looks_only_as_deep_as_was_read() -> None:
    def request(key: str, value: Any) -> dict[str, object]:
        return {"tagSet": {"items": [{"key": key, "value": value}]}, "other": {"x": value}}

    read = ReadValues()
    seen = watched(request("team", "a"))
    assert _tag_keys(seen) == ["team"]
    read.learn(seen)
    assert read.part(request("team", "a")) == read.part(request("team", {"b": 1}))
    assert read.part(request("team", "a")) != read.part(request("owner", "a"))
    list(seen["tagSet"]["items"][0].values())
    read.learn(seen)
    assert read.part(request("team", "a")) != read.part(request("team", "b"))


_Steps = list[str | int]


def _walk(value: Any, steps: _Steps) -> object:
    """What is found on a way into a JSON value, a step at a time: a name, or a place in a list."""
    for step in steps:
        is_name = isinstance(value, dict) and isinstance(step, str) and step in value
        if not is_name and not (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            return "nothing"
        value = value[step]
    if isinstance(value, dict):
        return "object", list(value)
    return ("list", len(value)) if isinstance(value, list) else ("leaf", repr(value))


_DEEP = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from([1.0, "", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)
_REQUESTS = st.dictionaries(st.sampled_from("ab"), _DEEP, max_size=2)
_STEPS = st.lists(st.sampled_from(["a", "b", 0, 1]), min_size=1, max_size=7)


@given(st.lists(_STEPS, max_size=3), st.lists(_REQUESTS, max_size=3), _REQUESTS, _REQUESTS)
def test_objects_with_equal_parts_give_equal_answers(
    ways: list[_Steps], known: list[dict[str, object]], one: dict[str, object], other: dict[str, object]
) -> None:
    read = ReadValues()
    for request in (*known, one):
        seen = watched(request)
        for steps in ways:
            assert _walk(seen, steps) == _walk(request, steps)
        read.learn(seen)
    if read.part(one) == read.part(other):
        assert [_walk(one, steps) for steps in ways] == [_walk(other, steps) for steps in ways]


def test_read_values_takes_objects_that_lie_deep_as_a_whole() -> None:
    def nested(leaf: str, depth: int = 2_000) -> dict[str, Any]:
        value: Any = leaf
        for _ in range(depth):
            value = [value]
        return {"a": value, "b": {"c": {"d": {"e": {"f": {"g": leaf}}}}}}

    read = ReadValues()
    seen = watched(nested("x", 900))
    assert (bool(seen["a"]), bool(seen["b"]["c"]["d"]["e"]["f"])) == (True, True)
    read.learn(seen)
    assert read.part(nested("x", 900)) == read.part(nested("x", 900)) != read.part(nested("y", 900))


def test_read_values_learns_little_of_names_that_callers_choose() -> None:
    def told_of(read: ReadValues, number: int, look: Callable[[Any], object]) -> bool:
        seen = watched({"tags": {f"k{number}": {"x": "y"}}})
        look(seen["tags"])
        return read.learn(seen)

    read = ReadValues()
    assert [told_of(read, number, lambda tags: list(tags.items())) for number in range(3)] == [True, False, False]
    assert read.part({"tags": {"a": "1"}}) != read.part({"tags": {"a": "2"}})
    read = ReadValues()
    assert [told_of(read, number, lambda tags: {**tags}) for number in range(400)] == [True] * 257 + [False] * 143
    assert read.part({"tags": {"a": {"b": "1"}}}) != read.part({"tags": {"a": {"b": "2"}}})
