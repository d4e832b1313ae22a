"""Condition blocks against a request, three-valued: what a request doesn't show is never guessed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from lpgen.core.iam.condition_operator import Comparison, Operator, Quantifier, operator_from_name
from lpgen.core.iam.condition_values import TAKES_VARIABLES, compare_value
from lpgen.core.iam.decision import (
    NO,
    YES,
    AbsentKeys,
    Match,
    Request,
    all_of,
    any_of,
    match_of,
    maybe,
    opposite,
)
from lpgen.core.iam.policy_variables import Filled, Gap, Unfilled, as_written, fill_in, has_variables
from lpgen.core.model import Condition


def conditions_match(conditions: Iterable[Condition], version: str, request: Request) -> Match:
    """Whether a request meets all conditions of a statement in a policy of this language version."""
    return all_of([condition_match(condition, version, request) for condition in conditions])


def condition_match(condition: Condition, version: str, request: Request) -> Match:
    """Whether a request meets one condition.

    MAYBE where it turns on a key that the request doesn't show. MAYBE too where AWS doesn't say what happens: an
    operator without values, a value that isn't of the operator's kind, several values under an operator without
    `ForAllValues` or `ForAnyValue`. With a complete context such a comparison doesn't hold.
    """
    values, doubt = request.values_of(condition.key), _undocumented(condition.key, request)
    if not _any_has_variables(condition.values, version):
        return _fixed_match(condition.operator, condition.key, condition.values, values, doubt)
    operator = operator_from_name(condition.operator)
    wanted = [_fill_in(operator, text, version, request) for text in condition.values]
    return _match(operator, condition, wanted, values, doubt)


@lru_cache(maxsize=4096)
def _any_has_variables(texts: tuple[str, ...], version: str) -> bool:
    return any(has_variables(text, version) for text in texts)


@lru_cache(maxsize=8192)  # requests have the values of few keys in common, and policies their conditions
def _fixed_match(
    operator: str, key: str, texts: tuple[str, ...], values: tuple[str, ...] | None, doubt: Match
) -> Match:
    """Whether a request with these values of the key meets a condition that holds no variable."""
    wanted = [as_written(text) for text in texts]
    return _match(operator_from_name(operator), Condition(operator, key, texts), wanted, values, doubt)


def _match(
    operator: Operator | None,
    condition: Condition,
    wanted: Sequence[Filled | Unfilled],
    values: tuple[str, ...] | None,
    doubt: Match,
) -> Match:
    """Whether a request meets a condition, given its values of the key and the condition's own, filled in.

    `doubt` is the answer where AWS doesn't say what happens.
    """
    if operator is None or values is None:
        return maybe(condition.key)
    if not condition.values:
        return doubt if values or operator.comparison is Comparison.NULL else NO
    if operator.comparison is Comparison.NULL:
        return _null_match(condition, values)
    if not any(values):
        return _missing_match(operator, wanted, values, doubt)
    return _present_match(operator, wanted, values, doubt)


def _undocumented(key: str, request: Request) -> Match:
    """The answer where AWS doesn't say what happens: open, but with a complete context a comparison that fails."""
    return NO if request.absent_keys is AbsentKeys.MISSING else maybe(key)


def _null_match(condition: Condition, values: tuple[str, ...]) -> Match:
    """`Null: true` wants the key to be missing, `Null: false` wants it there."""
    actual = "false" if values else "true"
    return match_of(any(value.lower() == actual for value in condition.values))


def _missing_match(
    operator: Operator, wanted: Sequence[Filled | Unfilled], values: tuple[str, ...], doubt: Match
) -> Match:
    """The answer for a key that is missing or only holds empty strings.

    Over an empty set of values `ForAllValues` holds and `ForAnyValue` doesn't; an empty string counts as empty there
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
    Else a missing key fails a positive operator and passes a negated one.
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
    # A variable without a value makes its text equal to, and like, nothing: a negated operator then holds of it.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
    texts = [text for text in wanted if isinstance(text, Filled)]
    gaps = [text for text in wanted if isinstance(text, Unfilled)] if len(texts) < len(wanted) else ()
    unknown = {key for gap in gaps if gap.gap is Gap.UNKNOWN for key in gap.keys}
    tests = [_value_match(operator, texts, value, unknown=unknown, doubt=doubt) for value in values]
    if operator.quantifier is Quantifier.FOR_ALL:
        return all_of(tests)
    if operator.quantifier is Quantifier.FOR_ANY:
        return any_of(tests)
    return tests[0] if len(values) == 1 else doubt


def _fill_in(operator: Operator | None, text: str, version: str, request: Request) -> Filled | Unfilled:
    if operator is not None and operator.comparison in TAKES_VARIABLES and has_variables(text, version):
        return fill_in(text, request)
    return as_written(text)


def _value_match(operator: Operator, texts: list[Filled], value: str, *, unknown: set[str], doubt: Match) -> Match:
    """Whether one request value meets one of the policy's values, or for a negated operator none of them."""
    results = [compare_value(operator.comparison, text, value) for text in texts]
    if operator.negated and None in results:
        return doubt  # what can't be compared meets neither the operator nor its negation
    found = any_of([doubt if result is None else match_of(result) for result in results])
    found = any_of((found, maybe(*unknown))) if unknown else found
    return opposite(found) if operator.negated else found
