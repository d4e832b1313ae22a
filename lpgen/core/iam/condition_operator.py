"""Parses the names of condition operators.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Quantifier(StrEnum):
    """The set prefix of an operator, for keys with several values."""

    NONE = ""
    FOR_ALL = "ForAllValues:"
    FOR_ANY = "ForAnyValue:"


class ComparisonKind(StrEnum):
    """An operator's comparison, in IAM's spelling. A negated operator has the comparison of its positive form."""

    STRING_EQUALS = "StringEquals"
    STRING_EQUALS_IGNORE_CASE = "StringEqualsIgnoreCase"
    STRING_LIKE = "StringLike"
    NUMERIC_EQUALS = "NumericEquals"
    NUMERIC_LESS_THAN = "NumericLessThan"
    NUMERIC_LESS_THAN_EQUALS = "NumericLessThanEquals"
    NUMERIC_GREATER_THAN = "NumericGreaterThan"
    NUMERIC_GREATER_THAN_EQUALS = "NumericGreaterThanEquals"
    DATE_EQUALS = "DateEquals"
    DATE_LESS_THAN = "DateLessThan"
    DATE_LESS_THAN_EQUALS = "DateLessThanEquals"
    DATE_GREATER_THAN = "DateGreaterThan"
    DATE_GREATER_THAN_EQUALS = "DateGreaterThanEquals"
    BOOL = "Bool"
    BINARY_EQUALS = "BinaryEquals"
    IP_ADDRESS = "IpAddress"
    ARN_LIKE = "ArnLike"  # ArnEquals and ArnLike behave alike
    NULL = "Null"


@dataclass(frozen=True, slots=True)
class Operator:
    """A parsed operator. `if_exists`: a request without the key meets the condition."""

    comparison: ComparisonKind
    negated: bool = False
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False


_IF_EXISTS = "ifexists"
_POSITIVE = {comparison.value.lower(): comparison for comparison in ComparisonKind} | {
    "arnequals": ComparisonKind.ARN_LIKE
}
_NEGATED = {
    "stringnotequals": ComparisonKind.STRING_EQUALS,
    "stringnotequalsignorecase": ComparisonKind.STRING_EQUALS_IGNORE_CASE,
    "stringnotlike": ComparisonKind.STRING_LIKE,
    "numericnotequals": ComparisonKind.NUMERIC_EQUALS,
    "datenotequals": ComparisonKind.DATE_EQUALS,
    "notipaddress": ComparisonKind.IP_ADDRESS,
    "arnnotequals": ComparisonKind.ARN_LIKE,
    "arnnotlike": ComparisonKind.ARN_LIKE,
}


@lru_cache(maxsize=1024)
def operator_from_name(name: str) -> Operator | None:
    """The operator with this name, in any case, or None if IAM doesn't have it.

    `Null` doesn't take `IfExists`, according to the page.
    """
    text, quantifier = name.lower(), Quantifier.NONE
    for prefix in (Quantifier.FOR_ALL, Quantifier.FOR_ANY):
        if text.startswith(prefix.lower()):
            text, quantifier = text[len(prefix) :], prefix
    if_exists = text.endswith(_IF_EXISTS)
    text = text.removesuffix(_IF_EXISTS)
    negated = text in _NEGATED
    comparison = _NEGATED.get(text) or _POSITIVE.get(text)
    if comparison is None or (comparison is ComparisonKind.NULL and if_exists):
        return None
    return Operator(comparison=comparison, negated=negated, quantifier=quantifier, if_exists=if_exists)
