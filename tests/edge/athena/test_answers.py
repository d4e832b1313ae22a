"""Answers are read as streams, whatever their size."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from lpgen.edge.athena.answers import rows_of_answer
from lpgen.edge.athena.run import Answered
from lpgen.edge.aws_session import AwsSession
from lpgen.errors import AwsError, IngestError

COLUMNS = ("a", "b")
HEADER = b'"a","b"\n'
ANSWERED = Answered("query", "s3://answers/query.csv", 0)


@dataclass
class LongBody:
    """A body that is made while it is read: the header, then one row again and again."""

    row: bytes
    rows: int
    _rest: bytes = HEADER
    _made: int = 0

    def read(self, length: int) -> bytes:
        while len(self._rest) < length and self._made < self.rows:
            self._rest += self.row
            self._made += 1
        data, self._rest = self._rest[:length], self._rest[length:]
        return data


@dataclass
class Store:
    """A session whose S3 has one object."""

    body: Any
    size: int
    asked: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str) -> Store:
        assert service == "s3"
        return self

    def get_object(self, **options: Any) -> dict[str, Any]:
        self.asked.append(options)
        return {"Body": self.body, "ETag": '"1"', "ContentLength": self.size}


def rows_from(store: Store) -> Any:
    return rows_of_answer(cast(AwsSession, store), ANSWERED, COLUMNS)


@pytest.mark.slow
def test_rows_of_answer_takes_no_more_memory_for_more_rows() -> None:
    row = b'"' + b"x" * 20_000 + b'","' + b'""' * 2_000 + b'"\n'
    store = Store(LongBody(row, 4_000), len(HEADER) + 4_000 * len(row))
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows_from(store)) == 4_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert store.size > 90_000_000
    assert peak < 12_000_000


def test_rows_of_answer_takes_null_and_nothing_for_the_same() -> None:
    body = LongBody(b',""\n', 1)
    (row,) = rows_from(Store(body, len(HEADER) + 4))
    assert row == {"a": "", "b": ""}


@pytest.mark.parametrize(("rest", "message"), [(b'"x\n', "unexpected end of data"), (b'"x"y,"z"\n', "expected after")])
def test_rows_of_answer_refuses_what_is_no_csv(rest: bytes, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        list(rows_from(Store(LongBody(rest, 1), len(HEADER) + len(rest))))


def test_rows_of_answer_gives_up_on_a_body_that_always_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpgen.edge.athena.answers.WAIT_SECONDS", 0.0)
    store = Store(LongBody(b"", 0), 1_000)
    with pytest.raises(AwsError, match="the connection broke off"):
        list(rows_from(store))
    assert [one.get("Range") for one in store.asked] == [None] + [f"bytes={len(HEADER)}-"] * 5
    assert {one.get("IfMatch") for one in store.asked[1:]} == {'"1"'}
