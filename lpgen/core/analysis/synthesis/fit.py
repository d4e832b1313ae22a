"""Fitting: puts statements into as many policy documents as AWS allows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby

from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT, ROLE_INLINE_LIMIT, USER_INLINE_LIMIT
from lpgen.core.model import CURRENT_VERSION, PrincipalKind, Statement
from lpgen.core.replacements import ReplacementStatement

_EMPTY_DOCUMENT = len('{"Version":"","Statement":[]}') + len(CURRENT_VERSION)


@dataclass(frozen=True, slots=True)
class Space:
    """The space for a principal's policies: the number of managed policies, and the characters of inline policies."""

    managed: int
    inline: int


class Purpose(IntEnum):
    """The purpose of a statement, in reading order."""

    USED = 0
    UNSEEN = 1  # kept though no record shows its use
    DENY = 2


@dataclass(frozen=True, slots=True)
class FittedStatement:
    """A statement to place: its written form, and its source (None for a copied Deny).

    `service` is "" for a statement of several services, and for a Deny.
    """

    purpose: Purpose
    service: str
    version: str
    written: Statement
    source: ReplacementStatement | None

    @property
    def group(self) -> tuple[str, Purpose, str]:
        """The key of the item's group; a group is kept in one document where possible, and read in this order."""
        return self.version, self.purpose, self.service

    @property
    def size(self) -> int:
        """Its number of characters, with the comma before the next statement."""
        return len(self.written.text) + 1


@dataclass(slots=True)
class FittedDocument:
    """A document being filled, up to `limit` characters."""

    version: str
    inline: bool
    limit: int
    items: list[FittedStatement] = field(default_factory=list)

    @property
    def room(self) -> int:
        """The number of characters of statements that still fit."""
        return self.limit - _EMPTY_DOCUMENT - sum(item.size for item in self.items)


Split = Callable[[FittedStatement, int], Sequence[FittedStatement]]
"""The parts of a statement, the first as large as the given number of characters allows; empty if no part fits."""


def space_of(kind: PrincipalKind, *, managed: int, inline: bool) -> Space:
    """The space that a role or user has for its own policies; at most `managed` of them are managed policies."""
    inline_limit = ROLE_INLINE_LIMIT if kind is PrincipalKind.ROLE else USER_INLINE_LIMIT
    return Space(managed, inline_limit if inline else 0)


def fit_documents(items: Sequence[FittedStatement], space: Space, *, split: Split) -> tuple[FittedDocument, ...] | None:
    """The items in documents, managed policies first, or None if they don't fit.

    A group is kept in one document if it fits into one. Otherwise it is split by statement, and a statement that fits
    nowhere is split by action. The order of the items decides, so equal items give equal documents.
    """
    if sum(item.size for item in items) > space.managed * MANAGED_POLICY_LIMIT + space.inline:
        return None  # splitting only adds to that
    documents: list[FittedDocument] = []
    for _, group in groupby(items, key=lambda item: item.group):
        service = list(group)
        if _place(service, documents, space):
            continue
        for item in service:
            if not _place_parts(item, documents, space, split=split):
                return None
    return tuple(documents)


def _place_parts(item: FittedStatement, documents: list[FittedDocument], space: Space, *, split: Split) -> bool:
    pending = [item]
    while pending:
        head = pending.pop(0)
        if _place([head], documents, space):
            continue
        target = _roomiest(head.version, documents, space)
        parts = split(head, target.room) if target else ()
        if target is None or not parts:
            return False
        target.items.append(parts[0])
        pending[:0] = parts[1:]
    return True


def _roomiest(version: str, documents: list[FittedDocument], space: Space) -> FittedDocument | None:
    """A new document, or the document with the most room if no other is allowed."""
    fresh = _new_document(version, documents, space)
    if fresh is not None:
        documents.append(fresh)
        return fresh
    fitting = [document for document in documents if document.version == version]
    return max(fitting, key=lambda document: document.room, default=None)


def _place(items: Sequence[FittedStatement], documents: list[FittedDocument], space: Space) -> bool:
    version, size = items[0].version, sum(item.size for item in items)
    for document in documents:
        if document.version == version and document.room >= size:
            document.items.extend(items)
            return True
    fresh = _new_document(version, documents, space)
    if fresh is None or fresh.room < size:
        return False
    fresh.items.extend(items)
    documents.append(fresh)
    return True


def _new_document(version: str, documents: Sequence[FittedDocument], space: Space) -> FittedDocument | None:
    if sum(not document.inline for document in documents) < space.managed:
        return FittedDocument(version, False, MANAGED_POLICY_LIMIT)
    # All inline policies share one limit; one document a version leaves the most room.
    spent = sum(document.limit - document.room for document in documents if document.inline)
    if any(document.inline and document.version == version for document in documents) or spent >= space.inline:
        return None
    return FittedDocument(version, True, space.inline - spent)
