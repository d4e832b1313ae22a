"""Checks that the received bytes are the object's."""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final

from lpgen.core.cloudtrail.records import Unusable
from lpgen.core.model import SkipReason
from lpgen.core.usage.log_layout import split_address
from lpgen.edge.logs.inflate import NO_LIMITS, TooLargeError, UnreadableError, inflate, is_gzip
from lpgen.edge.logs.record_files import records_from_bytes
from lpgen.edge.object_store import Body, StoredObject
from lpgen.errors import quote_input

_MD5: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OPEN_ENCRYPTION: Final = ("", "AES256")
_DIRECTORY_BUCKET: Final = "--x-s3"


class UnusableAnswerError(Exception):
    """AWS's answer contradicts itself. The message says how."""


def body_from_answer(data: bytes, status: int, headers: Mapping[str, str], listed: StoredObject) -> Body:
    """The listed object, from an answer with all of its bytes. Header names are in lower case.

    Raises:
        UnusableAnswerError: the answer isn't the object, or not all of it.
        ConnectionError: the answer ended early.
    """
    if status != 200:
        raise UnusableAnswerError("the answer has only a part of it")
    promised = headers.get("content-length", "")
    if promised.isdecimal() and len(data) != int(promised):
        raise ConnectionError(f"{len(data)} of {promised} bytes arrived")
    damage = find_damage(data, headers, split_address(listed.name)[0])
    if damage:
        raise UnusableAnswerError(damage)
    etag = clean_etag(headers.get("etag", ""))
    if (len(data), etag) != (listed.size, listed.etag):
        raise UnusableAnswerError("it has changed since it was listed")
    return Body(data, etag)


def clean_etag(text: str) -> str:
    """An ETag without its quotes and prefix in HTTP."""
    return text.removeprefix("W/").strip('"')


def find_damage(data: bytes, headers: Mapping[str, str], bucket: str) -> str:
    """Why the bytes of an answer aren't the complete object, or "" if no damage was found.

    The bytes are compared with the ETag if it is their MD5, otherwise with a checksum of the answer. If the answer has
    neither, the content must be complete: gzip that fits its own CRC, or a text of known length without an unreadable
    part. Then damage inside a readable text goes unnoticed.

    Bytes that fit their ETag or checksum are the object's, even if the object is broken.
    """
    if _is_etag_md5(headers, bucket):
        etag = clean_etag(headers.get("etag", ""))
        return "" if compute_md5(data) == etag else f"the received bytes don't fit the ETag {quote_input(etag)}"
    for algorithm in ALGORITHMS:
        checksum = headers.get(f"x-amz-checksum-{algorithm}", "")
        if checksum and not _is_composite(headers, checksum):
            fits = compute_checksum(algorithm, data) == checksum
            return "" if fits else f"the received bytes don't fit the {algorithm} checksum {quote_input(checksum)}"
    return _find_damage_inside(data, headers)


def _is_etag_md5(headers: Mapping[str, str], bucket: str) -> bool:
    """Whether AWS documents the ETag as the MD5 of the object's bytes.

    It is for objects that a single PUT, POST or copy created, in plain text or under SSE-S3. It isn't for objects under
    SSE-KMS, DSSE-KMS or SSE-C, uploaded in parts (their ETag has a `-`), or in directory buckets.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
    """
    return (
        _MD5.fullmatch(clean_etag(headers.get("etag", ""))) is not None
        and headers.get("x-amz-server-side-encryption", "") in _OPEN_ENCRYPTION
        and "x-amz-server-side-encryption-customer-algorithm" not in headers
        and not bucket.endswith(_DIRECTORY_BUCKET)
    )


def _is_composite(headers: Mapping[str, str], checksum: str) -> bool:
    """Whether the checksum is a checksum of the checksums of parts. It doesn't follow from the object's bytes.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    return "-" in checksum or headers.get("x-amz-checksum-type", "").upper() == "COMPOSITE"


def _find_damage_inside(data: bytes, headers: Mapping[str, str]) -> str:
    if is_gzip(data):
        try:
            inflate(data)
        except TooLargeError:
            return ""  # the reader reports the limit
        except UnreadableError as error:
            return f"{error.message}, and the answer has no checksum"
        return ""
    if "content-length" not in headers:
        return "the answer has neither a length nor a checksum"
    for item in records_from_bytes(data, limits=NO_LIMITS):  # the reader reports the limits
        if type(item) is Unusable and item.reason is SkipReason.UNREADABLE_FILE:
            return f"{item.detail}, and the answer has no checksum"
    return ""


# ---------------------------------------------------------------- checksums


def compute_checksum(algorithm: str, data: bytes) -> str:
    """The checksum of bytes with an algorithm of `ALGORITHMS`, in Base64."""
    return b64encode(ALGORITHMS[algorithm](data)).decode()


def compute_md5(data: bytes) -> str:
    """The MD5 of bytes, in hexadecimal. It detects damage, but not forgery."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _compute_crc32c(data: bytes) -> bytes:
    from awscrt import checksums  # loads a large library, which isn't needed if the ETag is an MD5

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
"""The algorithms by the end of the header `x-amz-checksum-…`. Other checksums can't be compared."""
