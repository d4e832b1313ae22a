"""Proves that a narrowed trust policy allows every recorded assumption, and nothing that the old one doesn't allow.

The proof reads only the two policies and the records, not how the policy was narrowed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from lpgen.core.globs.match import fold_case, has_wildcard, pattern_contains
from lpgen.core.iam.condition_operator import ComparisonKind, Operator, operator_from_name
from lpgen.core.iam.conditions import conditions_match
from lpgen.core.iam.decision import Answer
from lpgen.core.iam.policy import conditions_at_least_as_strict, statement_depends_on_version
from lpgen.core.model import Condition, Effect, Policy, Principal, Statement
from lpgen.core.trust.lines import TrustLine, allows, further_actions, names, request_key, request_of, trust_lines
from lpgen.core.usage.assumptions import Assumption

_LOST: Final = "it would refuse the recorded assumption {event}"
_WIDER: Final = "its statement {number} isn't part of a statement of the old policy"
_OTHER_VERSION: Final = "its language version differs, so its variables have another meaning"
_DENIES: Final = "it lacks a Deny statement of the old policy"


def disprove(old: Policy, new: Policy, role: Principal, uses: Iterable[Assumption], *, added: Mapping[str, str]) -> str:
    """Why a narrowed policy isn't proven, as a clause; "" if it is.

    `added` maps each subject in GitHub's other format, which the new policy may allow in addition, to the subject that
    it is the same as.
    """
    statements = (*old.statements, *new.statements)
    if new.version != old.version and any(map(statement_depends_on_version, statements)):
        return _OTHER_VERSION
    if _denies(old) != _denies(new):
        return _DENIES
    before = [statement for statement in old.statements if statement.effect is Effect.ALLOW]
    for statement in new.statements:
        if statement.effect is Effect.ALLOW and not any(_is_part(statement, other, added) for other in before):
            return _WIDER.format(number=statement.index + 1)
    old_lines, new_lines = trust_lines(old), trust_lines(new)
    for use in {request_key(use): use for use in uses}.values():
        if not keeps(use, old_lines, new_lines, role):
            return _LOST.format(event=use.example_event_id)
    return ""


def _denies(policy: Policy) -> frozenset[str]:
    return frozenset(statement.text for statement in policy.statements if statement.effect is Effect.DENY)


def _is_part(new: Statement, old: Statement, added: Mapping[str, str]) -> bool:
    """Whether a statement allows only what another one allows."""
    if new.text == old.text:
        return True
    if new.principals is None or new.not_principal or old.not_principal or new.not_action or old.not_action:
        return False
    named = set(new.principals) <= set(old.principals or ())
    return named and set(new.patterns) <= set(old.patterns) and _is_stricter(new.conditions, old.conditions, added)


def _is_stricter(new: Sequence[Condition], old: Sequence[Condition], added: Mapping[str, str]) -> bool:
    """Whether conditions demand all that other conditions demand, apart from the added subjects."""
    return all(
        conditions_at_least_as_strict(new, [condition])
        or any(_values_within(candidate, condition, added) for candidate in new)
        for condition in old
    )


_TEXT: Final = (ComparisonKind.STRING_EQUALS, ComparisonKind.STRING_LIKE)


def _values_within(new: Condition, old: Condition, added: Mapping[str, str]) -> bool:
    """Whether a condition on the same key demands one of fewer texts."""
    wanted, had = operator_from_name(new.operator), operator_from_name(old.operator)
    if (
        wanted is None
        or had is None
        or fold_case(new.key) != fold_case(old.key)
        or wanted.quantifier
        or wanted.if_exists
    ):
        return False
    if wanted.negated or had.negated or not _are_comparable(wanted, had) or not new.values:
        return False
    return all(any(_covers(had, value, added.get(text, text)) for value in old.values) for text in new.values)


def _are_comparable(new: Operator, old: Operator) -> bool:
    return (new.comparison in _TEXT and old.comparison in _TEXT) or (
        new.comparison is old.comparison is ComparisonKind.ARN_LIKE
    )


def _covers(operator: Operator, value: str, text: str) -> bool:
    if operator.comparison is ComparisonKind.STRING_EQUALS:
        return value == text and not has_wildcard(text)
    return pattern_contains(value, text)


def keeps(use: Assumption, old: Collection[TrustLine], new: Collection[TrustLine], role: Principal) -> bool:
    """Whether a policy allows all actions of an assumption that the old one allows or may allow."""
    return all(_keeps_action(use, action, old, new, role) for action in ("", *further_actions(use)))


def _keeps_action(
    use: Assumption, action: str, old: Collection[TrustLine], new: Collection[TrustLine], role: Principal
) -> bool:
    """Whether a policy allows one action of an assumption under no other conditions on unrecorded values than the old
    one."""
    before = {line: found for line in old if (found := allows(line, use, role, action=action)).answer is not Answer.NO}
    after = {line: found for line in new if (found := allows(line, use, role, action=action)).answer is not Answer.NO}
    if any(found.answer is Answer.YES for found in before.values()):
        return any(found.answer is Answer.YES for found in after.values())
    return all(any(_demands_no_more(use, kept, line, role) for kept in after) for line in before)


def _demands_no_more(use: Assumption, new: TrustLine, old: TrustLine, role: Principal) -> bool:
    """Whether an assumption meets all that a line demands and another one doesn't."""
    is_named = new.value == old.value or names(new, use).answer is Answer.YES
    more = tuple(condition for condition in new.statement.conditions if condition not in old.statement.conditions)
    request = request_of(use, role, new.action)
    return is_named and conditions_match(more, new.version, request).answer is Answer.YES
