"""Conditions on one key: the texts that they demand, what these cover, and a narrower condition in their place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from lpgen.core.globs.match import fold_case, has_wildcard, pattern_contains, patterns_intersect
from lpgen.core.iam.condition_operator import ComparisonKind, operator_from_name
from lpgen.core.model import Condition

_LITERAL: Final = (ComparisonKind.STRING_EQUALS, ComparisonKind.STRING_LIKE)
_COMPARED: Final = (*_LITERAL, ComparisonKind.STRING_EQUALS_IGNORE_CASE, ComparisonKind.ARN_LIKE)


def positive_conditions(conditions: Iterable[Condition], key: str) -> list[Condition]:
    """The conditions that demand one of several texts of a key."""
    found = []
    for condition in conditions:
        operator = operator_from_name(condition.operator)
        if operator and operator.comparison in _COMPARED and not operator.negated and _is_key(condition, key):
            found.append(condition)
    return found


def demanded_values(conditions: Iterable[Condition], key: str) -> tuple[str, ...]:
    """The values of all conditions that demand one of several texts of a key, sorted."""
    return tuple(sorted({value for condition in positive_conditions(conditions, key) for value in condition.values}))


def is_excluded(conditions: Iterable[Condition], key: str, value: str) -> bool:
    """Whether another condition on the key refuses all that a value matches."""
    for condition in conditions:
        operator = operator_from_name(condition.operator)
        if operator is None or operator.comparison not in _LITERAL or not _is_key(condition, key):
            continue
        meets = any(patterns_intersect(other, value) for other in condition.values)
        if covers(condition, value) if operator.negated else not meets:
            return True
    return False


def _is_key(condition: Condition, key: str) -> bool:
    return fold_case(condition.key) == fold_case(key)


def ignores_case(condition: Condition) -> bool:
    """Whether a condition allows a value in any case, so its author expects the case to change."""
    operator = operator_from_name(condition.operator)
    return operator is not None and operator.comparison is ComparisonKind.STRING_EQUALS_IGNORE_CASE


def compares_arns(condition: Condition) -> bool:
    """Whether a condition compares ARNs field by field."""
    operator = operator_from_name(condition.operator)
    return operator is not None and operator.comparison is ComparisonKind.ARN_LIKE


def covers(condition: Condition, pattern: str) -> bool:
    """Whether a condition, without its negation, matches all that a pattern matches."""
    return any(value_covers(condition, value, pattern) for value in condition.values)


def value_covers(condition: Condition, value: str, pattern: str) -> bool:
    """Whether a value of a condition matches all that a pattern matches."""
    operator = operator_from_name(condition.operator)
    if operator and operator.comparison is ComparisonKind.STRING_EQUALS:
        return value == pattern and not has_wildcard(pattern)
    if operator and operator.comparison is ComparisonKind.STRING_EQUALS_IGNORE_CASE:
        return fold_case(value) == fold_case(pattern) and not has_wildcard(pattern)
    return pattern_contains(value, pattern)


def limit(
    conditions: Iterable[Condition],
    key: str,
    values: Collection[str],
    *,
    exact: str,
    pattern: str,
    added: Collection[str] = (),
) -> tuple[Condition, ...]:
    """The conditions with a key limited to `values` and `added`, under the operator `exact`, or `pattern` if there are
    wildcards. They replace conditions of the same kind on the key that all of `values` meet.

    The result equals `conditions` if another condition on the key has the operator already.
    """
    wanted = tuple(sorted({*values, *added}))
    operator = pattern if any(map(has_wildcard, wanted)) else exact
    is_of_arns = compares_arns(Condition(operator, key, wanted))
    replaced = [
        condition
        for condition in positive_conditions(conditions, key)
        if compares_arns(condition) == is_of_arns and all(covers(condition, value) for value in values)
    ]
    rest = [condition for condition in conditions if condition not in replaced]
    if any(condition.operator.lower() == operator.lower() and _is_key(condition, key) for condition in rest):
        return tuple(conditions)
    return tuple(sorted([*rest, Condition(operator, key, wanted)]))
