"""The check that nothing new is allowed: one old Allow contains each new Allow."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.verification.written import CheckNotes, NewAllow
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.globs.match import as_glob, holds_variable
from lpgen.core.iam.match_resource import resource_contains, resources_intersect
from lpgen.core.iam.policy import conditions_at_least_as_strict, statement_depends_on_version
from lpgen.core.replacements import Check


def check_within_grants(news: Iterable[NewAllow], grants: PrincipalGrants) -> Check:
    """For each new Allow one old Allow that contains it: its actions, its resources, and conditions no looser.

    Where the old Allow that is left in question has other conditions, which may or may not be looser, it is unproven.
    """
    found = CheckNotes("nothing new is allowed")
    for new in news:
        found.examined += len(new.actions) * max(1, len(new.statement.resources))
        if not new.actions or any(not _not_within(new, old) for old in grants.allows if new.actions <= old.actions):
            continue
        reasons = [(old, _not_within(new, old)) for old in grants.allows]
        named = "; ".join(f"{old.ref}: {reason}" for old, reason in reasons[:5])
        only_conditions = any(reason == _OTHER_CONDITIONS for _, reason in reasons)
        (found.unproven if only_conditions else found.failed).append(
            f"{new.place} is within no old statement ({named})"
        )
    return found.check()


_OTHER_CONDITIONS = "has a condition that the new statement lacks"


def _not_within(new: NewAllow, old: Grant) -> str:
    """Why one new Allow isn't within one old Allow, or ""."""
    beyond = sorted(new.actions - old.actions)
    if beyond:
        return f"does not grant {beyond[0]}"
    if new.version != old.version and statement_depends_on_version(old.statement):
        return "is in another language version, in which `${` means something else"
    if reason := _resources_not_within(new, old):
        return reason
    strict = conditions_at_least_as_strict(new.statement.conditions, old.statement.conditions)
    return "" if strict else _OTHER_CONDITIONS


def _resources_not_within(new: NewAllow, old: Grant) -> str:
    """Why the resources of a new Allow aren't within those of an old one, or ""."""
    if new.statement.not_resource:
        whole = "*" in old.statement.resources and not old.statement.not_resource
        kept = old.statement.not_resource and set(old.statement.resources) <= set(new.statement.resources)
        return "" if whole or kept else "is narrower than NotResource"
    # Asked of every resource, whether or not the catalog says that one of the actions takes it: the catalog may lag.
    for resource in new.statement.resources:
        if not _resource_within(resource, new, old):
            return f"does not grant {min(new.actions)} on {resource}"
    return ""


def _resource_within(resource: str, new: NewAllow, old: Grant) -> bool:
    glob = as_glob(resource, new.version)
    if old.statement.not_resource:
        # The request decides which resources a variable in NotResource excludes, so only the old NotResource itself
        # contains it.
        return not any(
            holds_variable(pattern, old.version) or resources_intersect(pattern, glob)
            for pattern in old.statement.resources
        )
    return any(
        pattern == resource or (not holds_variable(pattern, old.version) and resource_contains(pattern, glob))
        for pattern in old.statement.resources
    )
