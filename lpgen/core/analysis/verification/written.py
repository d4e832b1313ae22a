"""The inputs of the checks: the written documents and their new Allows; and the notes that a check takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.analysis.grants.aws_policies import allows_of_left
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.globs.match import holds_variable
from lpgen.core.model import Action, Effect, Policy, Statement
from lpgen.core.replacements import Check, CheckStatus, LeftPolicy

_MAX_FINDINGS: Final = 50
"""The most findings that a check lists; its count of examined items remains complete."""


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    """One document as read back: its file name, whether it is meant as an inline policy, and its policy."""

    file: str
    inline: bool
    policy: Policy


@dataclass(frozen=True, slots=True)
class NewAllow:
    """One new Allow with the actions that its names cover; `place` is its file and statement. `named` are its
    resources, a quick lookup: most requested resources are among them literally."""

    place: str
    version: str
    statement: Statement
    actions: frozenset[Action]
    named: frozenset[str]


@dataclass(slots=True)
class CheckNotes:
    """The findings of a check so far; any failure takes precedence over findings that are only unproven."""

    name: str
    examined: int = 0
    failed: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    def check(self) -> Check:
        """The finished check."""
        status = CheckStatus.FAILED if self.failed else CheckStatus.UNPROVEN if self.unproven else CheckStatus.PASSED
        return Check(self.name, status, self.examined, tuple((self.failed + self.unproven)[:_MAX_FINDINGS]))


def new_allows(documents: Iterable[WrittenDocument], catalog: Catalog) -> tuple[NewAllow, ...]:
    """Every Allow of the written documents, with its action patterns expanded again."""
    return tuple(
        _allow_of(
            statement_place(document, statement),
            document.policy.version,
            statement,
            frozenset() if statement.not_action else catalog.expand(statement.patterns).actions,
        )
        for document in documents
        for statement in document.policy.statements
        if statement.effect is Effect.ALLOW
    )


def left_allows(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> tuple[NewAllow, ...]:
    """Every Allow of the policies left attached, as the old policies have it."""
    found = allows_of_left(grants, left)
    return tuple(_allow_of(str(one.ref), one.version, one.statement, one.actions) for one in found)


def _allow_of(place: str, version: str, statement: Statement, actions: frozenset[Action]) -> NewAllow:
    resources = frozenset(() if statement.not_resource else statement.resources)
    return NewAllow(place, version, statement, actions, resources)


def statement_place(document: WrittenDocument, statement: Statement) -> str:
    """The file and number of a written statement, for people."""
    named = f" ({statement.sid})" if statement.sid else ""
    return f"{document.file}, statement {statement.index + 1}{named}"


def varies_any(grant: Grant) -> bool:
    """Whether what any of a statement's resource patterns matches depends on the request."""
    return any(holds_variable(pattern, grant.version) for pattern in grant.statement.resources)
