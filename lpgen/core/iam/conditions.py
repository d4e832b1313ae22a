"""Matches condition blocks with a request. The answer is three-valued, because a request may not show a key. Also
compares a policy's value with a request's value, as text, number, date, address or ARN.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import TypeVar

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.globs.match import fold_case, holds_variable
from lpgen.core.globs.tokens import Tokens, match_tokens
from lpgen.core.iam.condition_operator import ComparisonKind, Operator, Quantifier, operator_from_name
from lpgen.core.iam.decision import NO, YES, AbsentKeys, Match, Request, all_of, any_of, match_of, maybe, opposite
from lpgen.core.iam.policy_variables import Filled, Unfilled, UnfilledReason, as_written, fill_in
from lpgen.core.model import Condition

_Value = TypeVar("_Value")

_TAKES_VARIABLES = frozenset(
    (
        ComparisonKind.STRING_EQUALS,
        ComparisonKind.STRING_EQUALS_IGNORE_CASE,
        ComparisonKind.STRING_LIKE,
        ComparisonKind.ARN_LIKE,
        ComparisonKind.BOOL,
    )
)
"""The comparisons whose policy values can have variables. In others `${…}` is literal, so it isn't a number or date."""


def _compare_value(comparison: ComparisonKind, wanted: Filled, value: str) -> bool | None:
    """Whether a request's value meets a policy's value, or None if one of them isn't a valid value for the
    comparison."""
    if comparison is ComparisonKind.STRING_LIKE:
        return match_tokens(wanted.as_tokens(), value)
    if comparison is ComparisonKind.ARN_LIKE:
        return _compare_arn(wanted.as_tokens(), value)
    return _COMPARE[comparison](wanted.as_text(), value)


# ---------------------------------------------------------------- ARNs

_COLON = ord(":")


def _compare_arn(wanted: Tokens, value: str) -> bool | None:
    """Matches each of the six fields separately."""
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
    """The seconds since 1970 for a W3C date (https://www.w3.org/TR/NOTE-datetime) or for a number of seconds.

    Four digits are a year. A time without a zone is UTC.
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


# ---------------------------------------------------------------- addresses

_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    """The range of a CIDR text. A single address is a range of one. Bits after the prefix don't count."""
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


# ---------------------------------------------------------------- comparisons


def _reading(
    read: Callable[[str], _Value | None], holds: Callable[[_Value, _Value], bool]
) -> Callable[[str, str], bool | None]:
    """A function that compares the request's value with the policy's value, and returns None if one can't be read."""

    def compare(wanted: str, value: str) -> bool | None:
        right, left = read(wanted), read(value)
        return None if left is None or right is None else holds(left, right)

    return compare


_COMPARE: dict[ComparisonKind, Callable[[str, str], bool | None]] = {
    ComparisonKind.STRING_EQUALS: eq,
    ComparisonKind.STRING_EQUALS_IGNORE_CASE: lambda wanted, value: fold_case(wanted) == fold_case(value),
    ComparisonKind.NUMERIC_EQUALS: _reading(_number, eq),
    ComparisonKind.NUMERIC_LESS_THAN: _reading(_number, lt),
    ComparisonKind.NUMERIC_LESS_THAN_EQUALS: _reading(_number, le),
    ComparisonKind.NUMERIC_GREATER_THAN: _reading(_number, gt),
    ComparisonKind.NUMERIC_GREATER_THAN_EQUALS: _reading(_number, ge),
    ComparisonKind.DATE_EQUALS: _reading(_seconds, eq),
    ComparisonKind.DATE_LESS_THAN: _reading(_seconds, lt),
    ComparisonKind.DATE_LESS_THAN_EQUALS: _reading(_seconds, le),
    ComparisonKind.DATE_GREATER_THAN: _reading(_seconds, gt),
    ComparisonKind.DATE_GREATER_THAN_EQUALS: _reading(_seconds, ge),
    ComparisonKind.BOOL: _reading(_bool, eq),
    ComparisonKind.BINARY_EQUALS: _reading(_bytes, eq),
    ComparisonKind.IP_ADDRESS: _compare_address,
}


def conditions_match(conditions: Iterable[Condition], version: str, request: Request) -> Match:
    """Whether a request meets all conditions of a statement, in a policy of this language version."""
    return all_of([condition_match(condition, version, request) for condition in conditions])


