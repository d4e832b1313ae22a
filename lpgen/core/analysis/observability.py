"""Whether use of an action would have shown in the logs that were read, and which sign of use there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lpgen.core.events.visibility import VisibilityTable
from lpgen.core.findings import Grant, LogCoverage
from lpgen.core.model import Action, Visibility


class Observability:
    """What the logs could have shown, from what CloudTrail can show at all and from what was read."""

    def __init__(self, table: VisibilityTable, coverage: LogCoverage) -> None:
        self._table = table
        self._coverage = coverage

    def blind_spot(self, action: Action, account: str, regions: Collection[str]) -> str:
        """Why the logs could not have shown use of an action by a principal, or "" where they could.

        A data event counts as recorded where one of its source was seen in the account and Region: in every Region
        that the principal was active in, or in any one where it was active in none.
        """
        entry = self._table.visibility(action)
        if entry.visibility is Visibility.NEVER:
            return entry.reason
        if entry.visibility is not Visibility.DATA:
            return ""
        covered = self._coverage.account(account)
        seen = {region for region, source in (covered.data_events if covered else ()) if source in entry.event_sources}
        missing = sorted(set(regions) - seen)
        if seen and not missing:
            return ""
        where = f" in {', '.join(missing)}" if seen else ""
        return f"a data event, and the logs hold none of {' or '.join(entry.event_sources)}{where}"

    def sign_of_use(self, action: Action, grants: Iterable[Grant], services: Collection[str]) -> str:
        """Why an action may well be in use though the logs can't show it, or "" where nothing says so.

        `services` are the prefixes of the services that the principal was seen to use.
        """
        service = action.partition(":")[0]
        if service in services:
            return f"the principal used {service}"
        companions = sorted(set(self._table.companions(service)) & set(services))
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
