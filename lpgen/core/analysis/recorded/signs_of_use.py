"""Signs of use: why an action may well be in use though the logs can't show it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lpgen.core.events.visibility import VisibilityTable
from lpgen.core.grounds import Grant
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import Action, Visibility


def sign_of_use(
    action: Action,
    grants: Iterable[Grant],
    services: Collection[str],
    copied: Collection[str] = (),
    accessed: LastAccessed | None = None,
    *,
    table: VisibilityTable,
) -> str:
    """Why an action may well be in use though the logs can't show it, or "" where nothing says so.

    `services` are the prefixes of the services that the principal was seen to use, `copied` those that copies or
    summaries of calls show it to have called. That IAM knows of no try outweighs what the policy names, and companions,
    but only for actions that are API calls: those are what IAM counts.
    """
    service = action.partition(":")[0]
    if service in services:
        return f"the principal used {service}"
    if service in copied:
        return f"copies or summaries of calls name the principal as a caller of {service}"
    visibility = table.visibility(action).visibility
    untried = accessed.never(action, visibility) if accessed else ""
    if untried and visibility in (Visibility.MANAGEMENT, Visibility.DATA):
        return ""
    tried = accessed.tried(action) if accessed else ""
    if tried:
        return tried
    companions = sorted(set(table.companions(service)) & {*services, *copied})
    if companions:
        return f"the principal used {companions[0]}, which goes with {service}"
    for grant in grants:
        if action in grant.actions and _names_service(grant, service):
            return f"the policy names {service} ({grant.ref})"
    return ""


def _names_service(grant: Grant, service: str) -> bool:
    return not grant.statement.not_action and any(
        pattern.partition(":")[0].lower() == service for pattern in grant.statement.patterns
    )
