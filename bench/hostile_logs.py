"""Log files that are made to take long: reading them must take time in proportion to their size."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Final

Shape = Callable[[int], bytes]
"""A file of about so many bytes, once inflated."""

_RECORD: Final = (
    b'{"eventVersion":"1.08","eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Get"}'
)
_MESSAGE: Final = json.dumps({"timestamp": 1, "message": _RECORD.decode()}).encode()
_ERROR_LOG: Final = (
    b"[Wed Oct 11 14:32:52 2026] [error] [client 127.0.0.1] client denied by server: /export/home/test\n"
)
_DEEP: Final = 12_000  # more than any Python's decoder follows


def _repeated(unit: bytes, head: bytes = b"", tail: bytes = b"") -> Shape:
    return lambda size: head + unit * max(1, (size - len(head) - len(tail)) // len(unit)) + tail


def _halves(first: bytes, second: bytes, middle: bytes = b"") -> Shape:
    return lambda size: first * (size // 2 // len(first)) + middle + second * (size // 2 // len(second))


def _keys(size: int) -> bytes:
    return b"{" + b",".join(b'"%d":0' % number for number in range(size // 9)) + b"}"


def _with_deep(unit: bytes) -> Shape:
    deep = b'{"a":' + b"[" * _DEEP + b"]" * _DEEP + b"}"
    return _repeated(unit.replace(b"DEEP", deep))


SHAPES: Final[Mapping[str, Shape]] = {
    "one record a line": _repeated(_RECORD + b"\n"),
    "records in a list": _repeated(_RECORD + b",", b'{"Records":[', _RECORD + b"]}"),
    "records in a list, the last broken": _repeated(_RECORD + b",\n", b'{"Records":[\n', b"{oops}]}"),
    "records in a list that never ends": _repeated(_RECORD + b",\n", b'{"Records":[\n'),
    "records on one line": _repeated(_RECORD),
    "records on one line, the last broken": _repeated(_RECORD, tail=b"{oops"),
    "a line in two broken": _repeated(_RECORD + b"\n" + _RECORD[:-9] + b"\n"),
    "log events": _repeated(_MESSAGE + b",", b'{"logEvents":[', _MESSAGE + b"]}"),
    "times and nothing": _repeated(b"2026-01-01T1 {\n"),
    "an error log": _repeated(_ERROR_LOG),
    "a log of words": _repeated(b"a word and "),
    "a table": _repeated(b"eventname,", b"x,"),
    "opened objects, one a line": _repeated(b"{\n"),
    "opened lists, one a line": _repeated(b"[\n"),
    "opened lists in objects, one a line": _repeated(b'{"a":[\n'),
    "opened lists with items": _repeated(b"[1,\n"),
    "opened lists": _repeated(b"["),
    "opened lists, spaced": _repeated(b"[ "),
    "opened and closed, but no JSON": _halves(b"{\n", b"}\n"),
    "opened, and closed far away": _halves(b"[\n", b"]\n", b"0"),
    "closed only": _repeated(b"]\n"),
    "tiny documents": _repeated(b"{}"),
    "tiny documents with commas": _repeated(b"{},"),
    "tiny documents with commas, one a line": _repeated(b"{},\n"),
    "tiny documents in a list": _repeated(b"{},", b"[", b"{}]"),
    "tiny documents in records": _repeated(b"{},", b'{"Records":[', b"{}]}"),
    "tiny records": _repeated(b'{"eventSource":"","eventName":""},', b"[", b"{}]"),
    "numbers": _repeated(b"1 "),
    "numbers in a list": _repeated(b"1,", b"[", b"1]"),
    "a long number": _repeated(b"9"),
    "a long number in a record": _repeated(b"9", _RECORD[:-1] + b',"a":', b"}"),
    "strings that never end": _repeated(b'"\n'),
    "objects of strings that never end": _repeated(b'{"a\n'),
    "a string that never ends": _repeated(b"a", b'{"a":"'),
    "escaped quotes": _repeated(b'\\"', b'{"a":"'),
    "backslashes": _repeated(b"\\\\", b'{"a":"', b'\\ud800"}}'),
    "halves of surrogates": _repeated(b"\\ud800", b'{"a":"', b'"}'),
    "surrogates": _repeated(b"\\ud83d\\ude00", b'{"a":"', b'"}'),
    "NULs": _repeated(b"\0"),
    "NULs in lines": _repeated(b"{\0\n"),
    "bytes that are no text": _repeated(b"\xff"),
    "byte order marks": _repeated(b"\xef\xbb\xbf"),
    "UTF-16": lambda size: ("{}\n" * (size // 6)).encode("utf-16"),
    "UTF-16 of opened objects": lambda size: ("{\n" * (size // 4)).encode("utf-16"),
    "many keys": _keys,
    "a huge key": _repeated(b"k", b'{"', b'":0}'),
    "white space": _repeated(b" \n", tail=b"{"),
    "deep lines": _with_deep(b"DEEP\n"),
    "deep documents on one line": _with_deep(b"DEEP"),
    "deep lines that never end": _repeated(b"[" * _DEEP + b"\n"),
    "deep records": lambda size: b'{"Records":[' + _with_deep(b"DEEP,")(size) + b"{}]}",
    "empty gzip members": _repeated(gzip.compress(b"", mtime=0)),
    "small gzip members": _repeated(gzip.compress(_RECORD + b"\n", mtime=0)),
    "gzip and zeros": _repeated(b"\0", gzip.compress(b"{}", mtime=0)),
    "gzip in gzip": lambda size: gzip.compress(gzip.compress(b"{\n" * (size // 2))),
}