def condition_match(condition: Condition, version: str, request: Request) -> Match:
    """Whether a request meets one condition.

    MAYBE if it depends on a key that the request doesn't show. Also MAYBE if AWS doesn't document the result: an
    operator without values, a value that isn't valid for the operator, or several values for an operator without
    `ForAllValues` or `ForAnyValue`. With a complete context, such a comparison is false.
    """
    values, doubt = request.values_of(condition.key), _undocumented(condition.key, request)
    if not _any_has_variables(condition.values, version):
        return _fixed_match(condition.operator, condition.key, condition.values, values, doubt)
    operator = operator_from_name(condition.operator)
    wanted = [_fill_in(operator, text, version, request) for text in condition.values]
    return _match(operator, condition, wanted, values, doubt)


@lru_cache(maxsize=4096)
def _any_has_variables(texts: tuple[str, ...], version: str) -> bool:
    return any(holds_variable(text, version) for text in texts)


@lru_cache(maxsize=8192)  # many requests have the same values, and many policies the same conditions
def _fixed_match(
    operator: str, key: str, texts: tuple[str, ...], values: tuple[str, ...] | None, doubt: Match
) -> Match:
    """Whether a request with these values of the key meets a condition without variables."""
    wanted = [as_written(text) for text in texts]
    return _match(operator_from_name(operator), Condition(operator, key, texts), wanted, values, doubt)


def _match(
    operator: Operator | None,
    condition: Condition,
    wanted: Sequence[Filled | Unfilled],
    values: tuple[str, ...] | None,
    doubt: Match,
) -> Match:
    """Whether a request meets a condition, given the request's values of the key and the condition's values with
    variables filled in.

    `doubt` is the answer if AWS doesn't document the result.
    """
    if operator is None or values is None:
        return maybe(condition.key)
    if not condition.values:
        return doubt if values or operator.comparison is ComparisonKind.NULL else NO
    if operator.comparison is ComparisonKind.NULL:
        return _null_match(condition, values)
    if not any(values):
        return _missing_match(operator, wanted, values, doubt)
    return _present_match(operator, wanted, values, doubt)


def _undocumented(key: str, request: Request) -> Match:
    """The answer if AWS doesn't document the result: MAYBE, or NO with a complete context."""
    return NO if request.absent_keys is AbsentKeys.MISSING else maybe(key)


def _null_match(condition: Condition, values: tuple[str, ...]) -> Match:
    """`Null: true` needs the key to be missing, `Null: false` needs it to be present."""
    actual = "false" if values else "true"
    return match_of(any(value.lower() == actual for value in condition.values))


def _missing_match(
    operator: Operator, wanted: Sequence[Filled | Unfilled], values: tuple[str, ...], doubt: Match
) -> Match:
    """The answer for a key that is missing or only has empty strings.

    For an empty set of values, `ForAllValues` is true and `ForAnyValue` is false. An empty string counts as empty there
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
    Otherwise, a missing key fails a positive operator and passes a negated one.
    """
    if operator.quantifier is Quantifier.FOR_ALL:
        return YES
    if operator.quantifier is Quantifier.FOR_ANY:
        return match_of(operator.if_exists and not values)
    if not values:
        return match_of(operator.if_exists or operator.negated)
    return _present_match(operator, wanted, values, doubt)


def _present_match(
    operator: Operator, wanted: Sequence[Filled | Unfilled], values: tuple[str, ...], doubt: Match
) -> Match:
    # A text with a variable that has no value matches nothing, so a negated operator is true for it.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
    texts = [text for text in wanted if isinstance(text, Filled)]
    gaps = [text for text in wanted if isinstance(text, Unfilled)] if len(texts) < len(wanted) else ()
    unknown = {key for gap in gaps if gap.gap is UnfilledReason.UNKNOWN for key in gap.keys}
    tests = [_value_match(operator, texts, value, unknown=unknown, doubt=doubt) for value in values]
    if operator.quantifier is Quantifier.FOR_ALL:
        return all_of(tests)
    if operator.quantifier is Quantifier.FOR_ANY:
        return any_of(tests)
    return tests[0] if len(values) == 1 else doubt


def _fill_in(operator: Operator | None, text: str, version: str, request: Request) -> Filled | Unfilled:
    if operator is not None and operator.comparison in _TAKES_VARIABLES and holds_variable(text, version):
        return fill_in(text, request)
    return as_written(text)


def _value_match(operator: Operator, texts: list[Filled], value: str, *, unknown: set[str], doubt: Match) -> Match:
    """Whether a request value meets one of the policy's values or, for a negated operator, none of them."""
    results = [_compare_value(operator.comparison, text, value) for text in texts]
    if operator.negated and None in results:
        return doubt  # values that can't be compared meet neither the operator nor its negation
    found = any_of([doubt if result is None else match_of(result) for result in results])
    found = any_of((found, maybe(*unknown))) if unknown else found
    return opposite(found) if operator.negated else found
