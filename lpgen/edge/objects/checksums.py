"""The checksums that S3 keeps of objects, as it returns them in headers.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final


def compute_checksum(algorithm: str, data: bytes) -> str:
    """The checksum of bytes, in Base64, by an algorithm of `ALGORITHMS`."""
    return b64encode(ALGORITHMS[algorithm](data)).decode()


def compute_md5(data: bytes) -> str:
    """The MD5 of bytes, in hexadecimal. It finds damage, and proves nothing against forgers."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _compute_crc32c(data: bytes) -> bytes:
    from awscrt import checksums  # loads a large library, which objects with an MD5 for an ETag don't need

    return int(checksums.crc32c(data)).to_bytes(4, "big")


def _compute_crc64nvme(data: bytes) -> bytes:
    from awscrt import checksums

    return int(checksums.crc64nvme(data)).to_bytes(8, "big")


ALGORITHMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": _compute_crc32c,
    "crc64nvme": _compute_crc64nvme,
}
"""By the ending of the header `x-amz-checksum-…`; what isn't here can't be compared."""
