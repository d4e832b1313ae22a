"""No file makes its reading take long or much memory: work is counted, not timed, and limits are told."""

from __future__ import annotations

import gzip
import json
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any, SupportsIndex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lpgen.edge.logs.json_documents as json_documents
import lpgen.edge.logs.record_files as record_files
from bench.hostile_logs import SHAPES
from lpgen.core.cloudtrail.records import RawRecord, Unusable
from lpgen.edge.logs.inflate import ReadLimits
from lpgen.edge.logs.json_documents import Broken, KnownKeys, items_of_list, split_documents
from lpgen.edge.logs.record_files import Item, records_from_bytes
from tests.support.log_samples import record_json

SIZE = 1 << 12
MOST_READS = 64
"""How often each byte may be read, and how many calls it may cost: a quadratic reading takes thousands."""

RECORDS = [record_json(number) for number in range(60)]
TEXTS = [json.dumps(record) for record in RECORDS]


class CountedBytes(bytes):
    """Bytes that count how many of them are looked at by name."""

    read = 0

    def find(self, *arguments: Any) -> int:
        found = super().find(*arguments)
        CountedBytes.read += (found if found >= 0 else len(self)) - arguments[1]
        return found

    def count(self, sub: Any, start: SupportsIndex | None = 0, end: SupportsIndex | None = None) -> int:
        assert isinstance(start, int)
        CountedBytes.read += (end if isinstance(end, int) else len(self)) - start
        return super().count(sub, start, end)


def test_split_documents_reads_each_byte_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    decode, count_brackets = json_documents._decode_error, json_documents._value_end

    def counted_decode(text: bytes | memoryview) -> Exception | None:
        error = decode(text)
        CountedBytes.read += len(text) if error is None else json_documents._bytes_read(error, memoryview(text))
        return error

    def counted_brackets(text: memoryview, most: int) -> tuple[int | None, int]:
        end, tokens = count_brackets(text, most)
        CountedBytes.read += end or len(text)
        return end, tokens

    monkeypatch.setattr(json_documents, "_decode_error", counted_decode)
    monkeypatch.setattr(json_documents, "_value_end", counted_brackets)
    for name, shape in SHAPES.items():
        data = CountedBytes(shape(SIZE))
        CountedBytes.read = 0
        for _ in split_documents(data):
            pass
        assert CountedBytes.read <= MOST_READS * len(data), name


def test_records_from_bytes_makes_calls_in_proportion_to_the_bytes() -> None:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    for name, shape in SHAPES.items():
        data = shape(SIZE)
        calls = 0
        sys.setprofile(count)
        try:
            items = list(records_from_bytes(data))
        finally:
            sys.setprofile(None)
        assert calls <= MOST_READS * max(SIZE, len(data)), name
        assert all(isinstance(unusable, RawRecord) or unusable.position for unusable in items), name


@pytest.mark.slow
def test_records_from_bytes_takes_memory_in_proportion_to_the_bytes() -> None:
    """The first items are enough: what is decoded all at once is held by then."""
    size = 1 << 16
    for name, shape in SHAPES.items():
        data = shape(size)
        tracemalloc.start()
        for _ in records_from_bytes(data, limits=ReadLimits(records=100, broken=10)):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak <= 20 * size, name


# ---------------------------------------------------------------- limits


def faults(items: Iterator[Item] | list[Item]) -> list[tuple[str, str, str]]:
    return [(item.reason.value, item.detail, item.position) for item in items if isinstance(item, Unusable)]


def read(text: str | bytes, **limits: int) -> list[Item]:
    data = text.encode() if isinstance(text, str) else text
    return list(records_from_bytes(data, limits=ReadLimits(**limits)))


def test_the_limit_of_records_is_told_at_its_place_however_records_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = {
        "log file": json.dumps({"Records": RECORDS}),
        "lines": "\n".join(TEXTS),
        "log events": json.dumps({"logEvents": [{"timestamp": 1, "message": text} for text in TEXTS]}),
    }
    why = "the file holds more than 59 records; the rest is not read"
    for typed_bytes in (1 << 26, 0):
        monkeypatch.setattr(record_files, "MAX_TYPED_BYTES", typed_bytes)
        for name, text in shapes.items():
            assert faults(read(text, records=60)) == [], name
            items = read(text, records=59)
            assert faults(items) == [("unreadable_file", why, "record 60")], name
            assert [record.eventID for record in items if isinstance(record, RawRecord)] == [
                record["eventID"] for record in RECORDS[:59]
            ], name


