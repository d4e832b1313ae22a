"""Calls that pass roles which their records don't name: which roles a principal may have passed with them.

The task definition of `ecs:RunTask` has roles that need `iam:PassRole`, but the record shows only the name of the task
definition. A role can be passed this way if it belongs to the account and trusts the service it is passed to.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from lpgen.core.analysis.grants.trust import trusted_services
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION, passed_roles_from_catalog
from lpgen.core.evidence import Use
from lpgen.core.model import OBSERVED, Outcome, Principal, Resource, ResourceKind


class ImplicitPassedRoles:
    """The table of such calls, and the roles of a snapshot by the services that they trust. Each row cites its page."""

    def __init__(self, catalog: Catalog, principals: Iterable[Principal]) -> None:
        rows = passed_roles_from_catalog(catalog.source).unnamed
        self._rows = {row.action: row for row in rows}
        self._roles = _roles_by_trust(principals, {row.to for row in rows})

    def missed_uses(self, observed: ObservedUse) -> Iterator[MissedUse]:
        """`iam:PassRole` on each role that calls of the principal may have passed unnamed, where it is granted."""
        roles = self.roles(observed.grants.principal.account, observed.usage.believed)
        if roles and PASS_ROLE_ACTION in observed.grants.granted():
            grants, sign = observed.grants_of(PASS_ROLE_ACTION), "kept on the roles that trust the service"
            for role, why in roles.items():
                on = (Resource(ResourceKind.ARN, role),)
                yield MissedUse(PASS_ROLE_ACTION, MissReason.PASSED_ROLE, why, sign, grants, on)

    def roles(self, account: str, uses: Iterable[Use]) -> Mapping[str, str]:
        """The roles of the account that the uses may have passed unnamed, each with a clause that names the call."""
        found: dict[str, str] = {}
        for row in sorted(
            {self._rows[use.action] for use in uses if self._is_passing(use)}, key=lambda row: row.action
        ):
            for role in self._roles[account, row.to]:
                found.setdefault(role, f"{row.action} passes {row.passes}, which its records don't name")
        return found

    def _is_passing(self, use: Use) -> bool:
        row = self._rows.get(use.action)
        if row is None or use.outcome is Outcome.DENIED or use.how != OBSERVED:
            return False
        return f":{row.names}/" in use.resource.text if row.names else True


def _roles_by_trust(principals: Iterable[Principal], services: Iterable[str]) -> Mapping[tuple[str, str], list[str]]:
    wanted = frozenset(services)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for principal in principals:
        for service in sorted(wanted & trusted_services(principal)):
            found[principal.account, service].append(principal.arn)
    return found
