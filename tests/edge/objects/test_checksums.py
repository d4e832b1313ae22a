"""Checksums: their published check values."""

from __future__ import annotations

from base64 import b64encode

from lpgen.edge.objects.body_checks import ALGORITHMS, compute_checksum, compute_md5

_CHECK = b"123456789"


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


def test_every_algorithm_takes_bytes_of_any_length() -> None:
    for algorithm in ALGORITHMS:
        assert len({compute_checksum(algorithm, data) for data in (b"", b"\0", b"\0" * 70_000)}) == 3, algorithm
