"""Mutations of an input, by a random generator that is passed in: the same seed gives the same mutations."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

_STRINGS: Final = (
    "", "*", "?", "**", "a" * 300, "${aws:username}", "${*}", "${", "\ud800", "\u0000", "\u202e", "\x1b[2J", "`", "Z",
    "arn:aws:s3:::b/*", "arn:aws:iam::111122223333:role/app", "arn:::::", ":", "2026-02-30", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "2026-09-01T00:00:00+23:59", "=cmd()", "<script>", "../../x", "{}", "[", "NaN", "1e400",
    "s3:*", "iam:PassRole", "Deny", "2012-10-17", "true", "-1", "0", "10.0.0.0/8", "::/0", "%7B%7D", "%",
)  # fmt: skip
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**63, -(2**63) - 1, 10**400, [], {}, [[]], [{}], {"": ""}, [None],
    {"a": {"b": {"c": [1, {"d": None}]}}}, *_STRINGS,
)  # fmt: skip
_TOKENS: Final = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b",
    b'{"Records":[', b"null", b"1e999", b"-", b"\\ud800", b"\\u0000", b"{}", b"[[[[[[[[", b'"a":', b"*", b"?", b"${",
    b"=", b"[[decision]]", b"'''", b"2026-01-01", b"PAR1",
)  # fmt: skip
_GZIP: Final = b"\x1f\x8b"
_MAX_INFLATED: Final = 1 << 20
_MAX_NODES: Final = 2_000


def mutate(data: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """Another input, made from one by a few changes; `others` are inputs to take parts from."""
    for _ in range(1 + min(random.getrandbits(2), random.getrandbits(2))):
        data = _mutate_once(data, random, others)
    return data


def _mutate_once(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    if data.startswith(_GZIP) and random.random() < 0.7:
        inflated = _inflate(data)
        if inflated is not None:
            return gzip.compress(_mutate_once(inflated, random, others), compresslevel=1, mtime=0)
    if random.random() < 0.6:
        try:
            return json.dumps(_mutate_document(json.loads(data), random)).encode()
        except (ValueError, RecursionError):
            pass
    return random.choice(_BYTE_CHANGES)(data, random, others)


def _inflate(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj(wbits=31).decompress(data, _MAX_INFLATED)
    except zlib.error:
        return None


# ---------------------------------------------------------------- JSON


def _mutate_document(document: Any, random: Random) -> Any:
    holders = [container for container in _containers(document) if container]
    if not holders:
        return random.choice(_VALUES)
    holder = random.choice(holders)
    key = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
    kind = random.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        _add(holder, random.choice(_STRINGS), holder[key])
    elif kind == 2:
        other = random.choice(holders)
        holder[key] = json.loads(json.dumps(random.choice(list(other.values()) if isinstance(other, dict) else other)))
    elif kind == 3 and isinstance(holder[key], str):
        holder[key] = _mutate_text(holder[key], random)
    elif kind == 4:
        holder[key] = [holder[key]] if random.random() < 0.8 else _nested(holder[key], random.choice((50, 1_200)))
    else:
        holder[key] = random.choice(_VALUES)
    return document


def _containers(document: Any) -> list[Any]:
    """The objects and arrays of a document, itself first, up to a number of them."""
    found = [document] if isinstance(document, dict | list) else []
    for one in found:
        if len(found) > _MAX_NODES:
            break
        found += [value for value in (one.values() if isinstance(one, dict) else one) if isinstance(value, dict | list)]
    return found


def _add(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, dict):
        holder[name] = value
    else:
        holder.append(value)


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def _mutate_text(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    end = min(len(text), at + random.choice((0, 0, 1, 4, 1_000)))
    return text[:at] + random.choice(_STRINGS) + text[end:]


# ---------------------------------------------------------------- bytes


def _flip(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\x00"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _insert(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_TOKENS) * random.choice((1, 1, 1, 2, 40)) + data[at:]


def _slice(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 2, 8, 64, 1_024)))


def _remove(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _slice(data, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _slice(data, random)
    return data[:end] + data[start:end] * random.choice((1, 2, 16)) + data[end:]


def _cut(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _splice(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    other = random.choice(others) if others else data
    start, end = _slice(other, random)
    at, behind = _slice(data, random)
    return data[:at] + other[start:end] + data[behind:]


_BYTE_CHANGES: Final[tuple[Callable[[bytes, Random, Sequence[bytes]], bytes], ...]] = (
    _flip, _insert, _remove, _repeat, _cut, _splice,
)  # fmt: skip
