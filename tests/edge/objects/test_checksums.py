"""Checksums: published check values, and the law that they share with zlib's."""

from __future__ import annotations

import random
import zlib
from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st

from lpgen.edge.objects.checksums import _compute_crc, compute_checksum, compute_md5

_CHECK = b"123456789"
_REVERSED_CRC32 = 0xEDB88320


def test_compute_checksum_gives_the_published_check_values() -> None:
    # https://reveng.sourceforge.io/crc-catalogue/all.htm
    for algorithm, expected in {
        "crc32": "cbf43926",
        "crc32c": "e3069283",
        "crc64nvme": "ae8b14860a799888",
        "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
        "md5": "25f9e794323b453885f5181f1b624d0b",
    }.items():
        assert compute_checksum(algorithm, _CHECK) == b64encode(bytes.fromhex(expected)).decode(), algorithm
    assert compute_md5(_CHECK) == "25f9e794323b453885f5181f1b624d0b"


@given(st.binary(max_size=2_000))
def test_compute_crc_equals_zlib(data: bytes) -> None:
    assert _compute_crc(data, _REVERSED_CRC32, 32) == zlib.crc32(data).to_bytes(4, "big")


def test_compute_crc_equals_zlib_for_large_bytes() -> None:
    data = random.Random(7).randbytes(1_000_003)
    assert _compute_crc(data, _REVERSED_CRC32, 32) == zlib.crc32(data).to_bytes(4, "big")
