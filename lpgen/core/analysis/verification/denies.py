"""The check that every Deny is kept, and none added."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.verification.written import CheckNotes, WrittenDocument, statement_place
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.iam.policy import statement_depends_on_version, text_without_sid
from lpgen.core.model import LEGACY_VERSION, Effect, Statement
from lpgen.core.replacements import Check


def check_denies(documents: Iterable[WrittenDocument], grants: PrincipalGrants) -> Check:
    """The Denies are those of the old policies, to the letter but for their Sid."""
    old = {_deny_key(deny.statement, deny.version): str(deny.ref) for deny in grants.denies}
    new = {
        _deny_key(statement, document.policy.version): statement_place(document, statement)
        for document in documents
        for statement in document.policy.statements
        if statement.effect is Effect.DENY
    }
    found = CheckNotes("every Deny is kept", examined=len(old))
    found.failed.extend(f"the Deny of {old[key]} is missing" for key in sorted(old.keys() - new.keys()))
    found.failed.extend(f"{new[key]} denies what no old policy denies" for key in sorted(new.keys() - old.keys()))
    return found.check()


def _deny_key(statement: Statement, version: str) -> tuple[str, str]:
    legacy = version == LEGACY_VERSION and statement_depends_on_version(statement)
    return text_without_sid(statement.text), LEGACY_VERSION if legacy else ""
