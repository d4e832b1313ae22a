"""The ground of the sample organization: accounts, regions, the window, and identifiers made from names alone."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

SHOP = "111122223333"
"""The production account of the shop, where most of the cast lives."""

SECURITY = "444455556666"
"""The account of the security team: it holds the log bucket and reads findings."""

EAST = "us-east-1"
WEST = "eu-west-1"
OREGON = "us-west-2"
"""A region nobody works in; only the attacker shows up there."""

FIRST_DAY = date(2026, 6, 3)
LAST_DAY = date(2026, 9, 30)
DAYS = tuple(FIRST_DAY + timedelta(days=offset) for offset in range((LAST_DAY - FIRST_DAY).days + 1))
"""The 120 days of the window, both ends included."""

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MIXED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def digest_of(*parts: object) -> bytes:
    """64 bytes that depend on the parts alone, so that no identifier changes when an unrelated principal is added."""
    return hashlib.sha512("\x1f".join(str(part) for part in parts).encode()).digest()


def _letters(alphabet: str, length: int, *parts: object) -> str:
    return "".join(alphabet[byte % len(alphabet)] for byte in digest_of(*parts)[:length])


def hex_of(length: int, *parts: object) -> str:
    """`length` lower-case hexadecimal digits."""
    return digest_of(*parts).hex()[:length]


def upper_of(length: int, *parts: object) -> str:
    """`length` upper-case letters and digits, as DynamoDB and S3 write their request ids."""
    return _letters(_ALNUM, length, *parts)


def mixed_of(length: int, *parts: object) -> str:
    """`length` letters and digits, as CloudTrail ends its file names."""
    return _letters(_MIXED, length, *parts)


def uuid_of(*parts: object) -> str:
    """A version 4 UUID."""
    text = hex_of(32, "uuid", *parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) % 4]}{text[17:20]}-{text[20:32]}"


def unique_id(prefix: str, *parts: object) -> str:
    """An IAM unique id of 21 characters, such as `AROA…` of a role."""
    return prefix + _letters(_UPPER, 17, prefix, *parts)


def access_key(prefix: str, *parts: object) -> str:
    """An access key id of 20 characters (`ASIA…` temporary, `AKIA…` long-lived)."""
    return prefix + _letters(_UPPER, 16, prefix, *parts)


def ec2_id(kind: str, *parts: object) -> str:
    """An EC2 resource id, such as `i-0…` with 17 hexadecimal digits."""
    return f"{kind}-0{hex_of(16, kind, *parts)}"


def fraction(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    return int.from_bytes(digest_of("fraction", *parts)[:6]) / 2**48


def choose(options: tuple[str, ...], *parts: object) -> str:
    """One of the options."""
    return options[int(fraction(*parts) * len(options))]


def instant(day: date, hour: int, minute: int, second: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def zulu(moment: datetime) -> str:
    """`2026-09-30T12:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def spoken(moment: datetime) -> str:
    """`Sep 30, 2026, 1:02:03 PM`, as services write times inside response elements."""
    hour = moment.hour % 12 or 12
    return f"{moment:%b} {moment.day}, {moment.year}, {hour}:{moment:%M:%S} {moment:%p}"
