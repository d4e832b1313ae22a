"""Signs of use: why an action may well be in use though the logs can't show it."""

from __future__ import annotations

from lpgen.core.analysis.granted.granting import NOTHING, Granting
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.events.visibility import VisibilityTable
from lpgen.core.grounds import Grant
from lpgen.core.model import Action, Visibility
from lpgen.core.replacements import LineKind


class SignsOfUse:
    """The signs of use of a principal's actions, found when first asked for.

    Only what the principal did itself counts: passing a role to ECS is no sign of administering IAM.
    """

    def __init__(self, observed: ObservedUse, table: VisibilityTable) -> None:
        own = (line.action for line in observed.lines.lines if line.kind is not LineKind.INFERRED)
        self._services = frozenset(action.partition(":")[0] for action in own)
        self._copied = frozenset(observed.usage.copied)
        self._observed, self._table = observed, table
        self._known: dict[tuple[str, Granting], str] = {}

    def of(self, action: Action) -> str:
        """Why an action may well be in use though the logs can't show it, or "" where nothing says so.

        That IAM knows of no attempt outweighs what the policy names, and companions, but only for actions that are API
        calls: those are what IAM counts.
        """
        granting, service = self._observed.granting.get(action, NOTHING), action.partition(":")[0]
        if self._observed.accessed is not None:  # what IAM knows is of single actions, all else is of services
            return self._find(action, service, granting)
        key = (service, granting)
        if key not in self._known:
            self._known[key] = self._find(action, service, granting)
        return self._known[key]

    def _find(self, action: Action, service: str, granting: Granting) -> str:
        if service in self._services:
            return f"the principal used {service}"
        if service in self._copied:
            return f"copies or summaries of calls name the principal as a caller of {service}"
        if accessed := self._observed.accessed:
            visibility = self._table.visibility(action).visibility
            if visibility in (Visibility.MANAGEMENT, Visibility.DATA) and accessed.never(action, visibility):
                return ""
            if tried := accessed.tried(action):
                return tried
        companions = sorted(set(self._table.companions(service)) & (self._services | self._copied))
        if companions:
            return f"the principal used {companions[0]}, which goes with {service}"
        naming = (f"the policy names {service} ({one.ref})" for one in granting.grants if _names_service(one, service))
        return next(naming, "")


def _names_service(grant: Grant, service: str) -> bool:
    return not grant.statement.not_action and any(
        pattern.partition(":")[0].lower() == service for pattern in grant.statement.patterns
    )
