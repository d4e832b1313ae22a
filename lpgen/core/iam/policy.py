"""IAM policy documents: conversion from and to JSON, and their size as IAM counts it.

The grammar is https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Documents that don't
follow it are rejected: lpgen must not rely on a policy that it can't read with certainty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from lpgen.core.iam.condition_operator import Quantifier, operator_from_name
from lpgen.core.iam.policy_reader import PolicyReader
from lpgen.core.model import CURRENT_VERSION, Condition, Effect, Policy, Principal, Statement


def policy_from_json(document: bytes | str | Mapping[str, Any], *, place: str) -> Policy:
    """The policy in a document: an object, its JSON, or its percent-encoded JSON as the IAM API returns it.

    `place` names the policy in errors. A missing `Version` means 2008-10-17. An empty `Statement`, `Action` or
    `Resource` list is kept. It grants and denies nothing.

    Raises:
        PolicyError: the document violates IAM's grammar. The message names the place and the statement.
    """
    reader = PolicyReader(place)
    decoded = document if isinstance(document, Mapping) else reader.decode(document)
    return reader.read_document(decoded)


def policy_to_json(policy: Policy, *, indent: int | None = None) -> str:
    """The document of a policy, with each statement as written. Compact, or only indented."""
    statements = ",".join(statement.text for statement in policy.statements)
    text = f'{{"Version":"{policy.version}","Statement":[{statements}]}}'
    return text if indent is None else msgspec.json.format(text, indent=indent)


def policy_from_statements(statements: Iterable[Statement], *, version: str = CURRENT_VERSION) -> Policy:
    """A policy with these statements in this order, renumbered.

    The version decides whether `${…}` is a variable. A statement with `${` has another meaning under 2008-10-17 than
    under 2012-10-17 (`statement_depends_on_version`).
    """
    numbered = tuple(replace(statement, index=index) for index, statement in enumerate(statements))
    return Policy(version=version, statements=numbered)


def statement_from_parts(
    *,
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    not_resource: bool = False,
    conditions: Sequence[Condition] = (),
    effect: Effect = Effect.ALLOW,
    index: int = 0,
) -> Statement:
    """A new statement whose layout depends only on its content: lists are sorted and unique.

    If `not_resource` is true, `resources` become `NotResource`. The meaning of the parts isn't checked.
    """
    fields: dict[str, Any] = {"Sid": sid} if sid else {}
    fields["Effect"] = effect.value
    fields["Action"] = one_or_many(actions)
    fields["NotResource" if not_resource else "Resource"] = one_or_many(resources)
    if conditions:
        fields["Condition"] = _condition_block(conditions)
    return PolicyReader("new policy").read_statement(fields, index)


def text_without_sid(text: str) -> str:
    """A statement's JSON in a fixed layout, without its Sid, which doesn't affect its meaning."""
    fields: dict[str, Any] = json.loads(text)
    return json.dumps({key: value for key, value in fields.items() if key != "Sid"}, separators=(",", ":"))


def statement_depends_on_version(statement: Statement) -> bool:
    """Whether the statement has another meaning under the other language version, because it has `${`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    return "${" in statement.text


_SPACE = re.compile(r"[ \t\r\n]")
_JSON_STRING_OR_SPACE = re.compile(r'"(?:[^"\\]|\\.)*"|[ \t\r\n]+', re.DOTALL)


def policy_size(policy: Policy | str) -> int:
    """The number of characters of a policy or JSON text that count against IAM's quotas.

    IAM doesn't count white space in managed and inline policies. AWS doesn't say whether white space inside strings
    counts. It is counted here, so a policy that fits this count always fits.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    text = policy if isinstance(policy, str) else policy_to_json(policy)
    if not _SPACE.search(text):
        return len(text)
    return len(_JSON_STRING_OR_SPACE.sub(lambda found: found.group() if found.group()[0] == '"' else "", text))


# ---------------------------------------------------------------- conditions, compared by structure


def conditions_at_least_as_strict(new: Iterable[Condition], old: Iterable[Condition]) -> bool:
    """Whether every request that meets `new` also meets `old`, compared by structure. True is always correct.

    Conditions are joined by AND, so additional conditions only restrict. The values of a condition are joined by OR, or
    by NOR if it is negated. So fewer values restrict a condition, and more values restrict a negated one.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    candidates = [_normal(condition) for condition in new]
    return all(any(_narrows(candidate, _normal(condition)) for candidate in candidates) for condition in old)


_Normal = tuple[str, str, frozenset[str]]


def _normal(condition: Condition) -> _Normal:
    """The operator and key in lower case, and the set of values."""
    return condition.operator.lower(), condition.key.lower(), frozenset(condition.values)


def _narrows(new: _Normal, old: _Normal) -> bool:
    """Whether a request that meets `new` also meets `old`."""
    if new == old:
        return True
    operator = operator_from_name(old[0])
    if new[:2] != old[:2] or operator is None or not new[2] or not old[2]:
        return False
    if operator.negated:
        # AWS doesn't document "not" for several request values well enough to rely on it.
        return operator.quantifier is Quantifier.NONE and new[2] > old[2]
    return new[2] < old[2]


# ---------------------------------------------------------------- writing


def one_or_many(values: Iterable[str]) -> str | list[str]:
    """IAM's shorter form of a list: a string if there is one value."""
    ordered = sorted(set(values))
    return ordered[0] if len(ordered) == 1 else ordered


def _condition_block(conditions: Iterable[Condition]) -> dict[str, dict[str, str | list[str]]]:
    block: dict[str, dict[str, str | list[str]]] = {}
    for condition in sorted(conditions):
        block.setdefault(condition.operator, {})[condition.key] = one_or_many(condition.values)
    return block


# ---------------------------------------------------------------- meaning

Meaning = frozenset[tuple[object, ...]]
"""The statements of a document, without Sids and order."""

_UNKNOWN: Final[Meaning] = frozenset({("unknown",)})


def meaning_of(document: Policy | None) -> Meaning:
    """A document's meaning. All missing documents are equal. The version counts only for statements that depend on
    it."""
    if document is None:
        return _UNKNOWN
    return frozenset(
        (document.version if statement_depends_on_version(statement) else "", *_statement(statement))
        for statement in document.statements
    )


def _statement(statement: Statement) -> tuple[object, ...]:
    return (
        statement.effect,
        frozenset(statement.patterns),
        statement.not_action,
        frozenset(statement.resources),
        statement.not_resource,
        statement.conditions,
        statement.principals,
        statement.not_principal,
    )


def says_the_same(principal: Principal, documents: Iterable[Policy]) -> bool:
    """Whether a principal's own policies have the same meaning as the documents, and the principal has no group
    policies.

    The distribution of statements over policies doesn't matter. Without documents, the answer is False.
    """
    wanted = [meaning_of(document) for document in documents]
    if not wanted or any(policy.group for policy in principal.policies):
        return False
    held = [meaning_of(policy.document) for policy in principal.policies]
    return frozenset().union(*held) == frozenset().union(*wanted)
