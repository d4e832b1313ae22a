"""What shows that the bytes that came are the object's: the ETag where it is an MD5, a checksum, or the content."""

from __future__ import annotations

import gzip

from lpgen.edge.logs.inflate import DEFAULT_LIMITS
from lpgen.edge.objects.body_checks import find_damage
from tests.support.faulty_s3 import Keeping
from tests.support.log_samples import log_bytes, record_json

LOG = log_bytes([record_json(1)])
TEXT = gzip.decompress(LOG)
ENDED_EARLY = LOG[:-4]
"""What somebody stored so, and not what came so."""


def headers(keeping: Keeping, data: bytes, **changes: str) -> dict[str, str]:
    """The headers of an object of these bytes, in lower case as botocore gives them."""
    found = {"Content-Length": str(len(data)), **keeping.headers(data)}
    return {name.lower(): value for name, value in found.items()} | changes


def test_find_damage_finds_none_in_whole_bytes() -> None:
    for keeping in Keeping:
        for data in (LOG, TEXT, b"", b"\n", gzip.compress(LOG)):
            assert find_damage(data, headers(keeping, data), "bucket") == "", (keeping, data)


def test_find_damage_finds_every_flipped_bit_of_a_gzip() -> None:
    for keeping in (Keeping.OPEN, Keeping.KMS, Keeping.PARTS, Keeping.KMS_CRC64NVME, Keeping.KMS_CRC32C):
        said = headers(keeping, LOG)
        for at in range(10, len(LOG), 7):  # no check of its own covers the first bytes of a gzip
            data = LOG[:at] + bytes([LOG[at] ^ 4]) + LOG[at + 1 :]
            assert find_damage(data, said, "bucket"), (keeping, at)


def test_find_damage_takes_a_broken_object_for_whole_where_its_bytes_are_proven() -> None:
    for keeping in Keeping:
        proven = keeping not in (Keeping.KMS, Keeping.DSSE, Keeping.SSE_C, Keeping.PARTS)
        for broken in (ENDED_EARLY, TEXT[:-4], b"no log at all"):
            assert (find_damage(broken, headers(keeping, broken), "bucket") == "") == proven, (keeping, broken)


def test_find_damage_never_compares_an_etag_that_is_no_md5() -> None:
    """In a directory bucket, too, the ETag of an object without encryption headers may look like an MD5."""
    said = headers(Keeping.OPEN, b"other bytes")
    assert find_damage(LOG, said, "bucket")
    assert find_damage(LOG, said, "logs--use1-az4--x-s3") == ""
    assert find_damage(LOG, said | {"etag": '"0123"'}, "bucket") == ""
    assert find_damage(LOG, said | {"x-amz-server-side-encryption": "aws:fsx"}, "bucket") == ""


def test_find_damage_leaves_composite_checksums_and_unknown_ones_alone() -> None:
    said = headers(Keeping.KMS, LOG)
    assert find_damage(LOG, said | {"x-amz-checksum-crc32": "AAAA-3"}, "bucket") == ""
    assert find_damage(LOG, said | {"x-amz-checksum-crc32": "AAAA", "x-amz-checksum-type": "COMPOSITE"}, "b") == ""
    assert find_damage(LOG, said | {"x-amz-checksum-xxhash128": "AAAA"}, "bucket") == ""
    assert "crc32" in find_damage(LOG, said | {"x-amz-checksum-crc32": "AAAA"}, "bucket")


def test_find_damage_wants_a_length_where_nothing_else_shows_the_end() -> None:
    said = headers(Keeping.KMS, TEXT)
    del said["content-length"]
    assert find_damage(LOG, said, "bucket") == ""
    assert "neither a length nor a checksum" in find_damage(TEXT, said, "bucket")


def test_find_damage_leaves_the_limits_of_a_text_to_its_reader() -> None:
    text = b'{"Records":[' + b",".join([b"1"] * (DEFAULT_LIMITS.broken + 1)) + b"]}"
    assert find_damage(text, headers(Keeping.KMS, text), "bucket") == ""
