"""One request value against one policy value, by kind of comparison.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.globs.match import fold_case
from lpgen.core.globs.tokens import Tokens, match_tokens
from lpgen.core.iam.condition_operator import Comparison
from lpgen.core.iam.policy_variables import Filled

TAKES_VARIABLES = frozenset(
    (
        Comparison.STRING_EQUALS,
        Comparison.STRING_EQUALS_IGNORE_CASE,
        Comparison.STRING_LIKE,
        Comparison.ARN_LIKE,
        Comparison.BOOL,
    )
)
"""The comparisons whose policy values may hold variables; elsewhere `${…}` is literal, and so no number or date."""


def compare_value(comparison: Comparison, wanted: Filled, value: str) -> bool | None:
    """Whether a request's value meets a policy's value, or None where either is no value of the comparison's kind."""
    if comparison is Comparison.STRING_LIKE:
        return match_tokens(wanted.as_tokens(), value)
    if comparison is Comparison.ARN_LIKE:
        return _compare_arn(wanted.as_tokens(), value)
    return _COMPARE[comparison](wanted.as_text(), value)


# ---------------------------------------------------------------- ARNs

_COLON = ord(":")


def _compare_arn(wanted: Tokens, value: str) -> bool | None:
    """Each of the six fields is matched on its own."""
    globs, fields = _split_fields(wanted), value.split(":", ARN_FIELDS - 1)
    if len(globs) != ARN_FIELDS or len(fields) != ARN_FIELDS:
        return None
    return all(match_tokens(glob, field) for glob, field in zip(globs, fields, strict=True))


def _split_fields(tokens: Tokens) -> list[Tokens]:
    fields: list[Tokens] = []
    rest = tokens
    while len(fields) < ARN_FIELDS - 1 and _COLON in rest:
        at = rest.index(_COLON)
        fields.append(rest[:at])
        rest = rest[at + 1 :]
    return [*fields, rest]


# ---------------------------------------------------------------- numbers, dates, Booleans, bytes

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,12})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=4096)
def _seconds(text: str) -> Decimal | None:
    """Seconds since 1970 of a W3C date (https://www.w3.org/TR/NOTE-datetime) or of such a number itself.

    Four digits are a year; a time without a zone is UTC.
    """
    found = _DATE.fullmatch(text.strip().upper())
    if found is None:
        return _number(text.strip())
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=_zone(zone),
        )
        whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return Decimal(whole) + Decimal(fraction or 0)


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _ordered(
    read: Callable[[str], Decimal | None], holds: Callable[[Decimal, Decimal], bool]
) -> Callable[[str, str], bool | None]:
    """A comparison of the request's value with the policy's, in that order."""

    def compare(wanted: str, value: str) -> bool | None:
        right, left = read(wanted), read(value)
        return None if left is None or right is None else holds(left, right)

    return compare


def _compare_bool(wanted: str, value: str) -> bool | None:
    right, left = _bool(wanted), _bool(value)
    return None if left is None or right is None else left is right


def _compare_bytes(wanted: str, value: str) -> bool | None:
    right, left = _bytes(wanted), _bytes(value)
    return None if left is None or right is None else left == right


# ---------------------------------------------------------------- addresses

_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    """The range of a CIDR text; a bare address is a range of one. Bits right of the prefix don't count."""
    try:
        return ip_network(text, strict=False) if _NETWORK.fullmatch(text) else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _compare_address(wanted: str, value: str) -> bool | None:
    network, address = _network(wanted), _address(value)
    return None if network is None or address is None else address in network


_COMPARE: dict[Comparison, Callable[[str, str], bool | None]] = {
    Comparison.STRING_EQUALS: eq,
    Comparison.STRING_EQUALS_IGNORE_CASE: lambda wanted, value: fold_case(wanted) == fold_case(value),
    Comparison.NUMERIC_EQUALS: _ordered(_number, eq),
    Comparison.NUMERIC_LESS_THAN: _ordered(_number, lt),
    Comparison.NUMERIC_LESS_THAN_EQUALS: _ordered(_number, le),
    Comparison.NUMERIC_GREATER_THAN: _ordered(_number, gt),
    Comparison.NUMERIC_GREATER_THAN_EQUALS: _ordered(_number, ge),
    Comparison.DATE_EQUALS: _ordered(_seconds, eq),
    Comparison.DATE_LESS_THAN: _ordered(_seconds, lt),
    Comparison.DATE_LESS_THAN_EQUALS: _ordered(_seconds, le),
    Comparison.DATE_GREATER_THAN: _ordered(_seconds, gt),
    Comparison.DATE_GREATER_THAN_EQUALS: _ordered(_seconds, ge),
    Comparison.BOOL: _compare_bool,
    Comparison.BINARY_EQUALS: _compare_bytes,
    Comparison.IP_ADDRESS: _compare_address,
}