def test_the_limit_of_broken_parts_is_told_at_its_place() -> None:
    text = "\n".join((TEXTS[0], *["[x"] * 5, TEXTS[1]))
    assert len(faults(read(text, broken=5))) == 5
    items = read(text, broken=4)
    assert isinstance(items[0], RawRecord)
    why = "more than 4 parts of the file are broken, so it is not a log; the rest is not read"
    assert faults(items)[-1] == ("unreadable_file", why, "record 6")
    assert not any(isinstance(item, RawRecord) for item in items[1:])
    bad = json.dumps([5] * 6 + RECORDS)
    assert faults(read(bad, broken=4))[-1] == ("unreadable_file", why, "record 5")


def test_a_log_with_broken_lines_is_far_from_every_limit() -> None:
    lines = [text[:-9] if number % 3 == 0 else text for number, text in enumerate(TEXTS)]
    items = read("\n".join(lines))
    assert sum(isinstance(item, RawRecord) for item in items) == 40
    assert [position for _, _, position in faults(items)] == [f"line {number}" for number in range(1, 61, 3)]


def test_records_of_a_list_over_lines_are_kept_around_a_broken_one() -> None:
    """However many there are: each comma between them is broken text by itself."""
    for end in ("]}", ""):
        text = '{"Records":[\n' + ",\n".join([*TEXTS[:50], "{oops}", *TEXTS[50:]]) + end
        items = read(text)
        assert sum(isinstance(item, RawRecord) for item in items) == 60
        assert ("unreadable_file", "line 52, byte 1") in [(reason, place) for reason, _, place in faults(items)]


def test_a_document_that_nests_too_deep_is_told_where_brackets_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    data = TEXTS[0].encode() + b"\n" + deep + b"\n" + deep.replace(b"]", b"]\n") + TEXTS[1].encode()
    monkeypatch.setattr(json_documents, "MAX_TOKENS", 5)
    items = read(data)
    assert ("unreadable_file", "the JSON is nested too deep", "line 3") in faults(items)
    assert isinstance(items[0], RawRecord)


def test_documents_over_lines_are_given_up_after_a_bounded_search() -> None:
    """Documents of one line are still read when the search for the ends of others was in vain too often."""
    opened = "{\n" * 100
    data = (opened + TEXTS[0] + "\n" + json.dumps(RECORDS[1], indent=1)).encode()
    documents = list(split_documents(data))
    assert TEXTS[0].encode() in [document.strip() for document in documents if isinstance(document, bytes)]
    assert sum(isinstance(document, Broken) for document in documents) >= 100


# ---------------------------------------------------------------- parts


@given(st.lists(st.recursive(st.none() | st.text() | st.integers(), lambda strategy: st.lists(strategy), max_leaves=5)))
def test_items_of_list_gives_every_item(value: list[Any]) -> None:
    for indent in (None, 1):
        text = json.dumps(value, indent=indent).encode()
        assert [json.loads(bytes(item)) for item in items_of_list(text)] == value


@given(st.dictionaries(st.sampled_from(["a", "b", "c-d", "é"]), st.integers()))
def test_known_keys_reads_those_and_no_others(value: dict[str, int]) -> None:
    found = KnownKeys("a", "c-d").read(json.dumps(value).encode())
    assert {name: json.loads(bytes(raw)) for name, raw in found.items()} == {
        name: number for name, number in value.items() if name in ("a", "c-d")
    }


def test_known_keys_refuses_what_is_no_object() -> None:
    with pytest.raises(msgspec.DecodeError):
        KnownKeys("a").read(b"[]")


def test_gzip_members_are_read_whole_however_small_or_many() -> None:
    members = b"".join(gzip.compress(text.encode() + b"\n") for text in TEXTS)
    for data in (members, gzip.compress("\n".join(TEXTS * 200).encode(), 0)):
        items = read(data)
        assert faults(items) == []
        assert len(items) in (60, 12_000)
