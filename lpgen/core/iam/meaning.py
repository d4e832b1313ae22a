"""The meaning of policies: the order of statements and the names of policies make no difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.iam.policy import statement_depends_on_version
from lpgen.core.model import Policy, Principal, Statement

Meaning = frozenset[tuple[object, ...]]
"""The statements of a document without names and order."""

_UNKNOWN: Final[Meaning] = frozenset({("unknown",)})


def meaning_of(document: Policy | None) -> Meaning:
    """A document's meaning; all missing documents are alike. Its version counts only for statements that mean something
    else in another version."""
    if document is None:
        return _UNKNOWN
    return frozenset(
        (document.version if statement_depends_on_version(one) else "", *_statement(one)) for one in document.statements
    )


def _statement(one: Statement) -> tuple[object, ...]:
    return (
        one.effect,
        frozenset(one.patterns),
        one.not_action,
        frozenset(one.resources),
        one.not_resource,
        one.conditions,
        one.principals,
        one.not_principal,
    )


def says_the_same(principal: Principal, documents: Iterable[Policy]) -> bool:
    """Whether a principal's own policies have the same meaning as the documents, and no policy of a group adds to them.

    The spread of statements over policies doesn't matter; without documents the answer is False.
    """
    wanted = [meaning_of(one) for one in documents]
    if not wanted or any(one.group for one in principal.policies):
        return False
    held = [meaning_of(one.document) for one in principal.policies]
    return frozenset().union(*held) == frozenset().union(*wanted)
