"""The checksums that S3 keeps of objects, as it returns them in headers.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

botocore leaves out CRC32C and CRC64NVME unless a compiled extension is installed. S3 computes CRC64NVME for each object
whose writer sends no checksum, so here is a version of both in numpy.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from math import isqrt
from typing import Final

import numpy as np
import numpy.typing as npt

_CRC32C: Final = 0x82F63B78
_CRC64NVME: Final = 0x9A6C9329AC4BC9B5
_WORD: Final = np.dtype("<u8")
_BYTE: Final = np.uint64(8)


def compute_checksum(algorithm: str, data: bytes) -> str:
    """The checksum of bytes, in Base64, by an algorithm of `ALGORITHMS`."""
    return b64encode(ALGORITHMS[algorithm](data)).decode()


def compute_md5(data: bytes) -> str:
    """The MD5 of bytes, in hexadecimal. It finds damage, and proves nothing against forgers."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _compute_crc(data: bytes, polynomial: int, bits: int) -> bytes:
    """The CRC of bytes, least significant bit first, by the reversed polynomial.

    It cuts the bytes into about as many lanes as each lane is long, and takes all lanes one byte further at a time. A
    CRC is linear: the same steps on each single bit, with zeros as input, show what a lane's length does to the CRC of
    the lanes before it.
    """
    table = _crc_table(polynomial)
    steps = isqrt(len(data))
    lanes = len(data) // steps if steps else 0
    state = np.zeros(lanes + bits, _WORD)
    state[:1] = ones = (1 << bits) - 1
    state[lanes:] = [1 << bit for bit in range(bits)]
    columns = np.zeros((steps, lanes + bits), np.uint8)
    columns[:, :lanes] = np.frombuffer(data, np.uint8, lanes * steps).reshape(lanes, steps).T
    low_bytes = state.view(np.uint8)[::8]
    for column in columns:
        from_table = table[low_bytes ^ column]
        state >>= _BYTE
        state ^= from_table
    moved, crc = state[lanes:].tolist(), 0 if lanes else ones
    for lane in state[:lanes].tolist():
        crc = _apply_to_bits(moved, crc) ^ lane
    for byte in data[lanes * steps :]:
        crc = int(table[(crc ^ byte) & 0xFF]) ^ (crc >> 8)
    return (crc ^ ones).to_bytes(bits // 8, "big")


def _apply_to_bits(images: list[int], value: int) -> int:
    """The linear map that takes bit N to `images[N]`, of a value."""
    result = 0
    while value:
        lowest = value & -value
        result ^= images[lowest.bit_length() - 1]
        value ^= lowest
    return result


@cache
def _crc_table(polynomial: int) -> npt.NDArray[np.uint64]:
    """The CRC of each byte."""
    table = np.arange(256, dtype=np.uint64)
    for _ in range(8):
        table = (table >> np.uint64(1)) ^ ((table & np.uint64(1)) * np.uint64(polynomial))
    return table


ALGORITHMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": lambda data: _compute_crc(data, _CRC32C, 32),
    "crc64nvme": lambda data: _compute_crc(data, _CRC64NVME, 64),
}
"""By the ending of the header `x-amz-checksum-…`, the fast ones first; what isn't here can't be compared."""
