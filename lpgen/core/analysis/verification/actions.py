"""The check that every Allow enumerates actions which the catalog knows."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.verification.written import CheckNotes, WrittenDocument, statement_place
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Effect
from lpgen.core.replacements import Check


def check_actions(documents: Iterable[WrittenDocument], catalog: Catalog) -> Check:
    """No wildcard and no unknown name in the action of an Allow, no NotAction, and a Resource or NotResource."""
    found = CheckNotes("no wildcard action, only known actions")
    for document in documents:
        for statement in document.policy.statements:
            if statement.effect is not Effect.ALLOW:
                continue
            place = statement_place(document, statement)
            if statement.not_action:
                found.failed.append(f"{place} allows by NotAction")
            if not statement.resources:
                found.failed.append(f"{place} has no resource")
            for pattern in statement.patterns:
                found.examined += 1
                if has_wildcard(pattern):
                    found.failed.append(f"{place} allows the wildcard `{pattern}`")
                elif str(catalog.canonical(pattern)) != pattern:
                    found.failed.append(f"{place} allows `{pattern}`, which the catalog doesn't know")
    return found.check()
